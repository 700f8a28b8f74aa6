/* SPDX-License-Identifier: BSD-2-Clause */
/* The last lines about each MAC: order, bounds, who loses its trail, and what goes into the log. */
#include "agent/station/trail.h"
#include "station_world.h"

#define MACS 3

static struct trail *trail;
static struct trail_line found[TRAIL_LINES + 1];
static int found_count;

static int create(void **state)
{
	(void)state;
	fake_now_ms = FAKE_START_MS;
	fake_log_forget();
	trail = trail_create(MACS);
	return trail ? 0 : -1;
}

static int destroy(void **state)
{
	(void)state;
	trail_destroy(trail);
	return 0;
}

static void add(unsigned n, uint64_t time_us, const char *text)
{
	struct tmip_mac whose = mac(n);

	trail_add(trail, &whose, time_us, text);
}

static void on_line(const struct trail_line *line, void *arg)
{
	assert_ptr_equal(arg, &found_count);
	assert_true(found_count <= TRAIL_LINES);
	found[found_count++] = *line;
}

/* Fills `found`. */
static int lines_of(unsigned n)
{
	struct tmip_mac whose = mac(n);
	int count;

	found_count = 0;
	count = trail_each(trail, &whose, on_line, &found_count);
	assert_int_equal(count, found_count);
	return count;
}

static void lines_come_oldest_first(void **state)
{
	(void)state;
	add(1, 100, "station detected");
	add(1, 200, "committed");
	assert_int_equal(lines_of(1), 2);
	assert_string_equal(found[0].text, "station detected");
	assert_int_equal(found[0].time_us, 100);
	assert_string_equal(found[1].text, "committed");
	assert_int_equal(found[1].time_us, 200);
}

static void each_mac_has_its_own_lines(void **state)
{
	(void)state;
	add(1, 100, "one");
	add(2, 200, "two");
	assert_int_equal(lines_of(1), 1);
	assert_string_equal(found[0].text, "one");
	assert_int_equal(lines_of(2), 1);
	assert_string_equal(found[0].text, "two");
	assert_int_equal(lines_of(3), 0);
}

static void the_last_lines_are_kept(void **state)
{
	char text[32];

	(void)state;
	for (unsigned i = 0; i < TRAIL_LINES * 2 + 5; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		add(1, i, text);
	}
	assert_int_equal(lines_of(1), TRAIL_LINES);
	for (unsigned i = 0; i < TRAIL_LINES; i++)
		assert_int_equal(found[i].time_us, TRAIL_LINES + 5 + i);
	assert_string_equal(found[TRAIL_LINES - 1].text, text);
}

static void a_long_line_is_cut(void **state)
{
	char text[TRAIL_TEXT * 2];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	add(1, 1, text);
	assert_int_equal(lines_of(1), 1);
	assert_int_equal(strlen(found[0].text), TRAIL_TEXT - 1);
}

static void the_mac_that_was_silent_longest_loses_its_trail(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= MACS; n++)
		add(n, n, "first");
	add(1, 10, "again");
	add(9, 11, "a stranger");
	assert_int_equal(lines_of(2), 0);
	assert_int_equal(lines_of(1), 2);
	assert_int_equal(lines_of(3), 1);
	assert_int_equal(lines_of(9), 1);
}

static void a_logged_line_has_the_mac_in_front(void **state)
{
	struct tmip_mac whose = mac(7);

	(void)state;
	trail_log(trail, LOG_LEVEL_WARN, &whose, "%u packets are on their way", 3);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN,
					"[02:00:00:01:00:07] 3 packets are on their way"), 1);
	assert_int_equal(lines_of(7), 1);
	assert_string_equal(found[0].text, "3 packets are on their way");
	assert_int_equal(found[0].time_us, FAKE_UNIX_US + FAKE_START_MS * 1000);
}

static void without_a_mac_nothing_is_written(void **state)
{
	(void)state;
	trail_log(trail, LOG_LEVEL_INFO, NULL, "nobody");
	assert_string_equal(fake_log_text(), "");
}

static void nothing_can_be_destroyed(void **state)
{
	(void)state;
	trail_destroy(NULL);
}

int main(void)
{
#define TRAIL_CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)
	const struct CMUnitTest tests[] = {
		TRAIL_CASE(lines_come_oldest_first),
		TRAIL_CASE(each_mac_has_its_own_lines),
		TRAIL_CASE(the_last_lines_are_kept),
		TRAIL_CASE(a_long_line_is_cut),
		TRAIL_CASE(the_mac_that_was_silent_longest_loses_its_trail),
		TRAIL_CASE(a_logged_line_has_the_mac_in_front),
		TRAIL_CASE(without_a_mac_nothing_is_written),
		TRAIL_CASE(nothing_can_be_destroyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
