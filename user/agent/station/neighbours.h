/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbours that are no stations: hosts of a cell that the register does not know, since they have
 * said nothing yet, or since this network takes no static addresses. A guest believes them to be on
 * its link. When it asks for one by ARP (TMIP_EVENT_WANTED), this CN asks the CN of that subnet by
 * PROBE, and answers the guest if that CN has heard the host. As the CN of the subnet, it asks in
 * its cell, by ARP.
 */
#ifndef TMIP_AGENT_STATION_NEIGHBOURS_H
#define TMIP_AGENT_STATION_NEIGHBOURS_H

#include <stdbool.h>
#include <stdint.h>

#include <tmip/event.h>

#include "core/mlrp/mlrp.h"

struct cell_table;
struct event_base;
struct neighbours;
struct roam;

struct neighbours_calls {
	void (*send)(uint32_t cn, const struct mlrp_message *message, void *arg);
	/* Asks all hosts of the cell for the address, by ARP in the name of its gateway. */
	void (*ask)(const struct tmip_addr *addr, unsigned ifindex, void *arg);
	/* Tells a guest in the cell, by ARP: addr is at this CN. `guest`: its own address. */
	void (*tell)(const struct tmip_addr *addr, unsigned ifindex, const struct tmip_mac *mac,
		     const struct tmip_addr *guest, void *arg);
	void *arg;
};

struct neighbours_setup {
	struct event_base *base;
	const struct cell_table *cells;
	const struct roam *roam;
	struct neighbours_calls calls;
};

/* NULL: no memory. */
struct neighbours *neighbours_create(const struct neighbours_setup *setup);
void neighbours_destroy(struct neighbours *neighbours); /* NULL is allowed */

/* TMIP_EVENT_WANTED. */
void neighbours_wanted(struct neighbours *neighbours, const struct tmip_event *event);
/* A frame with that address in that cell (TMIP_EVENT_SEEN): it may be wanted. */
void neighbours_seen(struct neighbours *neighbours, const struct tmip_event *event);
/* PROBE of another CN, with the MAC zero. */
void neighbours_probed(struct neighbours *neighbours, uint32_t from,
		       const struct mlrp_message *message);
/* Returns whether the message is the answer to such a PROBE of this CN. */
bool neighbours_answered(struct neighbours *neighbours, uint32_t from,
			 const struct mlrp_message *message);

#endif
