/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which stations in the cells of this CN have left without a word. A station that was not heard for a while is probed,
 * at growing distances; one that answers none of the probes is silent. Pure: time is passed in (milliseconds of
 * CLOCK_MONOTONIC), what the kernel heard is asked for and probes leave through callbacks.
 *
 * The work of a tick is bounded, however many stations there are: they wait in the slots of a wheel, and those whose
 * time has come in one queue, out of which as many are looked at as a tick may cost.
 */
#ifndef TMIP_CORE_CELL_SILENCE_H
#define TMIP_CORE_CELL_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <tmip/types.h>

struct silence;

struct silence_options {
	unsigned idle_ms;   /* how long a station may be quiet; 0: nobody is probed */
	unsigned wait_ms;   /* for the answer to the first probe; twice as long for each further one */
	unsigned count;     /* probes without an answer that make it silent */
	unsigned rate;      /* probes per second, over all stations */
};

struct silence_calls {
	uint64_t (*heard)(const struct tmip_addr *addr, void *arg); /* when the kernel last heard it, in ms; 0: not known */
	void (*probe)(const struct tmip_addr *addr, void *arg);
	void (*silent)(const struct tmip_addr *addr, unsigned probes, uint64_t heard_ms, void *arg); /* it is no longer watched */
	void *arg;
};

#define SILENCE_TICK_MS 250

struct silence *silence_create(const struct silence_options *options,
			       const struct silence_calls *calls);
void silence_destroy(struct silence *silence); /* NULL is allowed */
void silence_set_options(struct silence *silence, const struct silence_options *options);

/* The station is in a cell of this CN, and was heard at that time. 0, or -ENOMEM: it is not watched. */
int silence_watch(struct silence *silence, const struct tmip_addr *addr, uint64_t heard_ms);
/* It is there no more. */
void silence_ignore(struct silence *silence, const struct tmip_addr *addr);
bool silence_watches(const struct silence *silence, const struct tmip_addr *addr);

/* To be called every SILENCE_TICK_MS while anybody is watched. */
void silence_tick(struct silence *silence, uint64_t now_ms);
unsigned silence_count(const struct silence *silence);

#endif
