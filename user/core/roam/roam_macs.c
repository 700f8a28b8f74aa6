/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts with several MACs, such as a laptop with a cable and a WLAN card. The register says which
 * MACs belong to the host of an address, so all of them may use it. What the host sends is
 * forwarded by whichever MAC it comes; what is sent to the host goes to one MAC in one place: the
 * one in use. That is the MAC that sent last, so that a host is followed that changes between them.
 *
 * Both interfaces may be up and send. So a MAC stays in use for a while, and in that time another
 * one gets the packets only if the one in use answers no more. The time grows from change to change
 * while the one that was in use before goes on sending. An answer to a question by ARP is no use:
 * many hosts answer on any interface for all their addresses. Nor is a frame without an address.
 * After these, too, the MAC in use is asked first.
 *
 * The MAC in use that falls silent is looked for under its other MACs: in all cells of this CN, at
 * the CN that had the host before, and at the one that has seen another MAC of it.
 */
#include "roam_internal.h"

#include <stdlib.h>
#include <utlist.h>

#define CHANGES_MAX 256
#define ASKED_MAX 48      /* leaves checks to others (address_check.c) */
#define KEEP_MS 1000      /* a MAC stays in use for so long, unless it is mute */
#define KEEP_MAX_MS 16000 /* the same if both go on sending */
#define STOPS_MS 500      /* a host that changes has stopped sending by the former MAC by then */
#define ASKED_MS 4000     /* longer than any check */
#define AGAIN_MS 250      /* after the answer: the next question, if the other MAC goes on */
#define PAUSE_MS 1000     /* the same if it does not use the address */
#define GOES_ON_MS 1500   /* a MAC that goes on sending raises an event in that time */

/* Another MAC of a host waits for the answer of the one in use. One for each address. */
struct roam_change {
	struct tmip_addr addr;
	struct tmip_mac mac;
	unsigned ifindex; /* the cell of this CN where it is */
	uint64_t seen_ms; /* when it last used the address; 0: not at all */
	bool asked;       /* no answer yet */
	uint64_t due_ms;
	struct roam_change *prev, *next;
};

static struct roam_change *find(const struct roam *roam, const struct tmip_addr *addr)
{
	struct roam_change *change;

	DL_FOREACH(roam->changes, change)
		if (addr_equal(&change->addr, addr))
			return change;
	return NULL;
}

static void end(struct roam *roam, struct roam_change *change)
{
	if (!change)
		return;
	DL_DELETE(roam->changes, change);
	roam->change_count--;
	free(change);
}

/* ---- the MAC in use */

void roam_mac_changed(struct replica_station *station, uint64_t now_ms)
{
	bool fast = station->used_ms && now_ms - station->used_ms < 2ull * station->keep_ms;

	if (!fast)
		station->keep_ms = KEEP_MS;
	else if (station->contested && station->keep_ms < KEEP_MAX_MS)
		station->keep_ms *= 2;
	station->contested = false;
	station->used_ms = now_ms ? now_ms : 1;
}

void roam_report_mac(struct roam *roam, const struct replica_station *station)
{
	struct mlrp_message message = {
		.type = MLRP_HANDOVER, .transaction = ROAM_TRANSACTION | roam->next_transaction++,
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_VERSION),
		.mac = *replica_mac(station), .addr = station->record.addr,
		.version = station->record.version,
	};

	if (roam->register_ready && !roam_is_local(station))
		roam_send_register(roam, &message);
}

/* The host does not have to learn its gateway's MAC again by a question of its own. */
static void greet(struct roam *roam, const struct replica_station *station)
{
	struct roam_action action = {.type = ROAM_GREET, .addr = station->record.addr};

	roam->act(&action, roam->arg);
}

void roam_use_mac(struct roam *roam, struct replica_station *station, const struct tmip_mac *mac,
		  const struct roam_cell *cell, const char *how, uint64_t now_ms)
{
	const struct tmip_mac used = *mac; /* it may lie in the change that ends here */
	char before[MAC_STRLEN], after[MAC_STRLEN];

	end(roam, find(roam, &station->record.addr));
	if (replica_current(station) != roam->self && now_ms < station->quiet_until_ms)
		return;
	mac_format(replica_mac(station), before);
	station->used = used;
	station->used_at = roam->self;
	roam_mac_changed(station, now_ms);
	roam_arrival(roam, station, cell, how, now_ms);
	if (replica_current(station) != roam->self)
		return; /* no memory: the next frame tries again */
	roam_refresh(roam, station);
	if (!station->attempt)
		roam_report_mac(roam, station);
	greet(roam, station);
	roam_log(roam, LOG_LEVEL_INFO, station, "the host uses its MAC %s in cell %s (%s), not %s",
		 mac_format(&used, after), cell->name, how, before);
}

