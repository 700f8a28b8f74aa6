/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first step of a handover, which no agent need get a CPU for: the CN that a station comes to takes it into its map
 * with its first packet, and marks that packet; its parent, which gets the packet out of the tunnel, sends there from
 * then on. Both agents are told in the same moment, and confirm it or take it back. An entry is never changed in place:
 * the agent may be replacing it.
 */
#ifndef TMIP_BPF_HANDOVER_H
#define TMIP_BPF_HANDOVER_H

#include "ring.h"
#include "station.h"

#define HANDOVER_ID bpf_htons(TMIP_HANDOVER_ID)

/* Not if its packets are held and must come first, or if the agent wants to decide. */
static __always_inline int may_move(const struct frame *f, const struct tmip_station *s)
{
	return f->config->flags & TMIP_CONFIG_FAST_HANDOVER && !s->flags && s->state != TMIP_STATION_BLOCKED;
}

/* A frame of the station came from a cell that it was not in. 1: its entry is a new one, which is in `moved'. */
static __always_inline int enter_cell(const struct frame *f, const struct tmip_addr *addr, struct tmip_station *moved)
{
	const struct tmip_station *s = bpf_map_lookup_elem(&tmip_station, addr);

	if (!s || !may_move(f, s))
		return 0;
	*moved = *s;
	moved->ifindex = f->skb->ifindex;
	moved->current = f->config->tunnel;
	moved->heard = heard_now();
	moved->state = !s->home_ifindex ? TMIP_STATION_VISITING :
		      s->home_ifindex == f->skb->ifindex ? TMIP_STATION_HOME : TMIP_STATION_NEXT_DOOR;
	if (bpf_map_update_elem(&tmip_station, addr, moved, BPF_EXIST))
		return 0;
	shut_slots(ipv4_of(addr), f->config->slots);
	return 1;
}

#endif
