/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lowers the TCP maximum segment size option (RFC 9293, 3.7.1) of a SYN to the size that fits into
 * a tunnel. The tc programs call clamp() also for stations at home, because their connections must
 * survive when they roam. A packet without such an option stays as it is, and so does one that is
 * signed: the signature of TCP-AO covers the options, and its receiver would drop a SYN with
 * another MSS. (That of TCP-MD5 does not, but who signs wants nobody to change anything.)
 */
#ifndef TMIP_BPF_MSS_H
#define TMIP_BPF_MSS_H

#include "frame.h"

#define TCP_FLAGS 13
#define TCP_CHECK 16
#define TCP_SYN 0x02
#define TCP_FIXED 20
/* The header is at most 15 words long (RFC 9293, 3.1): so many bytes are options. */
#define TCP_OPTIONS_LEN 40
#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2
#define TCP_OPTION_MD5 19 /* RFC 2385 */
#define TCP_OPTION_AO 29  /* RFC 5925 */

/* A walk through the options of a SYN. */
struct syn_options {
	struct __sk_buff *skb;
	__u64 is_mss;   /* bit n: an MSS option begins at the n-th byte of the options */
	__u32 tcp;      /* offset of the TCP header in the frame */
	__u8 at, end;   /* the next option, and the end; the first byte of the options is 0 */
	__u8 is_signed;
	__u8 pad;
	__u16 mss;
};

static __always_inline int option_byte(const struct syn_options *o, __u32 at)
{
	__u8 byte;

	if (at >= o->end || bpf_skb_load_bytes(o->skb, o->tcp + TCP_FIXED + at, &byte, 1) < 0)
		return TCP_OPTION_END;
	return byte;
}

/*
 * Steps to the next option. A callback of bpf_loop, which ends the loop by returning 1: in a plain
 * loop the verifier would go through all lengths that each of the options may have.
 */
static long syn_step(__u32 index, struct syn_options *o)
{
	__u32 at = o->at, kind = option_byte(o, at), len;

	(void)index;
	if (kind == TCP_OPTION_END)
		return 1;
	len = kind == TCP_OPTION_NOP ? 1 : option_byte(o, at + 1);
	if (at + len > o->end || (len < 2 && kind != TCP_OPTION_NOP))
		return 1;
	if (kind == TCP_OPTION_MD5 || kind == TCP_OPTION_AO)
		o->is_signed = 1;
	if (kind == TCP_OPTION_MSS && len == 4)
		o->is_mss |= 1ull << (at & 63);
	o->at = at + len;
	return 0;
}

/* Lowers the MSS option at `at`, if there is one. The same kind of callback. */
static long syn_lower(__u32 at, struct syn_options *o)
{
	const __u32 value = o->tcp + TCP_FIXED + at + 2;
	__be16 was, now = bpf_htons(o->mss);

	if (!(o->is_mss >> (at & 63) & 1))
		return 0;
	if (bpf_skb_load_bytes(o->skb, value, &was, sizeof(was)) < 0 || bpf_ntohs(was) <= o->mss)
		return 0;
	bpf_skb_store_bytes(o->skb, value, &now, sizeof(now), 0);
	/*
	 * At an odd offset, as after a single NOP, the two bytes of the value lie in two words of
	 * the checksum.
	 */
	if (at & 1) {
		was = __builtin_bswap16(was);
		now = __builtin_bswap16(now);
	}
	bpf_l4_csum_replace(o->skb, o->tcp + TCP_CHECK, was, now, sizeof(now));
	return 0;
}

/* `tcp`: offset of the TCP header. */
static __noinline int mss_clamp(struct __sk_buff *skb, __u32 tcp, __u16 mss)
{
	struct syn_options o = {.skb = skb, .tcp = tcp, .mss = mss};
	__u8 offset_flags[2];
	__u32 len;

	if (bpf_skb_load_bytes(skb, tcp + TCP_FLAGS - 1, offset_flags, 2) < 0 ||
	    !(offset_flags[1] & TCP_SYN))
		return 0;
	len = (offset_flags[0] >> 4) * 4;
	if (len <= TCP_FIXED)
		return 0;
	o.end = len - TCP_FIXED;
	bpf_loop(TCP_OPTIONS_LEN, syn_step, &o, 0);
	if (o.is_mss && !o.is_signed)
		bpf_loop(TCP_OPTIONS_LEN, syn_lower, &o, 0);
	return 0;
}

/* `at`: offset of the IPv4 header `ip` in the frame. Invalidates all pointers into the packet. */
static __always_inline void clamp(struct frame *f, const struct ipv4 *ip, __u32 at)
{
	if (ip->protocol == PROTO_TCP && !(ip->frag & IPV4_OFFSET) && f->config->mss)
		mss_clamp(f->skb, at + ip->header_len, f->config->mss);
}

#endif
