/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands to the running register: over the control socket as JSON, or on standard input (-F). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/process/log.h"
#include "server.h"
#include "show.h"

#define STATIONS_SHOWN 10000 /* more at once would make the CNs wait */

static json_t *good(json_t *result)
{
	return json_pack("{s:b, s:o}", "ok", 1, "result", result ? result : json_null());
}

static json_t *bad(const char *text)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

static json_t *addr_json(const struct tmip_addr *addr)
{
	char text[ADDR_STRLEN];

	return json_string(addr_format(addr, text));
}

/* ---- stations */

static const char *state_name(uint8_t state)
{
	static const char *const names[] = {[RECORD_FREE] = "free", [RECORD_OFFERED] = "offered", [RECORD_BOUND] = "bound",
					    [RECORD_DECLINED] = "declined", [RECORD_IN_BLOCK] = "held"};

	return state < sizeof(names) / sizeof(names[0]) && names[state] ? names[state] : "?";
}

static const char *kind_name(uint8_t kind)
{
	static const char *const names[] = {[RECORD_DYNAMIC] = "dynamic", [RECORD_STATIC] = "static", [RECORD_RESERVED] = "reserved"};

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

	registry_view_flap(server->registry, &record->addr, server_now(), &flap);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s*, s:b, s:i, s:s*}", "address", addr_format(&record->addr, addr),
			 "mac", mac_format(&record->mac, mac), "state", state_name(record->state), "kind", kind_name(record->kind),
			 "parent", cn_name(server, record->parent), "current", cn_name(server, record->current),
			 "epoch", (json_int_t)record->version.epoch, "seq", (json_int_t)record->version.seq,
			 "lease_end", (json_int_t)record->lease_end, "host", registry_host_name(server->registry, &record->addr),
			 "damped", flap.damped, "moves", flap.moves, "damped_why", flap.damped ? flap.why : NULL);
}

struct selection {
	const struct server *server;
	json_t *list;
	struct tmip_mac mac;
	bool by_mac, all; /* all: free ones and those in a block, too */
	size_t left_out;
};

static bool select_station(const struct station_record *record, void *arg)
{
	struct selection *selection = arg;

	if (selection->by_mac ? !mac_equal(&record->mac, &selection->mac) : (record->state == RECORD_FREE || record->state == RECORD_IN_BLOCK) && !selection->all)
		return true;
	if (json_array_size(selection->list) < STATIONS_SHOWN)
		json_array_append_new(selection->list, station_json(selection->server, record));
	else
		selection->left_out++;
	return true;
}

static json_t *handle_stations(struct server *server, json_t *request)
{
	const char *wanted = json_string_value(json_object_get(request, "station"));
	struct selection selection = {.server = server, .all = json_is_true(json_object_get(request, "all"))};
	const struct station_record *record;
	struct tmip_addr addr;

	selection.by_mac = wanted && mac_parse(wanted, &selection.mac) == 0;
	if (wanted && !selection.by_mac && addr_parse(wanted, &addr) < 0)
		return bad("that is neither an IPv4 address nor a MAC");
	selection.list = json_array();
	if (!wanted || selection.by_mac) {
		registry_each_station(server->registry, select_station, &selection);
	} else {
		record = registry_find_station(server->registry, &addr);
		if (record)
			json_array_append_new(selection.list, station_json(server, record));
	}
	return json_pack("{s:b, s:o, s:I}", "ok", 1, "result", selection.list, "left_out", (json_int_t)selection.left_out);
}

/* ---- CNs */

