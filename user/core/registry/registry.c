/* SPDX-License-Identifier: BSD-2-Clause */
/* The register: entry points, connections of CNs, the order of changes, time. See registry.h. */
#include "registry_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MAX 2000 /* ends of leases in one call */

struct registry *registry_create(const struct registry_options *options,
				 const struct registry_store *store, registry_act *act, void *arg)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return NULL;
	registry->options = *options;
	registry->version.epoch = options->epoch;
	registry->store = *store;
	registry->act = act;
	registry->arg = arg;
	return registry;
}

void registry_destroy(struct registry *registry)
{
	struct registry_session *session, *next_session;
	struct reg_waiting *waiting, *next_waiting;

	if (!registry)
		return;
	DL_FOREACH_SAFE(registry->waiting, waiting, next_waiting)
		free(waiting);
	DL_FOREACH_SAFE(registry->sessions, session, next_session) {
		free(session->claim);
		free(session);
	}
	reg_table_free(registry);
	reg_bounds_free(registry);
	reg_free_cells(registry);
	reg_free_hosts(registry);
	reg_free_cns(registry);
	free(registry);
}

void registry_set_options(struct registry *registry, const struct registry_options *options)
{
	uint32_t epoch = registry->options.epoch;

	registry->options = *options;
	registry->options.epoch = epoch;
}

/* ---- what goes out */

void reg_log(struct registry *registry, enum log_level level, const char *format, ...)
{
	char text[REGISTRY_TEXT];
	struct registry_action action = {.type = REGISTRY_LOG, .level = level, .text = text};
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	registry->act(&action, registry->arg);
}

void reg_send(struct registry *registry, struct registry_session *session,
	      const struct mlrp_message *message)
{
	struct registry_action action = {
		.type = REGISTRY_SEND, .session = session, .message = message};

	registry->act(&action, registry->arg);
}

void reg_refuse(struct registry *registry, struct registry_session *session,
		const struct mlrp_message *question, uint16_t code,
		const struct station_record *record, const char *format, ...)
{
	struct mlrp_message message = {.type = MLRP_ERROR,
				       .transaction = question->transaction,
				       .code = code,
				       .has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT)};
	char addr[ADDR_STRLEN] = "", mac[MAC_STRLEN] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(message.text, sizeof(message.text), format, args);
	va_end(args);
	if (record) {
		message.has |= MLRP_HAS(MLRP_F_STATION);
		message.station = *record;
	}
	if (question->has & MLRP_HAS(MLRP_F_ADDR))
		addr_format(&question->addr, addr);
	if (question->has & MLRP_HAS(MLRP_F_MAC))
		mac_format(&question->mac, mac);
	registry->counts.refused++;
	reg_send(registry, session, &message);
	reg_log(registry, LOG_LEVEL_WARN, "CN %s: %s%s%s%s%s refused: %s", session->name,
		mlrp_type_name(question->type), *addr ? " " : "", addr, *mac ? " for " : "", mac,
		message.text);
}

void reg_answer(struct registry *registry, struct registry_session *session, uint32_t transaction,
		const struct station_record *record)
{
	struct mlrp_message message = {.type = MLRP_STATION,
				       .transaction = transaction,
				       .has = MLRP_HAS(MLRP_F_STATION),
				       .station = *record};

	reg_send(registry, session, &message);
}

static void push(struct registry *registry, struct registry_session *but,
		 const struct station_record *record)
{
	struct mlrp_message message = {
		.type = MLRP_STATION, .has = MLRP_HAS(MLRP_F_STATION), .station = *record};
	struct registry_action action = {
		.type = REGISTRY_PUSH, .session = but, .message = &message};

	registry->act(&action, registry->arg);
}

void reg_leave_order(struct registry *registry, struct reg_station *station)
{
	if (!station->record.version.epoch)
		return;
	reg_sync_skip(registry, station);
	reg_store_skip(registry, station);
	DL_DELETE2(registry->changes, station, change_prev, change_next);
}

void reg_commit(struct registry *registry, struct reg_station *station,
		struct registry_session *asker, bool urgent)
{
	reg_host_set_others(registry, &station->record);
	reg_leave_order(registry, station);
	registry->version.seq++;
	station->record.version = registry->version;
	DL_APPEND2(registry->changes, station, change_prev, change_next);
	reg_store_station(registry, station, urgent);
	if (station->record.state != RECORD_IN_BLOCK)
		push(registry, asker, &station->record);
}

/* ---- connections */

