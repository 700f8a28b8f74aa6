/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of description.h, in the order in which JSON has the members. */
#include "description.h"

#include <tmip/maps.h>

#include "agent/dhcp/dhcp.h"
#include "agent/station/buffer.h"
#include "agent/station/groups.h"
#include "agent/wifi/wifi.h"
#include "core/roam/roam.h"

/* ---- counters */

#define IN_STATE(state) stations[TMIP_STATION_##state]

const struct field STATION_COUNT_FIELDS[] = {
	FIELD(UINT, struct roam_counts, stations[0], "total", 1, "stations of the network"),
	FIELD(UINT, struct roam_counts, IN_STATE(HOME), "home", 2,
	      "stations in the cell that their address belongs to, of this CN"),
	FIELD(UINT, struct roam_counts, IN_STATE(NEXT_DOOR), "next_door", 3,
	      "stations of one cell of this CN that are in another one"),
	FIELD(UINT, struct roam_counts, IN_STATE(AWAY), "away", 4,
	      "stations of this CN that are at another one"),
	FIELD(UINT, struct roam_counts, IN_STATE(VISITING), "visiting", 5,
	      "stations of another CN that are in a cell of this one"),
	FIELD(UINT, struct roam_counts, IN_STATE(ELSEWHERE), "elsewhere", 6,
	      "stations that this CN has nothing to do with"),
	FIELD(UINT, struct roam_counts, IN_STATE(BLOCKED), "blocked", 7,
	      "addresses whose use the register refuses"),
	FIELD(UINT, struct roam_counts, silent, "silent", 8,
	      "stations that have left a cell of this CN and have not appeared elsewhere"),
	FIELD_END,
};

const struct field HANDOVER_COUNT_FIELDS[] = {
	FIELD(UINT64, struct roam_counts, completed, "completed", 1,
	      "handovers into this CN that the register committed"),
	FIELD(UINT64, struct roam_counts, refused, "refused", 2,
	      "handovers and claims that the register refused"),
	FIELD(UINT64, struct roam_counts, undone, "undone", 4,
	      "handovers that the register did not answer in time"),
	FIELD(UINT, struct roam_counts, pending, "pending", 5, "handovers and claims under way"),
	FIELD(UINT64, struct roam_counts, conflicts, "conflicts", 6,
	      "uses of a station's address with another MAC"),
	FIELD(UINT64, struct roam_counts, overflow, "overflow", 0,
	      "records and claims that found the table full"),
	FIELD(UINT64, struct roam_counts, damped, "damped", 3,
	      "refused handovers of stations that move too often"),
	FIELD(UINT64, struct roam_counts, taken, "taken", 0,
	      "addresses of mute stations that went to another MAC here"),
	FIELD(UINT64, struct roam_counts, defended, "defended", 0,
	      "ARP packets that told a MAC that it uses a station's address"),
	FIELD_END,
};

const struct field DHCP_COUNT_FIELDS[] = {
	FIELD(UINT64, struct dhcp_counts, received, "received", 1, "messages of clients"),
	FIELD(UINT64, struct dhcp_counts, offered, "offered", 2, "OFFERs sent"),
	FIELD(UINT64, struct dhcp_counts, confirmed, "confirmed", 3, "ACKs sent"),
	FIELD(UINT64, struct dhcp_counts, refused, "refused", 4, "NAKs sent"),
	FIELD(UINT64, struct dhcp_counts, ignored, "ignored", 5,
	      "messages that are not for this server, or in the name of another MAC"),
	FIELD(UINT64, struct dhcp_counts, malformed, "malformed", 0, "messages not understood"),
	FIELD(UINT64, struct dhcp_counts, unanswered, "unanswered", 6,
	      "messages that the register or the disk did not let this CN answer"),
	FIELD(UINT64, struct dhcp_counts, not_sent, "not_sent", 0,
	      "replies that the interface refused"),
	FIELD(UINT64, struct dhcp_counts, translated, "translated", 0,
	      "messages whose client has another MAC than the frame, as behind a repeater"),
	FIELD_END,
};

