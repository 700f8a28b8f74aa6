/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tmip_stand_in_out: packets that the kernel sends to the stand-in of a cell (tc egress). The
 * kernel does so while its route to the subnet does not lead to the cell: the cell's interface is
 * down, gone, or without its address. Stations that are elsewhere get their packets as ever, and so
 * does a station that is in the cell in spite of that. Nobody else can be reached.
 *
 * The helpers return a reason or its negative. finish() counts it and returns the action.
 */
#include "finish.h"
#include "hold.h"
#include "to_subnet.h"

static __always_inline int to_station(struct frame *f, __u32 cell)
{
	struct station to;

	f->station = f->ip.dst;
	find_station(f, f->ip.dst, &to);
	if (to.home_ifindex != cell || !(to.ifindex || is_absent(&to)))
		return TMIP_REASON_CELL_DOWN;
	if (is_link_local(f->ip.src) && f->skb->ingress_ifindex)
		return TMIP_REASON_LINK_LOCAL;
	clamp(f, &f->ip, ETH_LEN);
	if (is_held(f, &to))
		return hold(f);
	return to.ifindex ? next_door(f, &to) : to_absent_station(f, &to);
}

static __always_inline int handle(struct frame *f)
{
	const struct tmip_cell *stand_in = find_cell(f->skb->ifindex);
	int reason;

	if (!stand_in)
		return TMIP_REASON_NO_CELL;
	if (f->protocol != bpf_htons(ETH_P_IP))
		return TMIP_REASON_CELL_DOWN;
	if (!may_be_for_group(&f->ip))
		return to_station(f, stand_in->ifindex);
	reason = to_group(f, stand_in->ifindex);
	return reason == TMIP_REASON_NOT_OURS ? to_station(f, stand_in->ifindex) : reason;
}

SEC("tc")
int tmip_stand_in_out(struct __sk_buff *skb)
{
	__u32 len = skb->len;
	struct frame f;
	int reason = frame_begin(&f, skb);

	return finish(&f, reason ? reason : handle(&f), len);
}
