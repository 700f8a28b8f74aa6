/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The messages of the BPF programs to the agent. They go through two ring buffers: tmip_events
 * (struct tmip_event) and tmip_punts (struct tmip_punt, whole frames). There are two, so that a
 * flood of DHCP never hides an arrival. The format of tunnel probes is here, too.
 */
#ifndef TMIP_EVENT_H
#define TMIP_EVENT_H

#include "types.h"

enum tmip_event_type {
	/*
	 * A frame came from a MAC or an address that the station map does not show in this cell.
	 * addr is all zero if the frame had no usable IPv4 source (DHCP, ARP probe, IPv6,
	 * link-layer frames).
	 */
	TMIP_EVENT_SEEN = 1,
	/*
	 * A frame used the address of a registered station with another MAC. A question by ARP is
	 * no use: TMIP_EVENT_ASKED.
	 */
	TMIP_EVENT_CONFLICT = 2,
	/* The CN `peer` sent a packet for the station addr here; the program relayed it. */
	TMIP_EVENT_STALE = 3,
	/* As TMIP_EVENT_SEEN, and the program has put the station's entry into this cell. */
	TMIP_EVENT_ARRIVED = 4,
	/*
	 * The station addr is in a cell of the CN `peer`, which has sent a packet of the station
	 * from there (TMIP_HANDOVER_ID), or has said so (TMIP_PROBE_HERE). The program has changed
	 * the station's entry accordingly.
	 */
	TMIP_EVENT_FOLLOWED = 5,
	/*
	 * A MAC that has no such station asked for another address by ARP, and named addr as its
	 * own. It may have had that address elsewhere, and only find out where it is (RFC 4436).
	 */
	TMIP_EVENT_ASKED = 6,
	/*
	 * A guest asked by ARP for addr, an address of its home subnet that no station has. A host
	 * that does not move may have it.
	 */
	TMIP_EVENT_WANTED = 7,
	/*
	 * A MAC of the station addr (tmip_macs), but not the one that tmip_station has, answered a
	 * question by ARP. Where it uses the address otherwise, the event is TMIP_EVENT_SEEN.
	 */
	TMIP_EVENT_ANSWERED = 8,
};

/* Events of one MAC in a second: so many, or this part of tmip_config.event_burst if it is more. */
#define TMIP_EVENTS_OF_MAC 16
#define TMIP_EVENTS_PART 16

/*
 * While nothing changes, IP packets raise at most one event per MAC in
 * tmip_config.event_interval_ns, and ARP packets another one; whatever changes, see
 * TMIP_EVENTS_OF_MAC. Over all MACs, there are at most tmip_config.event_burst events in a second
 * about stations that use their own address, as many about conflicts, and as many about all else:
 * strangers do not hide a station that uses its address. TMIP_EVENT_STALE has the same limits, but
 * per station, and a count of its own.
 */
struct tmip_event {
	__u64 time_ns;  /* bpf_ktime_get_ns(), CLOCK_MONOTONIC */
	__u32 type;     /* enum tmip_event_type */
	__u32 ifindex;  /* interface that the frame came in by */
	struct tmip_addr addr;
	struct tmip_mac mac;
	__be16 protocol; /* EtherType of the frame */
	struct tmip_addr peer; /* TMIP_EVENT_STALE, TMIP_EVENT_FOLLOWED: the CN's tunnel address */
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
 * A tunnel probe is an IPv4-in-IPv4 packet between two CNs. Its inner packet is UDP from
 * TMIP_PROBE_PORT to TMIP_PROBE_PORT between the same two tunnel addresses. The far CN's backbone
 * program exchanges the addresses of both headers, sets the first payload byte to TMIP_PROBE_REPLY,
 * and sends the packet back; the rest of the payload is the prober's own. As with an ICMP echo
 * request, every sender gets an answer, and the answer is as long as the question. The program
 * leaves a reply to the kernel, whose raw sockets (protocol 4) give it to the prober.
 */
#define TMIP_PROBE_PORT 6555
#define TMIP_PROBE_REQUEST 1
#define TMIP_PROBE_REPLY 2
/*
 * Probes of a known CN about a station (struct tmip_probe_station), which the programs answer
 * whether their agent is there or not. HERE says that the station is in a cell of the CN that
 * sends it: the answer is that the map shows the station there. WHERE asks: the answer is that the
 * station is in a cell of the CN that is asked. Else there is no answer, as from older programs.
 */
#define TMIP_PROBE_HERE 3
#define TMIP_PROBE_WHERE 4

struct tmip_probe_station {
	__u8 kind;
	__u8 pad[3];
	__u32 number;  /* of the prober's own; 0: a program asks, and wants no answer */
	__u64 secret;  /* of the prober's own */
	struct tmip_addr addr;
};

/*
 * "TM". When a station comes to a CN, its packets from there have this identification in the outer
 * header until the agent there has confirmed the move. All other outer headers have 0. An
 * identification has no other meaning where DF is set (RFC 6864, 4).
 */
#define TMIP_HANDOVER_ID 0x544d

TMIP_ASSERT_SIZE(struct tmip_event, 56);
TMIP_ASSERT_SIZE(struct tmip_punt, 24 + TMIP_PUNT_DATA);
TMIP_ASSERT_SIZE(struct tmip_probe_station, 32);

#endif
