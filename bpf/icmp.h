/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * "Fragmentation needed" (RFC 792, RFC 1191) for a packet that does not fit into a tunnel or a
 * cell. The program turns the frame into the ICMP error and sends it to the packet's sender:
 *
 *   answer_cell     the frame came from a cell: back into that cell, from its gateway
 *   answer_tunnel   the frame came through a tunnel: back to the CN that sent it
 *   answer_kernel   the kernel sent the frame, or the agent replays it: to the kernel, as if it
 *                   came from the station's home cell; for a guest to its parent CN
 *
 * The source of the last two is the station that the packet is for, as if the station itself had
 * answered. So the error takes the way of all its packets: the kernel of the parent CN, with its
 * NAT and its rules, over other CNs of any version, to a sender wherever that is.
 *
 * The kernel refuses to shorten a packet that was encapsulated before (-ENOTSUPP): over veth, or
 * merged (GRO). Then the agent makes the error.
 *
 * `told` is TMIP_REASON_ICMP_TOO_BIG or TMIP_REASON_ICMP_CELL. All three return it, or the reason
 * why there is no error, or a negative reason.
 */
#ifndef TMIP_BPF_ICMP_H
#define TMIP_BPF_ICMP_H

#include "fragment.h"
#include "tunnel.h"

#define ICMP_LEN 8
#define ICMP_UNREACHABLE 3
#define ICMP_FRAG_NEEDED 4
#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO 8
#define ICMP_TOS 0xc0 /* internetwork control, RFC 1812, 4.3.2.5 */
#define ICMP_TTL 64
/* The longest IPv4 header and 8 bytes more. Every packet that is too big is at least as long. */
#define QUOTE_LEN 68
/* An error with its IPv4 header. */
#define ERROR_LEN (IPV4_LEN + ICMP_LEN + QUOTE_LEN)
/*
 * More than the headers of a tunnel packet in front of the transport header. If so many bytes go,
 * the kernel forgets that it has to fill in a checksum behind them (skb_postpull_rcsum).
 */
#define FORGET_LEN 96
#define ENOTSUPP_NUMBER 524
/* Not a reason: the frame is as it was, and the agent has to make the error. */
#define REFUSED (-TMIP_REASON_COUNT)

/* RFC 1122, 3.2.2: no error about an error, or about a later fragment. */
static __always_inline int may_answer(struct __sk_buff *skb, const struct ipv4 *ip, __u32 at)
{
	__u8 type;

	if (ip->frag & IPV4_OFFSET || ip->total_len < QUOTE_LEN)
		return 0;
	if (ip->protocol != PROTO_ICMP)
		return 1;
	if (bpf_skb_load_bytes(skb, at + ip->header_len, &type, 1) < 0)
		return 0;
	return type == ICMP_ECHO || type == ICMP_ECHO_REPLY;
}

/* Moves the beginning of the packet to the place where the error quotes it. */
static __always_inline int move_quote(struct __sk_buff *skb, __u32 at)
{
	__u32 to = at + FORGET_LEN + ERROR_LEN - QUOTE_LEN, word;

	for (__u32 i = 0; i < QUOTE_LEN; i += sizeof(word))
		if (bpf_skb_load_bytes(skb, at + i, &word, sizeof(word)) < 0 ||
		    bpf_skb_store_bytes(skb, to + i, &word, sizeof(word), 0))
			return -TMIP_REASON_HEADROOM;
	return 0;
}

static __always_inline int write_error(struct __sk_buff *skb, __u32 at, __u16 mtu, __be32 from,
				       __be32 to)
{
	struct iphdr *ip = (void *)(long)skb->data + at;
	struct icmphdr *icmp = (void *)(ip + 1);
	__s64 sum;

	if ((void *)ip + ERROR_LEN > (void *)(long)skb->data_end)
		return -TMIP_REASON_HEADROOM;
	__builtin_memset(ip, 0, IPV4_LEN + ICMP_LEN);
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = ICMP_TOS;
	ip->tot_len = bpf_htons(ERROR_LEN);
	ip->ttl = ICMP_TTL;
	ip->protocol = PROTO_ICMP;
	ip->saddr = from;
	ip->daddr = to;
	ip->check = ipv4_checksum(ip);
	icmp->type = ICMP_UNREACHABLE;
	icmp->code = ICMP_FRAG_NEEDED;
	icmp->un.frag.mtu = bpf_htons(mtu);
	sum = bpf_csum_diff(0, 0, (__be32 *)icmp, ICMP_LEN + QUOTE_LEN, 0);
	icmp->checksum = checksum_of(sum);
	return 0;
}

