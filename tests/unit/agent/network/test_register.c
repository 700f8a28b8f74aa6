/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent's connection to the register: handshake, snapshot, losses and the way back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../calls.h"
#include "../fake_link.h"
#include "../fake_log.h"
#include "../fake_timer.h"
#include "agent/network/register.h"
#include "core/config/agent_config.h"
#include "core/roam/roam.h"

static struct world {
	struct event_base *base;
	struct agent_config config;
	struct register_client *client;
	struct mlrp_link *link; /* the newest */
	struct mlrp_message got; /* by a subscription */
} world, *w = &world;

static enum register_state state_now(void)
{
	struct register_view view;

	register_view(w->client, &view);
	return view.state;
}

/* ---- the calls: each in the list, with the state in which it came */

static void describe_self(struct mlrp_self *self, void *arg)
{
	assert_ptr_equal(arg, w);
	*self = (struct mlrp_self){.role = MLRP_ROLE_CN, .network = "net", .name = "cn7"};
}

static void describe_cn(struct cn_info *cn, void *arg)
{
	assert_ptr_equal(arg, w);
	*cn = (struct cn_info){.name = "cn7", .port = 6554, .cell_count = 1};
}

static void on_registered(const struct cn_info *cn, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("registered %u", cn->id);
}

static void note(const char *call, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("%s %s", call, register_state_name(state_now()));
}

