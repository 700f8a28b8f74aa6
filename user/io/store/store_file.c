/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is the database still the file that the writer opened? Somebody may delete it below the running
 * register, put a copy in its place, empty it, or write a copy over it. SQLite notices none of
 * that, and goes on writing to what nobody will read again. So the writer looks, by the file's
 * inode, before and after each commit, and each second between them. Size and time of the file
 * change when this process or another one moves pages from the -wal file into it. Then the clock's
 * mark in the file itself, without the -wal file, is not older than the mark seen there before;
 * that of an older copy is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/process/clock.h"
#include "io/process/file.h"
#include "store_internal.h"

#define URI (STORE_PATH * 3 + 32)

static void beside(const struct database *db, const char *suffix, char out[STORE_PATH + 40])
{
	snprintf(out, STORE_PATH + 40, "%s%s", db->path, suffix);
}

static bool same_file(const struct stat *now, const struct database_file *then)
{
	return now->st_dev == then->dev && now->st_ino == then->inode;
}

static void note_file(const struct stat *now, struct database_file *out)
{
	*out = (struct database_file){.dev = now->st_dev, .inode = now->st_ino,
				      .size = now->st_size, .changed = now->st_mtim};
}

static bool is_untouched(const struct stat *now, const struct database_file *then)
{
	return now->st_size == then->size && now->st_mtim.tv_sec == then->changed.tv_sec &&
	       now->st_mtim.tv_nsec == then->changed.tv_nsec;
}

/* ---- the mark in the file itself */

/* With immutable=1 SQLite reads the file alone, without its -wal file and without locks. */
static void make_uri(const char *path, char out[URI])
{
	size_t at = (size_t)snprintf(out, URI, "file:");

	for (; *path && at + 16 < URI; path++)
		at += (size_t)snprintf(out + at, URI - at, strchr("%?#", *path) ? "%%%02x" : "%c",
				       (unsigned char)*path);
	snprintf(out + at, URI - at, "?immutable=1");
}

/*
 * Of which run the mark is, and its time; both 0: the file has no mark yet. -EUCLEAN: the file is
 * no database of a register.
 */
