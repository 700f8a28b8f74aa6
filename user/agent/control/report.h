/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of the running agent as JSON: what the control socket answers, and what text.h prints.
 * It looks at all modules and changes none. Each function returns a new reference; tmip-agent(8)
 * and description.h have the members.
 */
#ifndef TMIP_AGENT_CONTROL_REPORT_H
#define TMIP_AGENT_CONTROL_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct agent_config;
struct authenticators;
struct backbone;
struct buffer;
struct cell_table;
struct datapath;
struct dhcp;
struct groups;
struct path_mtus;
struct peers;
struct presence;
struct problems;
struct register_client;
struct roam;
struct trail;
struct wifi;

/* What a report looks at. */
struct report {
	const struct agent_config *config;
	uint64_t started_ms; /* clock_ms() */
	bool adopted;        /* the maps of a former agent go on */
	const struct backbone *backbone;
	const struct datapath *dp;
	const struct roam *roam;
	const struct register_client *reg;
	const struct peers *peers;
	const struct path_mtus *paths;
	const struct cell_table *cells;
	const struct presence *presence;
	const struct trail *trail;
	const struct buffer *buffer;
	const struct groups *groups;
	const struct dhcp *dhcp;
	const struct wifi *wifi; /* NULL: no nl80211 here */
	const struct authenticators *authenticators;
	struct problems *problems; /* it remembers */
};

json_t *report_status(const struct report *report);
json_t *report_peers(const struct report *report);
/*
 * which: an address, a MAC or NULL for all. `here` leaves out stations that this CN has nothing to
 * do with.
 */
json_t *report_stations(const struct report *report, const char *which, bool here);
/* which: an address or a MAC; NULL with *error: it is neither. */
json_t *report_why(const struct report *report, const char *which, const char **error);

#endif
