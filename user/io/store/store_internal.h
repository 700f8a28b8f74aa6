/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the two files of the store share: store.c (threads) and store_sql.c (the database). Nobody
 * else includes it.
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
};

struct database {
	sqlite3 *handle;
	sqlite3_stmt *put_station, *erase_station, *put_cn;
	int synchronous; /* as it is set now; -1: unknown */
};

int database_open(struct database *db, const char *path, uint32_t *epoch, char why[STORE_ERROR]);
int database_load(struct database *db, const struct store_handler *handler, void *arg,
		  char why[STORE_ERROR]);
/* All or nothing. */
int database_write(struct database *db, const struct batch *batch, char why[STORE_ERROR]);
void database_close(struct database *db);

#endif
