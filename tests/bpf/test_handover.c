/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first step of a handover: where the packets go, what the map shows afterwards, and which
 * events the agent gets.
 */
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

static void fast_with_flags(const char *text)
{
	int map = bpf_map__fd(world_bpf->maps.tmip_station);
	struct tmip_addr addr = world_addr(text);
	struct tmip_station station = world_station(text);

	fast();
	station.flags = flags_of_station;
	assert_int_equal(bpf_map_update_elem(map, &addr, &station, BPF_EXIST), 0);
}

static void guest_is_flagged(void)
{
	fast_with_flags(W_ELSEWHERE);
}

static void own_is_flagged(void)
{
	fast_with_flags(W_AWAY);
}

static void no_event_fits(void)
{
	struct tmip_config config = world_config();

	config.flags |= TMIP_CONFIG_FAST_HANDOVER;
	config.event_burst = 0;
	world_set_config(&config);
}

static void is_in(const char *station, enum tmip_station_state state, const char *cell,
		  const char *current)
{
	struct tmip_station found = world_station(station);
	struct tmip_addr at = world_addr(current);

	assert_int_equal(found.state, state);
	assert_int_equal(found.ifindex, cell ? world_ifindex(cell) : 0);
	assert_memory_equal(&found.current, &at, sizeof(at));
	assert_true(cell ? found.heard != 0 : found.heard == 0);
}

/* Since the world was made, only the fields have changed that is_in() checks. */
static void the_rest_stays(const char *station, const char *mac, const char *home,
			   const char *parent)
{
	struct tmip_station found = world_station(station);
	struct tmip_addr at = world_addr(parent);
	struct tmip_mac its = world_mac(mac);

	assert_memory_equal(&found.mac, &its, sizeof(its));
	assert_memory_equal(&found.parent, &at, sizeof(at));
	assert_int_equal(found.home_ifindex, home ? world_ifindex(home) : 0);
	assert_int_equal(found.flags, TMIP_STATION_F_FRESH);
}

/* The agent has been away for a while. */
static void agent_is_away(void)
{
	struct tmip_alive alive = {.time_ns = 1};
	uint32_t zero = 0;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(world_bpf->maps.tmip_alive), &zero, &alive,
					     BPF_ANY), 0);
}

static void agent_is_back(void)
{
	struct tmip_alive alive = {.time_ns = 0};
	uint32_t zero = 0;

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(world_bpf->maps.tmip_alive), &zero, &alive,
					     BPF_ANY), 0);
}

