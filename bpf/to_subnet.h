/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last step of packets that the kernel has routed to a subnet of this CN, whether it sends them
 * into the cell (cell_egress.bpf.c) or to its stand-in (stand_in_egress.bpf.c). All functions
 * return a reason or its negative.
 */
#ifndef TMIP_BPF_TO_SUBNET_H
#define TMIP_BPF_TO_SUBNET_H

#include "group.h"
#include "mss.h"
#include "tunnel.h"

/* A station in a cell of this CN. */
static __always_inline int next_door(struct frame *f, const struct station *to)
{
	const struct limit limit = cell_limit(f, to);
	int error;

	if (segment_len(f->skb, &f->ip, ETH_LEN) > limit.mtu && !is_held(f, to))
		return too_big_from_kernel(f, to, &limit);
	error = send_cell(f, to);
	return error ? error : TMIP_REASON_NEXT_DOOR;
}

/*
 * A station in a cell of another CN. Because of the MTU of the cell's route, the kernel has
 * fragmented or refused most packets that are too big.
 */
static __always_inline int away(struct frame *f, const struct station *to)
{
	struct route route;
	int error = route_lookup(f, to->current, wire_len(f), &route);

	if (error == -TMIP_REASON_TOO_BIG) {
		const struct limit limit = tunnel_limit(&route, to->current);

		return too_big_from_kernel(f, to, &limit);
	}
	if (!error)
		error = encap_over(f, to->current, &route);
	return error ? error : TMIP_REASON_ENCAP_VISITED;
}

/* A station that is not in its home cell. */
static __always_inline int to_absent_station(struct frame *f, const struct station *to)
{
	return to->state == TMIP_STATION_NEXT_DOOR ? next_door(f, to) : away(f, to);
}

/* A broadcast or multicast of this host in the subnet of that cell. */
static __always_inline int to_group(struct frame *f, __u32 ifindex)
{
	const struct tmip_subnet *subnet = 0;
	struct tmip_group *group = 0;

	if (f->config->flags & TMIP_CONFIG_GROUP_HOME)
		subnet = find_subnet(f->ip.src);
	if (subnet && subnet->ifindex == ifindex)
		group = find_group(subnet);
	return group ? group_in_cell(f, subnet, group) : TMIP_REASON_NOT_OURS;
}

#endif