/*
 * Turns the frame into an error from `from` about its packet `ip`. Both the packet and the error
 * begin at offset `at`; of the bytes before, only the Ethernet header is still what it was.
 * Returns 0, REFUSED or a negative reason.
 */
static __noinline int make_error(struct __sk_buff *skb, const struct ipv4 *ip, __u32 at, __u32 mtu,
				 __be32 from)
{
	int error;

	if (!ip || !may_answer(skb, ip, at))
		return -TMIP_REASON_TOO_BIG;
	error = bpf_skb_change_tail(skb, at + FORGET_LEN + ERROR_LEN, 0);
	if (error == -ENOTSUPP_NUMBER)
		return REFUSED;
	if (error || move_quote(skb, at) ||
	    bpf_skb_adjust_room(skb, -FORGET_LEN, BPF_ADJ_ROOM_MAC, 0))
		return -TMIP_REASON_HEADROOM;
	bpf_set_hash_invalid(skb);
	return write_error(skb, at, mtu > 0xffff ? 0xffff : mtu, from, ip->src);
}

/* The reason for a packet without an error, from that of one with an error. */
static __always_inline int untold(int told)
{
	return told == TMIP_REASON_ICMP_CELL ? TMIP_REASON_CELL_TOO_BIG : TMIP_REASON_TOO_BIG;
}

static __always_inline int reason_of(int error, int told)
{
	if (!error)
		return told;
	return error == -TMIP_REASON_TOO_BIG ? untold(told) : error;
}

/* Lets the agent make the error, if there is one. The frame has no outer header any more. */
static __always_inline int answer_by_agent(struct frame *f, __u8 way, __u32 to, __u32 mtu,
					   __be32 from, int told)
{
	int reason;

	if (!has_agent(f))
		return untold(told);
	reason = to_agent(f, way, to, mtu, from);
	return reason < 0 ? reason : told;
}

static __always_inline int answer_cell(struct frame *f, __u32 mtu, int told)
{
	__be32 from = f->cell ? ipv4_of(&f->cell->gateway) : 0;
	int error;

	if (is_group(&f->dst) || !f->cell)
		return untold(told);
	error = make_error(f->skb, &f->ip, ETH_LEN, mtu, from);
	if (error == REFUSED)
		return answer_by_agent(f, TMIP_FRAGMENT_STATION, 0, mtu, from, told);
	if (!error && write_macs(f->skb, &f->src, &f->cell->mac))
		error = -TMIP_REASON_HEADROOM;
	if (!error)
		f->action = bpf_redirect(f->skb->ifindex, 0);
	return reason_of(error, told);
}

/* Gives the error in the frame the outer header for the way back. */
static __always_inline int send_error_back(struct frame *f)
{
	struct iphdr *outer;
	struct route route;
	int error = route_lookup(f, f->ip.src, ERROR_LEN + IPV4_LEN, &route);

	if (error)
		return error;
	outer = (void *)(long)f->skb->data + ETH_LEN;
	if ((void *)(outer + 1) > (void *)(long)f->skb->data_end)
		return -TMIP_REASON_HEADROOM;
	write_outer(outer, f, ICMP_TOS, ERROR_LEN, f->ip.src);
	count_sent(&route, ERROR_LEN + IPV4_LEN);
	return send_backbone(f, &route);
}

static __always_inline int answer_tunnel(struct frame *f, const struct ipv4 *inner, __u32 mtu,
					 int told)
{
	int error = make_error(f->skb, inner, ETH_LEN + IPV4_LEN, mtu, inner->dst);

	if (error != REFUSED)
		return reason_of(error ? error : send_error_back(f), told);
	error = decap(f, inner);
	return error ? error : answer_by_agent(f, TMIP_FRAGMENT_CN, f->ip.src, mtu, inner->dst,
					       told);
}

/* Sends the error in the frame, from the station, the way of all its packets. */
static __always_inline int send_as_station(struct frame *f, const struct station *from)
{
	struct route route;
	int error;

	if (from->home_ifindex)
		return send_kernel(f, from);
	error = route_lookup(f, from->parent, wire_len(f), &route);
	return error ? error : encap_over(f, from->parent, &route);
}

static __always_inline int answer_kernel(struct frame *f, const struct station *to, __u32 mtu,
					 int told)
{
	int error = make_error(f->skb, &f->ip, ETH_LEN, mtu, to->ipv4);

	if (error == REFUSED)
		return answer_by_agent(f, TMIP_FRAGMENT_KERNEL, 0, mtu, to->ipv4, told);
	f->ip.tos = ICMP_TOS;
	f->ip.total_len = ERROR_LEN;
	return reason_of(error ? error : send_as_station(f, to), told);
}

#endif
