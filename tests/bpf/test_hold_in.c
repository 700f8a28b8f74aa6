/* SPDX-License-Identifier: BSD-2-Clause */
/* What the agent sends through its device, one by one: packets that were held for stations, and copies for other CNs. */
#include "world.h"

#define IN(frame, verdict, why, ...) \
	{.name = #frame, .program = HOLD_IN, .interface = "hold", .packet = &frame, .action = verdict, .reason = TMIP_REASON_##why, ##__VA_ARGS__}

static void no_cell(void)
{
	uint32_t key = world_ifindex("cell0");

	bpf_map_delete_elem(bpf_map__fd(world_bpf->maps.tmip_cell), &key);
}

/* New packets of the station wait; those that waited go past them. */
static void still_held(void)
{
	struct tmip_addr key = world_addr(W_HOME);
	struct tmip_station station;

	assert_int_equal(bpf_map_lookup_elem(world_slots.stations, &key, &station), 0);
	station.flags = TMIP_STATION_F_HELD;
	assert_int_equal(slots_put(&world_slots, &key, &station), 0);
}

/* At this CN by what was agreed on, but in no cell of it. */
static void nowhere(void)
{
	world_put_station(W_AWAY, W_AWAY_MAC, TMIP_STATION_AWAY, NULL, "cell0", W_TUNNEL, W_TUNNEL);
}

#define WITH(what, frame, verdict, why, ...) \
	{.name = #frame ", " #what, .program = HOLD_IN, .interface = "hold", .packet = &frame, .action = verdict, .reason = TMIP_REASON_##why, .prepare = what, ##__VA_ARGS__}

static const struct bpf_case cases[] = {
	/* held */
	IN(held_home, REDIRECT, REPLAYED, .mark = MARK_TRUSTED),
	IN(held_visitor, REDIRECT, REPLAYED, .mark = MARK_TRUSTED),
	IN(held_next_door, REDIRECT, REPLAYED, .mark = MARK_TRUSTED),
	IN(held_away, REDIRECT, REPLAYED),
	IN(held_elsewhere, REDIRECT, REPLAYED),
	IN(held_away4, REDIRECT, REPLAYED),
	WITH(still_held, held_home, REDIRECT, REPLAYED, .mark = MARK_TRUSTED),
	WITH(no_cell, held_home, DROP, NO_CELL),
	WITH(nowhere, held_away, DROP, NOT_HERE),
	IN(held_no_route, DROP, NO_ROUTE),
	IN(held_too_big, DROP, TOO_BIG),
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
};

int main(void)
{
	return world_run_table("what the agent sends through its device", cases, sizeof(cases) / sizeof(cases[0]));
}
