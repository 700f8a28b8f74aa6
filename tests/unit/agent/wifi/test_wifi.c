/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations at access points: letting in, leaving, and what stays behind when one has moved. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../calls.h"
#include "../fake_log.h"
#include "../fake_netlink.h"
#include "../fake_nl80211.h"
#include "../fake_timer.h"
#include "../small_network.h"
#include "agent/interface/cell_table.h"
#include "agent/wifi/wifi.h"

#define SELF 5
#define WLAN 42      /* a cell that is an access point itself */
#define BRIDGE 43    /* a cell that is a bridge */
#define PORT 50      /* an access point, port of that bridge */
#define OTHER_PORT 51
#define ALONE 60     /* an access point in no cell */
#define ASSOCIATIONS_MAX 8192

static const struct tmip_mac VISITOR = {{2, 0, 0, 0, 0, 7}}; /* at CN 8 */
static const struct tmip_mac LOCAL = {{2, 0, 0, 0, 0, 9}};   /* in the cell WLAN */
static const struct tmip_mac NOBODY = {{2, 0, 0, 0, 0, 0x66}};

static struct world {
	struct event_base *base;
	struct roam *roam;
	struct cell_table cells;
	struct wifi *wifi;
	bool has_hostapd; /* that drops stations */
} world, *w = &world;

/* ---- the world */

static bool on_drop(unsigned ifindex, const struct tmip_mac *mac, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("hostapd %u %u", ifindex, mac->octet[5]);
	return w->has_hostapd;
}

static struct wifi *create(void)
{
	const struct wifi_setup setup = {.base = w->base, .cells = &w->cells, .roam = w->roam,
					 .calls = {on_drop, w}};

	return wifi_create(&setup);
}

static void put_cell(unsigned ifindex, const char *name, uint32_t net)
{
	struct cell *cell = &w->cells.list[w->cells.count++];

	snprintf(cell->name, sizeof(cell->name), "%s", name);
	cell->interface.ifindex = ifindex;
	cell->info = net_cn(net).cells[0];
	assert_int_equal(roam_put_cell(w->roam, ifindex, name, &cell->info.subnet), 0);
}

static void put_station(const struct tmip_mac *mac, uint32_t parent, uint32_t current,
			unsigned ifindex, uint64_t seq)
{
	struct station_record record = {
		.addr = net_address(parent, mac->octet[5]), .mac = *mac, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .parent = parent, .current = current, .version = {1, seq},
	};

	roam_record(w->roam, &record, ifindex, clock_ms());
}

static const struct replica_station *station(const struct tmip_mac *mac)
{
	return replica_find_mac(roam_replica(w->roam), mac);
}

static struct wifi_counts counts_now(void)
{
	struct wifi_counts counts;

	wifi_count(w->wifi, &counts);
	return counts;
}

static void tell(enum nl80211_news news, unsigned ifindex, const struct tmip_mac *mac)
{
	fake_nl80211_tells(news, ifindex, mac);
	time_passes(0);
}

/* The station is at the access point, authorised, and nothing is waited for. */
static void associate(unsigned ifindex, const struct tmip_mac *mac)
{
	fake_nl80211_has(ifindex, mac, true, 0);
	tell(NL80211_ADDED, ifindex, mac);
	time_passes(4400);
	assert_int_equal(time_armed(), 0);
	calls_forget();
}

static int set_up(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	w->base = time_begin();
	fake_nl80211_reset();
	fake_netlink_reset();
	w->roam = net_roam(SELF);
	net_learns(w->roam, SELF);
	net_learns(w->roam, 8);
	put_cell(WLAN, "wlan0", SELF);
	put_cell(BRIDGE, "br0", 6);
	fake_interface_add(PORT, "ap0", NULL)->is.port_of = BRIDGE;
	fake_interface_add(OTHER_PORT, "ap1", NULL)->is.port_of = BRIDGE;
	fake_interface_add(ALONE, "ap2", NULL);
	put_station(&VISITOR, 8, 8, 0, 1);
	put_station(&LOCAL, SELF, SELF, WLAN, 2);
	assert_int_equal(station(&LOCAL)->kernel.ifindex, WLAN);
	w->wifi = create();
	assert_non_null(w->wifi);
	calls_forget();
	fake_log_forget();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	wifi_destroy(w->wifi);
	assert_false(fake_nl80211.open);
	assert_int_equal(time_armed(), 0);
	roam_destroy(w->roam);
	time_end();
	return 0;
}

/* ---- life */

static void test_without_nl80211_there_is_none(void **state)
{
	(void)state;
	wifi_destroy(w->wifi);
	fake_nl80211.open_error = -ENOENT;
	w->wifi = create();
	assert_null(w->wifi);
	wifi_destroy(NULL);
}

static void test_stations_that_are_there_already_are_known(void **state)
{
	(void)state;
	wifi_destroy(w->wifi);
	fake_nl80211_has(WLAN, &LOCAL, true, 0);
	fake_nl80211_has(PORT, &VISITOR, true, 0);
	w->wifi = create();
	assert_int_equal(counts_now().associated, 2);
	assert_int_equal(time_armed(), 0); /* who has moved meanwhile was not seen to leave */
}

