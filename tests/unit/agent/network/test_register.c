/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent's connection to the register: handshake, snapshot, versions, messages. */
#include "register_world.h"

/* ---- the way up */

static void test_connects_to_the_register_of_the_configuration(void **state)
{
	(void)state;
	assert_int_equal(state_now(), REGISTER_DOWN);
	assert_int_equal(fake_links.count, 0);
	begin_connecting();
	assert_string_equal(w->link->host, "mlr.example");
	assert_int_equal(w->link->port, 6000);
	assert_int_equal(w->link->timeout_ms, 5000); /* docs/mlrp.md: a handshake in 5 s */
	assert_true(addr_is_zero(&w->link->source));
	assert_string_equal(w->link->self.name, "cn7");
	assert_int_equal(state_now(), REGISTER_CONNECTING);
	assert_string_equal(calls_made(), "changed connecting\n");
}

static void test_registers_directly_after_the_handshake(void **state)
{
	const struct mlrp_message *sent;

	(void)state;
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	assert_int_equal(w->link->sent_count, 1);
	sent = fake_link_sent(w->link, 0);
	assert_int_equal(sent->type, MLRP_REGISTER);
	assert_int_equal(sent->has, MLRP_HAS(MLRP_F_CN));
	assert_string_equal(sent->cn.name, "cn7");
	assert_int_equal(sent->cn.cell_count, 2);
	assert_int_not_equal(sent->transaction, 0);
	assert_false(register_is_registered(w->client));
}

static void test_asks_for_the_snapshot_once_it_is_registered(void **state)
{
	const struct mlrp_message *sent;

	(void)state;
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	calls_forget();
	say_registered();
	assert_string_equal(calls_made(), "registered 7\nsynchronising connecting\n"
					  "changed synchronising\n");
	sent = fake_link_sent(w->link, 0);
	assert_int_equal(sent->type, MLRP_SYNC);
	assert_int_equal(sent->has, MLRP_HAS(MLRP_F_VERSION));
	assert_version(sent->version, 0, 0); /* it has nothing */
	assert_true(register_is_registered(w->client));
	assert_false(register_is_ready(w->client));
}

static void test_is_ready_when_the_snapshot_is_complete(void **state)
{
	(void)state;
	register_cn();
	calls_forget();
	say_sync_end(4, 100);
	assert_string_equal(calls_made(), "synchronised synchronising\nchanged connected\n"
					  "in_step connected\n");
	assert_true(register_is_ready(w->client));
	assert_version(version_now(), 4, 100);
}

static void test_a_repeated_registration_does_not_synchronise_again(void **state)
{
	unsigned sent;

	(void)state;
	reach_ready();
	register_announce(w->client);
	assert_int_equal(fake_link_sent(w->link, 0)->type, MLRP_REGISTER);
	sent = w->link->sent_count;
	calls_forget();
	say_registered();
	assert_string_equal(calls_made(), "registered 7\n");
	assert_int_equal(w->link->sent_count, sent);
	assert_true(register_is_ready(w->client));
}

static void test_announces_only_to_a_register_that_knows_it(void **state)
{
	(void)state;
	register_announce(w->client);
	begin_connecting();
	register_announce(w->client);
	answer_hello(MLRP_ROLE_MLR);
	register_announce(w->client);
	assert_int_equal(w->link->sent_count, 1); /* the REGISTER of the handshake */
	say_registered();
	register_announce(w->client);
	assert_int_equal(w->link->sent_count, 3);
}

static void test_another_cn_is_no_register(void **state)
{
	(void)state;
	begin_connecting();
	answer_hello(MLRP_ROLE_CN);
	assert_true(w->link->closed);
	assert_int_equal(w->link->sent_count, 0);
	assert_int_equal(state_now(), REGISTER_DOWN);
	assert_error("what answers there is no register but another CN");
	assert_true(calls_include("down away"));
	assert_next_attempt_in(50);
}

/* ---- versions */

