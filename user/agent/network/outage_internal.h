/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the outage share: outage.c (the file, life), outage_lease.c (leases that wait
 * for the disk), outage_block.c (requests to the register), outage_time.c (what ends by itself).
 * Nobody else includes it.
 */
#ifndef TMIP_AGENT_NETWORK_OUTAGE_INTERNAL_H
#define TMIP_AGENT_NETWORK_OUTAGE_INTERNAL_H

#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "outage.h"
#include "outage_file.h"
#include "register.h"

#define OUTAGE_PATH (CONFIG_PATH_LEN + NAME_LEN + 16)

struct event;
struct file_writer;

/* A lease that waits for the disk. */
struct binding {
	uint64_t number;           /* of the text that has the lease */
	struct block_entry before; /* the entry, as it is again if the write fails */
	struct station_record record;
	uint32_t lease;
	unsigned ifindex;
	outage_done *done;
	void *arg;
	struct binding *prev, *next;
};

struct outage {
	struct outage_setup with;
	struct outage_content content; /* cn_id, cns: the file's, until the agent goes on from it */
	struct file_writer *writer;
	char path[OUTAGE_PATH];
	bool failing;                  /* the last write of the file */
	struct event *save;
	struct event *due;             /* outage_time.c */
	struct binding *bindings;      /* in the order of their numbers */
	uint32_t asked[CN_CELLS_MAX];  /* transactions of requests that are not answered yet */
	uint64_t asked_ms;             /* when */
	bool again;                    /* what was asked for is out of date */
	bool stale;                    /* the file has free addresses that the block has no more */
	uint64_t request_after;        /* number of the text that ends that; 0: none is written */
};

static inline const struct replica *outage_replica(const struct outage *outage)
{
	return roam_replica(outage->with.roam);
}

static inline struct block *outage_block(struct outage *outage)
{
	return &outage->content.block;
}

static inline struct block_entry *outage_find_entry(struct outage *outage,
						    const struct tmip_addr *addr)
{
	return block_find(outage_block(outage), addr);
}

/* ---- outage.c */
/*
 * Hands the file to its writer. 0, with the number of the text; -EAGAIN: this CN has no number yet,
 * and nothing that it could go on from.
 */
int outage_save(struct outage *outage, uint64_t *number);
void outage_save_now(struct outage *outage); /* for changes that nobody waits for */

/* ---- outage_block.c */
/* Has the register not answered all requests yet? */
bool outage_is_waiting(const struct outage *outage);
void outage_forget_requests(struct outage *outage);

/* ---- outage_time.c */
/* When the deadlines of entries have changed, or what the register was asked. */
void outage_arm(struct outage *outage);
void outage_on_due(int fd, short what, void *arg);
uint64_t outage_lease_until(uint32_t lease);
uint64_t outage_declined_until(void);

/* ---- outage_lease.c */
struct station_record outage_record_of(const struct block_entry *entry);
/* Does a lease of this address wait for the disk? Then the client has not heard of it. */
bool outage_is_unwritten(const struct outage *outage, const struct tmip_addr *addr);
/* All up to `number` is on the disk, or could not be written: those who wait are called. */
void outage_end_bindings(struct outage *outage, uint64_t number, int error);

#endif
