/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP of this CN in its cells. See cells.h. */
#include <string.h>

#include "cells_internal.h"
#include "io/datapath/frame.h"
#include "io/process/log.h"

void cells_announce(struct cells *cells, unsigned ifindex, const struct tmip_addr *addr,
		    const struct tmip_mac *mac)
{
	const struct cell *cell = cell_table_find_served(&cells->table, ifindex);
	const struct tmip_mac *own = cell ? &cell->interface.mac : NULL;
	int error = 0;

	if (cell)
		error = frame_announce(cell->port, own, addr, mac_is_zero(mac) ? own : mac);
	if (error)
		log_debug("cell %s: gratuitous ARP not sent: %s", cell->name, strerror(-error));
}

void cells_defend(struct cells *cells, unsigned ifindex, const struct tmip_addr *addr,
		  const struct tmip_mac *to, const struct tmip_mac *mac)
{
	const struct cell *cell = cell_table_find_served(&cells->table, ifindex);
	const struct tmip_mac *own = cell ? &cell->interface.mac : NULL;
	int error = 0;

	if (cell)
		error = frame_defend(cell->port, to, own, addr, mac_is_zero(mac) ? own : mac);
	if (error)
		log_debug("cell %s: ARP defence not sent: %s", cell->name, strerror(-error));
}

void cells_answer(struct cells *cells, unsigned ifindex, const struct tmip_addr *addr,
		  const struct tmip_mac *to, const struct tmip_addr *to_addr)
{
	const struct cell *cell = cell_table_find_served(&cells->table, ifindex);
	int error = 0;

	if (cell)
		error = frame_answer(cell->port, to, to_addr, &cell->interface.mac, addr);
	if (error)
		log_debug("cell %s: ARP answer not sent: %s", cell->name, strerror(-error));
}
