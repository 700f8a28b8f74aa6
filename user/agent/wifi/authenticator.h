/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostapds of this CN's cells (directive `hostapd'). They say when a station may send, forget
 * stations that have moved, and report the identity or key of an association, by which a station
 * is known where `station_identity association' says so.
 *
 * An identity has one address. A station of that identity with another MAC gets the address if
 * nobody uses it any more, or if it is the same host by another interface; else it is a second
 * station of the same person, and is known by its MAC or client identifier.
 */
#ifndef TMIP_AGENT_WIFI_AUTHENTICATOR_H
#define TMIP_AGENT_WIFI_AUTHENTICATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/dhcp/dhcp.h"
#include "core/roam/roam.h"

struct agent_config;
struct authenticators;
struct cell_table;
struct config_hostapd;
struct event_base;
struct trail;

struct authenticator_calls {
	/* The client's message can be handled now; its identity is in it. */
	void (*resume)(unsigned cell, const struct dhcp_request *request, void *arg);
	/*
	 * Finds out whether the station that has the address is still there, and whether it is one
	 * host with that MAC in that cell; authenticators_checked() follows. 0, or -errno: it does
	 * not.
	 */
	int (*check)(const struct station_record *record, const struct tmip_mac *mac, unsigned cell,
		     void *arg);
	void *arg;
};

struct authenticators_setup {
	struct event_base *base;
	const struct agent_config *config; /* read anew at each use */
	const struct cell_table *cells;
	struct roam *roam;
	struct trail *trail;
	struct authenticator_calls calls;
};

struct authenticator_counts {
	unsigned known;    /* associated stations whose identity is known, or known to be none */
	uint64_t unusable; /* identities that are too long */
	uint64_t overflow; /* stations or messages for which there was no room */
	uint64_t taken;    /* addresses that a station had from another one of its identity */
	uint64_t shared;   /* stations whose identity's address another station uses */
};

/* NULL: no memory. */
struct authenticators *authenticators_create(const struct authenticators_setup *setup);
void authenticators_destroy(struct authenticators *all); /* NULL is allowed */
/* Opens and closes connections to hostapds as the configuration says. */
void authenticators_configure(struct authenticators *all);

/*
 * Makes hostapd and kernel forget the station at this access point. False: no hostapd of it is
 * known, or it does not answer.
 */
bool authenticators_drop(struct authenticators *all, unsigned ifindex, const struct tmip_mac *mac);

/*
 * Puts the identity of its association into a client's message from that cell. False: hostapd is
 * being asked; the call `resume` follows, or the client repeats its message.
 */
bool authenticators_identify(struct authenticators *all, unsigned cell,
			     struct dhcp_request *request);
/*
 * May the client have the address that the record binds to another MAC? False: that is being found
 * out; as above.
 */
bool authenticators_may_have(struct authenticators *all, unsigned cell,
			     const struct dhcp_request *request,
			     const struct station_record *record);
/* The end of a check of the station that the record binds the address to. */
void authenticators_checked(struct authenticators *all, enum roam_holder answer,
			    const struct station_record *record);

void authenticators_count(const struct authenticators *all, struct authenticator_counts *counts);
/* Calls visit for each hostapd of the configuration, connected or not. */
void authenticators_each(const struct authenticators *all,
			 void (*visit)(const struct config_hostapd *config, bool connected,
				       void *arg), void *arg);

#endif
