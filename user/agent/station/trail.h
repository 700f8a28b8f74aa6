/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trails of stations, for `tmip-agent why`: the last lines of the roaming log about each MAC. Bounded: the MAC
 * that was silent longest makes room.
 */
#ifndef TMIP_AGENT_TRAIL_H
#define TMIP_AGENT_TRAIL_H

#include <stdint.h>
#include <tmip/types.h>

#define TRAIL_LINES 24
#define TRAIL_TEXT 160

struct trail;

struct trail_line {
	uint64_t time_us; /* Unix time */
	char text[TRAIL_TEXT];
};

struct trail *trail_create(unsigned macs_max);
void trail_destroy(struct trail *trail);
void trail_add(struct trail *trail, const struct tmip_mac *mac, uint64_t time_us, const char *text);
/* Calls visit for each line of the MAC, oldest first. The number of lines. */
int trail_each(const struct trail *trail, const struct tmip_mac *mac, void (*visit)(const struct trail_line *line, void *arg), void *arg);

#endif
