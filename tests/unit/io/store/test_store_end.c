/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a store whose database cannot be written, or could not until a moment ago. */
#include "store_world.h"

#include <sqlite3.h>
#include <time.h>

static sqlite3 *other;

static void lock(void)
{
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
}

static void unlock(void)
{
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
}

static void put(unsigned host)
{
	struct station_record record = station(host, host);

	assert_int_equal(store_put_station(store, &record, host, true), 0);
}

/* Ends the store, whose last write cannot succeed. */
static int end_badly(void)
{
	int error = store_close(store, why);

	store = NULL;
	return error;
}

static void what_the_writer_could_not_write_is_tried_once_more(void **state)
{
	(void)state;
	start_store();
	lock();
	put(1);
	wait_for_store();
	assert_true(failed);
	put(2); /* in the next batch */
	unlock();
	end_store();
	start_store();
	assert_int_equal(record_count, 2);
}

static void an_end_that_loses_changes_says_so(void **state)
{
	time_t before = time(NULL);

	(void)state;
	start_store();
	lock();
	put(1);
	wait_for_store();
	assert_int_equal(end_badly(), -EBUSY);
	assert_non_null(strstr(why, "another process"));
	assert_true(time(NULL) - before < 15); /* two attempts, of two seconds each */
	unlock();
	start_store();
	assert_int_equal(record_count, 0);
}

/* A writer that fails for ever holds nobody up, and newer changes do not overtake older ones. */
static void nothing_is_written_past_what_cannot_be(void **state)
{
	(void)state;
	start_store();
	sql("CREATE TRIGGER never BEFORE INSERT ON station WHEN NEW.addr = '10.1.0.1'"
	    " BEGIN SELECT RAISE(ABORT, 'never'); END");
	put(1);
	wait_for_store();
	assert_true(failed);
	put(2);
	assert_int_not_equal(end_badly(), 0);
	assert_non_null(strstr(why, "never"));
	start_store();
	assert_int_equal(record_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_the_writer_could_not_write_is_tried_once_more),
		CASE(an_end_that_loses_changes_says_so),
		CASE(nothing_is_written_past_what_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
