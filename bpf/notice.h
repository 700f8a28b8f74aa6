/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Notices to the agent from the cells' programs: sightings, conflicts and questions go into the
 * ring tmip_events, DHCP frames into tmip_punts. Both are limited per MAC (tmip_seen), and events
 * in total too, so that no station can keep the agent busy.
 */
#ifndef TMIP_BPF_NOTICE_H
#define TMIP_BPF_NOTICE_H

#include "handover.h"

/*
 * A station that comes often sends ARP first, a moment before its first packet. That packet still
 * is news: it must take the first step of the handover (TMIP_EVENT_ARRIVED).
 */
static __always_inline struct tmip_news *news_of(const struct frame *f, struct tmip_seen *seen)
{
	return f->protocol == bpf_htons(ETH_P_ARP) ? &seen->by_arp : &seen->by_ip;
}

/* Would the event say the same as the last one of its kind? */
static __always_inline int is_repeated(const struct frame *f, struct tmip_seen *seen,
				       const struct tmip_addr *addr, int linked, __u64 now)
{
	if (seen->ifindex != f->skb->ifindex)
		return 0;
	if (linked)
		return seen->link_ns && now - seen->link_ns < f->config->event_interval_ns;
	return is_old_news(f, news_of(f, seen), addr, now);
}

/* Notes in tmip_seen which event the MAC has raised now. `fresh`: room for the new entry. */
static __always_inline void remember_notice(const struct frame *f, const struct tmip_seen *seen,
					    struct tmip_seen *fresh,
					    const struct tmip_addr *addr, int linked, __u64 now)
{
	struct tmip_news *news = news_of(f, fresh);

	__builtin_memset(fresh, 0, sizeof(*fresh));
	if (seen)
		*fresh = *seen;
	if (fresh->ifindex != f->skb->ifindex) /* in another cell all is news */
		fresh->by_ip.time_ns = fresh->by_arp.time_ns = fresh->link_ns = 0;
	fresh->ifindex = f->skb->ifindex;
	if (linked) {
		fresh->link_ns = now;
	} else {
		news->addr = *addr;
		news->time_ns = now;
	}
	count_event(fresh, now);
	bpf_map_update_elem(&tmip_seen, &f->src, fresh, BPF_ANY);
}

/*
 * Raises an event about the frame's MAC and an address, or without an address (ipv4 is 0). For
 * TMIP_EVENT_ARRIVED, the program moves the station into this cell. Returns 1 if it has done so:
 * the station's entry is a new one then. Where the agent must decide about the move, the event
 * becomes TMIP_EVENT_SEEN.
 */
static __noinline int notify(struct frame *f, __u32 type, __be32 ipv4, enum event_about about)
{
	struct tmip_addr addr = {};
	struct tmip_seen *seen;
	struct tmip_event *event;
	/* One room for both, because the callers use most of the stack. */
	union { struct tmip_station moved; struct tmip_seen fresh; } room;
	int arrived = 0, within;
	__u64 now = bpf_ktime_get_ns();

	if (!f)
		return 0;
	seen = bpf_map_lookup_elem(&tmip_seen, &f->src);
	if (ipv4)
		addr = addr_of(ipv4);
	if (is_too_loud(f, seen, now) || (seen && is_repeated(f, seen, &addr, !ipv4, now)))
		return 0;
	within = about == ABOUT_STATION ? within_budget(f, ABOUT_STATION, now) :
		 about == ABOUT_RIVAL   ? within_budget(f, ABOUT_RIVAL, now) :
					  within_budget(f, ABOUT_OTHER, now);
	if (!within)
		return 0;
	/* Whether there is room in the ring or not: the agent may be dead. */
	if (type == TMIP_EVENT_ARRIVED)
		arrived = enter_cell(f, &addr, &room.moved);
	if (type == TMIP_EVENT_ARRIVED && !arrived)
		type = TMIP_EVENT_SEEN;
	event = begin_event(f, type, &addr, &f->src, 0, now);
	if (event)
		bpf_ringbuf_submit(event, 0);
	else if (!arrived)
		return 0; /* tmip_seen stays as it is, so the next frame of this MAC tries again */
	remember_notice(f, seen, &room.fresh, &addr, !ipv4, now);
	return arrived;
}

/* May this MAC send one more DHCP message in this second? */
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

/* Gives the whole frame to the agent. Returns a reason whose verdict is TAKE or DROP. */
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
	 * Because clang 14 forgets the bound of len, the verifier of 6.1 must see a check once
	 * more. The check is against ETH_LEN: clang turns `< 1' into `!= 0', and that verifier does
	 * not accept `!= 0' as a lower bound.
	 */
	asm volatile("" : "+r"(len));
	if (len < ETH_LEN || len > TMIP_PUNT_DATA ||
	    bpf_skb_load_bytes(f->skb, 0, item->data, len) < 0) {
		bpf_ringbuf_discard(item, 0);
		return TMIP_REASON_MALFORMED;
	}
	bpf_ringbuf_submit(item, 0);
	return TMIP_REASON_DHCP_TAKEN;
}

#endif
