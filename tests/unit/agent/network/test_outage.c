/* SPDX-License-Identifier: BSD-2-Clause */
/* An outage of the register: leases out of the own block, which count when they are on the disk. */
#include <sys/stat.h>
#include <unistd.h>

#include "outage_world.h"

#define IS_THERE(path) (access(path, F_OK) == 0)

/* A file of this CN: number 5, CN 8 beside it, 10.10.5.20 given to client 3, 10.10.5.21 free. */
static const char FILE_OF_CN5[] =
	"{\"cn_name\": \"cn5\", \"cn_id\": 5, \"cns\": [{\"id\": 8, \"name\": \"cn8\","
	" \"tunnel\": \"192.168.0.8\", \"port\": 6554, \"cells\": []}], \"block\": ["
	"{\"address\": \"10.10.5.20\", \"state\": \"given\", \"mac\": \"02:00:00:00:00:03\","
	" \"client_id\": \"\", \"lease\": 3600, \"lease_end\": 1750000000},"
	"{\"address\": \"10.10.5.21\", \"state\": \"free\"}]}";
static const char FILE_WITHOUT_LEASES[] =
	"{\"cn_name\": \"cn5\", \"cn_id\": 5, \"cns\": [], \"block\": ["
	"{\"address\": \"10.10.5.21\", \"state\": \"free\"}]}";

/* The register is away, and this CN has a block of four addresses. */
static void lose_register_with_block(void)
{
	get_block(4);
	registered_is_lost();
	outage_register_lost(w->outage);
	calls_forget();
}

static void start_again_with(const char *text)
{
	destroy_outage(false);
	put_file(text);
	fake_log_forget();
	create_outage();
}

/* ---- the file */

static void test_the_file_is_private_and_durable(void **state)
{
	(void)state;
	assert_string_equal(fake_file.path, w->path);
	assert_int_equal(fake_file.mode, 0600);
	assert_true(fake_file.durable);
}

static void test_without_a_thread_of_its_own_it_is_not_created(void **state)
{
	struct outage *other;
	const struct outage_setup setup = {.base = w->base, .config = &w->config, .roam = w->roam,
					   .reg = w->reg};

	(void)state;
	fake_file.create_error = -EMFILE;
	assert_int_equal(outage_create(&other, &setup), -EMFILE);
	outage_destroy(other, false);
	outage_destroy(NULL, true);
}

static void test_a_change_of_the_cns_is_written_a_second_later(void **state)
{
	(void)state;
	outage_cns_changed(w->outage);
	time_passes(600);
	outage_cns_changed(w->outage); /* the first one decides */
	time_passes(399);
	assert_int_equal(fake_file.number, 0);
	time_passes(1);
	assert_int_equal(fake_file.number, 1);
	fake_file_ends_all();
	assert_non_null(strstr(fake_file.text, "192.168.0.8"));
	time_passes(60000);
	assert_int_equal(fake_file.number, 1);
}

static void test_without_a_number_there_is_nothing_to_write(void **state)
{
	(void)state;
	outage_cns_changed(w->outage);
	time_passes(1000);
	assert_int_equal(fake_file.number, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, ""), 0);
}

static void test_a_failed_write_is_logged(void **state)
{
	(void)state;
	outage_cns_changed(w->outage);
	time_passes(1000);
	fake_file_ends(-ENOSPC);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "net.away.json: No space left"), 1);
}

static void test_the_end_writes_what_has_changed(void **state)
{
	(void)state;
	outage_cns_changed(w->outage);
	destroy_outage(false);
	assert_non_null(strstr(fake_file.text, "192.168.0.8"));
}

static void test_teardown_removes_the_file(void **state)
{
	(void)state;
	start_again_with(FILE_WITHOUT_LEASES);
	destroy_outage(true);
	assert_false(IS_THERE(w->path));
}

static void test_teardown_keeps_leases_that_the_register_does_not_know(void **state)
{
	(void)state;
	start_again_with(FILE_OF_CN5);
	destroy_outage(true);
	assert_true(IS_THERE(w->path));
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "is kept: it holds addresses in use"), 1);
}

