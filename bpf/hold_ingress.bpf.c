/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tmip_hold_in: packets that the agent sends through its device (tc ingress of that device). A
 * packet that it held goes to the place where the station is now: into a cell of this CN, or
 * through a tunnel. A copy of a broadcast or multicast goes to another CN. Nothing else comes in
 * here.
 *
 * The helpers return a reason or its negative. finish() counts it and returns the action.
 */
#include "finish.h"
#include "group.h"

static __always_inline int into_cell(struct frame *f, const struct station *to)
{
	int error = send_cell_now(f, to); /* past the packets that are still held */

	return error ? error : TMIP_REASON_REPLAYED;
}

static __always_inline int into_tunnel(struct frame *f, const struct station *to)
{
	__be32 remote = to->current;
	struct route route;
	int error;

	if (remote == ipv4_of(&f->config->tunnel))
		return TMIP_REASON_NOT_HERE;
	error = route_lookup(f, remote, wire_len(f->skb, &f->ip), &route);
	if (!error)
		error = encap_over(f, remote, &route);
	return error ? error : TMIP_REASON_REPLAYED;
}

/*
 * To the CN whose tunnel address the agent wrote into the Ethernet destination: 02:00, then the
 * four bytes of the address.
 */
static __always_inline int to_cn(struct frame *f)
{
	struct route route;
	__be32 remote;
	int error;

	__builtin_memcpy(&remote, &f->dst.octet[2], sizeof(remote));
	if (!may_be_for_group(&f->ip) || !find_peer(remote))
		return TMIP_REASON_NOT_HERE; /* held for a station that no longer exists */
	error = route_lookup(f, remote, wire_len(f->skb, &f->ip), &route);
	if (!error)
		error = encap_over(f, remote, &route);
	return error ? error : TMIP_REASON_GROUP_ABROAD;
}

static __always_inline int handle(struct frame *f)
{
	struct station to;

	if (f->protocol != bpf_htons(ETH_P_IP))
		return TMIP_REASON_MALFORMED;
	f->station = f->ip.dst;
	find_station(f, f->ip.dst, &to);
	if (!to.state)
		return to_cn(f);
	if (to.state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_BLOCKED;
	return to.ifindex ? into_cell(f, &to) : into_tunnel(f, &to);
}

SEC("tc")
int tmip_hold_in(struct __sk_buff *skb)
{
	__u32 len = skb->len;
	struct frame f;
	int reason = frame_begin(&f, skb);

	return finish(&f, reason ? reason : handle(&f), len);
}
