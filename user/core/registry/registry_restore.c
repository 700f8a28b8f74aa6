/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A database that lacks what the network knows: it was lost, or it is an older copy. A CN shows it
 * by the version up to which it has everything, and reports the records that the register does not
 * send it: as they were, by BIND with STATION.
 */
#include "registry_internal.h"

#include <string.h>

/* Whatever a CN says, so many starts are left. */
#define EPOCH_MAX (1u << 31)

/*
 * The CN has got this version, which is no version of this run. All versions that this run gives
 * must be above it.
 */
static void rise_above(struct registry *registry, struct version seen)
{
	if (seen.epoch < registry->version.epoch || seen.epoch >= EPOCH_MAX)
		return;
	registry->version = (struct version){.epoch = seen.epoch + 1};
	reg_log(registry, LOG_LEVEL_INFO, "versions go on in epoch %u", registry->version.epoch);
}

void reg_restore_seen(struct registry *registry, const struct registry_session *session,
		      struct version seen)
{
	struct registry_gap *gap = &registry->behind;

	/* With sequence 0, a run has changed nothing. */
	if (session->cn->synced || !seen.seq || version_compare(seen, registry->loaded) <= 0)
		return;
	if (!gap->cn[0])
		reg_log(registry, LOG_LEVEL_WARN,
			"CN %s has seen changes up to version %u.%llu, and this database knew none "
			"after %u.%llu: it was lost, or is an older copy. The CNs report the "
			"stations that it lacks", session->name, seen.epoch,
			(unsigned long long)seen.seq, registry->loaded.epoch,
			(unsigned long long)registry->loaded.seq);
	if (version_compare(seen, gap->seen) > 0) {
		memcpy(gap->cn, session->name, sizeof(gap->cn));
		gap->seen = seen;
	}
	rise_above(registry, seen);
}

const struct registry_gap *registry_behind(const struct registry *registry)
{
	return registry->behind.cn[0] ? &registry->behind : NULL;
}

/* ---- records that come back */

/*
 * The record is as the database had it, and the one that comes back is newer: the address has gone
 * to another station since.
 */
static bool is_outdated(const struct registry *registry, const struct reg_station *station,
			const struct mlrp_message *message)
{
	const struct version is = station->record.version, told = message->station.version;

	return version_compare(is, registry->loaded) <= 0 && version_compare(told, is) > 0;
}

/*
 * Did the register have this version of the record, which is bound no more? Then nothing is lost:
 * the address was given back since. But a lease that the operator has cut may go on, and so may one
 * that has run out here: its CN may have renewed it. A CN that knows the station only from its map
 * tells no version.
 */
static bool was_freed(const struct registry *registry, const struct reg_station *station,
		      const struct mlrp_message *message)
{
	const struct version told = message->station.version, is = registry->version;
	bool lease = station && station->record.state == RECORD_FREE &&
		     station->record.lease_end && reg_is_holder(station, message);

	if (!told.epoch || lease || (station && station->record.state == RECORD_BOUND))
		return false;
	return version_compare(told, registry->loaded) <= 0 ||
	       (told.epoch == is.epoch && told.seq <= is.seq);
}

/* 0 or the error. */
static uint16_t check(struct registry *registry, const struct mlrp_message *message,
		      const struct reg_station *station, const char **why)
{
	const struct reg_host *host = reg_host_of_addr(registry, &message->addr);
	uint16_t error = reg_check_address(registry, message, why);

	if (error)
		return error;
	*why = "the address was found in use by a stranger";
	if (station && station->record.state == RECORD_DECLINED)
		return MLRP_E_CONFLICT;
	*why = "the address belongs to another station";
	if (station && station->record.state == RECORD_BOUND && !reg_is_holder(station, message) &&
	    !is_outdated(registry, station, message) &&
	    !(host && reg_host_has(host, &station->record.mac)))
		return MLRP_E_CONFLICT;
	*why = "the MAC has as many addresses as it may (mac_addresses)";
	if (!reg_bounds_may_have(registry, &message->mac, &message->addr))
		return MLRP_E_EXHAUSTED;
	return 0;
}

