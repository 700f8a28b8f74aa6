/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests about the place of a station: HANDOVER of a known station, FOLLOWED for a CN whose agent
 * is away, CLAIM of a station that brings an address of its own, or that takes over an address
 * whose holder is mute.
 */
#include "registry_internal.h"

#include <stdio.h>

/*
 * A CN that the register has not been connected with for so long is down with its whole site:
 * another site may take over its addresses. A mere restart of its agent takes less.
 */
#define AWAY_MS 10000

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

/* The host of the station may use another of its MACs now. */
static void use_mac(struct registry *registry, struct reg_station *station,
		    const struct mlrp_message *message)
{
	if (!mac_equal(&station->record.mac, &message->mac))
		reg_use_mac(registry, station, &message->mac); /* without memory it is told later */
}

/* The station is where it was, or the CN says so once more. */
static void stay(struct registry *registry, struct registry_session *session,
		 struct reg_station *station, const struct mlrp_message *message,
		 struct registry_time now)
{
	bool other = !mac_equal(&station->record.mac, &message->mac);

	if (!(message->has & MLRP_HAS(MLRP_F_AGE)))
		reg_flap_heard(registry, station, now);
	if (!is_overtaken(station, message, now)) {
		station->arrived_ms = reg_since(message, now);
		use_mac(registry, station, message);
	}
	if (other && mac_equal(&station->record.mac, &message->mac))
		reg_commit(registry, station, session, false);
	/* Else the CN asked twice, or reports what the register knows. */
	reg_answer(registry, session, message->transaction, &station->record);
}

static void move(struct registry *registry, struct registry_session *session,
		 struct reg_station *station, const struct reg_cn *to,
		 const struct mlrp_message *message, struct registry_time now)
{
	const struct station_record *record = &station->record;
	uint32_t from = record->current;
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	const char *name;

	if (from == to->info.id) {
		stay(registry, session, station, message, now);
		return;
	}
	if (is_overtaken(station, message, now)) {
		reg_refuse(registry, session, message, MLRP_E_STALE, record,
			   "the station has moved on since");
		return;
	}
	if (reg_flap_refuses(registry, session, station, message, now))
		return;
	use_mac(registry, station, message);
	reg_set_current(registry, station, to->info.id);
	station->arrived_ms = reg_since(message, now);
	registry->counts.handovers++;
	reg_commit(registry, station, session, false);
	reg_answer(registry, session, message->transaction, record);
	name = registry_cn_name(registry, from);
	reg_log(registry, LOG_LEVEL_INFO, "%s (%s) moved from %s to %s, version %u.%llu",
		addr_format(&record->addr, addr), mac_format(&record->mac, mac),
		name ? name : "nowhere", to->info.name, record->version.epoch,
		(unsigned long long)record->version.seq);
}

void reg_handover(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = reg_find(registry, &message->addr);

	if (!station || station->record.state != RECORD_BOUND)
		reg_refuse(registry, session, message, MLRP_E_UNKNOWN, NULL,
			   "no station has this address");
	else if (!station_has_mac(&station->record, &message->mac))
		reg_refuse(registry, session, message, MLRP_E_CONFLICT, &station->record,
			   "the address belongs to another MAC");
	else
		move(registry, session, station, session->cn, message, now);
}

/*
 * The station's parent, or the CN that the record names, has found that the programs of another CN
 * have the station, and that its agent does not say so.
 */
void reg_followed(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = reg_find(registry, &message->addr);
	const struct reg_cn *to = reg_find_cn(registry, message->cn.id);
	const struct station_record *record = station ? &station->record : NULL;
	uint32_t self = session->cn->info.id;

	if (!station || record->state != RECORD_BOUND)
		reg_refuse(registry, session, message, MLRP_E_UNKNOWN, NULL,
			   "no station has this address");
	else if (!mac_equal(&record->mac, &message->mac))
		reg_refuse(registry, session, message, MLRP_E_CONFLICT, record,
			   "the address belongs to another MAC");
	else if (!to || to->info.gone || (self != record->parent && self != record->current))
		reg_refuse(registry, session, message, MLRP_E_REFUSED, record,
			   "only the parent, or the CN of the station, says where it is");
	else if (version_compare(message->version, record->version) != 0)
		reg_refuse(registry, session, message, MLRP_E_STALE, record,
			   "the station has moved on since");
	else
		move(registry, session, station, to, message, now);
}

/* ---- CLAIM */

/*
 * Is the CN that has the station gone, as the register sees it? Sets *wait_ms to the time after
 * which the CN that claims the address may ask again.
 */
