/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register's database, readable with sqlite3(1): meta (layout, epoch), cn (its cells as JSON)
 * and station, with addresses and MACs as text; clock is the business of store_clock.c. The table
 * macs has the other MACs of hosts that have several; a row counts for the version of the station
 * that it names, so earlier programs, which do not know it, can use the database. Functions return
 * 0, or -errno and the cause in `why`.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cn_json.h"
#include "store_internal.h"

#define BUSY_MS 2000

static const char SCHEMA[] =
	"BEGIN;"
	"CREATE TABLE meta(layout INTEGER NOT NULL, epoch INTEGER NOT NULL);"
	"CREATE TABLE cn(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, tunnel TEXT NOT NULL,"
	" port INTEGER NOT NULL, gone INTEGER NOT NULL, cells TEXT NOT NULL);"
	"CREATE TABLE station(addr TEXT PRIMARY KEY, mac TEXT NOT NULL, client_id BLOB,"
	" kind INTEGER NOT NULL, state INTEGER NOT NULL, parent INTEGER NOT NULL,"
	" current INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,"
	" lease_end INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO meta VALUES(1, 0);"
	"COMMIT;";

static const char MACS[] =
	"CREATE TABLE IF NOT EXISTS macs(addr TEXT PRIMARY KEY, epoch INTEGER NOT NULL,"
	" seq INTEGER NOT NULL, macs TEXT NOT NULL) WITHOUT ROWID;"
	"DELETE FROM macs WHERE NOT EXISTS (SELECT 1 FROM station WHERE"
	" station.addr = macs.addr AND station.epoch = macs.epoch AND station.seq = macs.seq)";

/*
 * The cache has room for a million stations, and grows with its use. Checkpoints cost least when
 * many pages go at once.
 */
static const char SETTINGS[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
	"PRAGMA cache_size=-262144; PRAGMA wal_autocheckpoint=16384";

/* ---- small helpers */

static int to_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return -EBUSY;
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_READONLY:
	case SQLITE_PERM: return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return -EUCLEAN;
	default: return -EIO;
	}
}

int database_fail(struct database *db, const char *doing, char why[STORE_ERROR])
{
	int code = sqlite3_errcode(db->handle);
	const char *hint = "";

	if ((code & 0xff) == SQLITE_BUSY)
		hint = " (another process uses it)";
	else if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
		hint = " (move it away, or put a copy in its place)";
	snprintf(why, STORE_ERROR, "%s: %s%s", doing, sqlite3_errmsg(db->handle), hint);
	return to_errno(code);
}

int database_execute(struct database *db, const char *sql, const char *doing,
		     char why[STORE_ERROR])
{
	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : database_fail(db, doing, why);
}

int database_prepare(struct database *db, sqlite3_stmt **out, const char *sql,
		     char why[STORE_ERROR])
{
	int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);

	return code == SQLITE_OK ? 0 : database_fail(db, "preparing a statement", why);
}

static int bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	return sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static int bind_addr(sqlite3_stmt *statement, int at, const struct tmip_addr *addr)
{
	char text[ADDR_STRLEN];

	return bind_text(statement, at, addr_format(addr, text));
}

int database_run(struct database *db, sqlite3_stmt *statement, const char *doing,
		 char why[STORE_ERROR])
{
	int error = sqlite3_step(statement) == SQLITE_DONE ? 0 : database_fail(db, doing, why);

	sqlite3_reset(statement);
	return error;
}

/*
 * The text in a buffer that has room for all of it: json_dumps leaves out parts of the text where a
 * request for memory fails. NULL: no memory.
 */
static char *cells_text(const struct cn_info *info)
{
	json_t *cells = cn_json_cells(info);
	size_t size = cells ? json_dumpb(cells, NULL, 0, JSON_COMPACT) : 0;
	char *text = size ? malloc(size + 1) : NULL;

	if (text && json_dumpb(cells, text, size, JSON_COMPACT) == size) {
		text[size] = '\0';
	} else {
		free(text);
		text = NULL;
	}
	json_decref(cells);
	return text;
}

