/* SPDX-License-Identifier: BSD-2-Clause */
/* The first step of a handover: what the packets become, what the map says then, what the agent is told. */
#include "world.h"

#include <string.h>

static uint8_t flags_of_station;

static void fast(void)
{
	struct tmip_config config = world_config();

	config.flags |= TMIP_CONFIG_FAST_HANDOVER;
	world_set_config(&config);
}

static void fast_and_direct(void)
{
	struct tmip_config config = world_config();

	config.flags |= TMIP_CONFIG_FAST_HANDOVER | TMIP_CONFIG_DIRECT;
	world_set_config(&config);
}

static struct tmip_station station_of(const char *text)
{
	struct tmip_addr addr = world_addr(text);
	struct tmip_station station;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(world_bpf->maps.tmip_station), &addr, &station), 0);
	return station;
}

static void fast_but(const char *text)
{
	struct tmip_addr addr = world_addr(text);
	struct tmip_station station = station_of(text);

	fast();
	station.flags = flags_of_station;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(world_bpf->maps.tmip_station), &addr, &station, BPF_EXIST), 0);
}

static void guest_is_flagged(void)
{
	fast_but(W_ELSEWHERE);
}

static void own_is_flagged(void)
{
	fast_but(W_AWAY);
}

static void no_event_fits(void)
{
	struct tmip_config config = world_config();

	config.flags |= TMIP_CONFIG_FAST_HANDOVER;
	config.event_burst = 0;
	world_set_config(&config);
}

static void is_in(const char *station, enum tmip_station_state state, const char *cell, const char *current)
{
	struct tmip_station found = station_of(station);
	struct tmip_addr at = world_addr(current);

	assert_int_equal(found.state, state);
	assert_int_equal(found.ifindex, cell ? world_ifindex(cell) : 0);
	assert_memory_equal(&found.current, &at, sizeof(at));
	assert_true(cell ? found.heard != 0 : found.heard == 0);
}

/* Nothing but what is_in() looks at has changed since the world was made. */
static void the_rest_stays(const char *station, const char *mac, const char *home, const char *parent)
{
	struct tmip_station found = station_of(station);
	struct tmip_addr at = world_addr(parent);
	struct tmip_mac its = world_mac(mac);

	assert_memory_equal(&found.mac, &its, sizeof(its));
	assert_memory_equal(&found.parent, &at, sizeof(at));
	assert_int_equal(found.home_ifindex, home ? world_ifindex(home) : 0);
	assert_int_equal(found.flags, 0);
}

#define CELL(how, where, frame, verdict, why, told, ...) \
	{.name = #frame, .program = CELL_IN, .interface = where, .packet = &frame, .action = verdict, .reason = TMIP_REASON_##why, \
	 .event = TMIP_EVENT_##told, .prepare = how, ##__VA_ARGS__}
#define BACKBONE(how, frame, verdict, why, ...) \
	{.name = #frame, .program = BACKBONE_IN, .interface = "bb", .packet = &frame, .action = verdict, .reason = TMIP_REASON_##why, \
	 .prepare = how, ##__VA_ARGS__}
#define FOLLOWED(addr, peer) .event = TMIP_EVENT_FOLLOWED, .event_addr = (addr), .event_peer = (peer)

static void a_guest_comes(void **state)
{
	static const struct bpf_case c = CELL(fast, "cell0", first_of_guest, REDIRECT, ENCAP_PARENT, ARRIVED, .event_addr = W_ELSEWHERE);
	struct outcome out;

	(void)state;
	world_run(&c);
	is_in(W_ELSEWHERE, TMIP_STATION_VISITING, "cell0", W_TUNNEL);
	the_rest_stays(W_ELSEWHERE, W_ELSEWHERE_MAC, NULL, W_CN2);
	/* The next packet bears no mark, and the agent has been told. */
	assert_int_equal(world_send(CELL_IN, "cell0", 0, second_of_guest.in, second_of_guest.in_len, &out), 0);
	assert_int_equal(out.len, second_of_guest.out_len);
	assert_memory_equal(out.data, second_of_guest.out, out.len);
	assert_int_equal(world_events(NULL), 0);
}

static void a_packet_that_goes_straight_bears_no_mark(void **state)
{
	static const struct bpf_case c = CELL(fast_and_direct, "cell0", first_direct, REDIRECT, NEXT_DOOR, ARRIVED, .event_addr = W_ELSEWHERE,
					      .mark = MARK_TRUSTED);

	(void)state;
	world_run(&c);
	is_in(W_ELSEWHERE, TMIP_STATION_VISITING, "cell0", W_TUNNEL);
}

static void one_comes_home(void **state)
{
	static const struct bpf_case c = CELL(fast, "cell0", first_back_home, NEXT, HOME, ARRIVED, .event_addr = W_AWAY);

	(void)state;
	world_run(&c);
	is_in(W_AWAY, TMIP_STATION_HOME, "cell0", W_TUNNEL);
	the_rest_stays(W_AWAY, W_AWAY_MAC, "cell0", W_TUNNEL);
}

static void one_comes_next_door(void **state)
{
	static const struct bpf_case c = CELL(fast, "cell1", first_next_door, REDIRECT, NEXT_DOOR, ARRIVED, .event_addr = W_AWAY, .mark = MARK_TRUSTED);

	(void)state;
	world_run(&c);
	is_in(W_AWAY, TMIP_STATION_NEXT_DOOR, "cell1", W_TUNNEL);
}

static void the_parent_follows(void **state)
{
	static const struct bpf_case from_home = BACKBONE(fast, first_from_home, REDIRECT, DECAP_KERNEL, FOLLOWED(W_HOME, W_CN2), .mark = MARK_TRUSTED);
	static const struct bpf_case from_away = BACKBONE(fast, first_from_away, REDIRECT, DECAP_KERNEL, FOLLOWED(W_AWAY, W_CN3), .mark = MARK_TRUSTED);

	(void)state;
	world_run(&from_home);
	is_in(W_HOME, TMIP_STATION_AWAY, NULL, W_CN2);
	the_rest_stays(W_HOME, W_HOME_MAC, "cell0", W_TUNNEL);
	world_run(&from_away);
	is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN3);
	the_rest_stays(W_AWAY, W_AWAY_MAC, "cell0", W_TUNNEL);
}

/* What the slot said of it is over, too: the next packet for it goes to where it is now. */
static void the_parent_looks_where_it_wrote(void **state)
{
	struct tmip_addr addr = world_addr(W_AWAY), now = world_addr(W_CN3);
	struct tmip_station entry;
	struct outcome out;

	(void)state;
	world_reset();
	fast();
	entry = station_of(W_AWAY);
	assert_int_equal(slots_put(&world_slots, &addr, &entry), 0);
	assert_int_equal(world_send(BACKBONE_IN, "bb", 0, first_from_away.in, first_from_away.in_len, &out), 0);
	assert_int_equal(world_send(BACKBONE_IN, "bb", 0, bb_away.in, bb_away.in_len, &out), 0);
	assert_int_equal(out.action, REDIRECT);
	assert_memory_equal(out.data + 14 + 16, now.v4, sizeof(now.v4)); /* the outer destination */
}

/* Its next frame in its former cell is news, how short a time ago it may have come there. */
static void a_followed_station_may_be_back_at_once(void **state)
{
	struct outcome out;

	(void)state;
	world_reset();
	fast();
	assert_int_equal(world_send(CELL_IN, "cell0", 0, first_back_home.in, first_back_home.in_len, &out), 0);
	assert_int_equal(world_send(BACKBONE_IN, "bb", 0, first_from_away.in, first_from_away.in_len, &out), 0);
	is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN3);
	assert_int_equal(world_send(CELL_IN, "cell0", 0, first_back_home.in, first_back_home.in_len, &out), 0);
	is_in(W_AWAY, TMIP_STATION_HOME, "cell0", W_TUNNEL);
	assert_int_equal(world_events(NULL), 3);
}

