/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of the pinned maps, one struct per map. A map or field marked (agent) is written
 * by the agent and read by the programs. A map or field marked (programs) is written by the
 * programs and read by the agent. One exception: in the first step of a handover
 * (TMIP_CONFIG_FAST_HANDOVER) a program replaces the station's entry in tmip_station and shuts its
 * slot. Zero a key before filling it: padding is part of a key.
 */
#ifndef TMIP_MAPS_H
#define TMIP_MAPS_H

#include "types.h"

#define TMIP_NAME_LEN 64 /* with the closing NUL */

/*
 * Where a station is, as this CN must treat it. The agent decides which state a station has; the
 * programs choose the packets' way by it.
 */
enum tmip_station_state {
	/* The parent is this CN, and the station is in the cell that its address belongs to. */
	TMIP_STATION_HOME = 1,
	/* The parent is this CN, and the station is in another cell of this CN. */
	TMIP_STATION_NEXT_DOOR = 2,
	/* The parent is this CN, and the station is in a cell of the CN `current`. */
	TMIP_STATION_AWAY = 3,
	/* The parent is the CN `parent`, and the station is in a cell of this CN. */
	TMIP_STATION_VISITING = 4,
	/*
	 * This CN is neither the parent nor the visited CN. It knows the station, so that its
	 * program can send the station's first frame here into the tunnel at once.
	 */
	TMIP_STATION_ELSEWHERE = 5,
	/* The register refused the station: the programs drop its frames. */
	TMIP_STATION_BLOCKED = 6,
};

/* map tmip_station (agent), hash: struct tmip_addr -> struct tmip_station */
struct tmip_station {
	struct tmip_mac mac;
	__u8 state;         /* enum tmip_station_state */
	__u8 flags;         /* TMIP_STATION_F_... */
	__u32 ifindex;      /* cell of this CN that the station is in; 0: it is in none */
	/* Cell of this CN whose subnet holds the station's address. 0: the parent is another CN. */
	__u32 home_ifindex;
	struct tmip_addr parent;  /* tunnel address of the parent CN */
	struct tmip_addr current; /* tunnel address of the CN that has the station in a cell */
	__u32 epoch;        /* of the register's record that made this entry */
	/*
	 * (programs) If the station has no slot: when it last sent a frame in a cell of this CN, in
	 * the units of TMIP_HEARD_SHIFT. 0: not known.
	 */
	__u32 heard;
	__u64 seq;          /* of the same record */
};

/*
 * map tmip_macs (agent), hash: struct tmip_addr -> struct tmip_macs. All MACs of a host that has
 * several: it may send by any of them. tmip_station has the one by which it gets its packets.
 */
#define TMIP_MACS 6
struct tmip_macs {
	struct tmip_mac mac[TMIP_MACS]; /* zero: none */
};

/*
 * A report, or the agent's own probing, says that the station has left its cell. Its next frame
 * there raises an event.
 */
#define TMIP_STATION_F_SILENT 0x01
/* Packets for the station go to the agent, which holds them (tmip_config.buffer_ifindex). */
#define TMIP_STATION_F_HELD 0x02
/*
 * The programs do not change the station's entry, wherever it is seen: the agent decides
 * (TMIP_CONFIG_FAST_HANDOVER).
 */
#define TMIP_STATION_F_STAYS 0x04
/*
 * (programs) A program has put the station there in the first step of a handover, and the agent has
 * not confirmed it yet. Each packet of the station that goes into a tunnel bears the mark
 * TMIP_HANDOVER_ID.
 */
#define TMIP_STATION_F_FRESH 0x08

/*
 * `heard` counts units of 2^30 ns of CLOCK_MONOTONIC, about a second each. The programs write it at
 * most once in a unit.
 */
#define TMIP_HEARD_SHIFT 30
/*
 * When a held station is heard again, its packets are held for at most so many units more, because
 * the agent may be dead.
 */
#define TMIP_HEARD_HOLD 2