static void test_a_newer_record_raises_the_version(void **state)
{
	(void)state;
	reach_ready();
	say_station(4, 101);
	assert_version(version_now(), 4, 101);
	say_station(4, 99);
	assert_version(version_now(), 4, 101);
	say_station(5, 1);
	assert_version(version_now(), 5, 1);
}

static void test_a_version_that_came_while_synchronising_does_not_count(void **state)
{
	(void)state;
	register_cn();
	say_station(4, 90);
	assert_version(version_now(), 0, 0);
	fake_link_ends(w->link, "reset");
	assert_next_attempt_in(50);
	answer_hello(MLRP_ROLE_MLR);
	say_registered();
	assert_version(fake_link_sent(w->link, 0)->version, 0, 0);
}

static void test_the_next_connection_asks_for_what_is_newer(void **state)
{
	(void)state;
	reach_ready();
	say_station(4, 107);
	fake_link_ends(w->link, "reset");
	assert_next_attempt_in(50);
	answer_hello(MLRP_ROLE_MLR);
	say_registered();
	assert_version(fake_link_sent(w->link, 0)->version, 4, 107);
	say_station(4, 200); /* the delta is not complete */
	assert_version(version_now(), 4, 107);
	say_sync_end(4, 150);
	assert_version(version_now(), 4, 150);
}

static void test_a_register_that_was_put_back_sets_the_version_back(void **state)
{
	(void)state;
	reach_ready();
	fake_link_ends(w->link, "reset");
	assert_next_attempt_in(50);
	answer_hello(MLRP_ROLE_MLR);
	say_registered();
	say_sync_end(3, 5);
	assert_version(version_now(), 3, 5);
}

/* ---- messages */

static void test_a_message_goes_to_its_subscriber(void **state)
{
	struct mlrp_message message = {.type = MLRP_STATION, .transaction = 77};

	(void)state;
	reach_ready();
	calls_forget();
	fake_link_says(w->link, &message);
	assert_string_equal(calls_made(), "STATION 77\n");
	assert_int_equal(w->got.type, MLRP_STATION);
}

static void test_a_message_without_subscriber_is_ignored(void **state)
{
	struct mlrp_message message = {.type = MLRP_BLOCK, .transaction = 77};

	(void)state;
	reach_ready();
	calls_forget();
	fake_link_says(w->link, &message);
	assert_string_equal(calls_made(), "");
	assert_int_equal(fake_log_count(LOG_LEVEL_DEBUG, "BLOCK is not for a CN"), 1);
	assert_true(register_is_ready(w->client));
}

static void test_sends_as_soon_as_it_is_registered(void **state)
{
	struct mlrp_message message = {.type = MLRP_RENEW, .transaction = 0x80000005};

	(void)state;
	assert_int_equal(register_send(w->client, &message), -ENOTCONN);
	begin_connecting();
	assert_int_equal(register_send(w->client, &message), -ENOTCONN);
	answer_hello(MLRP_ROLE_MLR);
	assert_int_equal(register_send(w->client, &message), -ENOTCONN);
	say_registered();
	assert_int_equal(register_send(w->client, &message), 0);
	assert_int_equal(fake_link_sent(w->link, 0)->transaction, 0x80000005);
	fake_links.send_error = -ENOBUFS;
	assert_int_equal(register_send(w->client, &message), -ENOBUFS);
}

static void test_transactions_differ_and_leave_the_machine_its_own(void **state)
{
	uint32_t former = register_next_transaction(w->client);

	(void)state;
	assert_int_not_equal(former, 0);
	for (int i = 0; i < 1000; i++) {
		uint32_t next = register_next_transaction(w->client);

		assert_int_not_equal(next, former);
		assert_int_not_equal(next, 0);
		assert_int_equal(next & ROAM_TRANSACTION, 0);
		former = next;
	}
}

/* ---- its clock */

#define YEAR 31536000ll

static void set_wall_clock(int64_t by_s)
{
	fake_wall_step_us += by_s * 1000000;
}

