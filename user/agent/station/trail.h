/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trails of stations, for `tmip-agent why`: the last lines of the roaming log about each MAC.
 * Bounded: when all places are taken, the MAC that was silent longest loses its trail.
 */
#ifndef TMIP_AGENT_STATION_TRAIL_H
#define TMIP_AGENT_STATION_TRAIL_H

#include <stdint.h>
#include <tmip/types.h>

#include "core/base/level.h"

#define TRAIL_LINES 24
#define TRAIL_TEXT 160 /* bytes of a line, its end included; what is longer is cut */

struct trail;

struct trail_line {
	uint64_t time_us; /* Unix time */
	char text[TRAIL_TEXT];
};

struct trail *trail_create(unsigned macs_max); /* NULL: no memory */
void trail_destroy(struct trail *trail);       /* NULL is allowed */

/* Adds a line to the trail of the MAC. Without memory for it the line is lost. */
void trail_add(struct trail *trail, const struct tmip_mac *mac, uint64_t time_us, const char *text);

/*
 * Writes one line into the log, with the MAC in front, and adds it to the MAC's trail. mac NULL
 * (the station is not known any more): does nothing.
 */
__attribute__((format(printf, 4, 5)))
void trail_log(struct trail *trail, enum log_level level, const struct tmip_mac *mac,
	       const char *format, ...);

/* Calls visit for each line of the MAC, oldest first. Returns the number of lines. */
int trail_each(const struct trail *trail, const struct tmip_mac *mac,
	       void (*visit)(const struct trail_line *line, void *arg), void *arg);

#endif
