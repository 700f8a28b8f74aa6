/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of the pinned maps, one struct per map. The agent owns every map marked (agent): it alone
 * writes, the programs read. Maps marked (programs) are written by the data path and read by the agent.
 * Zero a key before filling it: padding is part of a key.
 */
#ifndef TMIP_MAPS_H
#define TMIP_MAPS_H

#include "types.h"

#define TMIP_NAME_LEN 64 /* with the closing NUL */

/* Where a station is, as this CN must treat it. The agent decides; the programs only switch on it. */
enum tmip_station_state {
	TMIP_STATION_HOME = 1,      /* parent is this CN, station is in the cell its address belongs to */
	TMIP_STATION_NEXT_DOOR = 2, /* parent is this CN, station is in another cell of this CN */
	TMIP_STATION_AWAY = 3,      /* parent is this CN, station is in the cell of the CN `current` */
	TMIP_STATION_VISITING = 4,  /* parent is the CN `parent`, station is in a cell of this CN */
	TMIP_STATION_ELSEWHERE = 5, /* neither parent nor visited: known, so that its first frame here is tunnelled at once */
	TMIP_STATION_BLOCKED = 6,   /* the register refused it: its frames are dropped */
};

/* map tmip_station (agent), hash: struct tmip_addr -> struct tmip_station */
struct tmip_station {
	struct tmip_mac mac;
	__u8 state;         /* enum tmip_station_state */
	__u8 flags;         /* TMIP_STATION_F_... */
	__u32 ifindex;      /* cell of this CN that the station is in; 0: it is in none */
	__u32 home_ifindex; /* cell of this CN whose subnet holds the address; 0: the parent is another CN */
	struct tmip_addr parent;  /* tunnel address of the parent CN */
	struct tmip_addr current; /* tunnel address of the CN whose cell it is in */
	__u32 epoch;        /* of the register's record that made this entry */
	__u32 heard;        /* (programs) of a station without a slot, when it last sent a frame in a cell of this CN: see TMIP_HEARD_SHIFT;
			     * 0: not known */
	__u64 seq;
};

/* It was told or found to have left its cell: its next frame there raises an event. */
#define TMIP_STATION_F_SILENT 0x01
/* Packets for it go to the agent, which holds them (tmip_config.buffer_ifindex). */
#define TMIP_STATION_F_HELD 0x02
/* The programs leave it where it is, wherever it is seen: the agent decides (TMIP_CONFIG_FAST_HANDOVER). */
#define TMIP_STATION_F_STAYS 0x04

/* `heard` counts units of 2^30 ns of CLOCK_MONOTONIC, about a second each: written at most once in a unit. */
#define TMIP_HEARD_SHIFT 30
/* Once a held station was heard again, its packets go straight to it after so many units: the agent may be dead. */
#define TMIP_HEARD_HOLD 2

/*
 * map tmip_slot (agent; `heard`: programs), array: half a cache line with what the programs need of an IPv4 station, so that
 * a packet costs no walk through tmip_station, which remains the truth. A station's slot is number TMIP_SLOT_INDEX or,
 * if that was taken, its neighbour in the same cache line; if that was, too, it has none, and the first one counts it.
 *
 * Each of the four words is written as a whole and ends with the same turn, which grows with every change: words of
 * different turns do not belong together. While the agent changes tmip_station, and for ever if it dies right then, the
 * state of the station's slot is 0; so it is where a program has changed it, until the agent has confirmed that.
 * In all these cases, and where stations without a slot are counted, tmip_station is asked.
 */
struct tmip_slot {
	__u8 v4[4];  /* of the station; zero: free */
	__u8 state;  /* enum tmip_station_state, 0: ask tmip_station */
	__u8 flags;
	__u8 others; /* stations that have no slot and would have had this one; 255 stays */
	__u8 turn;
	struct tmip_mac mac;
	__u8 pad;
	__u8 turn_mac;
	__u32 home;  /* the ifindex of its home cell here (home, next door, away), or the parent's address (visiting, elsewhere) */
	__u16 heard; /* the lower half of what tmip_station has, written alone; 0: not known */
	__u8 pad_home;
	__u8 turn_home;
	__u32 here;  /* the ifindex of its cell here (home, next door, visiting), or the address of the CN that it is at (away, elsewhere) */
	__u8 pad_here[3];
	__u8 turn_here;
};

