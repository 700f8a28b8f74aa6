/* SPDX-License-Identifier: BSD-2-Clause */
/* An identity has one address: who gets it is found out by a check of the station that has it. */
#include "authenticator_world.h"

/* 10.10.8.20, bound to another MAC under the name of anna. */
static struct station_record record_of_anna(void)
{
	struct station_record record = {
		.addr = net_address(8, 20), .mac = BERTA, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .parent = 8, .current = 8, .version = {1, 1},
	};
	struct identity identity;

	assert_int_equal(identity_make(&identity, IDENTITY_8021X, "anna", 4), 0);
	record.client_id_len = identity.len;
	memcpy(record.client_id, identity.id, identity.len);
	return record;
}

static bool may_have(const struct station_record *record)
{
	struct dhcp_request message = message_of(&ANNA);

	assert_true(authenticators_identify(w->all, WLAN, &message));
	return authenticators_may_have(w->all, WLAN, &message, record);
}

/* A new MAC of anna asks for the address, and the check of the former one has begun. */
static struct station_record begin_check(void)
{
	struct station_record record = record_of_anna();

	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	assert_false(may_have(&record));
	assert_string_equal(calls_made(), "check 10.10.8.20\n");
	calls_forget();
	return record;
}

static void test_most_addresses_need_no_check(void **state)
{
	struct station_record record = record_of_anna();

	(void)state;
	assert_false(identify(WLAN, &ANNA));
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	calls_forget();
	record.state = RECORD_OFFERED;
	assert_true(may_have(&record));
	record = record_of_anna();
	record.mac = ANNA; /* its own */
	assert_true(may_have(&record));
	record = record_of_anna();
	record.client_id[record.client_id_len - 1]++; /* of another identity */
	assert_true(may_have(&record));
	record.client_id_len = 0;
	assert_true(may_have(&record));
	assert_string_equal(calls_made(), "");
}

static void test_without_an_identity_there_is_no_check(void **state)
{
	struct station_record record = record_of_anna();

	(void)state;
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, NULL);
	assert_true(may_have(&record));
	assert_string_equal(calls_made(), "");
}

static void test_nobody_uses_it_so_it_is_taken(void **state)
{
	struct station_record record = begin_check();

	(void)state;
	authenticators_checked(w->all, ROAM_HOLDER_MUTE, &record);
	assert_string_equal(calls_made(), "resume 42 9 anna\n");
	assert_true(may_have(&record)); /* and is not checked again */
	assert_string_equal(calls_made(), "resume 42 9 anna\n");
	assert_int_equal(counts_now().taken, 1);
	assert_int_equal(counts_now().shared, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "10.10.8.20 of the same identity was with "
							"station 02:00:00:00:00:0a, which is not "
							"there any more"), 1);
}

static void test_only_that_address_is_taken(void **state)
{
	struct station_record record = begin_check();

	(void)state;
	authenticators_checked(w->all, ROAM_HOLDER_MUTE, &record);
	calls_forget();
	record.addr = net_address(8, 21);
	assert_false(may_have(&record));
	assert_string_equal(calls_made(), "check 10.10.8.21\n");
}

static void test_somebody_uses_it_so_this_is_another_station(void **state)
{
	struct station_record record = begin_check();

	(void)state;
	authenticators_checked(w->all, ROAM_HOLDER_THERE, &record);
	assert_string_equal(calls_made(), "resume 42 9 -\n");
	assert_identity(&ANNA, NULL); /* from now on */
	assert_int_equal(counts_now().shared, 1);
	assert_int_equal(counts_now().taken, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "uses it: this one is another"), 1);
}

static void test_a_new_association_is_judged_anew(void **state)
{
	struct station_record record = begin_check();

	(void)state;
	authenticators_checked(w->all, ROAM_HOLDER_THERE, &record);
	fake_hostapd_tells(hostapd_of("wlan0"), HOSTAPD_CONNECTED, &ANNA);
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	assert_identity(&ANNA, "anna");
	calls_forget();
	assert_false(may_have(&record));
	assert_string_equal(calls_made(), "check 10.10.8.20\n");
}

