/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where stations are, between this agent and the programs of other CNs, whose agents may be dead or
 * stopped (TMIP_PROBE_HERE, TMIP_PROBE_WHERE). The messages of MLRP go to the agents; what is told
 * here too is what a CN's programs need. A CN whose programs are of an older version answers
 * nothing.
 */
#ifndef TMIP_AGENT_STATION_PLACES_H
#define TMIP_AGENT_STATION_PLACES_H

#include <stdbool.h>
#include <stdint.h>
#include <tmip/types.h>

struct event_base;
struct places;
struct roam;

struct places_calls {
	/* The end of places_ask. No answer is no. */
	void (*asked)(const struct tmip_addr *addr, uint32_t cn, bool there, void *arg);
	void *arg;
};

struct places_setup {
	struct event_base *base;
	struct tmip_addr tunnel; /* of this CN */
	const struct roam *roam;
	struct places_calls calls;
};

/* Needs CAP_NET_RAW. Returns 0 or -errno. places_destroy may be called in any case. */
int places_create(struct places **out, const struct places_setup *setup);
void places_destroy(struct places *places);
/* The tunnel address of this CN is another one. */
void places_move(struct places *places, const struct tmip_addr *tunnel);

/*
 * The station has come to this CN. Tells the CN so, a moment later, until its programs have the
 * station here, or its agent has answered, or the station has left, or a minute has passed.
 */
void places_tell(struct places *places, uint32_t cn, const struct tmip_addr *addr);
void places_told(struct places *places, uint32_t cn, const struct tmip_addr *addr);
/* Have the programs of that CN the station in a cell of theirs? */
void places_ask(struct places *places, uint32_t cn, const struct tmip_addr *addr);

#endif
