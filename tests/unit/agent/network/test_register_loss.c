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

/* ---- refusals */

static void refuse(unsigned wait_ms)
{
	struct mlrp_message refusal = {
		.type = MLRP_ERROR, .code = MLRP_E_CONFLICT, .wait = wait_ms,
		.text = "its name is that of another CN",
		.has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT) |
		       (wait_ms ? MLRP_HAS(MLRP_F_WAIT) : 0),
		.transaction = fake_link_sent(w->link, 0)->transaction};

	fake_link_says(w->link, &refusal);
}

static struct register_view view_now(void)
{
	struct register_view view;

	register_view(w->client, &view);
	return view;
}

#define REFUSAL "conflict: its name is that of another CN"

static void test_a_refusal_is_the_reason_of_the_end(void **state)
{
	(void)state;
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	calls_forget();
	refuse(0);
	fake_link_ends(w->link, "the other side closed the connection");
	assert_string_equal(calls_made(), "refused: " REFUSAL "\nchanged refused\n"
					  "lost refused\nchanged refused\n");
	assert_int_equal(view_now().state, REGISTER_REFUSED);
	assert_error(REFUSAL);
	assert_true(register_is_down(w->client));
	/* It is so while it asks again, however long, and the log says it once. */
	for (int i = 0; i < 9; i++) {
		time_passes(time_next_due() - fake_now_ms);
		w->link = fake_links_newest();
		assert_int_equal(view_now().state, REGISTER_REFUSED);
		answer_hello(MLRP_ROLE_MLR);
		refuse(0);
		fake_link_ends(w->link, "reset");
	}
	assert_error(REFUSAL);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "refuses this CN: " REFUSAL), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, ""), 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "registering"), 1);
}

static void test_a_refused_cn_is_accepted_at_last(void **state)
{
	(void)state;
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	refuse(0);
	fake_link_ends(w->link, "closed");
	time_passes(time_next_due() - fake_now_ms);
	w->link = fake_links_newest();
	answer_hello(MLRP_ROLE_MLR);
	say_registered();
	assert_error("");
	assert_int_equal(view_now().state, REGISTER_SYNCHRONISING);
}

static void test_another_failure_takes_the_place_of_a_refusal(void **state)
{
	(void)state;
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	refuse(0);
	fake_link_ends(w->link, "closed");
	time_passes(time_next_due() - fake_now_ms);
	w->link = fake_links_newest();
	fake_link_ends(w->link, "no route");
	assert_error("no route");
	assert_int_equal(view_now().state, REGISTER_DOWN);
	assert_true(calls_include("down away"));
}

static void test_the_register_says_when_to_ask_again(void **state)
{
	(void)state;
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	refuse(7000);
	assert_true(calls_include("refused for now: " REFUSAL));
	fake_link_ends(w->link, "closed");
	assert_next_attempt_in(7000);
}

/* Another network, or another version: it says so itself. */
static void test_a_handshake_is_refused(void **state)
{
	(void)state;
	begin_connecting();
	calls_forget();
	for (int i = 0; i < 3; i++) {
		w->link->refused = true;
		fake_link_ends(w->link, "the other side refuses: another network");
		assert_int_equal(view_now().state, REGISTER_REFUSED);
		assert_error("the other side refuses: another network");
		time_passes(time_next_due() - fake_now_ms);
		w->link = fake_links_newest();
	}
	assert_true(CALLS_IN_ORDER("refused: the other side refuses: another network",
				   "down refused"));
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "another network"), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, ""), 0);
	answer_hello(MLRP_ROLE_MLR);
	say_registered();
	assert_error("");
}

/* The connection goes on with what the register has accepted. */
static void test_a_change_is_refused(void **state)
{
	unsigned before;

	(void)state;
	reach_ready();
	calls_forget();
	register_announce(w->client);
	assert_false(view_now().confirmed);
	refuse(0);
	assert_true(calls_include("refused: " REFUSAL));
	assert_int_equal(calls_count("lost"), 0);
	assert_int_equal(view_now().state, REGISTER_READY);
	assert_error(REFUSAL);
	assert_int_equal(register_accepted(w->client)->id, 7);
	/* And asks again, until it is granted. */
	for (int i = 0; i < 3; i++) {
		before = w->link->sent_count;
		time_passes(5000);
		assert_int_equal(w->link->sent_count, before + 1);
		assert_int_equal(fake_link_sent(w->link, 0)->type, MLRP_REGISTER);
		refuse(0);
	}
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, REFUSAL), 1);
	time_passes(5000);
	struct mlrp_message granted = {.type = MLRP_REGISTERED, .cn.id = 7,
				       .transaction = fake_link_sent(w->link, 0)->transaction};

	fake_link_says(w->link, &granted);
	assert_error("");
	assert_true(view_now().confirmed);
	before = w->link->sent_count;
	time_passes(20000);
	assert_int_equal(w->link->sent_count, before);
}

