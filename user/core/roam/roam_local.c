/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records that the register does not know yet: a CN assigned the address from its block while the
 * register was down. Such a record has version 0.0, so any record of the register replaces it. The
 * parent notifies every CN of it and reports it when the register is back; the other CNs wait for
 * the register's record. This file also makes records of the map entries of a former agent.
 */
#include "roam_internal.h"

#include <errno.h>

static void notify_cn(struct roam *roam, const struct replica_station *station, uint32_t id)
{
	struct mlrp_message message = {.type = MLRP_MOVED, .has = MLRP_HAS(MLRP_F_STATION),
				       .station = station->record};

	message.station.current = replica_current(station);
	if (id != roam->self && id != message.station.current)
		roam_send_cn(roam, id, &message);
}

static void notify_all(struct roam *roam, const struct replica_station *station)
{
	for (const struct replica_cn *cn = roam->replica.cns; cn; cn = cn->hh.next)
		notify_cn(roam, station, cn->info.id);
}

void roam_cn_up(struct roam *roam, uint32_t id)
{
	for (const struct replica_station *station = roam->replica.stations; station;
	     station = station->hh.next)
		if (roam_is_local(station) && station->record.parent == roam->self)
			notify_cn(roam, station, id);
}

/* The station stays where the map entry of the former agent shows it. */
static void keep_place(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	const struct replica_cn *cn =
		replica_find_cn_tunnel(&roam->replica, &station->kernel.current);

	station->adopted = false;
	if (!cn || cn->info.id == station->record.current)
		return;
	station->moved_to = cn->info.id;
	station->arrived_ms = now_ms;
}

int roam_local(struct roam *roam, const struct station_record *record, uint32_t lease,
	       unsigned ifindex, uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, &record->addr);

	if (!roam->self)
		return -EAGAIN;
	if (station && station->record.state &&
	    !(roam_is_local(station) && mac_equal(&station->record.mac, &record->mac)))
		return -EEXIST;
	if (!station)
		station = replica_add(&roam->replica, &record->addr, &record->mac);
	if (!station || replica_set_macs(&roam->replica, station, record) < 0) {
		roam->counts.overflow++;
		return -ENOSPC;
	}
	station->record = *record;
	station->record.parent = station->record.current = roam->self;
	station->record.version = (struct version){0};
	station->renewed = lease;
	station->arrived_ms = now_ms;
	station->ifindex = ifindex ? ifindex : station->ifindex;
	if (station->adopted)
		keep_place(roam, station, now_ms);
	roam_refresh(roam, station);
	notify_all(roam, station);
	roam_log(roam, LOG_LEVEL_INFO, station,
		 "the address is of this CN's own block: "
		 "the register will be told when it is back");
	return 0;
}

static void withdraw(struct roam *roam, struct replica_station *station)
{
	for (const struct replica_cn *cn = roam->replica.cns; cn; cn = cn->hh.next)
		if (cn->info.id != roam->self)
			roam_send_abort(roam, cn->info.id, station);
	roam_forget(roam, station);
}

void roam_report_local(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	const struct station_record *record = &station->record;
	bool ended = station->lost && record->kind == RECORD_DYNAMIC &&
		     !roam_lease_left(roam, record, now_ms);
	struct roam_attempt *attempt =
		ended ? NULL : roam_attempt_begin(roam, station, true, now_ms);
	struct mlrp_message message = {
		.type = MLRP_BIND, .mac = record->mac, .addr = record->addr,
		.lease = station->lost ? roam_lease_left(roam, record, now_ms) : station->renewed,
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE) |
		MLRP_HAS(MLRP_F_AGE),
		.age = roam_age(station, now_ms),
	};

	if (ended) {
		withdraw(roam, station);
		return;
	}
	roam_arm(roam, station, now_ms + roam->options.timeout_ms);
	if (!attempt) {
		roam->counts.overflow++;
		return; /* the deadline tries again */
	}
	attempt->ifindex = station->ifindex;
	message.transaction = attempt->transaction;
	if (station->lost) {
		message.has |= MLRP_HAS(MLRP_F_STATION);
		message.station = *record;
		message.station.current = replica_current(station);
		message.station.version = station->lost_version;
	}
	if (record->client_id_len) {
		message.has |= MLRP_HAS(MLRP_F_CLIENT_ID);
		message.client_id_len = record->client_id_len;
		memcpy(message.client_id, record->client_id, record->client_id_len);
	}
	roam_send_register(roam, &message);
	roam_log(roam, station->lost ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, station,
		 station->lost ? "telling the register of the station, which it has lost" :
		 "telling the register of the address that was given out while it was away");
}