/* ---- going on from the file */

static void test_goes_on_as_the_cn_that_the_file_names(void **state)
{
	const struct replica_station *lease;

	(void)state;
	start_again_with(FILE_OF_CN5);
	assert_int_equal(roam_self(w->roam), 0); /* the register may answer yet */
	outage_begin(w->outage);
	assert_int_equal(roam_self(w->roam), SELF);
	assert_true(CALLS_IN_ORDER("CN 5 cn5", "CN 8 cn8", "put 10.10.5.20",
				   "to 8: MOVED 10.10.5.20"));
	lease = record_of(20);
	assert_int_equal(lease->record.state, RECORD_BOUND);
	assert_int_equal(lease->record.mac.octet[5], 3);
	assert_int_equal(lease->record.lease_end, 1750000000);
	assert_int_equal(lease->renewed, LEASE);
	assert_null(record_of(21));
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "going on as CN number 5 with 1 other CNs "
							"and a block of 2 addresses"), 1);
}

static void test_goes_on_once(void **state)
{
	(void)state;
	start_again_with(FILE_OF_CN5);
	outage_begin(w->outage);
	calls_forget();
	outage_begin(w->outage);
	assert_string_equal(calls_made(), "");
}

static void test_with_a_number_the_file_is_not_needed(void **state)
{
	(void)state;
	start_again_with(FILE_OF_CN5);
	calls_forget();
	outage_begin(w->outage);
	assert_string_equal(calls_made(), "");
	assert_null(record_of(20));
}

static void test_without_a_file_there_is_nothing_to_go_on_from(void **state)
{
	(void)state;
	outage_begin(w->outage);
	assert_int_equal(roam_self(w->roam), 0);
	assert_string_equal(calls_made(), "");
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, ""), 0); /* a first start */
}

static void test_a_file_that_is_not_its_own_is_not_used(void **state)
{
	(void)state;
	strcpy(w->config.cn_name, "other");
	start_again_with(FILE_OF_CN5);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "is not that of this CN, or damaged"), 1);
	outage_begin(w->outage);
	assert_int_equal(roam_self(w->roam), 0);
	assert_int_equal(outage_own_block(w->outage)->count, 0);
}

static void test_a_file_that_cannot_be_read_is_logged(void **state)
{
	(void)state;
	destroy_outage(false);
	assert_int_equal(mkdir(w->path, 0700), 0);
	create_outage();
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "net.away.json: Is a directory"), 1);
}

/* ---- offers */

static void test_an_offer_reserves_an_address_for_a_while(void **state)
{
	struct dhcp_request first = client(1);

	(void)state;
	lose_register_with_block();
	assert_int_equal(outage_offer(w->outage, &first, IP(20)), 0);
	assert_int_equal(entry_of(20)->state, BLOCK_OFFERED);
	assert_int_equal(entry_of(20)->until_ms, clock_ms() + 30000);
	assert_int_equal(entry_of(20)->mac.octet[5], 1);
	assert_int_equal(outage_offer(w->outage, &first, IP(77)), -ENOENT);
}

static void test_an_offer_of_a_lease_leaves_the_lease(void **state)
{
	struct dhcp_request first = client(1);

	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends_all();
	assert_int_equal(outage_offer(w->outage, &first, IP(20)), 0);
	assert_int_equal(entry_of(20)->state, BLOCK_BOUND);
}

/* ---- leases */

static void test_a_lease_counts_when_it_is_on_the_disk(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	assert_int_equal(w->done_count, 0);
	assert_null(record_of(20));
	fake_file_ends(0);
	assert_int_equal(state_in_file(20), BLOCK_BOUND);
	assert_int_equal(w->done_count, 1);
	assert_int_equal(w->done[0], 0);
	assert_ptr_equal(w->done_arg[0], (void *)1);
	assert_true(CALLS_IN_ORDER("put 10.10.5.20", "to 8: MOVED 10.10.5.20", "done"));
	assert_int_equal(w->at_done, RECORD_BOUND);
	assert_int_equal(record_of(20)->ifindex, IFINDEX);
	assert_int_equal(record_of(20)->record.lease_end, clock_unix_us() / 1000000 + LEASE);
	assert_int_equal(entry_of(20)->lease, LEASE);
}