static bool parse_cells(const char *text, struct cn_info *info)
{
	json_t *cells = text ? json_loads(text, 0, NULL) : NULL;
	bool good = cn_json_parse_cells(cells, info);

	json_decref(cells);
	return good;
}

/* ---- opening */

static int read_meta(struct database *db, const char *path, int64_t *layout, int64_t *epoch,
		     char why[STORE_ERROR])
{
	sqlite3_stmt *statement = NULL;
	const char *sql = "SELECT layout, epoch FROM meta";
	int error = 0, code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*layout = sqlite3_column_int64(statement, 0);
		*epoch = sqlite3_column_int64(statement, 1);
	} else if ((code & 0xff) == SQLITE_ERROR || code == SQLITE_DONE) {
		snprintf(why, STORE_ERROR, "database %.180s is not that of a register", path);
		error = -EINVAL;
	} else {
		error = database_fail(db, path, why);
	}
	sqlite3_finalize(statement);
	return error;
}

static int is_empty(struct database *db, const char *path, bool *empty, char why[STORE_ERROR])
{
	const char *sql = "SELECT count(*) FROM sqlite_master";
	sqlite3_stmt *statement = NULL;
	int error = 0;

	if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW)
		error = database_fail(db, path, why);
	else
		*empty = sqlite3_column_int64(statement, 0) == 0;
	sqlite3_finalize(statement);
	return error;
}

static int check_layout(struct database *db, const char *path, int64_t *epoch,
			char why[STORE_ERROR])
{
	int64_t layout = 0;
	bool empty = false;
	int error = is_empty(db, path, &empty, why);

	if (!error && empty)
		error = database_execute(db, SCHEMA, path, why);
	if (!error)
		error = read_meta(db, path, &layout, epoch, why);
	if (error || layout == STORE_LAYOUT)
		return error;
	snprintf(why, STORE_ERROR,
		 "database %.150s was made by %s version of mlrd (layout %" PRId64
		 ", this one knows %d)",
		 path, layout > STORE_LAYOUT ? "a newer" : "an unknown", layout, STORE_LAYOUT);
	return -EINVAL;
}

static int write_epoch(struct database *db, char why[STORE_ERROR])
{
	char sql[80];

	snprintf(sql, sizeof(sql), "UPDATE meta SET epoch = %" PRIu32, db->epoch);
	return database_execute(db, sql, db->path, why);
}

/* A register that has gone back to an older copy gives records an epoch above that of its run. */
static int newest_epoch(struct database *db, int64_t *epoch, char why[STORE_ERROR])
{
	sqlite3_stmt *row = NULL;
	int error = database_prepare(db, &row, "SELECT max(epoch) FROM station", why);

	if (!error && sqlite3_step(row) != SQLITE_ROW)
		error = database_fail(db, "reading the database", why);
	if (!error && sqlite3_column_int64(row, 0) > *epoch)
		*epoch = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return error;
}

static int raise_epoch(struct database *db, int64_t epoch, char why[STORE_ERROR])
{
	int error;

	db->before = (uint32_t)epoch;
	error = newest_epoch(db, &epoch, why);
	if (error)
		return error;
	if (epoch < 0 || epoch >= UINT32_MAX) {
		snprintf(why, STORE_ERROR, "database %.180s has no epoch that could be raised",
			 db->path);
		return -EINVAL;
	}
	db->epoch = (uint32_t)epoch + 1;
	return write_epoch(db, why);
}

