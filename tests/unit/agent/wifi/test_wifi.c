/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations at access points: letting in and leaving. */
#include "wifi_world.h"

#define ASSOCIATIONS_MAX 8192

/* ---- life */

static void test_without_nl80211_there_is_none(void **state)
{
	(void)state;
	wifi_destroy(w->wifi);
	fake_nl80211.open_error = -ENOENT;
	w->wifi = create_wifi();
	assert_null(w->wifi);
	wifi_destroy(NULL);
}

static void test_stations_that_are_there_already_are_known(void **state)
{
	(void)state;
	wifi_destroy(w->wifi);
	fake_nl80211_has(WLAN, &LOCAL, true, 0);
	fake_nl80211_has(PORT, &VISITOR, true, 0);
	w->wifi = create_wifi();
	assert_int_equal(wifi_now().associated, 2);
	assert_int_equal(time_armed(), 0); /* who has moved meanwhile was not seen to leave */
}

static void test_stations_that_cannot_be_listed_are_logged(void **state)
{
	(void)state;
	wifi_destroy(w->wifi);
	fake_nl80211.list_error = -EIO;
	w->wifi = create_wifi();
	assert_non_null(w->wifi);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "cannot be listed"), 1);
}

static void test_cells_are_access_points_or_have_them_as_ports(void **state)
{
	(void)state;
	assert_int_equal(wifi_cell_of(&w->cells, WLAN), WLAN);
	assert_int_equal(wifi_cell_of(&w->cells, PORT), BRIDGE);
	assert_int_equal(wifi_cell_of(&w->cells, ALONE), 0);
	assert_int_equal(wifi_cell_of(&w->cells, 999), 0);
	assert_int_equal(wifi_cell_of(&w->cells, 0), 0);
}

/* ---- letting in */

static void test_a_station_arrives_when_it_is_authorised(void **state)
{
	(void)state;
	fake_nl80211_has(WLAN, &VISITOR, false, 0);
	tell_news(NL80211_ADDED, WLAN, &VISITOR); /* authentication proves nothing */
	assert_int_equal(wifi_now().associated, 1);
	time_passes(100);
	assert_int_equal(wifi_now().arrived, 0);
	fake_nl80211_has(WLAN, &VISITOR, true, 0);
	time_passes(299);
	assert_int_equal(wifi_now().arrived, 0);
	time_passes(1);
	assert_int_equal(wifi_now().arrived, 1);
	assert_int_equal(replica_current(station_with(&VISITOR)), SELF);
	assert_int_equal(station_with(&VISITOR)->kernel.ifindex, WLAN);
	assert_int_equal(time_armed(), 0);
}

static void test_a_station_that_is_never_authorised_is_looked_at_four_times(void **state)
{
	static const unsigned waits[] = {100, 300, 1000, 3000};

	(void)state;
	fake_nl80211_has(WLAN, &VISITOR, false, 0);
	tell_news(NL80211_ADDED, WLAN, &VISITOR);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(time_next_due(), fake_now_ms + waits[i]);
		time_passes(waits[i]);
		assert_int_equal(fake_nl80211.gets, i + 1);
	}
	assert_int_equal(time_armed(), 0);
	assert_int_equal(replica_current(station_with(&VISITOR)), 8);
}

static void test_a_new_authentication_begins_anew(void **state)
{
	(void)state;
	fake_nl80211_has(WLAN, &VISITOR, false, 0);
	tell_news(NL80211_ADDED, WLAN, &VISITOR);
	time_passes(4000);
	tell_news(NL80211_ADDED, WLAN, &VISITOR);
	assert_int_equal(time_next_due(), fake_now_ms + 100);
	assert_int_equal(wifi_now().associated, 1);
}

static void test_the_cell_is_the_bridge_of_the_access_point(void **state)
{
	(void)state;
	associate(PORT, &VISITOR);
	assert_int_equal(station_with(&VISITOR)->kernel.ifindex, BRIDGE);
}

static void test_a_layer_2_update_leaves_nothing_to_do(void **state)
{
	(void)state;
	fake_nl80211_has(WLAN, &LOCAL, true, 0);
	tell_news(NL80211_ADDED, WLAN, &LOCAL); /* as the network knows already */
	time_passes(10000);
	assert_int_equal(fake_nl80211.gets, 0);
	assert_int_equal(wifi_now().arrived, 0);
}

static void test_who_has_no_address_does_not_arrive(void **state)
{
	(void)state;
	fake_nl80211_has(WLAN, &NOBODY, true, 0);
	tell_news(NL80211_ADDED, WLAN, &NOBODY);
	time_passes(10000);
	assert_int_equal(fake_nl80211.gets, 0);
	assert_int_equal(wifi_now().arrived, 0);
}

static void test_an_access_point_in_no_cell_does_not_count(void **state)
{
	(void)state;
	fake_nl80211_has(ALONE, &VISITOR, true, 0);
	tell_news(NL80211_ADDED, ALONE, &VISITOR);
	time_passes(10000);
	assert_int_equal(fake_nl80211.gets, 0);
	assert_int_equal(replica_current(station_with(&VISITOR)), 8);
}

static void test_a_station_that_the_kernel_has_forgotten_is_not_asked_for_again(void **state)
{
	(void)state;
	tell_news(NL80211_ADDED, WLAN, &VISITOR);
	time_passes(10000);
	assert_int_equal(fake_nl80211.gets, 1);
	assert_int_equal(wifi_now().arrived, 0);
}

/* ---- leaving */

