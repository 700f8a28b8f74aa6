/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared by the files behind cells.h: cells.c (the table, its life, commands), cell_service.c (one
 * cell), cell_arp.c, and remains.c. A cell that has been served once keeps its subnet while its
 * interface is down, gone, or cannot be a cell: this CN stays the parent of the stations that are
 * elsewhere, and the cell's stand-in takes the place of the interface in the kernel.
 */
#ifndef TMIP_AGENT_INTERFACE_CELLS_INTERNAL_H
#define TMIP_AGENT_INTERFACE_CELLS_INTERNAL_H

#include "cells.h"

#define CELLS_REFRESH_MS 100 /* one change of an interface brings several messages */

struct event;
struct sysctl_store;

struct cells {
	struct cells_setup with;
	struct cell_table table;
	struct sysctl_store *settings; /* former values */
	unsigned path_mtu;             /* as in cells_set_path_mtu() */
	int monitor_fd;
	struct event *monitor, *refresh, *leaving;
};

/* An interface that can be a cell, and the cell that it makes. */
struct cell_look {
	struct netlink_interface interface;
	struct cell_info info;
	bool bare; /* the address is that of before: the interface has none now */
};

/*
 * Reads the interface and decides whether it can be a cell. `cell`: NULL, or the cell of that name.
 * 0; -EAGAIN: not now, but it may become one; -EBUSY: the kernel did not answer; -EINVAL.
 */
int cell_examine(const struct cells *cells, const struct agent_config *config, const char *name,
		 const struct cell *cell, struct cell_look *look, char why[CELLS_WHY]);
/* What the configuration makes of that interface. 0; -EINVAL with `why`: its pool is elsewhere. */
int cell_describe(const struct agent_config *config, const char *name,
		  const struct netlink_interface *interface, struct cell_info *info,
		  char why[CELLS_WHY]);
/* Says that the cell would be one too many. Returns -ENOSPC. */
int cells_no_room(const char *name, char why[CELLS_WHY]);
/* Completes "NAME cannot be a cell: ". Returns -EINVAL. */
__attribute__((format(printf, 3, 4))) int cell_unusable(const char *name, char why[CELLS_WHY],
							const char *format, ...);
/* Makes the interface the cell's. 0, or -errno with `why`: then the cell is not served. */
int cell_serve(struct cells *cells, struct cell *cell, const struct cell_look *look,
	       char why[CELLS_WHY]);
/* The interface is gone, or cannot be a cell now. */
void cell_lose(struct cells *cells, struct cell *cell, const char *why);
/*
 * At the start the interface is not there, or not yet a cell: goes on with the subnet that a former
 * agent noted, if it did.
 */
void cell_recall(struct cells *cells, struct cell *cell);
/*
 * Brings a cell up to date with its interface and the configuration. Returns whether what the
 * network knows of the cell changed.
 */
bool cell_update(struct cells *cells, struct cell *cell);
/* After a change of cells->path_mtu. */
void cell_update_mtu(struct cells *cells, struct cell *cell);
/* Nothing of the cell remains, and its stations that are elsewhere are cut. */
void cell_withdraw(struct cells *cells, struct cell *cell);

/* Programs, stand-ins and settings of a former agent that belong to no cell any more. */
void cells_detach_former(struct cells *cells);

#endif
