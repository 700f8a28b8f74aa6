/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of the register as JSON. See report.h. */
#include "report.h"

#include <stdio.h>
#include <unistd.h>

#include "server.h"

#define PROBLEMS_MAX 32 /* that are shown */

#define STATIONS_SHOWN 10000 /* while more are listed, the CNs wait */

static json_t *addr_json(const struct tmip_addr *addr)
{
	char text[ADDR_STRLEN];

	return json_string(addr_format(addr, text));
}

/* ---- stations */

struct station_view {
	const char *address, *mac, *state, *kind, *parent, *current;
	uint64_t epoch, seq, lease_end;
	const char *host;
	bool damped;
	unsigned moves;
	const char *damped_why;
};

static const struct field STATION_FIELDS[] = {
	FIELD(TEXT, struct station_view, address, "address", 0, NULL),
	FIELD(TEXT, struct station_view, mac, "mac", 0, NULL),
	FIELD(TEXT, struct station_view, state, "state", 0, NULL),
	FIELD(TEXT, struct station_view, kind, "kind", 0, NULL),
	FIELD(TEXT, struct station_view, parent, "parent", 0, NULL),
	FIELD(TEXT, struct station_view, current, "current", 0, NULL),
	FIELD(UINT64, struct station_view, epoch, "epoch", 0, NULL),
	FIELD(UINT64, struct station_view, seq, "seq", 0, NULL),
	FIELD(UINT64, struct station_view, lease_end, "lease_end", 0, "Unix time; 0: none"),
	FIELD(OPTIONAL, struct station_view, host, "host", 0, "its reserved name"),
	FIELD(BOOL, struct station_view, damped, "damped", 0, "it moves too often"),
	FIELD(UINT, struct station_view, moves, "moves", 0, "in the present window"),
	FIELD(OPTIONAL, struct station_view, damped_why, "damped_why", 0, NULL),
	FIELD_END,
};

static const char *state_name(uint8_t state)
{
	static const char *const names[] = {
		[RECORD_FREE] = "free",         [RECORD_OFFERED] = "offered",
		[RECORD_BOUND] = "bound",       [RECORD_DECLINED] = "declined",
		[RECORD_IN_BLOCK] = "held",
	};

	return state < sizeof(names) / sizeof(names[0]) && names[state] ? names[state] : "?";
}

static const char *kind_name(uint8_t kind)
{
	static const char *const names[] = {
		[RECORD_DYNAMIC] = "dynamic",
		[RECORD_STATIC] = "static",
		[RECORD_RESERVED] = "reserved",
	};

	return kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : "?";
}

static const char *cn_name(const struct server *server, uint32_t id)
{
	const char *name = registry_cn_name(server->registry, id);

	return name ? name : "-";
}

static json_t *station_json(const struct server *server, const struct station_record *record)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	struct registry_flap_view flap;
	struct station_view view = {
		.address = addr_format(&record->addr, addr),
		.mac = mac_format(&record->mac, mac),
		.state = state_name(record->state),
		.kind = kind_name(record->kind),
		.parent = cn_name(server, record->parent),
		.current = cn_name(server, record->current),
		.epoch = record->version.epoch,
		.seq = record->version.seq,
		.lease_end = record->state == RECORD_FREE ? 0 :
							    server_wall_end(record->lease_end),
		.host = registry_host_name(server->registry, &record->addr),
	};

	registry_view_flap(server->registry, &record->addr, server_now(), &flap);
	view.damped = flap.damped;
	view.moves = flap.moves;
	view.damped_why = flap.damped ? flap.why : NULL;
	return fields_json(STATION_FIELDS, &view);
}

struct selection {
	const struct server *server;
	json_t *list;
	struct tmip_mac mac;
	bool by_mac, all;
	size_t left_out;
};

static bool is_selected(const struct selection *selection, const struct station_record *record)
{
	if (selection->by_mac)
		return station_has_mac(record, &selection->mac);
	return selection->all ||
	       (record->state != RECORD_FREE && record->state != RECORD_IN_BLOCK);
}

static bool add_station(const struct station_record *record, void *arg)
{
	struct selection *selection = arg;

	if (!is_selected(selection, record))
		return true;
	if (json_array_size(selection->list) < STATIONS_SHOWN)
		json_array_append_new(selection->list, station_json(selection->server, record));
	else
		selection->left_out++;
	return true;
}

