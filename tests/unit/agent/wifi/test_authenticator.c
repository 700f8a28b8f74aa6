/* SPDX-License-Identifier: BSD-2-Clause */
/* hostapds: what they say of stations, and messages that wait for their answers. */
#include "authenticator_world.h"

#define KNOWN_MAX 8192
#define WAITING_MAX 64
#define WAIT_MS 1000

/* ---- connections */

static void test_each_hostapd_of_the_configuration_is_connected_to(void **state)
{
	(void)state;
	assert_int_equal(fake_hostapds.count, 3);
	assert_string_equal(hostapd_of("ap0")->path, "/run/hostapd/ap0");
	assert_string_equal(hostapd_of("ap0")->own, "/run/tmip/net.ap0.hostapd");
}

static void test_a_reload_closes_and_opens_what_has_changed(void **state)
{
	struct hostapd_link *kept = hostapd_of("wlan0"), *moved = hostapd_of("ap0");
	struct hostapd_link *removed = hostapd_of("ap1");

	(void)state;
	w->config.hostapd_count = 2;
	strcpy(w->config.hostapd[1].socket, "/other/ap0");
	authenticators_configure(w->all);
	assert_false(kept->closed);
	assert_true(moved->closed);
	assert_true(removed->closed);
	assert_string_equal(hostapd_of("ap0")->path, "/other/ap0");
	assert_int_equal(fake_hostapds_open(), 2);
	authenticators_configure(w->all);
	assert_int_equal(fake_hostapds.count, 4);
}

static void test_a_socket_with_a_path_that_is_too_long_is_logged(void **state)
{
	(void)state;
	memset(w->config.run_dir, 'x', 100);
	w->config.hostapd[0].socket[0] = 'x';
	authenticators_configure(w->all);
	assert_int_equal(fake_hostapds_open(), 2);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "of the agent's socket is too long"), 1);
}

static void test_a_link_that_cannot_be_had_is_tried_at_the_next_reload(void **state)
{
	(void)state;
	w->config.hostapd[0].socket[0] = 'x';
	fake_hostapds.no_memory = true;
	authenticators_configure(w->all);
	assert_int_equal(fake_hostapds_open(), 2);
	fake_hostapds.no_memory = false;
	authenticators_configure(w->all);
	assert_int_equal(fake_hostapds_open(), 3);
}

static void on_visit(const struct config_hostapd *config, bool connected, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("visit %s %d", config->interface, connected);
}

static void test_those_who_look_see_all_and_which_are_connected(void **state)
{
	(void)state;
	fake_hostapd_comes_up(hostapd_of("ap1"), false);
	calls_forget();
	authenticators_each(w->all, on_visit, w);
	assert_true(calls_include("visit wlan0 1"));
	assert_true(calls_include("visit ap0 1"));
	assert_true(calls_include("visit ap1 0"));
	assert_int_equal(calls_count("visit"), 3);
}

static void test_a_connection_is_logged(void **state)
{
	(void)state;
	fake_hostapd_comes_up(hostapd_of("ap1"), false);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "hostapd of ap1 (/run/hostapd/ap1): "
							"connection lost"), 1);
}

/* ---- stations that are made to leave */

static void test_the_hostapd_of_that_interface_drops_a_station(void **state)
{
	(void)state;
	assert_true(authenticators_drop(w->all, AP0, &ANNA));
	assert_int_equal(hostapd_of("ap0")->dropped, 1);
	assert_true(mac_equal(&hostapd_of("ap0")->dropped_mac, &ANNA));
	assert_int_equal(hostapd_of("ap1")->dropped, 0);
}

static void test_nobody_drops_it_without_a_hostapd_that_answers(void **state)
{
	(void)state;
	assert_false(authenticators_drop(w->all, 999, &ANNA));
	hostapd_of("ap0")->drop_error = -ENOBUFS;
	assert_false(authenticators_drop(w->all, AP0, &ANNA));
	fake_hostapd_comes_up(hostapd_of("ap0"), false);
	assert_false(authenticators_drop(w->all, AP0, &ANNA));
}