static int prepare_all(struct database *db, char why[STORE_ERROR])
{
	int error = database_prepare(
		db, &db->put_station, "REPLACE INTO station VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		why);

	if (!error)
		error = database_prepare(db, &db->erase_station,
					 "DELETE FROM station WHERE addr = ?", why);
	if (!error)
		error = database_prepare(db, &db->put_macs, "REPLACE INTO macs VALUES(?, ?, ?, ?)",
					 why);
	if (!error)
		error = database_prepare(db, &db->put_cn,
					 "REPLACE INTO cn VALUES(?, ?, ?, ?, ?, ?)", why);
	return error;
}

/* Opens or makes the file, with all tables. */
static int open_tables(struct database *db, int64_t *epoch, char why[STORE_ERROR])
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
	int error;

	if (sqlite3_open_v2(db->path, &db->handle, flags, NULL) != SQLITE_OK)
		return database_fail(db, db->path, why);
	sqlite3_busy_timeout(db->handle, BUSY_MS);
	db->synchronous = 2;
	error = database_execute(db, SETTINGS, db->path, why);
	if (!error)
		error = check_layout(db, db->path, epoch, why);
	return error ? error : database_execute(db, MACS, db->path, why);
}

int database_open(struct database *db, const char *path, uint32_t *epoch, char why[STORE_ERROR])
{
	int64_t before = 0;
	int error;

	if ((size_t)snprintf(db->path, sizeof(db->path), "%s", path) >= sizeof(db->path)) {
		snprintf(why, STORE_ERROR, "database %.100s...: the path is too long", path);
		return -ENAMETOOLONG;
	}
	error = open_tables(db, &before, why);
	if (!error)
		error = raise_epoch(db, before, why);
	if (!error)
		error = prepare_all(db, why);
	*epoch = db->epoch;
	return error;
}

int database_begin(struct database *db, char why[STORE_ERROR])
{
	int64_t none;
	int error = open_tables(db, &none, why);

	if (!error)
		error = write_epoch(db, why);
	if (!error)
		error = prepare_all(db, why);
	if (!error)
		error = database_begin_clock(db, why);
	if (!error)
		database_watch(db);
	return error;
}

void database_end(struct database *db)
{
	sqlite3_finalize(db->mark);
	sqlite3_finalize(db->put_station);
	sqlite3_finalize(db->erase_station);
	sqlite3_finalize(db->put_macs);
	sqlite3_finalize(db->put_cn);
	sqlite3_close(db->handle);
	db->mark = db->put_station = db->erase_station = db->put_macs = db->put_cn = NULL;
	db->handle = NULL;
}

void database_close(struct database *db)
{
	database_end(db);
	memset(db, 0, sizeof(*db));
}

/* ---- reading */

static const char *column(sqlite3_stmt *row, int at)
{
	const char *text = (const char *)sqlite3_column_text(row, at);

	return text ? text : "";
}

static bool read_cn(sqlite3_stmt *row, struct cn_info *info)
{
	memset(info, 0, sizeof(*info));
	info->id = (uint32_t)sqlite3_column_int64(row, 0);
	snprintf(info->name, sizeof(info->name), "%s", column(row, 1));
	info->port = (uint16_t)sqlite3_column_int(row, 3);
	info->gone = sqlite3_column_int(row, 4);
	return info->id && info->name[0] && addr_parse(column(row, 2), &info->tunnel) == 0 &&
	       parse_cells(column(row, 5), info);
}

#define MAC_WIDTH (MAC_STRLEN - 1) /* in the text of several MACs, with blanks between them */

static bool read_macs(const char *text, struct station_record *record)
{
	size_t len = strlen(text);
	char mac[MAC_STRLEN];

	for (size_t at = 0; at < len; at += MAC_WIDTH + 1) {
		snprintf(mac, sizeof(mac), "%s", text + at);
		if (record->other_count == OTHER_MACS_MAX ||
		    mac_parse(mac, &record->others[record->other_count++]) < 0)
			return false;
	}
	return true;
}

