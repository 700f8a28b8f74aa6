/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock in the database: its mark runs on with each commit, ends of leases move with it, and
 * what an earlier version wrote has no mark.
 */
#include <sqlite3.h>

#include "io/process/clock.h"
#include "store_world.h"

static struct net_clock_past past;

static void read_clock(void)
{
	assert_int_equal(store_read_clock(store, &past, why), 0);
}

/* Opens, and moves the ends of leases. */
static void start_by(uint64_t unix_ms, int64_t shift_s)
{
	struct net_clock_mark mark = {.boot = "this boot", .boot_ms = clock_boot_ms(),
				      .unix_ms = unix_ms};

	assert_int_equal(open_again(), 0);
	read_clock();
	assert_int_equal(store_set_clock(store, &mark, shift_s, why), 0);
	assert_int_equal(store_load(store, &HANDLER, NULL, why), 0);
	assert_int_equal(store_start(store, base, &HANDLER, NULL), 0);
}

static void put(unsigned host, uint64_t lease_end)
{
	struct station_record record = station(host, host);

	record.lease_end = lease_end;
	assert_int_equal(store_put_station(store, &record, host, true), 0);
	wait_until_durable(host);
}

static void the_mark_runs_on(void **state)
{
	uint64_t before_ms = clock_boot_ms(), after_ms;

	(void)state;
	start_by(1000000, 0);
	after_ms = clock_boot_ms();
	assert_false(past.marked);
	put(1, 2000);
	end_store();
	assert_int_equal(open_again(), 0);
	read_clock();
	assert_true(past.marked);
	assert_string_equal(past.mark.boot, "this boot");
	assert_in_range(past.mark.boot_ms, after_ms, clock_boot_ms());
	assert_in_range(past.mark.unix_ms - 1000000, past.mark.boot_ms - after_ms,
			past.mark.boot_ms - before_ms);
	assert_int_equal(past.first_end, 2000);
	assert_int_equal(past.last_end, 2000);
}

static void a_mark_needs_no_change(void **state)
{
	uint64_t since_ms;

	(void)state;
	start_by(1000000, 0);
	since_ms = clock_boot_ms();
	while (clock_boot_ms() == since_ms)
		;
	store_mark_clock(store);
	wait_for_store();
	assert_false(failed);
	read_clock(); /* by the connection of the store: the writer is idle */
	assert_true(past.mark.boot_ms > since_ms);
}

static void ends_move_and_no_end_stays_none(void **state)
{
	struct station_record record;

	(void)state;
	start_by(1000000, 0);
	put(1, 2000);
	put(2, 0);
	put(3, 500);
	record = station(4, 4);
	record.state = RECORD_FREE;
	record.lease_end = 0;
	store_put_station(store, &record, 4, true);
	wait_until_durable(4);
	end_store();
	start_by(1000000, -1000);
	assert_int_equal(record_count, 4);
	assert_int_equal(records[0].lease_end, 1000);
	assert_int_equal(records[1].lease_end, 0);
	assert_int_equal(records[2].lease_end, 1); /* long over, and not without end */
	assert_int_equal(records[3].lease_end, 0);
	end_store();
	start_by(1000000, 10);
	assert_int_equal(records[0].lease_end, 1010);
}

/* An earlier version raises the epoch, and knows nothing of the table. */
static void a_mark_of_a_run_before_the_last_is_void(void **state)
{
	(void)state;
	start_by(1000000, 0);
	put(1, 2000);
	end_store();
	sql("UPDATE meta SET epoch = epoch + 1");
	assert_int_equal(open_again(), 0);
	read_clock();
	assert_false(past.marked);
	assert_int_equal(past.first_end, 2000);
}

static void an_earlier_version_has_no_table(void **state)
{
	(void)state;
	start_by(1000000, 0);
	put(1, 2000);
	put(2, 3000);
	end_store();
	sql("DROP TABLE clock");
	start_by(1000000, 0);
	assert_false(past.marked);
	assert_int_equal(past.first_end, 2000);
	assert_int_equal(past.last_end, 3000);
	put(3, 4000);
	end_store();
	assert_int_equal(open_again(), 0);
	read_clock();
	assert_true(past.marked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_mark_runs_on),
		CASE(a_mark_needs_no_change),
		CASE(ends_move_and_no_end_stays_none),
		CASE(a_mark_of_a_run_before_the_last_is_void),
		CASE(an_earlier_version_has_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
