/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The decisions about a packet from the backbone. They read the packet and do not change it. Both
 * programs of the backbone, tc (backbone_ingress.bpf.c) and XDP (backbone_xdp.bpf.c), call
 * from_backbone, so they cannot decide differently.
 *
 * The functions declared first carry out the decisions; each program defines its own. All return a
 * reason or its negative, except that send_on returns 0 for success.
 */
#ifndef TMIP_BPF_BACKBONE_H
#define TMIP_BPF_BACKBONE_H

#include "direct.h"
#include "follow.h"
#include "group.h"
#include "hold.h"
#include "mss.h"
#include "plain.h"
#include "stale.h"

/* Parses the second header of a tunnel packet. 0 or negative. */
static __always_inline int read_inner(const struct frame *f, struct ipv4 *inner);

/* Is the frame addressed to this host? */
static __always_inline int is_for_host(const struct frame *f);

/* Handles a packet between the two ends of the tunnel that it came through. 0: it is no probe. */
static __always_inline int reflect_probe(struct frame *f);

/*
 * These take the packet out of the tunnel. deliver sends it to a station in a cell. hand_to_kernel
 * gives it to the kernel as if it came from the home cell of `from`, or forwards it past the
 * kernel's netfilter. hold_inner gives it to the agent, which holds it.
 */
static __always_inline int deliver(struct frame *f, const struct ipv4 *inner,
				   const struct station *to);
static __always_inline int hand_to_kernel(struct frame *f, const struct ipv4 *inner,
					  const struct station *from);
static __always_inline int hold_inner(struct frame *f, const struct ipv4 *inner);

/*
 * Broadcast and multicast of a home subnet: group_up brings a packet from a roamed station of this
 * CN to its home subnet, group_down a packet from a parent CN to that CN's guests here.
 */
static __always_inline int group_up(struct frame *f, const struct ipv4 *inner,
				    const struct station *from, const struct tmip_subnet *subnet);
static __always_inline int group_down(struct frame *f, const struct ipv4 *inner,
				      const struct tmip_subnet *subnet);

/* Sends a tunnel packet on, into the tunnel to another CN. */
static __always_inline int send_on(struct frame *f, const struct ipv4 *inner, __be32 remote);

/*
 * A plain packet for a station of this CN: to_absent encapsulates it for a station that is away,
 * to_home forwards it past netfilter to a station at home. If the packet needs an ICMP answer, both
 * leave it to the kernel.
 */
static __always_inline int to_absent(struct frame *f, const struct station *to);
static __always_inline int to_home(struct frame *f, const struct station *to);

/*
 * Relays the packet to the CN that has the station now. is_stale: the sending CN believes that the
 * station is here, so the agent is notified and corrects that CN.
 */
static __always_inline int relay_to(struct frame *f, const struct ipv4 *inner,
				    const struct station *to, int is_stale)
{
	__be32 remote = to->current;
	int error;

	if (is_held(f, to))
		return hold_inner(f, inner);
	/* The map names the sending CN, or this one: no CN knows better where the station is. */
	if (remote == f->ip.src || remote == ipv4_of(&f->config->tunnel))
		return TMIP_REASON_NOT_HERE;
	error = send_on(f, inner, remote);
	if (error)
		return error;
	if (is_stale)
		notify_stale(f, &to->mac, inner->dst);
	return TMIP_REASON_RELAY;
}

/* From a station whose parent is this CN; the CN that the station visits sent it. */
static __always_inline int from_absent(struct frame *f, const struct ipv4 *inner,
				       const struct station *from, const struct station *to)
{
	if (to->home_ifindex == from->home_ifindex) {
		if (to->state == TMIP_STATION_AWAY && is_held(f, to))
			return hold_inner(f, inner);
		if (to->state == TMIP_STATION_AWAY)
			/*
			 * Two stations that visit the same CN meet at their parent: the packet goes
			 * back to the CN that it came from.
			 */
			return send_on(f, inner, to->current) ?: TMIP_REASON_RELAY;
		if (to->ifindex)
			return deliver(f, inner, to);
	}
	if (leaves_link(f, inner, from->home_ifindex))
		return TMIP_REASON_LINK_LOCAL;
	return hand_to_kernel(f, inner, from);
}

