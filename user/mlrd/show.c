/* SPDX-License-Identifier: BSD-2-Clause */
/* The register's answers as tables. See show.h. */
#include "show.h"

#include <string.h>

#include "io/process/table.h"
#include "io/process/terminal.h"

/* ---- stations */

void show_stations(json_t *result, FILE *to)
{
	static const char *const titles[] = {"ADDRESS", "MAC", "STATE", "PARENT", "CURRENT", "KIND", "HOST", "LEASE", ">VERSION", NULL};
	static const char *const keys[] = {"address", "mac", "state", "parent", "current", "kind", "host"};
	struct table *table = table_new(titles);
	const json_t *station;
	char left[TERMINAL_SPAN];
	size_t i;

	json_array_foreach(result, i, station) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			table_add(table, "%s%s", terminal_text(station, keys[k]),
				  k == 2 && json_is_true(json_object_get(station, "damped")) ? " (damped)" : "");
		table_add(table, "%s", terminal_lease(station, left));
		table_add(table, "%lld.%lld", terminal_number(station, "epoch"), terminal_number(station, "seq"));
	}
	if (!table_print(table, to))
		fputs("no station is known\n", to);
}

/* ---- CNs */

static void print_pools(json_t *cns, FILE *to)
{
	static const char *const titles[] = {"CELL", "CN", "GATEWAY", "POOL", ">NEVER USED", ">FREE AGAIN", NULL};
	struct table *table = table_new(titles);
	const json_t *cn, *cell, *pool;
	size_t i, k;

	json_array_foreach(cns, i, cn) {
		json_array_foreach(json_object_get(cn, "cells"), k, cell) {
			pool = json_object_get(cell, "pool");
			table_add(table, "%s", terminal_text(cell, "subnet"));
			table_add(table, "%s", terminal_text(cn, "name"));
			table_add(table, "%s", terminal_text(cell, "gateway"));
			if (json_array_size(pool) == 2)
				table_add(table, "%s - %s", json_string_value(json_array_get(pool, 0)), json_string_value(json_array_get(pool, 1)));
			else
				table_add(table, "none");
			table_add(table, "%lld", terminal_number(cell, "unused"));
			table_add(table, "%lld", terminal_number(cell, "freed"));
		}
	}
	fputc('\n', to);
	if (!table_print(table, to))
		fputs("no cell\n", to);
}

void show_cns(json_t *result, FILE *to)
{
	static const char *const titles[] = {"NAME", ">ID", "TUNNEL", ">PORT", "CONNECTED", ">STATIONS", ">HERE", NULL};
	struct table *table = table_new(titles);
	const json_t *cn;
	size_t i;

	json_array_foreach(result, i, cn) {
		table_add(table, "%s", terminal_text(cn, "name"));
		table_add(table, "%lld", terminal_number(cn, "id"));
		table_add(table, "%s", terminal_text(cn, "tunnel"));
		table_add(table, "%lld", terminal_number(cn, "port"));
		table_add(table, "%s", json_is_true(json_object_get(cn, "connected")) ? terminal_text(cn, "peer") : "no");
		table_add(table, "%lld", terminal_number(cn, "stations"));
		table_add(table, "%lld", terminal_number(cn, "here"));
	}
	if (table_print(table, to))
		print_pools(result, to);
	else
		fputs("no CN is known\n", to);
}

/* ---- status */

static void print_numbers(const char *title, const json_t *object, FILE *to)
{
	const char *key, *between = "";
	json_t *value;

	fprintf(to, "%-9s ", title);
	json_object_foreach((json_t *)object, key, value) {
		fprintf(to, "%s%lld %s", between, terminal_number(object, key), key);
		between = ", ";
	}
	fputc('\n', to);
}

void show_status(json_t *result, FILE *to)
{
	const json_t *cns = json_object_get(result, "cns"), *store = json_object_get(result, "store");
	const char *address = terminal_text(result, "listen");
	char up[TERMINAL_SPAN];

	fprintf(to, "network   %s\nregister  version %s, process %lld, up for %s\n", terminal_text(result, "network"),
		terminal_text(result, "version"), terminal_number(result, "pid"), terminal_span(terminal_number(result, "uptime_s"), up));
	fprintf(to, "port      %lld of %s\n", terminal_number(result, "port"), strcmp(address, "-") == 0 ? "all addresses" : address);
	fprintf(to, "order     epoch %lld, sequence %lld\n", terminal_number(result, "epoch"), terminal_number(result, "seq"));
	fprintf(to, "CNs       %lld known, %lld connected; %lld other connections\n", terminal_number(cns, "known"),
		terminal_number(cns, "connected"), terminal_number(cns, "strangers"));
	print_numbers("stations", json_object_get(result, "stations"), to);
	fprintf(to, "hosts     %lld reserved\n", terminal_number(result, "hosts"));
	print_numbers("since", json_object_get(result, "counters"), to);
	fprintf(to, "database  %s, %lld commits of %lld records, %lld failed, the last took %.1f ms, %lld answers wait\n",
		json_is_true(json_object_get(store, "failing")) ? "CANNOT BE WRITTEN" : "in order", terminal_number(store, "commits"),
		terminal_number(store, "written"), terminal_number(store, "failed"), json_number_value(json_object_get(store, "commit_ms")),
		terminal_number(store, "waiting"));
}
