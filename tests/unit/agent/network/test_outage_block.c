/* SPDX-License-Identifier: BSD-2-Clause */
/* The block that the register sets aside: requests for it, and leases that are reported. */
#include "outage_world.h"

static void request(void)
{
	outage_request_blocks(w->outage);
}

static void fail_next_attempt(void)
{
	registered_is_lost();
	outage_register_lost(w->outage);
}

/* A lease out of the block, given while the register was away, which is back now. */
static void give_lease_and_come_back(int host)
{
	fail_next_attempt();
	assert_int_equal(bind_address(host, 9), 0);
	fake_file_ends_all();
	registered_is_ready(w->reg);
	calls_forget();
}

/* A BLOCK with one address and no transaction. */
static struct mlrp_message a_block(void)
{
	return (struct mlrp_message){.type = MLRP_BLOCK, .subnet = w->self.cells[0].subnet,
				     .addr_count = 1, .addrs = {net_address(SELF, 20)}};
}

static void say(uint8_t type, int host)
{
	struct mlrp_message message = {.type = type};

	if (type == MLRP_STATION) {
		message.has = MLRP_HAS(MLRP_F_STATION);
		message.station.addr = net_address(SELF, host);
	}
	outage_settle(w->outage, &message);
}

/* ---- requests */

static void test_a_request_names_what_the_block_has(void **state)
{
	const struct mlrp_message *question;
	struct tmip_addr first = net_address(SELF, 20), last = net_address(SELF, 22);

	(void)state;
	registered_is_ready(w->reg);
	request();
	question = registered_question(0);
	assert_int_equal(question->type, MLRP_BLOCK_REQUEST);
	assert_int_equal(question->has, MLRP_HAS(MLRP_F_SUBNET) | MLRP_HAS(MLRP_F_COUNT_WANTED) |
						MLRP_HAS(MLRP_F_ADDRS));
	assert_memory_equal(&question->subnet, &w->self.cells[0].subnet, sizeof(struct prefix));
	assert_int_equal(question->count, 4);
	assert_int_equal(question->addr_count, 0);
	assert_int_not_equal(question->transaction, 0);
	answer_request(0, 3);
	request();
	question = registered_question(0);
	assert_int_equal(question->addr_count, 3);
	assert_memory_equal(&question->addrs[0], &first, sizeof(first));
	assert_memory_equal(&question->addrs[2], &last, sizeof(last));
}

static void test_each_cell_with_a_pool_is_asked_for(void **state)
{
	(void)state;
	w->self.cells[1] = net_cn(6).cells[0];
	w->self.cells[2] = net_cn(7).cells[0];
	memset(&w->self.cells[1].pool_first, 0, sizeof(struct tmip_addr));
	w->self.cell_count = 3;
	registered_is_ready(w->reg);
	request();
	assert_int_equal(registered_asked(), 2);
	assert_int_equal(registered_question(1)->subnet.addr.v4[2], 5);
	assert_int_equal(registered_question(0)->subnet.addr.v4[2], 7);
	assert_int_not_equal(registered_question(0)->transaction,
			     registered_question(1)->transaction);
}

static void test_one_request_at_a_time(void **state)
{
	(void)state;
	registered_is_ready(w->reg);
	request();
	request();
	request();
	assert_int_equal(registered_asked(), 1);
	answer_request(0, 4); /* what was asked for is out of date */
	assert_int_equal(registered_asked(), 2);
	assert_int_equal(registered_question(0)->addr_count, 4);
	answer_request(0, 4);
	assert_int_equal(registered_asked(), 2);
}

static void test_a_refusal_makes_room_for_the_request_that_waits(void **state)
{
	(void)state;
	registered_is_ready(w->reg);
	request();
	request();
	refuse_request(0);
	assert_int_equal(registered_asked(), 2);
	refuse_request(0);
	assert_int_equal(registered_asked(), 2); /* nobody has asked again */
}

static void test_the_answers_of_all_cells_are_waited_for(void **state)
{
	(void)state;
	w->self.cells[1] = net_cn(6).cells[0];
	w->self.cell_count = 2;
	registered_is_ready(w->reg);
	request();
	request();
	answer_request(1, 4);
	assert_int_equal(registered_asked(), 2);
	refuse_request(0);
	assert_int_equal(registered_asked(), 4);
}