#define NOTES(call) \
	static void on_##call(void *arg) \
	{ \
		note(#call, arg); \
	}
NOTES(synchronising)
NOTES(synchronised)
NOTES(in_step)
NOTES(lost)
NOTES(down)

static void on_changed(void *arg)
{
	if (w->client) /* not yet in register_create() */
		note("changed", arg);
}

static void on_station(const struct mlrp_message *message, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("STATION %u", message->transaction);
	w->got = *message;
}

static void on_error(const struct mlrp_message *message, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("ERROR %u", message->code);
}

static const struct register_subscription SUBSCRIPTIONS[] = {
	{MLRP_STATION, on_station},
	{MLRP_ERROR, on_error},
};

/* ---- the world */

static void begin_connecting(void)
{
	register_connect(w->client);
	w->link = fake_links_newest();
}

static void answer_hello(uint8_t role)
{
	struct mlrp_message hello = {.type = MLRP_WELCOME, .role = role};

	fake_link_comes_up(w->link, &hello);
}

static void say_registered(void)
{
	struct mlrp_message message = {.type = MLRP_REGISTERED, .cn.id = 7};

	fake_link_says(w->link, &message);
}

static void say_sync_end(uint32_t epoch, uint64_t seq)
{
	struct mlrp_message message = {.type = MLRP_SYNC_END, .version = {epoch, seq}};

	fake_link_says(w->link, &message);
}

static void say_station(uint32_t epoch, uint64_t seq)
{
	struct mlrp_message message = {.type = MLRP_STATION, .station.version = {epoch, seq}};

	fake_link_says(w->link, &message);
}

static void register_cn(void)
{
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	say_registered();
}

static void reach_ready(void)
{
	register_cn();
	say_sync_end(4, 100);
	assert_true(register_is_ready(w->client));
}

/* The attempt that waits begins after exactly so many milliseconds. */
static void assert_next_attempt_in(unsigned ms)
{
	unsigned before = fake_links.count;

	assert_int_equal(time_next_due(), fake_now_ms + ms);
	time_passes(ms - 1);
	assert_int_equal(fake_links.count, before);
	time_passes(1);
	assert_int_equal(fake_links.count, before + 1);
	w->link = fake_links_newest();
}

static struct version version_now(void)
{
	struct register_view view;

	register_view(w->client, &view);
	return view.version;
}

static void assert_version(struct version version, uint32_t epoch, uint64_t seq)
{
	assert_int_equal(version.epoch, epoch);
	assert_int_equal(version.seq, seq);
}

static void assert_error(const char *expected)
{
	struct register_view view;

	register_view(w->client, &view);
	assert_string_equal(view.error, expected);
}

static int set_up(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	w->base = time_begin();
	fake_links_reset();
	agent_config_init(&w->config);
	strcpy(w->config.mlr_host, "mlr.example");
	strcpy(w->config.cn_name, "cn7");
	w->config.mlr_port = 6000;

	const struct register_setup setup = {
		.base = w->base, .config = &w->config,
		.calls = {describe_self, describe_cn, on_registered, on_synchronising,
			  on_synchronised, on_in_step, on_lost, on_down, on_changed, w},
		.subscriptions = SUBSCRIPTIONS,
		.subscription_count = sizeof(SUBSCRIPTIONS) / sizeof(SUBSCRIPTIONS[0]),
	};

	assert_int_equal(register_create(&w->client, &setup), 0);
	calls_forget();
	fake_log_forget();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	register_destroy(w->client);
	assert_int_equal(fake_links_open(), 0);
	time_end();
	return 0;
}

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
	assert_int_equal(sent->cn.cell_count, 1);
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

/* ---- losses */

static void test_a_loss_is_raised_before_the_state_changes(void **state)
{
	(void)state;
	reach_ready();
	calls_forget();
	fake_link_ends(w->link, "silent for too long");
	assert_string_equal(calls_made(), "lost connected\nchanged away\ndown away\n");
	assert_true(w->link->closed);
	assert_error("silent for too long");
	assert_false(register_is_registered(w->client));
	assert_int_equal(register_send(w->client, &(struct mlrp_message){0}), -ENOTCONN);
}

/* docs/mlrp.md: 100 ms, doubled up to 5 s; a random part of up to one half shortens each wait. */
static void test_each_failure_doubles_the_wait(void **state)
{
	static const unsigned shortest[] = {50, 100, 200, 400, 800, 1600, 2500, 2500};

	(void)state;
	begin_connecting();
	for (size_t i = 0; i < sizeof(shortest) / sizeof(shortest[0]); i++) {
		fake_link_ends(w->link, "refused");
		assert_next_attempt_in(shortest[i]);
	}
}

static void test_a_wait_is_up_to_twice_the_shortest(void **state)
{
	static const unsigned longest[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};

	(void)state;
	begin_connecting();
	for (size_t i = 0; i < sizeof(longest) / sizeof(longest[0]); i++) {
		fake_random = longest[i] / 2;
		fake_link_ends(w->link, "refused");
		assert_next_attempt_in(longest[i]);
	}
}

static void test_only_a_registration_resets_the_wait(void **state)
{
	(void)state;
	begin_connecting();
	fake_link_ends(w->link, "refused");
	assert_next_attempt_in(50);
	answer_hello(MLRP_ROLE_MLR);
	fake_link_ends(w->link, "refused");
	assert_next_attempt_in(100);
	answer_hello(MLRP_ROLE_MLR);
	say_registered();
	fake_link_ends(w->link, "refused");
	assert_next_attempt_in(50);
}

static void test_an_attempt_that_cannot_begin_counts_as_failed(void **state)
{
	(void)state;
	fake_links.connect_error = EMFILE;
	register_connect(w->client);
	assert_int_equal(state_now(), REGISTER_DOWN);
	assert_error(strerror(EMFILE));
	assert_true(calls_include("down away"));
	assert_int_equal(calls_count("lost"), 0);
	fake_links.connect_error = 0;
	assert_next_attempt_in(50);
}

static void test_a_refusal_is_handed_on_and_the_wait_grows(void **state)
{
	struct mlrp_message refusal = {.type = MLRP_ERROR, .code = MLRP_E_CONFLICT};

	(void)state;
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	fake_link_says(w->link, &refusal);
	assert_true(calls_include("ERROR 5"));
	assert_false(register_is_registered(w->client));
	fake_link_ends(w->link, "the other side closed the connection");
	assert_next_attempt_in(50);
	answer_hello(MLRP_ROLE_MLR);
	fake_link_says(w->link, &refusal);
	fake_link_ends(w->link, "the other side closed the connection");
	assert_next_attempt_in(100);
}

static void test_the_same_cause_is_logged_once(void **state)
{
	(void)state;
	begin_connecting();
	for (int i = 0; i < 3; i++) {
		fake_link_ends(w->link, "refused");
		assert_next_attempt_in((unsigned)(time_next_due() - fake_now_ms));
	}
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "mlr.example:6000 is away: refused"), 1);
	fake_link_ends(w->link, "timed out");
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "is away: timed out"), 1);
}

static void test_a_cause_is_logged_again_after_a_time_in_step(void **state)
{
	(void)state;
	begin_connecting();
	fake_link_ends(w->link, "refused");
	assert_next_attempt_in(50);
	answer_hello(MLRP_ROLE_MLR);
	say_registered();
	assert_error("refused");
	say_sync_end(4, 100);
	assert_error("");
	fake_link_ends(w->link, "refused");
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "is away: refused"), 2);
}

