/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent is told: sightings and conflicts through the ring tmip_events, DHCP frames through tmip_punts.
 * Limited per MAC (tmip_seen) and in total, so that no station can keep the agent busy.
 */
#ifndef TMIP_BPF_NOTICE_H
#define TMIP_BPF_NOTICE_H

#include "handover.h"

/*
 * A MAC was seen with an address (or, all zero, without one) that the station map does not show here. Returns 1 if its entry
 * shows it here now (TMIP_EVENT_ARRIVED, which becomes SEEN where the agent must decide), and is another one then.
 */
static __noinline int notice(struct frame *f, __u32 type, __be32 ipv4)
{
	struct tmip_addr addr = {};
	struct tmip_seen *seen;
	struct tmip_event *event;
	union { struct tmip_station moved; struct tmip_seen fresh; } room; /* the callers have used most of the stack */
	int arrived = 0;
	__u64 now = bpf_ktime_get_ns();
	__u32 ifindex;

	if (!f)
		return 0;
	ifindex = f->skb->ifindex;
	seen = bpf_map_lookup_elem(&tmip_seen, &f->src);
	if (ipv4)
		addr = addr_of(ipv4);
	if (seen && seen->ifindex == ifindex) {
		__u64 last = ipv4 ? seen->event_ns : seen->link_ns;
		int same = !ipv4 || same_bytes(seen->addr.v4, addr.v4, sizeof(addr.v4));

		if (last && same && now - last < f->config->event_interval_ns)
			return 0;
	}
	event = within_budget(f, now) ? begin_event(f, type, &addr, &f->src, 0, now) : 0;
	if (!event)
		return 0; /* the next frame of this MAC tries again: its tmip_seen entry is only written after a success */
	if (type == TMIP_EVENT_ARRIVED) {
		arrived = enter_cell(f, &addr, &room.moved);
		event->type = arrived ? TMIP_EVENT_ARRIVED : TMIP_EVENT_SEEN;
	}
	bpf_ringbuf_submit(event, 0);
	__builtin_memset(&room.fresh, 0, sizeof(room.fresh));
	if (seen)
		room.fresh = *seen;
	room.fresh.ifindex = ifindex;
	if (ipv4) {
		room.fresh.addr = addr;
		room.fresh.event_ns = now;
	} else {
		room.fresh.link_ns = now;
	}
	bpf_map_update_elem(&tmip_seen, &f->src, &room.fresh, BPF_ANY);
	return arrived;
}

/* One DHCP message more of this MAC in this second? */
static __always_inline int dhcp_allowed(const struct frame *f, __u64 now)
{
	struct tmip_seen *seen = bpf_map_lookup_elem(&tmip_seen, &f->src), fresh = {};

	if (!seen) {
		fresh.dhcp_ns = now;
		fresh.dhcp_count = 1;
		fresh.ifindex = f->skb->ifindex;
		bpf_map_update_elem(&tmip_seen, &f->src, &fresh, BPF_ANY);
		return 1;
	}
	if (now - seen->dhcp_ns > SECOND_NS) {
		seen->dhcp_ns = now;
		seen->dhcp_count = 0;
	}
	return ++seen->dhcp_count <= f->config->dhcp_burst;
}

/* Gives the whole frame to the agent. A TAKE or DROP reason. */
static __always_inline int punt(const struct frame *f, __u32 type)
{
	__u64 now = bpf_ktime_get_ns();
	__u32 len = f->skb->len;
	struct tmip_punt *item;

	if (!dhcp_allowed(f, now))
		return TMIP_REASON_DHCP_RATE;
	if (len > TMIP_PUNT_DATA)
		return TMIP_REASON_MALFORMED;
	item = bpf_ringbuf_reserve(&tmip_punts, sizeof(*item), 0);
	if (!item)
		return TMIP_REASON_DHCP_RING_FULL;
	item->time_ns = now;
	item->type = type;
	item->ifindex = f->skb->ifindex;
	item->length = len;
	item->pad = 0;
	/*
	 * clang 14 forgets the bound of len: the verifier of 6.1 wants to see it once more. There `!= 0' is no lower bound,
	 * which `< 1' becomes.
	 */
	asm volatile("" : "+r"(len));
	if (len < ETH_LEN || len > TMIP_PUNT_DATA || bpf_skb_load_bytes(f->skb, 0, item->data, len) < 0) {
		bpf_ringbuf_discard(item, 0);
		return TMIP_REASON_MALFORMED;
	}
	bpf_ringbuf_submit(item, 0);
	return TMIP_REASON_DHCP_TAKEN;
}

#endif
