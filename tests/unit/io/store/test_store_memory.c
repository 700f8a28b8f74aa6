/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store without memory: it takes a change whole or not at all, what it took needs none to reach
 * the disk, and the database never has a part of a batch.
 */
#include "store_world.h"

#include <sqlite3.h>

#include "io/store/store_internal.h"

/* ---- giving */

static void a_change_is_taken_whole_or_not_at_all(void **state)
{
	struct cn_info info = {
		.id = 3, .name = "cn3", .tunnel = addr_from_ipv4(0xc0000203), .port = 1};
	struct station_record a, b;

	(void)state;
	start_store();
	a = station(1, 1);
	b = station(2, 2);
	assert_int_equal(store_put_station(store, &a, 1, true), 0);
	memory_is_gone();
	assert_int_equal(store_put_station(store, &b, 2, true), -ENOMEM);
	assert_int_equal(store_erase_station(store, &b.addr, 2), -ENOMEM);
	assert_int_equal(store_put_cn(store, &info, 2), -ENOMEM);
	memory_is_back();
	wait_for_store();
	assert_int_equal(durable, 1); /* nothing was given as the second */
	assert_int_equal(store_put_station(store, &b, 2, true), 0);
	assert_int_equal(store_put_cn(store, &info, 3), 0);
	wait_until_durable(3);
	end_store();
	start_store();
	assert_int_equal(record_count, 2);
	assert_int_equal(cn_count, 1);
}

/* Whichever request fails, also that of the timer: what was taken is written, and needs no more. */
static void what_was_taken_is_written(void **state)
{
	struct station_record record;
	bool timer_failed = false;

	(void)state;
	for (int i = 0, error = -1; error; i++) {
		event_base_free(base); /* a new one has no room for timers yet */
		base = event_base_new();
		start_store();
		record = station(1, (uint64_t)i + 1);
		memory_fails_after(i);
		error = store_put_station(store, &record, 1, true);
		timer_failed = memory_is_back() && !error;
		if (!error)
			wait_until_durable(1);
		end_store();
	}
	assert_true(timer_failed);
	start_store();
	assert_int_equal(record_count, 1);
}

static void the_hand_over_needs_no_memory(void **state)
{
	struct station_record record;

	(void)state;
	start_store();
	for (unsigned i = 1; i <= 3; i++) {
		record = station(i, i);
		assert_int_equal(store_put_station(store, &record, i, true), 0);
		memory_is_gone();
		wait_until_durable(i);
		memory_is_back();
	}
}

static void what_was_given_before_the_start_is_written(void **state)
{
	struct station_record record;

	(void)state;
	start_store();
	record = station(1, 1);
	assert_int_equal(store_put_station(store, &record, 1, true), 0);
	wait_until_durable(1);
	end_store();
	assert_int_equal(open_again(), 0);
	assert_int_equal(store_load(store, &HANDLER, NULL, why), 0);
	assert_int_equal(store_erase_station(store, &record.addr, 1), 0);
	assert_int_equal(store_start(store, base, &HANDLER, NULL), 0);
	wait_until_durable(1);
}

/* ---- writing */

static struct database db;

static void open_database(void)
{
	assert_int_equal(database_open(&db, path, &epoch, why), 0);
}

static void load(void)
{
	cn_count = record_count = 0;
	assert_int_equal(database_load(&db, &HANDLER, NULL, why), 0);
}