/* ---- associations */

static void test_an_association_is_an_arrival_in_its_cell(void **state)
{
	(void)state;
	put_station(&ANNA, 8);
	fake_hostapd_tells(hostapd_of("ap0"), HOSTAPD_CONNECTED, &ANNA);
	assert_int_equal(current_of(&ANNA), SELF);
	assert_int_equal(replica_find_mac(roam_replica(w->roam), &ANNA)->kernel.ifindex, BRIDGE);
	assert_int_equal(hostapd_of("ap0")->asked, 1); /* who is it? */
	assert_true(mac_equal(&hostapd_of("ap0")->asked_about, &ANNA));
}

static void test_a_disconnection_is_none(void **state)
{
	(void)state;
	put_station(&ANNA, 8);
	fake_hostapd_tells(hostapd_of("ap0"), HOSTAPD_DISCONNECTED, &ANNA);
	fake_hostapd_tells(hostapd_of("ap0"), HOSTAPD_OTHER, &ANNA);
	assert_int_equal(current_of(&ANNA), 8);
	assert_int_equal(hostapd_of("ap0")->asked, 0);
}

static void test_an_identity_is_known_from_an_answer_on(void **state)
{
	(void)state;
	fake_hostapd_answers(hostapd_of("ap0"), &ANNA, "anna");
	assert_int_equal(counts_now().known, 1);
	assert_identity(&ANNA, "anna");
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "its identity at ap0: "), 1);
	fake_hostapd_answers(hostapd_of("ap0"), &ANNA, "anna"); /* nothing new */
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "its identity at ap0: "), 1);
}

static void test_an_identity_may_change(void **state)
{
	(void)state;
	fake_hostapd_answers(hostapd_of("ap0"), &ANNA, "anna");
	fake_hostapd_answers(hostapd_of("ap0"), &ANNA, "berta");
	assert_identity(&ANNA, "berta");
	assert_int_equal(counts_now().known, 1);
}

static void test_of_a_station_that_is_not_authorised_nothing_is_learnt(void **state)
{
	struct hostapd_station station = {.mac = ANNA, .authorized = false};

	(void)state;
	assert_int_equal(identity_make(&station.identity, IDENTITY_8021X, "anna", 4), 0);
	hostapd_of("ap0")->calls.station(&ANNA, &station, hostapd_of("ap0")->calls.arg);
	assert_int_equal(counts_now().known, 0);
}

static void test_an_identity_that_is_too_long_does_not_count(void **state)
{
	char name[80];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fake_hostapd_answers(hostapd_of("ap0"), &ANNA, name);
	assert_int_equal(counts_now().unusable, 1);
	assert_int_equal(counts_now().known, 1); /* known to be none */
	assert_identity(&ANNA, NULL);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "does not count"), 1);
}

static void test_an_association_ends_what_was_known(void **state)
{
	(void)state;
	fake_hostapd_answers(hostapd_of("ap0"), &ANNA, "anna");
	fake_hostapd_tells(hostapd_of("ap1"), HOSTAPD_DISCONNECTED, &ANNA); /* it was there */
	assert_int_equal(counts_now().known, 1);
	fake_hostapd_tells(hostapd_of("ap1"), HOSTAPD_CONNECTED, &ANNA);
	assert_int_equal(counts_now().known, 0);
	fake_hostapd_answers(hostapd_of("ap1"), &ANNA, "anna");
	fake_hostapd_tells(hostapd_of("ap1"), HOSTAPD_DISCONNECTED, &ANNA);
	assert_int_equal(counts_now().known, 0);
}

static void test_a_lost_hostapd_takes_what_it_said_along(void **state)
{
	(void)state;
	fake_hostapd_answers(hostapd_of("ap0"), &ANNA, "anna");
	fake_hostapd_answers(hostapd_of("ap1"), &BERTA, "berta");
	fake_hostapd_comes_up(hostapd_of("ap0"), false);
	assert_int_equal(counts_now().known, 1);
	assert_identity(&BERTA, "berta");
	w->config.hostapd_count = 0;
	authenticators_configure(w->all);
	assert_int_equal(counts_now().known, 0);
}