/*
 * map tmip_slot (agent; `heard`: programs), array. A slot is half a cache line with the fields of
 * an IPv4 station that the programs need, so that a packet costs no walk through tmip_station.
 * tmip_station remains the truth. A station's slot is number TMIP_SLOT_INDEX. If another station
 * has taken that one, it is TMIP_SLOT_OTHER, in the same cache line. If that is taken, too, the
 * station has no slot, and the first of the two counts it in `others`.
 *
 * Each of the four words is written as a whole, and ends with the same turn. The turn grows with
 * every change: words with different turns do not belong together. The state of a slot is 0 while
 * the agent changes the station's entry in tmip_station, and stays 0 for ever if the agent dies
 * right then. It is also 0 after a program has changed that entry, until the agent has confirmed
 * the change. In all these cases the programs ask tmip_station. They also do so if neither of the
 * two slots is the station's and the first one counts others.
 */
struct tmip_slot {
	__u8 v4[4];  /* of the station; zero: free */
	__u8 state;  /* enum tmip_station_state, 0: ask tmip_station */
	__u8 flags;
	__u8 others; /* stations that would have this slot and have none; 255 stays 255 */
	__u8 turn;
	struct tmip_mac mac;
	__u8 pad;
	__u8 turn_mac;
	/*
	 * The ifindex of the station's home cell here (home, next door, away), or the parent's
	 * address (visiting, elsewhere).
	 */
	__u32 home;
	__u16 heard; /* lower half of `heard` in tmip_station, written alone; 0: not known */
	__u8 pad_home;
	__u8 turn_home;
	/*
	 * The ifindex of the station's cell here (home, next door, visiting), or the address of the
	 * CN that has it (away, elsewhere).
	 */
	__u32 here;
	__u8 pad_here[3];
	__u8 turn_here;
};

/* Is this CN the parent? */
static inline int tmip_is_ours(__u8 state)
{
	return state == TMIP_STATION_HOME || state == TMIP_STATION_NEXT_DOOR ||
	       state == TMIP_STATION_AWAY;
}

/* Is the station in a cell of this CN? */
static inline int tmip_is_here(__u8 state)
{
	return state == TMIP_STATION_HOME || state == TMIP_STATION_NEXT_DOOR ||
	       state == TMIP_STATION_VISITING;
}

/* `heard` of tmip_station, as a slot holds it: the lower half, but 0 only if `heard` is 0. */
static inline __u16 tmip_heard_half(__u32 heard)
{
	return heard && !(__u16)heard ? 1 : heard;
}

/*
 * The golden ratio spreads the addresses over the table, so that consecutive addresses, the usual
 * case, hardly ever get the same slot. `slots` is even.
 */
#define TMIP_SLOT_INDEX(host_order, slots) \
	((__u32)(((__u64)(__u32)((host_order) * 2654435769u) * (slots)) >> 32))
/* Added to the first word, this is one turn more. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TMIP_SLOT_TURN (1ull << 56)
#else
#error "the turn is not at the upper end of the word"
#endif
#define TMIP_SLOT_OTHER(index) ((index) ^ 1)
#define TMIP_SLOTS(stations_max) (2 * (stations_max))

/* map tmip_peer (agent), hash: tunnel address -> struct tmip_peer. The network's other CNs. */
struct tmip_peer {
	char name[TMIP_NAME_LEN]; /* cn_name */
	__u32 cn_id;              /* given by the register */
	__u32 mtu;                /* bytes of the largest outer packet; 0: the route's MTU */
	__u8 tunnel;              /* enum tmip_tunnel */
	__u8 pad[3];
	__u32 stations;           /* stations that need the tunnel now */
};

enum tmip_tunnel {
	TMIP_TUNNEL_IDLE = 0, /* no station needs the tunnel, and no type is agreed on */
	/* IPv4 in IPv4, protocol 4 (RFC 2003); the default before an agreement. */
	TMIP_TUNNEL_4IN4 = 1,
};

/* map tmip_peer_stat (programs), per-CPU hash: tunnel address -> struct tmip_peer_stat */
struct tmip_peer_stat {
	__u64 rx_packets;
	__u64 rx_bytes; /* outer IP packet */
	__u64 tx_packets;
	__u64 tx_bytes;
	/*
	 * For the programs alone: what this CPU has found out about the peer, and in which moment
	 * of about 8 ms. known_moment: that it is in tmip_peer. way_...: the way there.
	 */
	__u32 known_moment;
	__u32 way_moment;
	__u32 way_ifindex;
	__u32 way_mtu;
	struct tmip_mac way_dst;
	struct tmip_mac way_src;
	__u32 pad;
};

