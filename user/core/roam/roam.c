/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The roaming machine: its life, the configured network, the stations that leave, and the
 * deadlines. See roam.h.
 */
#include "roam_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#define ASK_CN_MS 1000 /* an answer to ROAM_ASK_CN takes no longer */

struct roam *roam_create(const struct roam_options *options, roam_act *act, void *arg)
{
	struct roam *roam = calloc(1, sizeof(*roam));

	if (!roam)
		return NULL;
	roam->options = *options;
	roam->act = act;
	roam->arg = arg;
	replica_init(&roam->replica, options->stations_max, options->cns_max);
	return roam;
}

void roam_destroy(struct roam *roam)
{
	struct roam_attempt *attempt, *next;

	if (!roam)
		return;
	HASH_ITER(hh, roam->attempts, attempt, next)
		roam_attempt_end(roam, attempt);
	roam_rivals_free(roam);
	roam_sightings_free(roam);
	roam_changes_free(roam);
	replica_free(&roam->replica);
	free(roam);
}

void roam_set_options(struct roam *roam, const struct roam_options *options)
{
	roam->options = *options;
	roam->replica.stations_max = options->stations_max;
	roam->replica.cns_max = options->cns_max;
}

/* ---- functions that the other files of the machine use */

void roam_log(struct roam *roam, int level, const struct replica_station *station,
	      const char *format, ...)
{
	char text[ROAM_TEXT];
	struct roam_action action = {.type = ROAM_LOG, .level = level, .text = text};
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (station) {
		action.addr = station->record.addr;
		action.mac = *replica_mac(station);
	}
	roam->act(&action, roam->arg);
}

const struct roam_cell *roam_find_cell(const struct roam *roam, unsigned ifindex)
{
	for (int i = 0; ifindex && i < CN_CELLS_MAX; i++)
		if (roam->cells[i].ifindex == ifindex)
			return &roam->cells[i];
	return NULL;
}

const char *roam_cn_name(const struct roam *roam, uint32_t id)
{
	const struct replica_cn *cn = replica_find_cn(&roam->replica, id);

	return cn ? cn->info.name : id ? "a CN that is not known" : "nowhere";
}

void roam_probe_in(struct roam *roam, const struct replica_station *station,
		   const struct tmip_mac *mac, unsigned ifindex)
{
	struct roam_action action = {.type = ROAM_PROBE_STATION, .addr = station->record.addr,
				     .mac = *mac, .ifindex = ifindex};

	roam->act(&action, roam->arg);
}

static int due_order(const struct replica_station *a, const struct replica_station *b)
{
	return a->deadline_ms < b->deadline_ms ? -1 : a->deadline_ms > b->deadline_ms;
}

/* Nearly all deadlines are equally far ahead, so a new one goes to the end of the list. */
static void due_insert(struct roam *roam, struct replica_station *station)
{
	struct replica_station *last = roam->due ? roam->due->due_prev : NULL;

	if (!last || due_order(last, station) <= 0)
		DL_APPEND2(roam->due, station, due_prev, due_next);
	else
		DL_INSERT_INORDER2(roam->due, station, due_order, due_prev, due_next);
}

void roam_due_changed(struct roam *roam, uint64_t before)
{
	struct roam_action action = {.type = ROAM_DUE};

	if (roam_next_due(roam) != before)
		roam->act(&action, roam->arg);
}

void roam_arm(struct roam *roam, struct replica_station *station, uint64_t deadline_ms)
{
	uint64_t before = roam_next_due(roam);

	if (station->deadline_ms)
		DL_DELETE2(roam->due, station, due_prev, due_next);
	station->deadline_ms = deadline_ms;
	if (deadline_ms)
		due_insert(roam, station);
	roam_due_changed(roam, before);
}

void roam_arm_pending(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	uint64_t due_ms = station->quiet_until_ms;

	if (station->refused)
		due_ms = now_ms + roam->options.refused_ms;
	else if (roam->register_ready && station->attempt)
		due_ms = station->attempt->started_ms + roam->options.timeout_ms;
	else if (roam->register_ready && station->moved_to)
		due_ms = now_ms + roam->options.timeout_ms;
	roam_arm(roam, station, due_ms);
}

void roam_forget(struct roam *roam, struct replica_station *station)
{
	roam_arm(roam, station, 0);
	if (station->attempt)
		roam_attempt_end(roam, station->attempt);
	roam_hide(roam, station);
	replica_remove(&roam->replica, station);
}

