/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests about addresses: which one a station gets (ALLOCATE, BIND), for how long (RENEW), and
 * its end (RELEASE, DECLINE). The order of choice follows RFC 2131, 4.3.1, over the whole network:
 * the reserved address, the present one, the former one, the requested one, one of the cell's pool,
 * one of a neighbour's.
 */
#include "registry_internal.h"

#include <string.h>

#define TOO_MANY "the MAC has as many addresses as it may (mac_addresses)"
#define FORMER_MAX 16 /* how many addresses of one owner are looked at */

static bool reserved_for_other(const struct registry *registry, const struct tmip_addr *addr,
			       const struct tmip_mac *mac)
{
	const struct reg_host *host = reg_host_of_addr(registry, addr);

	return host && !reg_host_has(host, mac);
}

/* May the station have the address by DHCP, as far as record and cells say? */
static bool is_open(const struct registry *registry, const struct tmip_addr *addr,
		    const struct mlrp_message *message)
{
	const struct reg_cell *cell = reg_find_cell(registry, addr);
	const struct reg_station *station = reg_find(registry, addr);
	const struct reg_host *host = reg_host_of_addr(registry, addr);

	if (!cell || !reg_is_host_address(cell, addr))
		return false;
	if (host ? !reg_host_has(host, &message->mac) : !reg_in_pool(cell, addr))
		return false;
	return !station || station->record.state == RECORD_FREE ||
	       (station->record.state == RECORD_OFFERED &&
		(host || reg_is_owner(station, message)));
}

/* ---- ALLOCATE */

static void make_offer(struct registry *registry, struct registry_session *session,
		       const struct mlrp_message *message, const struct tmip_addr *addr,
		       struct registry_time now)
{
	const struct reg_cell *cell = reg_find_cell(registry, addr);
	struct reg_station *station = reg_find(registry, addr);
	char text[ADDR_STRLEN], mac[MAC_STRLEN];

	if (!reg_bounds_may_have(registry, &message->mac, addr)) {
		reg_refuse(registry, session, message, MLRP_E_EXHAUSTED, NULL, TOO_MANY);
		return;
	}
	if (!station)
		station = reg_add(registry, addr, &message->mac, message->client_id,
				  message->client_id_len);
	else if (!reg_set_owner(registry, station, &message->mac, message->client_id,
				message->client_id_len))
		station = NULL;
	if (!station) {
		reg_refuse(registry, session, message, MLRP_E_FULL, NULL,
			   "the register's table of stations is full (stations_max)");
		return;
	}
	station->record.kind = reg_host_of_addr(registry, addr) ? RECORD_RESERVED : RECORD_DYNAMIC;
	station->record.parent = cell->cn->info.id;
	station->record.current = session->cn->info.id;
	reg_set_state(registry, station, RECORD_OFFERED,
		      now.ms + registry->options.offer_s * 1000ull);
	reg_answer(registry, session, message->transaction, &station->record);
	reg_log(registry, LOG_LEVEL_DEBUG, "%s is offered to %s at CN %s",
		addr_format(addr, text), mac_format(&message->mac, mac), session->name);
}

/* May the station go on with the address that is bound to it? */
static bool is_bound(const struct registry *registry, const struct reg_station *station,
		     const struct tmip_mac *mac)
{
	const struct tmip_addr *addr = &station->record.addr;

	return station->record.state == RECORD_BOUND && reg_find_cell(registry, addr) &&
	       !reserved_for_other(registry, addr, mac);
}

enum own { OWN_LEASE, OWN_FORMER, OWN_BROUGHT };

static bool is_own(const struct registry *registry, const struct reg_station *station,
		   const struct mlrp_message *message, enum own which)
{
	if (which == OWN_FORMER)
		return is_open(registry, &station->record.addr, message);
	return is_bound(registry, station, &message->mac) &&
	       (station->record.kind == RECORD_STATIC) == (which == OWN_BROUGHT);
}

