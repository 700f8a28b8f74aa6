/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel can do, tried without leaving a trace. Functions return 0 or -errno. */
#ifndef TMIP_IO_KERNEL_KERNEL_H
#define TMIP_IO_KERNEL_KERNEL_H

#include <stdbool.h>

int kernel_version(unsigned *major, unsigned *minor);
int kernel_try_btf(void);                 /* its type information is there: /sys/kernel/btf/vmlinux */
int kernel_try_bpf_map(void);             /* a map may be made: -EPERM, -ENOSYS (a kernel without BPF) ... */
int kernel_try_bpf_ring(void);            /* a ring buffer, too (5.8) */
int kernel_try_bpf_program(void);         /* a tc program may be loaded */
bool kernel_is_bpffs(const char *path);   /* the folder, or the nearest one above that exists, is a BPF file system */

#endif
