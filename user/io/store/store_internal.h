/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the store share: store.c (threads), store_sql.c (the database), store_clock.c
 * (the clock in the database). Nobody else includes it.
 */
#ifndef TMIP_IO_STORE_INTERNAL_H
#define TMIP_IO_STORE_INTERNAL_H

#define HASH_NONFATAL_OOM 1
#include <sqlite3.h>
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

struct database {
	sqlite3 *handle;
	sqlite3_stmt *put_station, *erase_station, *put_macs, *put_cn;
	sqlite3_stmt *mark;         /* the clock; NULL: before database_set_clock */
	struct net_clock_mark clock; /* its last mark */
	uint32_t epoch;
	int synchronous; /* as it is set now; -1: unknown */
};

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
