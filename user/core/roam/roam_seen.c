/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is seen in the cells of this CN: frames of stations, questions, addresses with a wrong MAC.
 * See roam.h.
 */
#include "roam_internal.h"

#include <stdio.h>

#define CONFLICT_LOG_MS 60000
#define LATE_MS 2000

/*
 * A station that comes here may believe that its gateway has the MAC of the CN where it was. A
 * switch that does not flood frames to unknown MACs then brings nothing of what it sends. And a
 * station that associates forgets the MAC of its gateway and asks for it by ARP; if the access
 * point drops that question, Linux asks again only a second later. The greeting helps both.
 */
static void greet(struct roam *roam, const struct replica_station *station, bool joining)
{
	struct roam_action action = {.type = ROAM_GREET, .addr = station->record.addr,
				     .joining = joining};

	roam->act(&action, roam->arg);
}

void roam_link_seen(struct roam *roam, struct replica_station *station,
		    const struct roam_cell *cell, const char *how, uint64_t now_ms)
{
	if (roam_arrival(roam, station, cell, how, now_ms))
		greet(roam, station, true);
}

void roam_associated(struct roam *roam, const struct tmip_mac *mac, unsigned ifindex,
		     const char *how, uint64_t now_ms)
{
	const struct roam_cell *cell = roam_find_cell(roam, ifindex);
	struct replica_station *station =
		cell && roam->self ? replica_find_mac(&roam->replica, mac) : NULL;

	for (; station; station = replica_next_mac(&roam->replica, mac, station))
		if (replica_is_other_mac(station, mac))
			roam_other_heard(roam, station, mac, cell, how, now_ms);
		else if (replica_current(station) != roam->self ||
			 station->kernel.ifindex == ifindex)
			roam_link_seen(roam, station, cell, how, now_ms);
}

static void arrival(struct roam *roam, struct replica_station *station,
		    const struct roam_cell *cell, const char *how, uint64_t now_ms)
{
	if (roam_arrival(roam, station, cell, how, now_ms))
		greet(roam, station, false);
}

/*
 * This CN stood still meanwhile. The station may be somewhere else by now: it is asked, and its
 * answer counts.
 */
static bool is_late(const struct roam *roam, const struct replica_station *station,
		    const struct tmip_event *event, uint64_t now_ms)
{
	return event->time_ns && event->time_ns / 1000000 + LATE_MS < now_ms &&
	       replica_current(station) != roam->self;
}

static void seen(struct roam *roam, const struct tmip_event *event, uint64_t now_ms)
{
	const struct roam_cell *cell = roam_find_cell(roam, event->ifindex);
	struct replica_station *station;
	bool arp = event->protocol == __builtin_bswap16(0x0806);

	if (!cell || !roam->self)
		return;
	if (addr_is_zero(&event->addr)) {
		roam_mac_seen(roam, event, cell, now_ms);
		return;
	}
	station = replica_find(&roam->replica, &event->addr);
	if (!station)
		roam_claim(roam, &event->addr, &event->mac, cell, now_ms);
	else if (station->refused)
		return;
	else if (!station_has_mac(&station->record, &event->mac))
		roam_conflict(roam, event, now_ms);
	else if (is_late(roam, station, event, now_ms))
		roam_probe_in(roam, station, &event->mac, cell->ifindex);
	else if (replica_is_other_mac(station, &event->mac))
		roam_other_seen(roam, station, &event->mac, cell,
				arp ? "ARP activity" : "IP activity", now_ms);
	else if (!roam_sighting_answered(roam, event, now_ms))
		arrival(roam, station, cell, arp ? "ARP activity" : "IP activity", now_ms);
}

/*
 * A BPF program may have changed the map entry (TMIP_EVENT_ARRIVED): the entry is written again,
 * even if nothing comes of the event.
 */
void roam_seen(struct roam *roam, const struct tmip_event *event, uint64_t now_ms)
{
	struct replica_station *station;

	if (event->type == TMIP_EVENT_ARRIVED)
		roam_overtaken(roam, &event->addr);
	seen(roam, event, now_ms);
	station = replica_find(&roam->replica, &event->addr);
	if (station && station->overtaken)
		roam_update_entry(roam, station);
}

void roam_asked(struct roam *roam, const struct tmip_event *event)
{
	const struct replica_station *station = replica_find(&roam->replica, &event->addr);
	struct roam_action action = {.type = ROAM_PROBE_STATION, .addr = event->addr,
				     .mac = event->mac, .ifindex = event->ifindex};

	if (!roam->self || !roam_find_cell(roam, event->ifindex))
		return;
	if (station ? station->refused || station_has_mac(&station->record, &event->mac) :
		      !roam_claimable(roam, &event->addr))
		return; /* the record may have changed since the frame came */
	roam->act(&action, roam->arg);
}

/* Logs a conflict for both stations, at most once a minute. */
static void log_conflict(struct roam *roam, struct replica_station *station,
			 const struct tmip_event *event, uint64_t now_ms)
{
	const struct roam_cell *cell = roam_find_cell(roam, event->ifindex);
	char addr[ADDR_STRLEN], mac[MAC_STRLEN], text[ROAM_TEXT];
	struct roam_action action = {.type = ROAM_LOG, .level = LOG_LEVEL_DEBUG,
				     .addr = event->addr, .mac = event->mac, .text = text};

	if (station->conflict_ms && now_ms - station->conflict_ms < CONFLICT_LOG_MS)
		return;
	station->conflict_ms = now_ms ? now_ms : 1;
	snprintf(text, sizeof(text),
		 "in cell %s it uses the address %s, which belongs to station %s: "
		 "its packets are dropped",
		 cell ? cell->name : "-", addr_format(&event->addr, addr),
		 mac_format(&station->record.mac, mac));
	roam->act(&action, roam->arg);
	roam_log(roam, LOG_LEVEL_WARN, station, "%s in cell %s uses the address %s of this station",
		 mac_format(&event->mac, mac), cell ? cell->name : "-",
		 addr_format(&event->addr, addr));
}

void roam_conflict(struct roam *roam, const struct tmip_event *event, uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, &event->addr);

	/* The record may have changed since the frame came. */
	if (!station || station_has_mac(&station->record, &event->mac))
		return;
	roam->counts.conflicts++;
	log_conflict(roam, station, event, now_ms);
	roam_rival_seen(roam, station, event, now_ms);
}

void roam_holder_asked(struct roam *roam, const struct tmip_addr *addr, const struct tmip_mac *mac,
		       enum roam_holder answer, uint64_t now_ms)
{
	const struct replica_station *station = replica_find(&roam->replica, addr);

	if (!station || !station_has_mac(&station->record, mac))
		return;
	if (roam_change_asked(roam, addr, answer, now_ms))
		return; /* the holder is there, by another of its MACs */
	roam_rival_asked(roam, addr, answer, now_ms);
	roam_sighting_asked(roam, addr, answer, now_ms);
}