static void test_the_block_is_what_the_register_says(void **state)
{
	(void)state;
	registered_is_ready(w->reg);
	request();
	answer_request(0, 4);
	assert_int_equal(outage_own_block(w->outage)->count, 4);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "4 addresses of 10.10.5.0/24 are this CN's "
							"own block"), 1);
	fake_file_ends(0);
	assert_int_equal(state_in_file(20), BLOCK_FREE);
	assert_int_equal(state_in_file(23), BLOCK_FREE);
	assert_int_equal(state_in_file(24), 0);
}

static void test_a_block_that_has_not_changed_is_not_written(void **state)
{
	uint64_t before;

	(void)state;
	get_block(4);
	before = fake_file.number;
	request();
	answer_request(0, 4);
	assert_int_equal(fake_file.number, before);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "own block"), 0);
}

static void test_an_answer_that_nobody_asked_for_is_ignored(void **state)
{
	struct mlrp_message block = a_block();

	(void)state;
	registered_is_ready(w->reg);
	outage_handle_block(w->outage, &block);
	request();
	block.transaction = registered_question(0)->transaction + 1;
	outage_handle_block(w->outage, &block);
	assert_int_equal(outage_own_block(w->outage)->count, 0);
}

static void test_a_refusal_is_logged(void **state)
{
	struct mlrp_message error = {.type = MLRP_ERROR, .code = MLRP_E_EXHAUSTED,
				     .text = "the pool is small"};

	(void)state;
	registered_is_ready(w->reg);
	request();
	assert_false(outage_handle_error(w->outage, &error)); /* somebody else's, as the next */
	error.transaction = registered_question(0)->transaction + 1;
	assert_false(outage_handle_error(w->outage, &error));
	error.transaction--;
	assert_true(outage_handle_error(w->outage, &error));
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "no addresses aside for this CN: "), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, ", the pool is small"), 1);
	assert_false(outage_handle_error(w->outage, &error)); /* it is answered */
}

static void test_a_request_that_was_not_sent_is_not_waited_for(void **state)
{
	(void)state;
	request(); /* there is no register */
	registered_is_ready(w->reg);
	request();
	assert_int_equal(registered_asked(), 1);
}

static void test_after_a_loss_no_answer_is_waited_for(void **state)
{
	struct mlrp_message block = a_block();

	(void)state;
	registered_is_ready(w->reg);
	request();
	request();
	block.transaction = registered_question(0)->transaction;
	fail_next_attempt();
	outage_handle_block(w->outage, &block);
	assert_int_equal(outage_own_block(w->outage)->count, 0);
	registered_is_ready(w->reg);
	request();
	assert_int_equal(registered_asked(), 1);
	answer_request(0, 4); /* and nothing waits behind it */
	assert_int_equal(registered_asked(), 1);
}

static void test_the_file_follows_a_request(void **state)
{
	(void)state;
	get_block(4);
	time_passes(1000);
	fake_file_ends_all();
	assert_int_equal(state_in_file(20), BLOCK_FREE);
	assert_non_null(strstr(fake_file.text, "192.168.0.8"));
}

/* ---- a block that becomes smaller */

static void test_an_address_leaves_the_file_before_the_register_gets_it_back(void **state)
{
	(void)state;
	get_block(4);
	w->config.away_block = 2;
	request();
	assert_int_equal(registered_asked(), 1); /* that of get_block() */
	assert_int_equal(state_in_file(23), BLOCK_FREE);
	fake_file_ends(0);
	assert_int_equal(state_in_file(23), 0);
	assert_int_equal(registered_asked(), 2);
	assert_int_equal(registered_question(0)->count, 2);
	assert_int_equal(registered_question(0)->addr_count, 2);
}

static void test_after_a_failed_write_the_request_waits_for_the_next(void **state)
{
	(void)state;
	get_block(4);
	w->config.away_block = 2;
	request();
	fake_file_ends(-ENOSPC);
	assert_int_equal(registered_asked(), 1);
	request(); /* whatever occasion comes next */
	assert_int_equal(registered_asked(), 1);
	fake_file_ends(0);
	assert_int_equal(registered_asked(), 2);
	assert_int_equal(registered_question(0)->addr_count, 2);
	assert_int_equal(state_in_file(23), 0);
}