static int synchronous(void)
{
	sqlite3_stmt *statement;
	int value;

	assert_int_equal(sqlite3_prepare_v2(db.handle, "PRAGMA synchronous", -1, &statement, NULL),
			 0);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

/* Puts station 1 with a client identifier, or erases station 2, or both; and a CN of two cells. */
struct change {
	struct batch batch;
	struct station_op put, erase;
	struct cn_op cn;
};

static void make_change(struct change *change, uint64_t seq)
{
	struct cell_info *cells = change->cn.info.cells;

	*change = (struct change){.batch.urgent = seq % 2};
	change->put.record = station(1, seq);
	change->put.record.client_id_len = 2;
	memcpy(change->put.record.client_id, "id", 2);
	change->erase = (struct station_op){.record.addr = station(2, 0).addr, .erase = true};
	change->cn.info = (struct cn_info){.id = 1, .name = "cn1", .port = 1, .cell_count = 2,
					   .tunnel = addr_from_ipv4(0xc0000200u + (uint32_t)seq)};
	for (unsigned i = 0; i < 2; i++) {
		cells[i].subnet = (struct prefix){addr_from_ipv4(0x0a010000u + (i << 16)), 16};
		cells[i].gateway = addr_from_ipv4(0x0a010001u + (i << 16));
		cells[i].pool_first = cells[i].pool_last = addr_from_ipv4(0x0a010009u + (i << 16));
		cells[i].dns[0] = cells[i].dns[1] = addr_from_ipv4(0x0a000507);
		cells[i].dns_count = 2;
	}
	HASH_ADD(hh, change->batch.stations, record.addr, sizeof(struct tmip_addr), (&change->put));
	HASH_ADD(hh, change->batch.stations, record.addr, sizeof(struct tmip_addr),
		 (&change->erase));
	HASH_ADD(hh, change->batch.cns, info.id, sizeof(uint32_t), (&change->cn));
}

static void drop_change(struct change *change)
{
	HASH_CLEAR(hh, change->batch.stations);
	HASH_CLEAR(hh, change->batch.cns);
}

static void expect_written(const struct change *change)
{
	load();
	assert_int_equal(record_count, 1);
	assert_memory_equal(&records[0], &change->put.record, sizeof(records[0]));
	assert_int_equal(cn_count, 1);
	assert_memory_equal(&cns[0], &change->cn.info, sizeof(cns[0]));
	assert_int_equal(synchronous(), change->batch.urgent ? 2 : 1);
}

static void expect_untouched(void)
{
	load();
	assert_int_equal(record_count, 1);
	assert_int_equal(addr_to_ipv4(&records[0].addr), 0x0a010002);
	assert_int_equal(cn_count, 0);
}

static void a_batch_is_written_whole_whichever_request_fails(void **state)
{
	bool reached = true;
	int failures = 0;

	(void)state;
	open_database();
	for (int i = 0; reached; i++) {
		struct change change;
		int error;

		sql("DELETE FROM station; DELETE FROM cn; INSERT INTO station "
		    "VALUES('10.1.0.2', '02:00:00:00:00:02', NULL, 1, 3, 1, 1, 1, 1, 0)");
		make_change(&change, (uint64_t)i + 1);
		memory_fails_after(i);
		error = database_write(&db, &change.batch, why);
		reached = memory_is_back();
		if (error) {
			failures++;
			expect_untouched();
			assert_int_equal(database_write(&db, &change.batch, why), 0);
		}
		expect_written(&change);
		drop_change(&change);
	}
	assert_true(failures > 10);
	database_close(&db);
}

/* An urgent commit is no promise as long as the database may not wait for the disk. */
static void a_setting_that_failed_is_set_again(void **state)
{
	struct change change;

	(void)state;
	open_database();
	make_change(&change, 2);
	assert_int_equal(database_write(&db, &change.batch, why), 0);
	assert_int_equal(synchronous(), 1);
	drop_change(&change);
	make_change(&change, 3);
	assert_int_equal(sqlite3_exec(db.handle, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
	assert_int_not_equal(database_write(&db, &change.batch, why), 0);
	assert_int_equal(sqlite3_exec(db.handle, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(database_write(&db, &change.batch, why), 0);
	expect_written(&change);
	drop_change(&change);
	database_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_change_is_taken_whole_or_not_at_all),
		CASE(what_was_taken_is_written),
		CASE(the_hand_over_needs_no_memory),
		CASE(what_was_given_before_the_start_is_written),
		CASE(a_batch_is_written_whole_whichever_request_fails),
		CASE(a_setting_that_failed_is_set_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
