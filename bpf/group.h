/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Broadcast and multicast of a station that is not in its home cell (`multicast home`): one copy goes to its home subnet, where mDNS or
 * SSDP expect it. From a cell into a tunnel or its home cell, out of a tunnel into the home cell, and no further: no loop.
 */
#ifndef TMIP_BPF_GROUP_H
#define TMIP_BPF_GROUP_H

#include "tunnel.h"

#define PROTO_IGMP 2
#define GROUP_SECOND_NS 1000000000ull

/* Of the current second. Races between CPUs let a few more through. */
static struct {
	__u64 window_ns;
	__u64 packets;
} group_budget;

static __always_inline int group_allowed(const struct frame *f)
{
	__u64 now = bpf_ktime_get_coarse_ns();

	if (now - group_budget.window_ns > GROUP_SECOND_NS) {
		group_budget.window_ns = now;
		group_budget.packets = 0;
	}
	return __sync_fetch_and_add(&group_budget.packets, 1) < f->config->group_burst; /* also keeps clang from taking the struct apart */
}

/* For all, or for a group, of the subnet of that prefix length that src lies in. Who is in a group (IGMP) is said on each link. */
static __always_inline int is_for_group(const struct ipv4 *ip, __u8 prefix_len)
{
	__u32 dst = bpf_ntohl(ip->dst), host = prefix_len < 32 ? 0xffffffff >> prefix_len : 0;

	if (ip->protocol == PROTO_IGMP)
		return 0;
	return dst >> 28 == 0xe || dst == 0xffffffff || (host && dst == (bpf_ntohl(ip->src) | host));
}

/* RFC 1112, 6.4. */
static __always_inline struct tmip_mac group_mac(__be32 ipv4)
{
	__u32 dst = bpf_ntohl(ipv4);
	struct tmip_mac mac;

	__builtin_memset(&mac, 0xff, sizeof(mac));
	if (dst >> 28 != 0xe)
		return mac;
	mac.octet[0] = 0x01;
	mac.octet[1] = 0x00;
	mac.octet[2] = 0x5e;
	mac.octet[3] = dst >> 16 & 0x7f;
	mac.octet[4] = dst >> 8;
	mac.octet[5] = dst;
	return mac;
}

/* Into its home cell, from this CN. */
static __always_inline int group_send(struct frame *f, __be32 dst, const struct tmip_station *from)
{
	const struct tmip_cell *cell = find_cell(from->home_ifindex);
	struct tmip_mac mac = group_mac(dst);

	if (!cell)
		return TMIP_REASON_NO_CELL;
	if (write_macs(f->skb, &mac, &cell->mac))
		return TMIP_REASON_HEADROOM;
	f->skb->mark = MARK_TRUSTED;
	f->action = bpf_redirect(from->home_ifindex, 0);
	return TMIP_REASON_GROUP_HOME;
}

/* Does a frame to a group belong in the station's home subnet, which this is not? */
static __always_inline int group_roamed(const struct frame *f, const struct tmip_station *from)
{
	const struct tmip_subnet *subnet;

	if (!(f->config->flags & TMIP_CONFIG_GROUP_HOME) || from->home_ifindex == f->skb->ifindex)
		return 0;
	subnet = find_subnet(f->ip.src);
	return subnet && is_for_group(&f->ip, subnet->prefix_len);
}

/* Out of a tunnel, from a station of ours: is it for a group of its home subnet? */
static __always_inline int group_came(const struct frame *f, const struct ipv4 *inner, const struct tmip_station *from)
{
	const struct tmip_cell *cell;

	if (!(f->config->flags & TMIP_CONFIG_GROUP_HOME))
		return 0;
	cell = find_cell(from->home_ifindex);
	return cell && is_for_group(inner, cell->prefix_len);
}

#endif
