/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests about the place of a station: HANDOVER of a known station, CLAIM of one that brings an
 * address of its own.
 */
#include "registry_internal.h"

uint64_t reg_since(const struct mlrp_message *message, struct registry_time now)
{
	uint64_t age = message->has & MLRP_HAS(MLRP_F_AGE) ? message->age : 0;

	return age < now.ms ? now.ms - age : 1;
}

/* A late report of a move: the station has moved on since, to where it is now. */
static bool is_overtaken(const struct reg_station *station, const struct mlrp_message *message,
			 struct registry_time now)
{
	return message->has & MLRP_HAS(MLRP_F_AGE) && message->age &&
	       reg_since(message, now) < station->arrived_ms;
}

static void move(struct registry *registry, struct registry_session *session,
		 struct reg_station *station, const struct mlrp_message *message,
		 struct registry_time now)
{
	const struct station_record *record = &station->record;
	uint32_t from = record->current;
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	const char *name;

	if (from == session->cn->info.id) {
		if (!(message->has & MLRP_HAS(MLRP_F_AGE)))
			reg_flap_heard(registry, station, now);
		if (!is_overtaken(station, message, now))
			station->arrived_ms = reg_since(message, now);
		/* The CN asked twice, or reports what the register knows. */
		reg_answer(registry, session, message->transaction, record);
		return;
	}
	if (is_overtaken(station, message, now)) {
		reg_refuse(registry, session, message, MLRP_E_STALE, record,
			   "the station has moved on since");
		return;
	}
	if (reg_flap_refuses(registry, session, station, message, now))
		return;
	reg_set_current(registry, station, session->cn->info.id);
	station->arrived_ms = reg_since(message, now);
	registry->counts.handovers++;
	reg_commit(registry, station, session, false);
	reg_answer(registry, session, message->transaction, record);
	name = registry_cn_name(registry, from);
	reg_log(registry, LOG_LEVEL_INFO, "%s (%s) moved from %s to %s, version %u.%llu",
		addr_format(&record->addr, addr), mac_format(&record->mac, mac),
		name ? name : "nowhere", session->name, record->version.epoch,
		(unsigned long long)record->version.seq);
}

void reg_handover(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = reg_find(registry, &message->addr);

	if (!station || station->record.state != RECORD_BOUND)
		reg_refuse(registry, session, message, MLRP_E_UNKNOWN, NULL,
			   "no station has this address");
	else if (!mac_equal(&station->record.mac, &message->mac))
		reg_refuse(registry, session, message, MLRP_E_CONFLICT, &station->record,
			   "the address belongs to another MAC");
	else
		move(registry, session, station, message, now);
}

/* 0 or the error. */
static uint16_t check_claim(struct registry *registry, const struct registry_session *session,
			    const struct mlrp_message *message, const struct reg_station *station,
			    const char **why)
{
	const struct reg_host *host = reg_host_of_addr(registry, &message->addr);
	uint16_t error = reg_check_place(registry, session, message, why);

	if (error)
		return error;
	*why = "the address belongs to another MAC";
	if (station && station->record.state == RECORD_BOUND && !host &&
	    !mac_equal(&station->record.mac, &message->mac))
		return MLRP_E_CONFLICT;
	if (station && station->record.state == RECORD_BOUND)
		return 0;
	*why = "the MAC has as many addresses as it may (mac_addresses)";
	if (!reg_bounds_may_have(registry, &message->mac, &message->addr))
		return MLRP_E_EXHAUSTED;
	*why = "the CN has brought as many static stations as it may (cell_claims)";
	if (!host && !reg_bounds_may_bring(registry, session->cn))
		return MLRP_E_EXHAUSTED;
	return 0;
}

static void claim(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, const struct reg_cell *cell,
		  struct reg_station *station, struct registry_time now)
{
	const struct reg_host *host = reg_host_of_addr(registry, &message->addr);
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	bool changed_mac = station && station->record.state == RECORD_BOUND;

	if (!station)
		station = reg_add(registry, &message->addr, &message->mac, NULL, 0);
	else if (!reg_set_owner(registry, station, &message->mac, station->record.client_id, 0))
		station = NULL;
	if (!station) {
		reg_refuse(registry, session, message, MLRP_E_FULL, NULL,
			   "the register's table of stations is full (stations_max)");
		return;
	}
	reg_set_state(registry, station, 0, 0);
	station->record.kind = host ? RECORD_RESERVED : RECORD_STATIC;
	station->record.parent = cell->cn->info.id;
	station->record.current = session->cn->info.id;
	station->arrived_ms = reg_since(message, now);
	station->record.lease_end = 0;
	reg_set_state(registry, station, RECORD_BOUND, 0);
	registry->counts.claims++;
	reg_commit(registry, station, NULL, true);
	reg_answer_stored(registry, session, message->transaction, &station->record,
			  registry->number);
	reg_log(registry, LOG_LEVEL_INFO, "%s %s %s at CN %s", mac_format(&message->mac, mac),
		changed_mac ? "is another MAC of the host of" :
		host ? "is the registered host of" : "brings the address",
		addr_format(&message->addr, addr), session->name);
}

void reg_claim(struct registry *registry, struct registry_session *session,
	       const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = reg_find(registry, &message->addr);
	const struct reg_cell *cell = reg_find_cell(registry, &message->addr);
	const char *why;
	uint16_t error = check_claim(registry, session, message, station, &why);
	bool bound = station && station->record.state == RECORD_BOUND;

	if (error)
		reg_refuse(registry, session, message, error, bound ? &station->record : NULL, "%s",
			   why);
	else if (bound && mac_equal(&station->record.mac, &message->mac))
		move(registry, session, station, message, now);
	else
		claim(registry, session, message, cell, station, now);
}