static void test_known_stations_are_limited(void **state)
{
	struct tmip_mac mac = {{2, 1, 0, 0, 0, 0}};

	(void)state;
	for (unsigned i = 0; i <= KNOWN_MAX; i++) {
		mac.octet[3] = (uint8_t)(i >> 16);
		mac.octet[4] = (uint8_t)(i >> 8);
		mac.octet[5] = (uint8_t)i;
		fake_hostapd_answers(hostapd_of("ap0"), &mac, NULL);
	}
	assert_int_equal(counts_now().known, KNOWN_MAX);
	assert_int_equal(counts_now().overflow, 1);
}

/* ---- messages that wait for an identity */

static void test_without_the_directive_no_identity_counts(void **state)
{
	struct dhcp_request message = message_of(&ANNA);

	(void)state;
	w->config.by_association = 0;
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	assert_true(authenticators_identify(w->all, WLAN, &message));
	assert_int_equal(message.identity.len, 0);
	assert_int_equal(hostapd_of("wlan0")->asked, 0);
}

static void test_a_message_waits_for_the_answer(void **state)
{
	(void)state;
	assert_false(identify(WLAN, &ANNA));
	assert_int_equal(hostapd_of("wlan0")->asked, 1);
	assert_int_equal(hostapd_of("ap0")->asked, 0); /* of another cell */
	assert_string_equal(calls_made(), "");
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	assert_string_equal(calls_made(), "resume 42 9 anna\n");
	time_passes(WAIT_MS);
	assert_int_equal(calls_count("resume"), 1);
}

static void test_a_known_station_waits_for_nobody(void **state)
{
	struct dhcp_request message = message_of(&ANNA);

	(void)state;
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	message.identity.len = 3; /* of no meaning */
	assert_true(authenticators_identify(w->all, WLAN, &message));
	assert_int_equal(hostapd_of("wlan0")->asked, 0);
	assert_true(is_identity(&message.identity, "anna"));
}

static void test_where_no_hostapd_can_be_asked_there_is_no_identity(void **state)
{
	(void)state;
	fake_hostapd_comes_up(hostapd_of("wlan0"), false);
	assert_true(identify(WLAN, &ANNA));
	fake_hostapd_comes_up(hostapd_of("wlan0"), true);
	hostapd_of("wlan0")->ask_error = -ENOBUFS;
	assert_true(identify(WLAN, &ANNA));
	assert_int_equal(time_armed(), 0);
}

static void test_all_hostapds_of_the_cell_are_asked(void **state)
{
	(void)state;
	assert_false(identify(BRIDGE, &ANNA));
	assert_int_equal(hostapd_of("ap0")->asked, 1);
	assert_int_equal(hostapd_of("ap1")->asked, 1);
	fake_hostapd_knows_nothing(hostapd_of("ap0"), &ANNA);
	assert_string_equal(calls_made(), "");
	fake_hostapd_answers(hostapd_of("ap1"), &ANNA, "anna");
	assert_string_equal(calls_made(), "resume 43 9 anna\n");
}

static void test_the_first_hostapd_that_knows_it_is_enough(void **state)
{
	(void)state;
	assert_false(identify(BRIDGE, &ANNA));
	fake_hostapd_answers(hostapd_of("ap1"), &ANNA, "anna");
	assert_string_equal(calls_made(), "resume 43 9 anna\n");
	fake_hostapd_knows_nothing(hostapd_of("ap0"), &ANNA);
	assert_int_equal(calls_count("resume"), 1);
	assert_identity(&ANNA, "anna");
}

static void test_if_nobody_knows_it_there_is_no_identity(void **state)
{
	(void)state;
	assert_false(identify(BRIDGE, &ANNA));
	fake_hostapd_knows_nothing(hostapd_of("ap0"), &ANNA);
	fake_hostapd_knows_nothing(hostapd_of("ap1"), &ANNA);
	assert_string_equal(calls_made(), "resume 43 9 -\n");
}

