/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first step of a handover at the parent CN. See handover.h. */
#ifndef TMIP_BPF_FOLLOW_H
#define TMIP_BPF_FOLLOW_H

#include "handover.h"

/* A station of ours is with another CN than we thought, as its first packet from there says. 1: its entry is a new one. */
static __noinline int follow(struct frame *f, __be32 ipv4)
{
	struct tmip_addr addr = addr_of(ipv4);
	struct tmip_station *s = bpf_map_lookup_elem(&tmip_station, &addr), moved;
	__u64 now = bpf_ktime_get_ns();
	struct tmip_event *event;

	if (!f || !s || !may_move(f, s) || ipv4_of(&s->current) == f->ip.src)
		return 0;
	moved = *s;
	event = within_budget(f, now) ? begin_event(f, TMIP_EVENT_FOLLOWED, &addr, &moved.mac, f->ip.src, now) : 0;
	if (!event)
		return 0;
	moved.ifindex = 0;
	moved.current = addr_of(f->ip.src);
	moved.heard = 0;
	moved.state = TMIP_STATION_AWAY;
	if (bpf_map_update_elem(&tmip_station, &addr, &moved, BPF_EXIST)) {
		bpf_ringbuf_discard(event, 0);
		return 0;
	}
	shut_slots(ipv4, f->config->slots);
	bpf_ringbuf_submit(event, 0);
	bpf_map_delete_elem(&tmip_seen, &moved.mac); /* its next frame in a cell of ours is news */
	return 1;
}

#endif
