/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rivals: MACs that use the address of another station in a cell of this CN. A virtual address that
 * moves to another host begins like this, and so does a thief. The difference is the holder, the
 * station that has the address as the record says: this CN asks whether it still answers. If it is
 * mute, this CN claims the address for the rival. If it answers, the rival hears by ARP whose
 * address it uses (RFC 5227, 2.4). A rival that has sent only IP packets must answer ARP for the
 * address, or it may be somebody who forwards or forges packets of the station. An address reserved
 * for a host goes to any MAC of that host at once: the register knows them.
 *
 * Each rival has one entry, and so has each address: of two rivals the later one counts. The
 * entries are bounded, and so are the questions: an answered one is repeated once soon, since a
 * holder may give up its address a moment after the rival has taken it, and then only while the
 * rival goes on, after a pause.
 */
#include "roam_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#define RIVALS_MAX 256
#define ASKED_MAX 96         /* leaves checks to others (address_check.c) */
#define FIRST_MS 100         /* a holder that gives up its address does it in this time */
#define BUSY_MS 200          /* no check, or no claim, can begin now */
#define SECOND_MS 1000       /* after the first answer of the holder */
#define PAUSE_MS 5000        /* after each further answer, or without any result */
#define ASKED_MS 4000        /* longer than any check */
#define KEEP_MS 60000        /* without a frame of the rival */
#define DEFEND_MS 1000       /* between two defences */
#define ANNOUNCED_MS 10000   /* of two rivals, the one that has announced itself lately counts */

enum rival_state {
	RIVAL_WAITS,   /* for due_ms: asks again if `again` */
	RIVAL_ASKED,   /* the holder is being asked */
	RIVAL_CLAIMED, /* the register is */
};

struct roam_rival {
	struct tmip_addr addr;
	struct tmip_mac mac;
	unsigned ifindex;        /* the cell of this CN where it was seen last */
	enum rival_state state;
	uint64_t due_ms;         /* 0: when the register is ready */
	uint64_t seen_ms;        /* its last frame */
	uint64_t told_ms;        /* the last defence; 0: none */
	unsigned answers;        /* of the holder */
	bool arp;                /* it says by ARP that it has the address */
	bool refused;            /* its next frames are answered by a defence */
	bool again;              /* there is still something to find out */
	bool no_host;            /* the register has refused it as a MAC of the registered host */
	struct roam_rival *prev, *next;
};

static struct roam_rival *find(const struct roam *roam, const struct tmip_addr *addr)
{
	struct roam_rival *rival;

	DL_FOREACH(roam->rivals, rival)
		if (addr_equal(&rival->addr, addr))
			return rival;
	return NULL;
}

static void end(struct roam *roam, struct roam_rival *rival)
{
	DL_DELETE(roam->rivals, rival);
	roam->rival_count--;
	free(rival);
}

/*
 * Makes room: a rival that was refused long ago asks for nothing, or begins anew. One that waits
 * for the register may be gone by now.
 */
static bool make_room(struct roam *roam, uint64_t now_ms)
{
	struct roam_rival *rival;

	if (roam->rival_count < RIVALS_MAX)
		return true;
	DL_FOREACH(roam->rivals, rival)
		if (rival->state == RIVAL_WAITS &&
		    (rival->refused || (!rival->due_ms && now_ms - rival->seen_ms > KEEP_MS))) {
			end(roam, rival);
			return true;
		}
	return false;
}

static struct roam_rival *add(struct roam *roam, const struct tmip_addr *addr, uint64_t now_ms)
{
	struct roam_rival *rival = make_room(roam, now_ms) ? calloc(1, sizeof(*rival)) : NULL;

	if (!rival) {
		roam->counts.overflow++;
		return NULL;
	}
	rival->addr = *addr;
	rival->due_ms = now_ms + FIRST_MS;
	DL_APPEND(roam->rivals, rival);
	roam->rival_count++;
	return rival;
}

/* ---- the rival is refused */

