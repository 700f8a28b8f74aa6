/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why packets of a station may be lost, as JSON: its record and its trail, what the programs have
 * dropped, and the counters on its way. See report.h.
 */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "agent/interface/backbone.h"
#include "agent/interface/cell_table.h"
#include "agent/network/peers.h"
#include "agent/station/trail.h"
#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "description.h"
#include "io/datapath/datapath.h"
#include "io/kernel/ip_counts.h"
#include "io/kernel/netlink.h"
#include "io/process/clock.h"
#include "report_internal.h"

static void add_step(const struct trail_line *line, void *arg)
{
	struct step_view view = {.time = (double)line->time_us / 1e6, .text = line->text};

	json_array_append_new(arg, fields_json(STEP_FIELDS, &view));
}

static json_t *drops_json(const struct report *report, const struct tmip_addr *addr)
{
	uint64_t now_ns = clock_ms() * 1000000;
	struct tmip_drop drop;
	json_t *list = json_array();

	if (datapath_read_drops(report->dp, addr, &drop) < 0)
		return list;
	for (int i = 0; i < TMIP_DROP_TRAIL && drop.trail[i].count; i++) {
		unsigned reason = drop.trail[i].reason;
		uint64_t then_ns = drop.trail[i].time_ns;
		char name[IF_NAMESIZE] = "?";
		struct drop_view view = {
			.count = drop.trail[i].count, .reason = datapath_reason_name(reason),
			.text = datapath_reason_text(reason), .interface = name,
			.age_s = now_ns > then_ns ? (double)(now_ns - then_ns) / 1e9 : 0,
		};

		if (!if_indextoname(drop.trail[i].ifindex, name))
			strcpy(name, "?");
		json_array_append_new(list, fields_json(DROP_FIELDS, &view));
	}
	return list;
}

/* ---- the way of the station's packets through this CN */

static void add_part(json_t *path, const struct part_view *part)
{
	json_array_append_new(path, fields_json(PART_FIELDS, part));
}

static void add_device(json_t *path, const char *part, const char *name, unsigned ifindex,
		       const char *state)
{
	struct netlink_counts counts;
	struct part_view view = {.part = part, .name = name, .state = state};

	if (netlink_get_counts(ifindex, &counts) < 0)
		view.state = "gone";
	view.sent = counts.sent;
	view.received = counts.received;
	view.dropped = counts.sent_dropped + counts.received_dropped;
	add_part(path, &view);
}

static void add_cell(const struct report *report, json_t *path, unsigned ifindex)
{
	const struct cell *cell = cell_table_find(report->cells, ifindex);
	char name[IF_NAMESIZE];

	if (!cell)
		return;
	add_device(path, "cell", cell->name, ifindex, report_cell_state(cell));
	if (cell_is_down(cell) && if_indextoname(cell->stand_in.ifindex, name))
		add_device(path, "stand-in", name, cell->stand_in.ifindex, "up");
}

static void add_tunnel(const struct report *report, json_t *path, uint32_t id)
{
	const struct replica_cn *cn = replica_find_cn(roam_replica(report->roam), id);
	struct tmip_peer_stat stat = {0};
	struct part_view view = {.part = "tunnel"};

	if (!cn || id == roam_self(report->roam))
		return;
	datapath_read_peer_stat(report->dp, &cn->info.tunnel, &stat);
	view.name = cn->info.name;
	view.state = peers_connected(report->peers, id) ? "up" : "CN away";
	view.sent = stat.tx_packets;
	view.received = stat.rx_packets;
	add_part(path, &view);
}

/* The routing of this host, which packets pass that no program sends on. */
static void add_kernel(json_t *path)
{
	struct part_view view = {.part = "kernel", .name = "IPv4", .state = "up"};
	struct ip_counts counts;

	if (ip_counts_read(&counts) < 0)
		return;
	view.sent = counts.forwarded;
	view.received = counts.received;
	view.dropped = counts.dropped;
	add_part(path, &view);
}

/* The cells and tunnels that the station's packets pass here, then the backbone. */
static json_t *path_json(const struct report *report, const struct replica_station *station)
{
	const struct backbone *backbone = report->backbone;
	json_t *path = json_array();

	if (station && station->shown) {
		const struct tmip_station *entry = &station->kernel;

		add_cell(report, path, entry->ifindex);
		if (entry->home_ifindex != entry->ifindex)
			add_cell(report, path, entry->home_ifindex);
		add_tunnel(report, path, replica_current(station));
		if (station->record.parent != replica_current(station))
			add_tunnel(report, path, station->record.parent);
	}
	add_kernel(path);
	add_device(path, "backbone", report->config->cn_if, backbone->ifindex,
		   backbone->fault[0] ? "fault" : "up");
	return path;
}

/* What the programs have dropped, of all stations. */
static json_t *lost_json(const struct report *report)
{
	struct tmip_stat stats[TMIP_REASON_COUNT] = {0};
	json_t *list = json_array();

	datapath_read_stats(report->dp, stats);
	for (unsigned reason = 0; reason < TMIP_REASON_COUNT; reason++)
		if (stats[reason].packets &&
		    datapath_reason_verdict(reason) == TMIP_VERDICT_DROP)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:I}",
						"reason", datapath_reason_name(reason),
						"text", datapath_reason_text(reason),
						"packets", (json_int_t)stats[reason].packets));
	return list;
}

json_t *report_why(const struct report *report, const char *which, const char **error)
{
	const struct replica_station *station = NULL;
	struct tmip_addr addr = {0};
	struct tmip_mac mac = {0};
	char addr_text[ADDR_STRLEN], mac_text[MAC_STRLEN] = "-";
	struct why_view view = {.mac = mac_text};

	if (addr_parse(which, &addr) == 0) {
		station = replica_find(roam_replica(report->roam), &addr);
	} else if (mac_parse(which, &mac) == 0) {
		station = replica_find_mac(roam_replica(report->roam), &mac);
	} else {
		*error = "that is neither an IPv4 address nor a MAC";
		return NULL;
	}
	if (station) {
		addr = station->record.addr;
		mac = station->record.mac;
	}
	view.address = addr_format(&addr, addr_text);
	if (!mac_is_zero(&mac))
		mac_format(&mac, mac_text);
	view.record = station ? report_station(report, station) : json_null();
	view.trail = json_array();
	trail_each(report->trail, &mac, add_step, view.trail);
	view.drops = drops_json(report, &addr);
	view.path = path_json(report, station);
	view.counters = lost_json(report);
	return fields_json(WHY_FIELDS, &view);
}
