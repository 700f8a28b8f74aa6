/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of the agent as JSON. Members and their order are an outside contract, recorded as well
 * in tests/netns/interface.
 */
#include <unistd.h>

#include "control_world.h"

/* ---- stations */

static json_t *member_of(json_t *list, size_t index, const char *key)
{
	json_t *value = json_object_get(json_array_get(list, index), key);

	assert_non_null(value);
	return value;
}

/* The member of the only station that `which` finds. */
static void assert_member(const char *which, const char *key, const char *expected)
{
	json_t *list = report_stations(&w->report, which, false);

	assert_int_equal(json_array_size(list), 1);
	assert_json(json_incref(member_of(list, 0, key)), expected);
	json_decref(list);
}

static void test_a_station_has_these_members(void **state)
{
	(void)state;
	fake_modules.heard_ms = clock_ms() - 2500;
	assert_json(report_stations(&w->report, "10.10.5.9", false),
		    "[{\"address\":\"10.10.5.9\",\"mac\":\"02:00:00:00:00:09\",\"state\":\"home\","
		    "\"cell\":\"wlan0\",\"parent\":\"cn5\",\"current\":\"cn5\","
		    "\"kind\":\"dynamic\",\"lease_end\":1750000000,\"epoch\":3,\"seq\":1,"
		    "\"pending\":false,\"damped\":false,\"silent\":false,\"heard_s\":2}]");
}

static void test_a_station_elsewhere_has_no_cell_and_was_not_heard(void **state)
{
	(void)state;
	fake_modules.heard_ms = clock_ms() - 2500;
	assert_json(report_stations(&w->report, "02:00:00:00:00:14", false),
		    "[{\"address\":\"10.10.5.20\",\"mac\":\"02:00:00:00:00:14\",\"state\":\"away\","
		    "\"cell\":\"\",\"parent\":\"cn5\",\"current\":\"cn8\",\"kind\":\"dynamic\","
		    "\"lease_end\":1750000000,\"epoch\":3,\"seq\":2,\"pending\":false,"
		    "\"damped\":false,\"silent\":false,\"heard_s\":null}]");
}

static void test_each_state_has_its_name(void **state)
{
	(void)state;
	assert_member("10.10.5.9", "state", "\"home\"");
	assert_member("10.10.5.20", "state", "\"away\"");
	assert_member("10.10.8.7", "state", "\"visiting\"");
	assert_member("10.10.8.8", "state", "\"elsewhere\"");
	roam_set_self(w->roam, 0); /* nothing is in the map */
	assert_member("10.10.5.9", "state", "\"unknown\"");
}

static void test_each_kind_has_its_name(void **state)
{
	struct station_record record = {
		.addr = net_address(SELF, 30), .mac = {{2, 0, 0, 0, 0, 30}}, .kind = RECORD_STATIC,
		.state = RECORD_BOUND, .parent = SELF, .current = SELF, .version = {3, 9},
	};

	(void)state;
	roam_record(w->roam, &record, IFINDEX, clock_ms());
	assert_member("10.10.5.30", "kind", "\"static\"");
	record.kind = RECORD_RESERVED;
	record.version.seq++;
	roam_record(w->roam, &record, IFINDEX, clock_ms());
	assert_member("10.10.5.30", "kind", "\"reserved\"");
	record.kind = 77; /* of a later version */
	record.version.seq++;
	roam_record(w->roam, &record, IFINDEX, clock_ms());
	assert_member("10.10.5.30", "kind", "\"?\"");
}

static void test_a_move_that_is_not_confirmed_is_pending(void **state)
{
	(void)state;
	see_station(8, 8);
	assert_member("10.10.8.8", "pending", "true");
	assert_member("10.10.8.8", "current", "\"cn5\"");
	assert_member("10.10.8.8", "state", "\"visiting\"");
	assert_member("10.10.5.9", "pending", "false");
}

static void test_a_station_that_has_left_is_silent(void **state)
{
	struct tmip_mac mac = {{2, 0, 0, 0, 0, 9}};

	(void)state;
	roam_departed(w->roam, &mac, IFINDEX);
	assert_member("10.10.5.9", "silent", "true");
}