static void test_a_removed_station_has_left_after_a_moment(void **state)
{
	(void)state;
	associate(WLAN, &LOCAL);
	tell_news(NL80211_REMOVED, WLAN, &LOCAL);
	time_passes(49);
	assert_false(replica_silent(station_with(&LOCAL)));
	time_passes(1);
	assert_true(replica_silent(station_with(&LOCAL)));
	assert_int_equal(wifi_now().departed, 1);
	assert_int_equal(wifi_now().associated, 0);
}

static void test_who_is_back_at_once_has_not_left(void **state)
{
	(void)state;
	associate(WLAN, &LOCAL);
	tell_news(NL80211_REMOVED, WLAN, &LOCAL);
	time_passes(20);
	tell_news(NL80211_ADDED, WLAN, &LOCAL);
	time_passes(10000);
	assert_false(replica_silent(station_with(&LOCAL)));
	assert_int_equal(wifi_now().departed, 0);
	assert_int_equal(wifi_now().associated, 1);
}

static void test_who_is_at_another_access_point_of_the_cell_has_not_left(void **state)
{
	(void)state;
	associate(PORT, &VISITOR);
	associate(OTHER_PORT, &VISITOR);
	tell_news(NL80211_REMOVED, PORT, &VISITOR);
	time_passes(1000);
	assert_int_equal(wifi_now().departed, 0);
	assert_int_equal(wifi_now().associated, 1);
	tell_news(NL80211_REMOVED, OTHER_PORT, &VISITOR);
	time_passes(1000);
	assert_int_equal(wifi_now().departed, 1);
}

static void test_who_leaves_both_access_points_leaves_once(void **state)
{
	(void)state;
	associate(PORT, &VISITOR);
	associate(OTHER_PORT, &VISITOR);
	tell_news(NL80211_REMOVED, PORT, &VISITOR);
	tell_news(NL80211_REMOVED, OTHER_PORT, &VISITOR);
	time_passes(1000);
	assert_int_equal(wifi_now().departed, 1);
	assert_int_equal(wifi_now().associated, 0);
}

static void test_who_is_in_another_cell_has_not_left(void **state)
{
	(void)state;
	associate(PORT, &LOCAL); /* frames say that it is in the cell WLAN */
	tell_news(NL80211_REMOVED, PORT, &LOCAL);
	time_passes(1000);
	assert_int_equal(wifi_now().departed, 0);
	assert_false(replica_silent(station_with(&LOCAL)));
}

static void test_the_removal_of_a_stranger_changes_nothing(void **state)
{
	(void)state;
	tell_news(NL80211_REMOVED, WLAN, &LOCAL);
	time_passes(1000);
	assert_int_equal(wifi_now().departed, 0);
	assert_int_equal(wifi_now().associated, 0);
	assert_int_equal(wifi_now().overflow, 0);
}

/* ---- bounds */

static void test_after_lost_news_those_that_are_there_count(void **state)
{
	(void)state;
	associate(WLAN, &LOCAL);
	associate(PORT, &VISITOR);
	fake_nl80211_has(WLAN, &NOBODY, true, 0);
	fake_nl80211_forgets(PORT, &VISITOR);
	tell_news(NL80211_REMOVED, WLAN, &LOCAL); /* undone by news that were lost */
	fake_nl80211_loses();
	time_passes(1000);
	assert_int_equal(wifi_now().associated, 2);
	assert_int_equal(wifi_now().departed, 0);
	assert_int_equal(time_armed(), 0);
}

static void test_stations_are_limited(void **state)
{
	struct tmip_mac mac = {{2, 1, 0, 0, 0, 0}};

	(void)state;
	for (unsigned i = 0; i <= ASSOCIATIONS_MAX; i++) {
		mac.octet[4] = (uint8_t)(i >> 8);
		mac.octet[5] = (uint8_t)i;
		mac.octet[3] = (uint8_t)(i >> 16);
		fake_nl80211_tells(NL80211_ADDED, ALONE, &mac);
		event_base_loop(w->base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(wifi_now().associated, ASSOCIATIONS_MAX);
	assert_int_equal(wifi_now().overflow, 1);
	wifi_destroy(w->wifi);
	w->wifi = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_without_nl80211_there_is_none),
		CASE(test_stations_that_are_there_already_are_known),
		CASE(test_stations_that_cannot_be_listed_are_logged),
		CASE(test_cells_are_access_points_or_have_them_as_ports),
		CASE(test_a_station_arrives_when_it_is_authorised),
		CASE(test_a_station_that_is_never_authorised_is_looked_at_four_times),
		CASE(test_a_new_authentication_begins_anew),
		CASE(test_the_cell_is_the_bridge_of_the_access_point),
		CASE(test_a_layer_2_update_leaves_nothing_to_do),
		CASE(test_who_has_no_address_does_not_arrive),
		CASE(test_an_access_point_in_no_cell_does_not_count),
		CASE(test_a_station_that_the_kernel_has_forgotten_is_not_asked_for_again),
		CASE(test_a_removed_station_has_left_after_a_moment),
		CASE(test_who_is_back_at_once_has_not_left),
		CASE(test_who_is_at_another_access_point_of_the_cell_has_not_left),
		CASE(test_who_leaves_both_access_points_leaves_once),
		CASE(test_who_is_in_another_cell_has_not_left),
		CASE(test_the_removal_of_a_stranger_changes_nothing),
		CASE(test_after_lost_news_those_that_are_there_count),
		CASE(test_stations_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
