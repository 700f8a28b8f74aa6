/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Route optimisation: a packet between two stations of the network, of which one at least is not in the cell that its
 * address belongs to, goes straight to where the other one is. The parents' kernels (routes, netfilter, NAT) see neither
 * direction of it. What a router must look at still takes the way over the parents.
 */
#ifndef TMIP_BPF_DIRECT_H
#define TMIP_BPF_DIRECT_H

#include "hold.h"
#include "icmp.h"

static __always_inline int is_optimised(const struct frame *f)
{
	return f->config->flags & TMIP_CONFIG_DIRECT;
}

/* Not in the cell that its address belongs to. */
static __always_inline int is_roamed(const struct station *s)
{
	if (s->state == TMIP_STATION_ELSEWHERE)
		return s->current != s->parent;
	return s->state == TMIP_STATION_AWAY || s->state == TMIP_STATION_NEXT_DOOR || s->state == TMIP_STATION_VISITING;
}

/* Its hop limit ends here, which is answered, or options tell routers what to do. */
static __always_inline int needs_router(const struct ipv4 *ip)
{
	return ip->ttl <= 1 || ip->header_len != IPV4_LEN;
}

/* Both addresses are of the subnet that holds one of them. */
static __always_inline int is_within(const struct tmip_subnet *subnet, __be32 a, __be32 b)
{
	__u32 host = subnet->prefix_len < 32 ? 0xffffffff >> subnet->prefix_len : 0;

	return !(bpf_ntohl(a ^ b) & ~host);
}

/* From a cell of this CN into one of its cells. */
static __always_inline int direct_here(struct frame *f, const struct station *to, int routed)
{
	int error = routed ? age(f) : 0;

	if (!error)
		error = send_cell(f, to);
	return error ? error : TMIP_REASON_NEXT_DOOR;
}

/* To the CN that has it. 0: it cannot go there, but perhaps over the parents, whose kernels may cut it to pieces. */
static __always_inline int direct_there(struct frame *f, const struct station *to, int routed)
{
	__be32 remote = to->current;
	struct route route;
	int error;

	if (remote == ipv4_of(&f->config->tunnel))
		return 0;
	error = route_lookup(f, remote, wire_len(f->skb, &f->ip), &route);
	if (error == -TMIP_REASON_TOO_BIG && f->ip.frag & IPV4_DF)
		return answer_too_big(f, route.mtu - IPV4_LEN);
	if (error)
		return 0;
	if (routed)
		error = age(f);
	if (!error && is_held(f, to))
		return hold(f);
	if (!error)
		error = encap_over(f, remote, &route);
	return error ? error : TMIP_REASON_ENCAP_DIRECT;
}

/* A frame of a station in a cell, to `to`. A reason, or 0: it goes over the parents. */
static __always_inline int go_direct(struct frame *f, const struct station *from, const struct station *to)
{
	const struct tmip_subnet *far;
	int routed;

	if (!is_optimised(f) || !to->state || to->state == TMIP_STATION_BLOCKED || (from->home_ifindex == f->skb->ifindex && !is_roamed(to)))
		return 0;
	far = find_subnet(f->ip.dst);
	if (!far)
		return 0;
	routed = !is_within(far, f->ip.src, f->ip.dst);
	if (routed && needs_router(&f->ip))
		return 0;
	return to->ifindex ? direct_here(f, to, routed) : direct_there(f, to, routed);
}

/* Out of a tunnel, from a station of ours to one of another subnet: it was sent straight here, or this CN does what the sender does not. */
static __always_inline int came_direct(const struct frame *f, const struct ipv4 *inner, const struct station *from,
				       const struct station *to)
{
	if (!is_optimised(f) || !to->state || to->state == TMIP_STATION_BLOCKED || to->home_ifindex == from->home_ifindex || needs_router(inner))
		return 0;
	return to->ifindex || (to->current != f->ip.src && to->current != ipv4_of(&f->config->tunnel));
}

#endif
