/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The end of every frame's way. finish() counts the frame's reason, records a drop for
 * `tmip-agent why`, and returns the action that the tc program gives to the kernel. The XDP program
 * uses count() alone.
 */
#ifndef TMIP_BPF_FINISH_H
#define TMIP_BPF_FINISH_H

#include "frame.h"

#define ACTION_NEXT (-1) /* TC_ACT_UNSPEC: next program, or on its way; TCX_NEXT under TCX */
#define ACTION_DROP 2    /* TC_ACT_SHOT */

/*
 * The section is named explicitly because clang puts an array of exactly 32 bytes into
 * .rodata.cst32, where the array's BTF does not find it.
 */
static const __u8 verdict_of[TMIP_REASON_COUNT] SEC(".rodata") = {
#define X(number, name, verdict, text) [number] = TMIP_VERDICT_##verdict,
	TMIP_REASONS(X)
#undef X
};

static __always_inline void count(__u32 reason, __u32 bytes)
{
	struct tmip_stat *stat = bpf_map_lookup_elem(&tmip_stat, &reason);

	if (!stat)
		return;
	stat->packets++;
	stat->bytes += bytes;
}

/* Not on the stack, because the callers use most of it. */
static const struct tmip_drop NO_DROP SEC(".rodata") = {};

static __noinline void remember_drop(__be32 station, __u32 reason, __u32 ifindex)
{
	struct tmip_addr addr = addr_of(station);
	struct tmip_drop *drop = bpf_map_lookup_elem(&tmip_drop, &addr);

	if (!drop) {
		bpf_map_update_elem(&tmip_drop, &addr, &NO_DROP, BPF_ANY);
		drop = bpf_map_lookup_elem(&tmip_drop, &addr);
	}
	if (!drop)
		return;
	if (drop->trail[0].reason != reason || drop->trail[0].ifindex != ifindex) {
		for (int i = TMIP_DROP_TRAIL - 1; i > 0; i--)
			drop->trail[i] = drop->trail[i - 1];
		drop->trail[0].count = 0;
		drop->trail[0].reason = reason;
		drop->trail[0].ifindex = ifindex;
	}
	drop->trail[0].count++;
	drop->trail[0].time_ns = bpf_ktime_get_ns();
}

/*
 * reason: one of enum tmip_reason, or its negative, as helpers return it.
 * len: length of the frame as it arrived.
 */
static __always_inline int finish(const struct frame *f, int reason, __u32 len)
{
	__u32 number = reason < 0 ? -reason : reason;

	if (number >= TMIP_REASON_COUNT)
		number = TMIP_REASON_MALFORMED;
	count(number, len);
	switch (verdict_of[number]) {
	case TMIP_VERDICT_PASS:
		return ACTION_NEXT;
	case TMIP_VERDICT_SEND:
		return f->action;
	case TMIP_VERDICT_DROP:
		if (f->station)
			remember_drop(f->station, number, f->skb->ifindex);
		return ACTION_DROP;
	default: /* TAKE: the agent gets the frame itself by a redirect, or has got a copy */
		return f->action ? f->action : ACTION_DROP;
	}
}

#endif