/* `how`: prepares the case; `where`: the cell; `what`: the event about the station `addr`. */
#define CELL(how, where, what, addr, frame, ...) \
	WORLD_CASE(#frame, CELL_IN, where, frame, __VA_ARGS__, .prepare = how, \
		   .event = TMIP_EVENT_##what, .event_addr = addr)
#define BACKBONE(how, frame, ...) \
	WORLD_CASE(#frame, BACKBONE_IN, "bb", frame, __VA_ARGS__, .prepare = how)
#define TRUSTED .mark = MARK_TRUSTED
#define EVENT(type, addr, peer) .event = type, .event_addr = addr, .event_peer = peer
#define FOLLOWED(addr, peer) EVENT(TMIP_EVENT_FOLLOWED, addr, peer)
#define STALE(addr, peer) EVENT(TMIP_EVENT_STALE, addr, peer)

static void a_guest_comes(void **state)
{
	static const struct bpf_case c = CELL(fast, "cell0", ARRIVED, W_ELSEWHERE, first_of_guest,
					      REDIRECT, ENCAP_PARENT);
	struct tmip_addr addr = world_addr(W_ELSEWHERE);
	struct tmip_station entry;
	struct outcome out;

	(void)state;
	world_run(&c);
	is_in(W_ELSEWHERE, TMIP_STATION_VISITING, "cell0", W_TUNNEL);
	the_rest_stays(W_ELSEWHERE, W_ELSEWHERE_MAC, NULL, W_CN2);
	/* The next packet bears the mark, too, and raises no event. */
	world_send_packet(CELL_IN, "cell0", &first_of_guest, &out);
	assert_int_equal(out.len, first_of_guest.out_len);
	assert_memory_equal(out.data, first_of_guest.out, out.len);
	/* The agent confirms. */
	entry = world_station(W_ELSEWHERE);
	entry.flags = 0;
	assert_int_equal(slots_put(&world_slots, &addr, &entry), 0);
	world_send_packet(CELL_IN, "cell0", &second_of_guest, &out);
	assert_int_equal(out.len, second_of_guest.out_len);
	assert_memory_equal(out.data, second_of_guest.out, out.len);
	assert_int_equal(world_events(NULL), 0);
}

/* Its ARP question came a moment before, and the agent has not done anything about it yet. */
static void a_guest_that_asked_first_comes(void **state)
{
	struct tmip_event event;
	struct outcome out;

	(void)state;
	world_reset();
	fast();
	world_send_packet(CELL_IN, "cell0", &arp_elsewhere_gateway, &out);
	assert_int_equal(world_events(&event), 1);
	assert_int_equal(event.type, TMIP_EVENT_SEEN);
	world_send_packet(CELL_IN, "cell0", &first_of_guest, &out);
	assert_int_equal(out.len, first_of_guest.out_len);
	assert_memory_equal(out.data, first_of_guest.out, out.len); /* the mark for its parent */
	assert_int_equal(world_events(&event), 1);
	assert_int_equal(event.type, TMIP_EVENT_ARRIVED);
	is_in(W_ELSEWHERE, TMIP_STATION_VISITING, "cell0", W_TUNNEL);
}

static void a_first_packet_may_go_straight(void **state)
{
	static const struct bpf_case c = CELL(fast_and_direct, "cell0", ARRIVED, W_ELSEWHERE,
					      first_direct, REDIRECT, NEXT_DOOR, TRUSTED);

	(void)state;
	world_run(&c);
	is_in(W_ELSEWHERE, TMIP_STATION_VISITING, "cell0", W_TUNNEL);
}

static void a_station_comes_home(void **state)
{
	static const struct bpf_case c = CELL(fast, "cell0", ARRIVED, W_AWAY, first_back_home,
					      NEXT, HOME);

	(void)state;
	world_run(&c);
	is_in(W_AWAY, TMIP_STATION_HOME, "cell0", W_TUNNEL);
	the_rest_stays(W_AWAY, W_AWAY_MAC, "cell0", W_TUNNEL);
}

static void a_station_comes_next_door(void **state)
{
	static const struct bpf_case c = CELL(fast, "cell1", ARRIVED, W_AWAY, first_next_door,
					      REDIRECT, NEXT_DOOR, TRUSTED);

	(void)state;
	world_run(&c);
	is_in(W_AWAY, TMIP_STATION_NEXT_DOOR, "cell1", W_TUNNEL);
}

static void the_parent_follows(void **state)
{
	static const struct bpf_case from_home =
		BACKBONE(fast, first_from_home, REDIRECT, DECAP_KERNEL, TRUSTED,
			 FOLLOWED(W_HOME, W_CN2));
	static const struct bpf_case from_away =
		BACKBONE(fast, first_from_away, REDIRECT, DECAP_KERNEL, TRUSTED,
			 FOLLOWED(W_AWAY, W_CN3));

	(void)state;
	world_run(&from_home);
	is_in(W_HOME, TMIP_STATION_AWAY, NULL, W_CN2);
	the_rest_stays(W_HOME, W_HOME_MAC, "cell0", W_TUNNEL);
	world_run(&from_away);
	is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN3);
	the_rest_stays(W_AWAY, W_AWAY_MAC, "cell0", W_TUNNEL);
}

/* Nor does the slot show the old place: the next packet for the station goes to its new one. */
static void the_parent_looks_where_it_wrote(void **state)
{
	struct tmip_addr addr = world_addr(W_AWAY), now = world_addr(W_CN3);
	struct tmip_station entry;
	struct outcome out;

	(void)state;
	world_reset();
	fast();
	entry = world_station(W_AWAY);
	assert_int_equal(slots_put(&world_slots, &addr, &entry), 0);
	world_send_packet(BACKBONE_IN, "bb", &first_from_away, &out);
	world_send_packet(BACKBONE_IN, "bb", &bb_away, &out);
	assert_int_equal(out.action, REDIRECT);
	assert_memory_equal(out.data + 14 + 16, now.v4, sizeof(now.v4)); /* the outer destination */
}

/*
 * The station's next frame in its former cell raises an event again, even if it has raised one
 * there within the interval.
 */
static void a_followed_station_may_be_back_at_once(void **state)
{
	struct outcome out;

	(void)state;
	world_reset();
	fast();
	world_send_packet(CELL_IN, "cell0", &first_back_home, &out);
	world_send_packet(BACKBONE_IN, "bb", &first_from_away, &out);
	is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN3);
	world_send_packet(CELL_IN, "cell0", &first_back_home, &out);
	is_in(W_AWAY, TMIP_STATION_HOME, "cell0", W_TUNNEL);
	assert_int_equal(world_events(NULL), 3);
}

