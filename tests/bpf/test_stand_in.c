/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * While the kernel has a subnet behind the stand-in of its cell: what it sends there, and where
 * packets enter it that come from the cell's stations.
 */
#include <stdlib.h>

#include "world.h"

#define NAMED(title, frame, ...) WORLD_CASE(title, STAND_IN_OUT, "standin", frame, __VA_ARGS__)
#define OUT(frame, ...) NAMED(#frame, frame, __VA_ARGS__)
#define DOWN(frame, ...) NAMED(#frame ", down", frame, __VA_ARGS__, .prepare = world_cell_down)
#define GROUP(frame, ...) OUT(frame, __VA_ARGS__, .prepare = world_group)
#define TRUSTED .mark = MARK_TRUSTED

static void hold(const char *addr)
{
	struct tmip_station station = world_station(addr);
	struct tmip_addr key = world_addr(addr);

	station.flags = TMIP_STATION_F_HELD;
	assert_int_equal(slots_put(&world_slots, &key, &station), 0);
}

static void hold_some(void)
{
	hold(W_AWAY);
	hold(W_HOME);
	hold(W_NEXT_DOOR);
	world_cell_down();
}

static void no_stand_in(void)
{
	uint32_t key = world_ifindex("standin");

	bpf_map_delete_elem(bpf_map__fd(world_bpf->maps.tmip_cell), &key);
}

static void group_down(void)
{
	world_group();
	world_cell_down();
}

static const struct bpf_case cases[] = {
	/* elsewhere: as if the cell were there */
	DOWN(out_away, REDIRECT, ENCAP_VISITED),
	DOWN(out_away_behind_router, REDIRECT, ENCAP_VISITED),
	DOWN(out_away_no_route, DROP, NO_ROUTE),
	DOWN(out_away_no_neighbour, REDIRECT, ENCAP_VISITED),
	DOWN(out_mss_away, REDIRECT, ENCAP_VISITED),
	DOWN(out_next_door, REDIRECT, NEXT_DOOR, TRUSTED),
	DOWN(size_out_away, REDIRECT, ICMP_TOO_BIG, TRUSTED),
	DOWN(size_out_away_without_df, REDIRECT, TO_FRAGMENT),
	DOWN(size_out_next_door, REDIRECT, ICMP_CELL, TRUSTED),
	NAMED("narrow_out", narrow_out, REDIRECT, ICMP_TOO_BIG, TRUSTED, .prepare = world_narrow),
	/* at home: reached if the cell is there, and has no address only */
	OUT(out_home_wrong_neighbour, REDIRECT, NEXT_DOOR, TRUSTED),
	OUT(out_mss_home, REDIRECT, NEXT_DOOR, TRUSTED),
	DOWN(out_home, DROP, CELL_DOWN),
	/* held */
	NAMED("out_away, held", held_out_away, REDIRECT, BUFFERED, .prepare = hold_some),
	NAMED("out_home, held", out_home, REDIRECT, BUFFERED, .prepare = hold_some),
	NAMED("out_next_door, held", held_out_next_door, REDIRECT, BUFFERED, .prepare = hold_some),
	/* nobody */
	OUT(out_unknown, DROP, CELL_DOWN),
	DOWN(out_unknown, DROP, CELL_DOWN),
	OUT(out_blocked_own, DROP, CELL_DOWN),
	OUT(out_guest, DROP, CELL_DOWN), /* of another subnet: no route to it leads here */
	OUT(out_ipv6, DROP, CELL_DOWN),
	OUT(arp_kernel_for_away, DROP, CELL_DOWN),
	NAMED("out_away, no entry", held_out_away, DROP, NO_CELL, .prepare = no_stand_in),
	/* broadcast and multicast of this host: the copy for those that are elsewhere */
	NAMED("out_group, down", out_group, NEXT, GROUP_COPIED, .copy = &out_group,
	      .prepare = group_down),
	GROUP(out_group_dhcp, NEXT, GROUP),
	GROUP(out_group_of_others, DROP, CELL_DOWN),
	OUT(out_group, DROP, CELL_DOWN),
};

/* ---- where packets of the stations enter the kernel */

/* Sends a packet out of the tunnel to the kernel. Returns the interface that it enters by. */
static unsigned way_in(void)
{
	struct outcome out;
	struct tmip_way way;

	world_send_packet(BACKBONE_IN, "bb", &tunnel_from_away, &out);
	assert_int_equal(out.action, REDIRECT);
	assert_int_equal(out.mark, MARK_TRUSTED);
	assert_int_equal(world_count(TMIP_REASON_DECAP_KERNEL), 1);
	way = world_way(0);
	assert_int_not_equal(way.moment, 0);
	return way.ifindex;
}

