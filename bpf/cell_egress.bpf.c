/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tmip_cell_out: frames that the kernel sends into a cell (tc egress). A packet for a station of
 * the cell that is away goes into the tunnel, or to another cell of this CN. That covers every
 * packet that is not a plain one from the backbone: answers after NAT, packets of local processes
 * and of other cells, packets that the kernel had to fragment.
 *
 * The helpers return a reason or its negative. finish() counts it and returns the action.
 */
#include "arp.h"
#include "finish.h"
#include "hold.h"
#include "to_subnet.h"

static __always_inline int to_station(struct frame *f)
{
	struct station to;

	find_station(f, f->ip.dst, &to);
	if (!to.state)
		return TMIP_REASON_NOT_OURS;
	f->station = f->ip.dst;
	if (is_link_local(f->ip.src) && f->skb->ingress_ifindex)
		return TMIP_REASON_LINK_LOCAL; /* the kernel has forwarded it */
	clamp(f, &f->ip, ETH_LEN);
	if (is_held(f, &to) &&
	    (is_in_cell(&to, f->skb->ifindex) || to.state == TMIP_STATION_AWAY))
		return hold(f);
	/*
	 * The kernel's neighbour table may be wrong: it may have learned the MAC before the address
	 * was registered, or from a liar.
	 */
	if (is_in_cell(&to, f->skb->ifindex) && !same_mac(&to.mac, &f->dst))
		write_macs(f->skb, &to.mac, &f->src);
	if (to.home_ifindex != f->skb->ifindex || !is_absent(&to))
		return TMIP_REASON_NOT_OURS;
	return to_absent_station(f, &to);
}

SEC("tc")
int tmip_cell_out(struct __sk_buff *skb)
{
	__u32 len = skb->len;
	struct frame f;
	int reason;

	if (skb->mark == MARK_TRUSTED) {
		skb->mark = 0;
		return ACTION_NEXT; /* another program sent the frame: it has counted it already */
	}
	reason = frame_begin(&f, skb);
	if (reason || is_group(&f.dst)) {
		if (!reason && f.protocol == bpf_htons(ETH_P_ARP))
			return finish(&f, arp_to_cell(&f), len);
		if (!reason && f.protocol == bpf_htons(ETH_P_IP))
			return finish(&f, to_group(&f, skb->ifindex), len);
		return finish(&f, TMIP_REASON_NOT_OURS, len);
	}
	if (f.protocol == bpf_htons(ETH_P_ARP))
		return finish(&f, arp_to_cell(&f), len);
	if (f.protocol != bpf_htons(ETH_P_IP))
		return finish(&f, TMIP_REASON_NOT_OURS, len);
	return finish(&f, to_station(&f), len);
}
