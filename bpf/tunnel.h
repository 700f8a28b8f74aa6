/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IPv4 in IPv4 (RFC 2003): into the tunnel, out of it, and from one tunnel into another without
 * taking the outer header off. The tc programs call encap_over, decap and relay, which return 0 or
 * a negative reason; the XDP program uses the parts that need no skb.
 *
 * bpf_skb_adjust_room refuses (-EALREADY) to encapsulate a packet that was encapsulated before, on
 * this host or, over veth, on another: skb->encapsulation stays set for the packet's life.
 * push_outer then makes the room without the ENCAP flags. The fields that those flags would set are
 * still right from the first time: the inner header has not moved, and gso_type has IPXIP4.
 */
#ifndef TMIP_BPF_TUNNEL_H
#define TMIP_BPF_TUNNEL_H

#include "forward.h"
#include "size.h"

#define EALREADY_NUMBER 114

/* The ECN field: two bits of the TOS byte (RFC 3168, 5). */
#define ECN_MASK 3
#define ECN_NOT 0
#define ECN_ECT1 1
#define ECN_ECT0 2
#define ECN_CE 3

static __always_inline void count_sent(const struct route *route, __u32 bytes)
{
	struct tmip_peer_stat *peer = route->peer;

	if (!peer)
		return;
	peer->tx_packets++;
	peer->tx_bytes += bytes;
}

/* Did a CN of this network send this tunnel packet? Sets f->sender. */
static __always_inline int is_from_peer(struct frame *f)
{
	struct tmip_addr addr = addr_of(f->ip.src);
	struct tmip_peer_stat *peer = bpf_map_lookup_elem(&tmip_peer_stat, &addr);
	__u32 now = moment();

	if (!peer || peer->known_moment != now) {
		if (!find_peer(f->ip.src))
			return 0;
		peer = peer_stat(f->ip.src);
		if (!peer)
			return 1;
		peer->known_moment = now;
	}
	f->sender = peer;
	return 1;
}

static __always_inline void count_received(const struct frame *f)
{
	struct tmip_peer_stat *peer = f->sender;

	if (!peer)
		return;
	peer->rx_packets++;
	peer->rx_bytes += f->ip.total_len;
}

/* The Internet checksum of words whose sum is this (RFC 1071). */
static __always_inline __u16 checksum_of(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline __u16 ipv4_checksum(const struct iphdr *header)
{
	const __u16 *word = (const void *)header;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < IPV4_LEN / 2; i++)
		sum += word[i];
	return checksum_of(sum);
}

/*
 * The segments of a super-packet keep the size that their sender gave them, in both directions. By
 * the kernel's default those of TCP would shrink and grow with the room: then packets that the
 * receiving CN has merged (GRO) would leave the tunnel larger than they were sent.
 */
#define ROOM_FLAGS (BPF_F_ADJ_ROOM_NO_CSUM_RESET | BPF_F_ADJ_ROOM_FIXED_GSO)

/* Bytes of the largest packet that the frame becomes on the wire, with an outer header. */
static __always_inline __u32 wire_len(const struct frame *f)
{
	return segment_len(f->skb, &f->ip, ETH_LEN) + IPV4_LEN;
}

/* RFC 2003, 3.1. `tos` and `len` are those of the packet inside. */
static __always_inline void write_outer(struct iphdr *outer, const struct frame *f, __u8 tos,
					__u32 len, __be32 remote)
{
	outer->version = 4;
	outer->ihl = 5;
	outer->tos = tos; /* RFC 6040: copies DSCP and ECN */
	outer->tot_len = bpf_htons(len + IPV4_LEN);
	outer->id = f->outer_id; /* RFC 6864: has no meaning where DF is set */
	outer->frag_off = bpf_htons(IPV4_DF);
	outer->ttl = f->config->outer_ttl;
	outer->protocol = PROTO_IPIP;
	outer->check = 0;
	outer->saddr = ipv4_of(&f->config->tunnel);
	outer->daddr = remote;
	outer->check = ipv4_checksum(outer);
}