static int read_mark(const char *path, uint32_t *epoch, uint64_t *unix_ms)
{
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX;
	sqlite3_stmt *row = NULL;
	sqlite3 *handle = NULL;
	char uri[URI];
	int code;

	make_uri(path, uri);
	*epoch = 0;
	*unix_ms = 0;
	code = sqlite3_open_v2(uri, &handle, flags, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_prepare_v2(handle, "SELECT epoch, unix_ms FROM clock", -1, &row,
					  NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		*epoch = (uint32_t)sqlite3_column_int64(row, 0);
		*unix_ms = (uint64_t)sqlite3_column_int64(row, 1);
	}
	sqlite3_finalize(row);
	sqlite3_close(handle);
	if (code == SQLITE_NOMEM)
		return -ENOMEM;
	return code == SQLITE_ROW || code == SQLITE_DONE || code == SQLITE_ERROR ? 0 : -EUCLEAN;
}

/* ---- looking */

static int is_lost(char why[STORE_ERROR], const char *text)
{
	snprintf(why, STORE_ERROR, "%s", text);
	return -ESTALE;
}

/* The file has changed: is what it has at least as new as what it had? */
static int check_contents(struct database *db, const struct stat *now, char why[STORE_ERROR])
{
	struct database_watch *watch = &db->watch;
	uint64_t unix_ms;
	uint32_t epoch;
	int error = read_mark(db->path, &epoch, &unix_ms);

	if (error == -EUCLEAN && !watch->doubtful) {
		watch->doubtful = true; /* another process may just be moving pages into it */
		return 0;
	}
	watch->doubtful = false;
	if (error == -ENOMEM)
		return 0; /* the next look tells */
	if (error || now->st_size == 0)
		return is_lost(why, "somebody has emptied it or written over it");
	if (watch->marked_ms && (epoch != db->epoch || unix_ms < watch->marked_ms))
		return is_lost(why, "somebody has written an older copy over it");
	note_file(now, &watch->main);
	if (epoch == db->epoch)
		watch->marked_ms = unix_ms;
	return 0;
}

static int check_beside(struct database *db, const char *suffix, const struct database_file *then,
			char why[STORE_ERROR])
{
	char path[STORE_PATH + 40];
	struct stat now;

	beside(db, suffix, path);
	if (!then->inode || (stat(path, &now) == 0 && same_file(&now, then)))
		return 0;
	snprintf(why, STORE_ERROR, "somebody has removed or replaced its %s file", suffix);
	return -ESTALE;
}

int database_look(struct database *db, char why[STORE_ERROR])
{
	const struct database_watch *watch = &db->watch;
	struct stat now;
	int error;

	if (!watch->main.inode)
		return 0;
	if (stat(db->path, &now) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return is_lost(why, "somebody has deleted it");
		return 0; /* what can be said of it, the next commit says */
	}
	if (!same_file(&now, &watch->main))
		return is_lost(why, "somebody has put another file in its place");
	error = check_beside(db, "-wal", &watch->wal, why);
	if (!error)
		error = check_beside(db, "-shm", &watch->shm, why);
	return error || is_untouched(&now, &watch->main) ? error : check_contents(db, &now, why);
}

static void watch_beside(const struct database *db, const char *suffix, struct database_file *out)
{
	char path[STORE_PATH + 40];
	struct stat now;

	beside(db, suffix, path);
	if (stat(path, &now) == 0)
		note_file(&now, out);
}

void database_watch(struct database *db)
{
	struct database_watch *watch = &db->watch;
	struct stat now;
	uint32_t epoch;

	/* The mark gets from the -wal file into the database. If a reader is in the way, later. */
	sqlite3_exec(db->handle, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	memset(watch, 0, sizeof(*watch));
	if (stat(db->path, &now) < 0)
		return;
	note_file(&now, &watch->main);
	if (read_mark(db->path, &epoch, &watch->marked_ms) || epoch != db->epoch)
		watch->marked_ms = 0;
	watch_beside(db, "-wal", &watch->wal);
	watch_beside(db, "-shm", &watch->shm);
}

/* ---- leaving it */

void database_abandon(struct database *db)
{
	int persist = 1;

	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
	database_end(db);
}

/* What somebody else put there is kept under another name; our own -wal would spoil a new file. */
static int put_aside(const struct database *db, const char *suffix,
		     const struct database_file *ours, uint64_t stamp)
{
	char path[STORE_PATH + 40], aside[STORE_PATH + 40], name[32];
	struct stat now;

	beside(db, suffix, path);
	if (lstat(path, &now) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (ours && (same_file(&now, ours) || now.st_size == 0))
		return unlink(path) < 0 ? -errno : 0;
	snprintf(name, sizeof(name), ".aside-%" PRIu64 "%s", stamp, suffix);
	beside(db, name, aside);
	return rename(path, aside) < 0 ? -errno : 0;
}

int database_leave(struct database *db, char why[STORE_ERROR])
{
	static const struct database_file none;
	uint64_t stamp = clock_unix_us() / 1000000;
	char folder[STORE_PATH], *slash;
	struct stat now;
	bool empty = stat(db->path, &now) == 0 && now.st_size == 0;
	int error;

	error = put_aside(db, "", empty ? &none : NULL, stamp);
	if (!error)
		error = put_aside(db, "-wal", &db->watch.wal, stamp);
	if (!error)
		error = put_aside(db, "-shm", &db->watch.shm, stamp);
	snprintf(folder, sizeof(folder), "%s", db->path);
	slash = strrchr(folder, '/');
	if (!error && slash && slash != folder) {
		*slash = '\0';
		error = file_make_dir(folder, 0750);
	}
	if (error)
		snprintf(why, STORE_ERROR, "%.180s: %s", db->path, strerror(-error));
	return error;
}

void database_drop(struct database *db)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char path[STORE_PATH + 40];

	database_end(db);
	for (int i = 0; i < 3; i++) {
		beside(db, suffixes[i], path);
		unlink(path);
	}
}