struct registry_session *registry_open(struct registry *registry, const struct mlrp_message *hello,
				       const char *peer, void *arg, const char **why)
{
	struct registry_session *session;

	*why = "this version serves no other register: carbon copies come later";
	if (hello->role != MLRP_ROLE_CN && hello->role != MLRP_ROLE_PROBE)
		return NULL;
	*why = "no memory";
	session = calloc(1, sizeof(*session));
	if (!session)
		return NULL;
	session->arg = arg;
	session->role = hello->role;
	session->instance = hello->has & MLRP_HAS(MLRP_F_INSTANCE) ? hello->instance : 0;
	snprintf(session->name, sizeof(session->name), "%s", hello->name);
	snprintf(session->peer, sizeof(session->peer), "%s", peer);
	DL_APPEND(registry->sessions, session);
	if (session->role == MLRP_ROLE_PROBE)
		reg_send_cns(registry, session);
	return session;
}

void registry_close(struct registry *registry, struct registry_session *session)
{
	struct reg_waiting *waiting;
	struct reg_cn *cn = session->cn;

	DL_FOREACH(registry->waiting, waiting)
		if (waiting->session == session)
			waiting->session = NULL;
	reg_sync_end(registry, session);
	if (cn) {
		cn->session = NULL;
		cn->left_ms = registry->now_ms;
		registry->counts.connected--;
		reg_list_cells(registry, cn);
	}
	DL_DELETE(registry->sessions, session);
	reg_rival_closed(registry, session);
	free(session);
}

void *registry_session_arg(const struct registry_session *session)
{
	return session->arg;
}

bool registry_session_registered(const struct registry_session *session)
{
	return session->registered;
}

const char *registry_session_name(const struct registry_session *session)
{
	return session->name;
}

/* ---- requests */

static const struct {
	uint8_t type;
	void (*serve)(struct registry *, struct registry_session *, const struct mlrp_message *,
		      struct registry_time);
} REQUESTS[] = {
	{MLRP_HANDOVER, reg_handover}, {MLRP_ALLOCATE, reg_allocate},
	{MLRP_BIND, reg_bind},         {MLRP_RENEW, reg_renew},
	{MLRP_CLAIM, reg_claim},       {MLRP_RELEASE, reg_release},
	{MLRP_DECLINE, reg_decline},   {MLRP_BLOCK_REQUEST, reg_block_request},
	{MLRP_FOLLOWED, reg_followed},
};

static bool is_station(const struct tmip_mac *mac)
{
	return !mac_is_zero(mac) && !(mac->octet[0] & 1); /* IEEE 802: a group sends nothing */
}

static void serve(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now)
{
	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(REQUESTS[0]); i++) {
		if (REQUESTS[i].type != message->type)
			continue;
		if (!session->registered)
			reg_refuse(registry, session, message, MLRP_E_NOT_REGISTERED, NULL,
				   "this CN must register first");
		else if (message->type != MLRP_BLOCK_REQUEST && !is_station(&message->mac))
			reg_refuse(registry, session, message, MLRP_E_REFUSED, NULL,
				   "that is not the MAC of a station");
		else
			REQUESTS[i].serve(registry, session, message, now);
		return;
	}
	if (message->type != MLRP_ERROR)
		reg_refuse(registry, session, message, MLRP_E_REFUSED, NULL,
			   "a register is not asked this");
}

static void serve_register(struct registry *registry, struct registry_session *session,
			   const struct mlrp_message *message, struct registry_time now)
{
	struct mlrp_message copy = *message;

	reg_change_describe(registry, session, &copy.cn);
	reg_register(registry, session, &copy, now);
}

void registry_message(struct registry *registry, struct registry_session *session,
		      const struct mlrp_message *message, struct registry_time now)
{
	registry->now_ms = now.ms;
	reg_rival_heard(registry, session);
	if (message->type == MLRP_PONG)
		return; /* that was all it had to say */
	if (session->role != MLRP_ROLE_CN)
		reg_refuse(registry, session, message, MLRP_E_REFUSED, NULL,
			   "a prober changes nothing");
	else if (message->type == MLRP_REGISTER)
		serve_register(registry, session, message, now);
	else if (message->type != MLRP_SYNC)
		serve(registry, session, message, now);
	else if (session->registered)
		reg_sync_begin(registry, session, message);
	else
		reg_refuse(registry, session, message, MLRP_E_NOT_REGISTERED, NULL,
			   "this CN must register first");
}

/* ---- the start */

static struct reg_station *add_record(struct registry *registry,
				      const struct station_record *record)
{
	return reg_add(registry, &record->addr, &record->mac, record->client_id,
		       record->client_id_len);
}

