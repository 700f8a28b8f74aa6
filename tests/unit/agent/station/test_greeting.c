/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes of stations that have just come: how many, when, for how many stations at a time. */
#include "agent/station/greeting.h"
#include "station_world.h"

#define GREETINGS_MAX 1024
#define GREETING_MS 500 /* no probe leaves later */

static struct greetings *greetings;
static unsigned probes;
static uint64_t last_ms;
static struct tmip_addr last;

static void on_probe(const struct tmip_addr *addr, void *arg)
{
	assert_ptr_equal(arg, &probes);
	probes++;
	last_ms = fake_now_ms;
	last = *addr;
}

static int create(void **state)
{
	static const struct greeting_calls calls = {.probe = on_probe, .arg = &probes};

	(void)state;
	probes = 0;
	greetings = greetings_create(time_begin(), &calls);
	return greetings ? 0 : -1;
}

static int destroy(void **state)
{
	(void)state;
	greetings_destroy(greetings);
	assert_int_equal(time_armed(), 0);
	time_end();
	return 0;
}

static void begin(unsigned host)
{
	struct tmip_addr addr = ip(1, host);

	greetings_begin(greetings, &addr, true);
}

/* How many probes a station gets that is greeted once. */
static unsigned whole_greeting(void)
{
	unsigned count;

	begin(1);
	time_passes(GREETING_MS);
	count = probes;
	probes = 0;
	return count;
}

static void the_first_probe_leaves_in_the_call(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	begin(9);
	assert_int_equal(probes, 1);
	assert_true(addr_equal(&last, &addr));
}

/* Most stations have their key within a tenth of a second: there a gap costs 10 ms at most. */
static void probes_are_dense_at_first_and_end_within_half_a_second(void **state)
{
	(void)state;
	begin(9);
	for (int waited_ms = 10; waited_ms <= 100; waited_ms += 10) {
		unsigned before = probes;

		time_passes(10);
		assert_true(probes > before);
	}
	assert_true(probes > 10);
	time_passes(10000);
	assert_in_range(last_ms - FAKE_START_MS, GREETING_MS / 2, GREETING_MS);
	assert_int_equal(time_armed(), 0);
}

/* A station that has sent a frame hears: the probes after the first one are for lost ones. */
static void a_station_that_is_there_gets_few(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	greetings_begin(greetings, &addr, false);
	assert_int_equal(probes, 1);
	time_passes(GREETING_MS);
	assert_int_equal(probes, 3);
	assert_int_equal(time_armed(), 0);
}

static void a_station_that_is_greeted_again_begins_anew(void **state)
{
	unsigned all = whole_greeting();

	(void)state;
	begin(9);
	time_passes(300);
	probes = 0;
	begin(9);
	assert_int_equal(time_armed(), 1);
	time_passes(GREETING_MS);
	assert_int_equal(probes, all);
}

static void stations_are_greeted_independently(void **state)
{
	unsigned all = whole_greeting();

	(void)state;
	begin(8);
	time_passes(50);
	begin(9);
	assert_int_equal(time_armed(), 2);
	time_passes(GREETING_MS);
	assert_int_equal(probes, all * 2);
	assert_int_equal(time_armed(), 0);
}

static void one_too_many_gets_the_first_probe_only(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GREETINGS_MAX; i++)
		begin(i);
	begin(GREETINGS_MAX);
	assert_int_equal(probes, GREETINGS_MAX + 1);
	assert_int_equal(time_armed(), GREETINGS_MAX);
	begin(5); /* is among those that are greeted: begins anew */
	assert_int_equal(time_armed(), GREETINGS_MAX);
	time_passes(GREETING_MS);
	assert_int_equal(time_armed(), 0);
	begin(GREETINGS_MAX);
	assert_int_equal(time_armed(), 1);
}

static void the_end_may_come_in_the_middle(void **state)
{
	(void)state;
	begin(1);
	begin(2);
	time_passes(20);
	greetings_destroy(NULL);
}

int main(void)
{
#define GREETING_CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)
	const struct CMUnitTest tests[] = {
		GREETING_CASE(the_first_probe_leaves_in_the_call),
		GREETING_CASE(probes_are_dense_at_first_and_end_within_half_a_second),
		GREETING_CASE(a_station_that_is_there_gets_few),
		GREETING_CASE(a_station_that_is_greeted_again_begins_anew),
		GREETING_CASE(stations_are_greeted_independently),
		GREETING_CASE(one_too_many_gets_the_first_probe_only),
		GREETING_CASE(the_end_may_come_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
