/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two agents with the name of one CN: who keeps it, who waits, who is told what. In mailbox 2 lives
 * the incumbent with the number 20, in mailbox 3 a rival with the number 30 and another tunnel.
 */
#include "registry_world.h"

#define INCUMBENT 2
#define RIVAL 3

static struct cn_info as_cn2(int tunnel)
{
	struct cn_info info = describe(INCUMBENT, 10, 20);

	info.tunnel = describe(tunnel, 0, 0).tunnel;
	return info;
}

static const struct mlrp_message *claim(int box, uint64_t instance, int tunnel)
{
	struct cn_info info = as_cn2(tunnel);

	w->instance = instance;
	open_session(box, MLRP_ROLE_CN);
	w->instance = 0;
	return register_info(box, &info);
}

static uint32_t begin_incumbent(void)
{
	const struct mlrp_message *answer = claim(INCUMBENT, 20, INCUMBENT);

	assert_int_equal(answer->type, MLRP_REGISTERED);
	return answer->cn.id;
}

static void pong(int box)
{
	struct mlrp_message message = {.type = MLRP_PONG, .transaction = 1};

	assert_int_equal(last(box)->type, MLRP_PING);
	registry_message(w->registry, w->cn[box].session, &message, w->now);
}

static const struct mlrp_message *find(int box, uint8_t type)
{
	for (int i = w->cn[box].count; i-- > 0;)
		if (w->cn[box].box[i].type == type)
			return &w->cn[box].box[i];
	return NULL;
}

static void expect_refused(int box)
{
	const struct mlrp_message *answer = find(box, MLRP_ERROR);

	assert_non_null(answer);
	assert_int_equal(answer->code, MLRP_E_CONFLICT);
	assert_int_equal(answer->transaction, w->transaction);
	assert_non_null(strstr(answer->text, "192.0.2.2"));
	assert_non_null(strstr(answer->text, "192.0.2.3"));
	assert_true(w->cn[box].closed);
	close_session(box);
}

static void expect_kept(int box, unsigned ms)
{
	assert_int_equal(find(box, MLRP_ERROR)->wait, ms);
	expect_refused(box);
}

static void expect_untouched(void)
{
	struct mlrp_message allocate = {.type = MLRP_ALLOCATE, .has = MLRP_HAS(MLRP_F_MAC),
					.mac = mac(1), .subnet = {ip(INCUMBENT, 0), 24}};

	assert_false(w->cn[INCUMBENT].closed);
	assert_true(registry_session_registered(w->cn[INCUMBENT].session));
	assert_int_equal(ask(INCUMBENT, &allocate)->type, MLRP_STATION);
}

/* ---- a rival */

static void a_living_incumbent_keeps_its_name(void **state)
{
	(void)state;
	begin_incumbent();
	assert_null(claim(RIVAL, 30, RIVAL)); /* it waits for word of the other */
	assert_false(w->cn[RIVAL].closed);
	pong(INCUMBENT);
	expect_refused(RIVAL);
	/* From then on at once, without a question, and the log says it once. */
	for (int i = 0; i < 5; i++) {
		pass(4);
		w->cn[INCUMBENT].count = 0;
		w->told[0] = '\0';
		assert_non_null(claim(RIVAL, 30, RIVAL));
		expect_refused(RIVAL);
		assert_int_equal(w->cn[INCUMBENT].count, 0);
		assert_string_equal(w->told, "");
	}
	expect_untouched();
}

/* It is busy, and any word of it will do. */
static void any_message_is_a_sign_of_life(void **state)
{
	struct mlrp_message renew = {.type = MLRP_RENEW, .mac = mac(1), .addr = ip(2, 10),
				     .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR)};

	(void)state;
	begin_incumbent();
	assert_null(claim(RIVAL, 30, RIVAL));
	registry_message(w->registry, w->cn[INCUMBENT].session, &renew, w->now);
	expect_refused(RIVAL);
}

static void others_answer_for_nobody(void **state)
{
	(void)state;
	begin_incumbent();
	join(1, 10, 20);
	assert_null(claim(RIVAL, 30, RIVAL));
	request(1, MLRP_ALLOCATE, 5, (struct tmip_addr){0});
	assert_null(find(RIVAL, MLRP_ERROR));
	pass(3);
	assert_non_null(find(RIVAL, MLRP_REGISTERED));
}