static void test_an_address_that_is_not_in_the_block_cannot_be_bound(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(77, 1), -ENOENT);
	assert_int_equal(fake_file.running, 0);
}

static void test_without_a_number_nothing_can_be_bound(void **state)
{
	(void)state;
	start_again_with(FILE_OF_CN5);
	assert_int_equal(bind_address(21, 1), -EAGAIN);
	assert_int_equal(entry_of(21)->state, BLOCK_FREE);
	assert_true(mac_is_zero(&entry_of(21)->mac));
	assert_int_equal(w->done_count, 0);
}

static void test_after_a_failed_write_the_entry_is_as_before(void **state)
{
	struct dhcp_request first = client(1);

	(void)state;
	lose_register_with_block();
	assert_int_equal(outage_offer(w->outage, &first, IP(20)), 0);
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends(-ENOSPC);
	assert_int_equal(w->done_count, 1);
	assert_int_equal(w->done[0], -ENOSPC);
	assert_int_equal(entry_of(20)->state, BLOCK_OFFERED);
	assert_int_equal(entry_of(20)->lease, 0);
	assert_null(record_of(20));
}

static void test_leases_of_one_text_end_together_and_in_order(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	assert_int_equal(bind_address(21, 2), 0);
	assert_int_equal(bind_address(22, 3), 0);
	fake_file_ends(0); /* the first text, with the first lease alone */
	assert_int_equal(w->done_count, 1);
	fake_file_ends(0);
	assert_int_equal(w->done_count, 3);
	assert_ptr_equal(w->done_arg[1], (void *)2);
	assert_ptr_equal(w->done_arg[2], (void *)3);
	assert_int_equal(state_in_file(22), BLOCK_BOUND);
}

/* A client that hears nothing repeats its message: there are two bindings of one address. */
static void test_a_repeated_binding_is_done_twice(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends_all();
	assert_int_equal(w->done_count, 2);
	assert_int_equal(w->done[0], 0);
	assert_int_equal(w->done[1], 0);
	assert_int_equal(entry_of(20)->state, BLOCK_BOUND);
}

static void test_a_repeated_binding_may_fail_after_the_first(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends(0);
	fake_file_ends(-EIO);
	assert_int_equal(w->done[0], 0);
	assert_int_equal(w->done[1], -EIO);
	assert_int_equal(entry_of(20)->state, BLOCK_BOUND); /* the first one stands */
}

static void test_a_repeated_binding_counts_though_the_first_failed(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends(-EIO);
	fake_file_ends(0);
	assert_int_equal(w->done[0], -EIO);
	assert_int_equal(w->done[1], 0);
	assert_int_equal(entry_of(20)->state, BLOCK_BOUND);
	outage_cns_changed(w->outage);
	time_passes(1000);
	fake_file_ends_all();
	assert_int_equal(state_in_file(20), BLOCK_BOUND); /* a confirmed lease stays in the file */
}

static void test_when_both_fail_the_entry_is_as_before_the_first(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends(-EIO);
	fake_file_ends(-EIO);
	assert_int_equal(w->done_count, 2);
	assert_int_equal(entry_of(20)->state, BLOCK_FREE);
	assert_int_equal(entry_of(20)->lease, 0);
}

static void test_a_register_that_is_back_gives_the_address_itself(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	registered_is_ready(w->reg);
	fake_file_ends(0);
	assert_int_equal(w->done[0], -EAGAIN);
	assert_null(record_of(20));
	assert_int_equal(entry_of(20)->state, BLOCK_FREE);
}

