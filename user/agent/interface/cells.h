/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cells of this CN: which interfaces they are, what the network is told of them, the programs, settings and routes
 * they need. A cell whose interface vanishes is taken up again when it is back. Texts in `why` name the interface.
 */
#ifndef TMIP_AGENT_CELLS_H
#define TMIP_AGENT_CELLS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/base/station.h"

#define CELLS_WHY 320

struct agent;
struct agent_config;
struct frame_port;

/* What others need of a cell that is served. */
struct cell_view {
	const char *name;
	const struct cell_info *info;
	struct tmip_mac mac;
	struct frame_port *port;
};

/* Settings of the whole machine and of the backbone, then the cells of the configuration. 0 or -errno with `why`. */
int cells_start(struct agent *agent, char why[CELLS_WHY]);
/* Frees; with agent->tear_down also takes all cells away and puts settings back. */
void cells_stop(struct agent *agent);

int cells_attach(struct agent *agent, const char *name, bool by_command, char why[CELLS_WHY]);
int cells_detach(struct agent *agent, const char *name, char why[CELLS_WHY]); /* -ENOENT: it is no cell */
unsigned cells_count(const struct agent *agent);
/* After a new configuration: cells of the file come and go, pools and name servers change. */
void cells_reconfigure(struct agent *agent, const struct agent_config *former);

void cells_describe(const struct agent *agent, struct cn_info *out); /* this CN, as the network is told of it */
unsigned cells_find_subnet(const struct agent *agent, const struct prefix *subnet); /* ifindex; 0: none of ours */
bool cells_find(const struct agent *agent, unsigned ifindex, struct cell_view *out);
/* Gratuitous ARP in the cell. A zero MAC: the cell's own. */
void cells_announce(struct agent *agent, unsigned ifindex, const struct tmip_addr *addr, const struct tmip_mac *mac);
json_t *cells_report(const struct agent *agent, const unsigned *stations_by_cell); /* in the order of cells_count */
int cells_index(const struct agent *agent, unsigned ifindex); /* -1: none */

/* Takes away what a killed agent with this configuration left: links, pins, settings, routes. 0 or -errno. */
int cells_remove_remains(const struct agent_config *config);

#endif
