/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who must get a copy of a broadcast or multicast of a home subnet: each CN with guests of it gets one, and each of its stations
 * that is in another cell of this CN, or is a guest here. Not its sender, and not those who are in one cell with the sender and
 * have heard it. Pure: copies leave through callbacks. Limited in number per second; where that cuts, the next packet begins
 * with those that have missed one.
 */
#ifndef TMIP_CORE_CELL_FANOUT_H
#define TMIP_CORE_CELL_FANOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <tmip/maps.h>

#include "core/base/addr.h"

struct fanout;

struct fanout_calls {
	/* The first station of that home is elsewhere, or here; the last one is not any more. */
	void (*wanted)(const struct tmip_group_key *home, bool wanted, void *arg);
	void (*to_cn)(const struct tmip_addr *tunnel, void *arg);
	void (*to_station)(const struct tmip_mac *mac, unsigned ifindex, void *arg);
	void *arg;
};

struct fanout_counts {
	unsigned stations;    /* that get copies: of this CN and elsewhere, or guests here */
	uint64_t taken;       /* packets */
	uint64_t to_cns;      /* copies */
	uint64_t to_stations;
	uint64_t nobody;      /* packets that nobody else had to get */
	uint64_t over_limit;  /* copies that were not made */
};

struct fanout *fanout_create(const struct fanout_calls *calls);
void fanout_destroy(struct fanout *fanout); /* NULL is allowed */
void fanout_set_limit(struct fanout *fanout, unsigned copies_per_second);

/* This is the station's map entry now. 0 or -ENOMEM: it gets no copies. */
int fanout_put(struct fanout *fanout, const struct tmip_addr *addr,
	       const struct tmip_station *entry);
void fanout_remove(struct fanout *fanout, const struct tmip_addr *addr);
bool fanout_wants(const struct fanout *fanout, const struct tmip_group_key *home);

/* A packet of the source, for all in the subnet of that home (which may have more than one, where it is another CN). */
void fanout_copy(struct fanout *fanout, const struct tmip_group_key *home,
		 const struct prefix *subnet, const struct tmip_addr *source, uint64_t now_ms);
void fanout_count(const struct fanout *fanout, struct fanout_counts *counts);

#endif
