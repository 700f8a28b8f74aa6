/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps the cells of this CN in service: attaches their programs, makes their kernel settings and
 * routes, follows their interfaces. While an interface is down or gone, its stand-in serves the
 * stations that are elsewhere (stand_in.h); the cell is served again when the interface is back.
 * Texts in `why` name the interface.
 */
#ifndef TMIP_AGENT_INTERFACE_CELLS_H
#define TMIP_AGENT_INTERFACE_CELLS_H

#include "cell_table.h"
#include "core/roam/roam.h"

#define CELLS_WHY 320

struct agent_config;
struct backbone;
struct cells;
struct datapath;
struct event_base;

/* A cell that is no more, and whom that cuts. */
struct cells_cut {
	char name[CONFIG_IF_LEN];
	struct roam_users users;
};

struct cells_calls {
	void (*described)(void *arg); /* what the network knows of this CN is out of date */
	void (*served)(void *arg);    /* one more cell is served */
	void (*left)(void *arg);      /* a cell that was to leave is not served any more */
	void (*changed)(void *arg);   /* the state that people see changed */
	void *arg;
};

struct cells_setup {
	struct event_base *base;
	const struct agent_config *config; /* read anew at each use */
	struct backbone *backbone;         /* brought up to date together with the cells */
	struct datapath *dp;
	struct roam *roam;
	bool by_command; /* `attach` has named the cells: each must be served at once */
	struct cells_calls calls;
};

struct cells *cells_create(const struct cells_setup *setup); /* NULL: no memory */
/*
 * Serves the cells of the configuration, makes the settings of the whole machine, and begins to
 * follow the interfaces. A cell whose interface is not there yet is served when it comes. 0 or
 * -errno with `why`.
 */
int cells_start(struct cells *cells, char why[CELLS_WHY]);
/* tear_down: takes all cells out of service and restores the settings first. NULL is allowed. */
void cells_destroy(struct cells *cells, bool tear_down);

/* Serves an interface as a cell. 0, also if it is one already; -errno with `why`. */
int cells_attach(struct cells *cells, const char *name, bool by_command, char why[CELLS_WHY]);
/*
 * Takes a cell away. If stations of its subnet are elsewhere, or guests are in it (`users`), it
 * leaves later, when nobody needs it any more; with `now` they are cut. A cell that leaves serves
 * nobody new. 0; -ENOENT with `why`: there is no such cell.
 */
int cells_detach(struct cells *cells, const char *name, bool now, struct roam_users *users,
		 char why[CELLS_WHY]);
/*
 * Can the cells of a new configuration be served, as far as their interfaces are there? Writes a
 * line for each that cannot into `errors` (`size` bytes), and returns their number.
 */
unsigned cells_check(const struct cells *cells, const struct agent_config *config, char *errors,
		     size_t size);
/*
 * After a new configuration: cells of the file come and go, pools and name servers change. Returns
 * the number of cells that have left though somebody needed them.
 */
unsigned cells_reconfigure(struct cells *cells, const struct agent_config *former,
			   struct cells_cut cut[CN_CELLS_MAX]);

/*
 * The register refuses the cell with this subnet: for the time being it is no part of this CN.
 * False: that would leave no cell, or there is none like that; then all stay as they are.
 */
bool cells_refuse(struct cells *cells, const struct prefix *subnet);
/* Whoever was refused is a part of this CN again, until the register refuses it again. */
void cells_ask_again(struct cells *cells);

/*
 * The least MTU of the paths to other CNs, in bytes of the outer packet; 0: none is known to be
 * less than the backbone's. The routes of the cells follow, also the backbone's MTU.
 */
void cells_set_path_mtu(struct cells *cells, unsigned mtu);

const struct cell_table *cells_table(const struct cells *cells);

/* Sends gratuitous ARP for the address into the cell. A zero MAC stands for the cell's own. */
void cells_announce(struct cells *cells, unsigned ifindex, const struct tmip_addr *addr,
		    const struct tmip_mac *mac);
/*
 * Tells the MAC `to` in the cell by ARP that the address, which it uses, is at `mac` (RFC 5227,
 * 2.4). A zero MAC stands for the cell's own.
 */
void cells_defend(struct cells *cells, unsigned ifindex, const struct tmip_addr *addr,
		  const struct tmip_mac *to, const struct tmip_mac *mac);
/* Answers a question by ARP of `to`, whose address is to_addr: addr is at the cell's own MAC. */
void cells_answer(struct cells *cells, unsigned ifindex, const struct tmip_addr *addr,
		  const struct tmip_mac *to, const struct tmip_addr *to_addr);

/*
 * Removes what a killed agent with this configuration left: links, pins, settings, routes. 0 or
 * -errno.
 */
int cells_remove_remains(const struct agent_config *config);

#endif
