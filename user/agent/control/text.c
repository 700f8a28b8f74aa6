/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports as text. See text.h. A member that an agent of another version does not send is shown as
 * "-", a number as 0.
 */
#include "text.h"

#include <string.h>
#include <time.h>

#include "description.h"
#include "io/process/table.h"
#include "io/process/terminal.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void add_texts(struct table *table, const json_t *object, const char *const *keys,
		      size_t count)
{
	for (size_t i = 0; i < count; i++)
		table_add(table, "%s", terminal_text(object, keys[i]));
}

static void add_numbers(struct table *table, const json_t *object, const char *const *keys,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		table_add(table, "%lld", terminal_number(object, keys[i]));
}

/* ---- stations */

static const char *const STATION_TITLES[] = {"ADDRESS", "MAC",  "STATE", "CELL",     "PARENT",
					     "CURRENT", "KIND", "LEASE", ">VERSION", NULL};

static const char *remark(const json_t *station, const char *key, const char *text)
{
	return json_is_true(json_object_get(station, key)) ? text : "";
}

static void add_station(struct table *table, const json_t *station)
{
	static const char *const who[] = {"address", "mac"};
	static const char *const where[] = {"cell", "parent", "current", "kind"};
	char left[TERMINAL_SPAN];

	add_texts(table, station, who, COUNT_OF(who));
	table_add(table, "%s%s%s%s", terminal_text(station, "state"),
		  remark(station, "pending", " (pending)"), remark(station, "damped", " (damped)"),
		  remark(station, "silent", " (silent)"));
	add_texts(table, station, where, COUNT_OF(where));
	table_add(table, "%s", terminal_lease(station, left));
	table_add(table, "%lld.%lld", terminal_number(station, "epoch"),
		  terminal_number(station, "seq"));
}

static void print_stations(const json_t *stations, FILE *to)
{
	struct table *table = table_new(STATION_TITLES);
	const json_t *station;
	size_t i;

	json_array_foreach((json_t *)stations, i, station)
		add_station(table, station);
	if (!table_print(table, to))
		fputs("no station is known\n", to);
}

/* ---- peers */

static void print_peers(const json_t *peers, FILE *to)
{
	static const char *const titles[] = {
		"NAME", ">ID", "TUNNEL", "TYPE", "LINK", ">STATIONS", ">MTU",
		">RX PACKETS", ">RX BYTES", ">TX PACKETS", ">TX BYTES", "MTU BY", NULL,
	};
	static const char *const texts[] = {"tunnel", "type", "link"};
	static const char *const numbers[] = {"stations", "mtu",	"rx_packets",
					      "rx_bytes", "tx_packets", "tx_bytes"};
	struct table *table = table_new(titles);
	const json_t *peer;
	size_t i;

	json_array_foreach((json_t *)peers, i, peer) {
		table_add(table, "%s", terminal_text(peer, "name"));
		table_add(table, "%lld", terminal_number(peer, "id"));
		add_texts(table, peer, texts, COUNT_OF(texts));
		add_numbers(table, peer, numbers, COUNT_OF(numbers));
		table_add(table, "%s", terminal_text(peer, "mtu_source"));
	}
	if (!table_print(table, to))
		fputs("no other CN is known\n", to);
}

/* ---- status */

static const char *pool_text(const json_t *pool, char text[128])
{
	if (json_array_size(pool) != 2)
		return "none";
	snprintf(text, 128, "%s - %s", json_string_value(json_array_get(pool, 0)),
		 json_string_value(json_array_get(pool, 1)));
	return text;
}

static void print_cells(const json_t *cells, FILE *to)
{
	static const char *const titles[] = {"CELL", "SUBNET",	  "GATEWAY", "POOL",
					     "HOOK", ">STATIONS", NULL};
	static const char *const keys[] = {"interface", "subnet", "gateway"};
	struct table *table = table_new(titles);
	const json_t *cell;
	char pool[128];
	size_t i;

	json_array_foreach((json_t *)cells, i, cell) {
		add_texts(table, cell, keys, COUNT_OF(keys));
		table_add(table, "%s", pool_text(json_object_get(cell, "pool"), pool));
		table_add(table, "%s", terminal_text(cell, "hook"));
		table_add(table, "%lld", terminal_number(cell, "stations"));
	}
	fputc('\n', to);
	if (!table_print(table, to))
		fputs("no cell\n", to);
}

static void print_counters(const json_t *counters, FILE *to)
{
	static const char *const titles[] = {">PACKETS", ">BYTES", "VERDICT", "REASON", "", NULL};
	static const char *const numbers[] = {"packets", "bytes"};
	static const char *const texts[] = {"verdict", "reason", "text"};
	struct table *table = table_new(titles);
	const json_t *counter;
	size_t i;

	json_array_foreach((json_t *)counters, i, counter) {
		if (!terminal_number(counter, "packets"))
			continue;
		add_numbers(table, counter, numbers, COUNT_OF(numbers));
		add_texts(table, counter, texts, COUNT_OF(texts));
	}
	fputc('\n', to);
	table_print(table, to);
}

