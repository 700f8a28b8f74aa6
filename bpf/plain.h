/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Plain packets between the cells and the backbone, forwarded by the kernel's tables (rules, routes, neighbours, MTU) but past
 * its netfilter, for `fastpath home`. Whatever needs more than a table is left to the kernel: packets to this host,
 * options, the end of a hop limit, what must be cut or is too big, neighbours whose MAC is not known.
 */
#ifndef TMIP_BPF_PLAIN_H
#define TMIP_BPF_PLAIN_H

#include "tunnel.h"

struct way {
	__u32 from, to; /* interfaces */
	__u32 len;      /* bytes of the largest packet on the wire that it makes */
	struct tmip_mac dst, src; /* found */
};

static __always_inline __u32 plain_len(const struct __sk_buff *skb, const struct ipv4 *ip)
{
	if (!skb->gso_size)
		return ip->total_len;
	return skb->gso_size + ip->header_len + (ip->protocol == PROTO_UDP ? 8 : 20);
}

/* Would the kernel send it from one of the interfaces to the other, and how? */
static __noinline int plain_way(void *context, const struct ipv4 *ip, struct way *way)
{
	struct bpf_fib_lookup fib = {.family = AF_INET_NUMBER};

	if (!ip || !way || ip->ttl <= 1 || ip->header_len != IPV4_LEN)
		return 0;
	fib.ifindex = way->from;
	fib.l4_protocol = ip->protocol;
	fib.tos = ip->tos;
	fib.tot_len = way->len;
	fib.ipv4_src = ip->src;
	fib.ipv4_dst = ip->dst;
	if (bpf_fib_lookup(context, &fib, sizeof(fib), 0) != BPF_FIB_LKUP_RET_SUCCESS || fib.ifindex != way->to)
		return 0;
	__builtin_memcpy(&way->dst, fib.dmac, sizeof(way->dst));
	__builtin_memcpy(&way->src, fib.smac, sizeof(way->src));
	return 1;
}

static __always_inline int plain_send(struct frame *f, const struct way *way)
{
	if (age(f))
		return -TMIP_REASON_MALFORMED;
	if (write_macs(f->skb, &way->dst, &way->src))
		return -TMIP_REASON_HEADROOM;
	f->action = bpf_redirect(way->to, 0);
	return 0;
}

#endif
