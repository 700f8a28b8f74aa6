/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Broadcast and multicast between a home subnet and its stations that are elsewhere (`multicast
 * home`), so that mDNS, SSDP and the like find what they expect. The programs of cells and backbone
 * call these functions.
 *
 * Up: a roamed station's packet goes into its home cell, through the tunnel to its parent if need
 * be. Down: the agent gets a copy of a packet that was sent in the home cell or came up. It sends
 * one copy to each CN with guests of the subnet; that CN's agent sends one to each guest. A packet
 * that came up may go down and no further, so there is no loop. Each subnet and direction has a
 * rate limit.
 */
#ifndef TMIP_BPF_GROUP_H
#define TMIP_BPF_GROUP_H

#include "too_big.h"

#define PROTO_IGMP 2
#define GROUP_SECOND_NS 1000000000ull
/* 239.255.255.250, UPnP and WS-Discovery: not link-local, but used as if it were. */
#define GROUP_SSDP 0xeffffffa
#define GROUP_DHCP_SERVER bpf_htons(67)
#define GROUP_DHCP_CLIENT bpf_htons(68)

/*
 * The subnet's entry. NULL: there is nothing to do, because none of its stations is elsewhere (a
 * subnet of this CN) or here (a subnet of another CN).
 */
static __always_inline struct tmip_group *find_group(const struct tmip_subnet *subnet)
{
	struct tmip_group_key key = {.parent = subnet->parent, .ifindex = subnet->ifindex};

	return bpf_map_lookup_elem(&tmip_group, &key);
}

/*
 * `count`: &group->up or &group->down. If CPUs race, a few more packets pass; the limit need not be
 * exact.
 */
static __always_inline int group_allowed(const struct frame *f, struct tmip_group *group,
					 __u64 *count)
{
	__u64 now = bpf_ktime_get_coarse_ns();

	if (now - group->window_ns > GROUP_SECOND_NS) {
		group->window_ns = now;
		group->up = 0;
		group->down = 0;
	}
	return __sync_fetch_and_add(count, 1) < f->config->group_burst;
}

/*
 * Recognises nearly all unicast packets without a look-up. A group's address is in 224/3. A
 * subnet's last address ends with the bits 11, and begins like the source address.
 */
static __always_inline int may_be_for_group(const struct ipv4 *ip)
{
	__u32 dst = bpf_ntohl(ip->dst);

	return dst >> 29 == 7 || ((dst & 3) == 3 && !((dst ^ bpf_ntohl(ip->src)) >> 24));
}

static __always_inline int is_broadcast(const struct ipv4 *ip, __u8 prefix_len)
{
	__u32 dst = bpf_ntohl(ip->dst);
	__u32 host = prefix_len < 32 ? 0xffffffff >> prefix_len : 0;

	return dst == 0xffffffff || (host && dst == (bpf_ntohl(ip->src) | host));
}

/*
 * Does the packet go up? Broadcasts of the source's subnet (which has that prefix length) and
 * multicasts do. IGMP does not: the members of a group are announced on each link separately.
 */
static __always_inline int is_for_group(const struct ipv4 *ip, __u8 prefix_len)
{
	if (ip->protocol == PROTO_IGMP)
		return 0;
	return bpf_ntohl(ip->dst) >> 28 == 0xe || is_broadcast(ip, prefix_len);
}

/*
 * Does the packet go down? Only if it looks for services on the link. Streams to groups that have
 * members of their own would use up the limit; routers' protocols and DHCP concern the cell itself.
 * `at`: offset of the IPv4 header.
 */
static __always_inline int is_for_link(const struct frame *f, const struct ipv4 *ip, __u32 at,
				       __u8 prefix_len)
{
	__u32 dst = bpf_ntohl(ip->dst);
	__be16 ports[2];

	if (ip->protocol != PROTO_UDP)
		return 0;
	if (dst >> 8 != 0xe00000 && dst != GROUP_SSDP && !is_broadcast(ip, prefix_len))
		return 0;
	if (ip->frag & IPV4_OFFSET)
		return 1;
	return bpf_skb_load_bytes(f->skb, at + ip->header_len, ports, sizeof(ports)) == 0 &&
	       ports[1] != GROUP_DHCP_SERVER && ports[1] != GROUP_DHCP_CLIENT;
}

/* Sends a copy to the agent; the frame itself goes on. Nonzero: there is no agent. */
static __always_inline int group_copy(struct frame *f)
{
	return bpf_clone_redirect(f->skb, f->config->buffer_ifindex, 0);
}

/*
 * A broadcast or multicast in the cell that its source address belongs to, sent by a station there
 * or by this host.
 */
static __always_inline int group_in_cell(struct frame *f, const struct tmip_subnet *subnet,
					 struct tmip_group *group)
{
	if (!is_for_link(f, &f->ip, ETH_LEN, subnet->prefix_len))
		return TMIP_REASON_GROUP;
	if (!group_allowed(f, group, &group->down) || group_copy(f))
		return TMIP_REASON_GROUP_NOT_COPIED;
	return TMIP_REASON_GROUP_COPIED;
}

/* The MAC of a multicast address (RFC 1112, 6.4). Any other address gets the broadcast MAC. */
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

/* Sends the frame into a cell, from the MAC of this CN. 0 or a reason. */
static __always_inline int group_put(struct frame *f, __be32 dst, __u32 ifindex)
{
	const struct tmip_cell *cell = find_cell(ifindex);
	struct tmip_mac mac = group_mac(dst);

	if (!cell)
		return TMIP_REASON_NO_CELL;
	if (cell->flags & TMIP_CELL_F_DOWN)
		return TMIP_REASON_CELL_DOWN;
	if (write_macs(f->skb, &mac, &cell->mac))
		return TMIP_REASON_HEADROOM;
	f->skb->mark = MARK_TRUSTED;
	f->action = bpf_redirect(ifindex, 0);
	return 0;
}

/* Sends the frame with the packet `ip` into the station's home cell. */
static __always_inline int group_send(struct frame *f, const struct ipv4 *ip,
				      const struct station *from)
{
	const struct limit limit = {.mtu = device_mtu(f, from->home_ifindex),
				    .to = from->home_ifindex, .told = TMIP_REASON_ICMP_CELL,
				    .way = TMIP_FRAGMENT_CELL};

	if (segment_len(f->skb, ip, ETH_LEN) > limit.mtu)
		return too_big_for_group(f, ip, &limit);
	return group_put(f, ip->dst, from->home_ifindex) ?: TMIP_REASON_GROUP_HOME;
}

#endif
