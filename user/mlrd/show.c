/* SPDX-License-Identifier: BSD-2-Clause */
/* The register's answers as tables. See show.h. */
#include "show.h"

#include <string.h>
#include <time.h>

#include "io/process/table.h"
#include "io/process/terminal.h"
#include "report.h"

/* ---- stations */

static const char *remark(const json_t *station)
{
	return json_is_true(json_object_get(station, "damped")) ? " (damped)" : "";
}

void show_stations(json_t *result, FILE *to)
{
	static const char *const titles[] = {"ADDRESS", "MAC",  "STATE", "PARENT",   "CURRENT",
					     "KIND",    "HOST", "LEASE", ">VERSION", NULL};
	static const char *const keys[] = {"address", "mac",  "state", "parent",
					   "current", "kind", "host"};
	struct table *table = table_new(titles);
	const json_t *station;
	char left[TERMINAL_SPAN];
	size_t i;

	json_array_foreach(result, i, station) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			table_add(table, "%s%s", terminal_text(station, keys[k]),
				  strcmp(keys[k], "state") == 0 ? remark(station) : "");
		table_add(table, "%s", terminal_lease(station, left));
		table_add(table, "%lld.%lld", terminal_number(station, "epoch"),
			  terminal_number(station, "seq"));
	}
	if (!table_print(table, to))
		fputs("no station is known\n", to);
}

/* ---- CNs */

static void add_pool(struct table *table, const json_t *cn, const json_t *cell)
{
	const json_t *pool = json_object_get(cell, "pool");

	table_add(table, "%s", terminal_text(cell, "subnet"));
	table_add(table, "%s", terminal_text(cn, "name"));
	table_add(table, "%s", terminal_text(cell, "gateway"));
	if (json_array_size(pool) == 2)
		table_add(table, "%s - %s", json_string_value(json_array_get(pool, 0)),
			  json_string_value(json_array_get(pool, 1)));
	else
		table_add(table, "none");
	table_add(table, "%lld", terminal_number(cell, "unused"));
	table_add(table, "%lld", terminal_number(cell, "freed"));
}

static void print_pools(json_t *cns, FILE *to)
{
	static const char *const titles[] = {"CELL",        "CN",          "GATEWAY", "POOL",
					     ">NEVER USED", ">FREE AGAIN", NULL};
	struct table *table = table_new(titles);
	const json_t *cn, *cell;
	size_t i, k;

	json_array_foreach(cns, i, cn)
		json_array_foreach(json_object_get(cn, "cells"), k, cell)
			add_pool(table, cn, cell);
	fputc('\n', to);
	if (!table_print(table, to))
		fputs("no cell\n", to);
}

static const char *peer_text(const json_t *cn)
{
	return json_is_true(json_object_get(cn, "connected")) ? terminal_text(cn, "peer") : "no";
}

void show_cns(json_t *result, FILE *to)
{
	static const char *const titles[] = {"NAME",      ">ID",       "TUNNEL", ">PORT",
					     "CONNECTED", ">STATIONS", ">HERE",  NULL};
	struct table *table = table_new(titles);
	const json_t *cn;
	size_t i;

	json_array_foreach(result, i, cn) {
		table_add(table, "%s", terminal_text(cn, "name"));
		table_add(table, "%lld", terminal_number(cn, "id"));
		table_add(table, "%s", terminal_text(cn, "tunnel"));
		table_add(table, "%lld", terminal_number(cn, "port"));
		table_add(table, "%s", peer_text(cn));
		table_add(table, "%lld", terminal_number(cn, "stations"));
		table_add(table, "%lld", terminal_number(cn, "here"));
	}
	if (table_print(table, to))
		print_pools(result, to);
	else
		fputs("no CN is known\n", to);
}

/* ---- status */

static void print_register(const json_t *status, FILE *to)
{
	const json_t *cns = json_object_get(status, "cns");
	const char *address = terminal_text(status, "listen");
	char up[TERMINAL_SPAN];

	fprintf(to, "network   %s\n", terminal_text(status, "network"));
	fprintf(to, "register  version %s, process %lld, up for %s\n",
		terminal_text(status, "version"), terminal_number(status, "pid"),
		terminal_span(terminal_number(status, "uptime_s"), up));
	fprintf(to, "port      %lld of %s\n", terminal_number(status, "port"),
		strcmp(address, "-") == 0 ? "all addresses" : address);
	fprintf(to, "order     epoch %lld, sequence %lld\n", terminal_number(status, "epoch"),
		terminal_number(status, "seq"));
	fprintf(to, "CNs       %lld known, %lld connected; %lld other connections\n",
		terminal_number(cns, "known"), terminal_number(cns, "connected"),
		terminal_number(cns, "strangers"));
}

