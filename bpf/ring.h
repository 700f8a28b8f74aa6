/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Puts events into the ring tmip_events, as many as the agent can keep up with. notice.h, follow.h
 * and stale.h decide which events there are, and how often.
 */
#ifndef TMIP_BPF_RING_H
#define TMIP_BPF_RING_H

#include "frame.h"

#define SECOND_NS 1000000000ull

/* Whom an event is about. Each kind has a limit of its own. */
enum event_about {
	ABOUT_STATION, /* a station that uses its own address */
	ABOUT_RIVAL,   /* another MAC that uses the address of a station */
	ABOUT_OTHER,
	ABOUT_COUNT,
};

/*
 * Counts the events of the current second, over all MACs. Each program has its own copy, so cells
 * and backbone do not share a limit. If CPUs race, a few more events pass; the limit need not be
 * exact.
 */
static struct {
	__u64 window_ns;
	__u64 events;
} budget[ABOUT_COUNT];

static __always_inline int within_budget(const struct frame *f, enum event_about about, __u64 now)
{
	if (now - budget[about].window_ns > SECOND_NS) {
		budget[about].window_ns = now;
		budget[about].events = 0;
	}
	return __sync_fetch_and_add(&budget[about].events, 1) < f->config->event_burst;
}

/* Has this MAC, or station, raised its events of this second? */
static __always_inline int is_too_loud(const struct frame *f, const struct tmip_seen *seen,
				       __u64 now)
{
	__u32 most = f->config->event_burst / TMIP_EVENTS_PART;

	if (most < TMIP_EVENTS_OF_MAC)
		most = TMIP_EVENTS_OF_MAC;
	return seen && now - seen->window_ns <= SECOND_NS && seen->events >= most;
}

/* Counts an event in the entry that follows `seen`. */
static __always_inline void count_event(struct tmip_seen *fresh, __u64 now)
{
	if (now - fresh->window_ns > SECOND_NS) {
		fresh->window_ns = now;
		fresh->events = 0;
	}
	fresh->events++;
}

/* Did the MAC raise this event a moment ago? */
static __always_inline int is_old_news(const struct frame *f, const struct tmip_news *last,
				       const struct tmip_addr *addr, __u64 now)
{
	return last->time_ns && same_bytes(last->addr.v4, addr->v4, sizeof(addr->v4)) &&
	       now - last->time_ns < f->config->event_interval_ns;
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