/*
 * The owner's address that changed last among those that it has by a lease, that it had and nobody
 * has now, or that it has brought itself, as a virtual one. NULL: none.
 */
static const struct reg_station *own_address(const struct registry *registry,
					     const struct mlrp_message *message, enum own which)
{
	const struct reg_station *station;
	int looked = 0;

	DL_FOREACH2(reg_owned(registry, &message->mac, message->client_id, message->client_id_len),
		    station, owner_next) {
		if (is_own(registry, station, message, which))
			return station;
		if (++looked == FORMER_MAX)
			break;
	}
	return NULL;
}

/* The reserved record that is bound to this or another MAC of the same host. */
static const struct reg_station *reserved_record(const struct registry *registry,
						 const struct reg_host *host)
{
	const struct tmip_addr *addr = &host->host.addr;
	const struct reg_station *station = reg_find(registry, addr);

	if (!station || station->record.state != RECORD_BOUND || !reg_find_cell(registry, addr))
		return NULL;
	if (!reg_host_has(reg_host_of_addr(registry, addr), &station->record.mac))
		return NULL;
	return station;
}

static bool pick(struct registry *registry, struct reg_cell *cell, struct tmip_addr *addr)
{
	struct reg_station *freed;

	return cell && reg_pick(registry, cell, addr, &freed);
}

/* From the pool of the cell, of another cell of the CN, of a connected neighbour. */
static bool pick_any(struct registry *registry, const struct registry_session *session,
		     struct reg_cell *cell, struct tmip_addr *addr)
{
	if (pick(registry, cell, addr))
		return true;
	for (int i = 0; i < session->cn->info.cell_count; i++)
		if (pick(registry, reg_find_cell(registry, &session->cn->info.cells[i].subnet.addr),
			 addr))
			return true;
	if (!pick(registry, registry->available, addr))
		return false;
	registry->counts.borrowed++;
	/* The next one borrows from the next neighbour. */
	cell = registry->available;
	DL_DELETE(registry->available, cell);
	DL_APPEND(registry->available, cell);
	return true;
}

static bool choose(struct registry *registry, const struct registry_session *session,
		   const struct mlrp_message *message, struct reg_cell *cell,
		   const struct reg_host *host, struct tmip_addr *addr)
{
	const struct reg_station *former;

	if (host && is_open(registry, &host->host.addr, message)) {
		*addr = host->host.addr;
		return true;
	}
	former = own_address(registry, message, OWN_FORMER);
	if (former) {
		*addr = former->record.addr;
		return true;
	}
	if (message->has & MLRP_HAS(MLRP_F_ADDR) && is_open(registry, &message->addr, message)) {
		*addr = message->addr;
		return true;
	}
	return pick_any(registry, session, cell, addr);
}

void reg_allocate(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now)
{
	const struct reg_host *host = reg_host_of_mac(registry, &message->mac);
	struct reg_cell *cell = reg_find_cell(registry, &message->subnet.addr);
	const struct reg_station *bound;
	struct tmip_addr addr;

	if (!cell || cell->cn != session->cn) {
		reg_refuse(registry, session, message, MLRP_E_NOT_IN_POOL, NULL,
			   "the subnet is no cell of this CN");
		return;
	}
	bound = host ? reserved_record(registry, host) : NULL;
	if (!bound && !(host && is_open(registry, &host->host.addr, message))) {
		bound = own_address(registry, message, OWN_LEASE);
		if (!bound && !own_address(registry, message, OWN_FORMER))
			bound = own_address(registry, message, OWN_BROUGHT);
	}
	if (bound) {
		reg_answer(registry, session, message->transaction, &bound->record);
	} else if (choose(registry, session, message, cell, host, &addr)) {
		make_offer(registry, session, message, &addr, now);
	} else {
		registry->counts.exhausted++;
		reg_refuse(registry, session, message, MLRP_E_EXHAUSTED, NULL,
			   "no free address in any pool of the network");
	}
}

/* ---- BIND */