static void only_a_mark_of_a_peer_counts(void **state)
{
	static const struct bpf_case cases[] = {
		BACKBONE(fast, not_first_from_away, REDIRECT, DECAP_KERNEL, .mark = MARK_TRUSTED),
		BACKBONE(fast, first_of_stranger, DROP, UNKNOWN_PEER),
		BACKBONE(fast, first_relayed, REDIRECT, RELAY, .event = TMIP_EVENT_STALE, .event_addr = W_ELSEWHERE, .event_peer = W_CN2),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_run(&cases[i]);
		is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN2);
	}
}

static void the_agent_may_keep_it_to_itself(void **state)
{
	static const struct bpf_case guest = CELL(guest_is_flagged, "cell0", second_of_guest, REDIRECT, ENCAP_PARENT, SEEN, .event_addr = W_ELSEWHERE);
	static const struct bpf_case own = BACKBONE(own_is_flagged, first_from_away, REDIRECT, DECAP_KERNEL, .mark = MARK_TRUSTED);
	static const uint8_t flags[] = {TMIP_STATION_F_STAYS, TMIP_STATION_F_HELD, TMIP_STATION_F_SILENT};

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		flags_of_station = flags[i];
		world_run(&guest);
		is_in(W_ELSEWHERE, TMIP_STATION_ELSEWHERE, NULL, W_CN3);
		world_run(&own);
		is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN2);
	}
}

static void nothing_moves_behind_the_agents_back(void **state)
{
	static const struct bpf_case guest = {.name = "", .program = CELL_IN, .interface = "cell0", .packet = &second_of_guest, .action = REDIRECT,
					      .reason = TMIP_REASON_ENCAP_PARENT, .prepare = no_event_fits};
	static const struct bpf_case own = BACKBONE(no_event_fits, first_from_away, REDIRECT, DECAP_KERNEL, .mark = MARK_TRUSTED);

	(void)state;
	world_run(&guest);
	is_in(W_ELSEWHERE, TMIP_STATION_ELSEWHERE, NULL, W_CN3);
	world_run(&own);
	is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_comes), cmocka_unit_test(a_packet_that_goes_straight_bears_no_mark), cmocka_unit_test(one_comes_home),
		cmocka_unit_test(one_comes_next_door), cmocka_unit_test(the_parent_follows), cmocka_unit_test(the_parent_looks_where_it_wrote),
		cmocka_unit_test(a_followed_station_may_be_back_at_once),
		cmocka_unit_test(only_a_mark_of_a_peer_counts), cmocka_unit_test(the_agent_may_keep_it_to_itself),
		cmocka_unit_test(nothing_moves_behind_the_agents_back),
	};

	return cmocka_run_group_tests_name("the first step of a handover", tests, world_begin, world_end);
}
