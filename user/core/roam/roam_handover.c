/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handovers and claims that this CN begins when it sees a station. Each is tentative until the
 * register's record confirms it. roam.c calls roam_attempt_expire at the deadline.
 */
#include "roam_internal.h"

#include <stdlib.h>

#define CLAIMS_OF_MAC 16 /* unanswered or refused, of one MAC */
#define CLAIMS_MAX 4096  /* handovers and claims under way, with which new claims wait */
#define WAIT_MAX_MS 3600000 /* bounds the `wait` of a damped station that a register sends */

struct roam_attempt *roam_attempt_begin(struct roam *roam, struct replica_station *station,
					bool claim, uint64_t now_ms)
{
	struct roam_attempt *attempt = calloc(1, sizeof(*attempt));

	if (!attempt)
		return NULL;
	attempt->station = station;
	attempt->claim = claim;
	attempt->started_ms = now_ms;
	attempt->transaction = ROAM_TRANSACTION | roam->next_transaction++;
	HASH_ADD(hh, roam->attempts, transaction, sizeof(attempt->transaction), attempt);
	if (!attempt->hh.tbl) {
		free(attempt);
		return NULL;
	}
	station->attempt = attempt;
	roam->counts.pending++;
	return attempt;
}

void roam_attempt_end(struct roam *roam, struct roam_attempt *attempt)
{
	HASH_DEL(roam->attempts, attempt);
	attempt->station->attempt = NULL;
	roam->counts.pending--;
	free(attempt);
}

/* Returns whether no participant has still to answer. */
static bool agreed(const struct roam_attempt *attempt)
{
	return !attempt->notified[0].waiting && !attempt->notified[1].waiting;
}

/*
 * The end of the log of a handover or claim. The order of its lines does not depend on which one
 * answers last, the register or a participant.
 */
static void log_commit(struct roam *roam, const struct replica_station *station)
{
	const struct station_record *record = &station->record;
	const struct cell_info *cell = replica_find_cell(&roam->replica, &record->addr, NULL);
	char addr[ADDR_STRLEN], subnet[ADDR_STRLEN], gateway[ADDR_STRLEN];

	if (cell)
		roam_log(roam, LOG_LEVEL_INFO, station, "using %s of %s/%u, gateway %s",
			 addr_format(&record->addr, addr), addr_format(&cell->subnet.addr, subnet),
			 cell->subnet.len, addr_format(&cell->gateway, gateway));
	roam_log(roam, LOG_LEVEL_INFO, station, "committed to the register as version %u.%llu",
		 record->version.epoch, (unsigned long long)record->version.seq);
}

static void end_if_done(struct roam *roam, struct roam_attempt *attempt)
{
	struct replica_station *station = attempt->station;
	unsigned wait_ms = roam->options.timeout_ms;

	if (!attempt->registered || !agreed(attempt))
		return;
	if (station->record.current == roam->self)
		log_commit(roam, station);
	/* For an address of a block: the CN that has the station reports its move later. */
	if (attempt->claim)
		wait_ms += roam->options.back_ms;
	roam_arm(roam, station, station->moved_to ? attempt->started_ms + wait_ms : 0);
	roam_attempt_end(roam, attempt);
	if (!station->record.state)
		roam_forget(roam, station); /* its record could not be kept */
}

static void ask_register(struct roam *roam, const struct roam_attempt *attempt, uint32_t age_ms)
{
	const struct station_record *record = &attempt->station->record;
	struct mlrp_message message = {
		.type = attempt->claim ? MLRP_CLAIM : MLRP_HANDOVER,
		.transaction = attempt->transaction,
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR),
		.mac = *replica_mac(attempt->station),
		.addr = record->addr,
	};

	if (!attempt->claim) {
		message.has |= MLRP_HAS(MLRP_F_VERSION);
		message.version = record->version;
	}
	if (age_ms) {
		message.has |= MLRP_HAS(MLRP_F_AGE);
		message.age = age_ms;
	}
	roam_send_register(roam, &message);
}