/*
 * The subnet of the source address, if the packet is for a group of that subnet and such packets go
 * between CNs (`multicast home`). Else NULL.
 */
static __always_inline const struct tmip_subnet *group_subnet(const struct frame *f,
							      const struct ipv4 *inner)
{
	const struct tmip_subnet *subnet;

	if (!(f->config->flags & TMIP_CONFIG_GROUP_HOME) || !may_be_for_group(inner))
		return 0;
	subnet = find_subnet(inner->src);
	return subnet && is_for_group(inner, subnet->prefix_len) ? subnet : 0;
}

/* UDP without IP options between the two ends of the tunnel: perhaps a probe. */
static __always_inline int is_between_ends(const struct frame *f, const struct ipv4 *inner)
{
	return inner->protocol == PROTO_UDP && inner->src == f->ip.src &&
	       inner->dst == f->ip.dst && inner->header_len == IPV4_LEN;
}

/*
 * The packet comes from a station of this CN. Is it to be delivered to a guest here? Yes, if the
 * guest's parent sent it: our kernel has routed the packet to that parent, and it comes back from
 * there. If another CN sent it, our station is away, and our kernel must see the packet first,
 * because the kernel may translate addresses.
 */
static __always_inline int is_for_guest(const struct frame *f, const struct station *to)
{
	return to->ifindex && !to->home_ifindex && f->ip.src == to->parent;
}

static __always_inline int from_tunnel(struct frame *f)
{
	struct station from, to;
	const struct tmip_subnet *subnet;
	struct ipv4 inner;
	int reason;

	if (read_inner(f, &inner))
		return is_from_peer(f) ? TMIP_REASON_MALFORMED : TMIP_REASON_UNKNOWN_PEER;
	reason = is_between_ends(f, &inner) ? reflect_probe(f) : 0;
	if (reason)
		return reason;
	if (!is_from_peer(f))
		return TMIP_REASON_UNKNOWN_PEER;
	find_station(f, inner.src, &from);
	if (f->ip.id == HANDOVER_ID && !is_with(&from, f->ip.src) && follow(f, inner.src))
		find_station(f, inner.src, &from);
	find_station(f, inner.dst, &to);
	f->station = inner.src;
	if (from.state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_BLOCKED;
	subnet = to.state ? 0 : group_subnet(f, &inner);
	if (subnet)
		return from.home_ifindex ? group_up(f, &inner, &from, subnet) :
					   group_down(f, &inner, subnet);
	if (from.home_ifindex && !is_for_guest(f, &to) && !came_direct(f, &inner, &from, &to))
		return from_absent(f, &inner, &from, &to);
	f->station = inner.dst;
	if (to.state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_BLOCKED;
	if (to.state && !is_routable(inner.src))
		return TMIP_REASON_TUNNEL_SOURCE;
	if (to.ifindex) /* a guest, or a station that came home before the sending CN knew */
		return deliver(f, &inner, &to);
	if (to.state) /* the station has left: its packets follow it */
		return relay_to(f, &inner, &to, !from.home_ifindex);
	if (!from.state && !find_subnet(inner.src) && !find_subnet(inner.dst))
		return TMIP_REASON_FOREIGN_TUNNEL;
	return from.state ? TMIP_REASON_TUNNEL_SOURCE : TMIP_REASON_NOT_HERE;
}

static __always_inline int from_backbone(struct frame *f)
{
	struct station to;

	if (f->protocol != bpf_htons(ETH_P_IP))
		return TMIP_REASON_NOT_OURS;
	if (f->ip.protocol == PROTO_IPIP && f->ip.dst == ipv4_of(&f->config->tunnel))
		return f->ip.frag & (IPV4_MF | IPV4_OFFSET) ? TMIP_REASON_OUTER_FRAGMENT :
							      from_tunnel(f);
	if (!(f->config->flags & TMIP_CONFIG_FASTPATH) || !is_for_host(f) ||
	    !is_routable(f->ip.src))
		return TMIP_REASON_NOT_OURS;
	find_station(f, f->ip.dst, &to);
	if (to.state == TMIP_STATION_AWAY)
		return to_absent(f, &to);
	if (to.state == TMIP_STATION_HOME && f->config->flags & TMIP_CONFIG_FASTPATH_HOME)
		return to_home(f, &to);
	return TMIP_REASON_NOT_OURS;
}

#endif