static bool is_away(struct registry *registry, uint32_t id, struct registry_time now,
		    uint32_t *wait_ms)
{
	struct reg_cn *cn = reg_find_cn(registry, id);

	if (!cn)
		return true;
	*wait_ms = AWAY_MS;
	if (cn->session)
		return false;
	if (!cn->away_ms)
		cn->away_ms = now.ms;
	*wait_ms = cn->away_ms + AWAY_MS > now.ms ? (uint32_t)(cn->away_ms + AWAY_MS - now.ms) : 0;
	return !*wait_ms;
}

/*
 * Another MAC claims a bound address, and its CN has asked for the present holder. 0 or the error.
 * A change of the record in between shows that the holder, or another one, is alive.
 */
static uint16_t check_takeover(struct registry *registry, const struct mlrp_message *message,
			       const struct reg_station *station, struct registry_time now,
			       const char **why, uint32_t *wait_ms)
{
	const uint32_t needed = MLRP_HAS(MLRP_F_HOLDER) | MLRP_HAS(MLRP_F_VERSION);

	*why = "the address belongs to another MAC";
	if ((message->has & needed) != needed)
		return MLRP_E_CONFLICT;
	*why = "the record has changed since its holder was asked";
	if (version_compare(message->version, station->record.version) != 0)
		return MLRP_E_STALE;
	*why = "the CN of the station that has the address does not answer";
	if (message->holder == MLRP_HOLDER_UNREACHABLE &&
	    !is_away(registry, station->record.current, now, wait_ms))
		return MLRP_E_CONFLICT;
	return 0;
}

/* May the station have one more address? 0 or the error. */
static uint16_t check_share(struct registry *registry, const struct registry_session *session,
			    const struct mlrp_message *message, bool brought, const char **why)
{
	*why = "the MAC has as many addresses as it may (mac_addresses)";
	if (!reg_bounds_may_have(registry, &message->mac, &message->addr))
		return MLRP_E_EXHAUSTED;
	*why = "the CN has brought as many static stations as it may (cell_claims)";
	if (brought && !reg_bounds_may_bring(registry, session->cn))
		return MLRP_E_EXHAUSTED;
	return 0;
}

/*
 * Is the address one that the MAC which takes it over has brought, from then on? If it has a lease
 * of its own, a second one would be freed with the next BIND.
 */
static bool becomes_static(const struct registry *registry, const struct reg_station *station,
			   const struct mlrp_message *message)
{
	const struct reg_station *other;

	if (station->record.kind == RECORD_STATIC)
		return true;
	DL_FOREACH2(reg_owned(registry, &message->mac, NULL, 0), other, owner_next)
		if (other != station && other->record.state == RECORD_BOUND &&
		    other->record.kind == RECORD_DYNAMIC)
			return true;
	return false;
}

/* 0 or the error; *wait_ms: after which the CN may ask again, or 0. */
static uint16_t check_claim(struct registry *registry, const struct registry_session *session,
			    const struct mlrp_message *message, const struct reg_station *station,
			    struct registry_time now, const char **why, uint32_t *wait_ms)
{
	const struct reg_host *host = reg_host_of_addr(registry, &message->addr);
	uint16_t error = reg_check_place(registry, session, message, why);

	*wait_ms = 0;
	if (error)
		return error;
	if (!station || station->record.state != RECORD_BOUND)
		return check_share(registry, session, message, !host, why);
	if (host || mac_equal(&station->record.mac, &message->mac))
		return 0;
	error = check_takeover(registry, message, station, now, why, wait_ms);
	if (error)
		return error;
	return check_share(registry, session, message, becomes_static(registry, station, message),
			   why);
}

/* The address is durable, and so is its answer; it has come to the CN that asks. */
static void finish_claim(struct registry *registry, struct registry_session *session,
			 const struct mlrp_message *message, struct reg_station *station)
{
	registry->counts.claims++;
	reg_commit(registry, station, NULL, true);
	reg_answer_stored(registry, session, message->transaction, &station->record,
			  registry->number);
}

static void refuse_full(struct registry *registry, struct registry_session *session,
			const struct mlrp_message *message)
{
	reg_refuse(registry, session, message, MLRP_E_FULL, NULL,
		   "the register's table of stations is full (stations_max)");
}

/* The operator freed the address, by itself or with its CN, and its station goes on using it. */
static bool has_lease_still(const struct reg_station *station, const struct mlrp_message *message,
			    struct registry_time now)
{
	return station && station->record.state == RECORD_FREE &&
	       station->record.kind == RECORD_DYNAMIC && station->record.lease_end > now.unix_s &&
	       station_has_mac(&station->record, &message->mac);
}