uint16_t reg_check_address(const struct registry *registry, const struct mlrp_message *message,
			   const char **why)
{
	const struct reg_cell *cell = reg_find_cell(registry, &message->addr);
	const struct reg_host *host = reg_host_of_addr(registry, &message->addr);

	*why = "the address lies in no cell of the network";
	if (!cell)
		return MLRP_E_NOT_IN_POOL;
	*why = "the address is a gateway's, the network's or its broadcast address";
	if (!reg_is_host_address(cell, &message->addr))
		return MLRP_E_CONFLICT;
	*why = "the address is reserved for another host";
	if (host && !reg_host_has(host, &message->mac))
		return MLRP_E_CONFLICT;
	return 0;
}

uint16_t reg_check_place(const struct registry *registry, const struct registry_session *session,
			 const struct mlrp_message *message, const char **why)
{
	uint16_t error = reg_check_address(registry, message, why);

	if (error)
		return error;
	*why = "the address is set aside for another CN";
	if (reg_in_foreign_block(reg_find(registry, &message->addr), session))
		return MLRP_E_CONFLICT;
	return 0;
}

/* 0 or the error. */
static uint16_t check_bind(struct registry *registry, const struct registry_session *session,
			   const struct mlrp_message *message, const char **why)
{
	const struct reg_cell *cell = reg_find_cell(registry, &message->addr);
	const struct reg_station *station = reg_find(registry, &message->addr);
	const struct reg_host *host = reg_host_of_addr(registry, &message->addr);
	uint8_t state = station ? station->record.state : RECORD_FREE;
	uint16_t error = reg_check_place(registry, session, message, why);

	if (error)
		return error;
	*why = "the address was found in use by a stranger";
	if (state == RECORD_DECLINED)
		return MLRP_E_CONFLICT;
	*why = "the address belongs to another station";
	if (state != RECORD_FREE && state != RECORD_IN_BLOCK && !reg_is_owner(station, message) &&
	    !(host && reg_host_has(host, &station->record.mac)) &&
	    !(host && state == RECORD_OFFERED))
		return MLRP_E_CONFLICT;
	*why = TOO_MANY;
	if (!reg_bounds_may_have(registry, &message->mac, &message->addr))
		return MLRP_E_EXHAUSTED;
	*why = "the address lies in no pool of the network";
	if (!host && state == RECORD_FREE && !reg_in_pool(cell, &message->addr))
		return MLRP_E_NOT_IN_POOL;
	return 0;
}

/* The lease on another address that the station got, or was seen with, after that time. */
static const struct reg_station *newer_lease(const struct registry *registry,
					     const struct mlrp_message *message, uint64_t since_ms)
{
	const struct reg_station *station;

	DL_FOREACH2(reg_owned(registry, &message->mac, message->client_id, message->client_id_len),
		    station, owner_next)
		if (station->record.state == RECORD_BOUND &&
		    station->record.kind == RECORD_DYNAMIC && station->arrived_ms > since_ms &&
		    !addr_equal(&station->record.addr, &message->addr))
			return station;
	return NULL;
}

/*
 * A station has one lease: its other addresses are free again. Not those that another MAC of the
 * same identifier has: only a probe shows whether that is a clone, which uses them.
 */
static void release_others(struct registry *registry, const struct reg_station *kept)
{
	struct reg_station *station = kept->owner->stations, *next;
	char addr[ADDR_STRLEN];

	for (; station; station = next) {
		next = station->owner_next;
		if (station == kept || station->record.kind != RECORD_DYNAMIC ||
		    !mac_equal(&station->record.mac, &kept->record.mac))
			continue;
		if (station->record.state == RECORD_BOUND) {
			reg_set_state(registry, station, RECORD_FREE, 0);
			reg_commit(registry, station, NULL, false);
			reg_log(registry, LOG_LEVEL_INFO,
				"%s is free: its station has a new address",
				addr_format(&station->record.addr, addr));
		}
	}
}

