/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A CN that sends packets for a station to where it was is corrected: the agent is told, and tells that CN. */
#ifndef TMIP_BPF_STALE_H
#define TMIP_BPF_STALE_H

#include "ring.h"

/* The sender of a tunnel packet believes the station to be here. Suppressed under a MAC that no station has: a group's. */
static __noinline int notice_stale(struct frame *f, const struct tmip_mac *station, __be32 ipv4)
{
	struct tmip_seen *seen, fresh = {};
	__u64 now = bpf_ktime_get_ns();
	struct tmip_mac key;

	if (!f || !station)
		return 0;
	key = *station;
	key.octet[0] |= 1;
	seen = bpf_map_lookup_elem(&tmip_seen, &key);
	fresh.addr = addr_of(f->ip.src);
	fresh.event_ns = now;
	if (seen && same_bytes(seen->addr.v4, fresh.addr.v4, sizeof(fresh.addr.v4)) && now - seen->event_ns < f->config->event_interval_ns)
		return 0;
	struct tmip_addr addr = addr_of(ipv4);

	struct tmip_event *event = within_budget(f, now) ? begin_event(f, TMIP_EVENT_STALE, &addr, station, f->ip.src, now) : 0;

	if (!event)
		return 0;
	bpf_ringbuf_submit(event, 0);
	bpf_map_update_elem(&tmip_seen, &key, &fresh, BPF_ANY);
	return 0;
}

#endif
