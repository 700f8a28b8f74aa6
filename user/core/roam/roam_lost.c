/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records that the register has lost: its database was deleted, or is an older copy, and the
 * snapshot lacks what this CN has. Such a record becomes one that the register does not know
 * (version 0.0). The parent reports it, and the CN that has the station: by BIND with the record,
 * as it was. CNs that have nothing to do with the station forget it until the register has it
 * again.
 */
#include "roam_internal.h"

uint32_t roam_lease_left(const struct roam *roam, const struct station_record *record,
			 uint64_t now_ms)
{
	uint64_t now_s = (uint64_t)((int64_t)now_ms + roam->clock_ms) / 1000;

	if (record->kind != RECORD_DYNAMIC)
		return roam->options.lease_s; /* if nothing reserves the address any more */
	if (record->lease_end <= now_s)
		return 0;
	return record->lease_end - now_s < UINT32_MAX ? (uint32_t)(record->lease_end - now_s) :
							UINT32_MAX;
}

void roam_set_clock(struct roam *roam, int64_t ahead_ms)
{
	int64_t shift_s = (ahead_ms - roam->clock_ms) / 1000;
	struct replica_station *station;

	for (station = roam->replica.stations; roam->clock_ms && shift_s && station;
	     station = station->hh.next)
		if (station->record.lease_end)
			station->record.lease_end += (uint64_t)shift_s;
	roam->clock_ms = ahead_ms;
}

/* ---- the CNs of a register that has lost them */

bool roam_reports(const struct roam *roam, const struct replica_station *station)
{
	const struct replica_cn *parent = replica_find_cn(&roam->replica, station->record.parent);

	if (station->record.parent == roam->self)
		return true;
	return station->lost && replica_current(station) == roam->self && parent && !parent->kept;
}

/* The entry of a CN that was kept is void: its number is another CN's, or it has another number. */
static void renumber(struct roam *roam, uint32_t former, uint32_t now)
{
	struct replica_station *station, *next;

	HASH_ITER(hh, roam->replica.stations, station, next) {
		if (!station->lost)
			continue;
		if (station->record.current == former)
			station->record.current = now ? now : station->record.parent;
		if (station->moved_to == former)
			station->moved_to = now;
		if (station->record.parent != former)
			continue;
		station->record.parent = now;
		if (!now)
			roam_forget(roam, station);
	}
}

static bool is_same_cn(const struct cn_info *a, const struct cn_info *b)
{
	return strcmp(a->name, b->name) == 0 || addr_equal(&a->tunnel, &b->tunnel);
}

/* The CN is back: what waited for that is reported now. */
static void wake(struct roam *roam, uint32_t parent)
{
	struct replica_station *station, *next;

	HASH_ITER(hh, roam->replica.stations, station, next)
		if (station->lost && station->record.parent == parent && !station->attempt)
			roam_arm(roam, station, 1);
}

void roam_cn_named(struct roam *roam, const struct cn_info *info)
{
	struct replica_cn *cn, *next;

	HASH_ITER(hh, roam->replica.cns, cn, next) {
		bool same = is_same_cn(&cn->info, info);
		uint32_t id = cn->info.id;

		if (!cn->kept || (id != info->id && !same))
			continue;
		if (id != info->id || !same) {
			replica_remove_cn(&roam->replica, cn);
			renumber(roam, id, same ? info->id : 0);
		} else {
			cn->kept = false;
		}
		if (same)
			wake(roam, info->id);
	}
}

/* The entry that the register has named as this CN; NULL: none. */
static const struct replica_cn *named_anew(const struct roam *roam, const struct replica_cn *former)
{
	const struct replica_cn *cn = roam->replica.cns;

	while (cn && (cn->stale || !is_same_cn(&cn->info, &former->info)))
		cn = cn->hh.next;
	return cn;
}

static void replace(uint32_t *id, uint32_t former, uint32_t now)
{
	if (*id == former)
		*id = now;
}

/* The CN got its new number before the stations turned out to be lost: they follow it. */
static void renumber_all(struct roam *roam, uint32_t former, uint32_t now)
{
	struct replica_station *station;

	for (station = roam->replica.stations; station; station = station->hh.next) {
		replace(&station->record.parent, former, now);
		replace(&station->record.current, former, now);
		replace(&station->moved_to, former, now);
		replace(&station->silent_at, former, now);
		replace(&station->used_at, former, now);
		replace(&station->before, former, now);
		replace(&station->asker, former, now);
	}
}

void roam_keep_cns(struct roam *roam)
{
	for (struct replica_cn *cn = roam->replica.cns; cn; cn = cn->hh.next) {
		const struct replica_cn *now = cn->stale ? named_anew(roam, cn) : NULL;

		if (now)
			renumber_all(roam, cn->info.id, now->info.id);
		else
			cn->kept |= cn->stale;
	}
}

/* ---- records */

/* The map entry of a former agent is all that is known of the station. */
static bool make_record(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	struct station_record *record = &station->record;
	const struct tmip_station *entry = &station->kernel;
	const struct replica_cn *parent = replica_find_cn_tunnel(&roam->replica, &entry->parent);
	const struct replica_cn *current = replica_find_cn_tunnel(&roam->replica, &entry->current);
	const struct cell_info *cell = replica_find_cell(&roam->replica, &record->addr, NULL);
	bool leased = cell && !addr_is_zero(&cell->pool_first) &&
		      addr_compare(&record->addr, &cell->pool_first) >= 0 &&
		      addr_compare(&record->addr, &cell->pool_last) <= 0;

	if (!parent || !current || !entry->epoch || entry->state == TMIP_STATION_BLOCKED)
		return false;
	record->kind = leased ? RECORD_DYNAMIC : RECORD_STATIC;
	record->state = RECORD_BOUND;
	record->parent = parent->info.id;
	record->current = current->info.id;
	record->lease_end = leased ? (uint64_t)((int64_t)now_ms + roam->clock_ms) / 1000 +
				     roam->options.lease_s : 0;
	station->adopted = false;
	return true;
}

bool roam_is_newer(const struct replica_station *station, const struct station_record *record)
{
	struct version version = station->record.version;

	if (station->adopted)
		version = (struct version){station->kernel.epoch, station->kernel.seq};
	return (station->adopted || station->record.state == RECORD_BOUND) &&
	       version_compare(record->version, version) < 0;
}

bool roam_lose(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	struct station_record *record = &station->record;
	uint32_t current;

	if (station->adopted && !make_record(roam, station, now_ms))
		return false;
	current = replica_current(station);
	if (record->state != RECORD_BOUND ||
	    (record->parent != roam->self && current != roam->self) ||
	    !replica_find_cn(&roam->replica, record->parent) ||
	    (record->kind == RECORD_DYNAMIC && !roam_lease_left(roam, record, now_ms)))
		return false;
	station->lost_version = record->version;
	record->version = (struct version){0};
	record->current = current;
	station->moved_to = 0;
	station->lost = true;
	station->stale = false;
	roam_refresh(roam, station);
	roam_log(roam, LOG_LEVEL_DEBUG, station, "the register has lost this station");
	return true;
}