static void notify_participant(struct roam *roam, struct roam_attempt *attempt, int slot,
			       uint32_t id)
{
	const struct replica_station *station = attempt->station;
	const struct replica_cn *cn = replica_find_cn(&roam->replica, id);
	struct mlrp_message message = {.type = MLRP_MOVED, .transaction = attempt->transaction,
				       .has = MLRP_HAS(MLRP_F_STATION)};

	if (!cn)
		return;
	message.station = station->record;
	message.station.current = roam->self;
	if (!mac_equal(replica_mac(station), &station->record.mac)) {
		message.has |= MLRP_HAS(MLRP_F_MAC);
		message.mac = *replica_mac(station);
	}
	if (id == station->record.parent && cn->tunnel == TMIP_TUNNEL_IDLE) {
		message.has |= MLRP_HAS(MLRP_F_TUNNELS);
		message.tunnel_count = 1;
		message.tunnels[0] = TMIP_TUNNEL_4IN4;
	}
	attempt->notified[slot].cn = id;
	attempt->notified[slot].waiting = true;
	roam_send_cn(roam, id, &message);
}

static bool tunnel_stands(const struct roam *roam, uint32_t id)
{
	const struct replica_cn *cn = replica_find_cn(&roam->replica, id);

	return cn && cn->tunnel != TMIP_TUNNEL_IDLE;
}

/* Logs the handover after the messages have left, in the order that a reader expects. */
static void log_beginning(struct roam *roam, const struct roam_attempt *attempt,
			  const struct roam_cell *cell, const char *how, uint32_t previous)
{
	const struct replica_station *station = attempt->station;
	const struct station_record *record = &station->record;
	char addr[ADDR_STRLEN];

	roam_log(roam, LOG_LEVEL_INFO, station, "station detected in cell %s (%s)", cell->name,
		 how);
	roam_log(roam, LOG_LEVEL_INFO, station,
		 "allocation known from the register: %s, version %u.%llu",
		 addr_format(&record->addr, addr), record->version.epoch,
		 (unsigned long long)record->version.seq);
	roam_log(roam, LOG_LEVEL_INFO, station, "%s",
		 roam->register_ready ? "notifying the register" :
					"the register is away: it will be told when it is back");
	roam_log(roam, LOG_LEVEL_INFO, station, "attempting handover [migrated from %s, parent %s]",
		  roam_cn_name(roam, previous), roam_cn_name(roam, record->parent));
	for (int i = 0; i < 2; i++)
		if (attempt->notified[i].waiting)
			roam_log(roam, LOG_LEVEL_INFO, station, "contacting %s CN %s",
				 i == 0 ? "parent" : "previous",
				 roam_cn_name(roam, attempt->notified[i].cn));
	if (attempt->notified[0].waiting)
		roam_log(roam, LOG_LEVEL_INFO, station,
			 tunnel_stands(roam, record->parent) ?
				 "a tunnel between parent CN %s and this CN stands" :
				 "requesting a tunnel between parent CN %s and this CN",
			 roam_cn_name(roam, record->parent));
}

static void begin_handover(struct roam *roam, struct replica_station *station,
			   const struct roam_cell *cell, const char *how, uint64_t now_ms)
{
	uint32_t previous = replica_current(station), parent = station->record.parent;
	struct roam_attempt *attempt;

	if (station->attempt)
		roam_attempt_end(roam, station->attempt);
	attempt = roam_attempt_begin(roam, station, false, now_ms);
	if (!attempt) {
		roam->counts.overflow++;
		roam_log(roam, LOG_LEVEL_WARN, station,
			 "no memory for a handover: the next frame tries again");
		return;
	}
	station->before = previous;
	station->moved_to = roam->self;
	station->moved_old = false;
	station->moved_ms = station->arrived_ms = now_ms;
	station->ifindex = cell->ifindex;
	/* Writes the entry before the first packet can come through the parent's tunnel. */
	roam_update_entry(roam, station);
	if (parent != roam->self)
		notify_participant(roam, attempt, 0, parent);
	if (previous && previous != roam->self && previous != parent)
		notify_participant(roam, attempt, 1, previous);
	roam_refresh(roam, station);
	if (roam->register_ready && !roam_is_local(station))
		ask_register(roam, attempt, 0);
	roam_arm(roam, station, roam->register_ready ? now_ms + roam->options.timeout_ms : 0);
	log_beginning(roam, attempt, cell, how, previous);
}

