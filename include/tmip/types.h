/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The types that every other header of the kernel/user contract stands on: fixed-width integers, the
 * address, the MAC. Included by the BPF programs (after vmlinux.h, which brings __u8 ... __be32) and by
 * user space (which gets them from linux/types.h). Nothing here allocates or calls.
 */
#ifndef TMIP_TYPES_H
#define TMIP_TYPES_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/*
 * The version of everything in include/tmip: map keys and values, events, reasons. The agent writes it into
 * tmip_config.layout; another version found in a pinned map is not adopted.
 */
#define TMIP_LAYOUT_VERSION 2

/* A station's or a tunnel end's address, network byte order. IPv4 is mapped: ::ffff:a.b.c.d (RFC 4291, 2.5.5.2),
 * so that `v4` holds the four bytes a person looks for in a map dump; with IPv6 they are the last four bytes. */
struct tmip_addr {
	__u8 prefix[12];
	__u8 v4[4];
};

/* IEEE 802 address, transmission order. */
struct tmip_mac {
	__u8 octet[6];
};

#define TMIP_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " changed its size")

TMIP_ASSERT_SIZE(struct tmip_addr, 16);
TMIP_ASSERT_SIZE(struct tmip_mac, 6);

#endif