const struct field BUFFER_COUNT_FIELDS[] = {
	FIELD(BOOL, struct buffer_counts, usable, "usable", 0, "packets are held"),
	FIELD(UINT, struct buffer_counts, hold.stations, "stations", 0,
	      "stations whose packets are held now"),
	FIELD(UINT64, struct buffer_counts, hold.packets, "packets", 1, "packets held now"),
	FIELD(UINT64, struct buffer_counts, hold.bytes, "bytes", 0, "bytes held now"),
	FIELD(UINT64, struct buffer_counts, hold.held, "held", 2, "packets ever held"),
	FIELD(UINT64, struct buffer_counts, hold.replayed, "replayed", 3,
	      "packets sent to their stations later"),
	FIELD(UINT64, struct buffer_counts, hold.overflow, "overflow", 4,
	      "packets dropped for want of room"),
	FIELD(UINT64, struct buffer_counts, hold.expired, "expired", 5,
	      "packets dropped because their station did not appear in time"),
	FIELD(UINT64, struct buffer_counts, lost, "lost", 6,
	      "frames that found no room in the agent's device"),
	FIELD(UINT64, struct buffer_counts, not_sent, "not_sent", 0,
	      "frames that the kernel did not take back"),
	FIELD_END,
};

const struct field GROUPS_COUNT_FIELDS[] = {
	FIELD(BOOL, struct groups_counts, usable, "usable", 0, "broadcasts are copied"),
	FIELD(UINT, struct groups_counts, fanout.stations, "stations", 1,
	      "stations that get copies"),
	FIELD(UINT64, struct groups_counts, fanout.taken, "taken", 2, "packets to be copied"),
	FIELD(UINT64, struct groups_counts, fanout.to_cns, "to_cns", 3, "copies to other CNs"),
	FIELD(UINT64, struct groups_counts, fanout.to_stations, "to_stations", 4,
	      "copies to stations in cells of this CN"),
	FIELD(UINT64, struct groups_counts, fanout.nobody, "nobody", 0,
	      "packets that nobody else had to get"),
	FIELD(UINT64, struct groups_counts, fanout.over_limit, "over_limit", 5,
	      "copies beyond the limit, not made"),
	FIELD(UINT64, struct groups_counts, not_sent, "not_sent", 0,
	      "copies that the kernel or the interface refused"),
	FIELD_END,
};

const struct field WIFI_COUNT_FIELDS[] = {
	FIELD(UINT, struct wifi_counts, associated, "associated", 1,
	      "stations at access points now"),
	FIELD(UINT64, struct wifi_counts, arrived, "arrived", 2,
	      "stations that their access point announced"),
	FIELD(UINT64, struct wifi_counts, departed, "departed", 3,
	      "stations that their access point removed"),
	FIELD(UINT64, struct wifi_counts, dropped, "dropped", 4,
	      "stations at another CN, removed from their access point here"),
	FIELD(UINT64, struct wifi_counts, overflow, "overflow", 0,
	      "stations for which there was no room"),
	FIELD_END,
};

/* ---- status */

const struct field STATUS_FIELDS[] = {
	FIELD(TEXT, struct status_view, network, "network", 0, NULL),
	FIELD(VALUE, struct status_view, cn, "cn", 0, NULL),
	FIELD(TEXT, struct status_view, version, "version", 0, NULL),
	FIELD(UINT, struct status_view, pid, "pid", 0, NULL),
	FIELD(UINT64, struct status_view, uptime_s, "uptime_s", 0, NULL),
	FIELD(BOOL, struct status_view, adopted, "adopted", 0, "maps of a former agent go on"),
	FIELD(VALUE, struct status_view, reg, "register", 0, NULL),
	FIELD(VALUE, struct status_view, backbone, "backbone", 0, NULL),
	FIELD(VALUE, struct status_view, stations, "stations", 0, NULL),
	FIELD(VALUE, struct status_view, handovers, "handovers", 0, NULL),
	FIELD(VALUE, struct status_view, dhcp, "dhcp", 0, NULL),
	FIELD(VALUE, struct status_view, buffer, "buffer", 0, NULL),
	FIELD(VALUE, struct status_view, groups, "groups", 0, NULL),
	FIELD(VALUE, struct status_view, cells, "cells", 0, NULL),
	FIELD(VALUE, struct status_view, counters, "counters", 0, NULL),
	FIELD(VALUE, struct status_view, wifi, "wifi", 0, NULL),
	FIELD(VALUE, struct status_view, hostapd, "hostapd", 0, NULL),
	FIELD(VALUE, struct status_view, problems, "problems", 0, "texts"),
	FIELD_END,
};

const struct field CN_FIELDS[] = {
	FIELD(TEXT, struct cn_view, name, "name", 0, NULL),
	FIELD(UINT, struct cn_view, id, "id", 0, "as the register counts; 0: not known yet"),
	FIELD(TEXT, struct cn_view, tunnel, "tunnel", 0, "its end of the tunnels"),
	FIELD_END,
};

