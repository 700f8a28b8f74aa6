/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ends by itself: offers, leases and declined addresses of this CN's own block, requests
 * without an answer, and a disk that failed. The wall clock has no part in it.
 */
#include "outage_world.h"

#define MINUTE_MS 60000ull
#define LEASE_MS (LEASE * 1000ull)
#define YEAR_US (365 * 86400 * 1000000ll)

static void lose_register(void)
{
	registered_is_lost();
	outage_register_lost(w->outage);
}

/* A lease of 10.10.5.20 while the register is away. */
static void give_lease(void)
{
	get_block(2);
	lose_register();
	assert_int_equal(bind_address(20, 9), 0);
	fake_file_ends_all();
	assert_non_null(record_of(20));
}

static bool free_for(uint8_t number)
{
	struct dhcp_request request = client(number);

	return block_is_open(entry_of(20), roam_replica(w->roam), &request, clock_ms());
}

/* ---- leases */

static void test_a_lease_ends_a_minute_after_its_time(void **state)
{
	(void)state;
	give_lease();
	time_passes(LEASE_MS + MINUTE_MS - 1);
	assert_false(free_for(7));
	assert_non_null(record_of(20));
	time_passes(1);
	assert_true(free_for(7));
	assert_null(record_of(20));
	fake_file_ends_all();
	assert_int_equal(state_in_file(20), BLOCK_FREE);
}

static void test_a_step_of_the_wall_clock_ends_none(void **state)
{
	(void)state;
	give_lease();
	fake_wall_step_us = 10 * YEAR_US;
	time_passes(LEASE_MS);
	assert_false(free_for(7));
	fake_wall_step_us = -YEAR_US;
	time_passes(MINUTE_MS);
	assert_true(free_for(7));
	fake_wall_step_us = 0;
}

static void test_a_renewal_begins_its_time_anew(void **state)
{
	(void)state;
	give_lease();
	time_passes(LEASE_MS / 2);
	outage_renewed(w->outage, IP(20), LEASE);
	outage_renewed(w->outage, IP(21), LEASE); /* nobody has it */
	outage_renewed(w->outage, IP(99), LEASE); /* it is not in the block */
	time_passes(LEASE_MS + MINUTE_MS - 1);
	fake_file_ends_all();
	assert_int_equal(state_in_file(20), BLOCK_BOUND);
	assert_false(free_for(7));
	time_passes(1);
	assert_true(free_for(7));
}

static void test_a_restart_begins_its_time_anew(void **state)
{
	char *text;

	(void)state;
	give_lease();
	text = strdup(fake_file.text);
	destroy_outage(false);
	put_file(text);
	free(text);
	time_passes(100 * LEASE_MS);
	create_outage();
	time_passes(LEASE_MS + MINUTE_MS - 1);
	assert_false(free_for(7));
	time_passes(1);
	assert_int_equal(entry_of(20)->state, BLOCK_FREE);
}

static void test_none_ends_while_the_register_may_learn_of_it(void **state)
{
	(void)state;
	give_lease();
	time_passes(1000); /* the client's own attempt to connect */
	registered_is_ready(w->reg);
	time_passes(10 * LEASE_MS);
	assert_int_equal(entry_of(20)->state, BLOCK_BOUND);
}

/* ---- other states */

static void test_an_offer_lapses(void **state)
{
	struct dhcp_request request = client(9);

	(void)state;
	get_block(2);
	assert_int_equal(outage_offer(w->outage, &request, IP(20)), 0);
	time_passes(29999);
	assert_int_equal(entry_of(20)->state, BLOCK_OFFERED);
	time_passes(1);
	assert_int_equal(entry_of(20)->state, BLOCK_FREE);
}

static void test_a_declined_address_is_tried_again_after_a_while(void **state)
{
	(void)state;
	give_lease();
	assert_true(outage_return(w->outage, IP(20), true));
	time_passes(10 * MINUTE_MS - 1);
	assert_int_equal(entry_of(20)->state, BLOCK_DECLINED);
	time_passes(1);
	assert_int_equal(entry_of(20)->state, BLOCK_FREE);
	fake_file_ends_all();
	assert_int_equal(state_in_file(20), BLOCK_FREE);
}

static void test_a_request_without_an_answer_is_repeated(void **state)
{
	(void)state;
	registered_is_ready(w->reg);
	outage_request_blocks(w->outage);
	assert_int_equal(registered_asked(), 1);
	time_passes(29999);
	assert_int_equal(registered_asked(), 1);
	time_passes(1);
	assert_int_equal(registered_asked(), 2);
	assert_int_equal(registered_question(0)->type, MLRP_BLOCK_REQUEST);
	answer_request(1, 2); /* too late: the second one counts */
	assert_null(entry_of(20));
	answer_request(0, 2);
	assert_non_null(entry_of(20));
	time_passes(10 * MINUTE_MS);
	assert_int_equal(registered_asked(), 2);
}

/* ---- the disk */

static void test_a_failed_write_is_repeated(void **state)
{
	uint64_t before;

	(void)state;
	get_block(2);
	outage_cns_changed(w->outage);
	time_passes(1000);
	before = fake_file.number;
	for (int i = 0; i < 3; i++) {
		fake_file_ends(-ENOSPC);
		time_passes(1000);
	}
	assert_int_equal(fake_file.number, before + 3);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "No space"), 1);
	fake_file_ends(0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "is written again"), 1);
	time_passes(10 * MINUTE_MS);
	assert_int_equal(fake_file.number, before + 3);
}

/* The register hears of a block that has become smaller when the disk works again. */
static void test_a_block_that_shrank_is_reported_though_the_disk_failed(void **state)
{
	unsigned asked;

	(void)state;
	get_block(4);
	time_passes(1000);
	fake_file_ends_all();
	w->config.away_block = 2;
	asked = registered_asked();
	outage_request_blocks(w->outage);
	fake_file_ends(-ENOSPC);
	time_passes(1000);
	fake_file_ends(-ENOSPC);
	assert_int_equal(registered_asked(), asked);
	time_passes(1000);
	fake_file_ends(0);
	assert_int_equal(registered_asked(), asked + 1);
	assert_int_equal(registered_question(0)->type, MLRP_BLOCK_REQUEST);
	assert_int_equal(registered_question(0)->addr_count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_lease_ends_a_minute_after_its_time),
		CASE(test_a_step_of_the_wall_clock_ends_none),
		CASE(test_a_renewal_begins_its_time_anew),
		CASE(test_a_restart_begins_its_time_anew),
		CASE(test_none_ends_while_the_register_may_learn_of_it),
		CASE(test_an_offer_lapses),
		CASE(test_a_declined_address_is_tried_again_after_a_while),
		CASE(test_a_request_without_an_answer_is_repeated),
		CASE(test_a_failed_write_is_repeated),
		CASE(test_a_block_that_shrank_is_reported_though_the_disk_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
