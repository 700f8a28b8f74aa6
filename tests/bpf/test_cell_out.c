/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that the kernel sends into a cell, one by one: action, whole frame, reason, copy. */
#include "world.h"

#define OUT(frame, ...) WORLD_CASE(#frame, CELL_OUT, "cell0", frame, __VA_ARGS__)
#define NARROW(frame, ...) OUT(frame, __VA_ARGS__, .prepare = world_narrow)
#define GROUP(frame, ...) OUT(frame, __VA_ARGS__, .prepare = world_group)

static const struct bpf_case cases[] = {
	OUT(arp_kernel_for_away, REDIRECT, ARP_ABSENT, .mark = MARK_TRUSTED),
	OUT(arp_kernel_for_away_unicast, REDIRECT, ARP_ABSENT, .mark = MARK_TRUSTED),
	OUT(arp_kernel_for_next_door, REDIRECT, ARP_ABSENT, .mark = MARK_TRUSTED),
	OUT(arp_kernel_for_home, NEXT, NOT_OURS),
	OUT(arp_kernel_announces, NEXT, NOT_OURS),
	OUT(out_home, NEXT, NOT_OURS),
	OUT(out_home_wrong_neighbour, NEXT, NOT_OURS),
	OUT(out_away, REDIRECT, ENCAP_VISITED),
	OUT(out_away_behind_router, REDIRECT, ENCAP_VISITED),
	OUT(out_away_no_route, DROP, NO_ROUTE),
	OUT(out_away_no_neighbour, REDIRECT, ENCAP_VISITED),
	OUT(size_out_away, REDIRECT, ICMP_TOO_BIG, .mark = MARK_TRUSTED),
	OUT(size_out_away_without_df, REDIRECT, TO_FRAGMENT),
	OUT(size_out_away_no_agent, REDIRECT, ICMP_TOO_BIG, .mark = MARK_TRUSTED,
	    .prepare = world_no_agent),
	OUT(size_out_next_door, REDIRECT, ICMP_CELL, .mark = MARK_TRUSTED),
	OUT(size_out_next_door_without_df, REDIRECT, TO_FRAGMENT),
	OUT(size_out_next_door_no_agent, REDIRECT, ICMP_CELL, .mark = MARK_TRUSTED,
	    .prepare = world_no_agent),
	NARROW(narrow_out_fits, REDIRECT, ENCAP_VISITED),
	OUT(narrow_out, REDIRECT, ICMP_TOO_BIG, .mark = MARK_TRUSTED, .prepare = world_narrow),
	OUT(out_next_door, REDIRECT, NEXT_DOOR, .mark = MARK_TRUSTED),
	OUT(out_broadcast, NEXT, NOT_OURS),
	OUT(out_group, NEXT, NOT_OURS),
	GROUP(out_group, NEXT, GROUP_COPIED, .copy = &out_group),
	GROUP(out_group_dhcp, NEXT, GROUP),
	GROUP(out_group_of_others, NEXT, NOT_OURS),
	OUT(out_unknown, NEXT, NOT_OURS),
	OUT(out_mss_home, NEXT, NOT_OURS),
	OUT(out_mss_away, REDIRECT, ENCAP_VISITED),
	OUT(out_ipv6, NEXT, NOT_OURS),
};

int main(void)
{
	return WORLD_RUN_TABLE("frames into a cell", cases);
}
