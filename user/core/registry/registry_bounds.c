/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many addresses one MAC may have, or may have taken out of use, how many addresses of a cell
 * may be out of use, and how many static stations a CN may bring. A station can thus take a share
 * of the network, and no more. registry_table.c reports each change of a state.
 */
#include "registry_internal.h"

#include <stdlib.h>
#include <string.h>

/* Of a cell's pool, this part may be declined, but at least so many addresses. */
#define DECLINED_PART 8
#define DECLINED_LEAST 4

static bool holds(uint8_t state)
{
	return state == RECORD_BOUND || state == RECORD_OFFERED;
}

/* ---- the counters of a MAC */

static struct reg_mac *find_mac(const struct registry *registry, const struct tmip_mac *mac)
{
	struct reg_mac *found;

	HASH_FIND(hh, registry->macs, mac, sizeof(*mac), found);
	return found;
}

/* NULL: no memory; then this address does not count. */
static struct reg_mac *ensure_mac(struct registry *registry, const struct tmip_mac *mac)
{
	struct reg_mac *entry = find_mac(registry, mac);

	if (!entry)
		entry = calloc(1, sizeof(*entry));
	if (!entry || entry->hh.tbl)
		return entry;
	entry->mac = *mac;
	HASH_ADD(hh, registry->macs, mac, sizeof(entry->mac), entry);
	if (entry->hh.tbl)
		return entry;
	free(entry);
	return NULL;
}

static void drop_unused(struct registry *registry, struct reg_mac *entry)
{
	if (entry->addresses || entry->declined)
		return;
	HASH_DEL(registry->macs, entry);
	free(entry);
}

/* ---- changes of state */

void reg_bounds_enter(struct registry *registry, struct reg_station *station)
{
	const struct station_record *record = &station->record;
	struct reg_cn *cn;

	if (!holds(record->state) && record->state != RECORD_DECLINED)
		return;
	station->counted = ensure_mac(registry, &record->mac);
	if (station->counted && holds(record->state))
		station->counted->addresses++;
	else if (station->counted)
		station->counted->declined++;
	if (record->state != RECORD_BOUND || record->kind != RECORD_STATIC)
		return;
	cn = reg_find_cn(registry, record->current);
	station->brought_by = cn ? cn->info.id : 0;
	if (cn)
		cn->brought++;
}

void reg_bounds_leave(struct registry *registry, struct reg_station *station)
{
	struct reg_mac *entry = station->counted;
	struct reg_cn *cn = station->brought_by ? reg_find_cn(registry, station->brought_by) : NULL;

	if (cn && cn->brought)
		cn->brought--;
	station->brought_by = 0;
	if (!entry)
		return;
	if (holds(station->record.state))
		entry->addresses--;
	else
		entry->declined--;
	station->counted = NULL;
	drop_unused(registry, entry);
}

void reg_bounds_free(struct registry *registry)
{
	struct reg_mac *entry, *next;

	HASH_ITER(hh, registry->macs, entry, next) {
		HASH_DEL(registry->macs, entry);
		free(entry);
	}
}

/* ---- the bounds */

bool reg_bounds_may_have(struct registry *registry, const struct tmip_mac *mac,
			 const struct tmip_addr *addr)
{
	const struct reg_station *station = reg_find(registry, addr);
	const struct reg_mac *entry = find_mac(registry, mac);

	if (!entry || entry->addresses < registry->options.mac_addresses ||
	    reg_host_has(reg_host_of_addr(registry, addr), mac) ||
	    (station && station->counted == entry && holds(station->record.state)))
		return true;
	registry->counts.bounded++;
	return false;
}

bool reg_bounds_may_bring(struct registry *registry, const struct reg_cn *cn)
{
	if (cn->brought < registry->options.cell_claims)
		return true;
	registry->counts.bounded++;
	return false;
}

static bool cell_may_lack(const struct registry *registry, const struct tmip_addr *addr)
{
	const struct reg_cell *cell = reg_find_cell(registry, addr);
	const struct reg_station *station;
	uint32_t most, count = 0;

	if (!cell || !cell->pool_first)
		return true;
	most = (cell->pool_last - cell->pool_first + 1) / DECLINED_PART;
	if (most < DECLINED_LEAST)
		most = DECLINED_LEAST;
	DL_FOREACH2(registry->declined, station, state_next)
		count += reg_find_cell(registry, &station->record.addr) == cell;
	return count < most;
}

bool reg_bounds_may_decline(struct registry *registry, const struct reg_station *station)
{
	const struct reg_mac *entry = find_mac(registry, &station->record.mac);

	if ((!entry || entry->declined < registry->options.mac_declines) &&
	    cell_may_lack(registry, &station->record.addr))
		return true;
	registry->counts.bounded++;
	return false;
}