static json_t *cell_json(const struct server *server, const struct cell_info *cell)
{
	char text[ADDR_STRLEN], subnet[ADDR_STRLEN + 4];
	json_t *pool = json_array();
	uint64_t unused, freed;

	registry_count_pool(server->registry, cell, &unused, &freed);
	snprintf(subnet, sizeof(subnet), "%s/%u", addr_format(&cell->subnet.addr, text), cell->subnet.len);
	if (!addr_is_zero(&cell->pool_first)) {
		json_array_append_new(pool, addr_json(&cell->pool_first));
		json_array_append_new(pool, addr_json(&cell->pool_last));
	}
	return json_pack("{s:s, s:o, s:o, s:I, s:I}", "subnet", subnet, "gateway", addr_json(&cell->gateway), "pool", pool,
			 "unused", (json_int_t)unused, "freed", (json_int_t)freed);
}

static void add_cn(const struct registry_cn_view *cn, void *arg)
{
	struct selection *selection = arg;
	json_t *cells = json_array();

	for (int i = 0; i < cn->info->cell_count; i++)
		json_array_append_new(cells, cell_json(selection->server, &cn->info->cells[i]));
	json_array_append_new(selection->list, json_pack("{s:s, s:I, s:o, s:i, s:b, s:s*, s:i, s:i, s:o}", "name", cn->info->name,
		"id", (json_int_t)cn->info->id, "tunnel", addr_json(&cn->info->tunnel), "port", cn->info->port, "connected", cn->registered,
		"peer", cn->peer, "stations", cn->stations, "here", cn->here, "cells", cells));
}

static json_t *handle_cns(struct server *server, json_t *request)
{
	struct selection selection = {.server = server, .list = json_array()};

	(void)request;
	registry_each_cn(server->registry, add_cn, &selection);
	return good(selection.list);
}

/* ---- status */

static json_t *counters_json(const struct registry_counts *counts)
{
	const struct {
		const char *name;
		uint64_t value;
	} table[] = {
		{"handovers", counts->handovers}, {"binds", counts->binds}, {"claims", counts->claims}, {"renewals", counts->renewals},
		{"releases", counts->releases}, {"declines", counts->declines}, {"expired", counts->expired}, {"borrowed", counts->borrowed},
		{"refused", counts->refused}, {"exhausted", counts->exhausted}, {"full", counts->full}, {"snapshots", counts->snapshots},
		{"deltas", counts->deltas}, {"dampings", counts->dampings},
	};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		json_object_set_new(object, table[i].name, json_integer((json_int_t)table[i].value));
	return object;
}

static json_t *store_json(const struct server *server, const struct registry_counts *counts)
{
	struct store_counts store;

	store_count(server->store, &store);
	return json_pack("{s:b, s:I, s:I, s:I, s:f, s:i}", "failing", server->store_failing, "commits", (json_int_t)store.commits,
			 "written", (json_int_t)store.written, "failed", (json_int_t)store.failed, "commit_ms", store.commit_ms,
			 "waiting", counts->waiting);
}

json_t *commands_status(const struct server *server)
{
	struct version version = registry_version(server->registry);
	struct registry_counts counts;
	json_t *stations;

	registry_count(server->registry, &counts);
	stations = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "bound", counts.states[RECORD_BOUND], "away", counts.away, "offered",
			     counts.states[RECORD_OFFERED], "declined", counts.states[RECORD_DECLINED], "free", counts.states[RECORD_FREE],
			     "damped", counts.damped, "held", counts.states[RECORD_IN_BLOCK]);
	return json_pack("{s:s, s:s, s:i, s:I, s:o, s:i, s:I, s:I, s:{s:i, s:i, s:i, s:I}, s:o, s:i, s:o, s:o}",
			 "network", server->config.network_name, "version", TMIP_VERSION, "pid", (int)getpid(),
			 "uptime_s", (json_int_t)((server_now().ms - server->started_ms) / 1000), "listen", addr_json(&server->config.listen),
			 "port", (int)server->config.port, "epoch", (json_int_t)version.epoch, "seq", (json_int_t)version.seq,
			 "cns", "known", counts.cns, "connected", counts.connected, "strangers", server->strangers, "strangers_refused",
			 (json_int_t)server->strangers_refused, "stations", stations, "hosts", counts.hosts, "counters", counters_json(&counts),
			 "store", store_json(server, &counts));
}

