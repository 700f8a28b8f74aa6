/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations that move too often are damped: when that begins, what their CNs hear, when it ends. */
#include "registry_world.h"

#define FLAP_MOVES 4

/* A new register that damps, three CNs, and station 1 at home at CN 1. */
static void flap_begin(void)
{
	w->flap_moves = FLAP_MOVES;
	begin(EPOCH);
	for (int cn = 1; cn <= 3; cn++)
		join(cn, 10, 20);
	lease(1, 1);
}

/* A handover that is granted; and one that is not, for it is damped. */
static void moves(int cn)
{
	assert_int_equal(good(cn, MLRP_HANDOVER, 1, ip(1, 10))->current, cn);
}

static const struct mlrp_message *damped(int cn, int kept_at)
{
	const struct mlrp_message *answer = request(cn, MLRP_HANDOVER, 1, ip(1, 10));

	assert_int_equal(answer->type, MLRP_ERROR);
	assert_int_equal(answer->code, MLRP_E_DAMPED);
	assert_int_equal(answer->station.current, kept_at);
	assert_true(answer->has & MLRP_HAS(MLRP_F_WAIT));
	assert_int_equal(record(ip(1, 10))->current, kept_at);
	return answer;
}

/* Up to the limit, the station is at CN 1. */
static void flap(void)
{
	for (int i = 0; i < FLAP_MOVES; i++)
		moves(i % 2 ? 1 : 2);
}

static struct registry_flap_view flap_view(void)
{
	struct tmip_addr addr = ip(1, 10);
	struct registry_flap_view view;

	registry_view_flap(w->registry, &addr, w->now, &view);
	return view;
}

static void a_station_that_flaps_is_damped(void **state)
{
	uint64_t seq;

	(void)state;
	flap_begin();
	flap();
	assert_int_equal(flap_view().moves, FLAP_MOVES);
	seq = registry_version(w->registry).seq;
	assert_int_equal(damped(2, 1)->wait, HOLD_S * 1000);
	assert_non_null(strstr(w->told, "more than 4 times in 10 s: it is kept at cn1"));
	assert_true(flap_view().damped);
	moves(1); /* it is there: told as it stands */
	w->now.ms += 4000;
	assert_int_equal(damped(2, 1)->wait, HOLD_S * 1000 - 4000); /* asking on changes nothing */
	assert_int_equal(damped(3, 1)->wait, HOLD_S * 1000);        /* but moving on does */
	assert_int_equal(registry_version(w->registry).seq, seq);
	w->now.ms += HOLD_S * 1000;
	assert_false(flap_view().damped);
	moves(3);
}

static void slow_moves_are_no_flapping(void **state)
{
	(void)state;
	flap_begin();
	for (int i = 0; i < 5 * FLAP_MOVES; i++) {
		moves(i % 2 ? 1 : 2);
		w->now.ms += WINDOW_S * 1000 / FLAP_MOVES;
	}
	flap_begin();
	for (int i = 0; i < 5 * FLAP_MOVES; i++)
		moves(2); /* the same again is no move */
	assert_int_equal(flap_view().moves, 1);
	w->flap_moves = 0;
	begin(EPOCH);
	for (int cn = 1; cn <= 2; cn++)
		join(cn, 10, 20);
	lease(1, 1);
	for (int i = 0; i < 5 * FLAP_MOVES; i++)
		moves(i % 2 ? 1 : 2);
}

static void after_the_hold_one_move_is_free(void **state)
{
	(void)state;
	flap_begin();
	flap();
	damped(2, 1);
	pass(HOLD_S);
	assert_non_null(strstr(w->told, "damped no more"));
	moves(3);
	damped(2, 3);
	pass(HOLD_S);
	moves(2);
	pass(WINDOW_S);
	flap(); /* it has been quiet long enough */
}

static void two_stations_with_one_mac_are_told(void **state)
{
	(void)state;
	flap_begin();
	flap();
	damped(2, 1);
	assert_false(flap_view().twins);
	pass(HOLD_S);
	moves(2);
	assert_non_null(
		strstr(damped(1, 2)->text, "two stations seem to have this MAC: cn2 and cn1"));
	assert_non_null(strstr(w->told, "two stations seem to have this MAC"));
	assert_true(flap_view().twins);
	flap_begin();
	flap();
	damped(2, 1);
	request(1, MLRP_HANDOVER, 1, ip(1, 10)); /* CN 1 hears it, though the other said it left */
	assert_true(flap_view().twins);
}

static void damping_is_cleared_by_command(void **state)
{
	struct tmip_addr addr = ip(1, 10);
	struct tmip_mac who = mac(1), other = mac(2);

	(void)state;
	flap_begin();
	assert_int_equal(registry_clear_damped(w->registry, &who, NULL), -1);
	flap();
	damped(2, 1);
	w->cn[2].count = 0;
	assert_int_equal(registry_clear_damped(w->registry, &other, NULL), -1);
	assert_int_equal(registry_clear_damped(w->registry, &who, NULL), 0);
	assert_int_equal(w->cn[2].box[0].type, MLRP_STATION); /* a new version tells who waits */
	flap();
	damped(2, 1);
	assert_int_equal(registry_clear_damped(w->registry, NULL, &addr), 0);
	flap();
	damped(2, 1);
	struct registry_counts counts;

	registry_count(w->registry, &counts);
	assert_int_equal(counts.damped, 1);
	assert_int_equal(counts.dampings, 3);
	good(1, MLRP_RELEASE, 1, addr);
	registry_count(w->registry, &counts);
	assert_int_equal(counts.damped, 0);
}

/* By any MAC of the host. */
static void a_host_is_cleared_by_each_mac(void **state)
{
	const struct registry_host hosts[] = {
		{.name = "laptop", .mac = mac(1), .addr = ip(1, 10)},
		{.name = "laptop", .mac = mac(2), .addr = ip(1, 10)}};
	struct tmip_mac other = mac(2);

	(void)state;
	flap_begin();
	assert_int_equal(registry_set_hosts(w->registry, hosts, 2), 0);
	flap();
	damped(2, 1);
	assert_int_equal(registry_clear_damped(w->registry, &other, NULL), 0);
	moves(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_station_that_flaps_is_damped),  CASE(slow_moves_are_no_flapping),
		CASE(after_the_hold_one_move_is_free), CASE(two_stations_with_one_mac_are_told),
		CASE(damping_is_cleared_by_command),   CASE(a_host_is_cleared_by_each_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
