/* SPDX-License-Identifier: BSD-2-Clause */
/* The DHCP server and the register: what is asked, and what becomes of each answer. */
#include "core/roam/roam.h"
#include "dhcp_world.h"

#define QUESTIONS_MAX 4096
#define QUESTION_MS 5000

static void request_known_as(uint8_t number, uint32_t addr, const char *client_id,
			     const char *identity)
{
	struct dhcp_request message = client(DHCP_REQUEST, number);

	message.requested = addr;
	message.server = GATEWAY;
	message.client_id_len = (uint8_t)strlen(client_id);
	memcpy(message.client_id, client_id, message.client_id_len);
	if (identity)
		assert_int_equal(identity_make(&message.identity, IDENTITY_8021X, identity,
					       strlen(identity)), 0);
	dhcp_handle(w->dhcp, IFINDEX, &message);
}

/* ---- questions */

static void test_an_address_to_offer_is_asked_for(void **state)
{
	const struct mlrp_message *question;
	struct dhcp_request message = client(DHCP_DISCOVER, 3);

	(void)state;
	discover(3);
	question = registered_question(0);
	assert_int_equal(question->type, MLRP_ALLOCATE);
	assert_int_equal(question->has, MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_SUBNET));
	assert_int_equal(question->mac.octet[5], 3);
	assert_int_equal(addr_to_ipv4(&question->subnet.addr), IP(0));
	assert_int_equal(question->subnet.len, 24);
	assert_int_equal(question->transaction & ROAM_TRANSACTION, 0);
	assert_no_reply();

	message.requested = IP(77);
	dhcp_handle(w->dhcp, IFINDEX, &message);
	question = registered_question(0);
	assert_true(question->has & MLRP_HAS(MLRP_F_ADDR)); /* the wish */
	assert_int_equal(addr_to_ipv4(&question->addr), IP(77));
	assert_int_not_equal(question->transaction, registered_question(1)->transaction);
}

static void test_a_lease_is_asked_for(void **state)
{
	const struct mlrp_message *question;

	(void)state;
	request_known_as(3, IP(77), "id3", NULL);
	question = registered_question(0);
	assert_int_equal(question->type, MLRP_BIND);
	assert_int_equal(question->has, MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
						MLRP_HAS(MLRP_F_LEASE) |
						MLRP_HAS(MLRP_F_CLIENT_ID));
	assert_int_equal(addr_to_ipv4(&question->addr), IP(77));
	assert_int_equal(question->lease, LEASE);
	assert_int_equal(question->client_id_len, 3);
	assert_memory_equal(question->client_id, "id3", 3);
	assert_no_reply();
}

static void test_the_identity_of_the_association_goes_before_the_clients_own(void **state)
{
	const struct mlrp_message *question;

	(void)state;
	request_known_as(3, IP(77), "id3", "anna");
	question = registered_question(0);
	assert_int_equal(question->client_id_len, 6 + 4);
	assert_memory_equal(question->client_id, "\0tmipxanna", 10); /* docs/mlrp.md */
}

static void test_a_client_cannot_send_an_identity(void **state)
{
	struct dhcp_request message = client(DHCP_DISCOVER, 3);

	(void)state;
	message.client_id_len = 10;
	memcpy(message.client_id, "\0tmipxanna", 10);
	dhcp_handle(w->dhcp, IFINDEX, &message);
	assert_false(registered_question(0)->has & MLRP_HAS(MLRP_F_CLIENT_ID));
}

static void test_a_question_that_cannot_be_sent_is_counted(void **state)
{
	(void)state;
	fake_links.send_error = -ENOBUFS;
	discover(3);
	assert_int_equal(counts_now().unanswered, 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "the register cannot be asked"), 1);
	fake_links.send_error = 0;
	time_passes(QUESTION_MS + 1);
	discover(4);
	assert_int_equal(counts_now().unanswered, 1); /* it is counted once */
}

static void test_questions_are_limited(void **state)
{
	(void)state;
	for (int i = 0; i < QUESTIONS_MAX; i++)
		discover(3);
	assert_int_equal(registered_asked(), QUESTIONS_MAX);
	discover(3);
	assert_int_equal(registered_asked(), QUESTIONS_MAX);
	assert_int_equal(counts_now().unanswered, 1);
	answer_error(0, MLRP_E_EXHAUSTED);
	discover(3);
	assert_int_equal(registered_asked(), QUESTIONS_MAX + 1);
	assert_int_equal(counts_now().unanswered, 1);
}