static void set_lease(struct registry *registry, struct reg_station *station, uint32_t lease,
		      struct registry_time now)
{
	bool ends = station->record.kind == RECORD_DYNAMIC;

	station->record.lease_end = ends ? now.unix_s + lease : 0;
	reg_set_state(registry, station, RECORD_BOUND,
		      ends ? station->record.lease_end + registry->options.grace_s : 0);
}

static void bind_address(struct registry *registry, struct registry_session *session,
			 const struct mlrp_message *message, struct registry_time now)
{
	const struct reg_cell *cell = reg_find_cell(registry, &message->addr);
	struct reg_station *station = reg_find(registry, &message->addr);
	bool host = reg_host_of_addr(registry, &message->addr);
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	if (!station)
		station = reg_add(registry, &message->addr, &message->mac, message->client_id,
				  message->client_id_len);
	else if (!reg_set_owner(registry, station, &message->mac, message->client_id,
				message->client_id_len))
		station = NULL;
	if (!station) {
		reg_refuse(registry, session, message, MLRP_E_FULL, NULL,
			   "the register's table of stations is full (stations_max)");
		return;
	}
	reg_set_state(registry, station, 0, 0);
	if (host)
		station->record.kind = RECORD_RESERVED;
	else if (station->record.kind != RECORD_STATIC || reg_in_pool(cell, &message->addr))
		station->record.kind = RECORD_DYNAMIC;
	station->record.parent = cell->cn->info.id;
	station->record.current = session->cn->info.id;
	station->arrived_ms = reg_since(message, now);
	set_lease(registry, station, message->lease, now);
	registry->counts.binds++;
	reg_commit(registry, station, NULL, true);
	reg_answer_stored(registry, session, message->transaction, &station->record,
			  registry->number);
	reg_log(registry, LOG_LEVEL_INFO, "%s is bound to %s at CN %s for %u s",
		addr_format(&message->addr, addr), mac_format(&message->mac, mac), session->name,
		message->lease);
	release_others(registry, station);
}

/* The host keeps its place and the MAC that it uses. */
static void join_address(struct registry *registry, struct registry_session *session,
			 const struct mlrp_message *message, struct reg_station *station,
			 struct registry_time now)
{
	struct station_record *record = &station->record;
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	reg_add_mac(record, &message->mac);
	set_lease(registry, station, message->lease, now);
	registry->counts.binds++;
	reg_commit(registry, station, NULL, true);
	reg_answer_stored(registry, session, message->transaction, record, registry->number);
	reg_log(registry, LOG_LEVEL_INFO, "%s is bound to %s, too, at CN %s for %u s",
		addr_format(&message->addr, addr), mac_format(&message->mac, mac), session->name,
		message->lease);
}

void reg_bind(struct registry *registry, struct registry_session *session,
	      const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = reg_find(registry, &message->addr);
	const struct reg_station *newer = NULL;
	bool bound = station && station->record.state == RECORD_BOUND;
	const char *why;
	uint16_t error;

	if (message->has & MLRP_HAS(MLRP_F_STATION)) {
		reg_restore(registry, session, message, now);
		return;
	}
	error = check_bind(registry, session, message, &why);
	/* A CN that could not ask gave it out, while another CN could: the newer lease stands. */
	if (message->has & MLRP_HAS(MLRP_F_AGE))
		newer = newer_lease(registry, message, reg_since(message, now));
	if (newer && !error)
		reg_refuse(registry, session, message, MLRP_E_STALE, &newer->record,
			   "the station has had another address since");
	else if (error)
		reg_refuse(registry, session, message, error, bound ? &station->record : NULL, "%s",
			   why);
	else if (reg_is_beside(station, message))
		join_address(registry, session, message, station, now);
	else
		bind_address(registry, session, message, now);
}

/* ---- RENEW, RELEASE, DECLINE */

/*
 * The lease ended meanwhile, and the CN that confirmed it may not have known yet: the station gets
 * it again if it may have it and has no other. RENEW of an older CN does not name the client, but
 * the record still does.
 */