static void test_a_station_that_moves_too_often_is_damped(void **state)
{
	struct mlrp_message damped = {
		.type = MLRP_ERROR, .code = MLRP_E_DAMPED, .wait = 5000,
		.has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_WAIT) | MLRP_HAS(MLRP_F_STATION),
	};
	struct tmip_addr addr = net_address(8, 8);

	(void)state;
	damped.station = replica_find(roam_replica(w->roam), &addr)->record;
	roam_sync_start(w->roam, false);
	roam_sync_end(w->roam, clock_ms());
	see_station(8, 8);
	damped.transaction = ROAM_TRANSACTION; /* of the machine's first question */
	roam_register_answer(w->roam, &damped, clock_ms());
	assert_member("10.10.8.8", "damped", "true");
	fake_now_ms += 5000;
	assert_member("10.10.8.8", "damped", "false");
}

static void test_what_was_never_heard_is_null(void **state)
{
	(void)state;
	assert_member("10.10.5.9", "heard_s", "null");
}

static void assert_found(const char *which, bool here, size_t count)
{
	json_t *list = report_stations(&w->report, which, here);

	assert_int_equal(json_array_size(list), count);
	json_decref(list);
}

static void test_stations_are_found_by_address_and_mac(void **state)
{
	(void)state;
	put_record(SELF, 7, SELF, 5); /* with the MAC of 10.10.8.7 */
	assert_found(NULL, false, 5);
	assert_found(NULL, true, 4); /* those that this CN has to do with */
	assert_found("10.10.8.8", true, 1);
	assert_found("02:00:00:00:00:07", false, 2);
	assert_found("10.10.8.99", false, 0);
	assert_found("02:00:00:00:00:99", false, 0);
	assert_found("nonsense", false, 0);
}

/* ---- peers */

static void test_a_peer_has_these_members(void **state)
{
	struct tmip_addr tunnel = net_tunnel(8);
	struct tmip_peer_stat stat = {.rx_packets = 1, .rx_bytes = 20, .tx_packets = 3,
				      .tx_bytes = 40};

	(void)state;
	fake_map_put(&fake_datapath.peer_stats, &tunnel, sizeof(tunnel), &stat, sizeof(stat));
	fake_modules.connected = 8;
	assert_json(report_peers(&w->report),
		    "[{\"name\":\"cn8\",\"id\":8,\"tunnel\":\"192.168.0.8\",\"type\":\"4IN4\","
		    "\"link\":\"up\",\"stations\":2,\"mtu\":1500,\"rx_packets\":1,\"rx_bytes\":20,"
		    "\"tx_packets\":3,\"tx_bytes\":40,\"mtu_source\":\"route\"}]");
}

static void test_a_path_may_be_narrow(void **state)
{
	json_t *list;

	(void)state;
	fake_modules.path_mtu = 1400;
	list = report_peers(&w->report);
	assert_json(json_incref(member_of(list, 0, "mtu")), "1400");
	assert_json(json_incref(member_of(list, 0, "mtu_source")), "\"probe\"");
	json_decref(list);
}

static void test_a_peer_may_be_idle_and_down(void **state)
{
	json_t *list;

	(void)state;
	put_record(SELF, 20, SELF, 5);
	put_record(8, 7, 8, 6);
	list = report_peers(&w->report);
	assert_json(json_incref(member_of(list, 0, "type")), "\"idle\"");
	assert_json(json_incref(member_of(list, 0, "link")), "\"down\"");
	assert_json(json_incref(member_of(list, 0, "stations")), "0");
	json_decref(list);
}

/* ---- status */