json_t *report_stations(const struct server *server, const char *which, bool all,
			size_t *left_out)
{
	struct selection selection = {.server = server, .all = all};
	const struct station_record *record;
	struct tmip_addr addr;

	selection.by_mac = which && mac_parse(which, &selection.mac) == 0;
	if (which && !selection.by_mac && addr_parse(which, &addr) < 0)
		return NULL;
	selection.list = json_array();
	if (!which || selection.by_mac) {
		registry_each_station(server->registry, add_station, &selection);
	} else {
		record = registry_find_station(server->registry, &addr);
		if (record)
			json_array_append_new(selection.list, station_json(server, record));
	}
	*left_out = selection.left_out;
	return selection.list;
}

/* ---- CNs */

struct cell_view {
	const char *subnet;
	json_t *gateway, *pool;
	uint64_t unused, freed;
};

static const struct field CELL_FIELDS[] = {
	FIELD(TEXT, struct cell_view, subnet, "subnet", 0, NULL),
	FIELD(VALUE, struct cell_view, gateway, "gateway", 0, NULL),
	FIELD(VALUE, struct cell_view, pool, "pool", 0, "first and last address"),
	FIELD(UINT64, struct cell_view, unused, "unused", 0, "addresses never given out"),
	FIELD(UINT64, struct cell_view, freed, "freed", 0, "addresses given out and free again"),
	FIELD_END,
};

struct cn_view {
	const char *name;
	unsigned id;
	json_t *tunnel;
	unsigned port;
	bool connected;
	const char *peer;
	unsigned stations, here;
	json_t *cells;
};

static const struct field CN_FIELDS[] = {
	FIELD(TEXT, struct cn_view, name, "name", 0, NULL),
	FIELD(UINT, struct cn_view, id, "id", 0, NULL),
	FIELD(VALUE, struct cn_view, tunnel, "tunnel", 0, NULL),
	FIELD(UINT, struct cn_view, port, "port", 0, NULL),
	FIELD(BOOL, struct cn_view, connected, "connected", 0, NULL),
	FIELD(OPTIONAL, struct cn_view, peer, "peer", 0, "where its connection comes from"),
	FIELD(UINT, struct cn_view, stations, "stations", 0, "stations with it as parent"),
	FIELD(UINT, struct cn_view, here, "here", 0, "stations in its cells"),
	FIELD(VALUE, struct cn_view, cells, "cells", 0, NULL),
	FIELD_END,
};

static json_t *cell_json(const struct server *server, const struct cell_info *cell)
{
	char text[ADDR_STRLEN], subnet[ADDR_STRLEN + 4];
	struct cell_view view = {.subnet = subnet, .gateway = addr_json(&cell->gateway),
				 .pool = json_array()};

	registry_count_pool(server->registry, cell, &view.unused, &view.freed);
	snprintf(subnet, sizeof(subnet), "%s/%u", addr_format(&cell->subnet.addr, text),
		 cell->subnet.len);
	if (!addr_is_zero(&cell->pool_first)) {
		json_array_append_new(view.pool, addr_json(&cell->pool_first));
		json_array_append_new(view.pool, addr_json(&cell->pool_last));
	}
	return fields_json(CELL_FIELDS, &view);
}

static void add_cn(const struct registry_cn_view *cn, void *arg)
{
	struct selection *selection = arg;
	const struct cn_info *info = cn->info;
	struct cn_view view = {.name = info->name, .id = info->id,
			       .tunnel = addr_json(&info->tunnel), .port = info->port,
			       .connected = cn->registered, .peer = cn->peer,
			       .stations = cn->stations, .here = cn->here,
			       .cells = json_array()};

	for (int i = 0; i < info->cell_count; i++)
		json_array_append_new(view.cells, cell_json(selection->server, &info->cells[i]));
	json_array_append_new(selection->list, fields_json(CN_FIELDS, &view));
}

json_t *report_cns(const struct server *server)
{
	struct selection selection = {.server = server, .list = json_array()};

	registry_each_cn(server->registry, add_cn, &selection);
	return selection.list;
}

/* ---- changes of the network */

json_t *report_cut(const struct registry_cut *cut, const char *from, const char *to)
{
	return json_pack("{s:s, s:s*, s:i, s:i, s:i, s:i}", "cn", from, "to", to,
			 "stations", cut->stations, "leases", cut->leases, "away", cut->away,
			 "guests", cut->guests);
}

