/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs tell the agent, through two ring buffers: tmip_events (struct tmip_event) and
 * tmip_punts (struct tmip_punt, whole frames). Two rings, so that a flood of DHCP never hides an arrival.
 */
#ifndef TMIP_EVENT_H
#define TMIP_EVENT_H

#include "types.h"

enum tmip_event_type {
	/* A MAC or an address that the station map does not show in this cell was seen. addr is all zero when the
	 * frame carried no usable IPv4 source (DHCP, ARP probe, IPv6, link-layer frames). */
	TMIP_EVENT_SEEN = 1,
	/* A frame used the address of a registered station with another MAC. */
	TMIP_EVENT_CONFLICT = 2,
	/* The CN `peer` sent a packet for the station addr, which is with another CN; it was relayed. */
	TMIP_EVENT_STALE = 3,
	/* As TMIP_EVENT_SEEN, and the program has changed the entry of the station: it is in this cell now. */
	TMIP_EVENT_ARRIVED = 4,
	/* The CN `peer` sent the first packet of the station addr, whose parent is this CN, from its cell (TMIP_HANDOVER_ID). The
	 * program has changed the entry: the station is there now. */
	TMIP_EVENT_FOLLOWED = 5,
};

/* At most one event per MAC in tmip_config.event_interval_ns while nothing changes, and at most
 * tmip_config.event_burst in any second over all MACs; the same again for TMIP_EVENT_STALE, per station and peer. */
struct tmip_event {
	__u64 time_ns;  /* bpf_ktime_get_ns(), CLOCK_MONOTONIC */
	__u32 type;     /* enum tmip_event_type */
	__u32 ifindex;  /* interface it was seen on */
	struct tmip_addr addr;
	struct tmip_mac mac;
	__be16 protocol; /* EtherType of the frame */
	struct tmip_addr peer; /* TMIP_EVENT_STALE, TMIP_EVENT_FOLLOWED: tunnel address */
};

#define TMIP_PUNT_DATA 1600

enum tmip_punt_type {
	TMIP_PUNT_DHCP = 1, /* Ethernet frame from a cell */
};

struct tmip_punt {
	__u64 time_ns;
	__u32 type;    /* enum tmip_punt_type */
	__u32 ifindex;
	__u32 length;  /* bytes of data that are valid */
	__u32 pad;
	__u8 data[TMIP_PUNT_DATA];
};

/*
 * A tunnel probe is an IPv4-in-IPv4 packet between two CNs whose inner packet is UDP from TMIP_PROBE_PORT to
 * TMIP_PROBE_PORT between the same two tunnel addresses. The far CN's backbone program sends it back with the
 * addresses of both headers exchanged and the first payload byte set to TMIP_PROBE_REPLY; the rest of the payload
 * is the prober's own. As with an ICMP echo request anyone is answered, and the answer is as long as the question.
 * A reply is left to the kernel, whose raw sockets (protocol 4) give it to whoever probes.
 */
#define TMIP_PROBE_PORT 6555
#define TMIP_PROBE_REQUEST 1
#define TMIP_PROBE_REPLY 2

/*
 * Identification of the outer header (which means nothing where DF is set, RFC 6864, 4) of the first packet of a station that
 * came to a CN, on its way to the parent; of all others it is 0. "TM".
 */
#define TMIP_HANDOVER_ID 0x544d

TMIP_ASSERT_SIZE(struct tmip_event, 56);
TMIP_ASSERT_SIZE(struct tmip_punt, 24 + TMIP_PUNT_DATA);

#endif
