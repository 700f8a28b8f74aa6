/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of the agent as JSON, and the status file. See report.h. */
#include "report.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/dhcp/dhcp.h"
#include "agent/interface/cells.h"
#include "agent/network/peers.h"
#include "agent/state.h"
#include "agent/station/buffer.h"
#include "agent/station/groups.h"
#include "agent/station/presence.h"
#include "agent/wifi/authenticator.h"
#include "agent/wifi/wifi.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "text.h"

static const char *const STATE_NAMES[] = {
	[0] = "unknown", [TMIP_STATION_HOME] = "home", [TMIP_STATION_NEXT_DOOR] = "next_door", [TMIP_STATION_AWAY] = "away",
	[TMIP_STATION_VISITING] = "visiting", [TMIP_STATION_ELSEWHERE] = "elsewhere", [TMIP_STATION_BLOCKED] = "blocked",
};

static const char *const KIND_NAMES[] = {
	[RECORD_DYNAMIC] = "dynamic", [RECORD_STATIC] = "static", [RECORD_RESERVED] = "reserved",
};

static const char *const VERDICT_NAMES[] = {
	[TMIP_VERDICT_PASS] = "pass", [TMIP_VERDICT_SEND] = "send", [TMIP_VERDICT_TAKE] = "take", [TMIP_VERDICT_DROP] = "drop",
};

#define NAME_OF(table, index) ((index) < sizeof(table) / sizeof((table)[0]) && (table)[index] ? (table)[index] : "?")

/* ---- stations */

static const char *cell_name(const struct agent *agent, unsigned ifindex)
{
	struct cell_view cell;

	return cells_find(agent, ifindex, &cell) ? cell.name : "";
}

static const char *cn_name(const struct agent *agent, uint32_t id)
{
	const struct replica_cn *cn = replica_find_cn(roam_replica(agent->roam), id);

	return cn ? cn->info.name : "";
}

/* Seconds since it was last heard in a cell of this CN. */
static json_t *heard_report(const struct agent *agent, const struct replica_station *station)
{
	uint64_t heard_ms = station->kernel.ifindex ? presence_heard_ms(agent, &station->record.addr) : 0;

	return heard_ms ? json_integer((json_int_t)(agent_now_ms() - heard_ms) / 1000) : json_null();
}

static json_t *station_report(const struct agent *agent, const struct replica_station *station)
{
	const struct station_record *record = &station->record;
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:b, s:b, s:o}", "address", addr_format(&record->addr, addr), "mac",
			 mac_format(&record->mac, mac), "state", NAME_OF(STATE_NAMES, station->shown ? station->kernel.state : 0u), "cell",
			 cell_name(agent, station->kernel.ifindex), "parent", cn_name(agent, record->parent), "current",
			 cn_name(agent, replica_current(station)), "kind", NAME_OF(KIND_NAMES, record->kind), "lease_end",
			 (json_int_t)record->lease_end, "epoch", (json_int_t)record->version.epoch, "seq", (json_int_t)record->version.seq,
			 "pending", station->attempt || station->moved_to, "damped", agent_now_ms() < station->quiet_until_ms, "silent", replica_silent(station),
			 "heard_s", heard_report(agent, station));
}

json_t *report_stations(const struct agent *agent, const char *which, int here)
{
	const struct replica *replica = roam_replica(agent->roam);
	const struct replica_station *station;
	json_t *list = json_array();
	struct tmip_addr addr;
	struct tmip_mac mac;

	if (which && addr_parse(which, &addr) == 0) {
		station = replica_find(replica, &addr);
		if (station)
			json_array_append_new(list, station_report(agent, station));
	} else if (which && mac_parse(which, &mac) == 0) {
		for (station = replica_find_mac(replica, &mac); station; station = station->mac_next)
			json_array_append_new(list, station_report(agent, station));
	} else if (!which) {
		for (station = replica->stations; station; station = station->hh.next)
			if (!here || station->kernel.state != TMIP_STATION_ELSEWHERE)
				json_array_append_new(list, station_report(agent, station));
	}
	return list;
}

/* ---- peers */