static bool read_station(sqlite3_stmt *row, struct station_record *record)
{
	int len = sqlite3_column_bytes(row, 2);

	memset(record, 0, sizeof(*record));
	if (addr_parse(column(row, 0), &record->addr) < 0 ||
	    mac_parse(column(row, 1), &record->mac) < 0 || len > CLIENT_ID_LEN)
		return false;
	record->client_id_len = (uint8_t)len;
	if (len)
		memcpy(record->client_id, sqlite3_column_blob(row, 2), (size_t)len);
	record->kind = (uint8_t)sqlite3_column_int(row, 3);
	record->state = (uint8_t)sqlite3_column_int(row, 4);
	record->parent = (uint32_t)sqlite3_column_int64(row, 5);
	record->current = (uint32_t)sqlite3_column_int64(row, 6);
	record->version.epoch = (uint32_t)sqlite3_column_int64(row, 7);
	record->version.seq = (uint64_t)sqlite3_column_int64(row, 8);
	record->lease_end = (uint64_t)sqlite3_column_int64(row, 9);
	return record->kind >= RECORD_DYNAMIC && record->kind <= RECORD_RESERVED &&
	       record->state >= RECORD_FREE && record->state <= RECORD_IN_BLOCK &&
	       record->version.epoch && read_macs(column(row, 10), record);
}

static int load_cn(sqlite3_stmt *row, const struct store_handler *handler, void *arg)
{
	struct cn_info info;

	return read_cn(row, &info) ? handler->cn(&info, arg) : -EINVAL;
}

static int load_station(sqlite3_stmt *row, const struct store_handler *handler, void *arg)
{
	struct station_record record;

	return read_station(row, &record) ? handler->station(&record, arg) : -EINVAL;
}

static const char *load_error(int error)
{
	if (error == -EINVAL)
		return "it is damaged";
	return error == -ENOSPC ? "there are more stations than stations_max" : strerror(-error);
}

static int load(struct database *db, const char *sql,
		int (*each)(sqlite3_stmt *row, const struct store_handler *handler, void *arg),
		const struct store_handler *handler, void *arg, char why[STORE_ERROR])
{
	sqlite3_stmt *statement = NULL;
	int error = database_prepare(db, &statement, sql, why), code = SQLITE_DONE;

	while (!error && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		error = each(statement, handler, arg);
		if (error)
			snprintf(why, STORE_ERROR,
				 "database: the entry `%.64s' cannot be taken: %s",
				 column(statement, 0), load_error(error));
	}
	if (!error && code != SQLITE_DONE)
		error = database_fail(db, "reading the database", why);
	sqlite3_finalize(statement);
	return error;
}

int database_load(struct database *db, const struct store_handler *handler, void *arg,
		  char why[STORE_ERROR])
{
	int error = load(db, "SELECT * FROM cn ORDER BY id", load_cn, handler, arg, why);

	if (!error)
		error = load(db, "SELECT station.*, macs.macs FROM station LEFT JOIN macs ON"
			     " macs.addr = station.addr AND macs.epoch = station.epoch AND"
			     " macs.seq = station.seq ORDER BY station.epoch, station.seq",
			     load_station, handler, arg, why);
	return error;
}

/* ---- writing */

static int bind_client_id(sqlite3_stmt *statement, int at, const struct station_record *record)
{
	if (!record->client_id_len)
		return sqlite3_bind_null(statement, at);
	return sqlite3_bind_blob(statement, at, record->client_id, record->client_id_len,
				 SQLITE_TRANSIENT);
}

/* A binding that fails for want of memory leaves NULL, which may be a value: each is checked. */
static int bind_station(sqlite3_stmt *statement, const struct station_record *record)
{
	char mac[MAC_STRLEN];

	return bind_addr(statement, 1, &record->addr) ||
	       bind_text(statement, 2, mac_format(&record->mac, mac)) ||
	       bind_client_id(statement, 3, record) ||
	       sqlite3_bind_int(statement, 4, record->kind) ||
	       sqlite3_bind_int(statement, 5, record->state) ||
	       sqlite3_bind_int64(statement, 6, record->parent) ||
	       sqlite3_bind_int64(statement, 7, record->current) ||
	       sqlite3_bind_int64(statement, 8, record->version.epoch) ||
	       sqlite3_bind_int64(statement, 9, (int64_t)record->version.seq) ||
	       sqlite3_bind_int64(statement, 10, (int64_t)record->lease_end);
}

