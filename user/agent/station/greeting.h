/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes a station that has just come, some times within half a second: from the question it learns
 * the MAC of its gateway. One probe is not enough: it may be lost, and an access point can let a
 * station in before the station has installed its key.
 */
#ifndef TMIP_AGENT_STATION_GREETING_H
#define TMIP_AGENT_STATION_GREETING_H

#include <stdbool.h>
#include <tmip/types.h>

struct event_base;
struct greetings;

struct greeting_calls {
	/* Does nothing if the station has left meanwhile. */
	void (*probe)(const struct tmip_addr *addr, void *arg);
	void *arg;
};

/* NULL: no memory. */
struct greetings *greetings_create(struct event_base *base, const struct greeting_calls *calls);
void greetings_destroy(struct greetings *greetings); /* NULL is allowed */

/*
 * Sends the first probe at once. `joining`: the station may not hear yet, and is probed more often.
 * For a station that is being greeted, starts again.
 */
void greetings_begin(struct greetings *greetings, const struct tmip_addr *addr, bool joining);

#endif