static json_t *peer_report(const struct agent *agent, const struct replica_cn *cn)
{
	struct tmip_peer_stat stat = {0};
	char tunnel[ADDR_STRLEN];

	datapath_read_peer_stat(agent->dp, &cn->info.tunnel, &stat);
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I, s:I}", "name", cn->info.name, "id", (int)cn->info.id, "tunnel",
			 addr_format(&cn->info.tunnel, tunnel), "type", cn->tunnel == TMIP_TUNNEL_4IN4 ? "4IN4" : "idle", "link",
			 peers_connected(agent, cn->info.id) ? "up" : "down", "stations", (int)cn->stations, "mtu", (int)agent->backbone_mtu,
			 "rx_packets", (json_int_t)stat.rx_packets, "rx_bytes", (json_int_t)stat.rx_bytes, "tx_packets",
			 (json_int_t)stat.tx_packets, "tx_bytes", (json_int_t)stat.tx_bytes);
}

json_t *report_peers(const struct agent *agent)
{
	json_t *list = json_array();

	for (const struct replica_cn *cn = roam_replica(agent->roam)->cns; cn; cn = cn->hh.next)
		if (cn->info.id != roam_self(agent->roam))
			json_array_append_new(list, peer_report(agent, cn));
	return list;
}

/* ---- status */

static json_t *register_report(const struct agent *agent)
{
	const struct register_client *reg = &agent->reg;
	char address[300];

	snprintf(address, sizeof(address), "%s:%u", agent->config.mlr_host, agent->config.mlr_port);
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:s}", "address", address, "state", register_state_name(reg->state), "since_s",
			 (json_int_t)((agent_now_ms() - reg->since_ms) / 1000), "epoch", (json_int_t)reg->version.epoch, "seq",
			 (json_int_t)reg->version.seq, "error", reg->error);
}

static json_t *station_counts(const struct roam_counts *counts)
{
	json_t *object = json_pack("{s:i}", "total", (int)counts->stations[0]);

	for (unsigned state = TMIP_STATION_HOME; state <= TMIP_STATION_BLOCKED; state++)
		json_object_set_new(object, STATE_NAMES[state], json_integer(counts->stations[state]));
	json_object_set_new(object, "silent", json_integer(counts->silent));
	return object;
}

static json_t *handover_counts(const struct roam_counts *counts)
{
	return json_pack("{s:I, s:I, s:I, s:i, s:I, s:I, s:I}", "completed", (json_int_t)counts->completed, "refused", (json_int_t)counts->refused,
			 "undone", (json_int_t)counts->undone, "pending", (int)counts->pending, "conflicts", (json_int_t)counts->conflicts,
			 "overflow", (json_int_t)counts->overflow, "damped", (json_int_t)counts->damped);
}

static json_t *cells_with_stations(const struct agent *agent)
{
	unsigned stations[CN_CELLS_MAX] = {0};

	for (const struct replica_station *s = roam_replica(agent->roam)->stations; s; s = s->hh.next) {
		int cell = s->shown ? cells_index(agent, s->kernel.ifindex) : -1;

		if (cell >= 0)
			stations[cell]++;
	}
	return cells_report(agent, stations);
}

static json_t *counters(const struct agent *agent)
{
	struct tmip_stat stats[TMIP_REASON_COUNT] = {0};
	json_t *list = json_array();

	datapath_read_stats(agent->dp, stats);
	for (unsigned reason = 0; reason < TMIP_REASON_COUNT; reason++)
		json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s, s:I, s:I}", "number", (int)reason, "reason", datapath_reason_name(reason),
						      "verdict", NAME_OF(VERDICT_NAMES, datapath_reason_verdict(reason)), "text",
						      datapath_reason_text(reason), "packets", (json_int_t)stats[reason].packets, "bytes",
						      (json_int_t)stats[reason].bytes));
	return list;
}

