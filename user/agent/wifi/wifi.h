/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stations at the access points of this CN's cells, as the kernel (nl80211) tells of them:
 * - A station that is let in has arrived, also if its access point sends no layer-2 update for it.
 * - One that is removed has left its cell, unless it is back at once.
 * - One that has moved to another CN is taken from its access point here, which is not told otherwise.
 * Without nl80211 none of this happens, and nothing else needs it.
 */
#ifndef TMIP_AGENT_WIFI_H
#define TMIP_AGENT_WIFI_H

#include <jansson.h>

#include "core/base/addr.h"

struct agent;

void wifi_start(struct agent *agent);
void wifi_stop(struct agent *agent);

/* The cell that an access point is, or a port of: its ifindex; 0: none. */
unsigned wifi_cell(const struct agent *agent, unsigned ifindex);

/* The machine: a station with this MAC was in that cell until now, and is elsewhere. */
void wifi_gone(struct agent *agent, const struct tmip_mac *mac, unsigned cell);

json_t *wifi_report(const struct agent *agent);

#endif
