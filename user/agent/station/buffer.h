/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds packets for stations that have left a cell and have not appeared elsewhere, and replays
 * them in order when they do. Wires core/cell/hold.h to the device into which the data path puts
 * such packets (bpf/hold.h) and from which it takes them back. Broadcasts and multicasts that are
 * to be copied come through the same device (groups.h).
 *
 * While packets of a station wait, new ones line up behind them: the station's map entry says so
 * until the last one has left.
 */
#ifndef TMIP_AGENT_STATION_BUFFER_H
#define TMIP_AGENT_STATION_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tmip/maps.h>

#include "core/cell/hold.h"

struct agent_config;
struct buffer;
struct datapath;
struct event_base;
struct roam;
struct trail;

struct buffer_calls {
	void (*probe)(const struct tmip_addr *addr, void *arg);
	/*
	 * A frame that nothing is held for. False: it goes back into the device. The Ethernet
	 * header may be written over.
	 */
	bool (*other_frame)(uint8_t *frame, size_t len, void *arg);
	void *arg;
};

struct buffer_setup {
	struct event_base *base;
	const struct agent_config *config;
	struct datapath *dp;
	struct roam *roam;
	struct trail *trail;
	struct buffer_calls calls;
};

struct buffer_counts {
	bool usable;       /* packets are held */
	struct hold_counts hold;
	uint64_t lost;     /* frames that found no room in the device */
	uint64_t not_sent; /* frames that the kernel did not take back */
};

struct buffer *buffer_create(const struct buffer_setup *setup); /* NULL: no memory */
/* What is held goes to its stations, as far as they have appeared. NULL is allowed. */
void buffer_destroy(struct buffer *buffer);

/*
 * Follows the configuration. Makes the device when the configuration first asks for it; if that
 * fails, which the log says, packets are neither held nor copied.
 */
void buffer_configure(struct buffer *buffer);
bool buffer_usable(const struct buffer *buffer);       /* packets are held */
unsigned buffer_ifindex(const struct buffer *buffer);  /* of the device; 0: there is none */
/* Puts a frame into the device, as if it had been held. 0 or -errno. */
int buffer_inject(struct buffer *buffer, const uint8_t *frame, size_t len);

/* The station's map entry is this one now; it has none any more. */
void buffer_put(struct buffer *buffer, const struct tmip_addr *addr,
		const struct tmip_station *entry);
void buffer_remove(struct buffer *buffer, const struct tmip_addr *addr);

void buffer_count(const struct buffer *buffer, struct buffer_counts *counts);

#endif
