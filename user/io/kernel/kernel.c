/* SPDX-License-Identifier: BSD-2-Clause */
/* Abilities of the kernel. See kernel.h. It calls bpf(2): only the data path uses libbpf. */
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

int kernel_version(unsigned *major, unsigned *minor)
{
	struct utsname name;

	if (uname(&name) < 0)
		return -errno;
	return sscanf(name.release, "%u.%u", major, minor) == 2 ? 0 : -EINVAL;
}

int kernel_try_btf(void)
{
	uint16_t magic = 0;
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (read(fd, &magic, sizeof(magic)) != sizeof(magic) || magic != 0xeb9f) /* BTF_MAGIC */
		magic = 0;
	close(fd);
	return magic ? 0 : -EINVAL;
}

static int try_bpf(int command, union bpf_attr *attr)
{
	long fd = syscall(__NR_bpf, command, attr, sizeof(*attr));

	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

int kernel_try_bpf_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = attr.value_size = sizeof(uint32_t);
	attr.max_entries = 1;
	return try_bpf(BPF_MAP_CREATE, &attr);
}

int kernel_try_bpf_ring(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_RINGBUF;
	attr.max_entries = (unsigned)sysconf(_SC_PAGESIZE);
	return try_bpf(BPF_MAP_CREATE, &attr);
}

int kernel_try_bpf_program(void)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)pass;
	attr.insn_cnt = sizeof(pass) / sizeof(pass[0]);
	attr.license = (uintptr_t)"Dual BSD/GPL";
	return try_bpf(BPF_PROG_LOAD, &attr);
}

bool kernel_is_bpffs(const char *path)
{
	char copy[4096];
	struct statfs fs;
	char *slash;

	snprintf(copy, sizeof(copy), "%s", path);
	while (statfs(copy, &fs) < 0) {
		slash = strrchr(copy, '/');
		if (errno != ENOENT || !slash || slash == copy)
			return false;
		*slash = '\0';
	}
	return (uint32_t)fs.f_type == BPF_FS_MAGIC;
}
