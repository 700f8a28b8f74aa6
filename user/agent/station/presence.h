/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are the stations in the cells of this CN still there? Wires core/cell/silence.h to the map that
 * says when each was heard, to ARP probes, and to the roaming machine, which learns who answers
 * none.
 */
#ifndef TMIP_AGENT_STATION_PRESENCE_H
#define TMIP_AGENT_STATION_PRESENCE_H

#include <stdint.h>
#include <tmip/maps.h>

struct agent_config;
struct cell_table;
struct datapath;
struct event_base;
struct presence;
struct roam;

struct presence_setup {
	struct event_base *base;
	const struct agent_config *config;
	const struct cell_table *cells;
	struct datapath *dp;
	struct roam *roam;
};

int presence_create(struct presence **out, const struct presence_setup *setup); /* 0 or -ENOMEM */
void presence_destroy(struct presence *presence); /* NULL is allowed */
void presence_configure(struct presence *presence); /* the configuration changed */

/* The station's map entry is this one now; it has none any more. */
void presence_put(struct presence *presence, const struct tmip_addr *addr,
		  const struct tmip_station *entry);
void presence_remove(struct presence *presence, const struct tmip_addr *addr);

/* Probes a station (ARP, to its MAC alone). Its answer is a frame like any other. */
void presence_probe(struct presence *presence, const struct tmip_addr *addr);
/* The same in the cell ifindex, whether the network has the station there or not. */
void presence_probe_in(struct presence *presence, const struct tmip_addr *addr,
		       const struct tmip_mac *mac, unsigned ifindex);

/* When a cell of this CN last heard the station: clock_ms(); 0: not known. */
uint64_t presence_heard_ms(const struct presence *presence, const struct tmip_addr *addr);

#endif
