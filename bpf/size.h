/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How large a packet is on the wire, and how large a packet a device sends. The tc programs compare
 * the two before each redirect out of a device: bpf_redirect() itself does not compare them, and
 * the device drops what is too big without a word.
 */
#ifndef TMIP_BPF_SIZE_H
#define TMIP_BPF_SIZE_H

#include "frame.h"

#define UDP_LEN 8
#define TCP_LEN 20
#define TCP_OFFSET 12 /* the byte whose upper half is the length of the header in words */

/* Other protocols have packets in them, whose size is gso_size, and headers of at most so much. */
#define OTHER_LEN 120

/* Bytes of the TCP or UDP header at offset `at`, or of all headers of a station's own tunnel. */
static __always_inline __u32 transport_len(struct __sk_buff *skb, __u8 protocol, __u32 at)
{
	__u8 words;

	if (protocol == PROTO_UDP)
		return UDP_LEN;
	if (protocol != PROTO_TCP)
		return OTHER_LEN;
	if (bpf_skb_load_bytes(skb, at + TCP_OFFSET, &words, 1) < 0)
		return TCP_LEN;
	return words >> 4 << 2;
}

/*
 * Bytes of the packet `ip`, whose header is at offset `at`. Of a super-packet: bytes of its largest
 * segment, since the programs leave segments as large as they are.
 */
static __always_inline __u32 segment_len(struct __sk_buff *skb, const struct ipv4 *ip, __u32 at)
{
	__u32 header = ip->header_len;

	if (!skb->gso_size)
		return ip->total_len;
	return skb->gso_size + header + transport_len(skb, ip->protocol, at + header);
}

/* Bytes of the largest IPv4 packet that the device sends now; 0: there is no such device. */
static __always_inline __u32 device_mtu(const struct frame *f, __u32 ifindex)
{
	__u32 mtu = 0;

	return bpf_check_mtu(f->context, ifindex, &mtu, 0, 0) < 0 ? 0 : mtu;
}

/* The MTU of a route (`mtu lock`) may be larger than that of its device. Returns the smaller. */
static __always_inline __u32 device_limit(void *context, __u32 ifindex, __u32 route_mtu)
{
	__u32 mtu = 0;

	if (!ifindex || bpf_check_mtu(context, ifindex, &mtu, 0, 0) < 0)
		return route_mtu;
	return mtu < route_mtu ? mtu : route_mtu;
}

#endif
