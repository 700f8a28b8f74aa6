/* SPDX-License-Identifier: BSD-2-Clause */
/* Can a new configuration be served? See cells.h. */
#include "cells_internal.h"

#include <errno.h>
#include <stdio.h>

int cells_no_room(const char *name, char why[CELLS_WHY])
{
	snprintf(why, CELLS_WHY, "%s: a CN has at most %d cells", name, CN_CELLS_MAX);
	return -ENOSPC;
}

/* A cell whose interface is away must be able to come back. */
static int check_known(const struct agent_config *config, const struct cell *cell,
		       struct cell_info *info, char why[CELLS_WHY])
{
	if (!cell || !cell->interface.ifindex)
		return -EAGAIN;
	return cell_describe(config, cell->name, &cell->interface, info, why);
}

static int check_cell(const struct cells *cells, const struct agent_config *config,
		      const char *name, struct cell_info *info, char why[CELLS_WHY])
{
	const struct cell *known = cell_table_find_name((struct cell_table *)&cells->table, name);
	struct cell_look look;
	int error = cell_examine(cells, config, name, known, &look, why);

	*info = look.info;
	return error == -EAGAIN ? check_known(config, known, info, why) : error;
}

/*
 * The cells that there are to be with that configuration: its own, unless cells come by command
 * alone, and those that a command has made. Returns their number.
 */
static unsigned list_wanted(const struct cells *cells, const struct agent_config *config,
			    const char *wanted[2 * CN_CELLS_MAX])
{
	unsigned count = 0;

	for (unsigned i = 0; !cells->with.by_command && i < config->cell_count; i++)
		wanted[count++] = config->mobile_if[i];
	for (unsigned i = 0; i < cells->table.count; i++) {
		const struct cell *cell = &cells->table.list[i];
		bool stays = (cell->by_command || cells->with.by_command) && !cell->leaving;

		if (stays && (cells->with.by_command || !agent_config_has_cell(config, cell->name)))
			wanted[count++] = cell->name;
	}
	return count;
}

unsigned cells_check(const struct cells *cells, const struct agent_config *config, char *errors,
		     size_t size)
{
	const char *wanted[2 * CN_CELLS_MAX], *known_names[2 * CN_CELLS_MAX];
	struct cell_info infos[2 * CN_CELLS_MAX];
	unsigned count = list_wanted(cells, config, wanted), known = 0, faults = 0;
	char why[CELLS_WHY];
	size_t used = 0;

	if (count > CN_CELLS_MAX) {
		cells_no_room(wanted[CN_CELLS_MAX], why);
		snprintf(errors, size, "%s", why);
		return 1;
	}
	for (unsigned i = 0; i < count; i++) {
		int error = check_cell(cells, config, wanted[i], &infos[known], why);

		if (error == -EAGAIN)
			continue;
		for (unsigned k = 0; !error && k < known; k++)
			if (prefix_overlaps(&infos[k].subnet, &infos[known].subnet))
				error = cell_unusable(wanted[i], why, "its subnet overlaps that "
						      "of %s", known_names[k]);
		known_names[known] = wanted[i];
		known += !error;
		if (error && used < size)
			used += (size_t)snprintf(errors + used, size - used, "%s%s",
						 faults ? "\n" : "", why);
		faults += error != 0;
	}
	return faults;
}
