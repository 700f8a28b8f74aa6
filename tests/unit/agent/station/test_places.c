/* SPDX-License-Identifier: BSD-2-Clause */
/* What other CNs' programs are told and asked about stations: how often, and how it ends. */
#include "../fake_probe_socket.h"
#include "agent/station/places.h"
#include "station_world.h"

#include <tmip/event.h>

#define LONG_MS 120000
#define QUESTIONS_MAX 1024

static struct places *places;
static unsigned yes, no;
static uint32_t asked_cn;

static void on_asked(const struct tmip_addr *addr, uint32_t cn, bool there, void *arg)
{
	assert_ptr_equal(arg, &yes);
	assert_non_null(addr);
	asked_cn = cn;
	if (there)
		yes++;
	else
		no++;
}

static int create(void **state)
{
	struct places_setup setup = {.tunnel = tunnel_of(CN1),
				     .calls = {.asked = on_asked, .arg = &yes}};

	if (world_setup(state))
		return -1;
	fake_probes_reset();
	setup.base = w->base;
	setup.roam = w->roam;
	yes = no = 0;
	return places_create(&places, &setup);
}

static int destroy(void **state)
{
	places_destroy(places);
	assert_int_equal(time_armed(), 0);
	return world_teardown(state);
}

/* The answer to a probe. */
static void answer(uint32_t number)
{
	struct probe_news news = {.type = PROBE_BACK, .number = number};

	fake_probes_put(&news);
	time_passes(0);
}

static void it_is_told_until_it_is_answered(void **state)
{
	struct tmip_addr addr = station_in(2, 9, WLAN0), to = tunnel_of(CN2);

	(void)state;
	places_tell(places, CN2, &addr);
	assert_int_equal(fake_probes.asked, 0);
	time_passes(20);
	assert_int_equal(fake_probes.asked, 1);
	assert_int_equal(fake_probes.kind, TMIP_PROBE_HERE);
	assert_true(addr_equal(&fake_probes.remote, &to));
	assert_true(addr_equal(&fake_probes.station, &addr));
	time_passes(1000);
	assert_true(fake_probes.asked > 3);
	answer(1); /* too late: of another probe than the last */
	assert_int_equal(time_armed(), 1);
	answer(fake_probes.asked);
	assert_int_equal(time_armed(), 0);
	assert_int_equal(yes + no, 0);
}

static void it_is_not_told_for_ever(void **state)
{
	struct tmip_addr addr = station_in(2, 9, WLAN0);

	(void)state;
	places_tell(places, CN2, &addr);
	places_tell(places, CN2, &addr); /* it has come again: the same question begins anew */
	time_passes(55000);
	assert_int_equal(time_armed(), 1);
	time_passes(LONG_MS);
	assert_int_equal(time_armed(), 0);
	assert_in_range(fake_probes.asked, 8, 10);
}

static void nobody_is_told_of_a_station_that_has_left(void **state)
{
	struct tmip_addr addr = station_in(2, 9, WLAN0);

	(void)state;
	places_tell(places, CN2, &addr);
	station_at(2, 9, CN3);
	time_passes(LONG_MS);
	assert_int_equal(fake_probes.asked, 0);
	assert_int_equal(time_armed(), 0);
}

static void nor_is_a_cn_whose_agent_has_answered(void **state)
{
	struct tmip_addr addr = station_in(2, 9, WLAN0);

	(void)state;
	places_tell(places, CN2, &addr);
	places_tell(places, CN3, &addr);
	places_told(places, CN2, &addr);
	places_told(places, CN2, &addr); /* late, or twice: nothing */
	assert_int_equal(time_armed(), 1);
	places_told(places, CN3, &addr);
	assert_int_equal(time_armed(), 0);
	assert_int_equal(fake_probes.asked, 0);
}

static void a_cn_is_asked(void **state)
{
	struct tmip_addr addr = station_at(1, 9, CN2);

	(void)state;
	places_ask(places, CN2, &addr);
	time_passes(0);
	assert_int_equal(fake_probes.asked, 1);
	assert_int_equal(fake_probes.kind, TMIP_PROBE_WHERE);
	answer(1);
	assert_int_equal(yes, 1);
	assert_int_equal(asked_cn, CN2);
	places_ask(places, CN3, &addr);
	time_passes(600); /* less than roam.c waits */
	assert_int_equal(no, 1);
	assert_int_equal(asked_cn, CN3);
	assert_int_equal(fake_probes.asked, 4);
	assert_int_equal(time_armed(), 0);
}

static void the_tunnel_address_changes(void **state)
{
	struct tmip_addr addr = station_in(2, 9, WLAN0), now = tunnel_of(9);

	(void)state;
	places_tell(places, CN2, &addr);
	places_move(places, &now);
	assert_int_equal(fake_probes.opened, 2);
	assert_int_equal(fake_probes.closed, 1);
	fake_probes.open_error = -EPERM;
	places_move(places, &now); /* better the former socket than none */
	assert_int_equal(fake_probes.closed, 1);
	time_passes(20);
	assert_int_equal(fake_probes.asked, 1);
	answer(1);
	assert_int_equal(time_armed(), 0);
}

/* Each question of the tables is about another station. */
static void there_is_a_bound(void **state)
{
	struct tmip_addr addr;

	(void)state;
	for (unsigned i = 0; i < QUESTIONS_MAX; i++) {
		addr = station_in(2 + i / 512, 2 + i % 128, WLAN0);
		addr.v4[2] += (uint8_t)(i / 128 * 4); /* not known, but asked for */
		places_tell(places, CN2, &addr);
	}
	addr = station_in(2, 250, WLAN0);
	places_tell(places, CN2, &addr); /* once, and at once */
	assert_true(addr_equal(&fake_probes.station, &addr));
	assert_int_equal(fake_probes.asked, 1);
}

int main(void)
{
#define CASE_HERE(name) cmocka_unit_test_setup_teardown(name, create, destroy)
	const struct CMUnitTest tests[] = {
		CASE_HERE(it_is_told_until_it_is_answered), CASE_HERE(it_is_not_told_for_ever),
		CASE_HERE(nobody_is_told_of_a_station_that_has_left),
		CASE_HERE(nor_is_a_cn_whose_agent_has_answered), CASE_HERE(a_cn_is_asked),
		CASE_HERE(there_is_a_bound), CASE_HERE(the_tunnel_address_changes),
	};

	return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
