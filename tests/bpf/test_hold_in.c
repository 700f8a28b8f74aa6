/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that the agent sends through its device, one by one: those that it held for stations, and
 * copies of broadcasts and multicasts for other CNs.
 */
#include "world.h"

#define NAMED(title, frame, ...) WORLD_CASE(title, HOLD_IN, "hold", frame, __VA_ARGS__)
#define IN(frame, ...) NAMED(#frame, frame, __VA_ARGS__)
#define WITH(what, frame, ...) NAMED(#frame ", " #what, frame, __VA_ARGS__, .prepare = what)

/* New packets for the station are still held; those that the agent gives back go past them. */
static void still_held(void)
{
	struct tmip_addr key = world_addr(W_HOME);
	struct tmip_station station = world_station(W_HOME);

	station.flags = TMIP_STATION_F_HELD;
	assert_int_equal(slots_put(&world_slots, &key, &station), 0);
}

/* The map says that the station is away, but at this CN's own address. */
static void nowhere(void)
{
	world_put_station(W_AWAY, W_AWAY_MAC, TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_TUNNEL);
}

static const struct bpf_case cases[] = {
	/* packets that were held */
	IN(held_home, REDIRECT, REPLAYED, .mark = MARK_TRUSTED),
	IN(held_visitor, REDIRECT, REPLAYED, .mark = MARK_TRUSTED),
	IN(held_next_door, REDIRECT, REPLAYED, .mark = MARK_TRUSTED),
	IN(held_away, REDIRECT, REPLAYED),
	IN(held_elsewhere, REDIRECT, REPLAYED),
	IN(held_away4, REDIRECT, REPLAYED),
	WITH(still_held, held_home, REDIRECT, REPLAYED, .mark = MARK_TRUSTED),
	WITH(world_no_cell, held_home, DROP, NO_CELL),
	WITH(world_cell_down, held_home, DROP, CELL_DOWN),
	WITH(world_cell_down, held_away, REDIRECT, REPLAYED),
	WITH(nowhere, held_away, DROP, NOT_HERE),
	IN(held_no_route, DROP, NO_ROUTE),
	IN(size_held_visitor, REDIRECT, ICMP_CELL),
	IN(size_held_visitor_without_df, REDIRECT, TO_FRAGMENT),
	WITH(world_no_agent, size_held_visitor_no_agent, REDIRECT, ICMP_CELL),
	WITH(world_narrow, narrow_held_fits, REDIRECT, REPLAYED),
	IN(narrow_held, REDIRECT, ICMP_TOO_BIG, .mark = MARK_TRUSTED, .prepare = world_narrow),
	IN(held_blocked, DROP, BLOCKED),
	IN(held_unknown, DROP, NOT_HERE),
	IN(held_arp, DROP, MALFORMED),
	/* copies of broadcasts and multicasts */
	IN(abroad_mdns, REDIRECT, GROUP_ABROAD),
	IN(abroad_directed, REDIRECT, GROUP_ABROAD),
	IN(abroad_no_peer, DROP, NOT_HERE),
	IN(abroad_unicast, DROP, NOT_HERE),
	IN(abroad_no_route, DROP, NO_ROUTE),
	IN(abroad_too_big, DROP, TOO_BIG),
	IN(size_abroad_without_df, REDIRECT, TO_FRAGMENT),
	/* what the agent makes of packets that are too big */
	IN(by_agent_cn, REDIRECT, FROM_AGENT),
	IN(by_agent_no_cn, DROP, NOT_HERE),
	IN(by_agent_station, REDIRECT, FROM_AGENT, .mark = MARK_TRUSTED),
	IN(by_agent_station_away, REDIRECT, FROM_AGENT),
	IN(by_agent_kernel, REDIRECT, FROM_AGENT, .mark = MARK_TRUSTED),
	IN(by_agent_kernel_guest, REDIRECT, FROM_AGENT),
	IN(by_agent_kernel_stranger, DROP, NOT_HERE),
	WITH(world_narrow, narrow_abroad_fits, REDIRECT, GROUP_ABROAD),
	WITH(world_narrow, narrow_abroad, REDIRECT, TO_FRAGMENT),
};

int main(void)
{
	return WORLD_RUN_TABLE("packets that the agent sends through its device", cases);
}