/* The machine is off, and its connection half open. */
static void a_mute_incumbent_gives_way(void **state)
{
	uint32_t id = begin_incumbent();

	(void)state;
	join(1, 10, 20);
	w->cn[1].count = 0;
	assert_null(claim(RIVAL, 30, RIVAL));
	pass(1);
	assert_null(find(RIVAL, MLRP_REGISTERED));
	pass(1);
	assert_int_equal(find(RIVAL, MLRP_REGISTERED)->cn.id, id);
	assert_true(w->cn[INCUMBENT].closed);
	assert_non_null(strstr(find(INCUMBENT, MLRP_ERROR)->text, "another agent"));
	assert_int_equal(find(1, MLRP_CN)->cn.tunnel.v4[3], RIVAL);
}

static void an_incumbent_that_ends_meanwhile_gives_way(void **state)
{
	(void)state;
	begin_incumbent();
	assert_null(claim(RIVAL, 30, RIVAL));
	close_session(INCUMBENT);
	disk_writes();
	assert_non_null(find(RIVAL, MLRP_REGISTERED));
}

static void a_rival_that_ends_meanwhile_leaves_no_trace(void **state)
{
	(void)state;
	begin_incumbent();
	assert_null(claim(RIVAL, 30, RIVAL));
	close_session(RIVAL);
	pong(INCUMBENT);
	pass(10);
	expect_untouched();
}

/* The first that waits gets the name. */
static void two_rivals_do_not_both_win(void **state)
{
	(void)state;
	begin_incumbent();
	assert_null(claim(RIVAL, 30, RIVAL));
	assert_null(claim(4, 40, 4));
	pass(5);
	assert_non_null(find(RIVAL, MLRP_REGISTERED));
	assert_null(find(4, MLRP_REGISTERED));
	assert_int_equal(find(4, MLRP_ERROR)->code, MLRP_E_CONFLICT);
	assert_false(w->cn[RIVAL].closed);
}

/* Also one whose tunnel address was copied. */
static void the_address_proves_nothing(void **state)
{
	(void)state;
	begin_incumbent();
	assert_null(claim(RIVAL, 30, INCUMBENT));
	pong(INCUMBENT);
	assert_int_equal(find(RIVAL, MLRP_ERROR)->code, MLRP_E_CONFLICT);
	expect_untouched();
}

static void count_connected(const struct registry_cn_view *cn, void *arg)
{
	*(int *)arg += cn->peer != NULL;
}

/* It takes another name while it waits: it has that one, and waits no longer. */
static void the_last_word_of_a_rival_counts(void **state)
{
	struct cn_info other = describe(RIVAL, 10, 20);
	int connected = 0;

	(void)state;
	begin_incumbent();
	assert_null(claim(RIVAL, 30, RIVAL));
	assert_int_equal(register_info(RIVAL, &other)->type, MLRP_REGISTERED);
	pass(3); /* the incumbent is mute */
	assert_null(find(RIVAL, MLRP_ERROR));
	expect_untouched();
	close_session(RIVAL);
	registry_each_cn(w->registry, count_connected, &connected);
	assert_int_equal(connected, 1);
}

/* ---- the CN itself */

static void a_cn_that_starts_anew_has_its_name_at_once(void **state)
{
	uint32_t id = begin_incumbent();

	(void)state;
	close_session(INCUMBENT);
	assert_int_equal(claim(INCUMBENT, 21, INCUMBENT)->cn.id, id);
	close_session(INCUMBENT);
	assert_int_equal(claim(INCUMBENT, 22, 4)->cn.id, id); /* with another address */
}

static void the_same_agent_is_not_asked(void **state)
{
	uint32_t id = begin_incumbent();

	(void)state;
	assert_int_equal(claim(RIVAL, 20, RIVAL)->cn.id, id); /* its address has changed */
	assert_true(w->cn[INCUMBENT].closed);
	close_session(INCUMBENT);
	assert_false(w->cn[RIVAL].closed);
}

/* Agents of an earlier version name no number. */
static void an_older_agent_is_known_by_its_address(void **state)
{
	uint32_t id = claim(INCUMBENT, 0, INCUMBENT)->cn.id;

	(void)state;
	assert_int_equal(claim(1, 0, INCUMBENT)->cn.id, id);
	assert_true(w->cn[INCUMBENT].closed);
	close_session(INCUMBENT);
	assert_null(claim(RIVAL, 0, RIVAL));
	pong(1);
	expect_refused(RIVAL);
}