static void print_agent(const json_t *status, FILE *to)
{
	const json_t *cn = json_object_get(status, "cn");
	bool adopted = json_is_true(json_object_get(status, "adopted"));
	char up[TERMINAL_SPAN];

	fprintf(to, "network   %s\n", terminal_text(status, "network"));
	fprintf(to, "CN        %s, number %lld, tunnels from %s\n", terminal_text(cn, "name"),
		terminal_number(cn, "id"), terminal_text(cn, "tunnel"));
	fprintf(to, "agent     version %s, process %lld, up for %s%s\n",
		terminal_text(status, "version"), terminal_number(status, "pid"),
		terminal_span(terminal_number(status, "uptime_s"), up),
		adopted ? ", took over from a former agent" : "");
}

static void print_register(const json_t *reg, FILE *to)
{
	char since[TERMINAL_SPAN];
	const char *error = json_string_value(json_object_get(reg, "error"));

	fprintf(to, "register  %s %s for %s, epoch %lld, sequence %lld%s%s\n",
		terminal_text(reg, "address"), terminal_text(reg, "state"),
		terminal_span(terminal_number(reg, "since_s"), since),
		terminal_number(reg, "epoch"), terminal_number(reg, "seq"),
		error && *error ? ": " : "", error ? error : "");
}

static void print_backbone(const json_t *backbone, FILE *to)
{
	const char *name = terminal_text(backbone, "interface");
	const char *why = json_string_value(json_object_get(backbone, "xdp_reason"));
	const char *fault = json_string_value(json_object_get(backbone, "fault"));

	fprintf(to, "backbone  %s, hook %s, MTU %lld\n", name, terminal_text(backbone, "hook"),
		terminal_number(backbone, "mtu"));
	if (fault && *fault)
		fprintf(to, "FAULT     %s: %s\n", name, fault);
	fprintf(to, "xdp       %s on %s%s%s\n", terminal_text(backbone, "xdp"), name,
		why && *why ? ": " : "", why ? why : "");
}

static void print_status(const json_t *status, FILE *to)
{
	static const struct {
		const char *title, *key;
		const struct field *fields;
	} lines[] = {
		{"stations", "stations", STATION_COUNT_FIELDS},
		{"moves", "handovers", HANDOVER_COUNT_FIELDS},
		{"DHCP", "dhcp", DHCP_COUNT_FIELDS},
		{"buffer", "buffer", BUFFER_COUNT_FIELDS},
		{"groups", "groups", GROUPS_COUNT_FIELDS},
		{"Wi-Fi", "wifi", WIFI_COUNT_FIELDS},
	};

	print_agent(status, to);
	print_register(json_object_get(status, "register"), to);
	print_backbone(json_object_get(status, "backbone"), to);
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		const json_t *object = json_object_get(status, lines[i].key);

		if (json_is_object(object)) /* wifi is null without nl80211 */
			fields_print(lines[i].title, lines[i].fields, object, to);
	}
	print_cells(json_object_get(status, "cells"), to);
	print_counters(json_object_get(status, "counters"), to);
}

/* ---- why */

static void print_trail(const json_t *trail, FILE *to)
{
	const json_t *step;
	struct tm parts;
	char stamp[32];
	size_t i;

	json_array_foreach((json_t *)trail, i, step) {
		double when = json_number_value(json_object_get(step, "time"));
		time_t seconds = (time_t)when;

		localtime_r(&seconds, &parts);
		strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &parts);
		fprintf(to, "  %s.%03d  %s\n", stamp, (int)((when - (double)seconds) * 1000),
			terminal_text(step, "text"));
	}
	if (!i)
		fputs("  nothing is remembered\n", to);
}

static void print_drops(const json_t *drops, FILE *to)
{
	const json_t *drop;
	char age[TERMINAL_SPAN];
	size_t i;

	json_array_foreach((json_t *)drops, i, drop)
		fprintf(to, "  %lld x %s on %s, last %s ago: %s\n", terminal_number(drop, "count"),
			terminal_text(drop, "reason"), terminal_text(drop, "interface"),
			terminal_span(terminal_number(drop, "age_s"), age),
			terminal_text(drop, "text"));
	if (!i)
		fputs("  none\n", to);
}

static void print_why(const json_t *why, FILE *to)
{
	const json_t *record = json_object_get(why, "record");
	struct table *table;

	if (json_is_object(record)) {
		table = table_new(STATION_TITLES);
		add_station(table, record);
		table_print(table, to);
	} else {
		fprintf(to, "address %s, MAC %s: not registered\n", terminal_text(why, "address"),
			terminal_text(why, "mac"));
	}
	fputs("\ntrail\n", to);
	print_trail(json_object_get(why, "trail"), to);
	fputs("\npackets dropped lately\n", to);
	print_drops(json_object_get(why, "drops"), to);
}

/* ---- all of them */

bool text_print(const char *command, const json_t *result, FILE *to)
{
	static const struct {
		const char *command;
		void (*print)(const json_t *result, FILE *to);
	} printers[] = {
		{"stations", print_stations},
		{"peers", print_peers},
		{"status", print_status},
		{"why", print_why},
	};

	for (size_t i = 0; i < COUNT_OF(printers); i++)
		if (strcmp(printers[i].command, command) == 0) {
			printers[i].print(result, to);
			return true;
		}
	return false;
}
