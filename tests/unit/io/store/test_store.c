/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The store on a real file: what is written is read again, epochs rise, commits are grouped, a
 * database in use is waited for.
 */
#include "store_world.h"

#include <sqlite3.h>

static void what_is_written_is_read_again(void **state)
{
	struct cn_info info = {.id = 3,
			       .name = "cn3",
			       .tunnel = addr_from_ipv4(0xc0000203),
			       .port = 7001,
			       .cell_count = 2};
	struct station_record a, b;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		info.cells[i] = (struct cell_info){
			.subnet = {addr_from_ipv4(0x0a010000u + (i << 16)), 16},
			.gateway = addr_from_ipv4(0x0a010001u + (i << 16))};
	info.cells[0].pool_first = addr_from_ipv4(0x0a01000a);
	info.cells[0].pool_last = addr_from_ipv4(0x0a0100ff);
	info.cells[0].dns[0] = addr_from_ipv4(0x0a000507);
	info.cells[0].dns_count = 1;
	start_store();
	assert_int_equal(epoch, 1);
	a = station(9, 5);
	b = station(8, 2);
	b.client_id_len = 3;
	memcpy(b.client_id, "\0id", 3);
	b.kind = RECORD_STATIC;
	b.other_count = 2;
	b.others[0] = (struct tmip_mac){{2, 0, 0, 0, 0, 0xa1}};
	b.others[1] = (struct tmip_mac){{2, 0, 0, 0, 0, 0xa2}};
	assert_int_equal(store_put_cn(store, &info, 1), 0);
	assert_int_equal(store_put_station(store, &a, 2, true), 0);
	assert_int_equal(store_put_station(store, &b, 3, false), 0);
	wait_until_durable(3);
	end_store();
	start_store();
	assert_int_equal(epoch, 2);
	assert_int_equal(cn_count, 1);
	assert_memory_equal(&cns[0], &info, sizeof(info));
	assert_int_equal(record_count, 2);
	assert_memory_equal(&records[0], &b, sizeof(b)); /* by version */
	assert_memory_equal(&records[1], &a, sizeof(a));
}

static void later_replaces_earlier_and_erased_is_gone(void **state)
{
	struct station_record a, b;

	(void)state;
	start_store();
	a = station(1, 1);
	b = station(2, 2);
	store_put_station(store, &a, 1, true);
	store_put_station(store, &b, 2, true);
	a.current = 77;
	store_put_station(store, &a, 3, true);
	store_erase_station(store, &b.addr, 4);
	wait_until_durable(4);
	end_store();
	start_store();
	assert_int_equal(record_count, 1);
	assert_int_equal(records[0].current, 77);
}

/* As an earlier version would leave it, which does not know the table of MACs. */
static void other_macs_count_for_one_version(void **state)
{
	struct station_record a;

	(void)state;
	start_store();
	a = station(1, 1);
	a.other_count = 1;
	a.others[0] = (struct tmip_mac){{2, 0, 0, 0, 0, 0xa1}};
	store_put_station(store, &a, 1, true);
	wait_until_durable(1);
	a.other_count = 0;
	a.version.seq++;
	store_put_station(store, &a, 2, true);
	wait_until_durable(2);
	end_store();
	start_store();
	assert_int_equal(record_count, 1);
	assert_int_equal(records[0].other_count, 0);
}

static void commits_are_grouped(void **state)
{
	struct store_counts counts;

	(void)state;
	start_store();
	for (unsigned i = 1; i <= 5000; i++) {
		struct station_record record = station(i, i);

		assert_int_equal(store_put_station(store, &record, i, true), 0);
	}
	wait_until_durable(5000);
	store_count(store, &counts);
	assert_int_equal(counts.written, 5000);
	assert_true(counts.commits <= 3);
}

static void the_end_writes_what_lies(void **state)
{
	struct station_record record;

	(void)state;
	start_store();
	record = station(1, 1);
	store_put_station(store, &record, 1, false);
	end_store();
	start_store();
	assert_int_equal(record_count, 1);
}

static void a_commit_that_fails_is_told_and_tried_again(void **state)
{
	struct station_record record;
	sqlite3 *other;

	(void)state;
	start_store();
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	record = station(1, 1);
	store_put_station(store, &record, 1, true);
	wait_for_store();
	assert_true(failed);
	assert_non_null(strstr(why, "another process"));
	record = station(2, 2);
	store_put_station(store, &record, 2, true);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	wait_until_durable(2);
	assert_false(failed);
	end_store();
	start_store();
	assert_int_equal(record_count, 2);
}

static void one_register_has_a_database(void **state)
{
	struct store *second = NULL;
	uint32_t other;

	(void)state;
	start_store();
	assert_int_equal(store_open(&second, path, &other, why), -EWOULDBLOCK);
	assert_non_null(strstr(why, "in use by another process"));
}

static void foreign_files_are_refused(void **state)
{
	FILE *file = fopen(path, "w");

	(void)state;
	for (int i = 0; i < 1000; i++)
		fputs("this is no database", file);
	fclose(file);
	assert_int_not_equal(open_again(), 0);
	assert_non_null(strstr(why, "not a database"));
	unlink(path);
	sql("CREATE TABLE x(y)");
	assert_int_not_equal(open_again(), 0);
	assert_non_null(strstr(why, "not that of a register"));
	unlink(path);
	sql("CREATE TABLE meta(layout INTEGER, epoch INTEGER); INSERT INTO meta VALUES(2, 1)");
	assert_int_not_equal(open_again(), 0);
	assert_non_null(strstr(why, "newer version"));
	unlink(path);
	start_store();
	end_store();
	sql("INSERT INTO station VALUES('10.1.0.9', 'no mac', NULL, 1, 3, 1, 1, 1, 1, 0)");
	assert_int_equal(open_again(), 0);
	assert_int_not_equal(store_load(store, &HANDLER, NULL, why), 0);
	assert_non_null(strstr(why, "10.1.0.9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_is_written_is_read_again),
		CASE(later_replaces_earlier_and_erased_is_gone),
		CASE(other_macs_count_for_one_version),
		CASE(commits_are_grouped),
		CASE(the_end_writes_what_lies),
		CASE(a_commit_that_fails_is_told_and_tried_again),
		CASE(one_register_has_a_database),
		CASE(foreign_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
