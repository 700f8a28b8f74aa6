/* SPDX-License-Identifier: BSD-2-Clause */
/* Abilities of the kernel. A trial leaves nothing behind. Functions return 0 or -errno. */
#ifndef TMIP_IO_KERNEL_KERNEL_H
#define TMIP_IO_KERNEL_KERNEL_H

#include <stdbool.h>

int kernel_version(unsigned *major, unsigned *minor);
/* The kernel's type information exists: /sys/kernel/btf/vmlinux. */
int kernel_try_btf(void);
/* This process may make a map. -EPERM; -ENOSYS: a kernel without BPF. */
int kernel_try_bpf_map(void);
/* This process may make a ring buffer (since Linux 5.8). */
int kernel_try_bpf_ring(void);
/* This process may load a tc program. */
int kernel_try_bpf_program(void);
/* Returns whether the folder, or its nearest parent that exists, is on a BPF file system. */
bool kernel_is_bpffs(const char *path);

#endif