void roam_send_register(struct roam *roam, struct mlrp_message *message)
{
	struct roam_action action = {.type = ROAM_TO_REGISTER, .message = message};

	roam->act(&action, roam->arg);
}

void roam_send_cn(struct roam *roam, uint32_t cn, const struct mlrp_message *message)
{
	struct roam_action action = {.type = ROAM_TO_CN, .cn = cn, .message = message};

	roam->act(&action, roam->arg);
}

void roam_send_abort(struct roam *roam, uint32_t cn, const struct replica_station *station)
{
	struct mlrp_message message = {.type = MLRP_ABORT,
				       .has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_VERSION),
				       .addr = station->record.addr,
				       .version = station->record.version};

	roam_send_cn(roam, cn, &message);
}

/* ---- the configured network */

void roam_set_self(struct roam *roam, uint32_t cn_id)
{
	uint32_t former = roam->self;

	if (former == cn_id)
		return;
	roam->self = cn_id;
	if (former)
		roam_renumber(roam, former);
	roam_refresh_all(roam);
}

int roam_put_cell(struct roam *roam, unsigned ifindex, const char *name,
		  const struct prefix *subnet)
{
	struct roam_cell *cell = (struct roam_cell *)roam_find_cell(roam, ifindex);

	for (int i = 0; !cell && i < CN_CELLS_MAX; i++)
		if (!roam->cells[i].ifindex)
			cell = &roam->cells[i];
	if (!cell)
		return -ENOSPC;
	cell->ifindex = ifindex;
	cell->subnet = *subnet;
	snprintf(cell->name, sizeof(cell->name), "%s", name);
	roam_refresh_all(roam);
	return 0;
}

void roam_remove_cell(struct roam *roam, unsigned ifindex)
{
	struct roam_cell *cell = (struct roam_cell *)roam_find_cell(roam, ifindex);

	if (!cell)
		return;
	memset(cell, 0, sizeof(*cell));
	roam_refresh_all(roam);
}

/* Writes the entry of a former agent, whose record is not there yet, anew. */
static void put_adopted(struct roam *roam, struct replica_station *station)
{
	struct roam_action action = {.type = ROAM_PUT, .addr = station->record.addr,
				     .mac = station->record.mac, .station = &station->kernel};

	roam->act(&action, roam->arg);
}

static void move_station(struct roam *roam, struct replica_station *station, unsigned from,
			 unsigned to)
{
	struct tmip_station *entry = &station->kernel;

	if (station->ifindex == from)
		station->ifindex = to;
	if (!station->shown || (entry->ifindex != from && entry->home_ifindex != from))
		return;
	if (entry->ifindex == from)
		entry->ifindex = to;
	if (entry->home_ifindex == from)
		entry->home_ifindex = to;
	station->overtaken = true;
	if (station->adopted)
		put_adopted(roam, station);
}

void roam_move_cell(struct roam *roam, unsigned from, unsigned to)
{
	struct roam_cell *cell = (struct roam_cell *)roam_find_cell(roam, from);
	struct roam_attempt *attempt;

	if (!from || from == to)
		return;
	if (cell)
		cell->ifindex = to;
	for (attempt = roam->attempts; attempt; attempt = attempt->hh.next)
		if (attempt->ifindex == from)
			attempt->ifindex = to;
	roam_rivals_move(roam, from, to);
	roam_sightings_move(roam, from, to);
	roam_changes_move(roam, from, to);
	for (struct replica_station *station = roam->replica.stations; station;
	     station = station->hh.next)
		move_station(roam, station, from, to);
	roam_refresh_all(roam);
}

static bool is_elsewhere(const struct replica_station *station, unsigned home)
{
	return station->shown && station->kernel.home_ifindex == home &&
	       (station->kernel.state == TMIP_STATION_AWAY ||
		station->kernel.state == TMIP_STATION_NEXT_DOOR);
}

static bool is_guest(const struct replica_station *station, unsigned ifindex)
{
	return station->shown && station->kernel.ifindex == ifindex &&
	       station->kernel.home_ifindex != ifindex;
}

void roam_announce_cell(struct roam *roam, unsigned ifindex)
{
	struct replica_station *station = roam->replica.near, *next;
	struct roam_action action;

	for (; station; station = next) {
		next = station->near_next;
		if (is_elsewhere(station, ifindex))
			action = (struct roam_action){.type = ROAM_ANNOUNCE,
						      .ifindex = ifindex};
		else if (is_guest(station, ifindex))
			action = (struct roam_action){.type = ROAM_GREET};
		else
			continue;
		action.addr = station->record.addr;
		roam->act(&action, roam->arg);
	}
}

