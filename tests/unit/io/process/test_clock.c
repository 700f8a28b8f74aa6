/* SPDX-License-Identifier: BSD-2-Clause */
/* The clocks are the kernel's, in the units that they promise; random numbers keep a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "io/process/clock.h"

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec now;

	assert_int_equal(clock_gettime(clock, &now), 0);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void milliseconds_are_of_the_monotonic_clock(void **state)
{
	uint64_t before = nanoseconds(CLOCK_MONOTONIC) / 1000000;
	uint64_t now = clock_ms();
	uint64_t after = nanoseconds(CLOCK_MONOTONIC) / 1000000;

	(void)state;
	assert_in_range(now, before, after);
}

static void unix_time_is_in_microseconds(void **state)
{
	uint64_t before = nanoseconds(CLOCK_REALTIME) / 1000;
	uint64_t now = clock_unix_us();
	uint64_t after = nanoseconds(CLOCK_REALTIME) / 1000;

	(void)state;
	assert_in_range(now, before, after);
}

static void random_numbers_keep_below_their_bound(void **state)
{
	bool found[5] = {false};

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint32_t value = random_below(5);

		assert_in_range(value, 0, 4);
		found[value] = true;
	}
	for (int i = 0; i < 5; i++)
		assert_true(found[i]);
}

static void there_is_nothing_below_zero_and_one(void **state)
{
	(void)state;
	assert_int_equal(random_below(0), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(random_below(1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(milliseconds_are_of_the_monotonic_clock),
		cmocka_unit_test(unix_time_is_in_microseconds),
		cmocka_unit_test(random_numbers_keep_below_their_bound),
		cmocka_unit_test(there_is_nothing_below_zero_and_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
