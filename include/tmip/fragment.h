/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that are too big for their way, and that the programs cannot handle themselves. A program
 * puts such a packet into the agent's device; its Ethernet header says what the agent has to do.
 * The agent fragments the packet, or makes an ICMP error of it, and sends the result back through
 * the device. The header of the result says where it goes.
 */
#ifndef TMIP_FRAGMENT_H
#define TMIP_FRAGMENT_H

#include "types.h"

/*
 * From the program to the agent. No other frame in the device has this EtherType (802.1: local
 * experiments), so a station cannot pretend. The results have that of IPv4.
 */
#define TMIP_FRAGMENT_ETHERTYPE 0x88b5
/* The first octet of the destination. The agent zeroes that of frames that it holds. */
#define TMIP_FRAGMENT_LOCAL 0x02

/* Where a result goes. */
enum tmip_fragment_way {
	TMIP_FRAGMENT_COPY = 0,    /* a copy of a broadcast or multicast, to the CN `to` */
	TMIP_FRAGMENT_CN = 1,      /* into the tunnel to the CN `to` */
	TMIP_FRAGMENT_STATION = 2, /* to the station that it is for, wherever that is */
	TMIP_FRAGMENT_CELL = 3,    /* to a group of the cell whose ifindex is `to` */
	/* To the kernel, as if the station that is its source had sent it from its home cell. */
	TMIP_FRAGMENT_KERNEL = 4,
};

/* The Ethernet header. */
struct tmip_fragment {
	__u8 local;       /* TMIP_FRAGMENT_LOCAL */
	__u8 way;         /* enum tmip_fragment_way */
	__u8 to[4];       /* an IPv4 address as on the wire, or an ifindex in the host's order */
	__u8 mtu[2];      /* bytes of the largest packet that fits, in the host's order */
	__u8 from[4];     /* source of the ICMP error as on the wire; zero: fragment the packet */
	__u8 protocol[2]; /* as on the wire */
};

TMIP_ASSERT_SIZE(struct tmip_fragment, 14);

#endif