static void test_is_down_from_the_first_failure_to_the_registration(void **state)
{
	(void)state;
	assert_false(register_is_down(w->client));
	begin_connecting();
	assert_false(register_is_down(w->client)); /* the first attempt may succeed */
	fake_link_ends(w->link, "refused");
	assert_true(register_is_down(w->client));
	assert_next_attempt_in(50);
	assert_true(register_is_down(w->client));
	answer_hello(MLRP_ROLE_MLR);
	assert_true(register_is_down(w->client));
	say_registered();
	assert_false(register_is_down(w->client));
	say_sync_end(4, 100);
	assert_false(register_is_down(w->client));
	fake_link_ends(w->link, "reset");
	assert_true(register_is_down(w->client));
}

/* ---- restart */

static void test_a_restart_goes_to_the_new_address_at_once(void **state)
{
	struct mlrp_link *former;

	(void)state;
	reach_ready();
	former = w->link;
	calls_forget();
	strcpy(w->config.mlr_host, "other.example");
	register_restart(w->client);
	assert_true(former->closed);
	assert_string_equal(calls_made(), "lost connected\nchanged away\n");
	assert_false(register_is_down(w->client)); /* nothing has failed */
	time_passes(0);
	w->link = fake_links_newest();
	assert_string_equal(w->link->host, "other.example");
	assert_int_equal(state_now(), REGISTER_CONNECTING);
}

static void test_a_restart_ends_a_long_wait(void **state)
{
	(void)state;
	begin_connecting();
	for (int i = 0; i < 6; i++) {
		fake_link_ends(w->link, "refused");
		time_passes(time_next_due() - fake_now_ms);
		w->link = fake_links_newest();
	}
	fake_link_ends(w->link, "refused");
	register_restart(w->client);
	time_passes(0);
	assert_int_equal(state_now(), REGISTER_CONNECTING);
	w->link = fake_links_newest();
	fake_link_ends(w->link, "refused");
	assert_next_attempt_in(50);
}

static void test_a_restart_takes_back_the_attempt_that_is_under_way(void **state)
{
	struct mlrp_link *former;

	(void)state;
	begin_connecting();
	former = w->link;
	register_restart(w->client);
	time_passes(0);
	assert_true(former->closed);
	assert_int_equal(fake_links_open(), 1);
	assert_int_equal(time_armed(), 0);
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

/* ---- for those who look, and the end */

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

static void test_nothing_is_raised_by_the_end(void **state)
{
	(void)state;
	reach_ready();
	calls_forget();
	register_destroy(w->client);
	w->client = NULL;
	assert_true(w->link->closed);
	time_passes(60000);
	assert_string_equal(calls_made(), "");
	assert_int_equal(fake_links.count, 1);
	register_destroy(NULL);
}

static void test_the_end_takes_back_the_next_attempt(void **state)
{
	(void)state;
	begin_connecting();
	fake_link_ends(w->link, "refused");
	register_destroy(w->client);
	w->client = NULL;
	time_passes(60000);
	assert_int_equal(fake_links.count, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		CASE(test_a_loss_is_raised_before_the_state_changes),
		CASE(test_each_failure_doubles_the_wait),
		CASE(test_a_wait_is_up_to_twice_the_shortest),
		CASE(test_only_a_registration_resets_the_wait),
		CASE(test_an_attempt_that_cannot_begin_counts_as_failed),
		CASE(test_a_refusal_is_handed_on_and_the_wait_grows),
		CASE(test_the_same_cause_is_logged_once),
		CASE(test_a_cause_is_logged_again_after_a_time_in_step),
		CASE(test_is_down_from_the_first_failure_to_the_registration),
		CASE(test_a_restart_goes_to_the_new_address_at_once),
		CASE(test_a_restart_ends_a_long_wait),
		CASE(test_a_restart_takes_back_the_attempt_that_is_under_way),
		CASE(test_a_message_goes_to_its_subscriber),
		CASE(test_a_message_without_subscriber_is_ignored),
		CASE(test_sends_as_soon_as_it_is_registered),
		CASE(test_transactions_differ_and_leave_the_machine_its_own),
		CASE(test_says_how_long_a_state_lasts),
		CASE(test_nothing_is_raised_by_the_end),
		CASE(test_the_end_takes_back_the_next_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