static void defend(struct roam *roam, struct roam_rival *rival,
		   const struct replica_station *station, uint64_t now_ms)
{
	struct roam_action action = {.type = ROAM_DEFEND, .addr = rival->addr, .mac = rival->mac,
				     .ifindex = rival->ifindex};

	if (rival->told_ms && now_ms - rival->told_ms < DEFEND_MS)
		return;
	rival->told_ms = now_ms ? now_ms : 1;
	if (station->kernel.ifindex == rival->ifindex)
		action.holder = *replica_mac(station);
	roam->counts.defended++;
	roam->act(&action, roam->arg);
}

static void wait(struct roam_rival *rival, uint64_t due_ms, bool again)
{
	rival->state = RIVAL_WAITS;
	rival->due_ms = due_ms;
	rival->again = again;
}

/* The station keeps the address. */
static void refuse(struct roam *roam, struct roam_rival *rival, uint64_t due_ms, uint64_t now_ms)
{
	const struct replica_station *station = replica_find(&roam->replica, &rival->addr);

	rival->refused = true;
	rival->no_host = false; /* the register may have learnt otherwise by the next time */
	if (station)
		defend(roam, rival, station, now_ms);
	wait(rival, due_ms, rival->again);
}

/* ---- the holder is asked */

static void log_mute(struct roam *roam, const struct roam_rival *rival,
		     const struct replica_station *station, const char *how)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN], text[ROAM_TEXT];
	struct roam_action action = {.type = ROAM_LOG, .level = LOG_LEVEL_INFO,
				     .addr = rival->addr, .mac = rival->mac, .text = text};

	snprintf(text, sizeof(text), "the address %s of station %s: %s, asking the register for it",
		 addr_format(&rival->addr, addr), mac_format(&station->record.mac, mac), how);
	roam->act(&action, roam->arg);
}

static void claim(struct roam *roam, struct roam_rival *rival, struct replica_station *station,
		  uint8_t holder, uint64_t now_ms)
{
	if (!roam->register_ready)
		wait(rival, 0, true);
	else if (!roam_take_over(roam, station, &rival->mac, rival->ifindex, holder, now_ms))
		wait(rival, now_ms + BUSY_MS, true);
	else {
		rival->state = RIVAL_CLAIMED;
		rival->due_ms = now_ms + roam->options.timeout_ms + BUSY_MS;
		log_mute(roam, rival, station,
			 holder == MLRP_HOLDER_MUTE ? "it answers no probe" :
			 holder ? "its CN does not answer" : "perhaps both are one host");
	}
}

static bool too_many_asked(const struct roam *roam)
{
	const struct roam_rival *rival;
	unsigned asked = 0;

	DL_FOREACH(roam->rivals, rival)
		asked += rival->state == RIVAL_ASKED;
	return asked >= ASKED_MAX;
}

static void ask(struct roam *roam, struct roam_rival *rival, uint64_t now_ms)
{
	struct roam_action action = {.type = ROAM_ASK_HOLDER, .addr = rival->addr};
	struct roam_action probe = {.type = ROAM_PROBE_STATION, .addr = rival->addr,
				    .mac = rival->mac, .ifindex = rival->ifindex};

	if (too_many_asked(roam)) {
		wait(rival, now_ms + BUSY_MS, true);
		return;
	}
	rival->state = RIVAL_ASKED;
	rival->due_ms = now_ms + ASKED_MS;
	rival->again = false;
	if (!rival->arp)
		roam->act(&probe, roam->arg);
	roam->act(&action, roam->arg);
}

/* The address is free by now: the rival is a station like any other. */
static void claim_free(struct roam *roam, struct roam_rival *rival, uint64_t now_ms)
{
	const struct roam_cell *cell = roam_find_cell(roam, rival->ifindex);
	struct tmip_addr addr = rival->addr;
	struct tmip_mac mac = rival->mac;

	end(roam, rival);
	if (cell)
		roam_claim(roam, &addr, &mac, cell, now_ms);
}