bool roam_arrival(struct roam *roam, struct replica_station *station, const struct roam_cell *cell,
		  const char *how, uint64_t now_ms)
{
	const struct roam_cell *former = roam_find_cell(roam, station->ifindex);
	bool comes = station->kernel.ifindex != cell->ifindex;

	if (station->record.state != RECORD_BOUND)
		return false;
	if (replica_current(station) != roam->self) {
		if (now_ms < station->quiet_until_ms)
			return false;
		station->quiet_until_ms = 0;
		begin_handover(roam, station, cell, how, now_ms);
		return replica_current(station) == roam->self;
	}
	if (replica_silent(station)) {
		station->silent_at = 0;
		if (station->ifindex == cell->ifindex)
			roam_refresh(roam, station);
		roam_notify_parent(roam, station, MLRP_RETURNED);
		roam_log(roam, LOG_LEVEL_INFO, station, "station is heard again in cell %s (%s)",
			 cell->name, how);
	}
	if (station->ifindex == cell->ifindex)
		return false;
	station->ifindex = cell->ifindex;
	roam_refresh(roam, station);
	roam_log(roam, LOG_LEVEL_INFO, station,
		 "station detected in cell %s (%s), before in cell %s of this CN", cell->name, how,
		 former ? former->name : "-");
	return comes;
}

void roam_report(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	struct roam_attempt *attempt = station->attempt;

	if (attempt)
		roam_attempt_end(roam, attempt);
	attempt = roam_attempt_begin(roam, station, false, now_ms);
	roam_arm(roam, station, now_ms + roam->options.timeout_ms);
	if (!attempt) {
		roam->counts.overflow++;
		return; /* the deadline tries again */
	}
	ask_register(roam, attempt, roam_age(station, now_ms));
	roam_log(roam, LOG_LEVEL_INFO, station, "telling the register that the station is here");
}

bool roam_claimable(const struct roam *roam, const struct tmip_addr *addr)
{
	const struct cell_info *cell = replica_find_cell(&roam->replica, addr, NULL);
	uint32_t host;

	if (!roam->options.accept_static || !roam->register_ready || !cell ||
	    addr_equal(addr, &cell->gateway))
		return false;
	host = addr_to_ipv4(addr) & ~prefix_mask(cell->subnet.len);
	return cell->subnet.len > 30 || (host != 0 && host != ~prefix_mask(cell->subnet.len));
}

/*
 * One MAC shows many addresses: the register would not give it as many, and each one that it
 * refuses takes a place in the tables for a while.
 */
static bool claims_enough(const struct roam *roam, const struct tmip_mac *mac)
{
	const struct replica_station *station = replica_find_mac(&roam->replica, mac);
	unsigned count = 0;

	for (; station; station = replica_next_mac(&roam->replica, mac, station))
		count += !station->record.state;
	return count >= CLAIMS_OF_MAC;
}

void roam_claim(struct roam *roam, const struct tmip_addr *addr, const struct tmip_mac *mac,
		const struct roam_cell *cell, uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, addr);
	struct roam_attempt *attempt;
	char text[ADDR_STRLEN];

	if (!roam_claimable(roam, addr) || (station && station->attempt))
		return;
	if (!station && (roam->counts.pending >= CLAIMS_MAX || claims_enough(roam, mac))) {
		roam->counts.overflow++;
		return;
	}
	if (!station)
		station = replica_add(&roam->replica, addr, mac);
	attempt = station ? roam_attempt_begin(roam, station, true, now_ms) : NULL;
	if (!attempt) {
		if (station && !station->record.state)
			replica_remove(&roam->replica, station);
		roam->counts.overflow++;
		return;
	}
	/* Not station->ifindex before the register agrees: the address may be another's. */
	attempt->ifindex = cell->ifindex;
	struct mlrp_message message = {.type = MLRP_CLAIM, .transaction = attempt->transaction,
				       .mac = *mac, .addr = *addr,
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR)};
	roam_send_register(roam, &message);
	roam_arm(roam, station, now_ms + roam->options.timeout_ms);
	roam_log(roam, LOG_LEVEL_INFO, station,
		 "station detected in cell %s with the unregistered address %s: "
		 "asking the register",
		 cell->name, addr_format(addr, text));
}

