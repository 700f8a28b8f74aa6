/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients with one client identifier on two MACs. Is it one client that has changed its interface,
 * or are these two clones of one machine? If the MAC that has the address answers no probe, the
 * other one gets the address. If it answers, the other one is a twin: it gets addresses of its own
 * (core/base/owner.h), also in other cells and after a restart, because its records say so. The
 * identities of associations have the same question in wifi/authenticator.h.
 */
#ifndef TMIP_AGENT_DHCP_TWINS_H
#define TMIP_AGENT_DHCP_TWINS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/roam/roam.h"

struct dhcp_request;
struct trail;
struct twins;

struct twins_calls {
	/* The client's message can be handled now. */
	void (*resume)(unsigned cell, const struct dhcp_request *request, void *arg);
	/*
	 * Finds out whether the station that has the address is still there, and whether it is one
	 * host with that MAC in that cell; twins_checked() follows. 0, or -errno: it does not.
	 */
	int (*check)(const struct station_record *record, const struct tmip_mac *mac, unsigned cell,
		     void *arg);
	void *arg;
};

struct twins_setup {
	struct roam *roam;
	struct trail *trail;
	struct twins_calls calls;
};

struct twins_counts {
	uint64_t taken;    /* addresses that a client has from another MAC of its identifier */
	uint64_t twins;    /* clients whose identifier another MAC uses */
	uint64_t overflow; /* messages for which there was no room */
};

struct twins *twins_create(const struct twins_setup *setup); /* NULL: no memory */
void twins_destroy(struct twins *twins);                     /* NULL is allowed */

/* Says in the message whether its client is a twin. */
void twins_mark(struct twins *twins, struct dhcp_request *request);
/*
 * May the client have the address that the record binds to another MAC? False: that is being found
 * out; the call `resume` follows, or the client repeats its message.
 */
bool twins_may_have(struct twins *twins, unsigned cell, const struct dhcp_request *request,
		    const struct station_record *record);
/* The end of a check of the station that the record binds the address to. */
void twins_checked(struct twins *twins, enum roam_holder answer,
		   const struct station_record *record);

void twins_count(const struct twins *twins, struct twins_counts *counts);

#endif
