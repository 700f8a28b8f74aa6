/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a packet that is too big for its way. The agent fragments it, if it may be
 * fragmented; else the program answers it with an ICMP error. If no agent is there, the program
 * answers in both cases: most senders lower their size, and fragment their packets themselves.
 *
 * There is one function for each place that the frame may come from, as in icmp.h. All return a
 * reason or its negative.
 */
#ifndef TMIP_BPF_TOO_BIG_H
#define TMIP_BPF_TOO_BIG_H

#include "icmp.h"

/* What a packet does not fit into, and its way (enum tmip_fragment_way). */
struct limit {
	__u32 mtu; /* bytes of the largest packet that fits; 0: the device is gone */
	__u32 to;
	int told;  /* see icmp.h */
	__u8 way;
};

/* The tunnel to `remote`, over the way that was found to be too small. */
static __always_inline struct limit tunnel_limit(const struct route *route, __be32 remote)
{
	return (struct limit){.mtu = route->mtu - IPV4_LEN, .to = remote,
			      .told = TMIP_REASON_ICMP_TOO_BIG, .way = TMIP_FRAGMENT_CN};
}

/* The cell of this CN where the station is. */
static __always_inline struct limit cell_limit(const struct frame *f, const struct station *to)
{
	return (struct limit){.mtu = device_mtu(f, to->ifindex), .told = TMIP_REASON_ICMP_CELL,
			      .way = TMIP_FRAGMENT_STATION};
}

static __always_inline int too_big_from_cell(struct frame *f, const struct limit *limit)
{
	if (!limit->mtu)
		return TMIP_REASON_NO_CELL;
	if (may_fragment(f, &f->ip))
		return to_agent(f, limit->way, limit->to, limit->mtu, 0);
	return answer_cell(f, limit->mtu, limit->told);
}

static __always_inline int too_big_from_tunnel(struct frame *f, const struct ipv4 *inner,
					       const struct limit *limit)
{
	int error;

	if (!limit->mtu)
		return TMIP_REASON_NO_CELL;
	if (!may_fragment(f, inner))
		return answer_tunnel(f, inner, limit->mtu, limit->told);
	error = decap(f, inner);
	return error ? error : to_agent(f, limit->way, limit->to, limit->mtu, 0);
}

static __always_inline int too_big_from_kernel(struct frame *f, const struct station *to,
					       const struct limit *limit)
{
	if (!limit->mtu)
		return TMIP_REASON_NO_CELL;
	if (may_fragment(f, &f->ip))
		return to_agent(f, limit->way, limit->to, limit->mtu, 0);
	return answer_kernel(f, to, limit->mtu, limit->told);
}

/* For a group there is no ICMP error (RFC 1122, 3.2.2). */
static __always_inline int too_big_for_group(struct frame *f, const struct ipv4 *ip,
					     const struct limit *limit)
{
	if (!limit->mtu)
		return TMIP_REASON_NO_CELL;
	if (may_fragment(f, ip))
		return to_agent(f, limit->way, limit->to, limit->mtu, 0);
	return untold(limit->told);
}

#endif
