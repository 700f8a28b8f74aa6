/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands that show something. See show.h. Members that an agent of another version does not send are shown as "-". */
#include "show.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "table.h"

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

static int print_json(json_t *result)
{
	int failed = json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);

	putchar('\n');
	json_decref(result);
	return failed ? CLI_FAILED : CLI_OK;
}

/* Asks and, with --json, prints. True: *result is to be shown by the caller. */
static bool ask(const struct cli_options *options, json_t *request, json_t **result, int *status)
{
	*status = cli_ask(options, request, result);
	if (*status != CLI_OK)
		return false;
	if (!options->json)
		return true;
	*status = print_json(*result);
	return false;
}

/* ---- stations */

static bool is_wanted(const json_t *station, const char *wanted)
{
	return !wanted || strcasecmp(text_of(station, "address"), wanted) == 0 || strcasecmp(text_of(station, "mac"), wanted) == 0;
}

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

int show_stations(const struct cli_options *options)
{
	const char *wanted = options->count ? options->args[0] : NULL;
	json_t *request = json_pack("{s:s, s:s*}", "command", "stations", "station", wanted), *result, *station;
	struct table *table;
	size_t i, shown;
	int status;

	if (!ask(options, request, &result, &status))
		return status;
	table = table_new(STATION_TITLES);
	json_array_foreach(result, i, station)
		if (is_wanted(station, wanted))
			add_station(table, station);
	shown = table_print(table, stdout);
	json_decref(result);
	if (!shown && wanted)
		return cli_fail("no station %s is known", wanted);
	if (!shown)
		puts("no station is known");
	return CLI_OK;
}

/* ---- peers */

int show_peers(const struct cli_options *options)
{
	static const char *const titles[] = {"NAME", ">ID", "TUNNEL", "TYPE", "LINK", ">STATIONS", ">MTU", ">RX PACKETS", ">RX BYTES",
					     ">TX PACKETS", ">TX BYTES", NULL};
	static const char *const numbers[] = {"stations", "mtu", "rx_packets", "rx_bytes", "tx_packets", "tx_bytes"};
	json_t *result, *peer;
	struct table *table;
	size_t i;
	int status;

	if (!ask(options, json_pack("{s:s}", "command", "peers"), &result, &status))
		return status;
	table = table_new(titles);
	json_array_foreach(result, i, peer) {
		table_add(table, "%s", text_of(peer, "name"));
		table_add(table, "%lld", (long long)number_of(peer, "id"));
		table_add(table, "%s", text_of(peer, "tunnel"));
		table_add(table, "%s", text_of(peer, "type"));
		table_add(table, "%s", text_of(peer, "link"));
		for (size_t k = 0; k < sizeof(numbers) / sizeof(numbers[0]); k++)
			table_add(table, "%lld", (long long)number_of(peer, numbers[k]));
	}
	if (!table_print(table, stdout))
		puts("no other CN is known");
	json_decref(result);
	return CLI_OK;
}

/* ---- status */

static void print_cells(const json_t *cells)
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
	putchar('\n');
	if (!table_print(table, stdout))
		puts("no cell");
}

static void print_counters(const json_t *counters)
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
	putchar('\n');
	table_print(table, stdout);
}

static void print_register(const json_t *reg)
{
	char since[40];
	const char *error = json_string_value(json_object_get(reg, "error"));

	printf("register  %s %s for %s, epoch %lld, sequence %lld%s%s\n", text_of(reg, "address"), text_of(reg, "state"),
	       span(number_of(reg, "since_s"), since), (long long)number_of(reg, "epoch"), (long long)number_of(reg, "seq"),
	       error && *error ? ": " : "", error ? error : "");
}

static void print_numbers(const char *title, const json_t *object, const char *const *keys)
{
	printf("%-8s ", title);
	for (; *keys; keys++)
		printf(" %lld %s%s", (long long)number_of(object, *keys), *keys, keys[1] ? "," : "\n");
}

int show_status(const struct cli_options *options)
{
	static const char *const states[] = {"total", "home", "next_door", "away", "visiting", "elsewhere", "blocked", NULL};
	static const char *const ends[] = {"completed", "refused", "undone", "pending", NULL};
	json_t *result;
	const json_t *cn, *backbone;
	char up[40];
	int status;

	if (!ask(options, json_pack("{s:s}", "command", "status"), &result, &status))
		return status;
	cn = json_object_get(result, "cn");
	backbone = json_object_get(result, "backbone");
	printf("network   %s\nCN        %s, number %lld, tunnels from %s\n", text_of(result, "network"), text_of(cn, "name"),
	       (long long)number_of(cn, "id"), text_of(cn, "tunnel"));
	printf("agent     version %s, process %lld, up for %s\n", text_of(result, "version"), (long long)number_of(result, "pid"),
	       span(number_of(result, "uptime_s"), up));
	print_register(json_object_get(result, "register"));
	printf("backbone  %s, hook %s, MTU %lld\n", text_of(backbone, "interface"), text_of(backbone, "hook"), (long long)number_of(backbone, "mtu"));
	print_numbers("stations", json_object_get(result, "stations"), states);
	print_numbers("moves", json_object_get(result, "handovers"), ends);
	print_cells(json_object_get(result, "cells"));
	print_counters(json_object_get(result, "counters"));
	json_decref(result);
	return CLI_OK;
}

/* ---- why */

static void print_trail(const json_t *trail)
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
		printf("  %s.%03d  %s\n", stamp, (int)((when - (double)seconds) * 1000), text_of(step, "text"));
	}
	if (!i)
		puts("  nothing is remembered");
}

static void print_drops(const json_t *drops)
{
	const json_t *drop;
	char age[40];
	size_t i;

	json_array_foreach((json_t *)drops, i, drop)
		printf("  %lld x %s on %s, last %s ago: %s\n", (long long)number_of(drop, "count"), text_of(drop, "reason"),
		       text_of(drop, "interface"), span(number_of(drop, "age_s"), age), text_of(drop, "text"));
	if (!i)
		puts("  none");
}

int show_why(const struct cli_options *options)
{
	json_t *result;
	const json_t *record;
	struct table *table;
	int status;

	if (!ask(options, json_pack("{s:s, s:s}", "command", "why", "station", options->args[0]), &result, &status))
		return status;
	record = json_object_get(result, "record");
	if (json_is_object(record)) {
		table = table_new(STATION_TITLES);
		add_station(table, record);
		table_print(table, stdout);
	} else {
		printf("address %s, MAC %s: not registered\n", text_of(result, "address"), text_of(result, "mac"));
	}
	puts("\ntrail");
	print_trail(json_object_get(result, "trail"));
	puts("\npackets dropped lately");
	print_drops(json_object_get(result, "drops"));
	json_decref(result);
	return CLI_OK;
}