static void test_a_question_is_given_up_after_a_while(void **state)
{
	(void)state;
	discover(3);
	time_passes(QUESTION_MS);
	discover(4);
	assert_int_equal(counts_now().unanswered, 0);
	time_passes(1);
	discover(5);
	assert_int_equal(counts_now().unanswered, 1);
}

/* ---- answers */

static void test_an_offer_goes_to_the_client_and_not_into_the_replica(void **state)
{
	(void)state;
	discover(3);
	answer_station(0, RECORD_OFFERED, IP(20), 3);
	assert_reply(DHCP_OFFER, 3, IP(20));
	assert_null(record_of(IP(20)));
	assert_int_equal(counts_now().offered, 1);
}

static void test_an_offer_does_not_replace_a_record(void **state)
{
	(void)state;
	discover(3);
	answer_station(0, RECORD_OFFERED, IP(9), 3);
	assert_int_equal(record_of(IP(9))->record.mac.octet[5], 9);
}

static void test_a_bound_record_is_known_before_the_client_hears_of_it(void **state)
{
	(void)state;
	request(3, IP(20));
	answer_station(0, RECORD_BOUND, IP(20), 3);
	assert_reply(DHCP_ACK, 3, IP(20));
	assert_int_equal(record_of(IP(20))->record.state, RECORD_BOUND);
	assert_int_equal(record_of(IP(20))->ifindex, IFINDEX); /* the cell that it asked from */
	assert_int_equal(counts_now().confirmed, 1);
}

static void test_a_record_of_somebody_else_is_no_lease(void **state)
{
	(void)state;
	request(3, IP(20));
	answer_station(0, RECORD_BOUND, IP(20), 4);
	assert_reply(DHCP_NAK, 3, 0);
	assert_int_equal(record_of(IP(20))->record.mac.octet[5], 4);
}

static void test_each_answer_goes_to_its_own_client(void **state)
{
	(void)state;
	discover(3);
	discover(4);
	answer_station(1, RECORD_OFFERED, IP(23), 3);
	assert_reply(DHCP_OFFER, 3, IP(23));
	answer_station(0, RECORD_OFFERED, IP(24), 4);
	assert_reply(DHCP_OFFER, 4, IP(24));
}

static void test_an_answer_counts_once(void **state)
{
	(void)state;
	discover(3);
	answer_station(0, RECORD_OFFERED, IP(20), 3);
	answer_station(0, RECORD_OFFERED, IP(20), 3);
	assert_int_equal(fake_frames.count, 1);
}

static void test_a_refused_lease_is_refused_to_the_client(void **state)
{
	(void)state;
	request(3, IP(20));
	answer_error(0, MLRP_E_CONFLICT);
	assert_reply(DHCP_NAK, 3, 0);
	assert_int_equal(counts_now().refused, 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "refuses: conflict, no room"), 1);
}

static void test_without_a_free_address_the_client_hears_nothing(void **state)
{
	(void)state;
	discover(3);
	answer_error(0, MLRP_E_EXHAUSTED);
	assert_no_reply();
	assert_int_equal(counts_now().ignored, 1);
}

/* docs/mlrp.md: these say nothing about the station, so that its client gets no NAK. */
static void test_an_error_that_is_no_verdict_is_silence(void **state)
{
	static const uint16_t codes[] = {MLRP_E_NOT_REGISTERED, MLRP_E_FULL, MLRP_E_STORE};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		request(3, IP(20));
		answer_error(0, codes[i]);
		assert_no_reply();
		assert_int_equal(counts_now().unanswered, i + 1);
	}
}

static void test_an_error_of_a_later_version_is_a_refusal(void **state)
{
	(void)state;
	request(3, IP(20));
	answer_error(0, 99);
	assert_reply(DHCP_NAK, 3, 0);
}

/* ---- answers that come too late */

static void test_a_late_answer_is_a_record_and_no_reply(void **state)
{
	(void)state;
	request(3, IP(20));
	time_passes(QUESTION_MS + 1);
	discover(4); /* the first question is given up */
	answer_station(1, RECORD_BOUND, IP(20), 3);
	assert_no_reply();
	assert_int_equal(record_of(IP(20))->record.state, RECORD_BOUND);
	assert_int_equal(counts_now().unanswered, 1);
}

static void test_an_answer_for_a_cell_that_is_gone_is_counted(void **state)
{
	(void)state;
	request(3, IP(20));
	remove_cell();
	answer_station(0, RECORD_BOUND, IP(20), 3);
	assert_no_reply();
	assert_int_equal(record_of(IP(20))->record.state, RECORD_BOUND);
	assert_int_equal(counts_now().unanswered, 1);
}

static void test_a_loss_of_the_register_gives_all_questions_up(void **state)
{
	(void)state;
	discover(3);
	request(4, IP(20));
	lose_register();
	assert_int_equal(counts_now().unanswered, 2);
}

