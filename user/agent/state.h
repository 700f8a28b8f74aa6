/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The composition root: struct agent holds every module, and only the files of this folder see it.
 * agent.c starts and ends it, wiring.c and wiring_stations.c give each module what it needs and the
 * calls that it raises, messages.c brings MLRP messages to their subjects, actions.c does what the
 * roaming machine decides, apply.c makes machine and data path follow the configuration.
 */
#ifndef TMIP_AGENT_STATE_H
#define TMIP_AGENT_STATE_H

#include <event2/dns.h>
#include <event2/event.h>

#include "control/commands.h"
#include "control/report.h"
#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "interface/backbone.h"
#include "io/datapath/datapath.h"
#include "network/register.h"

struct address_checks;
struct cells;
struct cns;
struct console;
struct control_server;
struct farewells;
struct greetings;
struct impostors;
struct mlrp_self;
struct neighbours;
struct outage;
struct path_mtus;
struct problems;
struct places;
struct status_file;
struct twins;

struct agent {
	struct agent_config config;
	const char *config_path; /* NULL: none to read again */
	struct event_base *base;
	struct evdns_base *dns;
	struct event *signals[3];
	struct event *roam_timer;
	struct event *dp_event;
	struct event *alive;    /* writes tmip_alive */
	uint64_t started_ms;
	uint64_t instance;       /* random: no other agent has it, nor the next one here */

	struct backbone backbone;
	struct datapath *dp;
	struct roam *roam;
	struct trail *trail;
	struct cells *cells;
	struct register_client *reg;
	struct peers *peers;
	struct path_mtus *paths;
	struct cns *cns;
	struct outage *outage;
	struct presence *presence;
	struct greetings *greetings;
	struct farewells *farewells;
	struct places *places;
	struct neighbours *neighbours;
	struct address_checks *checks;
	struct buffer *buffer;
	struct groups *groups;
	struct dhcp *dhcp;
	struct twins *twins;
	struct wifi *wifi; /* NULL: no nl80211 here */
	struct authenticators *authenticators;
	struct impostors *impostors;
	struct problems *problems;
	struct report report;
	struct status_file *status_file;
	struct commands commands;
	struct control_server *control;
	struct console *console;

	void (*ready)(void *arg); /* called once, when stations are served */
	/* Called once, and before `ready`, if the register refuses this CN. */
	void (*refused)(const char *why, void *arg);
	void *ready_arg;
	bool was_ready, was_refused;
	char name[NAME_LEN];     /* that the register has given this CN; empty: that of `config` */
	bool adopted;            /* the maps of a former agent were there */
	bool attached;           /* cells come and go by command alone */
	bool tear_down;          /* forwarding ends with the agent */
	int status;              /* exit status */
};

/* ---- agent.c */
void agent_stop(struct agent *agent, bool tear_down);
void agent_ready(struct agent *agent);   /* in step with the register, or it is down */
void agent_refused(struct agent *agent, const char *why); /* by the register */
void agent_changed(struct agent *agent); /* the state that people see changed */

/* ---- apply.c */
struct roam_options apply_roam_options(const struct agent *agent);
/* The configuration is another one now: roaming machine, data path and modules follow. */
void apply_config(struct agent *agent);
void apply_map(struct agent *agent); /* the map tmip_config alone */
/* Reads the configuration again; for errors see struct commands_calls. */
int apply_reload(struct agent *agent, json_t **result, char **errors);

/* ---- wiring.c: 0 or -errno; what cannot be made without the data path comes second */
int wiring_create_network(struct agent *agent); /* register, outage */
int wiring_create_peers(struct agent *agent);   /* listens */
int wiring_create_cells(struct agent *agent);   /* with the ways to the other CNs */
/* This CN's end of the tunnels is another address now: tells everybody. */
void wiring_move_tunnel(struct agent *agent);
/* This CN, as the network knows it. */
void wiring_describe_cn(struct agent *agent, struct cn_info *out);
/* The register describes a CN: if it is this one, it may have another name now. */
void wiring_note_name(struct agent *agent, const struct cn_info *cn);

/* ---- wiring_stations.c */
int wiring_create_stations(struct agent *agent); /* 0 or -errno */
void wiring_create_wifi(struct agent *agent);    /* unless it is there, or there is no nl80211 */

/* ---- messages.c */
extern const struct register_subscription MESSAGES_OF_REGISTER[];
extern const unsigned MESSAGES_OF_REGISTER_COUNT;
/* arg: the agent. */
void messages_from_cn(uint32_t cn, const struct mlrp_message *message, void *arg);

/* ---- actions.c */
void actions_apply(const struct roam_action *action, void *arg); /* arg: the agent */

#endif
