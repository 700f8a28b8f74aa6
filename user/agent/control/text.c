/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands that show something. See show.h. Members that an agent of another version does not send are shown as "-". */
#include "text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "io/process/table.h"
#include "io/process/terminal.h"

/* ---- stations */

static const char *const STATION_TITLES[] = {"ADDRESS", "MAC", "STATE", "CELL", "PARENT", "CURRENT", "KIND", "LEASE", ">VERSION", NULL};

static const char *remark(const json_t *station, const char *key, const char *text)
{
	return json_is_true(json_object_get(station, key)) ? text : "";
}

static void add_station(struct table *table, const json_t *station)
{
	static const char *const keys[] = {"address", "mac", "state", "cell", "parent", "current", "kind"};
	char left[TERMINAL_SPAN];

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		table_add(table, "%s%s%s%s", terminal_text(station, keys[k]), k == 2 ? remark(station, "pending", " (pending)") : "",
			  k == 2 ? remark(station, "damped", " (damped)") : "", k == 2 ? remark(station, "silent", " (silent)") : "");
	table_add(table, "%s", terminal_lease(station, left));
	table_add(table, "%lld.%lld", terminal_number(station, "epoch"), terminal_number(station, "seq"));
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
	static const char *const titles[] = {"NAME", ">ID", "TUNNEL", "TYPE", "LINK", ">STATIONS", ">MTU", ">RX PACKETS", ">RX BYTES",
					     ">TX PACKETS", ">TX BYTES", NULL};
	static const char *const numbers[] = {"stations", "mtu", "rx_packets", "rx_bytes", "tx_packets", "tx_bytes"};
	struct table *table = table_new(titles);
	const json_t *peer;
	size_t i;

	json_array_foreach((json_t *)peers, i, peer) {
		table_add(table, "%s", terminal_text(peer, "name"));
		table_add(table, "%lld", terminal_number(peer, "id"));
		table_add(table, "%s", terminal_text(peer, "tunnel"));
		table_add(table, "%s", terminal_text(peer, "type"));
		table_add(table, "%s", terminal_text(peer, "link"));
		for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
			table_add(table, "%lld", terminal_number(peer, numbers[k]));
	}
	if (!table_print(table, to))
		fputs("no other CN is known\n", to);
}

/* ---- status */

