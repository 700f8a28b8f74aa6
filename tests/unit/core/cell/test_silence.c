/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations that leave without a word: when the CN probes them, and when it gives them up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/addr.h"
#include "core/cell/silence.h"

#define STATIONS 20000

static struct world {
	struct silence *silence;
	uint64_t now;
	uint64_t heard[STATIONS];
	unsigned probes[STATIONS], all_probes, looks;
	unsigned silent[STATIONS];
	uint64_t probed_at[STATIONS][8];
} world, *w = &world;

static struct tmip_addr station(unsigned i)
{
	return addr_from_ipv4(0x0a000000u + i);
}

static unsigned number(const struct tmip_addr *addr)
{
	return addr_to_ipv4(addr) - 0x0a000000u;
}

static uint64_t on_heard(const struct tmip_addr *addr, void *arg)
{
	(void)arg;
	w->looks++;
	return w->heard[number(addr)];
}

static void on_probe(const struct tmip_addr *addr, void *arg)
{
	unsigned i = number(addr);

	(void)arg;
	w->probed_at[i][w->probes[i]++ % 8] = w->now;
	w->all_probes++;
}

static void on_silent(const struct tmip_addr *addr, unsigned probes, uint64_t heard_ms, void *arg)
{
	(void)arg;
	(void)heard_ms;
	w->silent[number(addr)] = probes;
}

static const struct silence_options USUAL = {
	.idle_ms = 30000, .wait_ms = 1000, .count = 3, .rate = 100,
};

static int setup_with(const struct silence_options *options)
{
	const struct silence_calls calls = {on_heard, on_probe, on_silent, NULL};

	memset(w, 0, sizeof(*w));
	w->now = 987654321; /* the machine has run for a while */
	w->silence = silence_create(options, &calls);
	return w->silence ? 0 : -1;
}

static int setup(void **state)
{
	(void)state;
	return setup_with(&USUAL);
}

static int teardown(void **state)
{
	(void)state;
	silence_destroy(w->silence);
	return 0;
}

static void watch(unsigned i)
{
	struct tmip_addr addr = station(i);

	assert_int_equal(silence_watch(w->silence, &addr, w->now), 0);
}

static void pass(uint64_t ms)
{
	for (uint64_t end = w->now + ms; w->now < end;) {
		w->now += SILENCE_TICK_MS;
		silence_tick(w->silence, w->now);
	}
}

static void assert_about(uint64_t value, uint64_t expected)
{
	assert_in_range(value, expected, expected + 2 * SILENCE_TICK_MS);
}

static void test_silent_after_three_probes(void **state)
{
	uint64_t start = w->now;

	(void)state;
	watch(7);
	pass(60000);
	assert_int_equal(w->probes[7], 3);
	assert_about(w->probed_at[7][0], start + 30000);
	assert_about(w->probed_at[7][1], w->probed_at[7][0] + 1000);
	assert_about(w->probed_at[7][2], w->probed_at[7][1] + 2000);
	assert_int_equal(w->silent[7], 3);
	assert_int_equal(silence_count(w->silence), 0);
}

static void test_who_talks_is_not_probed(void **state)
{
	(void)state;
	watch(1);
	for (int i = 0; i < 100; i++) {
		pass(10000);
		w->heard[1] = w->now;
	}
	assert_int_equal(w->probes[1], 0);
	assert_in_range(w->looks, 30, 100); /* one look for each idle time */
}

static void test_an_answer_counts(void **state)
{
	(void)state;
	watch(2);
	for (int i = 1; i <= 5; i++) {
		while (w->probes[2] < 2u * (unsigned)i)
			pass(SILENCE_TICK_MS);
		w->heard[2] = w->now; /* the station answers only every second probe */
	}
	assert_int_equal(w->silent[2], 0);
	pass(60000);
	assert_int_equal(w->silent[2], 3);
}

static void test_watched_anew_and_ignored(void **state)
{
	struct tmip_addr addr = station(3);

	(void)state;
	watch(3);
	pass(31000);
	assert_int_equal(w->probes[3], 1);
	watch(3);
	pass(29000);
	assert_int_equal(w->probes[3], 1);
	silence_ignore(w->silence, &addr);
	assert_false(silence_watches(w->silence, &addr));
	silence_ignore(w->silence, &addr);
	pass(100000);
	assert_int_equal(w->probes[3], 1);
	assert_int_equal(w->silent[3], 0);
}

static void test_never_a_storm(void **state)
{
	unsigned gone = 0;

	(void)state;
	for (unsigned i = 0; i < STATIONS; i++)
		watch(i);
	pass(30000);
	for (int second = 0; second < 20; second++) {
		unsigned before = w->all_probes, looks = w->looks;

		pass(1000);
		assert_in_range(w->all_probes - before, 0, 125);
		assert_in_range(w->looks - looks, 0, 4 * 1025);
	}
	assert_in_range(w->all_probes, 1900, 2100);
	pass(STATIONS * 3 / 100 * 1000 + 60000);
	for (unsigned i = 0; i < STATIONS; i++)
		gone += w->silent[i] == 3;
	assert_int_equal(gone, STATIONS);
}

static void test_slow_rate_still_probes(void **state)
{
	const struct silence_options slow = {
		.idle_ms = 1000, .wait_ms = 1000, .count = 1, .rate = 1,
	};

	(void)state;
	silence_set_options(w->silence, &slow);
	watch(1);
	watch(2);
	pass(10000);
	assert_int_equal(w->silent[1], 1);
	assert_int_equal(w->silent[2], 1);
}

static void test_long_idle_time(void **state)
{
	const struct silence_options slow = {
		.idle_ms = 3600000, .wait_ms = 1000, .count = 1, .rate = 100,
	};
	uint64_t start = w->now;

	(void)state;
	silence_set_options(w->silence, &slow);
	watch(1);
	pass(3700000);
	assert_int_equal(w->probes[1], 1);
	assert_about(w->probed_at[1][0], start + 3600000);
}

static void test_off_and_on_again(void **state)
{
	const struct silence_options off = {.idle_ms = 0, .wait_ms = 1000, .count = 3, .rate = 100};

	(void)state;
	silence_set_options(w->silence, &off);
	watch(1);
	pass(200000);
	assert_int_equal(w->probes[1], 0);
	silence_set_options(w->silence, &USUAL);
	pass(100000);
	assert_int_equal(w->silent[1], 3);
}

static void test_a_tick_after_a_long_sleep(void **state)
{
	(void)state;
	watch(1);
	w->now += 3600000;
	pass(SILENCE_TICK_MS);
	assert_int_equal(w->probes[1], 1);
	pass(10000);
	assert_int_equal(w->silent[1], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_silent_after_three_probes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who_talks_is_not_probed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_answer_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_watched_anew_and_ignored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_a_storm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_rate_still_probes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_idle_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_off_and_on_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_tick_after_a_long_sleep, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
