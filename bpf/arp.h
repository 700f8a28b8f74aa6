/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ARP (RFC 826) in a cell. For guests, this CN answers for everything that they believe to be on
 * their link: their gateway and their neighbours at home. It also answers for stations of the cell
 * that are away, both to other stations and to its own kernel.
 *
 * cell_ingress.bpf.c calls arp_from_cell, cell_egress.bpf.c calls arp_to_cell. Both return a
 * reason.
 */
#ifndef TMIP_BPF_ARP_H
#define TMIP_BPF_ARP_H

#include "forward.h"
#include "hold.h"
#include "notice.h"
#include "overheard.h"

#define ARP_REQUEST 1
#define ARP_REPLY 2

/* An ARP packet for IPv4 over Ethernet. */
struct arp {
	__be16 hardware, protocol;
	__u8 hardware_len, protocol_len;
	__be16 operation;
	struct tmip_mac sender_mac;
	__be32 sender;
	struct tmip_mac target_mac;
	__be32 target;
} __attribute__((packed));

static __always_inline int parse_arp(struct frame *f, struct arp *arp)
{
	if (bpf_skb_load_bytes(f->skb, ETH_LEN, arp, sizeof(*arp)) < 0)
		return -TMIP_REASON_MALFORMED;
	if (arp->hardware != bpf_htons(1) || arp->protocol != bpf_htons(ETH_P_IP) ||
	    arp->hardware_len != 6 || arp->protocol_len != 4)
		return -TMIP_REASON_MALFORMED;
	return 0;
}

/* Turns the request into the reply "the target is at `mac`". */
static __always_inline int reply_in_place(struct frame *f, struct arp *arp,
					  const struct tmip_mac *mac)
{
	__be32 target = arp->target;

	arp->operation = bpf_htons(ARP_REPLY);
	arp->target_mac = arp->sender_mac;
	arp->target = arp->sender;
	arp->sender_mac = *mac;
	arp->sender = target;
	if (bpf_skb_store_bytes(f->skb, ETH_LEN, arp, sizeof(*arp), 0) ||
	    write_macs(f->skb, &arp->target_mac, mac))
		return -TMIP_REASON_MALFORMED;
	return 0;
}

/* Notifies the agent of what the packet says about its sender, if that is news. */
static __always_inline void notify_arp(struct frame *f, const struct arp *arp,
				       const struct station *sender)
{
	const struct tmip_subnet *subnet;

	if (!arp->sender) {
		notify(f, TMIP_EVENT_SEEN, 0);
		return;
	}
	if (sender->state && !same_mac(&sender->mac, &f->src)) {
		notify(f, TMIP_EVENT_CONFLICT, arp->sender);
		return;
	}
	if (is_in_cell(sender, f->skb->ifindex)) {
		update_heard(f, sender);
		if (!(sender->flags & TMIP_STATION_F_SILENT))
			return;
	}
	subnet = find_subnet(arp->sender);
	if (subnet)
		notify(f, TMIP_EVENT_SEEN, arp->sender);
}

/* Does this CN answer in place of the target? */
static __always_inline int answers_for(const struct frame *f, const struct arp *arp,
				       const struct station *sender, const struct station *target)
{
	__u32 ifindex = f->skb->ifindex;

	if (arp->operation != bpf_htons(ARP_REQUEST) || arp->target == arp->sender)
		return 0;
	if (target->home_ifindex == ifindex && is_absent(target))
		return !same_mac(&target->mac, &f->src);
	/*
	 * A guest asks for its gateway or for a neighbour at home. All of them are behind this CN,
	 * except the stations that are in this cell too: those answer themselves.
	 */
	return sender->state && sender->state != TMIP_STATION_BLOCKED &&
	       sender->home_ifindex != ifindex && same_mac(&sender->mac, &f->src) &&
	       !is_in_cell(target, ifindex);
}

/* ARP from a station. */
static __always_inline int arp_from_cell(struct frame *f)
{
	struct station sender, target;
	struct arp arp;

	if (parse_arp(f, &arp))
		return TMIP_REASON_MALFORMED;
	find_station(f, arp.sender, &sender);
	find_station(f, arp.target, &target);
	note_host(f);
	notify_arp(f, &arp, &sender);
	if (sender.state && !same_mac(&sender.mac, &f->src)) {
		f->station = arp.sender; /* dropped, so that nobody here learns the wrong MAC */
		return TMIP_REASON_WRONG_MAC;
	}
	if (is_overheard(f, &target) || !answers_for(f, &arp, &sender, &target))
		return TMIP_REASON_NOT_OURS;
	if (reply_in_place(f, &arp, &f->cell->mac))
		return TMIP_REASON_MALFORMED;
	f->action = bpf_redirect(f->skb->ifindex, 0);
	return TMIP_REASON_ARP_ANSWERED;
}

/*
 * ARP from this host into a cell. If the kernel asks for a station that is away, or for one that
 * has left its cell and whose packets are held, the program answers with the station's own MAC,
 * which the kernel knew while the station was here.
 */
static __always_inline int arp_to_cell(struct frame *f)
{
	struct station target;
	struct arp arp;

	if (parse_arp(f, &arp) || arp.operation != bpf_htons(ARP_REQUEST))
		return TMIP_REASON_NOT_OURS;
	find_station(f, arp.target, &target);
	if (target.home_ifindex != f->skb->ifindex || !(is_absent(&target) || is_held(f, &target)))
		return TMIP_REASON_NOT_OURS;
	if (reply_in_place(f, &arp, &target.mac))
		return TMIP_REASON_MALFORMED;
	f->skb->mark = MARK_TRUSTED;
	f->action = bpf_redirect(f->skb->ifindex, BPF_F_INGRESS);
	return TMIP_REASON_ARP_ABSENT;
}

#endif
