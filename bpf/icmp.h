/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * "Fragmentation needed" (RFC 792, RFC 1191) for a station's packet that does not fit into the
 * tunnel. answer_too_big turns the frame into the ICMP error and sends it back to the station.
 *
 * It does so even if the packet may be fragmented (no DF). The programs cannot fragment it, because
 * the checksum of a packet from a container may not be filled in yet, and only the kernel sees
 * that. Senders lower their path MTU all the same, and then fragment their packets themselves.
 */
#ifndef TMIP_BPF_ICMP_H
#define TMIP_BPF_ICMP_H

#include "tunnel.h"

#define ICMP_LEN 8
#define ICMP_UNREACHABLE 3
#define ICMP_FRAG_NEEDED 4
#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO 8
/* The longest IPv4 header and 8 bytes more. Every packet that is too big is at least as long. */
#define QUOTE_LEN 68

struct icmp_error {
	struct iphdr ip;
	struct icmphdr icmp;
	__u8 quote[QUOTE_LEN];
};

/* RFC 1122, 3.2.2: no error about an error, a later fragment, or a packet to a group. */
static __always_inline int may_answer(const struct frame *f)
{
	__u8 type;

	if (f->ip.frag & IPV4_OFFSET || is_group(&f->dst) || f->ip.total_len < QUOTE_LEN)
		return 0;
	if (f->ip.protocol != PROTO_ICMP)
		return 1;
	if (bpf_skb_load_bytes(f->skb, ETH_LEN + f->ip.header_len, &type, 1) < 0)
		return 0;
	return type == ICMP_ECHO || type == ICMP_ECHO_REPLY;
}

static __always_inline void write_error(struct icmp_error *error, const struct frame *f, __u16 mtu,
					__be32 from)
{
	__s64 sum;

	error->ip.version = 4;
	error->ip.ihl = 5;
	error->ip.tos = 0xc0; /* internetwork control, RFC 1812, 4.3.2.5 */
	error->ip.tot_len = bpf_htons(sizeof(*error));
	error->ip.ttl = 64;
	error->ip.protocol = PROTO_ICMP;
	error->ip.saddr = from;
	error->ip.daddr = f->ip.src;
	error->ip.check = ipv4_checksum(&error->ip);
	error->icmp.type = ICMP_UNREACHABLE;
	error->icmp.code = ICMP_FRAG_NEEDED;
	error->icmp.un.frag.mtu = bpf_htons(mtu);
	sum = bpf_csum_diff(0, 0, (__be32 *)&error->icmp, ICMP_LEN + QUOTE_LEN, 0);
	error->icmp.checksum = checksum_of(sum);
}

/*
 * mtu: the size of the largest packet from the station that fits into the tunnel. Returns
 * TMIP_REASON_ICMP_TOO_BIG, or the reason why no error could be sent.
 */
static __always_inline int answer_too_big(struct frame *f, __u32 mtu)
{
	struct __sk_buff *skb = f->skb;
	struct icmp_error error = {};

	if (!may_answer(f) || !f->cell)
		return TMIP_REASON_TOO_BIG;
	if (bpf_skb_load_bytes(skb, ETH_LEN, error.quote, QUOTE_LEN) < 0)
		return TMIP_REASON_MALFORMED;
	write_error(&error, f, mtu, ipv4_of(&f->cell->gateway));
	/* The ICMP error is shorter than any packet that is too big, so the frame only shrinks. */
	if (bpf_skb_change_tail(skb, ETH_LEN + sizeof(error), 0) ||
	    bpf_skb_store_bytes(skb, ETH_LEN, &error, sizeof(error), BPF_F_INVALIDATE_HASH) ||
	    write_macs(skb, &f->src, &f->cell->mac))
		return TMIP_REASON_HEADROOM;
	f->action = bpf_redirect(skb->ifindex, 0);
	return TMIP_REASON_ICMP_TOO_BIG;
}

#endif