static void print_cells(const json_t *cells, FILE *to)
{
	static const char *const titles[] = {"CELL", "SUBNET", "GATEWAY", "POOL", "HOOK", ">STATIONS", NULL};
	struct table *table = table_new(titles);
	const json_t *cell, *pool;
	size_t i;

	json_array_foreach((json_t *)cells, i, cell) {
		pool = json_object_get(cell, "pool");
		table_add(table, "%s", terminal_text(cell, "interface"));
		table_add(table, "%s", terminal_text(cell, "subnet"));
		table_add(table, "%s", terminal_text(cell, "gateway"));
		if (json_array_size(pool) == 2)
			table_add(table, "%s - %s", json_string_value(json_array_get(pool, 0)), json_string_value(json_array_get(pool, 1)));
		else
			table_add(table, "none");
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
	struct table *table = table_new(titles);
	const json_t *counter;
	size_t i;

	json_array_foreach((json_t *)counters, i, counter) {
		if (!terminal_number(counter, "packets"))
			continue;
		table_add(table, "%lld", terminal_number(counter, "packets"));
		table_add(table, "%lld", terminal_number(counter, "bytes"));
		table_add(table, "%s", terminal_text(counter, "verdict"));
		table_add(table, "%s", terminal_text(counter, "reason"));
		table_add(table, "%s", terminal_text(counter, "text"));
	}
	fputc('\n', to);
	table_print(table, to);
}

static void print_register(const json_t *reg, FILE *to)
{
	char since[TERMINAL_SPAN];
	const char *error = json_string_value(json_object_get(reg, "error"));

	fprintf(to, "register  %s %s for %s, epoch %lld, sequence %lld%s%s\n", terminal_text(reg, "address"), terminal_text(reg, "state"),
	       terminal_span(terminal_number(reg, "since_s"), since), terminal_number(reg, "epoch"), terminal_number(reg, "seq"),
	       error && *error ? ": " : "", error ? error : "");
}

static void print_backbone(const json_t *backbone, FILE *to)
{
	const char *name = terminal_text(backbone, "interface"), *why = json_string_value(json_object_get(backbone, "xdp_reason"));

	fprintf(to, "backbone  %s, hook %s, MTU %lld\n", name, terminal_text(backbone, "hook"), terminal_number(backbone, "mtu"));
	fprintf(to, "xdp       %s on %s%s%s\n", terminal_text(backbone, "xdp"), name, why && *why ? ": " : "", why ? why : "");
}

static void print_numbers(const char *title, const json_t *object, const char *const *keys, FILE *to)
{
	fprintf(to, "%-8s ", title);
	for (; *keys; keys++)
		fprintf(to, " %lld %s%s", terminal_number(object, *keys), *keys, keys[1] ? "," : "\n");
}

static void print_status(const json_t *status, FILE *to)
{
	static const char *const states[] = {"total", "home", "next_door", "away", "visiting", "elsewhere", "blocked", "silent", NULL};
	static const char *const holds[] = {"packets", "held", "replayed", "overflow", "expired", "lost", NULL};
	static const char *const copies[] = {"stations", "taken", "to_cns", "to_stations", "over_limit", NULL};
	static const char *const ends[] = {"completed", "refused", "damped", "undone", "pending", "conflicts", NULL};
	static const char *const wifi[] = {"associated", "arrived", "departed", "dropped", NULL};
	static const char *const messages[] = {"received", "offered", "confirmed", "refused", "ignored", "unanswered", NULL};
	const json_t *cn = json_object_get(status, "cn");
	char up[TERMINAL_SPAN];

	fprintf(to, "network   %s\nCN        %s, number %lld, tunnels from %s\n", terminal_text(status, "network"), terminal_text(cn, "name"),
		terminal_number(cn, "id"), terminal_text(cn, "tunnel"));
	fprintf(to, "agent     version %s, process %lld, up for %s%s\n", terminal_text(status, "version"), terminal_number(status, "pid"),
		terminal_span(terminal_number(status, "uptime_s"), up),
		json_is_true(json_object_get(status, "adopted")) ? ", took over from a former agent" : "");
	print_register(json_object_get(status, "register"), to);
	print_backbone(json_object_get(status, "backbone"), to);
	print_numbers("stations", json_object_get(status, "stations"), states, to);
	print_numbers("moves", json_object_get(status, "handovers"), ends, to);
	print_numbers("DHCP", json_object_get(status, "dhcp"), messages, to);
	print_numbers("buffer", json_object_get(status, "buffer"), holds, to);
	print_numbers("groups", json_object_get(status, "groups"), copies, to);
	if (json_is_object(json_object_get(status, "wifi")))
		print_numbers("Wi-Fi", json_object_get(status, "wifi"), wifi, to);
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
		fprintf(to, "  %s.%03d  %s\n", stamp, (int)((when - (double)seconds) * 1000), terminal_text(step, "text"));
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
		fprintf(to, "  %lld x %s on %s, last %s ago: %s\n", terminal_number(drop, "count"), terminal_text(drop, "reason"),
		       terminal_text(drop, "interface"), terminal_span(terminal_number(drop, "age_s"), age), terminal_text(drop, "text"));
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
		fprintf(to, "address %s, MAC %s: not registered\n", terminal_text(why, "address"), terminal_text(why, "mac"));
	}
	fputs("\ntrail\n", to);
	print_trail(json_object_get(why, "trail"), to);
	fputs("\npackets dropped lately\n", to);
	print_drops(json_object_get(why, "drops"), to);
}

/* ---- all of them */

static const struct {
	const char *command;
	void (*print)(const json_t *result, FILE *to);
} PRINTERS[] = {{"stations", print_stations}, {"peers", print_peers}, {"status", print_status}, {"why", print_why}};

bool show_print(const char *command, const json_t *result, FILE *to)
{
	for (size_t i = 0; i < sizeof(PRINTERS) / sizeof(PRINTERS[0]); i++)
		if (strcmp(PRINTERS[i].command, command) == 0) {
			PRINTERS[i].print(result, to);
			return true;
		}
	return false;
}

/* Asks the running agent and prints what it says. */
static int show(const struct cli_options *options, const char *command)
{
	const char *station = options->count ? options->args[0] : NULL;
	json_t *result;
	int status = cli_ask(options, json_pack("{s:s, s:s*}", "command", command, "station", station), &result);

	if (status != TERMINAL_OK)
		return status;
	if (options->json)
		return terminal_print_json(result);
	if (station && json_is_array(result) && json_array_size(result) == 0)
		status = terminal_fail("no station %s is known", station);
	else
		show_print(command, result, stdout);
	json_decref(result);
	return status;
}

int show_stations(const struct cli_options *options)
{
	return show(options, "stations");
}

int show_peers(const struct cli_options *options)
{
	return show(options, "peers");
}

int show_status(const struct cli_options *options)
{
	return show(options, "status");
}

int show_why(const struct cli_options *options)
{
	return show(options, "why");
}
