/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receivers of copies of a broadcast or multicast packet of a home subnet. A copy goes to each
 * CN that stations of the subnet visit, and to each station of the subnet that is in another cell
 * of this CN or visits it. No copy goes to the sender, nor to stations in the same cell as the
 * sender: they have heard the packet. Pure: copies leave through callbacks. A limit bounds the
 * copies per second; after it has cut off receivers, the next packet goes to them first.
 */
#ifndef TMIP_CORE_CELL_FANOUT_H
#define TMIP_CORE_CELL_FANOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <tmip/maps.h>

#include "core/base/addr.h"

struct fanout;

struct fanout_calls {
	/* True: the first station of the home must get copies; false: none must any more. */
	void (*wanted)(const struct tmip_group_key *home, bool wanted, void *arg);
	/* Send a copy to the CN with this tunnel address. */
	void (*to_cn)(const struct tmip_addr *tunnel, void *arg);
	/* Send a copy to the station in this cell. */
	void (*to_station)(const struct tmip_mac *mac, unsigned ifindex, void *arg);
	void *arg;
};

struct fanout_counts {
	unsigned stations;    /* now: stations that get copies */
	uint64_t taken;       /* packets that came to fanout_copy */
	uint64_t to_cns;      /* copies */
	uint64_t to_stations; /* copies */
	uint64_t nobody;      /* packets without a receiver */
	uint64_t over_limit;  /* copies that the limit cut off */
};

/* NULL: no memory. The limit is 0 until fanout_set_limit. */
struct fanout *fanout_create(const struct fanout_calls *calls);
/* Calls no callback. NULL is allowed. */
void fanout_destroy(struct fanout *fanout);
void fanout_set_limit(struct fanout *fanout, unsigned copies_per_second);

/*
 * Follows a change of the station's map entry. Returns 0, or -ENOMEM: the station then gets no
 * copies.
 */
int fanout_put(struct fanout *fanout, const struct tmip_addr *addr,
	       const struct tmip_station *entry);
/* The station has no map entry any more. */
void fanout_remove(struct fanout *fanout, const struct tmip_addr *addr);
/* Returns whether a station of the home must get copies. */
bool fanout_wants(const struct fanout *fanout, const struct tmip_group_key *home);

/*
 * Copies a packet of the station `source` to all receivers in the subnet. The subnet is one of the
 * home; the home of another CN may have more than one. now_ms is CLOCK_MONOTONIC.
 */
void fanout_copy(struct fanout *fanout, const struct tmip_group_key *home,
		 const struct prefix *subnet, const struct tmip_addr *source, uint64_t now_ms);
void fanout_count(const struct fanout *fanout, struct fanout_counts *counts);

#endif