/* ---- status */

struct cns_view {
	unsigned known, connected, strangers;
	uint64_t strangers_refused;
};

static const struct field CNS_FIELDS[] = {
	FIELD(UINT, struct cns_view, known, "known", 0, NULL),
	FIELD(UINT, struct cns_view, connected, "connected", 0, NULL),
	FIELD(UINT, struct cns_view, strangers, "strangers", 0,
	      "connections that have not registered"),
	FIELD(UINT64, struct cns_view, strangers_refused, "strangers_refused", 0, NULL),
	FIELD_END,
};

struct store_view {
	bool failing;
	struct store_counts counts;
	unsigned waiting;
	bool incomplete;
	const char *why, *lost;
	uint64_t lost_at;
};

static const struct field STORE_FIELDS[] = {
	FIELD(BOOL, struct store_view, failing, "failing", 0, "changes cannot be written"),
	FIELD(UINT64, struct store_view, counts.commits, "commits", 0, NULL),
	FIELD(UINT64, struct store_view, counts.written, "written", 0, "records"),
	FIELD(UINT64, struct store_view, counts.failed, "failed", 0, "commits that failed"),
	FIELD(DOUBLE, struct store_view, counts.commit_ms, "commit_ms", 0, "of the last commit"),
	FIELD(UINT, struct store_view, waiting, "waiting", 0, "answers that wait for the disk"),
	FIELD(OPTIONAL, struct store_view, why, "why", 0, "changes cannot be written"),
	FIELD(UINT64, struct store_view, counts.lost, "files_lost", 0,
	      "under the running register"),
	FIELD(OPTIONAL, struct store_view, lost, "lost", 0, "how the last one was lost"),
	FIELD(UINT64, struct store_view, lost_at, "lost_at", 0, "Unix time of that; 0: never"),
	FIELD(BOOL, struct store_view, incomplete, "incomplete", 0,
	      "the new one does not have everything yet"),
	FIELD_END,
};

struct behind_view {
	const char *cn;
	uint64_t seen_epoch, seen_seq, knew_epoch, knew_seq;
	uint64_t restored;
};

static const struct field BEHIND_FIELDS[] = {
	FIELD(TEXT, struct behind_view, cn, "cn", 0, "that has seen most"),
	FIELD(UINT64, struct behind_view, seen_epoch, "seen_epoch", 0, NULL),
	FIELD(UINT64, struct behind_view, seen_seq, "seen_seq", 0, NULL),
	FIELD(UINT64, struct behind_view, knew_epoch, "knew_epoch", 0, "the database"),
	FIELD(UINT64, struct behind_view, knew_seq, "knew_seq", 0, NULL),
	FIELD(UINT64, struct behind_view, restored, "restored", 0, "stations, by CNs"),
	FIELD_END,
};

#define IN_STATE(state) states[RECORD_##state]

const struct field STATION_COUNT_FIELDS[] = {
	FIELD(UINT, struct registry_counts, IN_STATE(BOUND), "bound", 1,
	      "addresses bound to stations"),
	FIELD(UINT, struct registry_counts, away, "away", 2, "stations that are not at home"),
	FIELD(UINT, struct registry_counts, IN_STATE(OFFERED), "offered", 3, "addresses offered"),
	FIELD(UINT, struct registry_counts, IN_STATE(DECLINED), "declined", 4,
	      "addresses that somebody else uses"),
	FIELD(UINT, struct registry_counts, IN_STATE(FREE), "free", 5,
	      "addresses given out before, and free again"),
	FIELD(UINT, struct registry_counts, damped, "damped", 6, "stations that move too often"),
	FIELD(UINT, struct registry_counts, IN_STATE(IN_BLOCK), "held", 7,
	      "addresses in the blocks of CNs"),
	FIELD_END,
};