bool roam_take_over(struct roam *roam, struct replica_station *station,
		    const struct tmip_mac *mac, unsigned ifindex, uint8_t holder, uint64_t now_ms)
{
	struct roam_attempt *attempt =
		station->attempt ? NULL : roam_attempt_begin(roam, station, true, now_ms);
	struct mlrp_message message = {.type = MLRP_CLAIM, .mac = *mac,
				       .addr = station->record.addr,
				       .version = station->record.version, .holder = holder,
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR)};

	if (!attempt)
		return false;
	attempt->ifindex = ifindex;
	message.transaction = attempt->transaction;
	if (holder)
		message.has |= MLRP_HAS(MLRP_F_HOLDER) | MLRP_HAS(MLRP_F_VERSION);
	roam_send_register(roam, &message);
	roam_arm(roam, station, now_ms + roam->options.timeout_ms);
	return true;
}

/* Undoes the move here and at every CN that this CN has notified of it. */
static void undo(struct roam *roam, struct roam_attempt *attempt)
{
	struct replica_station *station = attempt->station;

	for (int i = 0; i < 2; i++)
		if (attempt->notified[i].cn)
			roam_send_abort(roam, attempt->notified[i].cn, station);
	if (!attempt->claim && station->moved_to == roam->self)
		station->moved_to = 0;
}

void roam_attempt_expire(struct roam *roam, struct roam_attempt *attempt, uint64_t now_ms)
{
	struct replica_station *station = attempt->station;
	const struct tmip_addr addr = station->record.addr;
	bool claim = attempt->claim;

	/* A record that the register does not know stands; the parent reports it again. */
	if (roam_is_local(station)) {
		roam_attempt_end(roam, attempt);
		if (claim || station->record.parent == roam->self)
			roam_report_local(roam, station, now_ms);
		return;
	}
	for (int i = 0; i < 2; i++)
		if (attempt->notified[i].waiting)
			roam_log(roam, LOG_LEVEL_WARN, station,
				 "%s did not answer: the register tells it",
				 roam_cn_name(roam, attempt->notified[i].cn));
	if (!attempt->registered) {
		roam->counts.undone++;
		roam_log(roam, LOG_LEVEL_WARN, station,
			 "the register did not answer in %u ms: %s undone",
			 roam->options.timeout_ms, attempt->claim ? "claim" : "handover");
		undo(roam, attempt);
	} else if (station->record.current == roam->self) {
		log_commit(roam, station);
	}
	roam_attempt_end(roam, attempt);
	if (!station->record.state)
		roam_forget(roam, station);
	else
		roam_refresh(roam, station);
	if (claim)
		roam_rival_refused(roam, &addr, NULL, now_ms);
}

/*
 * The register has damped the station. This CN does not ask for it again before the wait is over;
 * the station's packets follow the record.
 */
static void postpone(struct roam *roam, const struct mlrp_message *message, uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, &message->station.addr);
	unsigned wait_ms =
		message->has & MLRP_HAS(MLRP_F_WAIT) ? message->wait : roam->options.refused_ms;

	roam->counts.damped++;
	if (!station || !station->record.state)
		return;
	station->quiet_until_ms = now_ms + (wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS);
	if (!station->deadline_ms)
		roam_arm_pending(roam, station, now_ms);
	roam_refresh(roam, station);
}