static int put_macs(struct database *db, const struct station_record *record,
		    char why[STORE_ERROR])
{
	const char *doing = "writing the MACs of a host";
	char text[OTHER_MACS_MAX * (MAC_WIDTH + 1)], *end = text;

	for (int i = 0; i < record->other_count; i++) {
		if (i)
			*end++ = ' ';
		mac_format(&record->others[i], end);
		end += MAC_WIDTH;
	}
	if (bind_addr(db->put_macs, 1, &record->addr) ||
	    sqlite3_bind_int64(db->put_macs, 2, record->version.epoch) ||
	    sqlite3_bind_int64(db->put_macs, 3, (int64_t)record->version.seq) ||
	    bind_text(db->put_macs, 4, text))
		return database_fail(db, doing, why);
	return database_run(db, db->put_macs, doing, why);
}

static int put_station(struct database *db, const struct station_op *op, char why[STORE_ERROR])
{
	sqlite3_stmt *statement = op->erase ? db->erase_station : db->put_station;
	const char *doing = op->erase ? "erasing a station" : "writing a station";
	int code = op->erase ? bind_addr(statement, 1, &op->record.addr) :
			       bind_station(statement, &op->record);

	int error =
		code ? database_fail(db, doing, why) : database_run(db, statement, doing, why);

	if (!error && !op->erase && op->record.other_count)
		error = put_macs(db, &op->record, why);
	return error;
}

static int bind_cn(sqlite3_stmt *statement, const struct cn_info *info, const char *cells)
{
	return sqlite3_bind_int64(statement, 1, info->id) || bind_text(statement, 2, info->name) ||
	       bind_addr(statement, 3, &info->tunnel) ||
	       sqlite3_bind_int(statement, 4, info->port) ||
	       sqlite3_bind_int(statement, 5, info->gone) || bind_text(statement, 6, cells);
}

static int put_cn(struct database *db, const struct cn_info *info, char why[STORE_ERROR])
{
	const char *doing = "writing a CN";
	char *cells = cells_text(info);
	int error;

	if (!cells) {
		snprintf(why, STORE_ERROR, "no memory");
		return -ENOMEM;
	}
	if (bind_cn(db->put_cn, info, cells))
		error = database_fail(db, doing, why);
	else
		error = database_run(db, db->put_cn, doing, why);
	free(cells);
	return error;
}

/*
 * Only a change that somebody waits for must be on the disk at once; the others get there with the
 * next such commit.
 */
static int set_synchronous(struct database *db, bool full, char why[STORE_ERROR])
{
	int wanted = full ? 2 : 1, error;

	if (db->synchronous == wanted)
		return 0;
	error = database_execute(db, full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
			"setting the database", why);
	db->synchronous = error ? -1 : wanted;
	return error;
}

int database_write(struct database *db, const struct batch *batch, char why[STORE_ERROR])
{
	const struct station_op *station;
	const struct cn_op *cn;
	int error = set_synchronous(db, batch->urgent, why);

	if (!error)
		error = database_execute(db, "BEGIN IMMEDIATE", "beginning a transaction", why);
	if (error)
		return error;
	for (cn = batch->cns; cn && !error; cn = cn->hh.next)
		error = put_cn(db, &cn->info, why);
	for (station = batch->stations; station && !error; station = station->hh.next)
		error = put_station(db, station, why);
	if (!error)
		error = database_mark_clock(db, why);
	if (!error)
		error = database_execute(db, "COMMIT", "committing", why);
	if (error && !sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	return error;
}
