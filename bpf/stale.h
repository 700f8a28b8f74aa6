/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Corrects a CN that still sends packets to the place where a station was: the program notifies the
 * agent, and the agent tells that CN where the station is. backbone.h calls notify_stale.
 */
#ifndef TMIP_BPF_STALE_H
#define TMIP_BPF_STALE_H

#include "ring.h"

/*
 * The CN that sent a tunnel packet believes that the station is here. At most one event per station
 * and CN in each interval, and few per station in a second: tmip_seen remembers them under the
 * station's MAC with the group bit set, since no station has such a MAC. Returns 0.
 */
static __noinline int notify_stale(struct frame *f, const struct tmip_mac *station, __be32 ipv4)
{
	struct tmip_addr addr = addr_of(ipv4), peer;
	struct tmip_seen *seen, fresh = {};
	struct tmip_event *event = 0;
	__u64 now = bpf_ktime_get_ns();
	struct tmip_mac key;

	if (!f || !station)
		return 0;
	key = *station;
	key.octet[0] |= 1;
	seen = bpf_map_lookup_elem(&tmip_seen, &key);
	peer = addr_of(f->ip.src);
	if (is_too_loud(f, seen, now) || (seen && is_old_news(f, &seen->by_ip, &peer, now)))
		return 0;
	if (within_budget(f, ABOUT_OTHER, now))
		event = begin_event(f, TMIP_EVENT_STALE, &addr, station, f->ip.src, now);
	if (!event)
		return 0;
	bpf_ringbuf_submit(event, 0);
	if (seen)
		fresh = *seen;
	fresh.by_ip.addr = peer;
	fresh.by_ip.time_ns = now;
	count_event(&fresh, now);
	bpf_map_update_elem(&tmip_seen, &key, &fresh, BPF_ANY);
	return 0;
}

#endif
