/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Hosts with several MACs (tmip_macs). The cell programs ask when a frame of a station does not
 * come from the MAC by which the station gets its packets. Such a frame is the station's own like
 * any other, except that it does not show where its packets should go: the agent decides.
 */
#ifndef TMIP_BPF_OTHER_MAC_H
#define TMIP_BPF_OTHER_MAC_H

#include "station.h"

/*
 * Does the frame come from a MAC of the station, though not from the one that the station's entry
 * has?
 */
static __noinline int is_other_mac(struct frame *f, __be32 ipv4)
{
	struct tmip_addr addr = addr_of(ipv4);
	const struct tmip_macs *macs = bpf_map_lookup_elem(&tmip_macs, &addr);

	if (!f || !macs)
		return 0;
	for (int i = 0; i < TMIP_MACS; i++)
		if (same_mac(&macs->mac[i], &f->src))
			return 1;
	return 0;
}

#endif
