/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock of the register over a restart: what was left of a lease before is left after it,
 * whatever the wall clock does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/net_clock.h"

#define NOW 1750000000000ull /* ms */
#define DAY 86400000ll
#define YEAR (365 * DAY)
#define LEFT 600 /* of every lease, at the mark */

static struct net_clock_past past;
static struct net_clock_mark now;

static int set_up(void **state)
{
	(void)state;
	past = (struct net_clock_past){.marked = true,
				       .mark = {.boot = "boot", .boot_ms = 5000, .unix_ms = NOW},
				       .first_end = NOW / 1000 + LEFT,
				       .last_end = NOW / 1000 + LEFT};
	now = (struct net_clock_mark){.boot = "boot", .boot_ms = 5000, .unix_ms = NOW};
	return 0;
}

/* The wall clock was set by so much since the mark, and so much time has passed. */
static struct net_clock_start start(int64_t step_ms, int64_t passed_ms)
{
	now.boot_ms += (uint64_t)passed_ms;
	now.unix_ms += (uint64_t)(step_ms + passed_ms);
	return net_clock_start(&past, &now);
}

/* Seconds that are left of the leases when the clock starts. */
static int64_t left(struct net_clock_start started)
{
	return (int64_t)past.first_end + started.shift_s - (int64_t)(started.unix_ms / 1000);
}

static void passing_time_counts(void **state)
{
	struct net_clock_start started = start(0, 60000);

	(void)state;
	assert_int_equal(started.shift_s, 0);
	assert_int_equal(started.unix_ms, NOW + 60000);
	assert_int_equal(left(started), LEFT - 60);
}

static void a_step_of_the_wall_clock_does_not(void **state)
{
	static const int64_t steps[] = {10 * YEAR, -DAY, 14 * 3600000, -20 * YEAR, 1500};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct net_clock_start started;

		set_up(state);
		started = start(steps[i], 60000);
		assert_int_equal(left(started), LEFT - 60);
		assert_int_equal(started.shift_s, steps[i] / 1000);
		assert_true(started.unix_ms / 1000 == now.unix_ms / 1000 ||
			    started.unix_ms / 1000 + 1 == now.unix_ms / 1000);
	}
}

static void a_machine_without_battery_takes_the_newest_time(void **state)
{
	struct net_clock_start started;

	(void)state;
	snprintf(now.boot, sizeof(now.boot), "another");
	now.boot_ms = 20000;
	now.unix_ms = 20000; /* 1970 */
	started = net_clock_start(&past, &now);
	assert_int_equal(started.unix_ms, NOW);
	assert_int_equal(left(started), LEFT);
}

static void nor_does_a_wall_clock_that_is_right_again(void **state)
{
	struct net_clock_start started;

	(void)state;
	past.mark.unix_ms = 3600000; /* an hour after 1970 */
	past.first_end = past.last_end = 3600 + LEFT;
	snprintf(now.boot, sizeof(now.boot), "another");
	started = net_clock_start(&past, &now);
	assert_int_equal(started.unix_ms / 1000, NOW / 1000);
	assert_int_equal(left(started), LEFT);
}

static void an_unknown_boot_is_another_one(void **state)
{
	(void)state;
	past.mark.boot[0] = now.boot[0] = '\0';
	assert_int_equal(left(start(0, 60000)), LEFT);
	set_up(state);
	now.boot_ms = 4999; /* a boot does not go back */
	assert_int_equal(left(net_clock_start(&past, &now)), LEFT);
}

static void without_a_mark_the_wall_clock_counts(void **state)
{
	struct net_clock_start started;

	(void)state;
	past.marked = false;
	started = start(60000, 0);
	assert_int_equal(started.shift_s, 0);
	assert_int_equal(left(started), LEFT - 60);
}

static void unless_the_leases_say_that_it_is_wrong(void **state)
{
	struct net_clock_start started;

	(void)state;
	past.marked = false;
	past.last_end += LEFT;
	started = start(10 * YEAR, 0); /* the last one ends in its time after the first */
	assert_int_equal((int64_t)past.last_end + started.shift_s -
			 (int64_t)started.unix_ms / 1000, LEFT);
	set_up(state);
	past.marked = false;
	now.unix_ms = 20000;
	started = net_clock_start(&past, &now); /* not for ever: for the longest lease there is */
	assert_int_equal(left(started), YEAR / 1000);
}

static void an_empty_database_starts_with_the_wall_clock(void **state)
{
	(void)state;
	past = (struct net_clock_past){0};
	assert_int_equal(start(0, 0).unix_ms, NOW);
	assert_int_equal(start(0, 0).shift_s, 0);
}

#define CASE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(passing_time_counts),
		CASE(a_step_of_the_wall_clock_does_not),
		CASE(a_machine_without_battery_takes_the_newest_time),
		CASE(nor_does_a_wall_clock_that_is_right_again),
		CASE(an_unknown_boot_is_another_one),
		CASE(without_a_mark_the_wall_clock_counts),
		CASE(unless_the_leases_say_that_it_is_wrong),
		CASE(an_empty_database_starts_with_the_wall_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
