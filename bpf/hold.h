/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets for a station that has left its cell and has not appeared elsewhere are held by the agent: they go out of a
 * device whose other end it reads (the kernel cuts super-packets on the way), and come back in there when the station is
 * found (hold_ingress.bpf.c). As long as the agent has packets of a station, new ones line up behind them.
 */
#ifndef TMIP_BPF_HOLD_H
#define TMIP_BPF_HOLD_H

#include "lookup.h"

/* A station that is heard again while nobody ends the holding must not wait for a dead agent. */
static __always_inline int is_held(const struct frame *f, const struct station *to)
{
	if (!(to->flags & TMIP_STATION_F_HELD) || !f->config->buffer_ifindex)
		return 0;
	return !to->heard || (__u16)(tmip_heard_half(heard_now()) - to->heard) <= TMIP_HEARD_HOLD;
}

static __always_inline int hold(struct frame *f)
{
	f->action = bpf_redirect(f->config->buffer_ifindex, 0);
	return TMIP_REASON_BUFFERED;
}

#endif
