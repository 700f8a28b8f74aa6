/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does netfilter let the packets of stations pass between the cells and the interface of the
 * default route, or else the backbone? The evaluation and the status ask.
 */
#ifndef TMIP_AGENT_INTERFACE_FORWARDING_H
#define TMIP_AGENT_INTERFACE_FORWARDING_H

#include <stdbool.h>

#include "core/config/agent_config.h"
#include "io/kernel/netlink.h"

#define FORWARDING_WHY 400

/* One finding. `certain`: the packets are lost; else they are unless some rule accepts them. */
typedef void forwarding_found(bool certain, const char *cell, const char *text, void *arg);

struct forwarding_setup {
	const struct agent_config *config;
	unsigned backbone_ifindex;
	const struct netlink_interface *cells[CN_CELLS_MAX];
	unsigned cell_count;
	forwarding_found *found;
	void *arg;
};

/* Calls `found` for each finding. 0, or -errno: the rules are not known. */
int forwarding_check(const struct forwarding_setup *setup);

#endif
