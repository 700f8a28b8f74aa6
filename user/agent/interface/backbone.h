/* SPDX-License-Identifier: BSD-2-Clause */
/* The interface to the other CNs (directive cn_if): what it is now, and the programs on it. */
#ifndef TMIP_AGENT_BACKBONE_H
#define TMIP_AGENT_BACKBONE_H

#include "io/datapath/datapath.h"

struct agent;
struct netlink_interface;

/* At the start: finds the interface and the address of this end of the tunnels. 0 or -errno; the reason is logged. */
int backbone_find(struct agent *agent);
int backbone_attach(struct agent *agent, char why[DATAPATH_WHY]);
/* The interface is another one now, or it, what is on it, or the configuration may have changed. */
void backbone_update(struct agent *agent, const struct netlink_interface *now);

#endif
