/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface to the other CNs (directive cn_if): what it is now, and the programs on it. The
 * members below are for everybody to read; only backbone.c writes them.
 */
#ifndef TMIP_AGENT_INTERFACE_BACKBONE_H
#define TMIP_AGENT_INTERFACE_BACKBONE_H

#include <stdbool.h>

#include "core/base/addr.h"
#include "io/datapath/datapath.h"

struct agent_config;
struct netlink_interface;

#define BACKBONE_FAULT 128

struct backbone_calls {
	/* Interface or MTU are others now: the data path needs them. */
	void (*changed)(void *arg);
	void (*moved)(void *arg); /* so is `tunnel` */
	void *arg;
};

struct backbone {
	unsigned ifindex;
	unsigned mtu;             /* bytes */
	bool headless;            /* packets have no link headers: WireGuard and the like */
	struct tmip_addr tunnel;  /* this CN's end of the tunnels */
	char fault[BACKBONE_FAULT]; /* why nothing reaches that end now; empty: nothing is wrong */
	unsigned xdp;             /* ifindex of the interface with the XDP program; 0: none */
	char xdp_why[DATAPATH_WHY]; /* why there is none */

	const struct agent_config *config;
	struct datapath *dp;
	struct backbone_calls calls;
};

/*
 * At the start: finds the interface and the address of this end of the tunnels. 0 or -errno; the
 * log has the reason.
 */
int backbone_find(struct backbone *backbone, const struct agent_config *config);

/* Attaches the programs, from now on through dp. 0 or -errno with `why`. */
int backbone_attach(struct backbone *backbone, struct datapath *dp,
		    const struct backbone_calls *calls, char why[DATAPATH_WHY]);

/*
 * Brings address and programs up to date after a change of the interface, of what is stacked on it,
 * or of the configuration.
 */
void backbone_update(struct backbone *backbone, const struct netlink_interface *now);
void backbone_gone(struct backbone *backbone); /* the interface */

#endif
