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
#include "stand_in.h"

#define CELL_WHY 320

struct frame_port;

struct cell {
	char name[CONFIG_IF_LEN];           /* of the interface */
	unsigned number;                    /* no other cell has it; below CN_CELLS_MAX */
	bool by_command;                    /* attached by a command, not by the configuration */
	bool logged;                        /* the log says already that the cell is not served */
	bool served;                        /* the interface has the programs */
	bool bare;                          /* it is served without an address of its own */
	bool leaving;                       /* to be taken away when nobody needs it any more */
	bool refused;                       /* by the register: its subnet is another CN's */
	/*
	 * As it was last. Its ifindex is the cell's key in all tables, also while the interface is
	 * gone; 0: the cell has never been served, and has no subnet.
	 */
	struct netlink_interface interface;
	struct cell_info info;              /* as the network knows the cell */
	struct stand_in stand_in;
	struct frame_port *port;            /* for the agent's own frames; NULL: not served */
	char why[CELL_WHY];                 /* why it is not served; empty: it is */
};

/* Can nobody be in the cell now? */
static inline bool cell_is_down(const struct cell *cell)
{
	return !cell->served || !cell->interface.up;
}

struct cell_table {
	struct cell list[CN_CELLS_MAX];
	unsigned count;
};

/* The cell with this key; NULL: none. */
const struct cell *cell_table_find(const struct cell_table *table, unsigned ifindex);
/* The same if it is served: frames can be sent into it. */
const struct cell *cell_table_find_served(const struct cell_table *table, unsigned ifindex);
/* Is this the MAC of a cell's own interface? */
bool cell_table_has_mac(const struct cell_table *table, const struct tmip_mac *mac);
/* The place of that cell in the list; -1: none. */
int cell_table_index(const struct cell_table *table, unsigned ifindex);
/* The cell of that name; NULL: none. */
struct cell *cell_table_find_name(struct cell_table *table, const char *name);
/* The key of the cell that has exactly this subnet; 0: none. */
unsigned cell_table_find_subnet(const struct cell_table *table, const struct prefix *subnet);
/* A cell other than `name` whose subnet overlaps this one; NULL: none. */
const struct cell *cell_table_find_overlap(const struct cell_table *table, const char *name,
					   const struct prefix *subnet);

/*
 * Fills in cells and cell_count: the cells whose subnet is known, those that leave without a pool,
 * and none that is refused. The rest of *out stays as it is.
 */
void cell_table_describe(const struct cell_table *table, struct cn_info *out);

#endif