/*
 * map tmip_cell (agent), hash: __u32 ifindex -> struct tmip_cell. A cell keeps its entry, under the
 * ifindex that its interface had last, while the interface is down or gone. Its stand-in, the
 * device behind which the kernel has the subnet meanwhile, has an entry of its own.
 */
struct tmip_cell {
	char name[16];           /* interface name */
	struct tmip_mac mac;     /* of the interface; source of ARP answers and delivered frames */
	__u8 prefix_len;         /* of the cell's subnet, IPv4 bits 0..32 */
	__u8 flags;              /* TMIP_CELL_F_... */
	struct tmip_addr gateway; /* this CN's own address in the cell */
	/*
	 * The interface that has the cell's programs; 0: none has them. In the entry of a stand-in:
	 * the key of the cell.
	 */
	__u32 ifindex;
	__u32 stand_in;          /* ifindex of the stand-in; 0: there is none */
	__u32 number;            /* of this CN's cells, from 0: the key in tmip_way */
};

#define TMIP_CELLS_MAX 16 /* the cells that a CN can have */

/*
 * map tmip_way (programs), per-CPU array: `number` of a cell -> struct tmip_way. Behind which
 * interface the kernel has the cell's subnet, and in which moment of about 8 ms this CPU has found
 * that out.
 */
struct tmip_way {
	__u32 moment;
	__u32 ifindex;
};

/* The interface is down or gone, or it cannot be a cell now: nobody is in the cell. */
#define TMIP_CELL_F_DOWN 0x01

/*
 * map tmip_subnet (agent), LPM trie: struct tmip_subnet_key -> struct tmip_subnet. Every cell of
 * the network has an entry.
 */
struct tmip_subnet_key {
	__u32 prefix_len; /* bits of addr: 96 + IPv4 bits */
	struct tmip_addr addr;
};

struct tmip_subnet {
	struct tmip_addr parent; /* tunnel address of its CN */
	__u32 ifindex;           /* the cell's interface, if that CN is this one; else 0 */
	__u8 prefix_len;         /* of the subnet, IPv4 bits */
	__u8 pad[3];
	struct tmip_addr gateway; /* that CN's own address in the cell */
};

/*
 * map tmip_group, hash: struct tmip_group_key -> struct tmip_group. The agent makes an entry for
 * each cell of this CN that has stations elsewhere, and for each other CN that has guests here. The
 * programs count in the entries.
 */
struct tmip_group_key {
	struct tmip_addr parent; /* tunnel address of the subnet's CN */
	__u32 ifindex;           /* the cell, if that CN is this one; else 0: all its subnets */
};

struct tmip_group {
	__u64 window_ns; /* start of the current second of the limit */
	__u64 up;        /* broadcasts and multicasts to the home subnet in that second */
	__u64 down;      /* those from the home subnet in that second */
};

/* map tmip_config (agent), array of one: __u32 0 -> struct tmip_config */
struct tmip_config {
	__u32 layout;           /* TMIP_LAYOUT_VERSION */
	__u32 backbone_ifindex;
	struct tmip_addr tunnel; /* this CN's tunnel address */
	__u64 event_interval_ns; /* least time between two equal events of one MAC */
	__u32 event_burst;      /* events per second, see event.h */
	__u32 dhcp_burst;       /* DHCP messages per second from one MAC */
	__u16 mss;              /* TCP MSS is clamped to this in both directions; 0: not clamped */
	__u8 outer_ttl;         /* hop limit of packets that enter a tunnel */
	__u8 flags;             /* TMIP_CONFIG_... */
	/* The agent's device, which takes held packets and gives them back; 0: none is held. */
	__u32 buffer_ifindex;
	/* Broadcasts and multicasts per second, for each subnet and each direction. */
	__u32 group_burst;
	__u32 slots;            /* entries of tmip_slot; 0: the programs do not use it */
};

/*
 * The programs put packets from the backbone for absent stations into the tunnel at once; else the
 * kernel routes those packets.
 */
#define TMIP_CONFIG_FASTPATH 0x01
/*
 * The programs also forward plain packets between the backbone and this CN's stations; then these
 * do not pass the kernel's netfilter.
 */