/* The parent is this CN; the station is in a cell of this CN. */
static inline int tmip_is_ours(__u8 state)
{
	return state == TMIP_STATION_HOME || state == TMIP_STATION_NEXT_DOOR || state == TMIP_STATION_AWAY;
}

static inline int tmip_is_here(__u8 state)
{
	return state == TMIP_STATION_HOME || state == TMIP_STATION_NEXT_DOOR || state == TMIP_STATION_VISITING;
}

/* `heard` of tmip_station as a slot has it. */
static inline __u16 tmip_heard_half(__u32 heard)
{
	return heard && !(__u16)heard ? 1 : heard;
}

/* The golden ratio's share of the table: addresses in a row, the usual case, hardly ever meet. `slots` is even. */
#define TMIP_SLOT_INDEX(host_order, slots) ((__u32)(((__u64)(__u32)((host_order) * 2654435769u) * (slots)) >> 32))
/* One turn more in the first word. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TMIP_SLOT_TURN (1ull << 56)
#else
#error "the turn is not at the upper end of the word"
#endif
#define TMIP_SLOT_OTHER(index) ((index) ^ 1)
#define TMIP_SLOTS(stations_max) (2 * (stations_max))

/* map tmip_peer (agent), hash: tunnel address -> struct tmip_peer. The other CNs of the network. */
struct tmip_peer {
	char name[TMIP_NAME_LEN]; /* cn_name */
	__u32 cn_id;              /* given by the register */
	__u32 mtu;                /* largest outer packet on the way there in bytes; 0: the route's MTU decides */
	__u8 tunnel;              /* enum tmip_tunnel */
	__u8 pad[3];
	__u32 stations;           /* stations that need the tunnel now */
};

enum tmip_tunnel {
	TMIP_TUNNEL_IDLE = 0, /* no station needs it, no type agreed */
	TMIP_TUNNEL_4IN4 = 1, /* IPv4 in IPv4, protocol 4 (RFC 2003); the default before an agreement */
};

/* map tmip_peer_stat (programs), per-CPU hash: tunnel address -> struct tmip_peer_stat */
struct tmip_peer_stat {
	__u64 rx_packets;
	__u64 rx_bytes; /* outer IP packet */
	__u64 tx_packets;
	__u64 tx_bytes;
	/* What this CPU has found out, and when (the programs' own; a moment is 4 ms): that it is in tmip_peer, and the way there. */
	__u32 known_moment;
	__u32 way_moment;
	__u32 way_ifindex;
	__u32 way_mtu;
	struct tmip_mac way_dst;
	struct tmip_mac way_src;
	__u32 pad;
};

/* map tmip_cell (agent), hash: __u32 ifindex -> struct tmip_cell */
struct tmip_cell {
	char name[16];           /* interface name */
	struct tmip_mac mac;     /* of the interface; ARP answers and delivered frames carry it */
	__u8 prefix_len;         /* of the cell's subnet, IPv4 bits 0..32 */
	__u8 pad;
	struct tmip_addr gateway; /* this CN's own address in the cell */
};

/* map tmip_subnet (agent), LPM trie: struct tmip_subnet_key -> struct tmip_subnet. Every cell of the network. */
struct tmip_subnet_key {
	__u32 prefix_len; /* bits of addr: 96 + IPv4 bits */
	struct tmip_addr addr;
};

struct tmip_subnet {
	struct tmip_addr parent; /* tunnel address of its CN */
	__u32 ifindex;           /* the cell's interface where that CN is this one; else 0 */
	__u8 prefix_len;         /* of the subnet, IPv4 bits */
	__u8 pad[3];
};

/*
 * map tmip_group, hash: struct tmip_group_key -> struct tmip_group. The agent makes an entry for each cell of this CN of which
 * stations are elsewhere, and for each CN of which guests are here; the programs count in it.
 */
struct tmip_group_key {
	struct tmip_addr parent; /* tunnel address of the subnet's CN */
	__u32 ifindex;           /* the cell, where that CN is this one; else 0: any of its subnets */
};

