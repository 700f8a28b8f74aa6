/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations at access points: what stays behind when a station has moved to another CN. */
#include "wifi_world.h"

/* The local station was heard here long ago, and is at CN 8 now. */
static void move_away(void)
{
	associate(WLAN, &LOCAL);
	put_visit(&LOCAL, SELF, 8, 0, 3);
	assert_int_equal(station_with(&LOCAL)->kernel.ifindex, 0);
	wifi_gone(w->wifi, &LOCAL, WLAN);
	fake_nl80211.gets = 0;
	calls_forget();
}

/* What the kernel says now, of a station that it has not heard since it moved. */
static void stay_silent_for(uint64_t ms)
{
	fake_nl80211_has(WLAN, &LOCAL, true, (uint32_t)(60000 + ms));
	time_passes(ms);
}

static void test_a_station_that_has_moved_is_dropped_by_hostapd(void **state)
{
	(void)state;
	w->has_hostapd = true;
	move_away();
	stay_silent_for(249);
	assert_string_equal(calls_made(), "");
	stay_silent_for(1);
	assert_string_equal(calls_made(), "hostapd 42 9\n");
	assert_int_equal(wifi_now().dropped, 1);
	assert_int_equal(time_armed(), 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "dropped by its access point here"), 1);
}

static void test_without_a_hostapd_the_kernel_drops_it(void **state)
{
	(void)state;
	move_away();
	stay_silent_for(250);
	assert_true(CALLS_IN_ORDER("hostapd 42 9", "nl80211_drop_station 42 02:00:00:00:00:09"));
	assert_int_equal(wifi_now().dropped, 1);
}

static void test_a_station_that_cannot_be_dropped_is_logged(void **state)
{
	(void)state;
	fake_nl80211.drop_error = -EPERM;
	move_away();
	stay_silent_for(250);
	assert_int_equal(wifi_now().dropped, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "it is at another CN: Operation not"), 1);
	assert_int_equal(time_armed(), 0);
}

static void test_a_station_that_was_heard_since_it_moved_stays(void **state)
{
	static const unsigned waits[] = {250, 1000, 4000, 16000};

	(void)state;
	move_away();
	for (unsigned i = 0; i < 4; i++) {
		fake_nl80211_has(WLAN, &LOCAL, true, 0);
		assert_int_equal(time_next_due(), fake_now_ms + waits[i]);
		time_passes(waits[i]);
		assert_int_equal(fake_nl80211.gets, i + 1);
	}
	assert_int_equal(time_armed(), 0);
	assert_string_equal(calls_made(), "");
	assert_int_equal(wifi_now().associated, 1);
}

static void test_it_is_dropped_when_it_has_been_silent_since_it_moved(void **state)
{
	(void)state;
	move_away();
	fake_nl80211_has(WLAN, &LOCAL, true, 250 - 21); /* heard after the move, beyond doubt */
	time_passes(250);
	assert_int_equal(wifi_now().dropped, 0);
	fake_nl80211_has(WLAN, &LOCAL, true, 1250 - 20); /* the clocks may differ by so much */
	time_passes(1000);
	assert_int_equal(wifi_now().dropped, 1);
}

static void test_a_station_that_has_come_back_stays(void **state)
{
	(void)state;
	move_away();
	put_visit(&LOCAL, SELF, SELF, WLAN, 4);
	stay_silent_for(250);
	assert_int_equal(fake_nl80211.gets, 0);
	assert_int_equal(wifi_now().dropped, 0);
	assert_int_equal(time_armed(), 0);
}

static void test_a_station_that_has_left_the_access_point_is_not_dropped(void **state)
{
	(void)state;
	move_away();
	fake_nl80211_forgets(WLAN, &LOCAL);
	time_passes(250);
	assert_int_equal(fake_nl80211.gets, 1);
	assert_string_equal(calls_made(), "");
	assert_int_equal(time_armed(), 0);
}

static void test_a_station_that_associates_again_is_not_stale(void **state)
{
	(void)state;
	move_away();
	time_passes(100);
	tell_news(NL80211_ADDED, WLAN, &LOCAL);
	assert_int_equal(time_next_due(), fake_now_ms + 100);
	time_passes(100);
	assert_int_equal(wifi_now().arrived, 1);
	assert_int_equal(wifi_now().dropped, 0);
}

static void test_only_the_association_of_that_cell_is_stale(void **state)
{
	(void)state;
	associate(PORT, &VISITOR);
	associate(WLAN, &LOCAL);
	wifi_gone(w->wifi, &VISITOR, WLAN);
	wifi_gone(w->wifi, &NOBODY, WLAN);
	assert_int_equal(time_armed(), 0);
	wifi_gone(w->wifi, &VISITOR, BRIDGE);
	assert_int_equal(time_armed(), 1);
}

static void test_a_station_that_is_leaving_goes_on_leaving(void **state)
{
	(void)state;
	associate(WLAN, &LOCAL);
	tell_news(NL80211_REMOVED, WLAN, &LOCAL);
	wifi_gone(w->wifi, &LOCAL, WLAN);
	assert_int_equal(time_next_due(), fake_now_ms + 50);
	time_passes(50);
	assert_int_equal(wifi_now().associated, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_station_that_has_moved_is_dropped_by_hostapd),
		CASE(test_without_a_hostapd_the_kernel_drops_it),
		CASE(test_a_station_that_cannot_be_dropped_is_logged),
		CASE(test_a_station_that_was_heard_since_it_moved_stays),
		CASE(test_it_is_dropped_when_it_has_been_silent_since_it_moved),
		CASE(test_a_station_that_has_come_back_stays),
		CASE(test_a_station_that_has_left_the_access_point_is_not_dropped),
		CASE(test_a_station_that_associates_again_is_not_stale),
		CASE(test_only_the_association_of_that_cell_is_stale),
		CASE(test_a_station_that_is_leaving_goes_on_leaving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