static const char *store_state(const json_t *store)
{
	if (json_is_true(json_object_get(store, "failing")))
		return "CANNOT BE WRITTEN";
	return json_is_true(json_object_get(store, "incomplete")) ? "BEING WRITTEN ANEW" :
								    "in order";
}

static void print_refused(const json_t *refused, FILE *to)
{
	const json_t *cn;
	size_t i;

	json_array_foreach((json_t *)refused, i, cn)
		fprintf(to, "refused   CN %s from %s, %lld times: %s\n", terminal_text(cn, "name"),
			terminal_text(cn, "peer"), terminal_number(cn, "count"),
			terminal_text(cn, "why"));
}

static void print_store(const json_t *store, FILE *to)
{
	const json_t *why = json_object_get(store, "why"), *lost = json_object_get(store, "lost");

	fprintf(to, "database  %s, %lld commits of %lld records, %lld failed, "
		"the last took %.1f ms, %lld answers wait\n", store_state(store),
		terminal_number(store, "commits"), terminal_number(store, "written"),
		terminal_number(store, "failed"),
		json_number_value(json_object_get(store, "commit_ms")),
		terminal_number(store, "waiting"));
	if (why)
		fprintf(to, "          %s\n", json_string_value(why));
	if (lost) {
		time_t at = (time_t)terminal_number(store, "lost_at");
		char when[32] = "";

		strftime(when, sizeof(when), "%F %T", localtime(&at));
		fprintf(to, "          LOST at %s: %s;\n"
			"          this register wrote what it knew to a new file\n", when,
			json_string_value(lost));
	}
}

/* A database that was lost, or replaced by an older copy, while no register ran. */
static void print_behind(const json_t *behind, FILE *to)
{
	if (!json_is_object(behind))
		return;
	fprintf(to, "          BEHIND THE NETWORK at the start: CN %s had seen version %lld.%lld,\n"
		"          it knew %lld.%lld; CNs have brought back %lld stations\n",
		terminal_text(behind, "cn"), terminal_number(behind, "seen_epoch"),
		terminal_number(behind, "seen_seq"), terminal_number(behind, "knew_epoch"),
		terminal_number(behind, "knew_seq"), terminal_number(behind, "restored"));
}

void show_status(json_t *result, FILE *to)
{
	const json_t *problem;
	size_t i;

	print_register(result, to);
	print_refused(json_object_get(result, "refused"), to);
	fields_print("stations", STATION_COUNT_FIELDS, json_object_get(result, "stations"), to);
	fprintf(to, "hosts     %lld reserved\n", terminal_number(result, "hosts"));
	json_array_foreach(json_object_get(result, "problems"), i, problem)
		fprintf(to, "problem   %s\n", json_string_value(problem));
	fields_print("since", COUNTER_FIELDS, json_object_get(result, "counters"), to);
	print_store(json_object_get(result, "store"), to);
	print_behind(json_object_get(result, "behind"), to);
}

/* ---- changes of the network */

static void print_cut(const json_t *cut, FILE *to)
{
	fprintf(to, "%lld stations have addresses of it (%lld leases), %lld of them are at other "
		"CNs", terminal_number(cut, "stations"), terminal_number(cut, "leases"),
		terminal_number(cut, "away"));
}

void show_forgotten(json_t *result, FILE *to)
{
	fprintf(to, "CN %s is forgotten: %lld stations lost their addresses (%lld leases), %lld of "
		"them at other CNs; %lld stations of other CNs were in its cells\n",
		terminal_text(result, "cn"), terminal_number(result, "stations"),
		terminal_number(result, "leases"), terminal_number(result, "away"),
		terminal_number(result, "guests"));
}

void show_renamed(json_t *result, FILE *to)
{
	fprintf(to, "CN %s is called %s now; write `cn_name %s' in its configuration, and start "
		"its agent anew\n", terminal_text(result, "cn"), terminal_text(result, "to"),
		terminal_text(result, "to"));
}

void show_moved(json_t *result, FILE *to)
{
	fprintf(to, "%s goes from CN %s to CN %s as soon as that has a cell with it.\n",
		terminal_text(result, "subnet"), terminal_text(result, "cn"),
		terminal_text(result, "to"));
	print_cut(result, to);
	fputs(";\nall keep them. Until then nothing changes; those in the cell itself are cut from "
	      "when its\ninterface goes until they are in a cell of the other CN.\n", to);
}