json_t *report_status(const struct agent *agent)
{
	struct roam_counts counts;
	char tunnel[ADDR_STRLEN];
	json_t *status;

	roam_count(agent->roam, &counts);
	status = json_pack("{s:s, s:{s:s, s:i, s:s}, s:s, s:i, s:I, s:b, s:o, s:{s:s, s:s, s:s, s:s, s:i}, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "network",
			 agent->config.network_name, "cn", "name", agent->config.cn_name, "id", (int)roam_self(agent->roam), "tunnel",
			 addr_format(&agent->tunnel, tunnel), "version", TMIP_VERSION, "pid", (int)getpid(), "uptime_s",
			 (json_int_t)((agent_now_ms() - agent->started_ms) / 1000), "adopted", agent->adopted, "register", register_report(agent), "backbone", "interface",
			 agent->config.cn_if, "hook", datapath_hook(agent->dp), "xdp", agent->xdp.ifindex ? "native" : "off", "xdp_reason", agent->xdp.why, "mtu", (int)agent->backbone_mtu, "stations",
			 station_counts(&counts), "handovers", handover_counts(&counts), "dhcp", dhcp_report(agent), "buffer", buffer_report(agent), "groups",
			 groups_report(agent), "cells", cells_with_stations(agent), "counters", counters(agent));
	json_object_set_new(status, "wifi", wifi_report(agent));
	json_object_set_new(status, "hostapd", authenticators_report(agent));
	return status;
}

/* ---- why */

static void add_step(const struct trail_line *line, void *arg)
{
	json_array_append_new(arg, json_pack("{s:f, s:s}", "time", (double)line->time_us / 1e6, "text", line->text));
}

static json_t *drops_report(const struct agent *agent, const struct tmip_addr *addr)
{
	struct tmip_drop drop;
	json_t *list = json_array();
	char name[IF_NAMESIZE];
	uint64_t now_ns = agent_now_ms() * 1000000;

	if (datapath_read_drops(agent->dp, addr, &drop) < 0)
		return list;
	for (int i = 0; i < TMIP_DROP_TRAIL && drop.trail[i].count; i++) {
		unsigned reason = drop.trail[i].reason;
		uint64_t age_ns = now_ns > drop.trail[i].time_ns ? now_ns - drop.trail[i].time_ns : 0;

		json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:s, s:f}", "count", (json_int_t)drop.trail[i].count, "reason",
						      datapath_reason_name(reason), "text", datapath_reason_text(reason), "interface",
						      if_indextoname(drop.trail[i].ifindex, name) ? name : "?", "age_s", (double)age_ns / 1e9));
	}
	return list;
}

json_t *report_why(const struct agent *agent, const char *which, const char **error)
{
	const struct replica *replica = roam_replica(agent->roam);
	const struct replica_station *station = NULL;
	struct tmip_addr addr = {0};
	struct tmip_mac mac = {0};
	char addr_text[ADDR_STRLEN], mac_text[MAC_STRLEN];
	json_t *trail;

	if (addr_parse(which, &addr) == 0)
		station = replica_find(replica, &addr);
	else if (mac_parse(which, &mac) == 0)
		station = replica_find_mac(replica, &mac);
	else {
		*error = "that is neither an IPv4 address nor a MAC";
		return NULL;
	}
	if (station) {
		addr = station->record.addr;
		mac = station->record.mac;
	}
	trail = json_array();
	trail_each(agent->trail, &mac, add_step, trail);
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "address", addr_format(&addr, addr_text), "mac",
			 mac_is_zero(&mac) ? "-" : mac_format(&mac, mac_text), "record", station ? station_report(agent, station) : json_null(),
			 "trail", trail, "drops", drops_report(agent, &addr));
}

/* ---- the status file */

void report_write_file(const struct agent *agent)
{
	static const struct {
		const char *command;
		json_t *(*report)(const struct agent *agent);
	} parts[] = {{"status", report_status}, {"peers", report_peers}};
	const char *path = agent->config.status_file;
	char *text = NULL;
	size_t len = 0;
	FILE *file = *path ? open_memstream(&text, &len) : NULL;
	json_t *stations;
	int error;

	if (!file)
		return;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_t *part = parts[i].report(agent);

		show_print(parts[i].command, part, file);
		fputc('\n', file);
		json_decref(part);
	}
	stations = report_stations(agent, NULL, 1);
	show_print("stations", stations, file);
	json_decref(stations);
	fclose(file);
	error = file_replace(path, text, len, 0644);
	if (error)
		log_warn("status_file %s: %s", path, strerror(-error));
	free(text);
}