static void test_status_has_these_members(void **state)
{
	json_t *status;
	char expected[2048];

	(void)state;
	fake_modules.dhcp = (struct dhcp_counts){1, 2, 3, 4, 5, 6, 7, 8, 9};
	fake_modules.buffer = (struct buffer_counts){.usable = true, .hold = {1, 2, 3, 4, 5, 6, 7},
						     .lost = 8, .not_sent = 9};
	fake_modules.groups = (struct groups_counts){.usable = true, .fanout = {1, 2, 3, 4, 5, 6},
						     .not_sent = 7};
	fake_modules.wifi = (struct wifi_counts){1, 2, 3, 4, 5};
	fake_modules.authenticators = (struct authenticator_counts){1, 2, 3, 4, 5};
	fake_modules.hostapd_count = 2;
	fake_modules.hostapds[0] = (struct config_hostapd){"wlan0", "/run/hostapd/wlan0"};
	fake_modules.hostapds[1] = (struct config_hostapd){"wlan1", "/run/hostapd/wlan1"};
	w->report.adopted = true;
	time_passes(61000);
	status = report_status(&w->report);
	json_object_del(status, "counters");
	snprintf(expected, sizeof(expected),
		 "{\"network\":\"net\","
		 "\"cn\":{\"name\":\"cn5\",\"id\":5,\"tunnel\":\"192.168.0.5\"},"
		 "\"version\":\"%s\",\"pid\":%d,\"uptime_s\":61,\"adopted\":true,"
		 "\"register\":{\"address\":\"mlr.example:6554\",\"state\":\"connected\","
		 "\"since_s\":61,\"epoch\":3,\"seq\":4,\"error\":\"\",\"confirmed\":false},"
		 "\"backbone\":{\"interface\":\"eth0\",\"hook\":\"tcx\",\"xdp\":\"off\","
		 "\"xdp_reason\":\"no hardware (veth)\",\"mtu\":1500,\"fault\":\"\"},"
		 "\"stations\":{\"total\":4,\"home\":1,\"next_door\":0,\"away\":1,\"visiting\":1,"
		 "\"elsewhere\":1,\"blocked\":0,\"silent\":0},"
		 "\"handovers\":{\"completed\":0,\"refused\":0,\"undone\":0,\"pending\":0,"
		 "\"conflicts\":0,\"overflow\":0,\"damped\":0,\"taken\":0,\"defended\":0},"
		 "\"dhcp\":{\"received\":1,\"offered\":2,\"confirmed\":3,\"refused\":4,"
		 "\"ignored\":5,\"malformed\":6,\"unanswered\":7,\"not_sent\":8,"
		 "\"translated\":9},"
		 "\"buffer\":{\"usable\":true,\"stations\":1,\"packets\":2,\"bytes\":3,\"held\":4,"
		 "\"replayed\":5,\"overflow\":6,\"expired\":7,\"lost\":8,\"not_sent\":9},"
		 "\"groups\":{\"usable\":true,\"stations\":1,\"taken\":2,\"to_cns\":3,"
		 "\"to_stations\":4,\"nobody\":5,\"over_limit\":6,\"not_sent\":7},"
		 "\"cells\":[{\"interface\":\"wlan0\",\"subnet\":\"10.10.5.0/24\","
		 "\"gateway\":\"10.10.5.1\",\"pool\":[\"10.10.5.10\",\"10.10.5.99\"],"
		 "\"hook\":\"tcx\",\"stations\":2,\"state\":\"up\",\"reason\":\"\"},"
		 "{\"interface\":\"wlan1\",\"subnet\":\"\",\"gateway\":\"\",\"pool\":null,"
		 "\"hook\":\"not served now\",\"stations\":0,\"state\":\"awaited\","
		 "\"reason\":\"wlan1 cannot be a cell: there is no such interface\"}],"
		 "\"wifi\":{\"associated\":1,\"arrived\":2,\"departed\":3,\"dropped\":4,"
		 "\"overflow\":5},"
		 "\"hostapd\":{\"links\":[{\"interface\":\"wlan0\","
		 "\"socket\":\"/run/hostapd/wlan0\",\"state\":\"connected\"},"
		 "{\"interface\":\"wlan1\",\"socket\":\"/run/hostapd/wlan1\","
		 "\"state\":\"not connected\"}],\"known\":1,"
		 "\"unusable\":2,\"overflow\":3,\"taken\":4,\"shared\":5},"
		 "\"problems\":[]}",
		 TMIP_VERSION, (int)getpid());
	assert_json(status, expected);
}

static void assert_status(const char *key, const char *expected)
{
	json_t *status = report_status(&w->report);

	assert_json(json_incref(json_object_get(status, key)), expected);
	json_decref(status);
}

