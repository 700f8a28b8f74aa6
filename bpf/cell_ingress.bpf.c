/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tmip_cell_in: frames that stations send (tc ingress of a cell). The program finds out who the
 * sender is, whether it may send, and where the packet goes: to the kernel, into a tunnel, into
 * another cell, to the agent. A station that the map shows elsewhere has just arrived: the program
 * notifies the agent, and sends the station's packets on at once.
 *
 * The helpers return a reason or its negative. finish() counts it and returns the action.
 */
#include "arp.h"
#include "dhcp.h"
#include "direct.h"
#include "finish.h"
#include "group.h"
#include "hold.h"
#include "mss.h"
#include "overheard.h"
#include "plain.h"
#include "tell.h"

/* Addresses in 0/8, 127/8 and 169.254/16 do not identify a station. */
static __always_inline int is_no_identity(__be32 ipv4)
{
	__u32 host = bpf_ntohl(ipv4);

	return host >> 24 == 0 || host >> 24 == 127 || host >> 16 == 0xa9fe;
}

/*
 * From a source address that the station map does not know, or knows with another MAC: `from` is
 * what it says of that address. The sender may be another router of the cell.
 */
static __always_inline int from_stranger(struct frame *f, const struct station *from)
{
	const struct tmip_subnet *subnet;
	struct station to;

	note_host(f);
	find_station(f, f->ip.dst, &to);
	if (is_overheard(f, &to))
		return TMIP_REASON_NOT_OURS;
	f->station = f->ip.src;
	if (from->state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_BLOCKED;
	if (from->state) {
		notify(f, TMIP_EVENT_CONFLICT, f->ip.src, ABOUT_RIVAL);
		return TMIP_REASON_WRONG_MAC;
	}
	if (is_no_identity(f->ip.src)) {
		notify(f, TMIP_EVENT_SEEN, 0, ABOUT_OTHER);
		return f->skb->pkt_type == PACKET_HOST && leaves_link(f, &f->ip, f->skb->ifindex) ?
			       TMIP_REASON_LINK_LOCAL : TMIP_REASON_NOT_OURS;
	}
	subnet = find_subnet(f->ip.src);
	if (!subnet)
		return TMIP_REASON_FOREIGN_SOURCE;
	notify(f, TMIP_EVENT_SEEN, f->ip.src, ABOUT_OTHER);
	return subnet->ifindex == f->skb->ifindex ? TMIP_REASON_UNREGISTERED_HOME :
						    TMIP_REASON_UNREGISTERED;
}

/* Into the tunnel. */
static __always_inline int to_tunnel(struct frame *f, __be32 remote, int reason)
{
	struct route route;
	int error = route_lookup(f, remote, wire_len(f), &route);

	if (error == -TMIP_REASON_TOO_BIG) {
		const struct limit limit = tunnel_limit(&route, remote);

		return too_big_from_cell(f, &limit);
	}
	if (!error)
		error = encap_over(f, remote, &route);
	return error ? error : reason;
}

/*
 * A station that has come home may still send to the MAC of the CN that it visited: there that MAC
 * stood for its gateway, and for its neighbours at home. Such a frame (PACKET_OTHERHOST) is for the
 * kernel all the same, or for the neighbour.
 */
static __always_inline int pass_home(struct frame *f, const struct station *to)
{
	const struct tmip_subnet *subnet;

	if (f->skb->pkt_type != PACKET_OTHERHOST)
		return TMIP_REASON_HOME;
	if (is_in_cell(to, f->skb->ifindex))
		return same_mac(&to->mac, &f->dst) ? TMIP_REASON_HOME : send_next_door(f, to);
	subnet = find_subnet(f->ip.dst);
	if (subnet && subnet->ifindex == f->skb->ifindex && !to->state)
		return TMIP_REASON_HOME;
	write_macs(f->skb, &f->cell->mac, &f->src);
	bpf_skb_change_type(f->skb, PACKET_HOST);
	return TMIP_REASON_HOME;
}

/* Past netfilter, if `fastpath home` is on and the kernel's tables suffice (plain.h). Else 0. */
static __always_inline int to_backbone(struct frame *f)
{
	struct way way = {.from = f->skb->ifindex, .to = f->config->backbone_ifindex,
			  .len = segment_len(f->skb, &f->ip, ETH_LEN)};
	int error;

	if (!(f->config->flags & TMIP_CONFIG_FASTPATH_HOME) || f->skb->pkt_type != PACKET_HOST)
		return 0;
	if (!plain_way(f->skb, &f->ip, &way, 0))
		return 0;
	error = plain_send(f, &way);
	return error ? error : TMIP_REASON_FORWARDED;
}

/* From a station whose parent is this CN. */
static __always_inline int from_own(struct frame *f, const struct station *from,
				    const struct station *to)
{
	int error;

	/* Between neighbours of the same subnet the kernel has no part. */
	if (to->home_ifindex == from->home_ifindex && to->state == TMIP_STATION_AWAY &&
	    is_held(f, to))
		return hold(f);
	if (to->home_ifindex == from->home_ifindex && to->state == TMIP_STATION_AWAY)
		return to_tunnel(f, to->current, TMIP_REASON_ENCAP_VISITED);
	if (to->home_ifindex == from->home_ifindex && to->ifindex &&
	    to->ifindex != f->skb->ifindex)
		return send_next_door(f, to);
	error = send_direct(f, from, to);
	if (error)
		return error;
	if (f->skb->ifindex == from->home_ifindex)
		return to_backbone(f) ?: pass_home(f, to);
	error = send_kernel(f, from);
	return error ? error : TMIP_REASON_NEXT_DOOR;
}

/* A broadcast or multicast, which the other stations of this cell have received already. */
static __always_inline int from_group(struct frame *f, const struct station *from)
{
	const struct tmip_subnet *subnet = 0;
	struct tmip_group *group;

	if (f->config->flags & TMIP_CONFIG_GROUP_HOME)
		subnet = find_subnet(f->ip.src);
	group = subnet ? find_group(subnet) : 0;
	if (!group)
		return TMIP_REASON_GROUP;
	if (from->home_ifindex == f->skb->ifindex)
		return group_in_cell(f, subnet, group);
	if (!is_for_group(&f->ip, subnet->prefix_len))
		return TMIP_REASON_GROUP;
	if (!group_allowed(f, group, &group->up))
		return TMIP_REASON_GROUP_RATE;
	if (!from->home_ifindex)
		return to_tunnel(f, from->parent, TMIP_REASON_GROUP_HOME);
	if (is_for_link(f, &f->ip, ETH_LEN, subnet->prefix_len))
		group_copy(f);
	return group_send(f, &f->ip, from);
}

static __always_inline int from_station(struct frame *f)
{
	struct station from, to;
	int arrived = 0, other = 0, error;

	find_station(f, f->ip.src, &from);
	if (from.state && !same_mac(&from.mac, &f->src))
		other = is_other_mac(f, f->ip.src);
	if (!from.state || (!other && !same_mac(&from.mac, &f->src)))
		return from_stranger(f, &from);
	f->station = f->ip.src;
	if (from.state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_BLOCKED;
	if (!other && is_in_cell(&from, f->skb->ifindex))
		update_heard(f, &from);
	if (other)
		notify(f, TMIP_EVENT_SEEN, f->ip.src, ABOUT_STATION);
	else if (!is_in_cell(&from, f->skb->ifindex) || from.flags & TMIP_STATION_F_SILENT)
		arrived = notify(f, TMIP_EVENT_ARRIVED, f->ip.src, ABOUT_STATION);
	if (arrived) {
		tell_others(f, &from);
		find_station(f, f->ip.src, &from);
		if (!from.state)
			return TMIP_REASON_UNREGISTERED; /* the entry was deleted just now */
	}
	if (!other && is_in_cell(&from, f->skb->ifindex) && from.flags & TMIP_STATION_F_FRESH)
		f->outer_id = HANDOVER_ID;
	if (is_group(&f->dst))
		return from_group(f, &from);
	find_station(f, f->ip.dst, &to);
	if (is_overheard(f, &to))
		return TMIP_REASON_NOT_OURS;
	if (from.home_ifindex && leaves_link(f, &f->ip, from.home_ifindex))
		return TMIP_REASON_LINK_LOCAL;
	clamp(f, &f->ip, ETH_LEN);
	if (from.home_ifindex)
		return from_own(f, &from, &to);
	error = send_direct(f, &from, &to);
	if (error)
		return error;
	return to_tunnel(f, from.parent, TMIP_REASON_ENCAP_PARENT);
}

/* To the DHCP server. A client that renews its lease has the address of a station already. */
static __always_inline int from_client(struct frame *f)
{
	struct station from;

	find_station(f, f->ip.src, &from);
	if (!from.state || from.state == TMIP_STATION_BLOCKED || !same_mac(&from.mac, &f->src) ||
	    is_in_cell(&from, f->skb->ifindex))
		notify(f, TMIP_EVENT_SEEN, 0, ABOUT_OTHER);
	else if (notify(f, TMIP_EVENT_ARRIVED, f->ip.src, ABOUT_STATION))
		tell_others(f, &from);
	return punt(f, TMIP_PUNT_DHCP);
}

static __always_inline int handle(struct frame *f)
{
	f->cell = find_cell(f->skb->ifindex);
	if (!f->cell)
		return TMIP_REASON_NO_CELL;
	if (is_no_host(&f->src))
		return TMIP_REASON_MALFORMED;
	if (f->protocol == bpf_htons(ETH_P_ARP))
		return arp_from_cell(f);
	if (f->protocol != bpf_htons(ETH_P_IP)) {
		note_host(f);
		notify(f, TMIP_EVENT_SEEN, 0, ABOUT_OTHER);
		return TMIP_REASON_NOT_OURS;
	}
	return is_dhcp(f) ? from_client(f) : from_station(f);
}

SEC("tc")
int tmip_cell_in(struct __sk_buff *skb)
{
	__u32 len = skb->len;
	struct frame f;
	int reason;

	if (skb->mark == MARK_TRUSTED) {
		skb->mark = 0;
		/* Whatever MAC the interface has at this moment, the frame is for this host. */
		if (skb->pkt_type != PACKET_HOST)
			bpf_skb_change_type(skb, PACKET_HOST);
		return ACTION_NEXT; /* the program that put the frame here has counted it */
	}
	if (skb->mark == MARK_TELL) {
		skb->mark = 0;
		reason = frame_begin(&f, skb);
		return finish(&f, reason ? reason : become_tidings(&f), len);
	}
	reason = frame_begin(&f, skb);
	return finish(&f, reason ? reason : handle(&f), len);
}