#define TMIP_CONFIG_FASTPATH_HOME 0x04
/* Broadcast and multicast goes between a home subnet and its stations elsewhere (tmip_group). */
#define TMIP_CONFIG_GROUP_HOME 0x08
/* Packets between two stations do not go over the parents when one of the two has roamed. */
#define TMIP_CONFIG_DIRECT 0x02
/* The backbone's device has no link headers (WireGuard): the program adds one to each packet. */
#define TMIP_CONFIG_HEADLESS 0x10
/*
 * The programs do the first step of a handover (TMIP_EVENT_ARRIVED, TMIP_EVENT_FOLLOWED); the
 * agents confirm it.
 */
#define TMIP_CONFIG_FAST_HANDOVER 0x20

/*
 * map tmip_alive (agent), array of one: __u32 0 -> struct tmip_alive. The agent writes the time
 * while it runs. When it is dead or stopped, the programs do not wait for it: see alive.h in bpf/.
 */
struct tmip_alive {
	__u64 time_ns; /* CLOCK_MONOTONIC; 0: no agent has written it yet, which counts as now */
};

#define TMIP_ALIVE_MS 250                  /* the agent writes it so often */
#define TMIP_ALIVE_ENDS_NS 1000000000ull   /* without it for so long, the agent is away */

/* An event about an address, and when: bpf_ktime_get_ns(); 0: none yet. */
struct tmip_news {
	struct tmip_addr addr;
	__u64 time_ns;
};

/*
 * map tmip_seen (programs), LRU hash: struct tmip_mac -> struct tmip_seen. It serves only to
 * suppress repeated events and to limit DHCP: entries may vanish.
 */
struct tmip_seen {
	struct tmip_news by_ip;  /* last event about an address, because of an IP packet */
	struct tmip_news by_arp; /* the same because of an ARP packet */
	__u64 link_ns;           /* last event without an address; 0: none yet */
	__u64 window_ns;         /* start of the current second of TMIP_EVENTS_OF_MAC */
	__u64 dhcp_ns;           /* start of the current second of the DHCP limit */
	__u32 events;            /* in the second since window_ns */
	__u32 dhcp_count;        /* in the second since dhcp_ns */
	__u32 ifindex;
	__u32 pad;
};

/*
 * map tmip_host (programs), LRU hash: struct tmip_host_key -> __u32. The hosts of the cells, as far
 * as ARP shows them: frames to them are not for this CN. The value is when the MAC was last heard,
 * in the units of TMIP_HEARD_SHIFT, give or take ten. Entries may vanish.
 */
struct tmip_host_key {
	struct tmip_mac mac;
	__u8 pad[2];
	__u32 ifindex; /* of the cell */
};

/*
 * map tmip_drop (programs), LRU hash: address of the station concerned -> struct tmip_drop. For
 * `tmip-agent why`.
 */
#define TMIP_DROP_TRAIL 4
struct tmip_drop {
	struct {
		__u64 time_ns;
		__u64 count; /* consecutive drops for this reason in this ifindex */
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
TMIP_ASSERT_SIZE(struct tmip_macs, 36);
TMIP_ASSERT_SIZE(struct tmip_slot, 32);
TMIP_ASSERT_SIZE(struct tmip_peer, 80);
TMIP_ASSERT_SIZE(struct tmip_peer_stat, 64);
TMIP_ASSERT_SIZE(struct tmip_cell, 52);
TMIP_ASSERT_SIZE(struct tmip_way, 8);
TMIP_ASSERT_SIZE(struct tmip_subnet_key, 20);
TMIP_ASSERT_SIZE(struct tmip_subnet, 40);
TMIP_ASSERT_SIZE(struct tmip_group_key, 20);
TMIP_ASSERT_SIZE(struct tmip_group, 24);
TMIP_ASSERT_SIZE(struct tmip_config, 56);
TMIP_ASSERT_SIZE(struct tmip_alive, 8);
TMIP_ASSERT_SIZE(struct tmip_host_key, 12);
TMIP_ASSERT_SIZE(struct tmip_news, 24);
TMIP_ASSERT_SIZE(struct tmip_seen, 88);
TMIP_ASSERT_SIZE(struct tmip_drop, 96);
TMIP_ASSERT_SIZE(struct tmip_stat, 16);

#endif
