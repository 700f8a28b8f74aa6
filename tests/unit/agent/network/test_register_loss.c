/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent's connection to the register: losses, failures, and the way back. */
#include "register_world.h"

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

/* ---- the end */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		CASE(test_nothing_is_raised_by_the_end),
		CASE(test_the_end_takes_back_the_next_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
