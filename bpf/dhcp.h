/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which messages of a cell's DHCP clients are for the network's DHCP server, that is, for the
 * agent: broadcasts, and what a client sends to the gateway that gave it its lease, which may be
 * the gateway of any cell of the network. A message to anybody else, or of a relay agent, goes its
 * way like any other packet. cell_ingress.bpf.c calls is_dhcp.
 */
#ifndef TMIP_BPF_DHCP_H
#define TMIP_BPF_DHCP_H

#include "lookup.h"

#define DHCP_SERVER_PORT bpf_htons(67)
#define DHCP_BOOTREQUEST 1
#define DHCP_GIADDR 24 /* offset in the message (RFC 2131, 2) */
#define DHCP_UDP_LEN 8

/* The limited broadcast address, the old one (RFC 1122, 3.3.6), and those of a cell's subnet. */
static __always_inline int is_to_all(__be32 ipv4, const struct tmip_subnet *subnet)
{
	__u32 host = bpf_ntohl(ipv4), mask = 0;

	if (!host || host == 0xffffffff)
		return 1;
	if (!subnet || subnet->prefix_len > 30)
		return 0;
	mask = 0xffffffff >> (subnet->prefix_len & 31);
	return (host & mask) == mask;
}

/* A client's own message (op BOOTREQUEST), which no relay agent has sent on? */
static __always_inline int is_request(const struct frame *f, __u32 message)
{
	__be32 giaddr;
	__u8 op;

	return bpf_skb_load_bytes(f->skb, message, &op, 1) == 0 && op == DHCP_BOOTREQUEST &&
	       bpf_skb_load_bytes(f->skb, message + DHCP_GIADDR, &giaddr, sizeof(giaddr)) == 0 &&
	       !giaddr;
}

static __always_inline int is_dhcp(const struct frame *f)
{
	const __u32 udp = ETH_LEN + f->ip.header_len;
	const struct tmip_subnet *subnet;
	__be16 ports[2];

	if (f->ip.protocol != PROTO_UDP || f->ip.frag & (IPV4_OFFSET | IPV4_MF))
		return 0;
	if (bpf_skb_load_bytes(f->skb, udp, ports, sizeof(ports)) < 0 ||
	    ports[1] != DHCP_SERVER_PORT)
		return 0;
	subnet = find_subnet(f->ip.dst);
	if (is_to_all(f->ip.dst, subnet))
		return 1;
	return subnet && ipv4_of(&subnet->gateway) == f->ip.dst &&
	       is_request(f, udp + DHCP_UDP_LEN);
}

#endif