static void test_while_the_disk_is_busy_one_write_is_enough(void **state)
{
	uint64_t before;

	(void)state;
	get_block(4);
	before = fake_file.number;
	w->config.away_block = 2;
	request();
	request();
	assert_int_equal(fake_file.number, before + 1);
	fake_file_ends(0);
	assert_int_equal(registered_asked(), 2);
}

static void test_a_block_that_shrinks_again_is_written_again(void **state)
{
	(void)state;
	get_block(4);
	w->config.away_block = 3;
	request();
	w->config.away_block = 1;
	request();
	fake_file_ends(0); /* 10.10.5.21 and .22 are still in this text */
	assert_int_equal(registered_asked(), 1);
	fake_file_ends(0);
	assert_int_equal(state_in_file(21), 0);
	assert_int_equal(registered_asked(), 2);
	assert_int_equal(registered_question(0)->addr_count, 1);
}

static void test_a_write_before_the_shrinking_is_not_enough(void **state)
{
	(void)state;
	get_block(4);
	outage_cns_changed(w->outage);
	time_passes(1000); /* a write runs */
	w->config.away_block = 2;
	request();
	fake_file_ends(0);
	assert_int_equal(registered_asked(), 1);
	fake_file_ends(0);
	assert_int_equal(registered_asked(), 2);
}

static void test_a_lost_register_is_not_asked_when_the_write_ends(void **state)
{
	(void)state;
	get_block(4);
	w->config.away_block = 2;
	request();
	fail_next_attempt();
	fake_file_ends(0);
	registered_is_ready(w->reg);
	assert_int_equal(registered_asked(), 0);
	request(); /* nobody remembers what the disk has: it is written once more */
	assert_int_equal(registered_asked(), 0);
	fake_file_ends(0);
	assert_int_equal(registered_asked(), 1);
	assert_int_equal(registered_question(0)->addr_count, 2);
}

static void test_leases_stay_in_a_block_that_shrinks(void **state)
{
	(void)state;
	get_block(4);
	give_lease_and_come_back(23);
	w->config.away_block = 1;
	request();
	fake_file_ends_all();
	assert_int_equal(state_in_file(23), BLOCK_BOUND);
	assert_int_equal(outage_own_block(w->outage)->count, 1);
}

/* ---- leases that the register learns of */

static void test_leases_of_the_file_are_reported_after_the_snapshot(void **state)
{
	(void)state;
	destroy_outage(false);
	put_file("{\"cn_name\": \"cn5\", \"cn_id\": 5, \"cns\": [], \"block\": ["
		 "{\"address\": \"10.10.5.20\", \"state\": \"given\","
		 " \"mac\": \"02:00:00:00:00:03\", \"client_id\": \"0a0b\","
		 " \"lease\": 3600, \"lease_end\": 1750000000},"
		 "{\"address\": \"10.10.5.21\", \"state\": \"given\","
		 " \"mac\": \"02:00:00:00:00:04\", \"client_id\": \"\","
		 " \"lease\": 3600, \"lease_end\": 1750000000},"
		 "{\"address\": \"10.10.5.22\", \"state\": \"free\"}]}");
	create_outage();
	put_record(21, 5); /* the register knows this one */
	outage_report_leases(w->outage);
	assert_int_equal(record_of(20)->record.version.epoch, 0);
	assert_int_equal(record_of(20)->record.client_id_len, 2);
	assert_int_equal(record_of(20)->renewed, LEASE);
	assert_int_equal(record_of(21)->record.version.seq, 5);
	assert_null(record_of(22));
}

static void test_a_lease_that_waits_for_the_disk_is_not_reported(void **state)
{
	(void)state;
	get_block(4);
	fail_next_attempt();
	assert_int_equal(bind_address(20, 1), 0);
	outage_report_leases(w->outage);
	assert_null(record_of(20));
	fake_file_ends(0);
	assert_non_null(record_of(20));
}