/* The MAC in use hears nothing any more: no reason to keep the new one for longer than usual. */
static void replace_mac(struct roam *roam, struct replica_station *station,
			const struct tmip_mac *mac, const struct roam_cell *cell, const char *how,
			uint64_t now_ms)
{
	station->keep_ms = 0;
	roam_use_mac(roam, station, mac, cell, how, now_ms);
}

/* ---- the MAC in use is asked */

static bool make_room(struct roam *roam)
{
	struct roam_change *change;
	unsigned asked = 0;

	DL_FOREACH(roam->changes, change)
		asked += change->asked;
	if (asked >= ASKED_MAX)
		return false;
	if (roam->change_count < CHANGES_MAX)
		return true;
	DL_FOREACH(roam->changes, change)
		if (!change->asked) {
			end(roam, change);
			return true;
		}
	return false;
}

/* The answer may come at once, and end the change. */
static void ask(struct roam *roam, struct roam_change *change, uint64_t now_ms)
{
	struct roam_action action = {.type = ROAM_ASK_HOLDER, .addr = change->addr};

	change->asked = true;
	change->due_ms = now_ms + ASKED_MS;
	roam->act(&action, roam->arg);
}

/* used: the other MAC uses the address. A change that is under way goes on. */
static void want(struct roam *roam, const struct replica_station *station,
		 const struct tmip_mac *mac, const struct roam_cell *cell, bool used,
		 uint64_t now_ms)
{
	struct roam_change *change = find(roam, &station->record.addr);
	uint64_t before = roam_next_due(roam);
	bool fresh = !change;

	if (fresh)
		change = make_room(roam) ? calloc(1, sizeof(*change)) : NULL;
	if (!change) {
		roam->counts.overflow++;
		return;
	}
	if (used || fresh) {
		change->mac = *mac;
		change->ifindex = cell->ifindex;
		change->seen_ms = used ? now_ms : 0;
	}
	if (fresh) {
		change->addr = station->record.addr;
		DL_APPEND(roam->changes, change);
		roam->change_count++;
		ask(roam, change, now_ms);
	}
	roam_due_changed(roam, before);
}

static bool is_kept(const struct replica_station *station, uint64_t now_ms)
{
	return station->used_ms && now_ms - station->used_ms < station->keep_ms;
}

/* The MAC in use has answered a while ago. May free the change. */
static void step(struct roam *roam, struct roam_change *change, uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, &change->addr);
	const struct roam_cell *cell = roam_find_cell(roam, change->ifindex);
	bool goes_on = change->seen_ms && now_ms - change->seen_ms < GOES_ON_MS;

	if (change->asked || !goes_on || !station || !cell ||
	    !replica_is_other_mac(station, &change->mac))
		end(roam, change);
	else if (is_kept(station, now_ms))
		ask(roam, change, now_ms);
	else
		roam_use_mac(roam, station, &change->mac, cell, "it goes on sending", now_ms);
}

bool roam_change_asked(struct roam *roam, const struct tmip_addr *addr, enum roam_holder answer,
		       uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, addr);
	struct roam_change *change = find(roam, addr);
	const struct roam_cell *cell = change ? roam_find_cell(roam, change->ifindex) : NULL;
	bool gone = answer == ROAM_HOLDER_MUTE || answer == ROAM_HOLDER_UNREACHABLE;
	uint64_t before = roam_next_due(roam);

	if (!change || !change->asked || !station)
		return false;
	change->asked = false;
	change->due_ms = now_ms + (change->seen_ms ? AGAIN_MS : PAUSE_MS);
	gone = gone && cell && replica_is_other_mac(station, &change->mac);
	if (gone)
		replace_mac(roam, station, &change->mac, cell, "the other one is mute", now_ms);
	roam_due_changed(roam, before);
	return gone;
}

/* ---- what is seen */

/* Does the MAC in use hear nothing, as far as this CN knows? */
static bool is_unheard(const struct roam *roam, const struct replica_station *station)
{
	return replica_silent(station) ||
	       !replica_find_cn(&roam->replica, replica_current(station));
}

static bool is_usable(const struct replica_station *station)
{
	return station->record.state == RECORD_BOUND && !station->refused && !station->adopted;
}