static __always_inline int push_outer(struct frame *f, __be32 remote)
{
	struct iphdr *outer;
	int error;

	if (f->ip.total_len > 0xffff - IPV4_LEN)
		return -TMIP_REASON_TOO_BIG; /* a super-packet may be as long as IPv4 allows */
	error = bpf_skb_adjust_room(f->skb, IPV4_LEN, BPF_ADJ_ROOM_MAC,
				    ROOM_FLAGS | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4);
	if (error == -EALREADY_NUMBER)
		error = bpf_skb_adjust_room(f->skb, IPV4_LEN, BPF_ADJ_ROOM_MAC, ROOM_FLAGS);
	if (error)
		return -TMIP_REASON_HEADROOM;
	outer = (void *)(long)f->skb->data + ETH_LEN;
	if ((void *)(outer + 1) > (void *)(long)f->skb->data_end)
		return -TMIP_REASON_HEADROOM;
	write_outer(outer, f, f->ip.tos, f->ip.total_len, remote);
	return 0;
}

/* Into the tunnel to `remote`, by the way that route_lookup found. */
static __always_inline int encap_over(struct frame *f, __be32 remote, const struct route *route)
{
	int error = push_outer(f, remote);

	if (error)
		return error;
	count_sent(route, f->ip.total_len + IPV4_LEN);
	return send_backbone(f, route);
}

/*
 * RFC 6040, 4.2: the TOS byte of the inner packet after it has left the tunnel.
 * -TMIP_REASON_CONGESTION: the packet must be dropped.
 */
static __always_inline int tos_after_decap(const struct frame *f, const struct ipv4 *inner)
{
	__u8 outer = f->ip.tos & ECN_MASK, was = inner->tos & ECN_MASK;

	if (outer == ECN_CE && was == ECN_NOT)
		return -TMIP_REASON_CONGESTION;
	if (was == ECN_CE || (outer != ECN_CE && (outer != ECN_ECT1 || was != ECN_ECT0)))
		return inner->tos;
	return (inner->tos & ~ECN_MASK) | outer;
}

/* Copies the congestion mark of the outer header into the inner one. */
static __always_inline int copy_ecn_in(struct frame *f, const struct ipv4 *inner)
{
	const __u32 at = ETH_LEN + IPV4_LEN;
	const __u32 checksum = at + __builtin_offsetof(struct iphdr, check);
	int now = tos_after_decap(f, inner);
	__u8 tos = now;

	if (now < 0)
		return now;
	if (tos == inner->tos)
		return 0;
	if (bpf_skb_store_bytes(f->skb, at + __builtin_offsetof(struct iphdr, tos), &tos,
				sizeof(tos), 0) ||
	    bpf_l3_csum_replace(f->skb, checksum, bpf_htons(inner->tos), bpf_htons(tos),
				sizeof(__u16)))
		return -TMIP_REASON_MALFORMED;
	return 0;
}

/*
 * Takes the outer header off. Afterwards the Ethernet header is still that of the frame from the
 * backbone.
 */
static __always_inline int decap(struct frame *f, const struct ipv4 *inner)
{
	int error = copy_ecn_in(f, inner);

	if (error)
		return error;
	if (bpf_skb_adjust_room(f->skb, -IPV4_LEN, BPF_ADJ_ROOM_MAC, ROOM_FLAGS))
		return -TMIP_REASON_HEADROOM;
	return 0;
}

/* Gives the outer header the ends of the next tunnel, and lowers its hop limit. */
static __always_inline void change_ends(struct iphdr *outer, const struct frame *f, __be32 remote)
{
	outer->saddr = ipv4_of(&f->config->tunnel);
	outer->daddr = remote;
	outer->id = 0;
	outer->ttl--;
	outer->check = 0;
	outer->check = ipv4_checksum(outer);
}

/*
 * Out of one tunnel into the next: the outer header gets new ends. If CNs disagree and relay a
 * packet in a loop, the hop limit of the outer header ends the loop. Sets *route.
 */
static __always_inline int relay(struct frame *f, const struct ipv4 *inner, __be32 remote,
				 struct route *route)
{
	__u32 len = f->skb->gso_size ? segment_len(f->skb, inner, ETH_LEN + IPV4_LEN) + IPV4_LEN :
				       f->ip.total_len;
	struct iphdr *outer;
	int error;

	if (f->ip.ttl <= 1)
		return -TMIP_REASON_HOPS;
	error = route_lookup(f, remote, len, route);
	if (error)
		return error;
	outer = (void *)(long)f->skb->data + ETH_LEN;
	if ((void *)(outer + 1) > (void *)(long)f->skb->data_end)
		return -TMIP_REASON_MALFORMED;
	change_ends(outer, f, remote);
	count_sent(route, f->ip.total_len);
	return send_backbone(f, route);
}

#endif
