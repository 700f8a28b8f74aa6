/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tmip_hold_in: packets that the agent sends through its device (tc ingress of that device). A
 * packet that it held goes to the place where the station is now: into a cell of this CN, or
 * through a tunnel. A copy of a broadcast or multicast goes to another CN. A fragment, or an ICMP
 * error, goes where its header says (include/tmip/fragment.h). Nothing else comes in here.
 *
 * The helpers return a reason or its negative. finish() counts it and returns the action.
 */
#include "finish.h"
#include "group.h"

/* `to` of struct tmip_fragment, as the agent wrote it into the Ethernet destination. */
static __always_inline __u32 address_in(const struct frame *f)
{
	__u32 to;

	__builtin_memcpy(&to, &f->dst.octet[2], sizeof(to));
	return to;
}

static __always_inline int into_cell(struct frame *f, const struct station *to, int reason)
{
	const struct limit limit = cell_limit(f, to);
	int error;

	if (segment_len(f->skb, &f->ip, ETH_LEN) > limit.mtu)
		return too_big_from_kernel(f, to, &limit);
	error = send_cell_now(f, to); /* past the packets that are still held */
	return error ? error : reason;
}

static __always_inline int into_tunnel(struct frame *f, const struct station *to, int reason)
{
	__be32 remote = to->current;
	struct route route;
	int error;

	if (remote == ipv4_of(&f->config->tunnel))
		return TMIP_REASON_NOT_HERE;
	error = route_lookup(f, remote, wire_len(f), &route);
	if (error == -TMIP_REASON_TOO_BIG) {
		const struct limit limit = tunnel_limit(&route, remote);

		return too_big_from_kernel(f, to, &limit);
	}
	if (!error)
		error = encap_over(f, remote, &route);
	return error ? error : reason;
}

/* To the CN with that tunnel address. */
static __always_inline int to_cn(struct frame *f, __be32 remote, int reason)
{
	struct route route;
	int error;

	if (!find_peer(remote))
		return TMIP_REASON_NOT_HERE;
	error = route_lookup(f, remote, wire_len(f), &route);
	if (error == -TMIP_REASON_TOO_BIG) {
		const struct limit limit = tunnel_limit(&route, remote);

		return too_big_for_group(f, &f->ip, &limit);
	}
	if (!error)
		error = encap_over(f, remote, &route);
	return error ? error : reason;
}

static __always_inline int to_station(struct frame *f, int reason)
{
	struct station to;

	f->station = f->ip.dst;
	find_station(f, f->ip.dst, &to);
	if (to.state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_BLOCKED;
	if (to.state)
		return to.ifindex ? into_cell(f, &to, reason) : into_tunnel(f, &to, reason);
	/* A copy, or held for a station that no longer exists. */
	return may_be_for_group(&f->ip) ? to_cn(f, address_in(f), TMIP_REASON_GROUP_ABROAD) :
					  TMIP_REASON_NOT_HERE;
}

/* An ICMP error whose source is the station. */
static __always_inline int to_kernel(struct frame *f)
{
	struct station from;
	int error;

	find_station(f, f->ip.src, &from);
	if (!from.state || from.state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_NOT_HERE;
	error = send_as_station(f, &from);
	return error ? error : TMIP_REASON_FROM_AGENT;
}

/* A frame that was held begins with zeroes, a copy with TMIP_FRAGMENT_COPY. */
static __always_inline int handle(struct frame *f)
{
	if (f->protocol != bpf_htons(ETH_P_IP))
		return TMIP_REASON_MALFORMED;
	if (f->dst.octet[0] == TMIP_FRAGMENT_LOCAL)
		switch (f->dst.octet[1]) {
		case TMIP_FRAGMENT_CN:
			return to_cn(f, address_in(f), TMIP_REASON_FROM_AGENT);
		case TMIP_FRAGMENT_CELL:
			return group_put(f, f->ip.dst, address_in(f)) ?: TMIP_REASON_FROM_AGENT;
		case TMIP_FRAGMENT_STATION:
			return to_station(f, TMIP_REASON_FROM_AGENT);
		case TMIP_FRAGMENT_KERNEL:
			return to_kernel(f);
		}
	return to_station(f, TMIP_REASON_REPLAYED);
}

SEC("tc")
int tmip_hold_in(struct __sk_buff *skb)
{
	__u32 len = skb->len;
	struct frame f;
	int reason = frame_begin(&f, skb);

	return finish(&f, reason ? reason : handle(&f), len);
}
