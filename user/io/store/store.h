/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register on the disk: an SQLite database in WAL mode, written by a thread of its own. What the event loop hands
 * over is gathered while a commit runs and goes into the next one (group commit); later changes of one record replace
 * earlier ones. The loop never waits for the disk: what became of the numbers it gave comes back through `stored`.
 */
#ifndef TMIP_IO_STORE_H
#define TMIP_IO_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/station.h"

#define STORE_LAYOUT 1
#define STORE_ERROR 256

struct store;
struct event_base;

struct store_handler {
	int (*cn)(const struct cn_info *info, void *arg);               /* from store_load; not 0 ends it */
	int (*station)(const struct station_record *record, void *arg); /* by version */
	/* From the loop: all up to `number` is on the disk. ok false: it could not be written, is kept, and tried again. */
	void (*stored)(uint64_t number, bool ok, const char *why, void *arg);
};

struct store_counts {
	uint64_t commits, written, failed; /* written: records; failed: commits */
	double commit_ms;                  /* the last one took */
};

/* Opens or makes the database, raises the epoch and makes that durable. 0, or -errno with a readable cause in `why`. */
int store_open(struct store **out, const char *path, uint32_t *epoch, char why[STORE_ERROR]);
/* Reads everything. Before store_start. */
int store_load(struct store *store, const struct store_handler *handler, void *arg, char why[STORE_ERROR]);
/* Starts the writer. */
int store_start(struct store *store, struct event_base *base, const struct store_handler *handler, void *arg);

/*
 * Copied. Numbers never fall. urgent: somebody waits; else the record may lie some milliseconds.
 * 0, and it will be written; or -ENOMEM, and nothing has changed here: the caller gives it again.
 */
int store_put_station(struct store *store, const struct station_record *record, uint64_t number, bool urgent);
int store_erase_station(struct store *store, const struct tmip_addr *addr, uint64_t number);
int store_put_cn(struct store *store, const struct cn_info *info, uint64_t number);

void store_count(const struct store *store, struct store_counts *counts);
/*
 * Writes what is there, once, then closes; NULL is allowed. 0, or -errno: what was not on the disk
 * is lost, and `why` says the cause.
 */
int store_close(struct store *store, char why[STORE_ERROR]);

#endif