const struct field REGISTER_FIELDS[] = {
	FIELD(CHARS, struct register_report, address, "address", 0, NULL),
	FIELD(TEXT, struct register_report, state, "state", 0, NULL),
	FIELD(UINT64, struct register_report, since_s, "since_s", 0, "how long in this state"),
	FIELD(UINT64, struct register_report, epoch, "epoch", 0, "of the newest record"),
	FIELD(UINT64, struct register_report, seq, "seq", 0, "of the newest record"),
	FIELD(TEXT, struct register_report, error, "error", 0,
	      "of the last attempt, or why it refuses this CN"),
	FIELD(BOOL, struct register_report, confirmed, "confirmed", 0,
	      "the register has this CN as it is now"),
	FIELD_END,
};

const struct field BACKBONE_FIELDS[] = {
	FIELD(TEXT, struct backbone_view, interface, "interface", 0, NULL),
	FIELD(TEXT, struct backbone_view, hook, "hook", 0, NULL),
	FIELD(TEXT, struct backbone_view, xdp, "xdp", 0, NULL),
	FIELD(TEXT, struct backbone_view, xdp_reason, "xdp_reason", 0, "why there is no XDP"),
	FIELD(UINT, struct backbone_view, mtu, "mtu", 0, "bytes"),
	FIELD(TEXT, struct backbone_view, fault, "fault", 0, "what is wrong with its address"),
	FIELD_END,
};

const struct field CELL_FIELDS[] = {
	FIELD(TEXT, struct cell_view, interface, "interface", 0, NULL),
	FIELD(TEXT, struct cell_view, subnet, "subnet", 0, NULL),
	FIELD(TEXT, struct cell_view, gateway, "gateway", 0, NULL),
	FIELD(VALUE, struct cell_view, pool, "pool", 0, "first and last address"),
	FIELD(TEXT, struct cell_view, hook, "hook", 0, NULL),
	FIELD(UINT, struct cell_view, stations, "stations", 0, "that are in it"),
	FIELD(TEXT, struct cell_view, state, "state", 0,
	      "up, down, no address, no port (an empty bridge), lost (the interface is gone or "
	      "cannot be a cell), awaited (it never was one), leaving (detach)"),
	FIELD(TEXT, struct cell_view, reason, "reason", 0, "why it is not served"),
	FIELD_END,
};

const struct field COUNTER_FIELDS[] = {
	FIELD(UINT, struct counter_view, number, "number", 0, NULL),
	FIELD(TEXT, struct counter_view, reason, "reason", 0, NULL),
	FIELD(TEXT, struct counter_view, verdict, "verdict", 0, NULL),
	FIELD(TEXT, struct counter_view, text, "text", 0, NULL),
	FIELD(UINT64, struct counter_view, packets, "packets", 0, NULL),
	FIELD(UINT64, struct counter_view, bytes, "bytes", 0, NULL),
	FIELD_END,
};

const struct field HOSTAPD_FIELDS[] = {
	FIELD(TEXT, struct hostapd_view, interface, "interface", 0, NULL),
	FIELD(TEXT, struct hostapd_view, socket, "socket", 0, NULL),
	FIELD(TEXT, struct hostapd_view, state, "state", 0, NULL),
	FIELD_END,
};

const struct field HOSTAPDS_FIELDS[] = {
	FIELD(VALUE, struct hostapds_view, links, "links", 0, NULL),
	FIELD(UINT, struct hostapds_view, counts.known, "known", 0,
	      "associations whose identity is known"),
	FIELD(UINT64, struct hostapds_view, counts.unusable, "unusable", 0,
	      "identities that are too long"),
	FIELD(UINT64, struct hostapds_view, counts.overflow, "overflow", 0,
	      "stations or messages for which there was no room"),
	FIELD(UINT64, struct hostapds_view, counts.taken, "taken", 0,
	      "addresses that went to another station of the same identity"),
	FIELD(UINT64, struct hostapds_view, counts.shared, "shared", 0,
	      "stations whose identity's address another station uses"),
	FIELD_END,
};

/* ---- stations, peers, why */

