/* SPDX-License-Identifier: BSD-2-Clause */
/* The state of the agent as JSON. See report.h. */
#include "report_internal.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/dhcp/dhcp.h"
#include "agent/interface/backbone.h"
#include "agent/interface/cell_check.h"
#include "agent/interface/cell_table.h"
#include "agent/network/path_mtu.h"
#include "agent/network/peers.h"
#include "agent/network/register.h"
#include "agent/station/buffer.h"
#include "agent/station/groups.h"
#include "agent/station/presence.h"
#include "agent/station/trail.h"
#include "agent/wifi/authenticator.h"
#include "agent/wifi/wifi.h"
#include "core/roam/roam.h"
#include "description.h"
#include "io/datapath/datapath.h"
#include "io/process/clock.h"
#include "problems.h"

static const char *const STATE_NAMES[] = {
	[0] = "unknown", [TMIP_STATION_HOME] = "home", [TMIP_STATION_NEXT_DOOR] = "next_door",
	[TMIP_STATION_AWAY] = "away", [TMIP_STATION_VISITING] = "visiting",
	[TMIP_STATION_ELSEWHERE] = "elsewhere", [TMIP_STATION_BLOCKED] = "blocked",
};

static const char *const KIND_NAMES[] = {
	[RECORD_DYNAMIC] = "dynamic", [RECORD_STATIC] = "static", [RECORD_RESERVED] = "reserved",
};

static const char *const VERDICT_NAMES[] = {
	[TMIP_VERDICT_PASS] = "pass", [TMIP_VERDICT_SEND] = "send", [TMIP_VERDICT_TAKE] = "take",
	[TMIP_VERDICT_DROP] = "drop",
};

#define NAME_OF(table, index) \
	((index) < sizeof(table) / sizeof((table)[0]) && (table)[index] ? (table)[index] : "?")

static const struct replica *replica_of(const struct report *report)
{
	return roam_replica(report->roam);
}

/* ---- stations */

static const char *cell_name(const struct report *report, unsigned ifindex)
{
	const struct cell *cell = cell_table_find(report->cells, ifindex);

	return cell ? cell->name : "";
}

static const char *cn_name(const struct report *report, uint32_t id)
{
	const struct replica_cn *cn = replica_find_cn(replica_of(report), id);

	return cn ? cn->info.name : "";
}

/* Seconds since a cell of this CN heard the station; null: none has it. */
static json_t *heard_json(const struct report *report, const struct replica_station *station)
{
	uint64_t heard_ms = 0;

	if (station->kernel.ifindex)
		heard_ms = presence_heard_ms(report->presence, &station->record.addr);
	return heard_ms ? json_integer((json_int_t)(clock_ms() - heard_ms) / 1000) : json_null();
}

#define OTHERS_STRLEN (OTHER_MACS_MAX * MAC_STRLEN + 1)

/* The MACs of the host that are not in use, with blanks between them; NULL: it has one MAC. */
static const char *other_macs(const struct replica_station *station, char out[OTHERS_STRLEN])
{
	const struct station_record *record = &station->record;
	char *end = out;

	*end = '\0';
	for (int i = -1; i < record->other_count; i++) {
		const struct tmip_mac *mac = i < 0 ? &record->mac : &record->others[i];

		if (!replica_is_other_mac(station, mac))
			continue;
		if (end != out)
			*end++ = ' ';
		end += strlen(mac_format(mac, end));
	}
	return end != out ? out : NULL;
}

json_t *report_station(const struct report *report, const struct replica_station *station)
{
	const struct station_record *record = &station->record;
	unsigned state = station->shown ? station->kernel.state : 0;
	char addr[ADDR_STRLEN], mac[MAC_STRLEN], others[OTHERS_STRLEN];
	struct station_view view = {
		.address = addr_format(&record->addr, addr),
		.mac = mac_format(replica_mac(station), mac),
		.other_macs = other_macs(station, others),
		.state = NAME_OF(STATE_NAMES, state),
		.cell = cell_name(report, station->kernel.ifindex),
		.parent = cn_name(report, record->parent),
		.current = cn_name(report, replica_current(station)),
		.kind = NAME_OF(KIND_NAMES, record->kind),
		.lease_end = register_wall_end(report->reg, record->lease_end),
		.epoch = record->version.epoch,
		.seq = record->version.seq,
		.pending = station->attempt || station->moved_to,
		.damped = clock_ms() < station->quiet_until_ms,
		.silent = replica_silent(station),
		.heard_s = heard_json(report, station),
	};

	return fields_json(STATION_FIELDS, &view);
}

