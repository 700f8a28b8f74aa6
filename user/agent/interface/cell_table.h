/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cells of this CN as a table: what each interface is, and what the network knows of it.
 * cells.c fills the table; everybody else looks things up. Pure.
 */
#ifndef TMIP_AGENT_INTERFACE_CELL_TABLE_H
#define TMIP_AGENT_INTERFACE_CELL_TABLE_H

#include <stdbool.h>

#include "core/base/station.h"
#include "core/config/agent_config.h"
#include "io/kernel/netlink.h"

struct frame_port;

struct cell {
	char name[CONFIG_IF_LEN];           /* of the interface */
	bool by_command;                    /* attached by a command, not by the configuration */
	bool logged;                        /* the log says already that the cell is not served */
	struct netlink_interface interface; /* ifindex 0: the cell is not served now */
	struct cell_info info;              /* as the network knows the cell */
	struct frame_port *port;            /* for the agent's own frames; NULL: not served */
};

struct cell_table {
	struct cell list[CN_CELLS_MAX];
	unsigned count; /* of cells, served or not */
};

/* The served cell that is this interface; NULL: none. */
const struct cell *cell_table_find(const struct cell_table *table, unsigned ifindex);
/* Is this the MAC of a served cell's own interface? */
bool cell_table_has_mac(const struct cell_table *table, const struct tmip_mac *mac);
/* The place of that cell in the list; -1: none. */
int cell_table_index(const struct cell_table *table, unsigned ifindex);
/* The cell of that name, served or not; NULL: none. */
struct cell *cell_table_find_name(struct cell_table *table, const char *name);
/* The served cell that has exactly this subnet: its ifindex; 0: none. */
unsigned cell_table_find_subnet(const struct cell_table *table, const struct prefix *subnet);
/* A served cell other than `name` whose subnet overlaps this one; NULL: none. */
const struct cell *cell_table_find_overlap(const struct cell_table *table, const char *name,
					   const struct prefix *subnet);

/* Fills in cells and cell_count: the served cells. The rest of *out stays as it is. */
void cell_table_describe(const struct cell_table *table, struct cn_info *out);

#endif