const struct field COUNTER_FIELDS[] = {
	FIELD(UINT64, struct registry_counts, handovers, "handovers", 1, "handovers committed"),
	FIELD(UINT64, struct registry_counts, binds, "binds", 2, "addresses bound"),
	FIELD(UINT64, struct registry_counts, claims, "claims", 3, "static addresses accepted"),
	FIELD(UINT64, struct registry_counts, renewals, "renewals", 4, "leases renewed"),
	FIELD(UINT64, struct registry_counts, releases, "releases", 5, "addresses released"),
	FIELD(UINT64, struct registry_counts, declines, "declines", 6, "addresses declined"),
	FIELD(UINT64, struct registry_counts, expired, "expired", 7, "leases that ended"),
	FIELD(UINT64, struct registry_counts, borrowed, "borrowed", 8,
	      "addresses out of another cell's pool"),
	FIELD(UINT64, struct registry_counts, refused, "refused", 9, "requests refused"),
	FIELD(UINT64, struct registry_counts, exhausted, "exhausted", 10,
	      "requests that found no free address"),
	FIELD(UINT64, struct registry_counts, full, "full", 11,
	      "requests that found the table full"),
	FIELD(UINT64, struct registry_counts, snapshots, "snapshots", 12, "snapshots sent"),
	FIELD(UINT64, struct registry_counts, deltas, "deltas", 13, "deltas sent"),
	FIELD(UINT64, struct registry_counts, dampings, "dampings", 14, "stations damped"),
	FIELD(UINT64, struct registry_counts, bounded, "bounded", 15,
	      "requests for more than one MAC or cell may have"),
	FIELD(UINT64, struct registry_counts, restored, "restored", 16,
	      "stations that CNs knew and the database did not"),
	FIELD(UINT64, struct registry_counts, withdrawn, "withdrawn", 17,
	      "addresses that ended with their subnet"),
	FIELD_END,
};

/* ---- CNs that were refused lately */

struct refusal_view {
	const char *name;
	json_t *tunnel;
	const char *peer, *why;
	uint64_t count;
};

static const struct field REFUSAL_FIELDS[] = {
	FIELD(TEXT, struct refusal_view, name, "name", 0, NULL),
	FIELD(VALUE, struct refusal_view, tunnel, "tunnel", 0, NULL),
	FIELD(TEXT, struct refusal_view, peer, "peer", 0, "where its connection comes from"),
	FIELD(TEXT, struct refusal_view, why, "why", 0, NULL),
	FIELD(UINT64, struct refusal_view, count, "count", 0, "how often it was refused"),
	FIELD_END,
};

static void add_refusal(const struct registry_refusal_view *refusal, void *arg)
{
	struct refusal_view view = {.name = refusal->name, .tunnel = addr_json(refusal->tunnel),
				    .peer = refusal->peer, .why = refusal->why,
				    .count = refusal->count};

	json_array_append_new(arg, fields_json(REFUSAL_FIELDS, &view));
}

static json_t *refusals_json(const struct server *server)
{
	json_t *list = json_array();

	registry_each_refusal(server->registry, add_refusal, list);
	return list;
}

/* ---- all of it */

struct status_view {
	const char *network, *version;
	unsigned pid;
	uint64_t uptime_s;
	json_t *listen;
	unsigned port;
	uint64_t epoch, seq;
	json_t *cns, *refused, *stations;
	unsigned hosts;
	json_t *problems, *counters, *store, *behind;
};

static const struct field STATUS_FIELDS[] = {
	FIELD(TEXT, struct status_view, network, "network", 0, NULL),
	FIELD(TEXT, struct status_view, version, "version", 0, NULL),
	FIELD(UINT, struct status_view, pid, "pid", 0, NULL),
	FIELD(UINT64, struct status_view, uptime_s, "uptime_s", 0, NULL),
	FIELD(VALUE, struct status_view, listen, "listen", 0, NULL),
	FIELD(UINT, struct status_view, port, "port", 0, NULL),
	FIELD(UINT64, struct status_view, epoch, "epoch", 0, "of the last change"),
	FIELD(UINT64, struct status_view, seq, "seq", 0, "of the last change"),
	FIELD(VALUE, struct status_view, cns, "cns", 0, NULL),
	FIELD(VALUE, struct status_view, refused, "refused", 0, "CNs that were refused lately"),
	FIELD(VALUE, struct status_view, stations, "stations", 0, NULL),
	FIELD(UINT, struct status_view, hosts, "hosts", 0, "reserved hosts"),
	FIELD(VALUE, struct status_view, problems, "problems", 0, "texts"),
	FIELD(VALUE, struct status_view, counters, "counters", 0, NULL),
	FIELD(VALUE, struct status_view, store, "store", 0, NULL),
	FIELD(VALUE, struct status_view, behind, "behind", 0,
	      "what the database lacked at the start; null: nothing, as far as CNs know"),
	FIELD_END,
};