static void claim(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, const struct reg_cell *cell,
		  struct reg_station *station, struct registry_time now)
{
	const struct reg_host *host = reg_host_of_addr(registry, &message->addr);
	bool leased = !host && has_lease_still(station, message, now);
	uint64_t end = leased ? station->record.lease_end : 0;
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	if (leased)
		; /* it keeps its client identifier */
	else if (!station)
		station = reg_add(registry, &message->addr, &message->mac, NULL, 0);
	else if (!reg_set_owner(registry, station, &message->mac, NULL, 0))
		station = NULL;
	if (!station) {
		refuse_full(registry, session, message);
		return;
	}
	reg_set_state(registry, station, 0, 0);
	station->record.kind = host ? RECORD_RESERVED : leased ? RECORD_DYNAMIC : RECORD_STATIC;
	station->record.parent = cell->cn->info.id;
	station->record.current = session->cn->info.id;
	station->arrived_ms = reg_since(message, now);
	station->record.lease_end = end;
	reg_set_state(registry, station, RECORD_BOUND, end ? end + registry->options.grace_s : 0);
	finish_claim(registry, session, message, station);
	reg_log(registry, LOG_LEVEL_INFO, "%s %s %s at CN %s", mac_format(&message->mac, mac),
		host ? "is the registered host of" :
		leased ? "still has the lease of" : "brings the address",
		addr_format(&message->addr, addr), session->name);
}

/*
 * The bound address goes to another MAC. A lease keeps its end, and a station that moves too often
 * stays damped.
 */
static void take_over(struct registry *registry, struct registry_session *session,
		      const struct mlrp_message *message, const struct reg_cell *cell,
		      struct reg_station *station, struct registry_time now)
{
	const bool host = reg_host_of_addr(registry, &message->addr);
	const bool brought = becomes_static(registry, station, message);
	struct station_record *record = &station->record;
	char addr[ADDR_STRLEN], mac[MAC_STRLEN], former[MAC_STRLEN];

	if (host && reg_flap_refuses(registry, session, station, message, now))
		return;
	mac_format(&record->mac, former);
	reg_bounds_leave(registry, station);
	if (!reg_set_owner(registry, station, &message->mac, NULL, 0)) {
		reg_bounds_enter(registry, station);
		refuse_full(registry, session, message);
		return;
	}
	if (!host)
		reg_flap_count(registry, station, now);
	reg_set_parent(registry, station, cell->cn->info.id);
	reg_set_current(registry, station, session->cn->info.id);
	station->arrived_ms = reg_since(message, now);
	if (host || brought) {
		record->kind = host ? RECORD_RESERVED : RECORD_STATIC;
		record->lease_end = 0;
		station->due = 0;
	}
	reg_set_state(registry, station, RECORD_BOUND, station->due);
	finish_claim(registry, session, message, station);
	reg_log(registry, LOG_LEVEL_INFO, "%s %s %s at CN %s, from %s",
		mac_format(&message->mac, mac),
		host ? "is another MAC of the host of" : "takes over the address",
		addr_format(&message->addr, addr), session->name, former);
}

/* The answer has the record in force, if there is one. */
static void refuse_claim(struct registry *registry, struct registry_session *session,
			 const struct mlrp_message *question, uint16_t code, const char *why,
			 const struct station_record *record, uint32_t wait_ms)
{
	struct mlrp_message message = {.type = MLRP_ERROR, .transaction = question->transaction,
				       .code = code, .wait = wait_ms,
				       .has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT) |
					      MLRP_HAS(MLRP_F_WAIT) | MLRP_HAS(MLRP_F_STATION)};

	if (!wait_ms) {
		reg_refuse(registry, session, question, code, record, "%s", why);
		return;
	}
	message.station = *record;
	snprintf(message.text, sizeof(message.text), "%s", why);
	registry->counts.refused++;
	reg_send(registry, session, &message);
}

void reg_claim(struct registry *registry, struct registry_session *session,
	       const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = reg_find(registry, &message->addr);
	const struct reg_cell *cell = reg_find_cell(registry, &message->addr);
	const char *why;
	uint32_t wait_ms;
	uint16_t error = check_claim(registry, session, message, station, now, &why, &wait_ms);
	bool bound = station && station->record.state == RECORD_BOUND;

	if (error)
		refuse_claim(registry, session, message, error, why,
			     bound ? &station->record : NULL, wait_ms);
	else if (bound && mac_equal(&station->record.mac, &message->mac))
		move(registry, session, station, session->cn, message, now);
	else if (bound)
		take_over(registry, session, message, cell, station, now);
	else
		claim(registry, session, message, cell, station, now);
}