static void test_after_a_loss_an_answer_is_nobodys(void **state)
{
	struct mlrp_message answer = {.type = MLRP_ERROR, .code = MLRP_E_CONFLICT};

	(void)state;
	request(3, IP(20));
	answer.transaction = registered_question(0)->transaction;
	lose_register();
	registered_is_ready(w->reg);
	assert_false(dhcp_register_answer(w->dhcp, &answer));
	assert_no_reply();
	assert_int_equal(counts_now().unanswered, 1);
}

static void test_an_answer_that_nobody_asked_for_is_a_push(void **state)
{
	struct mlrp_message answer = {
		.type = MLRP_STATION, .transaction = 12345, .has = MLRP_HAS(MLRP_F_STATION),
		.station = {.addr = net_address(SELF, 30), .mac = {{2, 0, 0, 0, 0, 3}},
			    .kind = RECORD_DYNAMIC, .state = RECORD_BOUND, .parent = SELF,
			    .current = SELF, .version = {1, 60}},
	};

	(void)state;
	assert_true(dhcp_register_answer(w->dhcp, &answer));
	assert_int_equal(record_of(IP(30))->record.version.seq, 60);
	answer.type = MLRP_ERROR;
	assert_false(dhcp_register_answer(w->dhcp, &answer));
}

/* ---- addresses of another station */

static void test_an_address_of_another_station_is_not_bound_before_that_is_gone(void **state)
{
	struct station_record record = {
		.addr = net_address(SELF, 30), .mac = {{2, 0, 0, 0, 0, 4}}, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .parent = SELF, .current = SELF, .version = {1, 60},
		.client_id_len = 10, .client_id = "\0tmipxanna",
	};

	(void)state;
	roam_record(w->roam, &record, 0, clock_ms());
	w->hides_owner = true;
	request_known_as(3, IP(30), "", "anna");
	assert_int_equal(w->asked_of.mac.octet[5], 4);
	assert_int_equal(registered_asked(), 0);
	assert_no_reply();
	w->hides_owner = false;
	request_known_as(3, IP(30), "", "anna"); /* as its owner does when it is known */
	assert_int_equal(registered_question(0)->type, MLRP_BIND);
}

static void test_a_lease_of_its_own_is_nobody_elses(void **state)
{
	(void)state;
	w->hides_owner = true;
	request(9, IP(9));
	assert_int_equal(w->asked_of.state, 0);
	assert_reply(DHCP_ACK, 9, IP(9));
}

static void test_the_answer_waits_until_the_other_station_is_gone(void **state)
{
	(void)state;
	w->hides_owner = true;
	discover(3);
	answer_station(0, RECORD_BOUND, IP(30), 4);
	assert_int_equal(w->asked_of.mac.octet[5], 4);
	assert_int_equal(addr_to_ipv4(&w->asked_of.addr), IP(30));
	assert_no_reply();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_an_address_to_offer_is_asked_for),
		CASE(test_a_lease_is_asked_for),
		CASE(test_the_identity_of_the_association_goes_before_the_clients_own),
		CASE(test_a_client_cannot_send_an_identity),
		CASE(test_a_question_that_cannot_be_sent_is_counted),
		CASE(test_questions_are_limited),
		CASE(test_a_question_is_given_up_after_a_while),
		CASE(test_an_offer_goes_to_the_client_and_not_into_the_replica),
		CASE(test_an_offer_does_not_replace_a_record),
		CASE(test_a_bound_record_is_known_before_the_client_hears_of_it),
		CASE(test_a_record_of_somebody_else_is_no_lease),
		CASE(test_each_answer_goes_to_its_own_client),
		CASE(test_an_answer_counts_once),
		CASE(test_a_refused_lease_is_refused_to_the_client),
		CASE(test_without_a_free_address_the_client_hears_nothing),
		CASE(test_an_error_that_is_no_verdict_is_silence),
		CASE(test_an_error_of_a_later_version_is_a_refusal),
		CASE(test_a_late_answer_is_a_record_and_no_reply),
		CASE(test_an_answer_for_a_cell_that_is_gone_is_counted),
		CASE(test_a_loss_of_the_register_gives_all_questions_up),
		CASE(test_after_a_loss_an_answer_is_nobodys),
		CASE(test_an_answer_that_nobody_asked_for_is_a_push),
		CASE(test_an_address_of_another_station_is_not_bound_before_that_is_gone),
		CASE(test_a_lease_of_its_own_is_nobody_elses),
		CASE(test_the_answer_waits_until_the_other_station_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
