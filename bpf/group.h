/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Broadcast and multicast between a home subnet and its stations that are elsewhere (`multicast home`), so that mDNS, SSDP and
 * the like find what they expect.
 *
 * Up: a roamed station's goes into the tunnel to its parent, or into its home cell, and out of the tunnel into the home cell.
 * Down: what is sent in the home cell, or came up, is copied to the agent, which sends one copy to each CN with guests of the
 * subnet, and there one to each guest. From up to down, and no further: no loop. Limited in number, per subnet and direction.
 */
#ifndef TMIP_BPF_GROUP_H
#define TMIP_BPF_GROUP_H

#include "tunnel.h"

#define PROTO_IGMP 2
#define GROUP_SECOND_NS 1000000000ull
#define GROUP_SSDP 0xeffffffa /* 239.255.255.250, UPnP and WS-Discovery: not link-local, but used as if it were */
#define GROUP_DHCP_SERVER bpf_htons(67)
#define GROUP_DHCP_CLIENT bpf_htons(68)

/* NULL: none of its stations is elsewhere, or here; then nothing is to be done. */
static __always_inline struct tmip_group *find_group(const struct tmip_subnet *subnet)
{
	struct tmip_group_key key = {.parent = subnet->parent, .ifindex = subnet->ifindex};

	return bpf_map_lookup_elem(&tmip_group, &key);
}

/* count: of the group, up or down. Races between CPUs let a few more through: it is a brake, not a meter. */
static __always_inline int group_allowed(const struct frame *f, struct tmip_group *group, __u64 *count)
{
	__u64 now = bpf_ktime_get_coarse_ns();

	if (now - group->window_ns > GROUP_SECOND_NS) {
		group->window_ns = now;
		group->up = 0;
		group->down = 0;
	}
	return __sync_fetch_and_add(count, 1) < f->config->group_burst;
}

/* Nearly all packets are to one host, which is seen without a look-up: no subnet's last address ends in other bits. */
static __always_inline int may_be_for_group(const struct ipv4 *ip)
{
	__u32 dst = bpf_ntohl(ip->dst);

	return dst >> 29 == 7 || ((dst & 3) == 3 && !((dst ^ bpf_ntohl(ip->src)) >> 24));
}

static __always_inline int is_broadcast(const struct ipv4 *ip, __u8 prefix_len)
{
	__u32 dst = bpf_ntohl(ip->dst), host = prefix_len < 32 ? 0xffffffff >> prefix_len : 0;

	return dst == 0xffffffff || (host && dst == (bpf_ntohl(ip->src) | host));
}

/* Up: for all, or for a group, of the subnet of that prefix length that src lies in. Who is in a group (IGMP) is said on each link. */
static __always_inline int is_for_group(const struct ipv4 *ip, __u8 prefix_len)
{
	if (ip->protocol == PROTO_IGMP)
		return 0;
	return bpf_ntohl(ip->dst) >> 28 == 0xe || is_broadcast(ip, prefix_len);
}

/*
 * Down: only what looks for services on a link. Streams to groups with a membership of their own would take the place of these,
 * routers' protocols and DHCP concern the cell itself. `at`: offset of the IPv4 header.
 */
static __always_inline int is_for_link(const struct frame *f, const struct ipv4 *ip, __u32 at, __u8 prefix_len)
{
	__u32 dst = bpf_ntohl(ip->dst);
	__be16 ports[2];

	if (ip->protocol != PROTO_UDP || !(dst >> 8 == 0xe00000 || dst == GROUP_SSDP || is_broadcast(ip, prefix_len)))
		return 0;
	if (ip->frag & IPV4_OFFSET)
		return 1;
	return bpf_skb_load_bytes(f->skb, at + ip->header_len, ports, sizeof(ports)) == 0 && ports[1] != GROUP_DHCP_SERVER &&
	       ports[1] != GROUP_DHCP_CLIENT;
}

/* A copy to the agent; the frame goes on. Nonzero: there is no agent. */
static __always_inline int group_copy(struct frame *f)
{
	return bpf_clone_redirect(f->skb, f->config->buffer_ifindex, 0);
}

/* A frame to a group in the cell that its source address belongs to, from a station there or from this host. */
static __always_inline int group_in_cell(struct frame *f, const struct tmip_subnet *subnet, struct tmip_group *group)
{
	if (!is_for_link(f, &f->ip, ETH_LEN, subnet->prefix_len))
		return TMIP_REASON_GROUP;
	if (!group_allowed(f, group, &group->down) || group_copy(f))
		return TMIP_REASON_GROUP_NOT_COPIED;
	return TMIP_REASON_GROUP_COPIED;
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
static __always_inline int group_send(struct frame *f, __be32 dst, const struct station *from)
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

#endif