static void only_a_mark_of_a_peer_counts(void **state)
{
	static const struct bpf_case cases[] = {
		BACKBONE(fast, not_first_from_away, REDIRECT, DECAP_KERNEL, TRUSTED),
		BACKBONE(fast, first_of_stranger, NEXT, UNKNOWN_PEER),
		BACKBONE(fast, first_relayed, REDIRECT, RELAY, STALE(W_ELSEWHERE, W_CN2)),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_run(&cases[i]);
		is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN2);
	}
}

/* The programs do not move a station with a flag. */
static void the_agent_may_decide_alone(void **state)
{
	static const struct bpf_case guest =
		CELL(guest_is_flagged, "cell0", SEEN, W_ELSEWHERE, second_of_guest, REDIRECT,
		     ENCAP_PARENT);
	static const struct bpf_case own =
		BACKBONE(own_is_flagged, first_from_away, REDIRECT, DECAP_KERNEL, TRUSTED);
	static const uint8_t flags[] = {
		TMIP_STATION_F_STAYS, TMIP_STATION_F_HELD, TMIP_STATION_F_SILENT,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		flags_of_station = flags[i];
		world_run(&guest);
		is_in(W_ELSEWHERE, TMIP_STATION_ELSEWHERE, NULL, W_CN3);
		world_run(&own);
		is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN2);
	}
}

/* What an agent that is away has reserved for itself counts no more. */
static void a_dead_agent_decides_nothing(void **state)
{
	static const uint8_t flags[] = {
		TMIP_STATION_F_STAYS, TMIP_STATION_F_HELD | TMIP_STATION_F_SILENT,
	};
	struct outcome out;

	(void)state;
	for (size_t i = 0; i < sizeof(flags); i++) {
		flags_of_station = flags[i];
		world_reset();
		guest_is_flagged();
		agent_is_away();
		world_send_packet(CELL_IN, "cell0", &first_of_guest, &out);
		assert_int_equal(out.len, first_of_guest.out_len);
		assert_memory_equal(out.data, first_of_guest.out, out.len);
		is_in(W_ELSEWHERE, TMIP_STATION_VISITING, "cell0", W_TUNNEL);
		the_rest_stays(W_ELSEWHERE, W_ELSEWHERE_MAC, NULL, W_CN2);
		world_reset();
		own_is_flagged();
		world_send_packet(BACKBONE_IN, "bb", &first_from_away, &out);
		is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN3);
	}
	agent_is_back();
}

/* While the agent is there, it decides what an ARP packet proves. */
static void a_dead_agent_does_not_ask_by_arp(void **state)
{
	struct tmip_event event;
	struct outcome out;

	(void)state;
	world_reset();
	fast();
	agent_is_away();
	world_send_packet(CELL_IN, "cell0", &arp_elsewhere_gateway, &out);
	assert_int_equal(out.action, REDIRECT); /* it gets its answer all the same */
	assert_int_equal(out.len, arp_elsewhere_gateway.out_len);
	assert_memory_equal(out.data, arp_elsewhere_gateway.out, out.len);
	assert_int_equal(world_events(&event), 1);
	assert_int_equal(event.type, TMIP_EVENT_ARRIVED);
	is_in(W_ELSEWHERE, TMIP_STATION_VISITING, "cell0", W_TUNNEL);
	agent_is_back();
}

