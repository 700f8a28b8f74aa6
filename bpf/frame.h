/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frame and what was read from its headers. Parsers take a cursor and an end, check before every read, call no
 * helper, and copy what is needed, so that no pointer into the packet outlives a change of it. They return 0 or
 * -TMIP_REASON_MALFORMED.
 */
#ifndef TMIP_BPF_FRAME_H
#define TMIP_BPF_FRAME_H

#include "maps.h"

#include <bpf/bpf_endian.h>

#define ETH_LEN 14
#define IPV4_LEN 20
#define IPV4_MF 0x2000
#define IPV4_DF 0x4000
#define IPV4_OFFSET 0x1fff
#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#define VLAN_ID 0x0fff
#define PROTO_ICMP 1
#define PROTO_IPIP 4
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PACKET_HOST 0
#define PACKET_OTHERHOST 3
#define PULL_LEN (ETH_LEN + 2 * IPV4_LEN + 20) /* enough for outer, inner and transport header without options */

struct ipv4 {
	__be32 src, dst;
	__u16 header_len; /* bytes */
	__u16 total_len;
	__u16 frag;       /* flags and offset, host order */
	__u8 protocol;
	__u8 tos;
	__u8 ttl;
};

struct frame {
	struct __sk_buff *skb;
	const struct tmip_config *config;
	const struct tmip_cell *cell; /* the cell it came from or goes to; NULL on the backbone */
	struct tmip_mac dst, src;
	__be16 protocol;
	struct ipv4 ip;            /* of the outermost header */
	struct tmip_addr station;  /* whom a drop concerns; zero: nobody in particular */
	int action;                /* for reasons that send: what the redirect helper returned */
};

static __always_inline struct tmip_addr addr_of(__be32 ipv4)
{
	struct tmip_addr addr = {.prefix = {[10] = 0xff, [11] = 0xff}};

	__builtin_memcpy(addr.v4, &ipv4, sizeof(ipv4));
	return addr;
}

static __always_inline __be32 ipv4_of(const struct tmip_addr *addr)
{
	__be32 ipv4;

	__builtin_memcpy(&ipv4, addr->v4, sizeof(ipv4));
	return ipv4;
}

/* clang 14 makes a call of __builtin_memcmp, and there is nobody to call. */
static __always_inline int same_bytes(const __u8 *a, const __u8 *b, int len)
{
	__u8 different = 0;

	for (int i = 0; i < len; i++)
		different |= a[i] ^ b[i];
	return !different;
}

static __always_inline int same_mac(const struct tmip_mac *a, const struct tmip_mac *b)
{
	return same_bytes(a->octet, b->octet, sizeof(a->octet));
}

static __always_inline int is_group(const struct tmip_mac *mac)
{
	return mac->octet[0] & 1;
}

static __always_inline int parse_eth(struct frame *f, const void *data, const void *end)
{
	const struct ethhdr *eth = data;

	if ((const void *)(eth + 1) > end)
		return -TMIP_REASON_MALFORMED;
	__builtin_memcpy(&f->dst, eth->h_dest, sizeof(f->dst));
	__builtin_memcpy(&f->src, eth->h_source, sizeof(f->src));
	f->protocol = eth->h_proto;
	return 0;
}

/* `room`: bytes from `data` to the end of the whole packet, which may lie beyond `end` (not linear). */
static __always_inline int parse_ipv4(struct ipv4 *ip, const void *data, const void *end, __u32 room)
{
	const struct iphdr *header = data;

	if ((const void *)(header + 1) > end || header->version != 4 || header->ihl < 5)
		return -TMIP_REASON_MALFORMED;
	ip->header_len = header->ihl * 4;
	ip->total_len = bpf_ntohs(header->tot_len);
	ip->src = header->saddr;
	ip->dst = header->daddr;
	ip->frag = bpf_ntohs(header->frag_off);
	ip->protocol = header->protocol;
	ip->tos = header->tos;
	ip->ttl = header->ttl;
	if (ip->total_len < ip->header_len || ip->total_len > room)
		return -TMIP_REASON_MALFORMED;
	return 0;
}

/* Starts a frame: Ethernet, and IPv4 if it is that. */
static __always_inline int frame_begin(struct frame *f, struct __sk_buff *skb)
{
	__u32 zero = 0, pull = skb->len < PULL_LEN ? skb->len : PULL_LEN;
	const void *data, *end;

	__builtin_memset(f, 0, sizeof(*f));
	f->skb = skb;
	f->config = bpf_map_lookup_elem(&tmip_config, &zero);
	if (!f->config)
		return -TMIP_REASON_MALFORMED;
	if ((void *)(long)skb->data + pull > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, pull);
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	if (parse_eth(f, data, end))
		return -TMIP_REASON_MALFORMED;
	/* The kernel keeps the tag of a VLAN beside the frame. It belongs to that VLAN's interface, whatever it carries. */
	if (skb->vlan_present && skb->vlan_tci & VLAN_ID)
		f->protocol = skb->vlan_proto;
	if (f->protocol != bpf_htons(ETH_P_IP))
		return 0;
	if (parse_ipv4(&f->ip, data + ETH_LEN, end, skb->len - ETH_LEN))
		return -TMIP_REASON_MALFORMED;
	return 0;
}

/* The second IPv4 header of a tunnel packet. */
static __always_inline int frame_inner(const struct frame *f, struct ipv4 *inner)
{
	const void *data = (void *)(long)f->skb->data, *end = (void *)(long)f->skb->data_end;

	if (f->ip.header_len != IPV4_LEN)
		return -TMIP_REASON_MALFORMED; /* our peers send no options */
	return parse_ipv4(inner, data + ETH_LEN + IPV4_LEN, end, f->ip.total_len - IPV4_LEN);
}

static __always_inline int write_macs(struct __sk_buff *skb, const struct tmip_mac *dst, const struct tmip_mac *src)
{
	struct ethhdr *eth = (void *)(long)skb->data;

	if ((void *)(eth + 1) > (void *)(long)skb->data_end)
		return -TMIP_REASON_MALFORMED;
	__builtin_memcpy(eth->h_dest, dst, sizeof(*dst));
	__builtin_memcpy(eth->h_source, src, sizeof(*src));
	return 0;
}

#endif
