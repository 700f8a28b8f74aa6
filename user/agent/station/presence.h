/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are the stations in the cells of this CN still there? Wires core/silence.h to the map that says who was heard, to
 * ARP probes and to the roaming machine, which is told of those who do not answer.
 */
#ifndef TMIP_AGENT_PRESENCE_H
#define TMIP_AGENT_PRESENCE_H

#include <stdint.h>
#include <tmip/maps.h>

struct agent;
struct presence;

int presence_start(struct agent *agent);
void presence_stop(struct agent *agent);
void presence_configure(struct agent *agent); /* the configuration changed */

/* This is the station's map entry now; it has none any more. */
void presence_put(struct agent *agent, const struct tmip_addr *addr, const struct tmip_station *entry);
void presence_remove(struct agent *agent, const struct tmip_addr *addr);

/* Asks a station whether it is there (ARP, to it alone). Its answer is a frame like any other. */
void presence_probe(struct agent *agent, const struct tmip_addr *addr);
/* The same in one cell, whether the network thinks that it is there or not. */
void presence_ask(struct agent *agent, const struct tmip_addr *addr, const struct tmip_mac *mac, unsigned ifindex);
/* When it was last heard in a cell of this CN: ms of CLOCK_MONOTONIC, 0: not known. */
uint64_t presence_heard_ms(const struct agent *agent, const struct tmip_addr *addr);

#endif
