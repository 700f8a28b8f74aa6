/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is the agent there? A dead or stopped agent decides nothing: what it has reserved for itself
 * (packets held, stations that stay) ends then, and the programs move stations by themselves.
 */
#ifndef TMIP_BPF_ALIVE_H
#define TMIP_BPF_ALIVE_H

#include "maps.h"

static __noinline int agent_is_away(void)
{
	__u32 zero = 0;
	const struct tmip_alive *alive = bpf_map_lookup_elem(&tmip_alive, &zero);

	/* The time may be a little ahead of the coarse clock. */
	return alive && alive->time_ns &&
	       (__s64)(bpf_ktime_get_coarse_ns() - alive->time_ns) > (__s64)TMIP_ALIVE_ENDS_NS;
}

#endif
