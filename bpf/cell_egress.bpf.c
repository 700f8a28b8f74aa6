/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames that the kernel sends into a cell (tc egress): those for stations of the cell that are away take the tunnel,
 * or the way to another cell of this CN. That covers all that is not a plain packet from the backbone: answers that
 * NAT turned round, local processes, other cells, packets that the kernel had to cut to pieces.
 */
#include "arp.h"
#include "finish.h"
#include "group.h"
#include "hold.h"
#include "mss.h"
#include "tunnel.h"

static __always_inline int to_station(struct frame *f)
{
	struct route route;
	struct station to;
	int error;

	find_station(f, f->ip.dst, &to);
	if (!to.state)
		return TMIP_REASON_NOT_OURS;
	f->station = f->ip.dst;
	clamp(f, &f->ip, ETH_LEN);
	if (is_held(f, &to) && (is_in_cell(&to, f->skb->ifindex) || to.state == TMIP_STATION_AWAY))
		return hold(f);
	/* The kernel's neighbour table may be wrong: it learned before the address was registered, or from a liar. */
	if (is_in_cell(&to, f->skb->ifindex) && !same_mac(&to.mac, &f->dst))
		write_macs(f->skb, &to.mac, &f->src);
	if (to.home_ifindex != f->skb->ifindex || !is_absent(&to))
		return TMIP_REASON_NOT_OURS;
	if (to.state == TMIP_STATION_NEXT_DOOR) {
		error = send_cell(f, &to);
		return error ? error : TMIP_REASON_NEXT_DOOR;
	}
	/* The MTU of the cell's route made the kernel cut or refuse what is too big; what comes here all the same is lost. */
	error = route_lookup(f, to.current, wire_len(f->skb, &f->ip), &route);
	if (!error)
		error = encap_over(f, to.current, &route);
	return error ? error : TMIP_REASON_ENCAP_VISITED;
}

/* A broadcast or multicast of this host. */
static __always_inline int to_group(struct frame *f)
{
	const struct tmip_subnet *subnet = f->config->flags & TMIP_CONFIG_GROUP_HOME ? find_subnet(f->ip.src) : 0;
	struct tmip_group *group = subnet && subnet->ifindex == f->skb->ifindex ? find_group(subnet) : 0;

	return group ? group_in_cell(f, subnet, group) : TMIP_REASON_NOT_OURS;
}

SEC("tc")
int tmip_cell_out(struct __sk_buff *skb)
{
	__u32 len = skb->len;
	struct frame f;
	int reason;

	if (skb->mark == MARK_TRUSTED) {
		skb->mark = 0;
		return ACTION_NEXT; /* from another program, which has done and counted all */
	}
	reason = frame_begin(&f, skb);
	if (reason || is_group(&f.dst)) {
		if (!reason && f.protocol == bpf_htons(ETH_P_ARP))
			return finish(&f, arp_to_cell(&f), len);
		if (!reason && f.protocol == bpf_htons(ETH_P_IP))
			return finish(&f, to_group(&f), len);
		return finish(&f, TMIP_REASON_NOT_OURS, len);
	}
	if (f.protocol == bpf_htons(ETH_P_ARP))
		return finish(&f, arp_to_cell(&f), len);
	if (f.protocol != bpf_htons(ETH_P_IP))
		return finish(&f, TMIP_REASON_NOT_OURS, len);
	return finish(&f, to_station(&f), len);
}
