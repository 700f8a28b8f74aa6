/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent reports, described member by member: report.c makes JSON of it, text.c lines of
 * text. The names are an outside contract (tmip-agent(8)): members are added, never renamed.
 */
#ifndef TMIP_AGENT_CONTROL_DESCRIPTION_H
#define TMIP_AGENT_CONTROL_DESCRIPTION_H

#include <stdbool.h>

#include "agent/wifi/authenticator.h"
#include "io/format/fields.h"

/* ---- counters: each table is for the struct that its module fills in */
extern const struct field STATION_COUNT_FIELDS[];       /* struct roam_counts */
extern const struct field HANDOVER_COUNT_FIELDS[];      /* struct roam_counts */
extern const struct field DHCP_COUNT_FIELDS[];          /* struct dhcp_counts */
extern const struct field BUFFER_COUNT_FIELDS[];        /* struct buffer_counts */
extern const struct field GROUPS_COUNT_FIELDS[];        /* struct groups_counts */
extern const struct field WIFI_COUNT_FIELDS[];          /* struct wifi_counts */

/* ---- objects: report.c fills in a view of each */

struct status_view {
	const char *network;
	json_t *cn;
	const char *version;
	unsigned pid;
	uint64_t uptime_s;
	bool adopted;
	json_t *reg, *backbone, *stations, *handovers, *dhcp, *buffer, *groups, *cells, *counters;
	json_t *wifi, *hostapd, *problems;
};
extern const struct field STATUS_FIELDS[];

struct cn_view {
	const char *name;
	unsigned id;
	const char *tunnel;
};
extern const struct field CN_FIELDS[];

struct register_report {
	char address[300];
	const char *state;
	uint64_t since_s, epoch, seq;
	const char *error;
	bool confirmed;
};
extern const struct field REGISTER_FIELDS[];

struct backbone_view {
	const char *interface, *hook, *xdp, *xdp_reason;
	unsigned mtu;
	const char *fault;
};
extern const struct field BACKBONE_FIELDS[];

struct cell_view {
	const char *interface, *subnet, *gateway;
	json_t *pool;
	const char *hook;
	unsigned stations;
	const char *state, *reason;
};
extern const struct field CELL_FIELDS[];

struct counter_view {
	unsigned number;
	const char *reason, *verdict, *text;
	uint64_t packets, bytes;
};
extern const struct field COUNTER_FIELDS[];

struct hostapd_view {
	const char *interface, *socket, *state;
};
extern const struct field HOSTAPD_FIELDS[];

struct hostapds_view {
	json_t *links;
	struct authenticator_counts counts;
};
extern const struct field HOSTAPDS_FIELDS[];

struct station_view {
	const char *address, *mac, *state, *cell, *parent, *current, *kind, *other_macs;
	uint64_t lease_end, epoch, seq;
	bool pending, damped, silent;
	json_t *heard_s;
};
extern const struct field STATION_FIELDS[];

struct peer_view {
	const char *name;
	unsigned id;
	const char *tunnel, *type, *link;
	unsigned stations, mtu;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	const char *mtu_source;
};
extern const struct field PEER_FIELDS[];

struct drop_view {
	uint64_t count;
	const char *reason, *text, *interface;
	double age_s;
};
extern const struct field DROP_FIELDS[];

/* A device or tunnel on the way of a station's packets. */
struct part_view {
	const char *part, *name, *state;
	uint64_t sent, received, dropped;
};
extern const struct field PART_FIELDS[];

struct why_view {
	const char *address, *mac;
	json_t *record, *trail, *drops, *path, *counters;
};
extern const struct field WHY_FIELDS[];

struct step_view {
	double time;
	const char *text;
};
extern const struct field STEP_FIELDS[];

#endif