static json_t *handle_status(struct server *server, json_t *request)
{
	(void)request;
	return good(commands_status(server));
}

/* ---- management */

static json_t *handle_reload(struct server *server, json_t *request)
{
	char errors[CONFIG_ERRORS];

	(void)request;
	return server_reload(server, errors) ? bad(errors) : good(NULL);
}

static json_t *handle_forget(struct server *server, json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "cn"));
	char why[160];
	int error;

	if (!name)
		return bad("which CN?");
	server->changed = true;
	error = registry_forget_cn(server->registry, name, json_is_true(json_object_get(request, "force")), why, sizeof(why));
	return error ? bad(why) : good(NULL);
}

static json_t *handle_free(struct server *server, json_t *request)
{
	const char *text = json_string_value(json_object_get(request, "address"));
	struct tmip_addr addr;

	if (!text || addr_parse(text, &addr) < 0)
		return bad("that is not an IPv4 address");
	server->changed = true;
	return registry_free_address(server->registry, &addr) ? bad("no station has this address") : good(NULL);
}

static json_t *handle_clear(struct server *server, json_t *request)
{
	const char *text = json_string_value(json_object_get(request, "station"));
	struct tmip_addr addr;
	struct tmip_mac mac;
	bool by_mac = text && mac_parse(text, &mac) == 0;

	if (!text || (!by_mac && addr_parse(text, &addr) < 0))
		return bad("that is neither an IPv4 address nor a MAC");
	server->changed = true;
	return registry_clear_damped(server->registry, by_mac ? &mac : NULL, &addr) ? bad("no such station is damped") : good(NULL);
}

static const struct {
	const char *name;
	json_t *(*handle)(struct server *server, json_t *request);
	void (*show)(json_t *result, FILE *to); /* on standard input, too */
} COMMANDS[] = {
	{"status", handle_status, show_status},
	{"stations", handle_stations, show_stations},
	{"cns", handle_cns, show_cns},
	{"reload", handle_reload, NULL},
	{"forget-cn", handle_forget, NULL},
	{"free", handle_free, NULL},
	{"clear", handle_clear, NULL},
};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

json_t *commands_handle(json_t *request, void *arg)
{
	const char *name = json_string_value(json_object_get(request, "command"));

	for (size_t i = 0; name && i < COMMAND_COUNT; i++)
		if (strcmp(COMMANDS[i].name, name) == 0)
			return COMMANDS[i].handle(arg, request);
	return bad("no such command");
}

/* ---- standard input */

static void set_debug(const char *text)
{
	char *end;
	long level = strtol(text, &end, 10);

	if (end == text || *end || level < 0 || level > LOG_LEVEL_TRACE) {
		printf("debug 0 ... 4\n");
		return;
	}
	log_set_level((int)level);
	printf("log level %ld\n", level);
}

static void run_command(struct server *server, const char *name)
{
	json_t *reply;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!COMMANDS[i].show || strcmp(COMMANDS[i].name, name) != 0)
			continue;
		reply = COMMANDS[i].handle(server, NULL);
		COMMANDS[i].show(json_object_get(reply, "result"), stdout);
		json_decref(reply);
		return;
	}
	if (strcmp(name, "help") != 0)
		printf("no command `%s'\n", name);
	printf("debug N   log level, 0 errors to 4 everything\nstatus    the state of the register\n"
	       "stations  stations and where they are\ncns       the CNs and their pools\nhelp      this text\n"
	       "The end of input (Ctrl-D) ends the program.\n");
}

void commands_console(char *line, void *arg)
{
	struct server *server = arg;
	char *rest = line, *word = line ? strsep(&rest, " \t\r") : NULL;

	if (!line) {
		log_info("end of input: mlrd ends");
		server_stop(server);
		return;
	}
	if (strcmp(word, "debug") == 0)
		set_debug(rest ? rest : "");
	else if (*word)
		run_command(server, word);
	fflush(stdout);
}
