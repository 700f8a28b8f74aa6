/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostapds of this CN's cells (directive `hostapd'): they say when a station may send, forget those that have moved, and
 * tell the identity or key of an association, by which a station is known where `station_identity association' says so.
 *
 * An identity has one address. A station that has it and comes with another MAC gets that address if nobody uses it any
 * more (holder.h); else it is a second station of the same person, and is who its MAC or client identifier says.
 */
#ifndef TMIP_AGENT_AUTHENTICATOR_H
#define TMIP_AGENT_AUTHENTICATOR_H

#include <jansson.h>
#include <stdbool.h>

#include "core/dhcp/dhcp.h"

struct agent;

/* Opens and closes links as the configuration says. */
void authenticators_configure(struct agent *agent);
void authenticators_stop(struct agent *agent);

/* hostapd and kernel forget the station at this access point. False: no hostapd of it is known, or it does not answer. */
bool authenticator_drop(struct agent *agent, unsigned ifindex, const struct tmip_mac *mac);

/* Puts the identity of its association into a client's message from that cell. False: it is asked for; dhcp_serve() follows. */
bool authenticator_identify(struct agent *agent, unsigned cell, struct dhcp_request *request);
/* May the client have the address that the record binds to another MAC? False: that is found out; dhcp_serve() follows. */
bool authenticator_may_take(struct agent *agent, unsigned cell, const struct dhcp_request *request, const struct station_record *record);

json_t *authenticators_report(const struct agent *agent);

#endif