static void test_stations_that_cannot_be_listed_are_logged(void **state)
{
	(void)state;
	wifi_destroy(w->wifi);
	fake_nl80211.list_error = -EIO;
	w->wifi = create();
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
	tell(NL80211_ADDED, WLAN, &VISITOR); /* authentication proves nothing */
	assert_int_equal(counts_now().associated, 1);
	time_passes(100);
	assert_int_equal(counts_now().arrived, 0);
	fake_nl80211_has(WLAN, &VISITOR, true, 0);
	time_passes(299);
	assert_int_equal(counts_now().arrived, 0);
	time_passes(1);
	assert_int_equal(counts_now().arrived, 1);
	assert_int_equal(replica_current(station(&VISITOR)), SELF);
	assert_int_equal(station(&VISITOR)->kernel.ifindex, WLAN);
	assert_int_equal(time_armed(), 0);
}

static void test_a_station_that_is_never_authorised_is_looked_at_four_times(void **state)
{
	static const unsigned waits[] = {100, 300, 1000, 3000};

	(void)state;
	fake_nl80211_has(WLAN, &VISITOR, false, 0);
	tell(NL80211_ADDED, WLAN, &VISITOR);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(time_next_due(), fake_now_ms + waits[i]);
		time_passes(waits[i]);
		assert_int_equal(fake_nl80211.gets, i + 1);
	}
	assert_int_equal(time_armed(), 0);
	assert_int_equal(replica_current(station(&VISITOR)), 8);
}

static void test_a_new_authentication_begins_anew(void **state)
{
	(void)state;
	fake_nl80211_has(WLAN, &VISITOR, false, 0);
	tell(NL80211_ADDED, WLAN, &VISITOR);
	time_passes(4000);
	tell(NL80211_ADDED, WLAN, &VISITOR);
	assert_int_equal(time_next_due(), fake_now_ms + 100);
	assert_int_equal(counts_now().associated, 1);
}

static void test_the_cell_is_the_bridge_of_the_access_point(void **state)
{
	(void)state;
	associate(PORT, &VISITOR);
	assert_int_equal(station(&VISITOR)->kernel.ifindex, BRIDGE);
}

static void test_a_layer_2_update_leaves_nothing_to_do(void **state)
{
	(void)state;
	fake_nl80211_has(WLAN, &LOCAL, true, 0);
	tell(NL80211_ADDED, WLAN, &LOCAL); /* it is in the cell, as the network knows already */
	time_passes(10000);
	assert_int_equal(fake_nl80211.gets, 0);
	assert_int_equal(counts_now().arrived, 0);
}

static void test_who_has_no_address_does_not_arrive(void **state)
{
	(void)state;
	fake_nl80211_has(WLAN, &NOBODY, true, 0);
	tell(NL80211_ADDED, WLAN, &NOBODY);
	time_passes(10000);
	assert_int_equal(fake_nl80211.gets, 0);
	assert_int_equal(counts_now().arrived, 0);
}

static void test_an_access_point_in_no_cell_does_not_count(void **state)
{
	(void)state;
	fake_nl80211_has(ALONE, &VISITOR, true, 0);
	tell(NL80211_ADDED, ALONE, &VISITOR);
	time_passes(10000);
	assert_int_equal(fake_nl80211.gets, 0);
	assert_int_equal(replica_current(station(&VISITOR)), 8);
}

static void test_a_station_that_the_kernel_has_forgotten_is_not_asked_for_again(void **state)
{
	(void)state;
	tell(NL80211_ADDED, WLAN, &VISITOR);
	time_passes(10000);
	assert_int_equal(fake_nl80211.gets, 1);
	assert_int_equal(counts_now().arrived, 0);
}

/* ---- leaving */

static void test_a_removed_station_has_left_after_a_moment(void **state)
{
	(void)state;
	associate(WLAN, &LOCAL);
	tell(NL80211_REMOVED, WLAN, &LOCAL);
	time_passes(49);
	assert_false(replica_silent(station(&LOCAL)));
	time_passes(1);
	assert_true(replica_silent(station(&LOCAL)));
	assert_int_equal(counts_now().departed, 1);
	assert_int_equal(counts_now().associated, 0);
}

static void test_who_is_back_at_once_has_not_left(void **state)
{
	(void)state;
	associate(WLAN, &LOCAL);
	tell(NL80211_REMOVED, WLAN, &LOCAL);
	time_passes(20);
	tell(NL80211_ADDED, WLAN, &LOCAL);
	time_passes(10000);
	assert_false(replica_silent(station(&LOCAL)));
	assert_int_equal(counts_now().departed, 0);
	assert_int_equal(counts_now().associated, 1);
}

