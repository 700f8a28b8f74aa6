/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The types that every other header of the kernel/user contract uses: fixed-width integers, the
 * address, the MAC. The BPF programs include it after vmlinux.h, which defines __u8 ... __be32; in
 * user space linux/types.h defines them. Nothing here allocates or calls.
 */
#ifndef TMIP_TYPES_H
#define TMIP_TYPES_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/*
 * The version of everything in include/tmip: map keys and values, events, reasons. The agent writes
 * it into tmip_config.layout, and does not adopt pinned maps of another version.
 */
#define TMIP_LAYOUT_VERSION 4

/*
 * The address of a station or of a tunnel end, in network byte order. IPv4 is mapped:
 * ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). So `v4` holds the four bytes that a person looks for in a map
 * dump; of an IPv6 address it holds the last four bytes.
 */
struct tmip_addr {
	__u8 prefix[12];
	__u8 v4[4];
};

/* An IEEE 802 address, in transmission order. */
struct tmip_mac {
	__u8 octet[6];
};

#define TMIP_ASSERT_SIZE(type, size) \
	_Static_assert(sizeof(type) == (size), #type " changed its size")

TMIP_ASSERT_SIZE(struct tmip_addr, 16);
TMIP_ASSERT_SIZE(struct tmip_mac, 6);

#endif