const struct field STATION_FIELDS[] = {
	FIELD(TEXT, struct station_view, address, "address", 0, NULL),
	FIELD(TEXT, struct station_view, mac, "mac", 0, NULL),
	FIELD(TEXT, struct station_view, state, "state", 0, NULL),
	FIELD(TEXT, struct station_view, cell, "cell", 0, NULL),
	FIELD(TEXT, struct station_view, parent, "parent", 0, NULL),
	FIELD(TEXT, struct station_view, current, "current", 0, NULL),
	FIELD(TEXT, struct station_view, kind, "kind", 0, NULL),
	FIELD(UINT64, struct station_view, lease_end, "lease_end", 0, "Unix time; 0: none"),
	FIELD(UINT64, struct station_view, epoch, "epoch", 0, NULL),
	FIELD(UINT64, struct station_view, seq, "seq", 0, NULL),
	FIELD(BOOL, struct station_view, pending, "pending", 0, "a move is not confirmed yet"),
	FIELD(BOOL, struct station_view, damped, "damped", 0, "it moves too often"),
	FIELD(BOOL, struct station_view, silent, "silent", 0, "it answers no probe"),
	FIELD(VALUE, struct station_view, heard_s, "heard_s", 0, "seconds since it was heard here"),
	FIELD(OPTIONAL, struct station_view, other_macs, "other_macs", 0, "of the same host"),
	FIELD_END,
};

const struct field PEER_FIELDS[] = {
	FIELD(TEXT, struct peer_view, name, "name", 0, NULL),
	FIELD(UINT, struct peer_view, id, "id", 0, NULL),
	FIELD(TEXT, struct peer_view, tunnel, "tunnel", 0, NULL),
	FIELD(TEXT, struct peer_view, type, "type", 0, NULL),
	FIELD(TEXT, struct peer_view, link, "link", 0, NULL),
	FIELD(UINT, struct peer_view, stations, "stations", 0, "that need the tunnel"),
	FIELD(UINT, struct peer_view, mtu, "mtu", 0, "bytes"),
	FIELD(UINT64, struct peer_view, rx_packets, "rx_packets", 0, NULL),
	FIELD(UINT64, struct peer_view, rx_bytes, "rx_bytes", 0, NULL),
	FIELD(UINT64, struct peer_view, tx_packets, "tx_packets", 0, NULL),
	FIELD(UINT64, struct peer_view, tx_bytes, "tx_bytes", 0, NULL),
	FIELD(TEXT, struct peer_view, mtu_source, "mtu_source", 0, "how the MTU is known"),
	FIELD_END,
};

const struct field DROP_FIELDS[] = {
	FIELD(UINT64, struct drop_view, count, "count", 0, NULL),
	FIELD(TEXT, struct drop_view, reason, "reason", 0, NULL),
	FIELD(TEXT, struct drop_view, text, "text", 0, NULL),
	FIELD(TEXT, struct drop_view, interface, "interface", 0, NULL),
	FIELD(DOUBLE, struct drop_view, age_s, "age_s", 0, "seconds since the last one"),
	FIELD_END,
};

const struct field PART_FIELDS[] = {
	FIELD(TEXT, struct part_view, part, "part", 0,
	      "cell, stand-in, tunnel, kernel or backbone"),
	FIELD(TEXT, struct part_view, name, "name", 0, NULL),
	FIELD(TEXT, struct part_view, state, "state", 0, NULL),
	FIELD(UINT64, struct part_view, sent, "sent", 0, "packets, of all stations"),
	FIELD(UINT64, struct part_view, received, "received", 0, NULL),
	FIELD(UINT64, struct part_view, dropped, "dropped", 0,
	      "by the device or its queue, in both directions"),
	FIELD_END,
};

const struct field WHY_FIELDS[] = {
	FIELD(TEXT, struct why_view, address, "address", 0, NULL),
	FIELD(TEXT, struct why_view, mac, "mac", 0, NULL),
	FIELD(VALUE, struct why_view, record, "record", 0, NULL),
	FIELD(VALUE, struct why_view, trail, "trail", 0, NULL),
	FIELD(VALUE, struct why_view, drops, "drops", 0, NULL),
	FIELD(VALUE, struct why_view, path, "path", 0,
	      "the cells and tunnels that its packets pass here, and the backbone"),
	FIELD(VALUE, struct why_view, counters, "counters", 0,
	      "packets of all stations that the programs have dropped"),
	FIELD_END,
};

const struct field STEP_FIELDS[] = {
	FIELD(DOUBLE, struct step_view, time, "time", 0, "Unix time"),
	FIELD(TEXT, struct step_view, text, "text", 0, NULL),
	FIELD_END,
};
