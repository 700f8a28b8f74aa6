/* SPDX-License-Identifier: BSD-2-Clause */
/* What a former agent left: links, pins, settings, stand-ins. See cells.h and cells_internal.h. */
#include <errno.h>
#include <net/if.h>

#include "backbone.h"
#include "cells_internal.h"
#include "io/kernel/netlink_device.h"
#include "io/kernel/sysctl.h"
#include "io/process/log.h"
#include "settings.h"

#define REMAINS_MAX (CN_CELLS_MAX * 4)

/* Interfaces that carry programs of a former agent, by the pins of the network. */
struct remains {
	unsigned ifindex[REMAINS_MAX];
	enum datapath_role role[REMAINS_MAX];
	int count;
};

static void find_remains(const struct agent_config *config, struct remains *remains)
{
	char dir[CONFIG_PATH_LEN + NAME_LEN];

	agent_config_pin_dir(config, dir);
	remains->count = datapath_attached(dir, remains->ifindex, remains->role, REMAINS_MAX);
	if (remains->count > REMAINS_MAX)
		remains->count = REMAINS_MAX;
}

/* The kernel settings of an interface that was a cell. */
static void clear_former(struct sysctl_store *settings, unsigned ifindex)
{
	struct netlink_interface interface;
	char name[IF_NAMESIZE];

	if (if_indextoname(ifindex, name) && netlink_get_interface(name, &interface) == 0)
		settings_clear_cell(settings, &interface);
}

static bool is_used(const struct cells *cells, unsigned ifindex, enum datapath_role role)
{
	const struct cell *cell;

	switch (role) {
	case DATAPATH_CELL:
		cell = cell_table_find(&cells->table, ifindex);
		return cell && cell->served;
	case DATAPATH_STAND_IN:
		for (unsigned i = 0; i < cells->table.count; i++)
			if (cells->table.list[i].stand_in.ifindex == ifindex)
				return true;
		return false;
	default:
		return ifindex == cells->with.backbone->ifindex;
	}
}

void cells_detach_former(struct cells *cells)
{
	struct remains remains;

	find_remains(cells->with.config, &remains);
	for (int i = 0; i < remains.count; i++) {
		unsigned ifindex = remains.ifindex[i];

		if (is_used(cells, ifindex, remains.role[i]))
			continue;
		datapath_detach(cells->with.dp, ifindex);
		if (!cell_table_find(&cells->table, ifindex)) /* else its interface is awaited */
			datapath_delete_cell(cells->with.dp, ifindex);
		if (remains.role[i] == DATAPATH_CELL)
			clear_former(cells->settings, ifindex);
		else if (remains.role[i] == DATAPATH_STAND_IN)
			netlink_delete_device(ifindex);
	}
}

int cells_remove_remains(const struct agent_config *config)
{
	char dir[CONFIG_PATH_LEN + NAME_LEN], why[CELLS_WHY];
	struct sysctl_store *settings = settings_open(config, why);
	struct remains remains;

	if (!settings) {
		log_error("%s", why);
		return -EIO;
	}
	find_remains(config, &remains);
	for (int i = 0; i < remains.count; i++)
		if (remains.role[i] == DATAPATH_CELL)
			clear_former(settings, remains.ifindex[i]);
	sysctl_restore(settings, "");
	sysctl_close(settings);
	settings_clear_machine(config);
	stand_in_close_all(config->network_name);
	agent_config_pin_dir(config, dir);
	return datapath_remove(dir);
}
