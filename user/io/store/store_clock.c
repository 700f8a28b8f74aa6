/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock of the register in its database: the table clock has one mark (core/base/net_clock.h),
 * and the epoch of the run that wrote it. An earlier version knows no such table, and raises the
 * epoch without it: then the mark is void. Functions return 0, or -errno and the cause in `why`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "io/process/clock.h"
#include "store_internal.h"

static const char TABLE[] =
	"CREATE TABLE IF NOT EXISTS clock(epoch INTEGER NOT NULL, boot TEXT NOT NULL,"
	" boot_ms INTEGER NOT NULL, unix_ms INTEGER NOT NULL)";

/* Steps to the only row. Returns whether there is one. */
static bool first_row(struct database *db, const char *sql, sqlite3_stmt **out)
{
	return sqlite3_prepare_v2(db->handle, sql, -1, out, NULL) == SQLITE_OK &&
	       sqlite3_step(*out) == SQLITE_ROW;
}

/* Without the table there is no mark. */
static void read_mark(struct database *db, struct net_clock_past *past)
{
	sqlite3_stmt *row = NULL;
	const char *boot;

	if (first_row(db, "SELECT epoch, boot, boot_ms, unix_ms FROM clock", &row)) {
		boot = (const char *)sqlite3_column_text(row, 1);
		past->marked = sqlite3_column_int64(row, 0) == (int64_t)db->before;
		snprintf(past->mark.boot, sizeof(past->mark.boot), "%s", boot ? boot : "");
		past->mark.boot_ms = (uint64_t)sqlite3_column_int64(row, 2);
		past->mark.unix_ms = (uint64_t)sqlite3_column_int64(row, 3);
	}
	sqlite3_finalize(row);
}

int database_read_clock(struct database *db, struct net_clock_past *past, char why[STORE_ERROR])
{
	sqlite3_stmt *row = NULL;
	char sql[128];
	int error = 0;

	memset(past, 0, sizeof(*past));
	read_mark(db, past);
	snprintf(sql, sizeof(sql),
		 "SELECT min(lease_end), max(lease_end) FROM station "
		 "WHERE state = %d AND lease_end > 0", RECORD_BOUND);
	if (first_row(db, sql, &row)) {
		past->first_end = (uint64_t)sqlite3_column_int64(row, 0);
		past->last_end = (uint64_t)sqlite3_column_int64(row, 1);
	} else {
		error = database_fail(db, "reading the database", why);
	}
	sqlite3_finalize(row);
	return error;
}

/* The end 0 says that there is none, so an end that would be long over is 1. */
static int shift_ends(struct database *db, int64_t shift_s, char why[STORE_ERROR])
{
	char sql[128];

	if (!shift_s)
		return 0;
	snprintf(sql, sizeof(sql),
		 "UPDATE station SET lease_end = max(1, lease_end + (%" PRId64 ")) "
		 "WHERE lease_end > 0", shift_s);
	return database_execute(db, sql, "moving the ends of leases", why);
}

static int replace_mark(struct database *db, char why[STORE_ERROR])
{
	const char *doing = "setting the clock";
	int error = database_execute(db, "DELETE FROM clock", doing, why);

	if (!error)
		error = database_execute(db, "INSERT INTO clock VALUES(0, '', 0, 0)", doing, why);
	if (!error)
		error = database_prepare(db, &db->mark,
					 "UPDATE clock SET epoch = ?, boot = ?, boot_ms = ?, "
					 "unix_ms = ?", why);
	return error ? error : database_mark_clock(db, why);
}

int database_set_clock(struct database *db, const struct net_clock_mark *mark, int64_t shift_s,
		       char why[STORE_ERROR])
{
	const char *doing = "setting the clock";
	int error = database_execute(db, "BEGIN IMMEDIATE", doing, why);

	if (error)
		return error;
	db->clock = *mark;
	error = database_execute(db, TABLE, doing, why);
	if (!error)
		error = shift_ends(db, shift_s, why);
	if (!error)
		error = replace_mark(db, why);
	if (!error)
		error = database_execute(db, "COMMIT", doing, why);
	if (error && !sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	return error;
}

int database_begin_clock(struct database *db, char why[STORE_ERROR])
{
	int error = db->clock.unix_ms ? database_execute(db, TABLE, "setting the clock", why) : 0;

	return error || !db->clock.unix_ms ? error : replace_mark(db, why);
}

int database_mark_clock(struct database *db, char why[STORE_ERROR])
{
	struct net_clock_mark *clock = &db->clock;
	uint64_t now_ms = clock_boot_ms();

	if (!db->mark)
		return 0;
	if (now_ms > clock->boot_ms) {
		clock->unix_ms += now_ms - clock->boot_ms;
		clock->boot_ms = now_ms;
	}
	if (sqlite3_bind_int64(db->mark, 1, db->epoch) ||
	    sqlite3_bind_text(db->mark, 2, clock->boot, -1, SQLITE_STATIC) ||
	    sqlite3_bind_int64(db->mark, 3, (int64_t)clock->boot_ms) ||
	    sqlite3_bind_int64(db->mark, 4, (int64_t)clock->unix_ms))
		return database_fail(db, "setting the clock", why);
	return database_run(db, db->mark, "setting the clock", why);
}
