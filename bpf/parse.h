/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The parsers. Each takes a cursor and an end, checks before every read, calls no BPF helper, and
 * copies the fields that the programs need. Each returns 0 or -TMIP_REASON_MALFORMED. frame.h and
 * backbone_xdp.bpf.c call them. This header also compiles on the host, for the fuzzer.
 */
#ifndef TMIP_BPF_PARSE_H
#define TMIP_BPF_PARSE_H

#ifdef __bpf__
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#else
#include <linux/if_ether.h>
#include <linux/ip.h>
#endif

#include <bpf/bpf_endian.h>
#include <tmip/reason.h>
#include <tmip/types.h>

#define ETH_LEN 14
#define IPV4_LEN 20
#define IPV4_MF 0x2000
#define IPV4_DF 0x4000
#define IPV4_OFFSET 0x1fff
#define PROTO_ICMP 1
#define PROTO_IPIP 4
#define PROTO_TCP 6
#define PROTO_UDP 17
#ifndef ETH_P_IP
#define ETH_P_IP 0x0800
#define ETH_P_ARP 0x0806
#endif

struct ipv4 {
	__be32 src, dst;
	__u16 header_len; /* bytes */
	__u16 total_len;
	__u16 frag;       /* flags and offset, host order */
	__be16 id;
	__u8 protocol;
	__u8 tos;
	__u8 ttl;
};

static __always_inline int parse_eth(struct tmip_mac *dst, struct tmip_mac *src, __be16 *protocol,
				     const void *data, const void *end)
{
	const struct ethhdr *eth = data;

	if ((const void *)(eth + 1) > end)
		return -TMIP_REASON_MALFORMED;
	__builtin_memcpy(dst, eth->h_dest, sizeof(*dst));
	__builtin_memcpy(src, eth->h_source, sizeof(*src));
	*protocol = eth->h_proto;
	return 0;
}

/*
 * `room`: bytes from `data` to the end of the whole packet. The packet may end beyond `end`, if it
 * is not linear.
 */
static __always_inline int parse_ipv4(struct ipv4 *ip, const void *data, const void *end,
				      __u32 room)
{
	const struct iphdr *header = data;

	if ((const void *)(header + 1) > end || header->version != 4 || header->ihl < 5)
		return -TMIP_REASON_MALFORMED;
	ip->header_len = header->ihl * 4;
	ip->total_len = bpf_ntohs(header->tot_len);
	ip->src = header->saddr;
	ip->dst = header->daddr;
	ip->frag = bpf_ntohs(header->frag_off);
	ip->id = header->id;
	ip->protocol = header->protocol;
	ip->tos = header->tos;
	ip->ttl = header->ttl;
	if (ip->total_len < ip->header_len || ip->total_len > room)
		return -TMIP_REASON_MALFORMED;
	return 0;
}

/* Parses the second header of a tunnel packet. The first one, `outer`, lies at `data`. */
static __always_inline int parse_inner(struct ipv4 *inner, const struct ipv4 *outer,
				       const void *data, const void *end)
{
	if (outer->header_len != IPV4_LEN)
		return -TMIP_REASON_MALFORMED; /* a CN sends no options */
	return parse_ipv4(inner, data + IPV4_LEN, end, outer->total_len - IPV4_LEN);
}

#endif
