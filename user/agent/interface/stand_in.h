/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device that takes a cell's place in the kernel. The CN stays the parent of its stations that
 * are elsewhere while the cell's interface is down, gone or without its address. Then the kernel
 * has no route to the subnet through the interface, and a last route leads to the stand-in: the
 * program there sends packets on into the tunnels, and packets out of the tunnels enter the kernel
 * through it. The stand-in is there at all times, so that all of this needs no agent.
 */
#ifndef TMIP_AGENT_INTERFACE_STAND_IN_H
#define TMIP_AGENT_INTERFACE_STAND_IN_H

#include <stdbool.h>

#include "core/base/station.h"

#define STAND_IN_WHY 320
#define STAND_IN_NAME "tmiphome" /* a number follows */

struct stand_in {
	unsigned ifindex;         /* 0: there is none */
	unsigned mtu;             /* bytes; 0: not set yet */
	struct prefix subnet;     /* of its route */
	struct tmip_addr gateway; /* that it has now; zero: none */
	uint8_t gateway_len;      /* prefix length of `gateway` */
	bool former;              /* a former agent made it, and may have lent it an address */
	bool doubted;             /* the kernel told of a change of the device */
};

/*
 * Finds the stand-in that a former agent made for this cell of the network, or makes it. 0 or
 * -errno with `why`.
 */
int stand_in_open(struct stand_in *stand_in, const char *network, const char *cell,
		  char why[STAND_IN_WHY]);
/* Deletes the device, with its route and address. Nothing happens if there is none. */
void stand_in_close(struct stand_in *stand_in);
/* Deletes the stand-ins of all cells of the network. */
void stand_in_close_all(const char *network);

/* What the kernel sends there: packets for the subnet, of up to `mtu` bytes. */
void stand_in_set(struct stand_in *stand_in, const struct prefix *subnet, unsigned mtu);
/*
 * Gives it the gateway's address while no other interface has that (`lent`), so that this host
 * answers for its gateway and sends from it as ever; or takes it back.
 */
void stand_in_lend(struct stand_in *stand_in, const struct cell_info *cell, bool lent);

#endif