/* A rival that waits for that moment does not take the name of a CN that starts anew. */
static void a_contested_name_is_kept_for_a_while(void **state)
{
	(void)state;
	begin_incumbent();
	assert_null(claim(RIVAL, 30, RIVAL));
	pong(INCUMBENT);
	expect_refused(RIVAL);
	close_session(INCUMBENT);
	pass(4);
	assert_non_null(claim(RIVAL, 30, RIVAL));
	expect_kept(RIVAL, 6000);
	assert_int_equal(claim(INCUMBENT, 21, INCUMBENT)->type, MLRP_REGISTERED);
	assert_non_null(claim(RIVAL, 30, RIVAL));
	expect_refused(RIVAL);
	close_session(INCUMBENT);
	pass(10);
	assert_int_equal(claim(RIVAL, 30, RIVAL)->type, MLRP_REGISTERED);
}

static void a_start_of_the_register_makes_nobody_lose_a_name(void **state)
{
	uint32_t id = begin_incumbent();

	(void)state;
	begin_from_disk(EPOCH + 1);
	registry_load_end(w->registry, w->now);
	pass(3);
	assert_non_null(claim(RIVAL, 30, RIVAL));
	expect_kept(RIVAL, 7000);
	assert_int_equal(claim(INCUMBENT, 20, INCUMBENT)->cn.id, id);
	close_session(INCUMBENT);

	begin_from_disk(EPOCH + 2);
	registry_load_end(w->registry, w->now);
	pass(10);
	assert_int_equal(claim(RIVAL, 30, RIVAL)->cn.id, id); /* nobody else came */
}

static void the_name_of_a_forgotten_cn_is_free(void **state)
{
	struct registry_cut cut;
	char why[160];

	(void)state;
	begin_incumbent();
	close_session(INCUMBENT);
	assert_int_equal(registry_forget_cn(w->registry, "cn2", true, &cut, why, sizeof(why)), 0);
	assert_int_equal(claim(RIVAL, 30, RIVAL)->type, MLRP_REGISTERED);
}

/* ---- who looks */

static unsigned listed;
static struct registry_refusal_view seen;

static void look(const struct registry_refusal_view *refusal, void *arg)
{
	(void)arg;
	listed++;
	seen = *refusal;
}

static unsigned look_now(void)
{
	listed = 0;
	registry_each_refusal(w->registry, look, NULL);
	return listed;
}

static void refused_cns_are_listed(void **state)
{
	(void)state;
	begin_incumbent();
	assert_int_equal(look_now(), 0);
	for (int i = 0; i < 3; i++) {
		claim(RIVAL, 30, RIVAL);
		if (!i)
			pong(INCUMBENT);
		expect_refused(RIVAL);
	}
	assert_int_equal(look_now(), 1);
	assert_string_equal(seen.name, "cn2");
	assert_int_equal(seen.count, 3);
	assert_non_null(strstr(seen.why, "cn_name"));
	pass(61);
	assert_int_equal(look_now(), 0);
}

static void list_and_log_are_bounded(void **state)
{
	unsigned lines = 0;

	(void)state;
	begin_incumbent();
	for (int i = 0; i < 50; i++) {
		struct cn_info info = describe(INCUMBENT, 10, 20); /* its subnet */

		snprintf(info.name, sizeof(info.name), "other%d", i);
		info.tunnel.v4[3] = (uint8_t)(100 + i);
		pass(1);
		w->told[0] = '\0';
		open_session(RIVAL, MLRP_ROLE_CN);
		assert_int_equal(register_info(RIVAL, &info)->code, MLRP_E_CONFLICT);
		close_session(RIVAL);
		lines += w->told[0] != '\0';
	}
	assert_int_equal(look_now(), 16);
	assert_int_equal(lines, 33);
}

static void who_is_accepted_is_listed_no_more(void **state)
{
	struct cn_info bad = describe(RIVAL, 10, 20), good_one = bad;

	(void)state;
	begin_incumbent();
	bad.cells[0] = describe(INCUMBENT, 10, 20).cells[0];
	open_session(RIVAL, MLRP_ROLE_CN);
	assert_int_equal(register_info(RIVAL, &bad)->code, MLRP_E_CONFLICT);
	assert_non_null(strstr(last(RIVAL)->text, "192.0.2.3"));
	assert_non_null(strstr(last(RIVAL)->text, "192.0.2.2"));
	assert_null(strstr(last(RIVAL)->text, "not connected"));
	close_session(RIVAL);
	close_session(INCUMBENT);
	open_session(RIVAL, MLRP_ROLE_CN);
	register_info(RIVAL, &bad);
	assert_non_null(strstr(last(RIVAL)->text, "not connected")); /* it keeps its subnet */
	close_session(RIVAL);
	assert_int_equal(look_now(), 1);
	open_session(RIVAL, MLRP_ROLE_CN);
	assert_int_equal(register_info(RIVAL, &good_one)->type, MLRP_REGISTERED);
	pass(61); /* it might still ask for that cell */
	assert_int_equal(look_now(), 0);
}

