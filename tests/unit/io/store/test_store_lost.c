/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that somebody deletes, replaces, empties or writes over under the running store: it says
 * so, writes to a new file, and nothing is durable before that has it. What others may do with the
 * file is no loss.
 */
#include "store_world.h"

static const struct net_clock_mark NOW = {.boot = "boot", .boot_ms = 1, .unix_ms = 1700000000000};

static void start_marked(void)
{
	assert_int_equal(open_again(), 0);
	assert_int_equal(store_set_clock(store, &NOW, 0, why), 0);
	assert_int_equal(store_load(store, &HANDLER, NULL, why), 0);
	assert_int_equal(store_start(store, base, &HANDLER, NULL), 0);
	lost = 0;
}

static void give(unsigned host, uint64_t number)
{
	struct station_record record = station(host, number);

	assert_int_equal(store_put_station(store, &record, number, true), 0);
}

static void put(unsigned host, uint64_t number)
{
	give(host, number);
	wait_until_durable(number);
}

static void start_with_one(void)
{
	start_marked();
	put(1, 1);
}

static void wait_for_loss(void)
{
	while (!lost)
		wait_for_store();
}

/* A command in which $p is the database. */
static void shell(const char *text)
{
	char command[512];

	snprintf(command, sizeof(command), "p=%s; %s", path, text);
	assert_int_equal(system(command), 0);
}

/* Number 2 is durable only when the new file has it. */
static void goes_on(const char *text)
{
	uint32_t run = epoch;

	wait_for_loss();
	assert_non_null(strstr(lost_why, text));
	assert_int_equal(lost, 1);
	put(1, 2);
	put(2, 3);
	assert_int_equal(lost, 1);
	end_store();
	start_marked();
	assert_int_equal(record_count, 2);
	assert_int_equal(epoch, run + 1); /* the new file has the epoch of the run */
}

static void a_deleted_file(void **state)
{
	(void)state;
	start_with_one();
	shell("rm $p $p-wal $p-shm");
	goes_on("deleted");
}

static void a_deleted_folder(void **state)
{
	char command[128];

	(void)state;
	start_with_one();
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	goes_on("deleted");
}

static void a_deleted_wal(void **state)
{
	(void)state;
	start_with_one();
	shell("rm $p-wal");
	goes_on("-wal");
}

static void another_file(void **state)
{
	(void)state;
	start_with_one();
	shell("cp $p $p.copy && mv $p.copy $p");
	goes_on("another file");
	shell("ls $p.aside-* >/dev/null");
}

static void an_emptied_file(void **state)
{
	(void)state;
	start_with_one();
	shell(": > $p");
	goes_on("");
}

static void garbage(void **state)
{
	(void)state;
	start_with_one();
	shell("head -c 100000 /dev/zero > $p");
	goes_on("");
}

/* A copy of the run before, written over the file: the inode stays. */
static void an_older_copy_written_over_it(void **state)
{
	(void)state;
	start_with_one();
	end_store();
	shell("cp $p $p.older");
	start_marked();
	put(3, 1);
	shell("cat $p.older > $p");
	goes_on("older copy");
}

/* The deletion comes directly before the commit: it is noticed before anything is promised. */
static void nothing_is_promised_for_a_deleted_file(void **state)
{
	(void)state;
	start_with_one();
	shell("rm $p");
	give(2, 2);
	wait_until_durable(2);
	end_store();
	assert_int_equal(lost, 1);
	start_marked();
	assert_int_equal(record_count, 1); /* the loop has not put the other one anew here */
}

static void a_loss_at_the_end_is_told(void **state)
{
	(void)state;
	start_with_one();
	shell("rm $p");
	assert_true(store_stop(store));
	give(1, 2);
	end_store();
	start_marked();
	assert_int_equal(record_count, 1);
	assert_false(store_stop(store));
}

static void a_place_that_cannot_be_written_is_tried_again(void **state)
{
	char command[256];

	(void)state;
	start_with_one();
	/* A file where the folder was. */
	snprintf(command, sizeof(command), "rm -r %s && touch %s", folder, folder);
	assert_int_equal(system(command), 0);
	wait_for_loss();
	give(1, 2);
	while (!failed)
		wait_for_store();
	assert_int_equal(durable, 1);
	snprintf(command, sizeof(command), "rm %s", folder);
	assert_int_equal(system(command), 0);
	wait_until_durable(2);
	assert_int_equal(lost, 1);
}

/* Another register has begun there meanwhile: its file is its own. */
static void the_file_of_another_register_is_left_alone(void **state)
{
	struct store *first, *other;
	uint32_t epoch_there;

	(void)state;
	start_with_one();
	first = store;
	shell("rm $p $p-wal $p-shm");
	assert_int_equal(store_open(&other, path, &epoch_there, why), 0);
	wait_for_loss();
	give(1, 2);
	while (!failed)
		wait_for_store();
	assert_non_null(strstr(why, "in use by another process"));
	shell("test -s $p && ! ls $p.aside-* 2>/dev/null");
	assert_int_equal(store_close(other, why), 0);
	wait_until_durable(2);
	assert_ptr_equal(store, first);
	shell("ls $p.aside-* >/dev/null");
}

static void what_others_may_do(void **state)
{
	struct store_counts counts;

	(void)state;
	start_with_one();
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	put(2, 2);
	shell("cp $p $p.copy");
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	put(3, 3);
	sql("SELECT * FROM station");
	shell("touch $p");
	put(4, 4);
	store_count(store, &counts);
	assert_int_equal(counts.lost, 0);
	assert_int_equal(lost, 0);
}

/* Records of a register that has risen above its epoch: the next run is above them. */
static void the_epoch_is_above_all_records(void **state)
{
	struct station_record record;

	(void)state;
	start_marked();
	record = station(1, 1);
	record.version.epoch = 40;
	assert_int_equal(store_put_station(store, &record, 1, true), 0);
	wait_until_durable(1);
	end_store();
	start_marked();
	assert_int_equal(epoch, 41);
	end_store();
	start_marked();
	assert_int_equal(epoch, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_deleted_file),
		CASE(a_deleted_folder),
		CASE(a_deleted_wal),
		CASE(another_file),
		CASE(an_emptied_file),
		CASE(garbage),
		CASE(an_older_copy_written_over_it),
		CASE(nothing_is_promised_for_a_deleted_file),
		CASE(a_loss_at_the_end_is_told),
		CASE(a_place_that_cannot_be_written_is_tried_again),
		CASE(the_file_of_another_register_is_left_alone),
		CASE(what_others_may_do),
		CASE(the_epoch_is_above_all_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
