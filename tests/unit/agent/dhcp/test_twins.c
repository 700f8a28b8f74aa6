/* SPDX-License-Identifier: BSD-2-Clause */
/* One client identifier on two MACs: a client with a new interface, or two clones. */
#include <errno.h>

#include "dhcp_world.h"

#define ID "\xff" "machine"

static struct dhcp_request message(uint8_t number)
{
	struct dhcp_request message = client(DHCP_DISCOVER, number);

	message.client_id_len = sizeof(ID) - 1;
	memcpy(message.client_id, ID, sizeof(ID) - 1);
	return message;
}

/* The record of 10.10.5.9, which has this identifier. */
static struct station_record original(void)
{
	struct station_record record = record_of(IP(9))->record;

	record.client_id_len = sizeof(ID) - 1;
	memcpy(record.client_id, ID, sizeof(ID) - 1);
	return record;
}

static bool may_have(uint8_t number, const struct station_record *record)
{
	struct dhcp_request of = message(number);

	twins_mark(w->twins, &of);
	return twins_may_have(w->twins, IFINDEX, &of, record);
}

static bool is_twin(uint8_t number)
{
	struct dhcp_request of = message(number);

	twins_mark(w->twins, &of);
	return of.twin;
}

static struct twins_counts counts(void)
{
	struct twins_counts counts;

	twins_count(w->twins, &counts);
	return counts;
}

static void most_addresses_need_no_check(void **state)
{
	struct station_record record = original();
	struct dhcp_request plain = client(DHCP_DISCOVER, 20);

	(void)state;
	assert_true(may_have(9, &record)); /* its own */
	record.state = RECORD_OFFERED;
	assert_true(may_have(20, &record));
	record = original();
	record.client_id[0]++;
	assert_true(may_have(20, &record)); /* of another client */
	record = original();
	assert_true(twins_may_have(w->twins, IFINDEX, &plain, &record)); /* it has no identifier */
	assert_int_equal(w->checks, 0);
}

static void an_identity_of_an_association_is_not_our_business(void **state)
{
	struct station_record record = original();
	struct dhcp_request of = message(20);

	(void)state;
	assert_int_equal(identity_make(&of.identity, IDENTITY_8021X, "anna", 4), 0);
	record.client_id_len = of.identity.len;
	memcpy(record.client_id, of.identity.id, of.identity.len);
	assert_true(twins_may_have(w->twins, IFINDEX, &of, &record));
	assert_int_equal(w->checks, 0);
}

static void nobody_uses_it_so_it_is_taken(void **state)
{
	struct station_record record = original();

	(void)state;
	assert_false(may_have(20, &record));
	assert_int_equal(w->checks, 1);
	twins_checked(w->twins, ROAM_HOLDER_MUTE, &record);
	assert_int_equal(w->resumed, 1);
	assert_true(may_have(20, &record));
	assert_false(is_twin(20));
	assert_int_equal(counts().taken, 1);
	/* Nobody knows how long that holds. */
	time_passes(31000);
	assert_false(may_have(20, &record));
}

static void the_same_host_uses_it_by_another_interface(void **state)
{
	struct station_record record = original();
	struct dhcp_request of = message(20);

	(void)state;
	assert_false(may_have(20, &record));
	twins_checked(w->twins, ROAM_HOLDER_SAME, &record);
	assert_int_equal(w->resumed, 1);
	assert_true(may_have(20, &record));
	assert_false(is_twin(20));
	twins_mark(w->twins, &of);
	assert_true(of.beside);
	assert_int_equal(counts().taken + counts().twins, 0);
	/* The record names it from then on. */
	record.others[0] = of.mac;
	record.other_count = 1;
	time_passes(31000);
	assert_true(may_have(20, &record));
	assert_int_equal(w->checks, 1);
}

static void somebody_uses_it_so_this_is_a_twin(void **state)
{
	struct station_record record = original();
	const struct mlrp_message *question;
	struct owner owner, twin;

	(void)state;
	assert_false(may_have(20, &record));
	twins_checked(w->twins, ROAM_HOLDER_THERE, &record);
	assert_true(is_twin(20));
	assert_false(is_twin(21)); /* one of three may be known already */
	assert_int_equal(counts().twins, 1);
	assert_true(may_have(20, &record)); /* which will not be asked for any more */
	/* Its message went on, and the register hears of an owner of its own. */
	assert_int_equal(w->resumed, 1);
	question = registered_question(0);
	assert_int_equal(question->type, MLRP_ALLOCATE);
	owner_set(&owner, (const uint8_t *)ID, sizeof(ID) - 1);
	owner_make_twin(&twin, &owner, &w->resumes.mac);
	assert_int_equal(question->client_id_len, twin.len);
	assert_memory_equal(question->client_id, twin.id, twin.len);
}

static void the_record_of_a_twin_says_so(void **state)
{
	struct station_record record = original();
	struct owner owner, twin;

	(void)state;
	record.addr = addr_from_ipv4(IP(30));
	record.mac.octet[5] = 20;
	record.version.seq = 77;
	owner_set(&owner, (const uint8_t *)ID, sizeof(ID) - 1);
	owner_make_twin(&twin, &owner, &record.mac);
	record.client_id_len = twin.len;
	memcpy(record.client_id, twin.id, twin.len);
	roam_record(w->roam, &record, 0, clock_ms());
	assert_true(is_twin(20));
	assert_false(is_twin(9));
	/* The lease is its own, and no check is needed. */
	struct dhcp_request renewal = message(20);

	renewal.type = DHCP_REQUEST;
	renewal.ciaddr = IP(30);
	dhcp_handle(w->dhcp, IFINDEX, &renewal);
	assert_reply(DHCP_ACK, 20, IP(30));
	assert_int_equal(w->checks, 0);
}

static void one_message_of_a_client_waits(void **state)
{
	struct station_record record = original();

	(void)state;
	assert_false(may_have(20, &record));
	assert_false(may_have(20, &record));
	assert_int_equal(w->checks, 1);
	twins_checked(w->twins, ROAM_HOLDER_MUTE, &record);
	twins_checked(w->twins, ROAM_HOLDER_MUTE, &record);
	assert_int_equal(w->resumed, 1);
}

static void a_check_that_cannot_begin_leaves_the_client_to_ask_again(void **state)
{
	struct station_record record = original();

	(void)state;
	w->check_error = -EBUSY;
	assert_false(may_have(20, &record));
	w->check_error = 0;
	assert_false(may_have(20, &record));
	assert_int_equal(w->checks, 1);
}

static void messages_are_bounded(void **state)
{
	struct station_record record = original();

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct dhcp_request of = message(20);

		of.mac.octet[4] = (uint8_t)(i >> 8);
		of.mac.octet[3] = (uint8_t)i;
		assert_false(twins_may_have(w->twins, IFINDEX, &of, &record));
	}
	assert_int_equal(counts().overflow, 300 - 256);
	assert_int_equal(w->checks, 256);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(most_addresses_need_no_check),
		CASE(an_identity_of_an_association_is_not_our_business),
		CASE(nobody_uses_it_so_it_is_taken),
		CASE(the_same_host_uses_it_by_another_interface),
		CASE(somebody_uses_it_so_this_is_a_twin),
		CASE(the_record_of_a_twin_says_so),
		CASE(one_message_of_a_client_waits),
		CASE(a_check_that_cannot_begin_leaves_the_client_to_ask_again),
		CASE(messages_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