static void renew_ended(struct registry *registry, struct registry_session *session,
			const struct mlrp_message *message, const struct reg_station *station,
			struct registry_time now)
{
	struct mlrp_message bind = *message;
	const struct reg_station *newer;

	if (station && !bind.client_id_len && mac_equal(&station->record.mac, &message->mac)) {
		bind.client_id_len = station->record.client_id_len;
		memcpy(bind.client_id, station->record.client_id, sizeof(bind.client_id));
	}
	newer = newer_lease(registry, &bind, 0);
	if (newer)
		reg_refuse(registry, session, message, MLRP_E_STALE, &newer->record,
			   "the station has another address now");
	else
		reg_bind(registry, session, &bind, now);
}

void reg_renew(struct registry *registry, struct registry_session *session,
	       const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = reg_find(registry, &message->addr);

	if (!station || station->record.state != RECORD_BOUND ||
	    !reg_is_holder(station, message)) {
		renew_ended(registry, session, message, station, now);
		return;
	}
	registry->counts.renewals++;
	if (station->record.kind == RECORD_DYNAMIC) {
		set_lease(registry, station, message->lease, now);
		reg_commit(registry, station, session, false);
	}
	reg_answer(registry, session, message->transaction, &station->record);
}

/* The station's own record, bound or offered; NULL: the request was refused. */
static struct reg_station *own_record(struct registry *registry, struct registry_session *session,
				      const struct mlrp_message *message)
{
	struct reg_station *station = reg_find(registry, &message->addr);

	if (!station ||
	    (station->record.state != RECORD_BOUND && station->record.state != RECORD_OFFERED)) {
		reg_refuse(registry, session, message, MLRP_E_UNKNOWN, NULL,
			   "no station has this address");
		return NULL;
	}
	if (reg_is_holder(station, message))
		return station;
	reg_refuse(registry, session, message, MLRP_E_CONFLICT, &station->record,
		   "the address belongs to another station");
	return NULL;
}

void reg_release(struct registry *registry, struct registry_session *session,
		 const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = own_record(registry, session, message);
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	(void)now;
	if (!station)
		return;
	registry->counts.releases++;
	if (reg_is_shared(station, message))
		reg_drop_mac(registry, station, &message->mac);
	else
		reg_set_state(registry, station, RECORD_FREE, 0);
	reg_commit(registry, station, NULL, true);
	reg_answer_stored(registry, session, message->transaction, &station->record,
			  registry->number);
	reg_log(registry, LOG_LEVEL_INFO, "%s was released by %s at CN %s",
		addr_format(&message->addr, addr), mac_format(&message->mac, mac), session->name);
}

/*
 * Beyond the bounds the address only goes to the end of the queue of free ones. It has no former
 * owner: the client would get it again at once.
 */
static void put_last(struct registry *registry, struct reg_station *station)
{
	static const struct tmip_mac nobody;

	reg_set_owner(registry, station, &nobody, NULL, 0); /* without memory it keeps it */
	reg_set_state(registry, station, RECORD_FREE, 0);
}

void reg_decline(struct registry *registry, struct registry_session *session,
		 const struct mlrp_message *message, struct registry_time now)
{
	struct reg_station *station = own_record(registry, session, message);
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	if (!station)
		return;
	registry->counts.declines++;
	if (reg_bounds_may_decline(registry, station))
		reg_set_state(registry, station, RECORD_DECLINED,
			      now.ms + registry->options.decline_s * 1000ull);
	else
		put_last(registry, station);
	reg_commit(registry, station, NULL, true);
	reg_answer_stored(registry, session, message->transaction, &station->record,
			  registry->number);
	if (station->record.state == RECORD_DECLINED)
		reg_log(registry, LOG_LEVEL_WARN,
			"%s was declined by %s at CN %s: a stranger uses it",
			addr_format(&message->addr, addr), mac_format(&message->mac, mac),
			session->name);
}
