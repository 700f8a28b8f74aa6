/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sightings: frames without an IPv4 address (IPv6, LLDP, DHCP, ARP probes, RARP). They say where a
 * MAC is, and not where all its addresses are: VLAN interfaces of one host may share a MAC, and so
 * do the virtual addresses of a host. So this CN asks: the MAC, here, by ARP for the address, and
 * the CN that has the station, whether the station is still there. The station comes here if it
 * answers here and not there, or if it is gone there.
 *
 * A host may answer for the address of one interface on another (arp_ignore of Linux), so an answer
 * here is no proof until the other place had time to answer, too. It has more time if the MAC has
 * addresses in several places. QEMU announces a machine that has moved by RARP, and access points
 * announce a station that has come by a frame of IEEE 802.2: after these an answer here is proof
 * enough, unless the MAC has addresses in several places.
 */
#include "roam_internal.h"

#include <stdlib.h>
#include <utlist.h>

#define SIGHTINGS_MAX 128
#define ASKED_MAX 48      /* that are not decided; leaves checks to others (address_check.c) */
#define ADDRESSES_MAX 16  /* of one MAC are asked about; the others wait for their own frames */
#define THERE_MS 40       /* after the question: the other place would have answered */
#define SPREAD_MS 300     /* the same for a MAC that has addresses in several places */
#define ANSWER_MS 1000    /* after a probe an ARP packet may be its answer */
#define STAYS_MS 5000     /* the address is elsewhere: not asked about again */
#define VERDICT_MS 4000   /* longer than any check */

#define ETHERTYPE_RARP 0x8035
#define LENGTH_MAX 1500   /* up to here the field is no EtherType, but the length of IEEE 802.2 */

/* As dense as for a greeting (greeting.c): the station may have to install its keys first. */
static const unsigned WAITS_MS[] = {4, 4, 8, 10, 14, 20, 20, 40, 80, 160, 160};
#define WAIT_COUNT (sizeof(WAITS_MS) / sizeof(WAITS_MS[0]))

struct roam_sighting {
	struct tmip_addr addr;
	struct tmip_mac mac;
	unsigned ifindex;    /* the cell of this CN where its MAC is */
	uint64_t started_ms, probed_ms, due_ms;
	unsigned waits;      /* how many have begun */
	unsigned there_ms;   /* an answer here is no proof so long after the question */
	bool answered;       /* here */
	bool unreachable;    /* the CN that has it */
	bool stays;          /* it is there: until due_ms nothing is asked */
	struct roam_sighting *prev, *next;
};

static struct roam_sighting *find(const struct roam *roam, const struct tmip_addr *addr)
{
	struct roam_sighting *sighting;

	DL_FOREACH(roam->sightings, sighting)
		if (addr_equal(&sighting->addr, addr))
			return sighting;
	return NULL;
}

static void end(struct roam *roam, struct roam_sighting *sighting)
{
	DL_DELETE(roam->sightings, sighting);
	roam->sighting_count--;
	free(sighting);
}

static bool too_many_asked(const struct roam *roam)
{
	const struct roam_sighting *sighting;
	unsigned asked = 0;

	DL_FOREACH(roam->sightings, sighting)
		asked += !sighting->stays;
	return asked >= ASKED_MAX;
}

static bool make_room(struct roam *roam)
{
	struct roam_sighting *sighting;

	if (roam->sighting_count < SIGHTINGS_MAX)
		return true;
	DL_FOREACH(roam->sightings, sighting)
		if (sighting->stays) {
			end(roam, sighting);
			return true;
		}
	return false;
}

/* The address is here. Frees the sighting. */
static void arrive(struct roam *roam, struct roam_sighting *sighting, uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, &sighting->addr);
	const struct roam_cell *cell = roam_find_cell(roam, sighting->ifindex);
	struct tmip_mac mac = sighting->mac;

	end(roam, sighting);
	if (!cell || !station || !station_has_mac(&station->record, &mac))
		return;
	if (replica_is_other_mac(station, &mac))
		roam_use_mac(roam, station, &mac, cell, "link-layer activity", now_ms);
	else
		roam_link_seen(roam, station, cell, "link-layer activity", now_ms);
}

static void probe(struct roam *roam, struct roam_sighting *sighting, uint64_t now_ms)
{
	struct roam_action action = {.type = ROAM_PROBE_STATION, .addr = sighting->addr,
				     .mac = sighting->mac, .ifindex = sighting->ifindex};

	sighting->probed_ms = now_ms;
	sighting->due_ms = now_ms + WAITS_MS[sighting->waits++];
	roam->act(&action, roam->arg);
}

