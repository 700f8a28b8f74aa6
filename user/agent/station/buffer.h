/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds packets for stations that have left a cell and have not appeared elsewhere, and replays them in order when they
 * do. Wires core/hold.h to the device that the data path puts such packets into (bpf/hold.h) and takes them back from.
 * Broadcasts and multicasts to be copied take the same way (groups.h).
 *
 * As long as packets of a station wait, new ones line up behind them: its map entry says so until the last one has gone.
 */
#ifndef TMIP_AGENT_BUFFER_H
#define TMIP_AGENT_BUFFER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tmip/maps.h>

struct agent;
struct buffer;

/* Makes the device when the configuration first asks for it. Without it packets are neither held nor copied, which is logged. */
void buffer_configure(struct agent *agent);
void buffer_stop(struct agent *agent); /* what is held goes its way */
bool buffer_usable(const struct agent *agent);
unsigned buffer_ifindex(const struct agent *agent); /* 0: there is no device */
/* A frame that comes in at the device, as if it had been held. 0 or -errno. */
int buffer_inject(struct agent *agent, const uint8_t *frame, size_t len);

/* This is the station's map entry now; it has none any more. */
void buffer_put(struct agent *agent, const struct tmip_addr *addr, const struct tmip_station *entry);
void buffer_remove(struct agent *agent, const struct tmip_addr *addr);

json_t *buffer_report(const struct agent *agent);

#endif