static void test_a_loss_ends_the_question(void **state)
{
	(void)state;
	reach_ready();
	register_announce(w->client);
	refuse(0);
	fake_link_ends(w->link, "silent for too long");
	assert_error("silent for too long");
	assert_int_equal(view_now().state, REGISTER_DOWN);
	assert_int_equal(time_armed(), 1); /* the next attempt */
}

static void refuse_cell(void)
{
	struct mlrp_message refusal = {
		.type = MLRP_ERROR, .code = MLRP_E_CONFLICT, .text = "its cell overlaps another",
		.has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT) | MLRP_HAS(MLRP_F_SUBNET),
		.transaction = fake_link_sent(w->link, 0)->transaction};

	fake_link_says(w->link, &refusal);
}

#define CELL_REFUSAL "conflict: its cell overlaps another"

/* The other cell need not wait for that. */
static void test_a_cn_comes_without_the_cell_that_is_refused(void **state)
{
	(void)state;
	w->can_leave_out = true;
	begin_connecting();
	answer_hello(MLRP_ROLE_MLR);
	assert_int_equal(fake_link_sent(w->link, 0)->cn.cell_count, 2);
	refuse_cell();
	fake_link_ends(w->link, "closed");
	assert_int_equal(view_now().state, REGISTER_REFUSED);
	assert_next_attempt_in(50);
	answer_hello(MLRP_ROLE_MLR);
	assert_int_equal(fake_link_sent(w->link, 0)->cn.cell_count, 1);
	say_registered();
	say_sync_end(4, 100);
	assert_int_equal(view_now().state, REGISTER_READY);
	assert_false(view_now().confirmed);
	assert_error(CELL_REFUSAL);
	for (int i = 0; i < 3; i++) {
		time_passes(5000);
		assert_int_equal(fake_link_sent(w->link, 0)->cn.cell_count, 2);
		refuse_cell();
		assert_int_equal(fake_link_sent(w->link, 0)->cn.cell_count, 1);
		say_registered();
		assert_error(CELL_REFUSAL);
	}
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, CELL_REFUSAL), 1);
	time_passes(5000);
	assert_int_equal(fake_link_sent(w->link, 0)->cn.cell_count, 2);
	say_registered();
	assert_error("");
	assert_int_equal(time_armed(), 0);
}

static void refuse_one_cell_of(unsigned count)
{
	answer_hello(MLRP_ROLE_MLR);
	assert_int_equal(fake_link_sent(w->link, 0)->cn.cell_count, count);
	refuse_cell();
	fake_link_ends(w->link, "closed");
}

/* It waits like any other refused CN, and then asks for all of it. */
static void test_a_cn_without_that_cell_may_be_refused_too(void **state)
{
	static const unsigned waits[] = {50, 100, 200};

	(void)state;
	begin_connecting();
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		w->can_leave_out = true;
		refuse_one_cell_of(2);
		assert_next_attempt_in(50);
		w->can_leave_out = false;
		refuse_one_cell_of(1);
		assert_next_attempt_in(waits[i]);
	}
}

static void test_a_loss_makes_it_ask_for_all_of_it(void **state)
{
	(void)state;
	w->can_leave_out = true;
	reach_ready();
	register_announce(w->client);
	refuse_cell();
	say_registered();
	assert_int_equal(w->cells_left_out, 1);
	fake_link_ends(w->link, "silent for too long");
	assert_error("silent for too long");
	assert_next_attempt_in(50);
	answer_hello(MLRP_ROLE_MLR);
	assert_int_equal(fake_link_sent(w->link, 0)->cn.cell_count, 2);
}

/* ---- the name of the register */

static void test_the_name_service_is_read_for_each_attempt(void **state)
{
	(void)state;
	fake_resolver_reads = 0;
	begin_connecting();
	for (unsigned i = 1; i < 5; i++) {
		assert_int_equal(fake_resolver_reads, i);
		fake_link_ends(w->link, "cannot resolve mlr.example: no such name");
		time_passes(time_next_due() - fake_now_ms);
		w->link = fake_links_newest();
	}
	assert_error("cannot resolve mlr.example: no such name");
}

/* ---- what the log says */

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
		CASE(test_a_refusal_is_the_reason_of_the_end),
		CASE(test_a_refused_cn_is_accepted_at_last),
		CASE(test_another_failure_takes_the_place_of_a_refusal),
		CASE(test_the_register_says_when_to_ask_again),
		CASE(test_a_handshake_is_refused),
		CASE(test_a_change_is_refused),
		CASE(test_a_loss_ends_the_question),
		CASE(test_a_cn_comes_without_the_cell_that_is_refused),
		CASE(test_a_cn_without_that_cell_may_be_refused_too),
		CASE(test_a_loss_makes_it_ask_for_all_of_it),
		CASE(test_the_name_service_is_read_for_each_attempt),
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