static void test_at_another_access_point_it_is_judged_anew(void **state)
{
	struct station_record record = begin_check();

	(void)state;
	authenticators_checked(w->all, ROAM_HOLDER_MUTE, &record);
	fake_hostapd_answers(hostapd_of("ap0"), &ANNA, "anna");
	assert_false(may_have(&record));
	authenticators_checked(w->all, ROAM_HOLDER_THERE, &record);
	assert_identity(&ANNA, NULL);
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	assert_identity(&ANNA, "anna");
}

static void test_during_a_check_messages_are_dropped(void **state)
{
	struct station_record record = begin_check();

	(void)state;
	assert_false(may_have(&record));
	assert_string_equal(calls_made(), ""); /* one check at a time */
	authenticators_checked(w->all, ROAM_HOLDER_MUTE, &record);
	assert_int_equal(calls_count("resume"), 1);
}

static void test_a_check_that_cannot_begin_leaves_the_client_to_ask_again(void **state)
{
	struct station_record record = record_of_anna();

	(void)state;
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	w->check_error = -EBUSY;
	assert_false(may_have(&record));
	w->check_error = 0;
	assert_false(may_have(&record));
	assert_int_equal(calls_count("check"), 2);
	authenticators_checked(w->all, ROAM_HOLDER_MUTE, &record);
	assert_int_equal(calls_count("resume"), 1);
}

static void test_a_check_does_not_end_by_time(void **state)
{
	struct station_record record = begin_check();

	(void)state;
	time_passes(60000);
	assert_string_equal(calls_made(), "");
	authenticators_checked(w->all, ROAM_HOLDER_THERE, &record);
	assert_int_equal(calls_count("resume"), 1);
}

static void test_an_answer_of_hostapd_does_not_end_a_check(void **state)
{
	struct station_record record = begin_check();

	(void)state;
	fake_hostapd_answers(hostapd_of("wlan0"), &ANNA, "anna");
	fake_hostapd_knows_nothing(hostapd_of("wlan0"), &ANNA);
	assert_string_equal(calls_made(), "");
	authenticators_checked(w->all, ROAM_HOLDER_MUTE, &record);
	assert_string_equal(calls_made(), "resume 42 9 anna\n");
}

static void test_a_check_that_nobody_waits_for_changes_nothing(void **state)
{
	struct station_record record = record_of_anna();

	(void)state;
	authenticators_checked(w->all, ROAM_HOLDER_THERE, &record);
	assert_false(identify(WLAN, &ANNA)); /* that one waits for hostapd */
	authenticators_checked(w->all, ROAM_HOLDER_THERE, &record);
	assert_string_equal(calls_made(), "");
	assert_int_equal(counts_now().shared, 0);
}

static void test_a_station_that_hostapd_has_lost_meanwhile_has_no_identity(void **state)
{
	struct station_record record = begin_check();

	(void)state;
	fake_hostapd_comes_up(hostapd_of("wlan0"), false);
	authenticators_checked(w->all, ROAM_HOLDER_MUTE, &record);
	assert_string_equal(calls_made(), "resume 42 9 -\n");
}

static void test_the_end_drops_what_waits(void **state)
{
	(void)state;
	begin_check();
	assert_false(identify(WLAN, &BERTA));
	authenticators_destroy(w->all);
	w->all = NULL;
	assert_string_equal(calls_made(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_most_addresses_need_no_check),
		CASE(test_without_an_identity_there_is_no_check),
		CASE(test_nobody_uses_it_so_it_is_taken),
		CASE(test_only_that_address_is_taken),
		CASE(test_somebody_uses_it_so_this_is_another_station),
		CASE(test_a_new_association_is_judged_anew),
		CASE(test_at_another_access_point_it_is_judged_anew),
		CASE(test_during_a_check_messages_are_dropped),
		CASE(test_a_check_that_cannot_begin_leaves_the_client_to_ask_again),
		CASE(test_a_check_does_not_end_by_time),
		CASE(test_an_answer_of_hostapd_does_not_end_a_check),
		CASE(test_a_check_that_nobody_waits_for_changes_nothing),
		CASE(test_a_station_that_hostapd_has_lost_meanwhile_has_no_identity),
		CASE(test_the_end_drops_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