struct tmip_group {
	__u64 window_ns; /* start of the current second of the limit */
	__u64 up;        /* broadcasts and multicasts in it: to the home subnet, */
	__u64 down;      /* and from there */
};

/* map tmip_config (agent), array of one: __u32 0 -> struct tmip_config */
struct tmip_config {
	__u32 layout;           /* TMIP_LAYOUT_VERSION */
	__u32 backbone_ifindex;
	struct tmip_addr tunnel; /* this CN's tunnel address */
	__u64 event_interval_ns; /* least time between two events of one MAC that say the same */
	__u32 event_burst;      /* events per second over all MACs */
	__u32 dhcp_burst;       /* DHCP messages per second from one MAC */
	__u16 mss;              /* TCP MSS is clamped to this in both directions; 0: not clamped */
	__u8 outer_ttl;         /* hop limit of packets that enter a tunnel */
	__u8 flags;             /* TMIP_CONFIG_... */
	__u32 buffer_ifindex;   /* the agent's device that takes and gives back held packets; 0: none, nothing is held */
	__u32 group_burst;      /* broadcasts and multicasts per second, of each subnet in each direction */
	__u32 slots;            /* entries of tmip_slot; 0: it is not used */
};

/* Packets from the backbone to absent stations take the short cut into the tunnel; else the kernel routes them. */
#define TMIP_CONFIG_FASTPATH 0x01
/* So do plain packets between the backbone and stations of this CN: none of theirs passes the kernel's netfilter. */
#define TMIP_CONFIG_FASTPATH_HOME 0x04
/* Broadcast and multicast goes between a home subnet and its stations that are elsewhere, as tmip_group says. */
#define TMIP_CONFIG_GROUP_HOME 0x08
/* Packets between two stations take no way over their parents when one of them has roamed. */
#define TMIP_CONFIG_DIRECT 0x02
/* The backbone's device has no link headers (WireGuard): the program makes room for one. */
#define TMIP_CONFIG_HEADLESS 0x10
/* The programs do the first step of a handover (TMIP_EVENT_ARRIVED, TMIP_EVENT_FOLLOWED); the agents confirm it. */
#define TMIP_CONFIG_FAST_HANDOVER 0x20

/* map tmip_seen (programs), LRU hash: struct tmip_mac -> struct tmip_seen. Suppression only: entries may vanish. */
struct tmip_seen {
	struct tmip_addr addr; /* last IPv4 source, zero: none yet */
	__u64 event_ns;        /* last event with an address */
	__u64 link_ns;         /* last event without one */
	__u64 dhcp_ns;         /* start of the current second of the DHCP limit */
	__u32 dhcp_count;
	__u32 ifindex;
};

/* map tmip_drop (programs), LRU hash: address of the station concerned -> struct tmip_drop. For `why`. */
#define TMIP_DROP_TRAIL 4
struct tmip_drop {
	struct {
		__u64 time_ns;
		__u64 count; /* of consecutive drops for this reason */
		__u32 reason;
		__u32 ifindex;
	} trail[TMIP_DROP_TRAIL]; /* newest first */
};

/* map tmip_stat (programs), per-CPU array: __u32 reason -> struct tmip_stat */
struct tmip_stat {
	__u64 packets;
	__u64 bytes; /* of the frame as it arrived */
};

TMIP_ASSERT_SIZE(struct tmip_station, 64);
TMIP_ASSERT_SIZE(struct tmip_slot, 32);
TMIP_ASSERT_SIZE(struct tmip_peer, 80);
TMIP_ASSERT_SIZE(struct tmip_peer_stat, 64);
TMIP_ASSERT_SIZE(struct tmip_cell, 40);
TMIP_ASSERT_SIZE(struct tmip_subnet_key, 20);
TMIP_ASSERT_SIZE(struct tmip_subnet, 24);
TMIP_ASSERT_SIZE(struct tmip_group_key, 20);
TMIP_ASSERT_SIZE(struct tmip_group, 24);
TMIP_ASSERT_SIZE(struct tmip_config, 56);
TMIP_ASSERT_SIZE(struct tmip_seen, 48);
TMIP_ASSERT_SIZE(struct tmip_drop, 96);
TMIP_ASSERT_SIZE(struct tmip_stat, 16);

#endif
