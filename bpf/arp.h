/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ARP (RFC 826) in a cell. For guests, this CN answers for all stations and gateways that they
 * believe to be on their link. It also answers for stations of the cell that are away, both to
 * other stations and to its own kernel. A probe (RFC 5227) gets the same answers, so nobody takes
 * an address that a station or a gateway has. For an address that no station has, the agent asks
 * the CN of its subnet.
 *
 * cell_ingress.bpf.c calls arp_from_cell, cell_egress.bpf.c calls arp_to_cell. Both return a
 * reason.
 */
#ifndef TMIP_BPF_ARP_H
#define TMIP_BPF_ARP_H

#include "forward.h"
#include "hold.h"
#include "notice.h"
#include "other_mac.h"
#include "overheard.h"
#include "tell.h"

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

/* Asks for another address. One that asks for its own announces it (RFC 5227, 3). */
static __always_inline int asks(const struct arp *arp)
{
	return arp->operation == bpf_htons(ARP_REQUEST) && arp->target != arp->sender;
}

/* Answers a question. An announcement names its sender as the target (RFC 5227, 3). */
static __always_inline int answers(const struct arp *arp)
{
	return arp->operation == bpf_htons(ARP_REPLY) && arp->target != arp->sender;
}

/*
 * Notifies the agent of what the packet says about its sender, if that is news. other: it comes
 * from a MAC of the station that is not in use.
 */
static __always_inline void notify_arp(struct frame *f, const struct arp *arp,
				       const struct station *sender, int other)
{
	if (!arp->sender) {
		notify(f, TMIP_EVENT_SEEN, 0, ABOUT_OTHER);
		return;
	}
	if (other) {
		notify(f, answers(arp) ? TMIP_EVENT_ANSWERED : TMIP_EVENT_SEEN, arp->sender,
		       ABOUT_STATION);
		return;
	}
	if (sender->state && !same_mac(&sender->mac, &f->src)) {
		notify(f, asks(arp) ? TMIP_EVENT_ASKED : TMIP_EVENT_CONFLICT, arp->sender,
		       ABOUT_RIVAL);
		return;
	}
	if (sender->state == TMIP_STATION_BLOCKED)
		return;
	if (is_in_cell(sender, f->skb->ifindex)) {
		update_heard(f, sender);
		if (!(sender->flags & TMIP_STATION_F_SILENT))
			return;
	}
	/*
	 * A host may answer on one interface for the address of another, so the agent decides
	 * whether the station has come here. If there is none, the program believes the packet.
	 */
	if (sender->state && !agent_is_away()) {
		notify(f, TMIP_EVENT_SEEN, arp->sender, ABOUT_STATION);
	} else if (sender->state) {
		if (notify(f, TMIP_EVENT_ARRIVED, arp->sender, ABOUT_STATION))
			tell_others(f, sender);
	} else if (find_subnet(arp->sender)) {
		notify(f, asks(arp) ? TMIP_EVENT_ASKED : TMIP_EVENT_SEEN, arp->sender, ABOUT_OTHER);
	}
}

/* Is it a station that belongs to another cell than this, and uses its own address? */
static __always_inline int is_guest(const struct frame *f, const struct station *s, int other)
{
	return s->state && s->state != TMIP_STATION_BLOCKED &&
	       s->home_ifindex != f->skb->ifindex && (other || same_mac(&s->mac, &f->src));
}

/* Does a host ask for its gateway by a MAC that is not in use? Its packets come by that, too. */
static __always_inline int asks_for_gateway(const struct frame *f, const struct arp *arp)
{
	return asks(arp) && arp->target == ipv4_of(&f->cell->gateway);
}

/* Is it the address of a CN in another cell than this, for the stations there their gateway? */
static __always_inline int is_far_gateway(const struct frame *f, __be32 ipv4)
{
	const struct tmip_subnet *subnet = find_subnet(ipv4);

	return subnet && subnet->ifindex != f->skb->ifindex &&
	       ipv4_of(&subnet->gateway) == ipv4;
}

/*
 * Does this CN answer in place of the target? All that hosts ask for here and that is behind this
 * CN. Stations in this cell answer themselves, as does the kernel for its own address; nobody
 * answers for an address that the station asks for as its own, or that no station has.
 */
static __always_inline int answers_for(struct frame *f, const struct arp *arp,
				       const struct station *sender, const struct station *target,
				       int other)
{
	__u32 ifindex = f->skb->ifindex;

	if (!asks(arp))
		return 0;
	if (other && asks_for_gateway(f, arp))
		return 1;
	if (target->state ? target->state == TMIP_STATION_BLOCKED || is_in_cell(target, ifindex) ||
				    same_mac(&target->mac, &f->src) :
			    !is_far_gateway(f, arp->target))
		return 0;
	/* A probe: whoever else it is must not use that address (RFC 5227, 2.1). */
	if (!arp->sender)
		return (!(target->flags & TMIP_STATION_F_SILENT) ||
			target->flags & TMIP_STATION_F_HELD) &&
		       !(target->state && is_other_mac(f, arp->target));
	return is_guest(f, sender, other) || (target->home_ifindex == ifindex && is_absent(target));
}

/*
 * A guest asks for a neighbour at home that is no station. The CN of the subnet knows whether there
 * is one. Who probes an address may be a guest: the agent knows its MAC.
 */
static __always_inline int is_wanted(const struct frame *f, const struct arp *arp,
				     const struct station *sender, const struct station *target,
				     int other)
{
	const struct tmip_subnet *subnet;

	if (!asks(arp) || target->state || (arp->sender && !is_guest(f, sender, other)))
		return 0;
	subnet = find_subnet(arp->target);
	if (!arp->sender)
		return subnet && subnet->ifindex != f->skb->ifindex;
	return subnet && subnet->ifindex == sender->home_ifindex &&
	       (subnet->ifindex || ipv4_of(&subnet->parent) == sender->parent);
}

/* ARP from a station. */
static __always_inline int arp_from_cell(struct frame *f)
{
	struct station sender, target;
	struct arp arp;
	int other = 0;

	if (parse_arp(f, &arp))
		return TMIP_REASON_MALFORMED;
	find_station(f, arp.sender, &sender);
	find_station(f, arp.target, &target);
	note_host(f);
	if (sender.state && !same_mac(&sender.mac, &f->src))
		other = is_other_mac(f, arp.sender);
	notify_arp(f, &arp, &sender, other);
	if (sender.state && !other && !same_mac(&sender.mac, &f->src)) {
		f->station = arp.sender; /* dropped, so that nobody here learns the wrong MAC */
		return TMIP_REASON_WRONG_MAC;
	}
	if (is_overheard(f, &target))
		return TMIP_REASON_NOT_OURS;
	if (!answers_for(f, &arp, &sender, &target, other)) {
		if (is_wanted(f, &arp, &sender, &target, other))
			notify(f, TMIP_EVENT_WANTED, arp.target, ABOUT_OTHER);
		/* Nobody here must learn a MAC by which the host gets no packets. */
		return other ? TMIP_REASON_OTHER_MAC : TMIP_REASON_NOT_OURS;
	}
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
