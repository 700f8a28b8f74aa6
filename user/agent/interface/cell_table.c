/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of cells. See cell_table.h. */
#include "cell_table.h"

#include <string.h>

int cell_table_index(const struct cell_table *table, unsigned ifindex)
{
	for (unsigned i = 0; ifindex && i < table->count; i++)
		if (table->list[i].interface.ifindex == ifindex)
			return (int)i;
	return -1;
}

const struct cell *cell_table_find(const struct cell_table *table, unsigned ifindex)
{
	int i = cell_table_index(table, ifindex);

	return i < 0 ? NULL : &table->list[i];
}

const struct cell *cell_table_find_served(const struct cell_table *table, unsigned ifindex)
{
	const struct cell *cell = cell_table_find(table, ifindex);

	return cell && cell->served ? cell : NULL;
}

bool cell_table_has_mac(const struct cell_table *table, const struct tmip_mac *mac)
{
	for (unsigned i = 0; i < table->count; i++)
		if (table->list[i].interface.ifindex &&
		    mac_equal(&table->list[i].interface.mac, mac))
			return true;
	return false;
}

struct cell *cell_table_find_name(struct cell_table *table, const char *name)
{
	for (unsigned i = 0; i < table->count; i++)
		if (strcmp(table->list[i].name, name) == 0)
			return &table->list[i];
	return NULL;
}

unsigned cell_table_find_subnet(const struct cell_table *table, const struct prefix *subnet)
{
	for (unsigned i = 0; i < table->count; i++) {
		const struct cell *cell = &table->list[i];

		if (cell->interface.ifindex && prefix_equal(&cell->info.subnet, subnet))
			return cell->interface.ifindex;
	}
	return 0;
}

const struct cell *cell_table_find_overlap(const struct cell_table *table, const char *name,
					   const struct prefix *subnet)
{
	for (unsigned i = 0; i < table->count; i++) {
		const struct cell *cell = &table->list[i];

		if (cell->interface.ifindex && strcmp(cell->name, name) != 0 &&
		    prefix_overlaps(&cell->info.subnet, subnet))
			return cell;
	}
	return NULL;
}

void cell_table_describe(const struct cell_table *table, struct cn_info *out)
{
	out->cell_count = 0;
	for (unsigned i = 0; i < table->count; i++) {
		const struct cell *cell = &table->list[i];
		struct cell_info *info;

		if (!cell->interface.ifindex || cell->refused)
			continue;
		info = &out->cells[out->cell_count++];
		*info = cell->info;
		if (!cell->leaving)
			continue;
		memset(&info->pool_first, 0, sizeof(info->pool_first));
		memset(&info->pool_last, 0, sizeof(info->pool_last));
	}
}