int registry_load_station(struct registry *registry, const struct station_record *record,
			  struct registry_time now)
{
	bool twice = reg_find(registry, &record->addr) != NULL;
	struct reg_station *station = twice ? NULL : add_record(registry, record);
	uint64_t due = 0;

	if (!station && HASH_COUNT(registry->stations) >= registry->options.stations_max)
		return -ENOSPC;
	if (!station)
		return -ENOMEM;
	station->record.kind = record->kind;
	station->record.parent = record->parent;
	station->record.current = record->current;
	station->record.version = record->version;
	if (version_compare(record->version, registry->loaded) > 0)
		registry->loaded = record->version;
	station->record.other_count = record->other_count;
	memcpy(station->record.others, record->others, sizeof(record->others));
	DL_APPEND2(registry->changes, station, change_prev, change_next);
	if (record->state == RECORD_DECLINED)
		due = now.ms + registry->options.decline_s * 1000ull;
	else if (record->state == RECORD_BOUND && record->lease_end)
		due = record->lease_end + registry->options.grace_s;
	station->record.lease_end = record->lease_end;
	reg_set_state(registry, station, record->state, due);
	station->record.lease_end = record->lease_end; /* of a lease that was cut, too */
	return 0;
}

int registry_load_end(struct registry *registry, struct registry_time now)
{
	int error = reg_rebuild_cells(registry);

	registry->loaded_ms = registry->started_ms = registry->now_ms = now.ms;
	if (!error)
		reg_host_update_all(registry);
	return error;
}

/* ---- time */

static void end_offer(struct registry *registry, struct reg_station *station)
{
	if (station->record.version.epoch)
		reg_set_state(registry, station, RECORD_FREE, 0);
	else
		reg_remove(registry, station);
}

static void end_use(struct registry *registry, struct reg_station *station, const char *why)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	reg_cut(registry, station); /* the end of a lease that has ended is past */
	reg_commit(registry, station, NULL, false);
	reg_log(registry, LOG_LEVEL_INFO, "%s of %s is free: %s",
		addr_format(&station->record.addr, addr), mac_format(&station->record.mac, mac),
		why);
}

/* Right after a start leases stand a while longer: CNs may have renewals that they report now. */
static bool lease_is_over(const struct registry *registry, struct registry_time now)
{
	return registry->heap_count && registry->heap[1]->due <= now.unix_s &&
	       now.ms >= registry->loaded_ms + registry->options.grace_s * 1000ull;
}

void registry_resume(struct registry *registry, struct registry_time now)
{
	registry->loaded_ms = now.ms;
}

bool registry_tick(struct registry *registry, struct registry_time now)
{
	bool unstored = reg_store_tick(registry);

	registry->now_ms = now.ms;
	reg_rival_tick(registry);
	reg_flap_tick(registry, now);
	for (int i = 0; i < TICK_MAX; i++) {
		if (registry->offers && registry->offers->due <= now.ms) {
			end_offer(registry, registry->offers);
		} else if (registry->declined && registry->declined->due <= now.ms) {
			end_use(registry, registry->declined, "declined long enough ago");
		} else if (lease_is_over(registry, now)) {
			registry->counts.expired++;
			end_use(registry, registry->heap[1], "its lease has ended");
		} else {
			return unstored;
		}
	}
	return true;
}

int registry_free_address(struct registry *registry, const struct tmip_addr *addr)
{
	struct reg_station *station = reg_find(registry, addr);

	if (!station || station->record.state == RECORD_FREE ||
	    station->record.state == RECORD_IN_BLOCK)
		return -ENOENT;
	if (station->record.state == RECORD_OFFERED)
		end_offer(registry, station);
	else
		end_use(registry, station, "by command");
	return 0;
}

/* ---- views */

struct version registry_version(const struct registry *registry)
{
	return registry->version;
}

struct version registry_loaded(const struct registry *registry)
{
	return registry->loaded;
}

void registry_count(const struct registry *registry, struct registry_counts *counts)
{
	*counts = registry->counts;
	counts->states[0] = HASH_COUNT(registry->stations);
}

void registry_each_station(const struct registry *registry,
			   bool (*each)(const struct station_record *record, void *arg), void *arg)
{
	const struct reg_station *station;

	DL_FOREACH2(registry->changes, station, change_next)
		if (station->record.state != RECORD_OFFERED && !each(&station->record, arg))
			return;
	DL_FOREACH2(registry->offers, station, state_next)
		if (!each(&station->record, arg))
			return;
}

const struct station_record *registry_find_station(const struct registry *registry,
						   const struct tmip_addr *addr)
{
	const struct reg_station *station = reg_find(registry, addr);

	return station ? &station->record : NULL;
}
