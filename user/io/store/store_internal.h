/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the store share: store.c (the loop's side), store_writer.c (the thread),
 * store_sql.c (the database), store_clock.c (the clock in the database), store_file.c (what becomes
 * of its files). Nobody else includes it.
 */
#ifndef TMIP_IO_STORE_INTERNAL_H
#define TMIP_IO_STORE_INTERNAL_H

#define HASH_NONFATAL_OOM 1
#include <pthread.h>
#include <sqlite3.h>
#include <sys/types.h>
#include <time.h>
#include <uthash.h>

#include "store.h"

struct station_op {
	struct station_record record;
	bool erase;
	UT_hash_handle hh; /* by address */
};

struct cn_op {
	struct cn_info info;
	UT_hash_handle hh; /* by id */
};

/* One transaction. */
struct batch {
	struct station_op *stations;
	struct cn_op *cns;
	uint64_t number; /* of the last one in it */
	bool urgent;
	bool mark; /* also without any change */
};

#define STORE_PATH 512

struct database_file {
	dev_t dev;
	ino_t inode; /* 0: unknown */
	off_t size;
	struct timespec changed;
};

/* The files as the writer left them. */
struct database_watch {
	struct database_file main, wal, shm;
	uint64_t marked_ms; /* the clock's mark in the file itself; 0: none */
	bool doubtful;      /* the file could not be read at the last look */
};

struct database {
	sqlite3 *handle; /* NULL: its file is lost, and another one not begun yet */
	char path[STORE_PATH];
	struct database_watch watch;
	sqlite3_stmt *put_station, *erase_station, *put_macs, *put_cn;
	sqlite3_stmt *mark;         /* the clock; NULL: before database_set_clock */
	struct net_clock_mark clock; /* its last mark */
	uint32_t epoch, before;      /* of this run, and of the one before */
	int synchronous; /* as it is set now; -1: unknown */
};

struct result {
	uint64_t number;
	bool ok, fresh;
	char why[STORE_ERROR];
	bool lost;
	char lost_why[STORE_ERROR];
};

struct store {
	struct database db;
	char path[STORE_PATH];
	int lock_fd;

	/* the loop's */
	const struct store_handler *handler;
	void *arg;
	struct event *wake, *submit;
	struct batch batches[2];     /* one gathers; the other is empty, or the writer's */
	struct batch *gathering;
	uint64_t number;             /* the last one given */
	bool busy;                   /* the writer has a batch */

	/* between the two, under `mutex` */
	pthread_t thread;
	bool running;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	struct batch *handed;
	bool stop;
	struct result result;
	struct store_counts counts;
	int event_fd;
};

/* ---- store.c */
void store_batch_clear(struct batch *batch);

/* ---- store_writer.c */
int store_start_thread(struct store *store); /* 0 or -errno */
void store_stop_thread(struct store *store);
int store_lock_file(struct store *store, char why[STORE_ERROR]);
/* Is the file lost? Then the next commit begins a new one. */
bool store_look(struct store *store);
/* One attempt. If the file is lost at this moment, another one is begun at once. */
int store_write_once(struct store *store, const struct batch *batch, char why[STORE_ERROR]);

/* ---- store_sql.c */
int database_open(struct database *db, const char *path, uint32_t *epoch, char why[STORE_ERROR]);
/* See store.h. */
int database_read_clock(struct database *db, struct net_clock_past *past, char why[STORE_ERROR]);
int database_set_clock(struct database *db, const struct net_clock_mark *mark, int64_t shift_s,
		       char why[STORE_ERROR]);
int database_load(struct database *db, const struct store_handler *handler, void *arg,
		  char why[STORE_ERROR]);
/* store_clock.c: marks the clock, within a transaction. */
int database_mark_clock(struct database *db, char why[STORE_ERROR]);
/* All or nothing. */
int database_write(struct database *db, const struct batch *batch, char why[STORE_ERROR]);
void database_close(struct database *db);
/* The same, and keeps what a new file needs: database_begin. */
void database_end(struct database *db);
/*
 * Begins a new, empty database of the same run in place of a file that is lost: see database_leave.
 */
int database_begin(struct database *db, char why[STORE_ERROR]);
/* store_clock.c: gives the new database the mark, if the former one had it. */
int database_begin_clock(struct database *db, char why[STORE_ERROR]);

/* store_file.c */
void database_watch(struct database *db); /* from now on */
/* 0, or -ESTALE: what was written to the database is lost; `why` is what became of it. */
int database_look(struct database *db, char why[STORE_ERROR]);
/* Closes the database without touching any file: the names may be those of others by now. */
void database_abandon(struct database *db);
/* After that: makes the name free. What others put there is kept. 0 or -errno. */
int database_leave(struct database *db, char why[STORE_ERROR]);
/* Closes a new database that could not be begun, and removes it. */
void database_drop(struct database *db);

/* For store_clock.c. */
int database_execute(struct database *db, const char *sql, const char *doing,
		     char why[STORE_ERROR]);
int database_prepare(struct database *db, sqlite3_stmt **out, const char *sql,
		     char why[STORE_ERROR]);
/* The error of the last call of SQLite. */
int database_fail(struct database *db, const char *doing, char why[STORE_ERROR]);
/* Runs a statement that returns nothing. */
int database_run(struct database *db, sqlite3_stmt *statement, const char *doing,
		 char why[STORE_ERROR]);

#endif
