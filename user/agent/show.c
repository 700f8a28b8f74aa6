/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands that show something. See show.h. Members that an agent of another version does not send are shown as "-". */
#include "show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "io/table.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : "-";
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return (json_int_t)json_number_value(json_object_get(object, key));
}

/* 75 -> "1m15s", 90061 -> "1d1h" */
static const char *span(json_int_t seconds, char out[40])
{
	static const struct {
		json_int_t seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;
	int used;

	if (seconds < 0)
		seconds = 0;
	while (i < 3 && seconds < units[i].seconds)
		i++;
	used = snprintf(out, 40, "%lld%c", (long long)(seconds / units[i].seconds), units[i].letter);
	if (i < 3)
		snprintf(out + used, 40 - used, "%lld%c", (long long)(seconds % units[i].seconds / units[i + 1].seconds), units[i + 1].letter);
	return out;
}

static const char *lease_of(const json_t *station, char out[40])
{
	json_int_t end = number_of(station, "lease_end"), now = time(NULL);

	if (!end)
		return "no end";
	return end <= now ? "ended" : span(end - now, out);
}

/* ---- stations */

static const char *const STATION_TITLES[] = {"ADDRESS", "MAC", "STATE", "CELL", "PARENT", "CURRENT", "KIND", "LEASE", ">VERSION", NULL};

static void add_station(struct table *table, const json_t *station)
{
	static const char *const keys[] = {"address", "mac", "state", "cell", "parent", "current", "kind"};
	char left[40];

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		table_add(table, "%s%s", text_of(station, keys[k]),
			  k == 2 && json_is_true(json_object_get(station, "pending")) ? " (pending)" : "");
	table_add(table, "%s", lease_of(station, left));
	table_add(table, "%lld.%lld", (long long)number_of(station, "epoch"), (long long)number_of(station, "seq"));
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
		table_add(table, "%s", text_of(peer, "name"));
		table_add(table, "%lld", (long long)number_of(peer, "id"));
		table_add(table, "%s", text_of(peer, "tunnel"));
		table_add(table, "%s", text_of(peer, "type"));
		table_add(table, "%s", text_of(peer, "link"));
		for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
			table_add(table, "%lld", (long long)number_of(peer, numbers[k]));
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
		table_add(table, "%s", text_of(cell, "interface"));
		table_add(table, "%s", text_of(cell, "subnet"));
		table_add(table, "%s", text_of(cell, "gateway"));
		if (json_array_size(pool) == 2)
			table_add(table, "%s - %s", json_string_value(json_array_get(pool, 0)), json_string_value(json_array_get(pool, 1)));
		else
			table_add(table, "none");
		table_add(table, "%s", text_of(cell, "hook"));
		table_add(table, "%lld", (long long)number_of(cell, "stations"));
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
		if (!number_of(counter, "packets"))
			continue;
		table_add(table, "%lld", (long long)number_of(counter, "packets"));
		table_add(table, "%lld", (long long)number_of(counter, "bytes"));
		table_add(table, "%s", text_of(counter, "verdict"));
		table_add(table, "%s", text_of(counter, "reason"));
		table_add(table, "%s", text_of(counter, "text"));
	}
	fputc('\n', to);
	table_print(table, to);
}

static void print_register(const json_t *reg, FILE *to)
{
	char since[40];
	const char *error = json_string_value(json_object_get(reg, "error"));

	fprintf(to, "register  %s %s for %s, epoch %lld, sequence %lld%s%s\n", text_of(reg, "address"), text_of(reg, "state"),
	       span(number_of(reg, "since_s"), since), (long long)number_of(reg, "epoch"), (long long)number_of(reg, "seq"),
	       error && *error ? ": " : "", error ? error : "");
}

static void print_numbers(const char *title, const json_t *object, const char *const *keys, FILE *to)
{
	fprintf(to, "%-8s ", title);
	for (; *keys; keys++)
		fprintf(to, " %lld %s%s", (long long)number_of(object, *keys), *keys, keys[1] ? "," : "\n");
}

static void print_status(const json_t *status, FILE *to)
{
	static const char *const states[] = {"total", "home", "next_door", "away", "visiting", "elsewhere", "blocked", NULL};
	static const char *const ends[] = {"completed", "refused", "undone", "pending", NULL};
	static const char *const messages[] = {"received", "offered", "confirmed", "refused", "ignored", "unanswered", NULL};
	const json_t *cn = json_object_get(status, "cn"), *backbone = json_object_get(status, "backbone");
	char up[40];

	fprintf(to, "network   %s\nCN        %s, number %lld, tunnels from %s\n", text_of(status, "network"), text_of(cn, "name"),
		(long long)number_of(cn, "id"), text_of(cn, "tunnel"));
	fprintf(to, "agent     version %s, process %lld, up for %s\n", text_of(status, "version"), (long long)number_of(status, "pid"),
		span(number_of(status, "uptime_s"), up));
	print_register(json_object_get(status, "register"), to);
	fprintf(to, "backbone  %s, hook %s, MTU %lld\n", text_of(backbone, "interface"), text_of(backbone, "hook"), (long long)number_of(backbone, "mtu"));
	print_numbers("stations", json_object_get(status, "stations"), states, to);
	print_numbers("moves", json_object_get(status, "handovers"), ends, to);
	print_numbers("DHCP", json_object_get(status, "dhcp"), messages, to);
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
		fprintf(to, "  %s.%03d  %s\n", stamp, (int)((when - (double)seconds) * 1000), text_of(step, "text"));
	}
	if (!i)
		fputs("  nothing is remembered\n", to);
}

static void print_drops(const json_t *drops, FILE *to)
{
	const json_t *drop;
	char age[40];
	size_t i;

	json_array_foreach((json_t *)drops, i, drop)
		fprintf(to, "  %lld x %s on %s, last %s ago: %s\n", (long long)number_of(drop, "count"), text_of(drop, "reason"),
		       text_of(drop, "interface"), span(number_of(drop, "age_s"), age), text_of(drop, "text"));
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
		fprintf(to, "address %s, MAC %s: not registered\n", text_of(why, "address"), text_of(why, "mac"));
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

	if (status != CLI_OK)
		return status;
	if (options->json) {
		if (json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0)
			status = CLI_FAILED;
		putchar('\n');
	} else if (station && json_is_array(result) && json_array_size(result) == 0) {
		status = cli_fail("no station %s is known", station);
	} else {
		show_print(command, result, stdout);
	}
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
