/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first step of a handover. The programs do it, so it does not wait until an agent gets a CPU.
 * With the station's first packet, the CN that it comes to puts the station into its own map and
 * marks the packet (enter_cell, called by notice.h). The parent gets the packet out of the tunnel
 * and sends the station's packets to that CN from then on (follow.h). Each program notifies its
 * agent at the same moment, and the agent confirms the change or takes it back; until then the
 * entry is FRESH, and all the station's packets are marked. A program never changes an entry in
 * place, because the agent may be replacing it.
 */
#ifndef TMIP_BPF_HANDOVER_H
#define TMIP_BPF_HANDOVER_H

#include "alive.h"
#include "ring.h"
#include "station.h"

#define HANDOVER_ID bpf_htons(TMIP_HANDOVER_ID)

/*
 * Not if the station's packets are held, because those come first, or if the agent must decide;
 * unless the agent is away.
 */
static __always_inline int may_move(const struct frame *f, const struct tmip_station *s)
{
	if (!(f->config->flags & TMIP_CONFIG_FAST_HANDOVER) || s->state == TMIP_STATION_BLOCKED)
		return 0;
	return !(s->flags & ~TMIP_STATION_F_FRESH) || agent_is_away();
}

/*
 * The station sent a frame in a cell where the map does not show it. Returns 1 if the station's
 * entry is a new one now; `moved' holds a copy of it.
 */
static __always_inline int enter_cell(const struct frame *f, const struct tmip_addr *addr,
				      struct tmip_station *moved)
{
	const struct tmip_station *s = bpf_map_lookup_elem(&tmip_station, addr);

	if (!s || !may_move(f, s))
		return 0;
	*moved = *s;
	moved->ifindex = f->skb->ifindex;
	moved->current = f->config->tunnel;
	moved->heard = heard_now();
	moved->flags = TMIP_STATION_F_FRESH;
	if (!s->home_ifindex)
		moved->state = TMIP_STATION_VISITING;
	else
		moved->state = s->home_ifindex == f->skb->ifindex ? TMIP_STATION_HOME :
								    TMIP_STATION_NEXT_DOOR;
	if (bpf_map_update_elem(&tmip_station, addr, moved, BPF_EXIST))
		return 0;
	shut_slots(ipv4_of(addr), f->config->slots);
	return 1;
}

#endif