static void assert_cell(const char *state, const char *hook)
{
	json_t *status = report_status(&w->report);
	json_t *cell = json_array_get(json_object_get(status, "cells"), 0);

	assert_string_equal(json_string_value(json_object_get(cell, "state")), state);
	assert_string_equal(json_string_value(json_object_get(cell, "hook")), hook);
	assert_string_equal(json_string_value(json_object_get(cell, "subnet")), "10.10.5.0/24");
	assert_string_equal(json_string_value(json_object_get(cell, "gateway")), "10.10.5.1");
	json_decref(status);
}

static void test_a_cell_has_a_state(void **state)
{
	struct cell *cell = &w->cells.list[0];

	(void)state;
	assert_cell("up", "tcx");
	strcpy(cell->interface.kind, "bridge");
	memset(&cell->interface.mac, 0, sizeof(cell->interface.mac));
	assert_cell("no port", "tcx");
	cell->bare = true;
	assert_cell("no address", "tcx");
	cell->interface.up = false;
	assert_cell("down", "tcx");
	cell->leaving = true;
	assert_cell("leaving", "tcx");
	cell->served = false;
	assert_cell("lost", "not served now"); /* its subnet is served all the same */
}

static void test_without_nl80211_wifi_is_null(void **state)
{
	(void)state;
	w->report.wifi = NULL;
	assert_status("wifi", "null");
}

static void test_a_register_that_is_away_says_why(void **state)
{
	(void)state;
	registered_is_lost();
	assert_status("register", "{\"address\":\"mlr.example:6554\",\"state\":\"away\","
				  "\"since_s\":0,\"epoch\":3,\"seq\":4,\"error\":\"reset\","
				  "\"confirmed\":false}");
}

static void test_native_xdp_is_told(void **state)
{
	(void)state;
	w->backbone.xdp = 7;
	w->backbone.xdp_why[0] = '\0';
	assert_status("backbone", "{\"interface\":\"eth0\",\"hook\":\"tcx\",\"xdp\":\"native\","
				  "\"xdp_reason\":\"\",\"mtu\":1500,\"fault\":\"\"}");
}

static void test_all_reasons_are_counted(void **state)
{
	json_t *status, *counters;

	(void)state;
	fake_datapath.stats[TMIP_REASON_WRONG_MAC] = (struct tmip_stat){.packets = 3, .bytes = 180};
	status = report_status(&w->report);
	counters = json_object_get(status, "counters");
	assert_int_equal(json_array_size(counters), TMIP_REASON_COUNT);
	assert_json(json_incref(json_array_get(counters, TMIP_REASON_WRONG_MAC)),
		    "{\"number\":19,\"reason\":\"WRONG_MAC\",\"verdict\":\"drop\","
		    "\"text\":\"source address is registered with another MAC\",\"packets\":3,"
		    "\"bytes\":180}");
	assert_json(json_incref(member_of(counters, TMIP_REASON_HOME, "verdict")), "\"pass\"");
	assert_json(json_incref(member_of(counters, TMIP_REASON_RELAY, "verdict")), "\"send\"");
	assert_json(json_incref(member_of(counters, TMIP_REASON_BUFFERED, "verdict")), "\"take\"");
	json_decref(status);
}

/* ---- why */

static json_t *why(const char *which)
{
	const char *error = NULL;
	json_t *result = report_why(&w->report, which, &error);

	assert_null(error);
	assert_non_null(result);
	return result;
}

static void assert_why(const char *which, const char *key, const char *expected)
{
	json_t *result = why(which);

	assert_json(json_incref(json_object_get(result, key)), expected);
	json_decref(result);
}

static void test_only_an_address_or_a_mac_has_a_why(void **state)
{
	const char *error = NULL;

	(void)state;
	assert_null(report_why(&w->report, "nonsense", &error));
	assert_string_equal(error, "that is neither an IPv4 address nor a MAC");
}

/* What every packet passes, and what the programs have dropped. */
#define ANY_WAY \
	"\"path\":[{\"part\":\"kernel\",\"name\":\"IPv4\",\"state\":\"up\",\"sent\":8," \
	"\"received\":9,\"dropped\":1},{\"part\":\"backbone\",\"name\":\"eth0\"," \
	"\"state\":\"gone\",\"sent\":0,\"received\":0,\"dropped\":0}],\"counters\":[]"