struct roam_users roam_cell_users(const struct roam *roam, unsigned ifindex)
{
	const struct replica_station *station = roam->replica.near;
	struct roam_users users = {0};

	for (; ifindex && station; station = station->near_next) {
		users.away += is_elsewhere(station, ifindex);
		users.guests += is_guest(station, ifindex);
	}
	return users;
}

void roam_note_former(struct roam *roam, const struct prefix *subnet,
		      const struct tmip_addr *gateway)
{
	replica_note_former(&roam->replica, subnet, gateway);
}

static void note_former(struct roam *roam, const struct replica_cn *cn, const struct cn_info *info)
{
	for (int i = 0; cn && i < cn->info.cell_count; i++)
		if (info->gone || !cn_has_subnet(info, &cn->info.cells[i].subnet))
			roam_note_former(roam, &cn->info.cells[i].subnet,
					 &cn->info.cells[i].gateway);
}

int roam_put_cn(struct roam *roam, const struct cn_info *info)
{
	struct replica_cn *cn = replica_find_cn(&roam->replica, info->id);
	bool moved = !cn || !addr_equal(&cn->info.tunnel, &info->tunnel) || info->gone;

	note_former(roam, cn, info);
	if (!info->gone)
		roam_cn_named(roam, info);
	cn = replica_find_cn(&roam->replica, info->id);
	if (info->gone) {
		if (cn)
			replica_remove_cn(&roam->replica, cn);
	} else if (!replica_put_cn(&roam->replica, info)) {
		roam->counts.overflow++;
		return -ENOSPC;
	}
	if (moved)
		roam_refresh_all(roam);
	return 0;
}

void roam_expect_cns(struct roam *roam)
{
	for (struct replica_cn *cn = roam->replica.cns; cn; cn = cn->hh.next)
		cn->stale = cn->info.id != roam->self;
}

/*
 * ---- stations that leave without notice. They keep record, lease and map entry: an idle station
 * is not gone.
 */

void roam_notify_parent(struct roam *roam, const struct replica_station *station, uint8_t type)
{
	struct mlrp_message message = {.type = type, .has = MLRP_HAS(MLRP_F_ADDR),
				       .addr = station->record.addr};

	if (station->record.parent != roam->self)
		roam_send_cn(roam, station->record.parent, &message);
}

static unsigned leave(struct roam *roam, struct replica_station *station, const char *how)
{
	const struct roam_cell *cell = roam_find_cell(roam, station->kernel.ifindex);

	if (!station->shown || !cell || replica_silent(station) || station->adopted ||
	    station->refused)
		return 0;
	station->silent_at = roam->self;
	station->held |= roam->options.hold;
	roam_refresh(roam, station);
	roam_notify_parent(roam, station, MLRP_DEPARTED);
	roam_log(roam, LOG_LEVEL_INFO, station, "station is silent in cell %s: %s", cell->name,
		 how);
	roam_search(roam, &station->record.addr);
	return 1;
}

unsigned roam_silent(struct roam *roam, const struct tmip_addr *addr, const char *how)
{
	struct replica_station *station = replica_find(&roam->replica, addr);

	return station ? leave(roam, station, how) : 0;
}

unsigned roam_departed(struct roam *roam, const struct tmip_mac *mac, unsigned ifindex)
{
	unsigned count = 0;

	for (struct replica_station *station = replica_find_mac(&roam->replica, mac); station;
	     station = replica_next_mac(&roam->replica, mac, station))
		if (mac_equal(replica_mac(station), mac) &&
		    (!ifindex || station->kernel.ifindex == ifindex))
			count += leave(roam, station, "it has left, as the link layer says");
	return count;
}

void roam_unhold(struct roam *roam, const struct tmip_addr *addr)
{
	struct replica_station *station = replica_find(&roam->replica, addr);

	if (!station || !station->held)
		return;
	station->held = false;
	roam_refresh(roam, station);
}

/* ---- time */

/* The station is damped no longer. Until then the map entry says that it stays. */
static void end_quiet(struct roam *roam, struct replica_station *station)
{
	station->quiet_until_ms = 0;
	roam_refresh(roam, station);
}

static void undo_move(struct roam *roam, struct replica_station *station)
{
	roam_log(roam, LOG_LEVEL_WARN, station,
		 "nobody confirmed the move to %s: back to the record",
		 roam_cn_name(roam, station->moved_to));
	station->moved_to = 0;
	roam_refresh(roam, station);
}