static void refused(struct roam *roam, struct roam_attempt *attempt,
		    const struct mlrp_message *message, uint64_t now_ms)
{
	struct replica_station *station = attempt->station;
	const struct tmip_addr addr = station->record.addr;
	bool unknown = message->code == MLRP_E_UNKNOWN && !attempt->claim;
	/* Of an address that nobody has, as far as this CN knows: else the conflict has counted. */
	bool fresh = attempt->claim && !station->record.state, claim = attempt->claim;

	roam->counts.refused++;
	if (roam_is_local(station)) {
		roam_local_refused(roam, station, message, now_ms);
		return;
	}
	roam->counts.conflicts += fresh && message->code == MLRP_E_CONFLICT;
	roam_log(roam, LOG_LEVEL_WARN, station, "the register refused: %s%s%s",
		 mlrp_error_name(message->code), message->text[0] ? ", " : "", message->text);
	undo(roam, attempt);
	roam_attempt_end(roam, attempt);
	roam_arm_pending(roam, station, now_ms); /* a move that another CN notified since */
	if (message->has & MLRP_HAS(MLRP_F_STATION) &&
	    addr_equal(&message->station.addr, &station->record.addr)) {
		roam_refresh(roam, station);
		roam_record(roam, &message->station, 0, now_ms);
		if (message->code == MLRP_E_DAMPED)
			postpone(roam, message, now_ms);
	} else if (unknown) {
		roam_forget(roam, station);
	} else if (!station->record.state) {
		station->refused = true;
		roam_arm(roam, station, now_ms + roam->options.refused_ms);
		roam_refresh(roam, station);
	} else {
		roam_refresh(roam, station);
	}
	if (claim)
		roam_rival_refused(roam, &addr, message, now_ms);
}

void roam_register_answer(struct roam *roam, const struct mlrp_message *message, uint64_t now_ms)
{
	struct roam_attempt *attempt;
	struct replica_station *station;

	HASH_FIND(hh, roam->attempts, &message->transaction, sizeof(message->transaction), attempt);
	if (message->type == MLRP_ERROR) {
		if (attempt && !attempt->registered)
			refused(roam, attempt, message, now_ms);
		return;
	}
	if (message->type != MLRP_STATION)
		return;
	if (!attempt || !addr_equal(&attempt->station->record.addr, &message->station.addr)) {
		roam_record(roam, &message->station, 0, now_ms);
		return;
	}
	station = attempt->station;
	attempt->registered = true;
	if (station->moved_to == roam->self)
		station->moved_to = 0;
	roam_record(roam, &message->station, attempt->claim ? attempt->ifindex : station->ifindex,
		    now_ms);
	station = replica_find(&roam->replica, &message->station.addr);
	if (!station || !station->attempt)
		return;
	roam_refresh(roam, station); /* an older record than the one in force leaves it as it is */
	if (message->station.current == roam->self)
		roam->counts.completed += !attempt->claim;
	end_if_done(roam, attempt);
}

static void note_answer(struct roam *roam, const struct roam_attempt *attempt, uint32_t from)
{
	struct roam_action action = {.type = ROAM_CN_TOLD, .cn = from,
				     .addr = attempt->station->record.addr};

	roam->act(&action, roam->arg);
}

void roam_attempt_answered(struct roam *roam, uint32_t from, const struct mlrp_message *message)
{
	struct roam_attempt *attempt;
	struct replica_cn *cn = replica_find_cn(&roam->replica, from);

	HASH_FIND(hh, roam->attempts, &message->transaction, sizeof(message->transaction), attempt);
	for (int i = 0; attempt && i < 2; i++) {
		if (attempt->notified[i].cn != from || !attempt->notified[i].waiting)
			continue;
		attempt->notified[i].waiting = false;
		note_answer(roam, attempt, from);
		if (message->type == MLRP_ERROR)
			roam_log(roam, LOG_LEVEL_WARN, attempt->station, "%s does not agree: %s",
				 roam_cn_name(roam, from), mlrp_error_name(message->code));
		else if (message->has & MLRP_HAS(MLRP_F_TUNNEL) &&
			 message->tunnel == TMIP_TUNNEL_4IN4) {
			if (cn && cn->stations)
				roam_set_tunnel(roam, cn, message->tunnel);
			roam_log(roam, LOG_LEVEL_INFO, attempt->station,
				 "agreed on tunnel type 4IN4 with parent CN %s",
				 roam_cn_name(roam, from));
		}
		if (agreed(attempt))
			roam_log(roam, LOG_LEVEL_INFO, attempt->station,
				 "all participants have answered");
		end_if_done(roam, attempt);
		return;
	}
}