static void another_cn_says_that_it_has_a_station(void **state)
{
	static const struct bpf_case cases[] = {
		BACKBONE(fast, here_away, REDIRECT, PROBE, FOLLOWED(W_AWAY, W_CN3)),
		BACKBONE(fast, here_home, REDIRECT, PROBE, FOLLOWED(W_HOME, W_CN3)),
		BACKBONE(fast, here_visitor, REDIRECT, PROBE, FOLLOWED(W_VISITOR, W_CN3)),
		BACKBONE(fast, here_elsewhere, REDIRECT, PROBE, FOLLOWED(W_ELSEWHERE, W_CN2)),
		BACKBONE(fast, here_of_programs, DROP, PROBE_NOTED, FOLLOWED(W_AWAY, W_CN3)),
		BACKBONE(fast, here_unknown, DROP, PROBE_NOTED),
		BACKBONE(fast, here_of_stranger, NEXT, UNKNOWN_PEER),
		BACKBONE(own_is_flagged, here_away_unheard, DROP, PROBE_NOTED),
		BACKBONE(NULL, here_away_unheard, DROP, PROBE_NOTED), /* fast_handover off */
	};

	(void)state;
	flags_of_station = TMIP_STATION_F_STAYS;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		world_run(&cases[i]);
	world_run(&cases[0]);
	is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN3);
	the_rest_stays(W_AWAY, W_AWAY_MAC, "cell0", W_TUNNEL);
	world_run(&cases[2]);
	is_in(W_VISITOR, TMIP_STATION_ELSEWHERE, NULL, W_CN3);
}

static void another_cn_asks_for_a_station(void **state)
{
	static const struct bpf_case cases[] = {
		BACKBONE(NULL, where_visitor, REDIRECT, PROBE),
		BACKBONE(NULL, where_home, REDIRECT, PROBE),
		BACKBONE(NULL, where_away, DROP, PROBE_NOTED),
		BACKBONE(NULL, where_of_stranger, NEXT, UNKNOWN_PEER),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		world_run(&cases[i]);
}

/* Over the limit of events, the programs do not move a station. */
static void nothing_moves_behind_the_agents_back(void **state)
{
	static const struct bpf_case guest =
		WORLD_CASE("second_of_guest", CELL_IN, "cell0", second_of_guest, REDIRECT,
			   ENCAP_PARENT, .prepare = no_event_fits);
	static const struct bpf_case own =
		BACKBONE(no_event_fits, first_from_away, REDIRECT, DECAP_KERNEL, TRUSTED);

	(void)state;
	world_run(&guest);
	is_in(W_ELSEWHERE, TMIP_STATION_ELSEWHERE, NULL, W_CN3);
	world_run(&own);
	is_in(W_AWAY, TMIP_STATION_AWAY, NULL, W_CN2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_comes),
		cmocka_unit_test(a_guest_that_asked_first_comes),
		cmocka_unit_test(a_first_packet_may_go_straight),
		cmocka_unit_test(a_station_comes_home),
		cmocka_unit_test(a_station_comes_next_door),
		cmocka_unit_test(the_parent_follows),
		cmocka_unit_test(the_parent_looks_where_it_wrote),
		cmocka_unit_test(a_followed_station_may_be_back_at_once),
		cmocka_unit_test(only_a_mark_of_a_peer_counts),
		cmocka_unit_test(the_agent_may_decide_alone),
		cmocka_unit_test(a_dead_agent_decides_nothing),
		cmocka_unit_test(a_dead_agent_does_not_ask_by_arp),
		cmocka_unit_test(another_cn_says_that_it_has_a_station),
		cmocka_unit_test(another_cn_asks_for_a_station),
		cmocka_unit_test(nothing_moves_behind_the_agents_back),
	};

	return cmocka_run_group_tests_name("the first step of a handover", tests, world_begin,
					   world_end);
}