/* A CN may come without the cell that is refused, which is listed as long as it asks for it. */
static void a_refused_cell_is_named(void **state)
{
	struct cn_info bad = describe(RIVAL, 10, 20), part = bad;
	const struct mlrp_message *answer;

	(void)state;
	begin_incumbent();
	bad.cells[1] = describe(INCUMBENT, 10, 20).cells[0];
	bad.cell_count = 2;
	open_session(RIVAL, MLRP_ROLE_CN);
	register_info(RIVAL, &part);
	for (int i = 0; i < 3; i++) {
		w->cn[RIVAL].count = 0;
		answer = register_info(RIVAL, &bad);
		assert_int_equal(answer->code, MLRP_E_CONFLICT);
		assert_true(answer->has & MLRP_HAS(MLRP_F_SUBNET));
		assert_memory_equal(&answer->subnet, &bad.cells[1].subnet, sizeof(struct prefix));
		assert_false(w->cn[RIVAL].closed);
		w->told[0] = '\0';
		assert_int_equal(register_info(RIVAL, &part)->type, MLRP_REGISTERED);
		assert_int_equal(look_now(), 1);
		pass(5);
	}
	assert_null(strstr(w->told, "refused"));
	close_session(INCUMBENT);
	struct registry_cut cut;
	char why[160];

	assert_int_equal(registry_forget_cn(w->registry, "cn2", true, &cut, why, sizeof(why)), 0);
	assert_int_equal(register_info(RIVAL, &bad)->type, MLRP_REGISTERED);
	assert_int_equal(look_now(), 0);
}

/* It tries with the one and with the other, and each is said once. */
static void each_refused_cell_is_said_once(void **state)
{
	struct cn_info bad[2] = {describe(RIVAL, 10, 20), describe(RIVAL, 10, 20)};

	(void)state;
	begin_incumbent();
	join(1, 10, 20);
	bad[0].cells[bad[0].cell_count++] = describe(INCUMBENT, 10, 20).cells[0];
	bad[1].cells[bad[1].cell_count++] = describe(1, 10, 20).cells[0];
	join(RIVAL, 10, 20);
	w->about = "is refused";
	for (int i = 0; i < 10; i++) {
		assert_int_equal(register_info(RIVAL, &bad[i % 2])->code, MLRP_E_CONFLICT);
		pass(3);
	}
	assert_int_equal(w->lines_about, 2);
	assert_int_equal(look_now(), 2);
	close_session(INCUMBENT);
	struct registry_cut cut;
	char why[160];

	assert_int_equal(registry_forget_cn(w->registry, "cn2", true, &cut, why, sizeof(why)), 0);
	assert_int_equal(register_info(RIVAL, &bad[0])->type, MLRP_REGISTERED);
	assert_int_equal(look_now(), 1); /* the other one */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_living_incumbent_keeps_its_name),
		CASE(any_message_is_a_sign_of_life),
		CASE(others_answer_for_nobody),
		CASE(a_mute_incumbent_gives_way),
		CASE(an_incumbent_that_ends_meanwhile_gives_way),
		CASE(a_rival_that_ends_meanwhile_leaves_no_trace),
		CASE(two_rivals_do_not_both_win),
		CASE(the_last_word_of_a_rival_counts),
		CASE(the_address_proves_nothing),
		CASE(a_cn_that_starts_anew_has_its_name_at_once),
		CASE(the_same_agent_is_not_asked),
		CASE(an_older_agent_is_known_by_its_address),
		CASE(a_contested_name_is_kept_for_a_while),
		CASE(a_start_of_the_register_makes_nobody_lose_a_name),
		CASE(the_name_of_a_forgotten_cn_is_free),
		CASE(refused_cns_are_listed),
		CASE(list_and_log_are_bounded),
		CASE(who_is_accepted_is_listed_no_more),
		CASE(a_refused_cell_is_named),
		CASE(each_refused_cell_is_said_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
