/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts that use the address of a gateway. They never become stations: the register knows that the
 * address is a CN's. But the stations of the cell may send to them instead of the gateway, so this
 * module says who they are, in the log and in the status.
 */
#ifndef TMIP_AGENT_STATION_IMPOSTORS_H
#define TMIP_AGENT_STATION_IMPOSTORS_H

#include <jansson.h>
#include <stdint.h>

#include <tmip/event.h>

struct cell_table;
struct replica;

struct impostors;

struct impostors *impostors_create(void); /* NULL: no memory */
void impostors_destroy(struct impostors *impostors); /* NULL is allowed */

/* A frame of a cell. Others than those of impostors are ignored. */
void impostors_seen(struct impostors *impostors, const struct replica *replica,
		    const struct cell_table *cells, const struct tmip_event *event,
		    uint64_t now_ms);
/* Appends a text for each one that was seen lately. */
void impostors_list(const struct impostors *impostors, uint64_t now_ms, json_t *texts);

#endif
