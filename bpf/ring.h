/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Puts events into the ring tmip_events, as many as the agent can keep up with. notice.h, follow.h
 * and stale.h decide which events there are, and how often.
 */
#ifndef TMIP_BPF_RING_H
#define TMIP_BPF_RING_H

#include "frame.h"

#define SECOND_NS 1000000000ull

/*
 * Counts the events of the current second, over all MACs. Each program has its own copy, so cells
 * and backbone do not share a limit. If CPUs race, a few more events pass; the limit need not be
 * exact.
 */
static struct {
	__u64 window_ns;
	__u64 events;
} budget;

static __always_inline int within_budget(const struct frame *f, __u64 now)
{
	if (now - budget.window_ns > SECOND_NS) {
		budget.window_ns = now;
		budget.events = 0;
	}
	return __sync_fetch_and_add(&budget.events, 1) < f->config->event_burst;
}

/* Reserves and fills an event, which the caller submits or discards. NULL: the ring is full. */
static __always_inline struct tmip_event *begin_event(const struct frame *f, __u32 type,
						      const struct tmip_addr *addr,
						      const struct tmip_mac *mac, __be32 peer,
						      __u64 now)
{
	struct tmip_event *event = bpf_ringbuf_reserve(&tmip_events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->time_ns = now;
	event->type = type;
	event->ifindex = f->ifindex;
	event->addr = *addr;
	event->mac = *mac;
	event->protocol = f->protocol;
	if (peer)
		event->peer = addr_of(peer);
	else
		__builtin_memset(&event->peer, 0, sizeof(event->peer));
	return event;
}

#endif
