/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that are held for stations that have left a cell and have not appeared elsewhere: one queue for each station,
 * bounded in bytes, all of them together too. Pure.
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
	size_t total_bytes;
};

struct hold_counts {
	unsigned stations;   /* that packets are held for now, or would be if there were any */
	uint64_t packets, bytes; /* held now */
	uint64_t held;       /* ever */
	uint64_t replayed;
	uint64_t overflow;   /* dropped: no room, of the station or in all */
	uint64_t expired;    /* dropped: the station did not appear in time, or is no more */
};

struct hold *hold_create(const struct hold_options *options);
void hold_destroy(struct hold *hold); /* NULL is allowed */
void hold_set_options(struct hold *hold, const struct hold_options *options);

/* Holds packets of this station from now on, until deadline_ms. 0, also if it did before, or -ENOMEM. */
int hold_begin(struct hold *hold, const struct tmip_addr *addr, uint64_t deadline_ms);
unsigned hold_waiting(const struct hold *hold, const struct tmip_addr *addr); /* packets */
bool hold_holds(const struct hold *hold, const struct tmip_addr *addr);
/* Drops what is held. The number of packets. */
unsigned hold_end(struct hold *hold, const struct tmip_addr *addr);

/* The newest packet of a station. 1: the first of its queue, 0: another, -ENOSPC: dropped, -ENOENT: nothing is held for it. */
int hold_push(struct hold *hold, const struct tmip_addr *addr, const uint8_t *frame, size_t len);
/* The oldest one, which the caller has sent when it asks for the next. NULL: none is left. Valid until the next call. */
const uint8_t *hold_pop(struct hold *hold, const struct tmip_addr *addr, size_t *len);

/* The station whose time is over, the longest waiting first. False: none at this time. */
bool hold_expired(const struct hold *hold, uint64_t now_ms, struct tmip_addr *addr);
uint64_t hold_next_due(const struct hold *hold); /* 0: nothing is held */
void hold_count(const struct hold *hold, struct hold_counts *counts);

#endif