static void test_a_lease_that_the_replica_has_no_room_for_does_not_count(void **state)
{
	(void)state;
	get_block(4);
	put_record(20, 1); /* the register bound it to somebody else */
	registered_is_lost();
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends(0);
	assert_int_equal(w->done[0], -EEXIST);
	assert_int_equal(entry_of(20)->state, BLOCK_FREE);
}

static void test_the_end_does_not_confirm(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	assert_int_equal(bind_address(21, 2), 0);
	destroy_outage(false);
	assert_int_equal(w->done_count, 0);
	assert_int_equal(state_in_file(21), BLOCK_BOUND); /* and is not lost if it was */
}

/* ---- addresses that come back */

static void test_a_released_address_is_free_again(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends_all();
	calls_forget();
	assert_true(outage_return(w->outage, IP(20), false));
	assert_int_equal(entry_of(20)->state, BLOCK_FREE);
	assert_null(record_of(20));
	assert_true(CALLS_IN_ORDER("to 8: ABORT 10.10.5.20", "delete 10.10.5.20"));
	fake_file_ends_all();
	assert_int_equal(state_in_file(20), BLOCK_FREE);
}

static void test_a_declined_address_is_not_given_again(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends_all();
	assert_true(outage_return(w->outage, IP(20), true));
	assert_int_equal(entry_of(20)->state, BLOCK_DECLINED);
	fake_file_ends_all();
	assert_int_equal(state_in_file(20), BLOCK_DECLINED);
}

static void test_what_was_not_given_is_for_the_register(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_false(outage_return(w->outage, IP(20), false));
	assert_false(outage_return(w->outage, IP(77), false));
	assert_int_equal(fake_file.running, 0);
}

static void test_with_a_register_the_register_learns_of_it(void **state)
{
	(void)state;
	lose_register_with_block();
	assert_int_equal(bind_address(20, 1), 0);
	fake_file_ends_all();
	registered_synchronises(w->reg);
	assert_false(outage_return(w->outage, IP(20), false));
	assert_int_equal(entry_of(20)->state, BLOCK_BOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_the_file_is_private_and_durable),
		CASE(test_without_a_thread_of_its_own_it_is_not_created),
		CASE(test_a_change_of_the_cns_is_written_a_second_later),
		EARLY(test_without_a_number_there_is_nothing_to_write),
		CASE(test_a_failed_write_is_logged),
		CASE(test_the_end_writes_what_has_changed),
		CASE(test_teardown_removes_the_file),
		CASE(test_teardown_keeps_leases_that_the_register_does_not_know),
		EARLY(test_goes_on_as_the_cn_that_the_file_names),
		EARLY(test_goes_on_once),
		CASE(test_with_a_number_the_file_is_not_needed),
		EARLY(test_without_a_file_there_is_nothing_to_go_on_from),
		EARLY(test_a_file_that_is_not_its_own_is_not_used),
		EARLY(test_a_file_that_cannot_be_read_is_logged),
		CASE(test_an_offer_reserves_an_address_for_a_while),
		CASE(test_an_offer_of_a_lease_leaves_the_lease),
		CASE(test_a_lease_counts_when_it_is_on_the_disk),
		CASE(test_an_address_that_is_not_in_the_block_cannot_be_bound),
		EARLY(test_without_a_number_nothing_can_be_bound),
		CASE(test_after_a_failed_write_the_entry_is_as_before),
		CASE(test_leases_of_one_text_end_together_and_in_order),
		CASE(test_a_repeated_binding_is_done_twice),
		CASE(test_a_repeated_binding_may_fail_after_the_first),
		CASE(test_a_repeated_binding_counts_though_the_first_failed),
		CASE(test_when_both_fail_the_entry_is_as_before_the_first),
		CASE(test_a_register_that_is_back_gives_the_address_itself),
		CASE(test_a_lease_that_the_replica_has_no_room_for_does_not_count),
		CASE(test_the_end_does_not_confirm),
		CASE(test_a_released_address_is_free_again),
		CASE(test_a_declined_address_is_not_given_again),
		CASE(test_what_was_not_given_is_for_the_register),
		CASE(test_with_a_register_the_register_learns_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
