/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of the running agent: one struct, handed to every file of this folder. One thread, one event loop.
 */
#ifndef TMIP_AGENT_STATE_H
#define TMIP_AGENT_STATE_H

#include <event2/dns.h>
#include <event2/event.h>

#include "agent.h"
#include "agent/network/register.h"
#include "agent/station/trail.h"
#include "core/roam/roam.h"
#include "io/datapath/datapath.h"

struct authenticators;
struct away;
struct buffer;
struct cells;
struct console;
struct control_server;
struct dhcp;
struct evconnlistener;
struct mlrp_self;
struct peer;
struct greeting;
struct groups;
struct holder;
struct presence;
struct wifi;

struct agent {
	struct agent_config config;
	const char *config_path; /* NULL: none to read again */
	struct event_base *base;
	struct evdns_base *dns;
	struct event *signals[4];
	struct event *roam_timer;
	struct event *status_timer;
	struct event *dp_event;
	uint64_t started_ms;

	unsigned backbone;       /* ifindex of cn_if */
	unsigned backbone_mtu;
	bool backbone_headless; /* no link headers: WireGuard and the like */
	struct tmip_addr tunnel; /* this CN's tunnel address */
	struct {
		unsigned ifindex;        /* with the program; 0: none */
		char why[DATAPATH_WHY];  /* not */
	} xdp;

	struct datapath *dp;
	struct roam *roam;
	struct trail *trail;
	struct register_client reg;
	struct evconnlistener *listener;
	struct peer *peers;
	struct cells *cells;
	struct presence *presence;
	struct greeting *greetings;
	struct wifi *wifi;                   /* NULL: no nl80211 here */
	struct authenticators *authenticators;
	struct holder *holders;
	struct buffer *buffer;
	struct groups *groups;
	struct dhcp *dhcp;
	struct away *away;
	struct control_server *control;
	struct console *console;

	void (*ready)(void *arg); /* called once, when stations are served */
	void *ready_arg;
	bool was_ready;
	bool adopted;            /* the maps of a former agent were there */
	bool attached;           /* cells come and go by command alone */
	bool tear_down;          /* leave nothing behind at the end */
	int status;              /* exit status */
};

uint64_t agent_now_ms(void);  /* CLOCK_MONOTONIC */
uint64_t agent_unix_us(void);
uint32_t agent_random(uint32_t bound); /* 0 .. bound-1 */

/* The configuration is another one now: tell the machine and the data path. */
void agent_apply_config(struct agent *agent);
void agent_put_config(struct agent *agent); /* the map alone */

void agent_describe_self(const struct agent *agent, struct mlrp_self *self);
void agent_arm_roam(struct agent *agent); /* the roaming machine was called: its next deadline may have changed */
/* One line in the log and in the station's trail. mac NULL: nothing. */
__attribute__((format(printf, 4, 5))) void agent_log(struct agent *agent, int level, const struct tmip_mac *mac, const char *format, ...);
void agent_changed(struct agent *agent);  /* the status file is out of date */
void agent_ready(struct agent *agent);    /* in step with the register, or told that it is away */
void agent_stop(struct agent *agent, bool tear_down);

#endif