static json_t *cns_json(const struct server *server, const struct registry_counts *counts)
{
	struct cns_view view = {.known = counts->cns, .connected = counts->connected,
				.strangers = server->strangers,
				.strangers_refused = server->strangers_refused};

	return fields_json(CNS_FIELDS, &view);
}

static json_t *store_json(const struct server *server, const struct registry_counts *counts)
{
	struct store_view view = {.failing = server->store_failing ||
					     registry_store_refuses(server->registry),
				  .waiting = counts->waiting,
				  .incomplete = server->store_anew,
				  .lost_at = server->store_lost_s};

	if (server->store_failing)
		view.why = server->store_fault;
	if (server->store_lost_s)
		view.lost = server->store_loss;
	store_count(server->store, &view.counts);
	return fields_json(STORE_FIELDS, &view);
}

static void add_host_problem(const struct registry_host *host, enum registry_host_fault fault,
			     void *arg)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	json_t *list = arg;

	if (json_array_size(list) < PROBLEMS_MAX)
		json_array_append_new(list, json_sprintf("host %s: %s gets %s %s", host->name,
							 mac_format(&host->mac, mac),
							 addr_format(&host->addr, addr),
							 registry_host_fault_text(fault)));
	else if (json_array_size(list) == PROBLEMS_MAX)
		json_array_append_new(list, json_string("more hosts than are shown here"));
}

static json_t *problems_json(const struct server *server)
{
	json_t *list = json_array();

	registry_each_host_fault(server->registry, add_host_problem, list);
	return list;
}

static json_t *behind_json(const struct server *server, const struct registry_counts *counts)
{
	const struct registry_gap *gap = registry_behind(server->registry);
	struct version knew = registry_loaded(server->registry);
	struct behind_view view;

	if (!gap)
		return json_null();
	view = (struct behind_view){.cn = gap->cn, .seen_epoch = gap->seen.epoch,
				    .seen_seq = gap->seen.seq, .knew_epoch = knew.epoch,
				    .knew_seq = knew.seq, .restored = counts->restored};
	return fields_json(BEHIND_FIELDS, &view);
}

bool report_trouble(const struct server *server, char *out, size_t size)
{
	const struct registry_gap *gap = registry_behind(server->registry);
	struct registry_counts counts;

	out[0] = '\0';
	if (server->store_failing || registry_store_refuses(server->registry)) {
		snprintf(out, size, "the database cannot be written: %s", server->store_fault);
		return true;
	}
	registry_count(server->registry, &counts);
	if (server->store_lost_s)
		snprintf(out, size, "the database was lost: %s; %s", server->store_loss,
			 server->store_anew ? "it is being written anew" :
					      "it was written anew from memory");
	else if (gap)
		snprintf(out, size,
			 "the database was lost or is an older copy: CN %s has seen %u.%llu, it "
			 "knew %u.%llu; CNs brought back %llu stations", gap->cn, gap->seen.epoch,
			 (unsigned long long)gap->seen.seq,
			 registry_loaded(server->registry).epoch,
			 (unsigned long long)registry_loaded(server->registry).seq,
			 (unsigned long long)counts.restored);
	return server->store_anew;
}

json_t *report_status(const struct server *server)
{
	struct version version = registry_version(server->registry);
	struct status_view view = {
		.network = server->config.network_name,
		.version = TMIP_VERSION,
		.pid = (unsigned)getpid(),
		.uptime_s = (server_now().ms - server->started_ms) / 1000,
		.listen = addr_json(&server->config.listen),
		.port = server->config.port,
		.epoch = version.epoch,
		.seq = version.seq,
	};
	struct registry_counts counts;

	registry_count(server->registry, &counts);
	view.cns = cns_json(server, &counts);
	view.refused = refusals_json(server);
	view.stations = fields_json(STATION_COUNT_FIELDS, &counts);
	view.hosts = counts.hosts;
	view.problems = problems_json(server);
	view.counters = fields_json(COUNTER_FIELDS, &counts);
	view.store = store_json(server, &counts);
	view.behind = behind_json(server, &counts);
	return fields_json(STATUS_FIELDS, &view);
}