/* The station may be at a CN that this register does not know, or not under that number. */
static uint32_t place_of(const struct registry *registry, const struct registry_session *session,
			 const struct station_record *told)
{
	const struct reg_cn *cn = reg_find_cn(registry, told->current);

	return cn && !cn->info.gone ? told->current : session->cn->info.id;
}

/* All MACs of the host; reg_commit keeps them if the record may have them. */
static void add_macs(struct station_record *record, const struct station_record *told)
{
	for (int i = 0; i < told->other_count; i++)
		reg_add_mac(record, &told->others[i]);
	reg_add_mac(record, &told->mac);
}

static void restore(struct registry *registry, struct registry_session *session,
		    const struct mlrp_message *message, struct reg_station *station,
		    struct registry_time now)
{
	const struct reg_cell *cell = reg_find_cell(registry, &message->addr);
	const struct station_record *told = &message->station;
	bool host = reg_host_of_addr(registry, &message->addr);
	struct station_record *record = &station->record;
	uint64_t end = now.unix_s + message->lease;
	bool here = record->state == RECORD_BOUND &&
		    version_compare(record->version, registry->loaded) > 0;
	uint32_t current = here ? record->current : place_of(registry, session, told);
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	reg_set_state(registry, station, 0, 0);
	record->kind = host ? RECORD_RESERVED :
		       told->kind == RECORD_STATIC ? RECORD_STATIC : RECORD_DYNAMIC;
	record->parent = cell->cn->info.id;
	record->current = current;
	record->lease_end = record->kind == RECORD_DYNAMIC ? end : 0;
	station->arrived_ms = reg_since(message, now);
	add_macs(record, told);
	reg_set_state(registry, station, RECORD_BOUND,
		      record->lease_end ? end + registry->options.grace_s : 0);
	registry->counts.restored++;
	reg_commit(registry, station, NULL, true);
	reg_answer_stored(registry, session, message->transaction, record, registry->number);
	reg_log(registry, LOG_LEVEL_DEBUG,
		"%s of %s is back: CN %s knows it, and this database did not",
		addr_format(&message->addr, addr), mac_format(&message->mac, mac), session->name);
}

/* Is the record as it should be? Another CN has reported it, or it belongs to the same host. */
static bool stands(const struct registry *registry, const struct reg_station *station,
		   const struct mlrp_message *message)
{
	if (!reg_is_holder(station, message))
		return !is_outdated(registry, station, message);
	/* The station was faster: it has brought the address that it has a lease of. */
	return station->record.kind != RECORD_STATIC || message->station.kind == RECORD_STATIC;
}

/* At once if the record is on the disk: perhaps nothing is to be written for a while. */
static void answer(struct registry *registry, struct registry_session *session,
		   const struct mlrp_message *message, const struct reg_station *station)
{
	if (station->number <= registry->durable)
		reg_answer(registry, session, message->transaction, &station->record);
	else
		reg_answer_stored(registry, session, message->transaction, &station->record,
				  station->number);
}

void reg_restore(struct registry *registry, struct registry_session *session,
		 const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = reg_find(registry, &message->addr);
	bool bound = station && station->record.state == RECORD_BOUND;
	const char *why;
	uint16_t error = check(registry, message, station, &why);

	if (!error && was_freed(registry, station, message)) {
		error = MLRP_E_CONFLICT;
		why = "the address was given back since";
	}
	if (error) {
		reg_refuse(registry, session, message, error, bound ? &station->record : NULL, "%s",
			   why);
		return;
	}
	if (bound && stands(registry, station, message)) {
		answer(registry, session, message, station);
		return;
	}
	if (!station)
		station = reg_add(registry, &message->addr, &message->mac, message->client_id,
				  message->client_id_len);
	else if (!reg_set_owner(registry, station, &message->mac, message->client_id,
				message->client_id_len))
		station = NULL;
	if (station)
		restore(registry, session, message, station, now);
	else
		reg_refuse(registry, session, message, MLRP_E_FULL, NULL,
			   "the register's table of stations is full (stations_max)");
}
