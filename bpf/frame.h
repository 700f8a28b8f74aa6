/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frame and the fields parsed from its headers (parse.h). The fields are copies, so that no
 * pointer into the packet outlives a change of the packet. Every program makes one struct frame for
 * each frame (frame_begin in tc) and hands it down. Functions return 0 or -TMIP_REASON_MALFORMED.
 */
#ifndef TMIP_BPF_FRAME_H
#define TMIP_BPF_FRAME_H

#include "maps.h"
#include "parse.h"

#define VLAN_ID 0x0fff
#define PACKET_HOST 0
#define PACKET_OTHERHOST 3
/* Enough for the outer, the inner and the transport header without options. */
#define PULL_LEN (ETH_LEN + 2 * IPV4_LEN + 20)

struct frame {
	union {
		struct __sk_buff *skb;
		struct xdp_md *xdp; /* backbone_xdp.bpf.c */
		void *context;
	};
	const struct tmip_config *config;
	const struct tmip_cell *cell; /* set by cell_ingress.bpf.c: the cell that it came from */
	struct tmip_mac dst, src;
	__be16 protocol;
	struct ipv4 ip;               /* of the outermost header */
	/* Of the CN that sent a tunnel packet. NULL: not known to be a CN, or the map is full. */
	struct tmip_peer_stat *sender;
	__u32 ifindex;                /* interface where it came in, or where it goes out */
	__be32 station;               /* the station that a drop concerns; 0: none in particular */
	__be16 outer_id;              /* identification for an outer header */
	int action;                   /* for reasons that send or take: the redirect's result */
};

static __always_inline struct tmip_addr addr_of(__be32 ipv4)
{
	/*
	 * By words: clang 14 copies an initialised struct of bytes byte by byte, and in one place
	 * (stale.h) it lost a store beside it.
	 */
	__be32 word[4] = {0, 0, bpf_htonl(0xffff), ipv4};
	struct tmip_addr addr;

	__builtin_memcpy(&addr, word, sizeof(addr));
	return addr;
}

static __always_inline __be32 ipv4_of(const struct tmip_addr *addr)
{
	__be32 ipv4;

	__builtin_memcpy(&ipv4, addr->v4, sizeof(ipv4));
	return ipv4;
}

/* clang 14 turns __builtin_memcmp into a call of a function that a BPF program does not have. */
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

/* No host has such a MAC: it is a group's, or zero. */
static __always_inline int is_no_host(const struct tmip_mac *mac)
{
	static const struct tmip_mac zero;

	return mac->octet[0] & 1 || same_mac(mac, &zero);
}

static __always_inline int is_group(const struct tmip_mac *mac)
{
	return mac->octet[0] & 1;
}

/* Fills `f` from the frame: parses Ethernet, and IPv4 if the frame carries it. */
static __always_inline int frame_begin(struct frame *f, struct __sk_buff *skb)
{
	__u32 zero = 0, pull = skb->len < PULL_LEN ? skb->len : PULL_LEN;
	const void *data, *end;

	__builtin_memset(f, 0, sizeof(*f));
	f->skb = skb;
	f->ifindex = skb->ifindex;
	f->config = bpf_map_lookup_elem(&tmip_config, &zero);
	if (!f->config)
		return -TMIP_REASON_MALFORMED;
	if ((void *)(long)skb->data + pull > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, pull);
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	if (parse_eth(&f->dst, &f->src, &f->protocol, data, end))
		return -TMIP_REASON_MALFORMED;
	/*
	 * The kernel keeps a VLAN tag beside the frame. A tagged frame belongs to the interface of
	 * that VLAN, whatever the frame carries.
	 */
	if (skb->vlan_present && skb->vlan_tci & VLAN_ID)
		f->protocol = skb->vlan_proto;
	if (f->protocol != bpf_htons(ETH_P_IP))
		return 0;
	if (parse_ipv4(&f->ip, data + ETH_LEN, end, skb->len - ETH_LEN))
		return -TMIP_REASON_MALFORMED;
	return 0;
}

/* Parses the second IPv4 header of a tunnel packet. */
static __always_inline int frame_inner(const struct frame *f, struct ipv4 *inner)
{
	const void *data = (void *)(long)f->skb->data, *end = (void *)(long)f->skb->data_end;

	return parse_inner(inner, &f->ip, data + ETH_LEN, end);
}

static __always_inline int write_macs(struct __sk_buff *skb, const struct tmip_mac *dst,
				      const struct tmip_mac *src)
{
	struct ethhdr *eth = (void *)(long)skb->data;

	if ((void *)(eth + 1) > (void *)(long)skb->data_end)
		return -TMIP_REASON_MALFORMED;
	__builtin_memcpy(eth->h_dest, dst, sizeof(*dst));
	__builtin_memcpy(eth->h_source, src, sizeof(*src));
	return 0;
}

#endif