static void ask(struct roam *roam, const struct replica_station *station,
		const struct tmip_mac *mac, const struct roam_cell *cell, unsigned there_ms,
		uint64_t now_ms)
{
	struct roam_action action = {.type = ROAM_ASK_HOLDER, .addr = station->record.addr};
	struct roam_sighting *sighting = find(roam, &station->record.addr);

	/* An announcement counts for more than the frames before it. */
	if (sighting && sighting->ifindex == cell->ifindex && !sighting->stays) {
		if (there_ms < sighting->there_ms)
			sighting->there_ms = there_ms;
		return;
	}
	if (sighting && sighting->ifindex == cell->ifindex && there_ms)
		return;
	if (sighting)
		end(roam, sighting);
	sighting = !too_many_asked(roam) && make_room(roam) ? calloc(1, sizeof(*sighting)) : NULL;
	if (!sighting) {
		roam->counts.overflow++;
		return;
	}
	sighting->addr = station->record.addr;
	sighting->mac = *mac;
	sighting->ifindex = cell->ifindex;
	sighting->started_ms = now_ms;
	sighting->there_ms = there_ms;
	DL_APPEND(roam->sightings, sighting);
	roam->sighting_count++;
	probe(roam, sighting, now_ms);
	roam->act(&action, roam->arg);
}

/* ---- where the addresses of a MAC are */

static bool is_here(const struct roam *roam, const struct replica_station *station,
		    const struct roam_cell *cell)
{
	return replica_current(station) == roam->self && station->kernel.ifindex == cell->ifindex;
}

/* Nobody else has it in a cell, as far as this CN knows. */
static bool is_nowhere(const struct roam *roam, const struct replica_station *station)
{
	return replica_silent(station) || station->adopted ||
	       !replica_find_cn(&roam->replica, replica_current(station)) ||
	       (replica_current(station) == roam->self && !station->kernel.ifindex);
}

/* Are the addresses of the MAC in several places, this cell among them? */
static bool is_spread(const struct roam *roam, const struct replica_station *first,
		      const struct tmip_mac *mac, const struct roam_cell *cell)
{
	const struct replica_station *station, *place = NULL;

	for (station = first; station;
	     station = replica_next_mac(&roam->replica, mac, station)) {
		if (is_nowhere(roam, station) || station->record.state != RECORD_BOUND)
			continue;
		if (is_here(roam, station, cell))
			return true;
		if (place && (replica_current(place) != replica_current(station) ||
			      place->kernel.ifindex != station->kernel.ifindex))
			return true;
		place = station;
	}
	return false;
}

/* True: there is nothing to be asked. */
static bool is_settled(struct roam *roam, struct replica_station *station,
		       const struct tmip_mac *mac, const struct roam_cell *cell, uint64_t now_ms)
{
	bool other = replica_is_other_mac(station, mac), nowhere = is_nowhere(roam, station);

	if (station->refused)
		return true;
	if (other && nowhere)
		roam_other_heard(roam, station, mac, cell, "link-layer activity", now_ms);
	else if (!other && (nowhere || is_here(roam, station, cell)))
		roam_link_seen(roam, station, cell, "link-layer activity", now_ms);
	else
		return station->record.state != RECORD_BOUND || now_ms < station->quiet_until_ms;
	return true;
}

/* The MAC in use of a host answers as well as this one, if it is there, and then stays in use. */
static unsigned there_ms_of(const struct replica_station *station, const struct tmip_mac *mac,
			    unsigned there_ms)
{
	return replica_is_other_mac(station, mac) ? SPREAD_MS : there_ms;
}

void roam_mac_seen(struct roam *roam, const struct tmip_event *event, const struct roam_cell *cell,
		   uint64_t now_ms)
{
	struct replica_station *first = replica_find_mac(&roam->replica, &event->mac), *station;
	unsigned protocol = __builtin_bswap16(event->protocol), asked = 0;
	bool announced = protocol <= LENGTH_MAX || protocol == ETHERTYPE_RARP;
	bool spread = is_spread(roam, first, &event->mac, cell);
	unsigned there_ms = spread ? SPREAD_MS : announced ? 0 : THERE_MS;
	uint64_t before = roam_next_due(roam);

	for (station = first; station;
	     station = replica_next_mac(&roam->replica, &event->mac, station)) {
		if (!is_settled(roam, station, &event->mac, cell, now_ms) &&
		    asked++ < ADDRESSES_MAX)
			ask(roam, station, &event->mac, cell,
			    there_ms_of(station, &event->mac, there_ms), now_ms);
	}
	roam_due_changed(roam, before);
}

/* ---- answers */