/*
 * Nobody confirmed a move that another CN, or a packet of it, has notified. If the agent of that CN
 * is away, its programs know whether they have the station.
 */
static void doubt_move(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	struct roam_action action = {.type = ROAM_ASK_CN, .addr = station->record.addr,
				     .cn = station->moved_to};

	station->moved_asked = true;
	roam_arm(roam, station, now_ms + ASK_CN_MS);
	roam->act(&action, roam->arg);
}

/* Reports a move to another CN, whose agent is away. The register's record ends the move. */
static void report_for(struct roam *roam, struct replica_station *station)
{
	const struct station_record *record = &station->record;
	const struct replica_cn *cn = replica_find_cn(&roam->replica, station->moved_to);
	struct mlrp_message message = {
		.type = MLRP_FOLLOWED, .transaction = ROAM_TRANSACTION | roam->next_transaction++,
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_VERSION) |
		       MLRP_HAS(MLRP_F_CN),
		.mac = record->mac, .addr = record->addr, .version = record->version,
	};

	if (!cn || (record->parent != roam->self && record->current != roam->self))
		return;
	message.cn = cn->info;
	message.cn.cell_count = 0;
	roam_send_register(roam, &message);
	roam_log(roam, station->moved_reported ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, station,
		 "the station is with %s, whose agent is away: telling the register",
		 cn->info.name);
	station->moved_reported = true;
}

void roam_cn_asked(struct roam *roam, const struct tmip_addr *addr, uint32_t cn, bool there,
		   uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, addr);

	if (!station || !station->moved_asked || station->moved_to != cn || station->attempt)
		return;
	station->moved_asked = false;
	if (!there) {
		roam_arm(roam, station, 0);
		undo_move(roam, station);
		return;
	}
	if (roam->register_ready)
		report_for(roam, station);
	roam_arm_pending(roam, station, now_ms);
}

static void expire(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	bool quiet = now_ms < station->quiet_until_ms;

	roam_arm(roam, station, quiet ? station->quiet_until_ms : 0);
	if (station->quiet_until_ms && !quiet)
		end_quiet(roam, station);
	if (station->refused) {
		station->refused = false;
		if (!station->record.state)
			roam_forget(roam, station);
		else
			roam_refresh(roam, station);
	} else if (!roam->register_ready) {
		return; /* moves stand while the register is down; roam_sync_end arms them again */
	} else if (roam_is_local(station)) {
		if (station->attempt)
			roam_attempt_expire(roam, station->attempt, now_ms);
		else if (roam_reports(roam, station))
			roam_report_local(roam, station, now_ms);
		else if (station->lost && replica_current(station) != roam->self)
			roam_forget(roam, station); /* it has left: others report it */
	} else if (station->attempt) {
		/* Another CN notified a later move, which is not confirmed either. */
		if (station->moved_to != roam->self)
			station->moved_to = 0;
		roam_attempt_expire(roam, station->attempt, now_ms);
	} else if (station->moved_to == roam->self && roam->self) {
		roam_report(roam, station, now_ms); /* there was no memory for the report */
	} else if (station->moved_to && station->moved_to == station->record.current) {
		station->moved_to = 0; /* the record came first */
		roam_refresh(roam, station);
	} else if (station->moved_to && !station->moved_asked) {
		doubt_move(roam, station, now_ms);
	} else if (station->moved_to) {
		station->moved_asked = false;
		undo_move(roam, station);
	}
}

uint64_t roam_tick(struct roam *roam, uint64_t now_ms)
{
	while (roam->due && roam->due->deadline_ms <= now_ms)
		expire(roam, roam->due, now_ms);
	roam_rivals_tick(roam, now_ms);
	roam_sightings_tick(roam, now_ms);
	roam_changes_tick(roam, now_ms);
	return roam_next_due(roam);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

uint64_t roam_next_due(const struct roam *roam)
{
	uint64_t asked = sooner(sooner(roam_rivals_due(roam), roam_sightings_due(roam)),
				roam_changes_due(roam));

	return sooner(roam->due ? roam->due->deadline_ms : 0, asked);
}

/* ---- views */

const struct replica *roam_replica(const struct roam *roam)
{
	return &roam->replica;
}

uint32_t roam_self(const struct roam *roam)
{
	return roam->self;
}

unsigned roam_pending(const struct roam *roam)
{
	return roam->counts.pending;
}

void roam_count(const struct roam *roam, struct roam_counts *counts)
{
	*counts = roam->counts;
	for (unsigned state = 1; state < TMIP_STATION_BLOCKED; state++)
		counts->stations[0] += counts->stations[state];
}
