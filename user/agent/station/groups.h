/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies broadcasts and multicasts between a home subnet and its stations that are elsewhere.
 * Wires core/cell/fanout.h to the device into which the data path puts what is to be copied
 * (bpf/group.h). As parent, this CN sends one packet to each CN with guests of the subnet; as
 * visited CN, one frame to each guest, to its MAC, so that nobody else in the cell hears it.
 */
#ifndef TMIP_AGENT_STATION_GROUPS_H
#define TMIP_AGENT_STATION_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tmip/maps.h>

#include "core/cell/fanout.h"

struct agent_config;
struct cell_table;
struct datapath;
struct groups;
struct roam;

struct groups_calls {
	/* Puts a frame into the device. 0 or -errno. */
	int (*inject)(const uint8_t *frame, size_t len, void *arg);
	bool (*has_device)(void *arg);
	void *arg;
};

struct groups_setup {
	const struct agent_config *config;
	const struct cell_table *cells;
	struct datapath *dp;
	const struct roam *roam;
	struct groups_calls calls;
};

struct groups_counts {
	bool usable;       /* there is a device, and the configuration asks for copies */
	struct fanout_counts fanout;
	uint64_t not_sent; /* copies that the kernel or the cell's interface refused */
};

struct groups *groups_create(const struct groups_setup *setup); /* NULL: no memory */
void groups_destroy(struct groups *groups); /* the map's entries stay; NULL is allowed */
void groups_configure(struct groups *groups); /* the configuration changed */

/* The station's map entry is this one now; it has none any more. */
void groups_put(struct groups *groups, const struct tmip_addr *addr,
		const struct tmip_station *entry);
void groups_remove(struct groups *groups, const struct tmip_addr *addr);
/* Deletes the map entries that a former agent left and nobody needs. */
void groups_sweep(struct groups *groups);

/*
 * Copies a frame of the device, at least Ethernet and IPv4 headers long; the Ethernet header is
 * written over. False: the frame is for no group of a subnet of the network.
 */
bool groups_copy(struct groups *groups, uint8_t *frame, size_t len);

void groups_count(const struct groups *groups, struct groups_counts *counts);

#endif