void roam_other_seen(struct roam *roam, struct replica_station *station,
		     const struct tmip_mac *mac, const struct roam_cell *cell, const char *how,
		     uint64_t now_ms)
{
	if (!is_usable(station))
		return;
	station->contested |= station->used_ms && now_ms - station->used_ms < STOPS_MS;
	if (is_unheard(roam, station))
		replace_mac(roam, station, mac, cell, how, now_ms);
	else if (is_kept(station, now_ms))
		want(roam, station, mac, cell, true, now_ms);
	else
		roam_use_mac(roam, station, mac, cell, how, now_ms);
}

void roam_other_heard(struct roam *roam, struct replica_station *station,
		      const struct tmip_mac *mac, const struct roam_cell *cell, const char *how,
		      uint64_t now_ms)
{
	if (!is_usable(station))
		return;
	if (is_unheard(roam, station))
		replace_mac(roam, station, mac, cell, how, now_ms);
	else
		want(roam, station, mac, cell, false, now_ms);
}

void roam_answered(struct roam *roam, const struct tmip_event *event, uint64_t now_ms)
{
	const struct roam_cell *cell = roam_find_cell(roam, event->ifindex);
	struct replica_station *station = replica_find(&roam->replica, &event->addr);

	if (!cell || !roam->self || !station || !replica_is_other_mac(station, &event->mac))
		return; /* the MAC in use may have changed since the frame came */
	if (is_unheard(roam, station) || !roam_sighting_answered(roam, event, now_ms))
		roam_other_heard(roam, station, &event->mac, cell, "answer by ARP", now_ms);
}

/* ---- the MAC in use is silent */

static void look_in_cells(struct roam *roam, const struct replica_station *station,
			  const struct tmip_mac *mac)
{
	struct roam_action action = {.type = ROAM_PROBE_STATION, .addr = station->record.addr,
				     .mac = *mac};

	for (int i = 0; i < CN_CELLS_MAX; i++) {
		action.ifindex = roam->cells[i].ifindex;
		if (action.ifindex)
			roam->act(&action, roam->arg);
	}
}

void roam_look_for_macs(struct roam *roam, const struct replica_station *station)
{
	struct roam_change *change = find(roam, &station->record.addr);
	uint64_t before = roam_next_due(roam);

	if (change && !change->asked)
		end(roam, change);
	roam_sighting_forget(roam, &station->record.addr);
	roam_due_changed(roam, before);
	look_in_cells(roam, station, &station->record.mac);
	for (int i = 0; i < station->record.other_count; i++)
		look_in_cells(roam, station, &station->record.others[i]);
}

static void search(struct roam *roam, const struct replica_station *station)
{
	struct mlrp_message message = {.type = MLRP_PROBE, .addr = station->record.addr,
				       .has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_MAC),
				       .mac = station->record.mac};

	uint32_t cns[] = {station->record.parent, station->before, station->asker};

	roam_look_for_macs(roam, station);
	for (unsigned i = 0; i < sizeof(cns) / sizeof(cns[0]); i++) {
		bool again = (i > 0 && cns[i] == cns[0]) || (i > 1 && cns[i] == cns[1]);

		if (!again && cns[i] != roam->self && replica_find_cn(&roam->replica, cns[i]))
			roam_send_cn(roam, cns[i], &message);
	}
}

void roam_search(struct roam *roam, const struct tmip_addr *addr)
{
	const struct replica_station *station = replica_find(&roam->replica, addr);

	if (station && station->record.other_count)
		search(roam, station);
}

void roam_mac_lost(struct roam *roam, struct replica_station *station)
{
	station->silent_at = roam->self;
	station->held |= roam->options.hold;
	roam_refresh(roam, station);
	roam_notify_parent(roam, station, MLRP_DEPARTED);
	roam_log(roam, LOG_LEVEL_INFO, station,
		 "the host does not use its other MAC any more: asking where this one is");
	search(roam, station);
}

/* ---- time */

void roam_changes_move(struct roam *roam, unsigned from, unsigned to)
{
	struct roam_change *change;

	DL_FOREACH(roam->changes, change)
		if (change->ifindex == from)
			change->ifindex = to;
}

uint64_t roam_changes_due(const struct roam *roam)
{
	const struct roam_change *change;
	uint64_t due_ms = 0;

	DL_FOREACH(roam->changes, change)
		if (!due_ms || change->due_ms < due_ms)
			due_ms = change->due_ms;
	return due_ms;
}

void roam_changes_tick(struct roam *roam, uint64_t now_ms)
{
	uint64_t before = roam_next_due(roam);
	struct roam_change *change, *next;

	DL_FOREACH_SAFE(roam->changes, change, next)
		if (change->due_ms <= now_ms)
			step(roam, change, now_ms);
	roam_due_changed(roam, before);
}

void roam_changes_free(struct roam *roam)
{
	while (roam->changes)
		end(roam, roam->changes);
}