static void test_who_is_at_another_access_point_of_the_cell_has_not_left(void **state)
{
	(void)state;
	associate(PORT, &VISITOR);
	associate(OTHER_PORT, &VISITOR);
	tell(NL80211_REMOVED, PORT, &VISITOR);
	time_passes(1000);
	assert_int_equal(counts_now().departed, 0);
	assert_int_equal(counts_now().associated, 1);
	tell(NL80211_REMOVED, OTHER_PORT, &VISITOR);
	time_passes(1000);
	assert_int_equal(counts_now().departed, 1);
}

static void test_who_leaves_both_access_points_leaves_once(void **state)
{
	(void)state;
	associate(PORT, &VISITOR);
	associate(OTHER_PORT, &VISITOR);
	tell(NL80211_REMOVED, PORT, &VISITOR);
	tell(NL80211_REMOVED, OTHER_PORT, &VISITOR);
	time_passes(1000);
	assert_int_equal(counts_now().departed, 1);
	assert_int_equal(counts_now().associated, 0);
}

static void test_who_is_in_another_cell_has_not_left(void **state)
{
	(void)state;
	associate(PORT, &LOCAL); /* frames say that it is in the cell WLAN */
	tell(NL80211_REMOVED, PORT, &LOCAL);
	time_passes(1000);
	assert_int_equal(counts_now().departed, 0);
	assert_false(replica_silent(station(&LOCAL)));
}

static void test_the_removal_of_a_stranger_changes_nothing(void **state)
{
	(void)state;
	tell(NL80211_REMOVED, WLAN, &LOCAL);
	time_passes(1000);
	assert_int_equal(counts_now().departed, 0);
	assert_int_equal(counts_now().associated, 0);
	assert_int_equal(counts_now().overflow, 0);
}

/* ---- stations that have moved to another CN */

/* The local station was heard here long ago, and is at CN 8 now. */
static void move_away(void)
{
	associate(WLAN, &LOCAL);
	put_station(&LOCAL, SELF, 8, 0, 3);
	assert_int_equal(station(&LOCAL)->kernel.ifindex, 0);
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
	assert_int_equal(counts_now().dropped, 1);
	assert_int_equal(time_armed(), 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "dropped by its access point here"), 1);
}

static void test_without_a_hostapd_the_kernel_drops_it(void **state)
{
	(void)state;
	move_away();
	stay_silent_for(250);
	assert_true(CALLS_IN_ORDER("hostapd 42 9", "nl80211_drop_station 42 02:00:00:00:00:09"));
	assert_int_equal(counts_now().dropped, 1);
}

static void test_a_station_that_cannot_be_dropped_is_logged(void **state)
{
	(void)state;
	fake_nl80211.drop_error = -EPERM;
	move_away();
	stay_silent_for(250);
	assert_int_equal(counts_now().dropped, 0);
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
	assert_int_equal(counts_now().associated, 1);
}

static void test_it_is_dropped_when_it_has_been_silent_since_it_moved(void **state)
{
	(void)state;
	move_away();
	fake_nl80211_has(WLAN, &LOCAL, true, 250 - 21); /* heard after the move, beyond doubt */
	time_passes(250);
	assert_int_equal(counts_now().dropped, 0);
	fake_nl80211_has(WLAN, &LOCAL, true, 1250 - 20); /* the clocks may differ by so much */
	time_passes(1000);
	assert_int_equal(counts_now().dropped, 1);
}

static void test_a_station_that_has_come_back_stays(void **state)
{
	(void)state;
	move_away();
	put_station(&LOCAL, SELF, SELF, WLAN, 4);
	stay_silent_for(250);
	assert_int_equal(fake_nl80211.gets, 0);
	assert_int_equal(counts_now().dropped, 0);
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
	tell(NL80211_ADDED, WLAN, &LOCAL);
	assert_int_equal(time_next_due(), fake_now_ms + 100);
	time_passes(100);
	assert_int_equal(counts_now().arrived, 1);
	assert_int_equal(counts_now().dropped, 0);
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
	tell(NL80211_REMOVED, WLAN, &LOCAL);
	wifi_gone(w->wifi, &LOCAL, WLAN);
	assert_int_equal(time_next_due(), fake_now_ms + 50);
	time_passes(50);
	assert_int_equal(counts_now().associated, 0);
}

/* ---- bounds */

static void test_after_lost_news_those_that_are_there_count(void **state)
{
	(void)state;
	associate(WLAN, &LOCAL);
	associate(PORT, &VISITOR);
	fake_nl80211_has(WLAN, &NOBODY, true, 0);
	fake_nl80211_forgets(PORT, &VISITOR);
	tell(NL80211_REMOVED, WLAN, &LOCAL); /* a removal that was undone by news that were lost */
	fake_nl80211_loses();
	time_passes(1000);
	assert_int_equal(counts_now().associated, 2);
	assert_int_equal(counts_now().departed, 0);
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
	assert_int_equal(counts_now().associated, ASSOCIATIONS_MAX);
	assert_int_equal(counts_now().overflow, 1);
	wifi_destroy(w->wifi);
	w->wifi = NULL;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		CASE(test_after_lost_news_those_that_are_there_count),
		CASE(test_stations_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