static void ip(const char *commands)
{
	if (system(commands) != 0)
		fail_msg("%s", commands);
}

static void up(void)
{
	ip("ip link set cell0 up");
}

static int cell_up(void **state)
{
	(void)state;
	up();
	return 0;
}

static void the_cell_is_the_way_while_it_has_the_route(void **state)
{
	(void)state;
	world_reset();
	assert_int_equal(way_in(), world_ifindex("cell0"));
}

/* The agent may be dead: the kernel alone says it. */
static void else_it_is_the_stand_in(void **state)
{
	(void)state;
	ip("ip link set cell0 down");
	world_reset();
	assert_int_equal(way_in(), world_ifindex("standin"));
	up();
	world_reset();
	assert_int_equal(way_in(), world_ifindex("cell0"));
	ip("ip address flush dev cell0");
	world_reset();
	assert_int_equal(way_in(), world_ifindex("standin"));
	ip("ip address add " W_GATEWAY0 "/24 dev cell0");
}

/* What was found out is not asked again within the moment, and is in the next. */
static void an_old_answer_is_asked_for_again(void **state)
{
	const struct tmip_way long_ago = {.moment = 1, .ifindex = world_ifindex("standin")};

	(void)state;
	world_reset();
	world_set_way(0, long_ago);
	assert_int_equal(way_in(), world_ifindex("cell0"));
}

/* Somebody's route leads elsewhere: then the agent's word counts. */
static void without_an_answer_the_agent_decides(void **state)
{
	(void)state;
	ip("ip route add 10.1.0.20/32 dev cell1");
	world_reset();
	assert_int_equal(way_in(), world_ifindex("cell0"));
	world_reset();
	world_cell_down();
	assert_int_equal(way_in(), world_ifindex("standin"));
	ip("ip route del 10.1.0.20/32 dev cell1");
}

static void a_cell_without_a_stand_in_is_not_asked_about(void **state)
{
	uint32_t key = world_ifindex("cell0");
	struct tmip_cell cell;
	struct outcome out;

	(void)state;
	world_reset();
	cell = world_cell("cell0");
	cell.stand_in = 0;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(world_bpf->maps.tmip_cell), &key, &cell,
					     BPF_ANY), 0);
	world_send_packet(BACKBONE_IN, "bb", &tunnel_from_away, &out);
	assert_int_equal(out.action, REDIRECT);
	assert_int_equal(world_way(0).moment, 0);
}

/* The frame does not vanish uncounted. */
static void a_cell_without_any_interface_is_down(void **state)
{
	uint32_t key = world_ifindex("cell0");
	struct tmip_cell cell;
	struct outcome out;

	(void)state;
	world_reset();
	cell = world_cell("cell0");
	cell.ifindex = cell.stand_in = 0;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(world_bpf->maps.tmip_cell), &key, &cell,
					     BPF_ANY), 0);
	world_send_packet(BACKBONE_IN, "bb", &tunnel_from_away, &out);
	assert_int_equal(out.action, DROP);
	assert_int_equal(world_count(TMIP_REASON_CELL_DOWN), 1);
}

/* The mark is all that counts, whomever the frame's MAC belongs to, and no counter moves. */
static void a_trusted_frame_passes_by_any_interface(void **state)
{
	static const char *const interfaces[] = {"cell0", "standin"};
	struct outcome out;

	(void)state;
	for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++) {
		world_reset();
		assert_int_equal(world_send(CELL_IN, interfaces[i], MARK_TRUSTED,
					    tunnel_from_away.out, tunnel_from_away.out_len, &out),
				 0);
		assert_int_equal(out.action, NEXT);
		assert_int_equal(out.mark, 0);
		assert_int_equal(world_count_all(), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cell_is_the_way_while_it_has_the_route),
		cmocka_unit_test_teardown(else_it_is_the_stand_in, cell_up),
		cmocka_unit_test(an_old_answer_is_asked_for_again),
		cmocka_unit_test(without_an_answer_the_agent_decides),
		cmocka_unit_test(a_cell_without_a_stand_in_is_not_asked_about),
		cmocka_unit_test(a_cell_without_any_interface_is_down),
		cmocka_unit_test(a_trusted_frame_passes_by_any_interface),
	};
	int failed = WORLD_RUN_TABLE("frames to a stand-in", cases);

	return failed + cmocka_run_group_tests_name("the way into the kernel", tests, world_begin,
						    world_end);
}