static void test_an_address_with_a_record_leaves_the_block(void **state)
{
	(void)state;
	get_block(4);
	give_lease_and_come_back(20);
	put_record(20, 6);
	say(MLRP_STATION, 20);
	assert_null(entry_of(20));
	/* For another one in its place. */
	assert_int_equal(registered_question(0)->type, MLRP_BLOCK_REQUEST);
	assert_int_equal(registered_question(0)->addr_count, 3);
	time_passes(1000);
	fake_file_ends_all();
	assert_int_equal(state_in_file(20), 0);
}

static void test_other_records_leave_the_block(void **state)
{
	unsigned asked;

	(void)state;
	get_block(4);
	asked = registered_asked();
	put_record(77, 6);
	say(MLRP_STATION, 77);
	say(MLRP_STATION, 20); /* free: it has no record */
	assert_int_equal(outage_own_block(w->outage)->count, 4);
	assert_int_equal(registered_asked(), asked);
}

static void test_a_lease_that_the_register_refuses_is_not_given_again(void **state)
{
	struct tmip_addr refused = net_address(SELF, 20);

	(void)state;
	get_block(4);
	fail_next_attempt();
	assert_int_equal(bind_address(20, 1), 0);
	assert_int_equal(bind_address(21, 2), 0);
	fake_file_ends_all();
	registered_is_ready(w->reg);
	roam_withdraw(w->roam, &refused); /* as the roaming machine does on a refusal */
	say(MLRP_ERROR, 0);
	assert_int_equal(entry_of(20)->state, BLOCK_DECLINED);
	assert_int_equal(entry_of(21)->state, BLOCK_BOUND);
	assert_int_equal(registered_question(0)->type, MLRP_BLOCK_REQUEST);
}

static void test_an_error_says_nothing_about_a_lease_that_waits_for_the_disk(void **state)
{
	(void)state;
	get_block(4);
	fail_next_attempt();
	assert_int_equal(bind_address(20, 1), 0);
	registered_is_ready(w->reg);
	say(MLRP_ERROR, 0);
	assert_int_equal(entry_of(20)->state, BLOCK_BOUND);
	assert_int_equal(registered_asked(), 0);
}

static void test_while_the_snapshot_arrives_nothing_is_settled(void **state)
{
	(void)state;
	get_block(4);
	fail_next_attempt();
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends_all();
	registered_synchronises(w->reg);
	put_record(20, 6);
	say(MLRP_STATION, 20);
	say(MLRP_ERROR, 0);
	assert_int_equal(entry_of(20)->state, BLOCK_BOUND);
	assert_int_equal(registered_asked(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_request_names_what_the_block_has),
		CASE(test_each_cell_with_a_pool_is_asked_for),
		CASE(test_one_request_at_a_time),
		CASE(test_a_refusal_makes_room_for_the_request_that_waits),
		CASE(test_the_answers_of_all_cells_are_waited_for),
		CASE(test_the_block_is_what_the_register_says),
		CASE(test_a_block_that_has_not_changed_is_not_written),
		CASE(test_an_answer_that_nobody_asked_for_is_ignored),
		CASE(test_a_refusal_is_logged),
		CASE(test_a_request_that_was_not_sent_is_not_waited_for),
		CASE(test_after_a_loss_no_answer_is_waited_for),
		CASE(test_the_file_follows_a_request),
		CASE(test_an_address_leaves_the_file_before_the_register_gets_it_back),
		CASE(test_after_a_failed_write_the_request_waits_for_the_next),
		CASE(test_while_the_disk_is_busy_one_write_is_enough),
		CASE(test_a_block_that_shrinks_again_is_written_again),
		CASE(test_a_write_before_the_shrinking_is_not_enough),
		CASE(test_a_lost_register_is_not_asked_when_the_write_ends),
		CASE(test_leases_stay_in_a_block_that_shrinks),
		CASE(test_leases_of_the_file_are_reported_after_the_snapshot),
		CASE(test_a_lease_that_waits_for_the_disk_is_not_reported),
		CASE(test_an_address_with_a_record_leaves_the_block),
		CASE(test_other_records_leave_the_block),
		CASE(test_a_lease_that_the_register_refuses_is_not_given_again),
		CASE(test_an_error_says_nothing_about_a_lease_that_waits_for_the_disk),
		CASE(test_while_the_snapshot_arrives_nothing_is_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