static void test_why_of_a_stranger_has_no_record(void **state)
{
	(void)state;
	assert_json(why("10.10.5.77"), "{\"address\":\"10.10.5.77\",\"mac\":\"-\",\"record\":null,"
				       "\"trail\":[],\"drops\":[]," ANY_WAY "}");
	assert_json(why("02:00:00:00:00:77"),
		    "{\"address\":\"-\",\"mac\":\"02:00:00:00:00:77\",\"record\":null,"
		    "\"trail\":[],\"drops\":[]," ANY_WAY "}");
}

static void test_why_by_address_and_by_mac_is_the_same(void **state)
{
	(void)state;
	assert_why("10.10.5.9", "mac", "\"02:00:00:00:00:09\"");
	assert_why("02:00:00:00:00:09", "address", "\"10.10.5.9\"");
	assert_why("02:00:00:00:00:09", "record",
		   "{\"address\":\"10.10.5.9\",\"mac\":\"02:00:00:00:00:09\",\"state\":\"home\","
		   "\"cell\":\"wlan0\",\"parent\":\"cn5\",\"current\":\"cn5\",\"kind\":\"dynamic\","
		   "\"lease_end\":1750000000,\"epoch\":3,\"seq\":1,\"pending\":false,"
		   "\"damped\":false,\"silent\":false,\"heard_s\":null}");
}

static void test_the_trail_is_that_of_the_mac(void **state)
{
	struct tmip_mac mac = {{2, 0, 0, 0, 0, 9}}, other = {{2, 0, 0, 0, 0, 7}};

	(void)state;
	trail_add(w->trail, &mac, 1700000000500000, "first");
	trail_add(w->trail, &mac, 1700000001000000, "second");
	trail_add(w->trail, &other, 1700000002000000, "of another one");
	assert_why("10.10.5.9", "trail", "[{\"time\":1700000000.5,\"text\":\"first\"},"
					 "{\"time\":1700000001.0,\"text\":\"second\"}]");
}

static void test_the_last_drops_are_told_with_their_age(void **state)
{
	struct tmip_addr addr = net_address(SELF, 9);
	struct tmip_drop drop = {.trail = {
		{.time_ns = (clock_ms() - 1500) * 1000000, .count = 3,
		 .reason = TMIP_REASON_WRONG_MAC, .ifindex = IFINDEX},
		{.time_ns = (clock_ms() + 1000) * 1000000, .count = 1, /* by another clock */
		 .reason = TMIP_REASON_BLOCKED, .ifindex = 999},
	}};

	(void)state;
	fake_map_put(&fake_datapath.drops, &addr, sizeof(addr), &drop, sizeof(drop));
	assert_why("10.10.5.9", "drops",
		   "[{\"count\":3,\"reason\":\"WRONG_MAC\","
		   "\"text\":\"source address is registered with another MAC\","
		   "\"interface\":\"wlan0\",\"age_s\":1.5},"
		   "{\"count\":1,\"reason\":\"BLOCKED\","
		   "\"text\":\"station is blocked: the register refused it\","
		   "\"interface\":\"?\",\"age_s\":0.0}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_station_has_these_members),
		CASE(test_a_station_elsewhere_has_no_cell_and_was_not_heard),
		CASE(test_each_state_has_its_name),
		CASE(test_each_kind_has_its_name),
		CASE(test_a_move_that_is_not_confirmed_is_pending),
		CASE(test_a_station_that_has_left_is_silent),
		CASE(test_a_station_that_moves_too_often_is_damped),
		CASE(test_what_was_never_heard_is_null),
		CASE(test_stations_are_found_by_address_and_mac),
		CASE(test_a_peer_has_these_members),
		CASE(test_a_path_may_be_narrow),
		CASE(test_a_peer_may_be_idle_and_down),
		CASE(test_status_has_these_members),
		CASE(test_a_cell_has_a_state),
		CASE(test_without_nl80211_wifi_is_null),
		CASE(test_a_register_that_is_away_says_why),
		CASE(test_native_xdp_is_told),
		CASE(test_all_reasons_are_counted),
		CASE(test_only_an_address_or_a_mac_has_a_why),
		CASE(test_why_of_a_stranger_has_no_record),
		CASE(test_why_by_address_and_by_mac_is_the_same),
		CASE(test_the_trail_is_that_of_the_mac),
		CASE(test_the_last_drops_are_told_with_their_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
