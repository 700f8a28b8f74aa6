/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Held packets that the agent gives back (tc ingress of its device): to the station where it is now, in a cell of this
 * CN or through a tunnel. Nothing else comes in here.
 */
#include "finish.h"
#include "tunnel.h"

static __always_inline int into_cell(struct frame *f, const struct tmip_station *to)
{
	int error = send_cell_now(f, to); /* past those who wait for their turn */

	return error ? error : TMIP_REASON_REPLAYED;
}

static __always_inline int into_tunnel(struct frame *f, const struct tmip_station *to)
{
	__be32 remote = ipv4_of(&to->current);
	struct route route;
	int error;

	if (remote == ipv4_of(&f->config->tunnel))
		return TMIP_REASON_NOT_HERE;
	error = route_lookup(f, remote, wire_len(f->skb, &f->ip), &route);
	if (!error)
		error = encap_over(f, remote, &route);
	return error ? error : TMIP_REASON_REPLAYED;
}

static __always_inline int handle(struct frame *f)
{
	const struct tmip_station *to;

	if (f->protocol != bpf_htons(ETH_P_IP))
		return TMIP_REASON_MALFORMED;
	f->station = addr_of(f->ip.dst);
	to = find_station(f->ip.dst);
	if (!to)
		return TMIP_REASON_NOT_HERE;
	if (to->state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_BLOCKED;
	return to->ifindex ? into_cell(f, to) : into_tunnel(f, to);
}

SEC("tc")
int tmip_hold_in(struct __sk_buff *skb)
{
	__u32 len = skb->len;
	struct frame f;
	int reason = frame_begin(&f, skb);

	return finish(&f, reason ? reason : handle(&f), len);
}
