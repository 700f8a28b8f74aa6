/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first step of a handover at the parent CN, and at any other CN that has to do with the
 * station (handover.h describes the whole step). backbone.h calls follow() for a tunnel packet that
 * bears the mark HANDOVER_ID, backbone_ingress.bpf.c for TMIP_PROBE_HERE, both from a known CN.
 */
#ifndef TMIP_BPF_FOLLOW_H
#define TMIP_BPF_FOLLOW_H

#include "handover.h"

/*
 * A station is with another CN than the map shows: the one that sent the packet. Returns 1 if the
 * station's entry is a new one now. The agent may be dead, and the ring full. Then there is no
 * event, and the agent looks for FRESH entries when it goes on.
 */
static __noinline int follow(struct frame *f, __be32 ipv4)
{
	struct tmip_addr addr = addr_of(ipv4);
	struct tmip_station *s = bpf_map_lookup_elem(&tmip_station, &addr), moved;
	__u64 now = bpf_ktime_get_ns();
	struct tmip_event *event;

	if (!f || !s || !may_move(f, s) || (!s->ifindex && ipv4_of(&s->current) == f->ip.src))
		return 0;
	if (!within_budget(f, ABOUT_STATION, now))
		return 0;
	moved = *s;
	moved.ifindex = 0;
	moved.current = addr_of(f->ip.src);
	moved.heard = 0;
	moved.flags = TMIP_STATION_F_FRESH;
	moved.state = moved.home_ifindex ? TMIP_STATION_AWAY : TMIP_STATION_ELSEWHERE;
	if (bpf_map_update_elem(&tmip_station, &addr, &moved, BPF_EXIST))
		return 0;
	shut_slots(ipv4, f->config->slots);
	event = begin_event(f, TMIP_EVENT_FOLLOWED, &addr, &moved.mac, f->ip.src, now);
	if (event)
		bpf_ringbuf_submit(event, 0);
	/* The station's next frame in a cell of this CN raises an event again. */
	bpf_map_delete_elem(&tmip_seen, &moved.mac);
	return 1;
}

#endif