/*
 * May the packet be the answer to a probe, and prove nothing? Of a MAC that is not in use, the
 * programs know that it is an answer (TMIP_EVENT_ANSWERED).
 */
static bool is_no_proof(const struct roam_sighting *sighting, uint32_t type, uint64_t now_ms)
{
	if (type != TMIP_EVENT_ANSWERED && now_ms - sighting->probed_ms >= ANSWER_MS)
		return false;
	return sighting->stays || now_ms - sighting->started_ms < sighting->there_ms;
}

bool roam_sighting_answered(struct roam *roam, const struct tmip_event *event, uint64_t now_ms)
{
	struct roam_sighting *sighting = find(roam, &event->addr);
	uint64_t before = roam_next_due(roam);
	bool answer = sighting &&
		      (event->type == TMIP_EVENT_SEEN || event->type == TMIP_EVENT_ANSWERED) &&
		      mac_equal(&event->mac, &sighting->mac) &&
		      event->protocol == __builtin_bswap16(0x0806) &&
		      event->ifindex == sighting->ifindex;

	if (sighting && !answer) {
		end(roam, sighting);
	} else if (sighting && !is_no_proof(sighting, event->type, now_ms)) {
		arrive(roam, sighting, now_ms);
	} else if (sighting) {
		sighting->answered = true;
		if (!sighting->stays)
			sighting->due_ms = sighting->started_ms + sighting->there_ms;
	}
	roam_due_changed(roam, before);
	return answer;
}

void roam_sighting_asked(struct roam *roam, const struct tmip_addr *addr, enum roam_holder answer,
			 uint64_t now_ms)
{
	struct roam_sighting *sighting = find(roam, addr);
	uint64_t before = roam_next_due(roam);

	if (!sighting || sighting->stays)
		return;
	if (answer == ROAM_HOLDER_MUTE) {
		arrive(roam, sighting, now_ms);
	} else if (answer == ROAM_HOLDER_UNREACHABLE) {
		sighting->unreachable = true;
	} else if (answer == ROAM_HOLDER_THERE) {
		sighting->stays = true;
		sighting->due_ms = now_ms + STAYS_MS;
	}
	roam_due_changed(roam, before);
}

/*
 * The question is over if the station is where it was seen by now. If it moved elsewhere, it says
 * nothing any more that it was not here.
 */
void roam_sighting_moved(struct roam *roam, const struct replica_station *station)
{
	struct roam_sighting *sighting = find(roam, &station->record.addr);
	const struct tmip_station *entry = &station->kernel;
	uint64_t before = roam_next_due(roam);

	if (sighting && (sighting->stays || (entry->ifindex == sighting->ifindex &&
					     mac_equal(&entry->mac, &sighting->mac))))
		end(roam, sighting);
	roam_due_changed(roam, before);
}

void roam_sighting_forget(struct roam *roam, const struct tmip_addr *addr)
{
	struct roam_sighting *sighting = find(roam, addr);

	if (sighting && sighting->stays)
		end(roam, sighting);
}

/* May free the sighting. */
static void step(struct roam *roam, struct roam_sighting *sighting, uint64_t now_ms)
{
	bool late = now_ms - sighting->started_ms >= VERDICT_MS;

	if (sighting->stays)
		end(roam, sighting);
	else if (sighting->answered)
		arrive(roam, sighting, now_ms);
	else if (sighting->waits < WAIT_COUNT)
		probe(roam, sighting, now_ms);
	else if (sighting->unreachable)
		arrive(roam, sighting, now_ms);
	else if (late)
		end(roam, sighting);
	else
		sighting->due_ms = sighting->started_ms + VERDICT_MS;
}

/* ---- time */

void roam_sightings_move(struct roam *roam, unsigned from, unsigned to)
{
	struct roam_sighting *sighting;

	DL_FOREACH(roam->sightings, sighting)
		if (sighting->ifindex == from)
			sighting->ifindex = to;
}

uint64_t roam_sightings_due(const struct roam *roam)
{
	const struct roam_sighting *sighting;
	uint64_t due_ms = 0;

	DL_FOREACH(roam->sightings, sighting)
		if (!due_ms || sighting->due_ms < due_ms)
			due_ms = sighting->due_ms;
	return due_ms;
}

void roam_sightings_tick(struct roam *roam, uint64_t now_ms)
{
	uint64_t before = roam_next_due(roam);
	struct roam_sighting *sighting, *next;

	DL_FOREACH_SAFE(roam->sightings, sighting, next)
		if (sighting->due_ms <= now_ms)
			step(roam, sighting, now_ms);
	roam_due_changed(roam, before);
}

void roam_sightings_free(struct roam *roam)
{
	while (roam->sightings)
		end(roam, roam->sightings);
}
