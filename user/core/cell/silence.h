/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The search for stations that have left the cells of this CN without notice. The agent probes a
 * station that it has not heard for a while, at growing intervals; a station that answers no probe
 * is silent. Pure: the caller passes the time in milliseconds of CLOCK_MONOTONIC; callbacks send
 * the probes and return when the kernel last heard a station.
 *
 * The work of a tick is bounded, whatever the number of stations: they wait in the slots of a
 * wheel, due stations move to one queue, and a tick looks at a bounded number of them.
 */
#ifndef TMIP_CORE_CELL_SILENCE_H
#define TMIP_CORE_CELL_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <tmip/types.h>

struct silence;

struct silence_options {
	unsigned idle_ms; /* a station not heard for so long gets a probe; 0: none does */
	unsigned wait_ms; /* for the first probe's answer; twice as long for each further one */
	unsigned count;   /* probes without an answer that make a station silent */
	unsigned rate;    /* probes per second, over all stations */
};

struct silence_calls {
	/* Returns when the kernel last heard the station, in ms; 0: unknown. */
	uint64_t (*heard)(const struct tmip_addr *addr, void *arg);
	/* Send a probe to the station. */
	void (*probe)(const struct tmip_addr *addr, void *arg);
	/* The station has answered none of `probes` probes and is not watched any more. */
	void (*silent)(const struct tmip_addr *addr, unsigned probes, uint64_t heard_ms, void *arg);
	void *arg;
};

#define SILENCE_TICK_MS 250

/* NULL: no memory. */
struct silence *silence_create(const struct silence_options *options,
			       const struct silence_calls *calls);
void silence_destroy(struct silence *silence); /* NULL is allowed */
/* New options take effect for a station when silence_tick looks at it next. */
void silence_set_options(struct silence *silence, const struct silence_options *options);

/*
 * Watches a station that is in a cell of this CN and was heard at heard_ms. Returns 0, or -ENOMEM:
 * the station is not watched.
 */
int silence_watch(struct silence *silence, const struct tmip_addr *addr, uint64_t heard_ms);
/* Stops watching: the station has left the cell. */
void silence_ignore(struct silence *silence, const struct tmip_addr *addr);
bool silence_watches(const struct silence *silence, const struct tmip_addr *addr);

/* The caller calls it every SILENCE_TICK_MS while silence_count is above 0. */
void silence_tick(struct silence *silence, uint64_t now_ms);
/* The number of watched stations. */
unsigned silence_count(const struct silence *silence);

#endif
