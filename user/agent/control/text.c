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

static const char *const STATION_TITLES[] = {"ADDRESS", "MAC",     "STATE", "CELL",
					     "PARENT",  "CURRENT", "LEASE", NULL};

static const char *remark(const json_t *station, const char *key, const char *text)
{
	return json_is_true(json_object_get(station, key)) ? text : "";
}

static void add_station(struct table *table, const json_t *station)
{
	static const char *const who[] = {"address", "mac"};
	static const char *const where[] = {"cell", "parent", "current"};
	const char *kind = terminal_text(station, "kind");
	char left[TERMINAL_SPAN];

	add_texts(table, station, who, COUNT_OF(who));
	table_add(table, "%s%s%s%s", terminal_text(station, "state"),
		  remark(station, "pending", " (pending)"), remark(station, "damped", " (damped)"),
		  remark(station, "silent", " (silent)"));
	add_texts(table, station, where, COUNT_OF(where));
	/* Only a lease ends. */
	table_add(table, "%s", strcmp(kind, "static") == 0 || strcmp(kind, "reserved") == 0 ?
			       kind : terminal_lease(station, left));
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
		"BY", ">RX", ">TX", NULL,
	};
	static const char *const texts[] = {"tunnel", "type", "link"};
	static const char *const sizes[] = {"stations", "mtu"};
	static const char *const packets[] = {"rx_packets", "tx_packets"};
	struct table *table = table_new(titles);
	const json_t *peer;
	size_t i;

	json_array_foreach((json_t *)peers, i, peer) {
		table_add(table, "%s", terminal_text(peer, "name"));
		table_add(table, "%lld", terminal_number(peer, "id"));
		add_texts(table, peer, texts, COUNT_OF(texts));
		add_numbers(table, peer, sizes, COUNT_OF(sizes));
		table_add(table, "%s", terminal_text(peer, "mtu_source"));
		add_numbers(table, peer, packets, COUNT_OF(packets));
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
					     "STATE", ">STATIONS", NULL};
	static const char *const keys[] = {"interface", "subnet", "gateway"};
	struct table *table = table_new(titles);
	const json_t *cell;
	char pool[128];
	size_t i;

	json_array_foreach((json_t *)cells, i, cell) {
		add_texts(table, cell, keys, COUNT_OF(keys));
		table_add(table, "%s", pool_text(json_object_get(cell, "pool"), pool));
		table_add(table, "%s", terminal_text(cell, "state"));
		table_add(table, "%lld", terminal_number(cell, "stations"));
	}
	fputc('\n', to);
	if (!table_print(table, to))
		fputs("no cell\n", to);
	json_array_foreach((json_t *)cells, i, cell)
		if (strcmp(terminal_text(cell, "reason"), "-") != 0)
			fprintf(to, "%s\n", terminal_text(cell, "reason"));
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

static void print_problems(const json_t *problems, FILE *to)
{
	const json_t *problem;
	size_t i;

	json_array_foreach((json_t *)problems, i, problem)
		fprintf(to, "problem   %s\n", json_string_value(problem));
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
	print_problems(json_object_get(status, "problems"), to);
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
		fputs("  none by TMip's programs\n", to);
}

static void print_path(const json_t *path, FILE *to)
{
	static const char *const titles[] = {"PART", "NAME", "STATE", ">SENT", ">RECEIVED",
					     ">DROPPED", NULL};
	static const char *const texts[] = {"part", "name", "state"};
	static const char *const numbers[] = {"sent", "received", "dropped"};
	struct table *table = table_new(titles);
	const json_t *part;
	size_t i;

	fputs("\nits way through this CN, with the packets of all stations\n", to);
	json_array_foreach((json_t *)path, i, part) {
		add_texts(table, part, texts, COUNT_OF(texts));
		add_numbers(table, part, numbers, COUNT_OF(numbers));
	}
	table_print(table, to);
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
	if (json_array_size(json_object_get(why, "path"))) /* an older agent has none */
		print_path(json_object_get(why, "path"), to);
}

/* ---- what moved between two answers of `why` */

/* The object of the other list with the same texts. NULL: there is none. */
static const json_t *find_same(const json_t *list, const json_t *wanted, const char *key,
			       const char *other_key)
{
	const json_t *each;
	size_t i;

	json_array_foreach((json_t *)list, i, each)
		if (strcmp(terminal_text(each, key), terminal_text(wanted, key)) == 0 &&
		    strcmp(terminal_text(each, other_key), terminal_text(wanted, other_key)) == 0)
			return each;
	return NULL;
}

static long long moved(const json_t *before, const json_t *after, const char *key)
{
	return terminal_number(after, key) - (before ? terminal_number(before, key) : 0);
}

static bool print_moved_drops(const json_t *before, const json_t *after, FILE *to)
{
	const json_t *counter;
	bool any = false;
	size_t i;

	json_array_foreach((json_t *)after, i, counter) {
		const json_t *former = find_same(before, counter, "reason", "reason");
		long long count = moved(former, counter, "packets");

		if (count > 0)
			fprintf(to, "  dropped by TMip's programs: %lld x %s: %s\n", count,
				terminal_text(counter, "reason"), terminal_text(counter, "text"));
		any |= count > 0;
	}
	return any;
}

static bool is_kernel(const json_t *part)
{
	return strcmp(terminal_text(part, "part"), "kernel") == 0;
}

/* What has left this host, by any device or tunnel. */
static long long moved_out(const json_t *before, const json_t *after)
{
	const json_t *part;
	long long sum = 0;
	size_t i;

	json_array_foreach((json_t *)after, i, part)
		if (!is_kernel(part))
			sum += moved(find_same(before, part, "part", "name"), part, "sent");
	return sum;
}

/* What the counters of a part say about a loss. out: what has left this host. */
static const char *remark_of(const json_t *part, long long sent, long long received,
			     long long dropped, long long out)
{
	if (is_kernel(part) && dropped)
		return ": by its routes or rp_filter";
	if (is_kernel(part))
		return received && (!sent || !out) ?
			       ": nothing leaves, do rules of netfilter drop it?" : "";
	if (dropped)
		return ": by the device";
	return sent && !received ? ": nothing comes back, lost behind it?" : "";
}

static bool print_moved_parts(const json_t *before, const json_t *after, FILE *to)
{
	long long out = moved_out(before, after);
	const json_t *part;
	bool any = false;
	size_t i;

	json_array_foreach((json_t *)after, i, part) {
		const json_t *former = find_same(before, part, "part", "name");
		long long sent = moved(former, part, "sent"), in = moved(former, part, "received"),
			  lost = moved(former, part, "dropped");

		if (!sent && !in && !lost)
			continue;
		fprintf(to, "  %s %s: %lld sent, %lld received, %lld dropped%s\n",
			terminal_text(part, "part"), terminal_text(part, "name"), sent, in, lost,
			remark_of(part, sent, in, lost, out));
		any = true;
	}
	return any;
}

void text_print_moved(const json_t *before, const json_t *after, FILE *to)
{
	bool any;

	fputs("\nin the last second\n", to);
	any = print_moved_drops(json_object_get(before, "counters"),
				json_object_get(after, "counters"), to);
	any |= print_moved_parts(json_object_get(before, "path"), json_object_get(after, "path"),
				 to);
	if (!any)
		fputs("  no packet passed: none reached this CN\n", to);
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
