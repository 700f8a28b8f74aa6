/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The held packets of stations that have left a cell and have not appeared in another. Each station
 * has a queue. Two limits bound the memory: one for each queue, one for all together. Pure. Times
 * are milliseconds of CLOCK_MONOTONIC.
 */
#ifndef TMIP_CORE_CELL_HOLD_H
#define TMIP_CORE_CELL_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tmip/types.h>

struct hold;

struct hold_options {
	size_t station_bytes; /* of memory, for one station */
	size_t total_bytes;   /* of memory, for all stations */
};

struct hold_counts {
	unsigned stations;       /* now: queues, also empty ones */
	uint64_t packets, bytes; /* now: held packets, and their memory */
	uint64_t held;           /* total: packets */
	uint64_t replayed;       /* total: packets that hold_pop returned */
	uint64_t overflow;       /* total: packets dropped at a limit, or without memory */
	uint64_t expired;        /* total: packets that hold_end dropped */
};

/* NULL: no memory. */
struct hold *hold_create(const struct hold_options *options);
/* Drops all packets. NULL is allowed. */
void hold_destroy(struct hold *hold);
void hold_set_options(struct hold *hold, const struct hold_options *options);

/*
 * Makes a queue for the station, which expires at deadline_ms. Returns 0, also if the station has a
 * queue already (its deadline stays), or -ENOMEM.
 */
int hold_begin(struct hold *hold, const struct tmip_addr *addr, uint64_t deadline_ms);
/* Gives the station's queue, if it has one, a new deadline. */
void hold_prolong(struct hold *hold, const struct tmip_addr *addr, uint64_t deadline_ms);
/* The number of packets in the station's queue. */
unsigned hold_waiting(const struct hold *hold, const struct tmip_addr *addr);
/* Returns whether the station has a queue. */
bool hold_holds(const struct hold *hold, const struct tmip_addr *addr);
/* Removes the station's queue and drops its packets. Returns their number. */
unsigned hold_end(struct hold *hold, const struct tmip_addr *addr);

/*
 * Copies a packet to the end of the station's queue. Returns 1 if the queue was empty, else 0;
 * -ENOSPC: dropped at a limit, or without memory; -ENOENT: the station has no queue.
 */
int hold_push(struct hold *hold, const struct tmip_addr *addr, const uint8_t *frame, size_t len);
/*
 * Takes the oldest packet out of the station's queue and sets *len to its bytes. NULL: none is
 * left. The packet is valid until the next hold_pop or hold_end of the station.
 */
const uint8_t *hold_pop(struct hold *hold, const struct tmip_addr *addr, size_t *len);

/* Sets *addr to the station whose deadline passed first. False: no deadline has passed. */
bool hold_expired(const struct hold *hold, uint64_t now_ms, struct tmip_addr *addr);
/* The soonest deadline; 0: there is no queue. */
uint64_t hold_next_due(const struct hold *hold);
void hold_count(const struct hold *hold, struct hold_counts *counts);

#endif