static int by_number(const void *a, const void *b)
{
	const struct replica_station *const *x = a, *const *y = b;

	return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

/* In the order of the whole list, at the cost of those that are near. */
static void append_near(const struct report *report, json_t *list)
{
	const struct replica *replica = replica_of(report);
	const struct replica_station **sorted = calloc(replica->near_count + 1, sizeof(*sorted));
	const struct replica_station *station;
	unsigned count = 0;

	for (station = replica->near; sorted && station; station = station->near_next)
		sorted[count++] = station;
	if (sorted)
		qsort(sorted, count, sizeof(*sorted), by_number);
	for (unsigned i = 0; i < count; i++)
		json_array_append_new(list, report_station(report, sorted[i]));
	free(sorted);
}

json_t *report_stations(const struct report *report, const char *which, bool here)
{
	const struct replica *replica = replica_of(report);
	const struct replica_station *station;
	json_t *list = json_array();
	struct tmip_addr addr;
	struct tmip_mac mac;

	if (which && addr_parse(which, &addr) == 0) {
		station = replica_find(replica, &addr);
		if (station)
			json_array_append_new(list, report_station(report, station));
	} else if (which && mac_parse(which, &mac) == 0) {
		station = replica_find_mac(replica, &mac);
		for (; station; station = replica_next_mac(replica, &mac, station))
			json_array_append_new(list, report_station(report, station));
	} else if (!which && here) {
		append_near(report, list);
	} else if (!which) {
		for (station = replica->stations; station; station = station->hh.next)
			json_array_append_new(list, report_station(report, station));
	}
	return list;
}

/* ---- peers */

static json_t *peer_json(const struct report *report, const struct replica_cn *cn)
{
	static const char *const sources[] = {
		[PMTU_ROUTE] = "route", [PMTU_ICMP] = "icmp", [PMTU_PROBE] = "probe",
	};
	struct tmip_peer_stat stat = {0};
	char tunnel[ADDR_STRLEN];
	struct peer_view view = {
		.name = cn->info.name, .id = cn->info.id,
		.tunnel = addr_format(&cn->info.tunnel, tunnel),
		.type = cn->tunnel == TMIP_TUNNEL_4IN4 ? "4IN4" : "idle",
		.link = peers_connected(report->peers, cn->info.id) ? "up" : "down",
		.stations = cn->stations, .mtu = path_mtu_of(report->paths, cn->info.id),
		.mtu_source = sources[path_mtu_source(report->paths, cn->info.id)],
	};

	if (!view.mtu)
		view.mtu = report->backbone->mtu;
	datapath_read_peer_stat(report->dp, &cn->info.tunnel, &stat);
	view.rx_packets = stat.rx_packets;
	view.rx_bytes = stat.rx_bytes;
	view.tx_packets = stat.tx_packets;
	view.tx_bytes = stat.tx_bytes;
	return fields_json(PEER_FIELDS, &view);
}

json_t *report_peers(const struct report *report)
{
	json_t *list = json_array();

	for (const struct replica_cn *cn = replica_of(report)->cns; cn; cn = cn->hh.next)
		if (cn->info.id != roam_self(report->roam))
			json_array_append_new(list, peer_json(report, cn));
	return list;
}

/* ---- status */

static json_t *cn_json_of(const struct report *report)
{
	char tunnel[ADDR_STRLEN];
	struct cn_view view = {.name = report->config->cn_name, .id = roam_self(report->roam),
			       .tunnel = addr_format(&report->backbone->tunnel, tunnel)};

	return fields_json(CN_FIELDS, &view);
}

static json_t *register_json(const struct report *report)
{
	struct register_report view;
	struct register_view reg;

	register_view(report->reg, &reg);
	view = (struct register_report){.state = register_state_name(reg.state),
					.since_s = (clock_ms() - reg.since_ms) / 1000,
					.epoch = reg.version.epoch, .seq = reg.version.seq,
					.error = reg.error, .confirmed = reg.confirmed};
	snprintf(view.address, sizeof(view.address), "%s:%u", report->config->mlr_host,
		 report->config->mlr_port);
	return fields_json(REGISTER_FIELDS, &view);
}

static json_t *backbone_json(const struct report *report)
{
	struct backbone_view view = {.interface = report->config->cn_if,
				     .hook = datapath_hook(report->dp),
				     .xdp = report->backbone->xdp ? "native" : "off",
				     .xdp_reason = report->backbone->xdp_why,
				     .mtu = report->backbone->mtu,
				     .fault = report->backbone->fault};

	return fields_json(BACKBONE_FIELDS, &view);
}

/* The object `buffer`, `groups` or the like. */
#define COUNTS_JSON(type, count, fields, module) \
	({ struct type counts; count(module, &counts); fields_json(fields, &counts); })

static json_t *pool_json(const struct cell_info *info)
{
	char first[ADDR_STRLEN], last[ADDR_STRLEN];

	if (addr_is_zero(&info->pool_first))
		return json_null();
	return json_pack("[s, s]", addr_format(&info->pool_first, first),
			 addr_format(&info->pool_last, last));
}

const char *report_cell_state(const struct cell *cell)
{
	if (!cell->served)
		return cell->interface.ifindex ? "lost" : "awaited";
	if (cell->leaving)
		return "leaving";
	if (!cell->interface.up)
		return "down";
	if (cell->bare)
		return "no address";
	return cell_check_has_port(&cell->interface) ? "up" : "no port";
}

static json_t *cell_json(const struct report *report, const struct cell *cell, unsigned stations)
{
	char addr[ADDR_STRLEN], subnet[ADDR_STRLEN + 4] = "", gateway[ADDR_STRLEN] = "";
	bool served = cell->served;
	struct cell_view view = {.interface = cell->name, .subnet = subnet, .gateway = gateway,
				 .pool = pool_json(&cell->info), .stations = stations,
				 .hook = served ? datapath_hook(report->dp) : "not served now",
				 .state = report_cell_state(cell), .reason = cell->why};

	if (cell->interface.ifindex) {
		snprintf(subnet, sizeof(subnet), "%s/%u",
			 addr_format(&cell->info.subnet.addr, addr), cell->info.subnet.len);
		addr_format(&cell->info.gateway, gateway);
	}
	return fields_json(CELL_FIELDS, &view);
}

static json_t *cells_json(const struct report *report)
{
	const struct cell_table *cells = report->cells;
	const struct replica_station *station = replica_of(report)->near;
	unsigned stations[CN_CELLS_MAX] = {0};
	json_t *list = json_array();

	for (; station; station = station->near_next) {
		int i = station->shown ? cell_table_index(cells, station->kernel.ifindex) : -1;

		if (i >= 0)
			stations[i]++;
	}
	for (unsigned i = 0; i < cells->count; i++)
		json_array_append_new(list, cell_json(report, &cells->list[i], stations[i]));
	return list;
}

static json_t *counters_json(const struct report *report)
{
	struct tmip_stat stats[TMIP_REASON_COUNT] = {0};
	json_t *list = json_array();

	datapath_read_stats(report->dp, stats);
	for (unsigned reason = 0; reason < TMIP_REASON_COUNT; reason++) {
		unsigned verdict = datapath_reason_verdict(reason);
		struct counter_view view = {.number = reason,
					    .reason = datapath_reason_name(reason),
					    .verdict = NAME_OF(VERDICT_NAMES, verdict),
					    .text = datapath_reason_text(reason),
					    .packets = stats[reason].packets,
					    .bytes = stats[reason].bytes};

		json_array_append_new(list, fields_json(COUNTER_FIELDS, &view));
	}
	return list;
}

static void add_hostapd(const struct config_hostapd *config, bool connected, void *arg)
{
	struct hostapd_view view = {.interface = config->interface, .socket = config->socket,
				    .state = connected ? "connected" : "not connected"};

	json_array_append_new(arg, fields_json(HOSTAPD_FIELDS, &view));
}

static json_t *hostapds_json(const struct report *report)
{
	struct hostapds_view view = {.links = json_array()};

	authenticators_each(report->authenticators, add_hostapd, view.links);
	authenticators_count(report->authenticators, &view.counts);
	return fields_json(HOSTAPDS_FIELDS, &view);
}

static json_t *wifi_json(const struct report *report)
{
	if (!report->wifi)
		return json_null();
	return COUNTS_JSON(wifi_counts, wifi_count, WIFI_COUNT_FIELDS, report->wifi);
}

json_t *report_status(const struct report *report)
{
	struct status_view view = {
		.network = report->config->network_name, .version = TMIP_VERSION,
		.pid = (unsigned)getpid(), .uptime_s = (clock_ms() - report->started_ms) / 1000,
		.adopted = report->adopted, .cn = cn_json_of(report), .reg = register_json(report),
		.backbone = backbone_json(report), .cells = cells_json(report),
		.counters = counters_json(report), .wifi = wifi_json(report),
		.hostapd = hostapds_json(report), .problems = problems_json(report->problems),
	};
	struct roam_counts roam;

	roam_count(report->roam, &roam);
	view.stations = fields_json(STATION_COUNT_FIELDS, &roam);
	view.handovers = fields_json(HANDOVER_COUNT_FIELDS, &roam);
	view.dhcp = COUNTS_JSON(dhcp_counts, dhcp_count, DHCP_COUNT_FIELDS, report->dhcp);
	view.buffer = COUNTS_JSON(buffer_counts, buffer_count, BUFFER_COUNT_FIELDS, report->buffer);
	view.groups = COUNTS_JSON(groups_counts, groups_count, GROUPS_COUNT_FIELDS, report->groups);
	return fields_json(STATUS_FIELDS, &view);
}
