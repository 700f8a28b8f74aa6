/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Route optimisation. A packet between two stations of the network goes straight to the place where
 * the other station is, if at least one of the two is not in the cell that its address belongs to.
 * The parents' kernels (routes, netfilter, NAT) see neither direction of it. A packet that a router
 * must look at still goes over the parents.
 *
 * cell_ingress.bpf.c calls send_direct, backbone.h calls came_direct.
 */
#ifndef TMIP_BPF_DIRECT_H
#define TMIP_BPF_DIRECT_H

#include "hold.h"
#include "too_big.h"

static __always_inline int is_optimised(const struct frame *f)
{
	return f->config->flags & TMIP_CONFIG_DIRECT;
}

/* Is the station not in the cell that its address belongs to? */
static __always_inline int is_roamed(const struct station *s)
{
	if (s->state == TMIP_STATION_ELSEWHERE)
		return s->current != s->parent;
	return s->state == TMIP_STATION_AWAY || s->state == TMIP_STATION_NEXT_DOOR ||
	       s->state == TMIP_STATION_VISITING;
}

/* The hop limit ends here, which a router must answer, or options tell routers what to do. */
static __always_inline int needs_router(const struct ipv4 *ip)
{
	return ip->ttl <= 1 || ip->header_len != IPV4_LEN;
}

/* Are both addresses in the subnet? The subnet holds at least one of them. */
static __always_inline int is_within(const struct tmip_subnet *subnet, __be32 a, __be32 b)
{
	__u32 host = subnet->prefix_len < 32 ? 0xffffffff >> subnet->prefix_len : 0;

	return !(bpf_ntohl(a ^ b) & ~host);
}

/* From a cell of this CN to a station in one of its cells. */
static __always_inline int send_next_door(struct frame *f, const struct station *to)
{
	const struct limit limit = cell_limit(f, to);
	int error;

	if (segment_len(f->skb, &f->ip, ETH_LEN) > limit.mtu && !is_held(f, to))
		return too_big_from_cell(f, &limit);
	error = send_cell(f, to);
	return error ? error : TMIP_REASON_NEXT_DOOR;
}

static __always_inline int direct_here(struct frame *f, const struct station *to, int routed)
{
	int error = routed ? decrease_ttl(f) : 0;

	return error ? error : send_next_door(f, to);
}

/*
 * To the CN that has the station. 0: the packet cannot go there, but perhaps it can go over the
 * parents, whose kernels may fragment it.
 */
static __always_inline int direct_there(struct frame *f, const struct station *to, int routed)
{
	__be32 remote = to->current;
	struct route route;
	int error;

	if (remote == ipv4_of(&f->config->tunnel))
		return 0;
	error = route_lookup(f, remote, wire_len(f), &route);
	if (error == -TMIP_REASON_TOO_BIG && f->ip.frag & IPV4_DF)
		return answer_cell(f, route.mtu - IPV4_LEN, TMIP_REASON_ICMP_TOO_BIG);
	if (error)
		return 0;
	if (routed)
		error = decrease_ttl(f);
	if (!error && is_held(f, to))
		return hold(f);
	if (!error)
		error = encap_over(f, remote, &route);
	return error ? error : TMIP_REASON_ENCAP_DIRECT;
}

/*
 * Sends the frame of a station in a cell straight to the station `to`. Returns a reason, or 0: the
 * packet goes over the parents.
 */
static __always_inline int send_direct(struct frame *f, const struct station *from,
				       const struct station *to)
{
	const struct tmip_subnet *far;
	int routed;

	if (!is_optimised(f) || !to->state || to->state == TMIP_STATION_BLOCKED ||
	    (from->home_ifindex == f->skb->ifindex && !is_roamed(to)))
		return 0;
	far = find_subnet(f->ip.dst);
	if (!far)
		return 0;
	routed = !is_within(far, f->ip.src, f->ip.dst);
	if (routed && needs_router(&f->ip))
		return 0;
	return to->ifindex ? direct_here(f, to, routed) : direct_there(f, to, routed);
}

/*
 * A tunnel packet from a station of this CN to a station of another subnet: does it go past this
 * CN's kernel? Yes, if `to` is here: the sending CN has sent the packet straight to it. Yes, if
 * `to` is with a third CN: this CN sends it straight there, because the sending CN has not.
 */
static __always_inline int came_direct(const struct frame *f, const struct ipv4 *inner,
				       const struct station *from, const struct station *to)
{
	if (!is_optimised(f) || !to->state || to->state == TMIP_STATION_BLOCKED ||
	    to->home_ifindex == from->home_ifindex || needs_router(inner))
		return 0;
	return to->ifindex ||
	       (to->current != f->ip.src && to->current != ipv4_of(&f->config->tunnel));
}

#endif
