/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Look-ups in the maps that the agent writes, and questions about a station's state. All programs
 * use them. A look-up returns NULL if there is no entry. Stations themselves: station.h.
 */
#ifndef TMIP_BPF_LOOKUP_H
#define TMIP_BPF_LOOKUP_H

#include "station.h"

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

static __always_inline int is_link_local(__be32 ipv4)
{
	return bpf_ntohl(ipv4) >> 16 == 0xa9fe; /* 169.254/16 (RFC 3927) */
}

/* May a packet from this address come from beyond the link (RFC 1812, 5.3.7; RFC 3927, 7)? */
static __always_inline int is_routable(__be32 ipv4)
{
	__u32 net = bpf_ntohl(ipv4) >> 24;

	return net != 0 && net != 127 && net < 224 && !is_link_local(ipv4);
}

/* Is the station in the cell of this CN with that ifindex, as far as the agent knows? */
static __always_inline int is_in_cell(const struct station *s, __u32 ifindex)
{
	return s->ifindex == ifindex && tmip_is_here(s->state);
}

/* Does the map show the station with that other CN? */
static __always_inline int is_with(const struct station *s, __be32 cn)
{
	return s->state && !s->ifindex && s->current == cn;
}

/* Does the station belong to a cell of this CN, without being in it? */
static __always_inline int is_absent(const struct station *s)
{
	return s->state == TMIP_STATION_AWAY || s->state == TMIP_STATION_NEXT_DOOR;
}

#endif