static void test_a_hostapd_that_says_nothing_is_waited_for_a_second(void **state)
{
	(void)state;
	assert_false(identify(WLAN, &ANNA));
	time_passes(WAIT_MS - 1);
	assert_string_equal(calls_made(), "");
	time_passes(1);
	assert_string_equal(calls_made(), "resume 42 9 -\n");
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna"); /* for the next message */
	assert_int_equal(calls_count("resume"), 1);
	assert_identity(&ANNA, "anna");
}

static void test_a_hostapd_that_is_closed_meanwhile_is_not_missed(void **state)
{
	(void)state;
	assert_false(identify(WLAN, &ANNA));
	w->config.hostapd_count = 0;
	authenticators_configure(w->all);
	time_passes(WAIT_MS);
	assert_string_equal(calls_made(), "resume 42 9 -\n");
}

static void test_a_repeated_message_is_dropped(void **state)
{
	(void)state;
	assert_false(identify(WLAN, &ANNA));
	assert_false(identify(WLAN, &ANNA));
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	assert_int_equal(calls_count("resume"), 1);
	assert_int_equal(counts_now().overflow, 0); /* the client has its reply */
}

static void test_messages_that_wait_are_limited(void **state)
{
	struct tmip_mac mac = {{2, 1, 0, 0, 0, 0}};

	(void)state;
	for (unsigned i = 0; i <= WAITING_MAX; i++) {
		mac.octet[5] = (uint8_t)i;
		assert_false(identify(WLAN, &mac));
	}
	assert_int_equal(counts_now().overflow, 1);
	time_passes(WAIT_MS);
	assert_int_equal(calls_count("resume"), WAITING_MAX);
	assert_false(identify(WLAN, &ANNA));
	assert_int_equal(counts_now().overflow, 1);
}

static void test_a_message_that_cannot_wait_is_handled_at_once(void **state)
{
	(void)state;
	fake_timer_error = -ENOMEM;
	assert_true(identify(WLAN, &ANNA));
	fake_timer_error = 0;
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	assert_string_equal(calls_made(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_each_hostapd_of_the_configuration_is_connected_to),
		CASE(test_a_reload_closes_and_opens_what_has_changed),
		CASE(test_a_socket_with_a_path_that_is_too_long_is_logged),
		CASE(test_a_link_that_cannot_be_had_is_tried_at_the_next_reload),
		CASE(test_those_who_look_see_all_and_which_are_connected),
		CASE(test_a_connection_is_logged),
		CASE(test_the_hostapd_of_that_interface_drops_a_station),
		CASE(test_nobody_drops_it_without_a_hostapd_that_answers),
		CASE(test_an_association_is_an_arrival_in_its_cell),
		CASE(test_a_disconnection_is_none),
		CASE(test_an_identity_is_known_from_an_answer_on),
		CASE(test_an_identity_may_change),
		CASE(test_of_a_station_that_is_not_authorised_nothing_is_learnt),
		CASE(test_an_identity_that_is_too_long_does_not_count),
		CASE(test_an_association_ends_what_was_known),
		CASE(test_a_lost_hostapd_takes_what_it_said_along),
		CASE(test_known_stations_are_limited),
		CASE(test_without_the_directive_no_identity_counts),
		CASE(test_a_message_waits_for_the_answer),
		CASE(test_a_known_station_waits_for_nobody),
		CASE(test_where_no_hostapd_can_be_asked_there_is_no_identity),
		CASE(test_all_hostapds_of_the_cell_are_asked),
		CASE(test_the_first_hostapd_that_knows_it_is_enough),
		CASE(test_if_nobody_knows_it_there_is_no_identity),
		CASE(test_a_hostapd_that_says_nothing_is_waited_for_a_second),
		CASE(test_a_hostapd_that_is_closed_meanwhile_is_not_missed),
		CASE(test_a_repeated_message_is_dropped),
		CASE(test_messages_that_wait_are_limited),
		CASE(test_a_message_that_cannot_wait_is_handled_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