/* May free the rival. */
static void begin(struct roam *roam, struct roam_rival *rival, uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, &rival->addr);

	if (!station)
		claim_free(roam, rival, now_ms);
	else if (station->record.state != RECORD_BOUND || station->adopted ||
		 station_has_mac(&station->record, &rival->mac))
		end(roam, rival);
	else if (roam_is_local(station))
		wait(rival, roam->register_ready ? now_ms + PAUSE_MS : 0, true);
	else if (station->record.kind == RECORD_RESERVED && !rival->no_host)
		claim(roam, rival, station, 0, now_ms);
	else if (roam->register_ready && !roam_claimable(roam, &rival->addr))
		refuse(roam, rival, now_ms + PAUSE_MS, now_ms);
	else
		ask(roam, rival, now_ms);
}

/* May free the rival. */
static void step(struct roam *roam, struct roam_rival *rival, uint64_t now_ms)
{
	bool kept = now_ms - rival->seen_ms < KEEP_MS;

	if (rival->state != RIVAL_WAITS)
		wait(rival, now_ms + SECOND_MS, true); /* nobody answered: as if it began anew */
	else if (rival->again && kept)
		begin(roam, rival, now_ms);
	else
		end(roam, rival);
}

/* ---- what happens */

/*
 * The rival is another MAC from now on, about which nothing is known. Returns whether it is new
 * here: there may be a question under way, whose answer counts for it, too.
 */
static bool displace(struct roam_rival *rival, uint64_t now_ms)
{
	rival->no_host = rival->arp = rival->refused = false;
	rival->answers = 0;
	rival->told_ms = 0;
	if (rival->state != RIVAL_WAITS)
		return false;
	if (rival->due_ms > now_ms + FIRST_MS)
		rival->due_ms = now_ms + FIRST_MS;
	return true;
}

void roam_rival_seen(struct roam *roam, const struct replica_station *station,
		     const struct tmip_event *event, uint64_t now_ms)
{
	struct roam_rival *rival = find(roam, &event->addr);
	uint64_t before = roam_next_due(roam);
	bool arp = event->protocol == __builtin_bswap16(0x0806), fresh = !rival;

	if (station->record.state != RECORD_BOUND || station->adopted || station->refused ||
	    !roam_find_cell(roam, event->ifindex))
		return;
	if (fresh)
		rival = add(roam, &event->addr, now_ms);
	if (!rival)
		return;
	if (!mac_equal(&rival->mac, &event->mac)) {
		if (rival->arp && !arp && now_ms - rival->seen_ms < ANNOUNCED_MS)
			return; /* old packets of a router, say */
		fresh |= displace(rival, now_ms);
	}
	rival->arp |= arp;
	rival->mac = event->mac;
	rival->ifindex = event->ifindex;
	rival->seen_ms = now_ms;
	rival->again = true;
	if (rival->refused)
		defend(roam, rival, station, now_ms);
	if (fresh && station->record.kind == RECORD_RESERVED)
		begin(roam, rival, now_ms);
	roam_due_changed(roam, before);
}

void roam_rival_asked(struct roam *roam, const struct tmip_addr *addr, enum roam_holder answer,
		      uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, addr);
	struct roam_rival *rival = find(roam, addr);
	uint64_t before = roam_next_due(roam);

	if (!rival || !station || rival->state != RIVAL_ASKED)
		return;
	if (answer == ROAM_HOLDER_THERE) {
		/* A second question, because the holder may not have known of its rival yet. */
		rival->again |= !rival->answers++;
		refuse(roam, rival, now_ms + (rival->answers == 1 ? SECOND_MS : PAUSE_MS), now_ms);
	} else if (!rival->arp) {
		wait(rival, now_ms + PAUSE_MS, rival->again);
	} else if (answer == ROAM_HOLDER_UNKNOWN) {
		wait(rival, now_ms + PAUSE_MS, true);
	} else {
		claim(roam, rival, station,
		      answer == ROAM_HOLDER_MUTE ? MLRP_HOLDER_MUTE : MLRP_HOLDER_UNREACHABLE,
		      now_ms);
	}
	roam_due_changed(roam, before);
}

