/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stations at the access points of this CN's cells, as the kernel (nl80211) reports them:
 * - A station that is let in has arrived, even if its access point sends no layer-2 update for it.
 * - A station that is removed has left its cell, unless it is back at once.
 * - A station that has moved to another CN is removed from its access point here, which does not
 *   learn of the move otherwise.
 * Without nl80211 none of this happens, and nothing else needs it.
 */
#ifndef TMIP_AGENT_WIFI_WIFI_H
#define TMIP_AGENT_WIFI_WIFI_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"

struct cell_table;
struct event_base;
struct roam;
struct wifi;

struct wifi_calls {
	/* Makes the hostapd of this access point forget the station. False: there is none. */
	bool (*drop)(unsigned ifindex, const struct tmip_mac *mac, void *arg);
	void *arg;
};

struct wifi_setup {
	struct event_base *base;
	const struct cell_table *cells;
	struct roam *roam;
	struct wifi_calls calls;
};

struct wifi_counts {
	unsigned associated; /* stations at access points now */
	uint64_t arrived, departed;
	uint64_t dropped;    /* removed from their access points, as they are elsewhere */
	uint64_t overflow;   /* stations for which there was no room */
};

/* NULL: this kernel has no nl80211 now, or there is no memory. */
struct wifi *wifi_create(const struct wifi_setup *setup);
void wifi_destroy(struct wifi *wifi); /* NULL is allowed */

/* The roaming machine: a station with this MAC was in that cell until now, and is elsewhere. */
void wifi_gone(struct wifi *wifi, const struct tmip_mac *mac, unsigned cell);

/* Is the MAC associated with an access point of that cell, as the kernel says? */
bool wifi_associated(const struct wifi *wifi, const struct tmip_mac *mac, unsigned cell);

void wifi_count(const struct wifi *wifi, struct wifi_counts *counts);

/* The cell that an access point is, or a port of: its ifindex; 0: none. */
unsigned wifi_cell_of(const struct cell_table *cells, unsigned ifindex);

#endif
