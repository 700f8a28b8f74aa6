/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The agent holds packets for a station that has left its cell and has not appeared elsewhere. The
 * programs send such packets out of a device whose other end the agent reads; the kernel splits
 * super-packets on the way. When the station is found, the packets come back in by that device
 * (hold_ingress.bpf.c). As long as the agent has packets for a station, new ones line up behind
 * them.
 */
#ifndef TMIP_BPF_HOLD_H
#define TMIP_BPF_HOLD_H

#include "alive.h"
#include "lookup.h"

/*
 * A station may be heard again without anybody ending the hold. Then the hold ends by itself after
 * TMIP_HEARD_HOLD, so that the station does not wait for a dead agent.
 */
static __always_inline int is_held(const struct frame *f, const struct station *to)
{
	if (!(to->flags & TMIP_STATION_F_HELD) || !f->config->buffer_ifindex || agent_is_away())
		return 0;
	return !to->heard || (__u16)(tmip_heard_half(heard_now()) - to->heard) <= TMIP_HEARD_HOLD;
}

/* Sends the frame to the agent. Returns a reason. */
static __always_inline int hold(struct frame *f)
{
	f->action = bpf_redirect(f->config->buffer_ifindex, 0);
	return TMIP_REASON_BUFFERED;
}

#endif
