/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Questions to the agent's maps, asked in words. */
#ifndef TMIP_BPF_LOOKUP_H
#define TMIP_BPF_LOOKUP_H

#include "frame.h"

static __always_inline struct tmip_station *find_station(__be32 ipv4)
{
	struct tmip_addr addr = addr_of(ipv4);

	return bpf_map_lookup_elem(&tmip_station, &addr);
}

static __always_inline struct tmip_peer *find_peer(__be32 ipv4)
{
	struct tmip_addr addr = addr_of(ipv4);

	return bpf_map_lookup_elem(&tmip_peer, &addr);
}

static __always_inline struct tmip_cell *find_cell(__u32 ifindex)
{
	return bpf_map_lookup_elem(&tmip_cell, &ifindex);
}

static __always_inline struct tmip_subnet *find_subnet(__be32 ipv4)
{
	struct tmip_subnet_key key = {.prefix_len = 128, .addr = addr_of(ipv4)};

	return bpf_map_lookup_elem(&tmip_subnet, &key);
}

/* In the cell of this CN with that ifindex, as far as the agent knows. */
static __always_inline int is_in_cell(const struct tmip_station *s, __u32 ifindex)
{
	return s->ifindex == ifindex && (s->state == TMIP_STATION_HOME || s->state == TMIP_STATION_VISITING ||
					 s->state == TMIP_STATION_NEXT_DOOR);
}

/* Belongs to a cell of this CN and is not in it. */
static __always_inline int is_absent(const struct tmip_station *s)
{
	return s->state == TMIP_STATION_AWAY || s->state == TMIP_STATION_NEXT_DOOR;
}

static __always_inline __u32 heard_now(void)
{
	return bpf_ktime_get_coarse_ns() >> TMIP_HEARD_SHIFT;
}

/* A frame of the station itself, in its cell. Its cache line stays clean most of the time. While its packets are held the
 * time of its return counts, see is_held. */
static __always_inline void hear(struct tmip_station *s)
{
	__u32 now = heard_now();

	if (s->heard != now && !(s->heard && s->flags & TMIP_STATION_F_HELD))
		s->heard = now;
}

#endif
