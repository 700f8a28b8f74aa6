/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register on the disk: an SQLite database in WAL mode, which a thread of its own writes. While
 * a commit runs, the store gathers what the event loop hands over, and the next commit writes it
 * (group commit); a later change of a record replaces an earlier one. The loop never waits for the
 * disk: `stored` reports what became of the numbers that it gave.
 */
#ifndef TMIP_IO_STORE_H
#define TMIP_IO_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/net_clock.h"
#include "core/base/station.h"

#define STORE_LAYOUT 1
#define STORE_ERROR 256

struct store;
struct event_base;

struct store_handler {
	/* From store_load, which ends with the first error. Stations come by version. */
	int (*cn)(const struct cn_info *info, void *arg);
	int (*station)(const struct station_record *record, void *arg);
	/*
	 * From the loop: all up to `number` is on the disk; or, ok false, could not be written, and
	 * the store keeps it and tries again.
	 */
	void (*stored)(uint64_t number, bool ok, const char *why, void *arg);
	/*
	 * From the loop: somebody has deleted the file, or put another one in its place, so all
	 * that was ever written is lost. The store writes to a new file from now on; all records
	 * must be handed over again, with new numbers.
	 */
	void (*lost)(const char *why, void *arg);
};

struct store_counts {
	uint64_t commits, written, failed; /* written: records; failed: commits */
	uint64_t lost;                     /* files */
	double commit_ms;                  /* the last one took */
};

/*
 * Opens or makes the database, raises the epoch and makes that durable. 0, or -errno and the cause
 * in `why`.
 */
int store_open(struct store **out, const char *path, uint32_t *epoch, char why[STORE_ERROR]);
/* What the database says about the clock of the register. Before store_set_clock. */
int store_read_clock(struct store *store, struct net_clock_past *past, char why[STORE_ERROR]);
/*
 * Adds shift_s to the ends of all leases, and makes that durable together with the mark. From now
 * on each commit marks the clock, which runs with CLOCK_BOOTTIME. Before store_load.
 */
int store_set_clock(struct store *store, const struct net_clock_mark *mark, int64_t shift_s,
		    char why[STORE_ERROR]);
/* Reads everything. Before store_start. */
int store_load(struct store *store, const struct store_handler *handler, void *arg,
	       char why[STORE_ERROR]);
/* Starts the writer. */
int store_start(struct store *store, struct event_base *base, const struct store_handler *handler,
		void *arg);

/*
 * Copies the record. Numbers never fall. urgent: somebody waits; else the record may lie some
 * milliseconds. 0: the store will write it; -ENOMEM: the store is as before the call.
 */
int store_put_station(struct store *store, const struct station_record *record, uint64_t number,
		      bool urgent);
int store_erase_station(struct store *store, const struct tmip_addr *addr, uint64_t number);
int store_put_cn(struct store *store, const struct cn_info *info, uint64_t number);

/* Marks the clock soon, also if nothing else is to be written. */
void store_mark_clock(struct store *store);

void store_count(const struct store *store, struct store_counts *counts);
/*
 * Ends the writer. What is put from now on waits for store_close. True: the file is lost, as with
 * `lost`, and everything must be put anew.
 */
bool store_stop(struct store *store);
/*
 * Makes one attempt to write what is not on the disk yet, then closes; NULL is allowed. 0, or
 * -errno and the cause in `why`: these changes are lost.
 */
int store_close(struct store *store, char why[STORE_ERROR]);

#endif
