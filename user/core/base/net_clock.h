/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock of the register, by which leases end. It starts with the wall clock and then runs with
 * a steady one, so that a step of the wall clock moves no end of a lease. Between two runs of the
 * register a mark in its database carries it on. Pure: mlrd reads the clocks.
 */
#ifndef TMIP_CORE_BASE_NET_CLOCK_H
#define TMIP_CORE_BASE_NET_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define BOOT_ID_LEN 40 /* of a boot of the machine: a UUID as text, with the NUL */

/* The time of the clock at a moment of a boot of the machine. */
struct net_clock_mark {
	char boot[BOOT_ID_LEN]; /* empty: unknown, and equal to no boot */
	uint64_t boot_ms;       /* CLOCK_BOOTTIME */
	uint64_t unix_ms;       /* the clock */
};

/* What a database says about the clock. */
struct net_clock_past {
	bool marked;            /* else an earlier version wrote it, by the wall clock */
	struct net_clock_mark mark;
	uint64_t first_end, last_end; /* of its leases, in seconds; 0: it has none */
};

/* With what the clock starts: add shift_s to the ends in the database. */
struct net_clock_start {
	uint64_t unix_ms;
	int64_t shift_s;
};

/*
 * Starts the clock. `now` has the wall clock in its unix_ms. What is left of each lease stays: time
 * counts within a boot of the machine only, and no more than a whole lease is left of any.
 */
struct net_clock_start net_clock_start(const struct net_clock_past *past,
				       const struct net_clock_mark *now);

#endif