/* The register did not decide. Asks again, also if the rival sends nothing more. */
static void retry(struct roam_rival *rival, const struct mlrp_message *message, uint64_t now_ms)
{
	bool stale = message && message->code == MLRP_E_STALE;
	uint64_t wait_ms = stale ? FIRST_MS : PAUSE_MS;

	if (message && message->has & MLRP_HAS(MLRP_F_WAIT) && message->wait < KEEP_MS)
		wait_ms = message->wait;
	wait(rival, now_ms + (wait_ms < FIRST_MS ? FIRST_MS : wait_ms), true);
}

void roam_rival_refused(struct roam *roam, const struct tmip_addr *addr,
			const struct mlrp_message *message, uint64_t now_ms)
{
	const struct replica_station *station = replica_find(&roam->replica, addr);
	struct roam_rival *rival = find(roam, addr);
	uint64_t before = roam_next_due(roam);

	if (!rival || rival->state != RIVAL_CLAIMED)
		return;
	if (!message || message->code == MLRP_E_STALE || message->has & MLRP_HAS(MLRP_F_WAIT)) {
		retry(rival, message, now_ms);
	} else if (station && station->record.kind == RECORD_RESERVED && !rival->no_host) {
		rival->no_host = true;
		wait(rival, now_ms, true);
	} else {
		refuse(roam, rival, now_ms + PAUSE_MS, now_ms);
	}
	roam_due_changed(roam, before);
}

unsigned roam_rival_settled(struct roam *roam, const struct station_record *record,
			    uint64_t now_ms)
{
	struct roam_rival *rival = find(roam, &record->addr);
	uint64_t before = roam_next_due(roam);
	unsigned ifindex = 0;

	if (rival && mac_equal(&rival->mac, &record->mac)) {
		ifindex = rival->ifindex;
		roam->counts.taken += rival->state == RIVAL_CLAIMED;
		end(roam, rival);
	} else if (rival) {
		wait(rival, now_ms + FIRST_MS, true); /* another one was faster */
	}
	roam_due_changed(roam, before);
	return record->current == roam->self ? ifindex : 0;
}

void roam_rivals_wake(struct roam *roam, uint64_t now_ms)
{
	uint64_t before = roam_next_due(roam);
	struct roam_rival *rival;

	DL_FOREACH(roam->rivals, rival) {
		if (rival->state == RIVAL_ASKED || (rival->state == RIVAL_WAITS && rival->due_ms))
			continue;
		rival->seen_ms = now_ms; /* it may have waited for long */
		wait(rival, now_ms + FIRST_MS, true);
	}
	roam_due_changed(roam, before);
}

void roam_rivals_move(struct roam *roam, unsigned from, unsigned to)
{
	struct roam_rival *rival;

	DL_FOREACH(roam->rivals, rival)
		if (rival->ifindex == from)
			rival->ifindex = to;
}

uint64_t roam_rivals_due(const struct roam *roam)
{
	const struct roam_rival *rival;
	uint64_t due_ms = 0;

	DL_FOREACH(roam->rivals, rival)
		if (rival->due_ms && (!due_ms || rival->due_ms < due_ms))
			due_ms = rival->due_ms;
	return due_ms;
}

void roam_rivals_tick(struct roam *roam, uint64_t now_ms)
{
	uint64_t before = roam_next_due(roam);
	struct roam_rival *rival, *next;

	DL_FOREACH_SAFE(roam->rivals, rival, next)
		if (rival->due_ms && rival->due_ms <= now_ms)
			step(roam, rival, now_ms);
	roam_due_changed(roam, before);
}

void roam_rivals_free(struct roam *roam)
{
	while (roam->rivals)
		end(roam, roam->rivals);
}
