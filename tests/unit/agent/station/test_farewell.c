/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations that have left a cell: asked there first, then announced, unless they are back. */
#include "agent/station/farewell.h"
#include "station_world.h"

#define FAREWELLS_MAX 1024
#define FAREWELL_MS 40

static struct farewells *farewells;
static unsigned probes, announced;
static bool back;
static unsigned noticed; /* the host that is_back finds to have left */
static struct tmip_addr last;

static void on_probe(const struct tmip_addr *addr, unsigned ifindex, void *arg)
{
	assert_ptr_equal(arg, &probes);
	assert_int_equal(ifindex, WLAN0);
	last = *addr;
	probes++;
}

static void begin(unsigned host)
{
	struct tmip_addr addr = ip(1 + host / 200, host % 200);

	farewell_begin(farewells, &addr, WLAN0);
}

static bool is_back(const struct tmip_addr *addr, unsigned ifindex, void *arg)
{
	(void)addr;
	(void)arg;
	assert_int_equal(ifindex, WLAN0);
	if (noticed)
		begin(noticed);
	noticed = 0;
	return back;
}

static void on_announce(const struct tmip_addr *addr, unsigned ifindex, void *arg)
{
	(void)arg;
	assert_int_equal(ifindex, WLAN0);
	last = *addr;
	announced++;
}

static int create(void **state)
{
	static const struct farewell_calls calls = {.probe = on_probe, .is_back = is_back,
						    .announce = on_announce, .arg = &probes};

	(void)state;
	probes = announced = noticed = 0;
	back = false;
	farewells = farewells_create(time_begin(), &calls);
	return farewells ? 0 : -1;
}

static int destroy(void **state)
{
	(void)state;
	farewells_destroy(farewells);
	assert_int_equal(time_armed(), 0);
	time_end();
	return 0;
}

static void a_station_is_asked_before_its_address_is_announced(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	begin(9);
	assert_int_equal(probes, 1);
	assert_true(addr_equal(&last, &addr));
	time_passes(FAREWELL_MS - 1);
	assert_int_equal(probes, 4);
	assert_int_equal(announced, 0);
	last = (struct tmip_addr){0};
	time_passes(1);
	assert_int_equal(announced, 1);
	assert_true(addr_equal(&last, &addr));
	time_passes(10000);
	assert_int_equal(announced, 1);
}

static void a_station_that_is_back_is_not_announced(void **state)
{
	(void)state;
	begin(9);
	time_passes(FAREWELL_MS - 1);
	back = true;
	time_passes(10000);
	assert_int_equal(announced, 0);
	assert_int_equal(time_armed(), 0);
}

/* A host that uses another MAC elsewhere: it hears what is announced in this cell, too. */
static void a_host_that_is_there_by_another_mac_is_asked_again(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	begin(9);
	for (unsigned i = 0; i < 3; i++) {
		farewell_other_heard(farewells, &addr, WLAN0);
		time_passes(FAREWELL_MS);
		assert_int_equal(announced, 0);
		probes = 0;
		time_passes(10000);
		assert_in_range(probes, 1, 4);
	}
	time_passes(FAREWELL_MS);
	assert_int_equal(announced, 1);
	assert_int_equal(time_armed(), 0);
}

/* A damped station: its frames do not move it, and it is there all the same. */
static void a_station_that_is_heard_is_not_announced(void **state)
{
	struct tmip_addr addr = ip(1, 9), other = ip(1, 10);

	(void)state;
	farewell_heard(farewells, &addr, WLAN0); /* before it has left */
	begin(9);
	farewell_heard(farewells, &addr, WLAN1);
	farewell_heard(farewells, &other, WLAN0);
	time_passes(FAREWELL_MS);
	assert_int_equal(announced, 1);
	begin(9);
	farewell_heard(farewells, &addr, WLAN0);
	time_passes(FAREWELL_MS);
	assert_int_equal(announced, 1);
	assert_int_equal(time_armed(), 0);
	begin(9);
	time_passes(FAREWELL_MS);
	assert_int_equal(announced, 2);
}

/* It left, came back and left again: the time counts from the last one. */
static void a_station_that_leaves_again_is_asked_again(void **state)
{
	(void)state;
	begin(9);
	time_passes(FAREWELL_MS / 2);
	begin(9);
	assert_int_equal(time_armed(), 1);
	time_passes(FAREWELL_MS - 1);
	assert_int_equal(announced, 0);
	time_passes(1);
	assert_int_equal(announced, 1);
}

static void one_too_many_is_announced_at_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FAREWELLS_MAX; i++)
		begin(i);
	assert_int_equal(announced, 0);
	begin(FAREWELLS_MAX);
	assert_int_equal(announced, 1);
	assert_int_equal(time_armed(), FAREWELLS_MAX);
	time_passes(FAREWELL_MS);
	assert_int_equal(announced, FAREWELLS_MAX + 1);
}

static void fill_with_one_that_rests(void)
{
	struct tmip_addr addr = ip(1, 9);

	begin(9);
	farewell_other_heard(farewells, &addr, WLAN0);
	time_passes(FAREWELL_MS);
	for (unsigned i = 1; i < FAREWELLS_MAX; i++)
		begin(i + 9);
	assert_int_equal(announced, 0);
}

static void one_that_rests_makes_room(void **state)
{
	(void)state;
	fill_with_one_that_rests();
	begin(FAREWELLS_MAX + 9);
	assert_int_equal(announced, 1);
	assert_int_equal(time_armed(), FAREWELLS_MAX);
	time_passes(FAREWELL_MS);
	assert_int_equal(announced, FAREWELLS_MAX + 1);
}

/* Its own question finds that another one has left, for which there is no room. */
static void one_that_is_asked_again_makes_no_room(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	begin(9);
	farewell_other_heard(farewells, &addr, WLAN0);
	time_passes(10); /* now it rests */
	time_passes(10000 - 1);
	for (unsigned i = 1; i < FAREWELLS_MAX; i++)
		begin(i + 9);
	noticed = 1;
	probes = 0;
	time_passes(1);
	assert_int_equal(announced, 1);
	assert_int_equal(probes, 1);
	assert_true(addr_equal(&last, &addr));
	assert_int_equal(time_armed(), FAREWELLS_MAX);
}

static void the_end_may_come_in_the_middle(void **state)
{
	(void)state;
	begin(1);
	begin(2);
	farewells_destroy(NULL);
}

int main(void)
{
#define FAREWELL_CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)
	const struct CMUnitTest tests[] = {
		FAREWELL_CASE(a_station_is_asked_before_its_address_is_announced),
		FAREWELL_CASE(a_station_that_is_back_is_not_announced),
		FAREWELL_CASE(a_host_that_is_there_by_another_mac_is_asked_again),
		FAREWELL_CASE(a_station_that_is_heard_is_not_announced),
		FAREWELL_CASE(a_station_that_leaves_again_is_asked_again),
		FAREWELL_CASE(one_too_many_is_announced_at_once),
		FAREWELL_CASE(one_that_rests_makes_room),
		FAREWELL_CASE(one_that_is_asked_again_makes_no_room),
		FAREWELL_CASE(the_end_may_come_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
