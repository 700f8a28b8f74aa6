/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lowers the TCP maximum segment size option (RFC 9293, 3.7.1) of a SYN to the size that fits into
 * a tunnel. The tc programs call clamp() also for stations at home, because their connections must
 * survive when they roam. A packet without such an option stays as it is.
 */
#ifndef TMIP_BPF_MSS_H
#define TMIP_BPF_MSS_H

#include "frame.h"

#define TCP_FLAGS 13
#define TCP_CHECK 16
#define TCP_SYN 0x02
#define TCP_OPTIONS_MAX 10

/* `tcp`: offset of the TCP header. */
static __noinline int mss_clamp(struct __sk_buff *skb, __u32 tcp, __u16 mss)
{
	__u8 offset_flags[2], option[4];
	__be16 was, now = bpf_htons(mss);
	__u32 at, end;

	if (bpf_skb_load_bytes(skb, tcp + TCP_FLAGS - 1, offset_flags, 2) < 0 ||
	    !(offset_flags[1] & TCP_SYN))
		return 0;
	at = tcp + 20;
	end = tcp + (offset_flags[0] >> 4) * 4;
	for (int i = 0; i < TCP_OPTIONS_MAX && at + 4 <= end; i++) {
		if (bpf_skb_load_bytes(skb, at, option, 4) < 0 || option[0] == 0)
			return 0;
		if (option[0] == 1) {
			at++;
			continue;
		}
		if (option[0] == 2 && option[1] == 4) {
			__builtin_memcpy(&was, &option[2], sizeof(was));
			if (bpf_ntohs(was) <= mss)
				return 0;
			bpf_skb_store_bytes(skb, at + 2, &now, sizeof(now), 0);
			/*
			 * At an odd offset, as after a single NOP, the two bytes of the value lie
			 * in two words of the checksum.
			 */
			if ((at - tcp) & 1) {
				was = __builtin_bswap16(was);
				now = __builtin_bswap16(now);
			}
			bpf_l4_csum_replace(skb, tcp + TCP_CHECK, was, now, sizeof(now));
			return 0;
		}
		if (option[1] < 2)
			return 0;
		at += option[1];
	}
	return 0;
}

/* `at`: offset of the IPv4 header `ip` in the frame. Invalidates all pointers into the packet. */
static __always_inline void clamp(struct frame *f, const struct ipv4 *ip, __u32 at)
{
	if (ip->protocol == PROTO_TCP && !(ip->frag & IPV4_OFFSET) && f->config->mss)
		mss_clamp(f->skb, at + ip->header_len, f->config->mss);
}

#endif