static uint64_t wall(void)
{
	return clock_unix_us() / 1000000;
}

static void welcome_by_clock(uint64_t clock_s)
{
	struct mlrp_message welcome = {.type = MLRP_WELCOME, .role = MLRP_ROLE_MLR,
				       .has = MLRP_HAS(MLRP_F_CLOCK), .clock = clock_s};

	begin_connecting();
	fake_link_comes_up(w->link, &welcome);
}

static void test_a_lease_ends_by_the_clock_of_the_register(void **state)
{
	(void)state;
	fake_wall_step_us = 0;
	welcome_by_clock(5000); /* 1970; this machine knows better */
	assert_int_equal(register_clock(w->client), 5000);
	assert_int_equal(register_wall_end(w->client, 5600), wall() + 600);
	time_passes(10000);
	assert_int_equal(register_clock(w->client), 5010);
	assert_int_equal(register_wall_end(w->client, 5600), wall() + 590);
	assert_int_equal(register_wall_end(w->client, 0), 0);
	set_wall_clock(10 * YEAR);
	assert_int_equal(register_clock(w->client), 5010);
	assert_int_equal(register_wall_end(w->client, 5600), wall() + 590);
	set_wall_clock(-20 * YEAR);
	assert_int_equal(register_wall_end(w->client, 5600), wall() + 590);
	set_wall_clock(10 * YEAR);
	fake_link_ends(w->link, "reset");
	assert_int_equal(register_clock(w->client), 5010);
	welcome_by_clock(7000);
	assert_int_equal(register_clock(w->client), 7000);
}

static void test_without_its_clock_the_wall_clock_of_then_counts(void **state)
{
	uint64_t then;

	(void)state;
	fake_wall_step_us = 0;
	then = wall();
	assert_int_equal(register_clock(w->client), then);
	set_wall_clock(YEAR);
	assert_int_equal(register_clock(w->client), then);
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	assert_int_equal(register_clock(w->client), then + YEAR);
	assert_int_equal(register_wall_end(w->client, then + YEAR + 600), wall() + 600);
	set_wall_clock(-YEAR);
	assert_int_equal(register_wall_end(w->client, then + YEAR + 600), wall() + 600);
}

/* ---- for those who look */

static void test_says_how_long_a_state_lasts(void **state)
{
	struct register_view view;

	(void)state;
	reach_ready();
	time_passes(1234);
	register_view(w->client, &view);
	assert_int_equal(clock_ms() - view.since_ms, 1234);
	assert_string_equal(register_state_name(REGISTER_DOWN), "away");
	assert_string_equal(register_state_name(REGISTER_CONNECTING), "connecting");
	assert_string_equal(register_state_name(REGISTER_SYNCHRONISING), "synchronising");
	assert_string_equal(register_state_name(REGISTER_READY), "connected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_connects_to_the_register_of_the_configuration),
		CASE(test_registers_directly_after_the_handshake),
		CASE(test_asks_for_the_snapshot_once_it_is_registered),
		CASE(test_is_ready_when_the_snapshot_is_complete),
		CASE(test_a_repeated_registration_does_not_synchronise_again),
		CASE(test_announces_only_to_a_register_that_knows_it),
		CASE(test_another_cn_is_no_register),
		CASE(test_a_newer_record_raises_the_version),
		CASE(test_a_version_that_came_while_synchronising_does_not_count),
		CASE(test_the_next_connection_asks_for_what_is_newer),
		CASE(test_a_register_that_was_put_back_sets_the_version_back),
		CASE(test_a_message_goes_to_its_subscriber),
		CASE(test_a_message_without_subscriber_is_ignored),
		CASE(test_sends_as_soon_as_it_is_registered),
		CASE(test_transactions_differ_and_leave_the_machine_its_own),
		CASE(test_a_lease_ends_by_the_clock_of_the_register),
		CASE(test_without_its_clock_the_wall_clock_of_then_counts),
		CASE(test_says_how_long_a_state_lasts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