void roam_withdraw(struct roam *roam, const struct tmip_addr *addr)
{
	struct replica_station *station = replica_find(&roam->replica, addr);

	if (station && roam_is_local(station) && station->record.parent == roam->self)
		withdraw(roam, station);
}

/*
 * An address is in one block only, so the register refuses it only if it was restored to an earlier
 * state. The register's record counts.
 */
void roam_local_refused(struct roam *roam, struct replica_station *station,
			const struct mlrp_message *message, uint64_t now_ms)
{
	bool verdict = message->code != MLRP_E_STORE && message->code != MLRP_E_FULL &&
		       message->code != MLRP_E_NOT_REGISTERED;

	if (station->attempt)
		roam_attempt_end(roam, station->attempt);
	/* The cell may not be ready; or to report again. */
	if (!verdict || (station->lost && message->code == MLRP_E_NOT_IN_POOL)) {
		roam_arm(roam, station, now_ms + (verdict ? roam->options.refused_ms :
							    roam->options.timeout_ms));
		return;
	}
	roam_log(roam, LOG_LEVEL_WARN, station, "the register does not take over the address that "
		 "%s: the station must ask for another one",
		 station->lost ? "it has lost" : "was given out while it was away");
	withdraw(roam, station);
	if (message->has & MLRP_HAS(MLRP_F_STATION))
		roam_record(roam, &message->station, 0, now_ms);
}

/* Reports the record if this CN is its parent, else waits for the parent's report. */
void roam_sync_local(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	if (station->attempt)
		roam_attempt_end(roam, station->attempt);
	roam_arm(roam, station, 0);
	station->moved_old = true;
	if (roam_reports(roam, station))
		roam_report_local(roam, station, now_ms);
	else if (!replica_find_cn(&roam->replica, station->record.parent))
		roam_forget(roam, station);
}

/*
 * A register that has lost its database assigns new cn_ids. A move or a record that names another
 * CN by its former cn_id is void.
 */
void roam_renumber(struct roam *roam, uint32_t former)
{
	struct replica_station *station, *next;

	HASH_ITER(hh, roam->replica.stations, station, next) {
		bool local = roam_is_local(station), here = replica_current(station) == former;

		if (local && !station->lost && station->record.parent != former) {
			roam_forget(roam, station);
			continue;
		}
		if (local && !station->lost)
			station->record.parent = station->record.current = roam->self;
		/* If the register has lost it, it will be reported; else a snapshot replaces it. */
		if (station->record.parent == former)
			station->record.parent = roam->self;
		if (station->record.current == former)
			station->record.current = roam->self;
		if (station->moved_to)
			station->moved_to = here ? roam->self : 0;
	}
}

void roam_trust_adopted(struct roam *roam, uint64_t now_ms)
{
	for (struct replica_station *station = roam->replica.stations; station;
	     station = station->hh.next) {
		const struct tmip_station *entry = &station->kernel;
		const struct replica_cn *parent =
			replica_find_cn_tunnel(&roam->replica, &entry->parent);
		const struct replica_cn *current =
			replica_find_cn_tunnel(&roam->replica, &entry->current);

		if (!station->adopted || !parent || !current || !entry->epoch)
			continue;
		station->record.kind = RECORD_DYNAMIC;
		station->record.state = RECORD_BOUND;
		station->record.parent = parent->info.id;
		station->record.current = current->info.id;
		station->record.version = (struct version){entry->epoch, entry->seq};
		station->adopted = false;
		/* The former agent may not have reported the move to this CN. */
		if (current->info.id == roam->self && parent != current) {
			station->moved_to = roam->self;
			station->arrived_ms = now_ms;
		}
		roam_refresh(roam, station);
	}
}
