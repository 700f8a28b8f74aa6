/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register's side of the roaming machine: single records, snapshots and deltas, the loss of the
 * connection and its return, and the map entries of a former agent until the register sends its
 * records. See roam.h.
 */
#include "roam_internal.h"

/* This CN is the station's parent, or has it. */
static bool is_concerned(const struct roam *roam, const struct replica_station *station)
{
	return station->record.parent == roam->self || replica_current(station) == roam->self;
}

/*
 * The snapshot of a register that has lost its last changes: the newer place that this CN knows
 * becomes a move that the register must confirm.
 */
static void keep_as_move(struct roam *roam, struct replica_station *station,
			 const struct station_record *record, uint64_t now_ms)
{
	uint32_t current = replica_current(station);

	if (!station->moved_to && current != record->current) {
		station->moved_to = current;
		roam_arm(roam, station,
			 current == roam->self ? 0 : now_ms + roam->options.timeout_ms);
	}
}

/* The same for a lease that this CN knows to end later: the register learns that it was renewed. */
static void keep_lease(const struct roam *roam, struct replica_station *station,
		       const struct station_record *record, uint64_t now_ms)
{
	if (station->record.kind == RECORD_DYNAMIC && record->kind == RECORD_DYNAMIC &&
	    station->record.lease_end > record->lease_end + 1 && is_concerned(roam, station))
		station->renewed = roam_lease_left(roam, &station->record, now_ms);
}

/*
 * Another CN notified a move while the register was down, and the register now has a report of some
 * other move: the record counts.
 */
static bool is_outdated(const struct roam *roam, const struct replica_station *station,
			const struct station_record *record)
{
	uint32_t before = roam_is_local(station) ? record->parent : station->record.current;

	return station->moved_to && station->moved_to != roam->self &&
	       station->record.state == RECORD_BOUND && record->current != before &&
	       version_compare(record->version, station->record.version) > 0 &&
	       (station->moved_old || !roam->register_ready);
}

/*
 * The cell of this CN that the station came to while no agent was here, as the programs noticed; 0:
 * none.
 */
static unsigned adopted_cell(const struct roam *roam, const struct replica_station *station)
{
	const struct tmip_station *entry = &station->kernel;

	return station->adopted && entry->flags & TMIP_STATION_F_FRESH &&
			       roam_find_cell(roam, entry->ifindex) ?
		       entry->ifindex : 0;
}

/*
 * The number of the CN that the programs followed the station to while no agent was here, if the
 * record names another place; 0: none. That CN may have no agent either.
 */
static uint32_t adopted_move(const struct roam *roam, const struct replica_station *station,
			     const struct station_record *record)
{
	const struct tmip_station *entry = &station->kernel;
	const struct replica_cn *cn = replica_find_cn_tunnel(&roam->replica, &entry->current);

	if (!station->adopted || !(entry->flags & TMIP_STATION_F_FRESH) || entry->ifindex || !cn ||
	    !station_has_mac(record, &entry->mac))
		return 0;
	return cn->info.id != record->current && cn->info.id != roam->self ? cn->info.id : 0;
}

/* mac: by which the station got its packets until now. */
static void apply(struct roam *roam, struct replica_station *station,
		  const struct station_record *record, unsigned ifindex,
		  const struct tmip_mac *mac, uint64_t now_ms)
{
	uint32_t before = replica_current(station);
	bool known = station->record.state == RECORD_BOUND,
	     outdated = is_outdated(roam, station, record);
	unsigned came_to = adopted_cell(roam, station);
	uint32_t followed_to = adopted_move(roam, station, record);
	struct tmip_mac shown = station->kernel.mac;

	station->record = *record; /* the caller has set the MACs */
	station->refused = station->adopted = station->stale = station->lost = false;
	station->quiet_until_ms = 0;
	if (ifindex)
		station->ifindex = ifindex;
	if ((station->moved_to == record->current || outdated) &&
	    !(station->attempt && station->moved_to == roam->self)) {
		station->moved_to = 0;
		if (!station->attempt)
			roam_arm(roam, station, 0);
	}
	if (followed_to) { /* the deadline asks the programs there whether they have it */
		station->moved_to = followed_to;
		station->moved_ms = now_ms;
		roam_arm(roam, station, now_ms + roam->options.timeout_ms);
	}
	if (replica_current(station) != roam->self)
		station->ifindex = station->used_at = 0;
	if (known && before != replica_current(station))
		station->before = before;
	if (known && (before != replica_current(station) || !mac_equal(mac, replica_mac(station))))
		roam_mac_changed(station, now_ms);
	roam_refresh(roam, station);
	if (came_to && replica_current(station) != roam->self)
		roam_probe_in(roam, station, &shown, came_to);
	if (known && before == roam->self && replica_current(station) != roam->self)
		roam_log(roam, LOG_LEVEL_INFO, station,
			 "station has moved to %s, as the register says",
			 roam_cn_name(roam, record->current));
}

/*
 * A CN assigned the address from its block while the register was down, but the register had lost
 * that block.
 */
static void another_has_it(struct roam *roam, struct replica_station *station)
{
	roam_log(roam, LOG_LEVEL_WARN, station,
		 "the register has given the address to another station: "
		 "this one must ask for another");
	if (station->attempt)
		roam_attempt_end(roam, station->attempt);
	roam_arm(roam, station, 0);
	station->moved_to = station->renewed = station->ifindex = 0;
}

static void report_renewed(struct roam *roam, struct replica_station *station)
{
	struct mlrp_message message = {.type = MLRP_RENEW,
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
				       MLRP_HAS(MLRP_F_LEASE),
				       .transaction = ROAM_TRANSACTION | roam->next_transaction++,
				       .mac = station->record.mac,
				       .addr = station->record.addr, .lease = station->renewed};

	station->renewed = 0;
	roam_send_register(roam, &message);
}

/* The register knows the station now: reports what waited for that. */
static void local_is_known(struct roam *roam, struct replica_station *station, uint64_t now_ms)
{
	if (station->record.parent == roam->self)
		station->renewed = 0; /* the report of the address had it */
	else if (station->renewed)
		report_renewed(roam, station);
	if (station->moved_to == roam->self && !(station->attempt && station->attempt->claim))
		roam_report(roam, station, now_ms);
	else if (station->moved_to && !station->attempt)
		roam_arm(roam, station, now_ms + roam->options.timeout_ms + roam->options.back_ms);
}

/* The record gives the address to another MAC: what is known of the place of the former is void. */
static void change_holder(struct roam *roam, struct replica_station *station,
			  const struct station_record *record)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	roam_log(roam, LOG_LEVEL_INFO, station, "the address %s goes to %s, as the register says",
		 addr_format(&record->addr, addr), mac_format(&record->mac, mac));
	if (station->attempt && !station->attempt->claim)
		roam_attempt_end(roam, station->attempt);
	if (!station->attempt)
		roam_arm(roam, station, 0);
	station->moved_to = station->silent_at = 0;
	station->conflict_ms = 0;
	station->renewed = 0;
}

/* Does the record name the MAC that the station has, be it not in the first place? */
static bool is_same_host(const struct replica_station *station, const struct station_record *record)
{
	return station->record.state == RECORD_BOUND && record->other_count &&
	       station_has_mac(record, &station->record.mac);
}

/* Is the MAC in use none of the host's any more? */
static bool is_given_up(const struct replica_station *station, const struct tmip_mac *mac,
			const struct station_record *record)
{
	return station->record.state == RECORD_BOUND && !station_has_mac(record, mac) &&
	       station_has_mac(&station->record, &record->mac);
}

/* The map entry of a former agent shows which MAC the host uses. */
static void keep_used(struct replica_station *station, const struct station_record *record)
{
	if (!station->adopted || !station->kernel.ifindex)
		return;
	station->used = station->kernel.mac;
	station->used_at = record->current;
}

/* The ARP questions of the new holder were dropped: Linux asks again only a second later. */
static void greet(struct roam *roam, const struct station_record *record)
{
	struct roam_action action = {.type = ROAM_GREET, .addr = record->addr};

	roam->act(&action, roam->arg);
}

void roam_record(struct roam *roam, const struct station_record *record, unsigned ifindex,
		 uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, &record->addr);
	int order = station ? version_compare(record->version, station->record.version) : 1;
	struct tmip_mac mac = record->mac;
	unsigned seen_in = 0;
	bool was_local, lost;

	if (station && order < 0 && !roam->sync_full)
		return;
	if (record->state != RECORD_BOUND) {
		/* The snapshot of a register that has lost what came after that, or is older. */
		if (station && roam_is_newer(station, record))
			return;
		/* The register sends an address of a block as free. */
		if (station && (station->record.state || station->kernel.epoch) &&
		    !roam_is_local(station)) {
			roam_log(roam, LOG_LEVEL_INFO, station,
				 "the register has freed the address");
			roam_forget(roam, station);
		}
		return;
	}
	/* Nor does it know that the address has gone to this station since. */
	if (station && roam_is_newer(station, record) && is_concerned(roam, station) &&
	    !mac_equal(&station->record.mac, &record->mac) && !is_same_host(station, record) &&
	    !station->adopted)
		return;
	was_local = station && roam_is_local(station);
	if (station)
		mac = *replica_mac(station);
	lost = station && is_given_up(station, &mac, record);
	if (station)
		keep_used(station, record);
	if (station && !mac_equal(&station->record.mac, &record->mac) &&
	    !is_same_host(station, record)) {
		seen_in = roam_rival_settled(roam, record, now_ms);
		ifindex = ifindex ? ifindex : seen_in;
		if (was_local)
			another_has_it(roam, station);
		else if (station->record.state)
			change_holder(roam, station, record);
	} else if (station && order < 0) {
		keep_as_move(roam, station, record, now_ms);
		keep_lease(roam, station, record, now_ms);
	}
	if (!station)
		station = replica_add(&roam->replica, &record->addr, &record->mac);
	if (!station || replica_set_macs(&roam->replica, station, record) < 0) {
		if (!roam->counts.overflow++)
			roam_log(roam, LOG_LEVEL_WARN, NULL,
				 "the table of stations is full (stations_max): "
				 "some are not served here");
		return;
	}
	apply(roam, station, record, ifindex, &mac, now_ms);
	if (lost && replica_current(station) == roam->self)
		roam_mac_lost(roam, station);
	if (seen_in)
		greet(roam, record);
	if (was_local && roam->register_ready)
		local_is_known(roam, station, now_ms);
}

void roam_sync_start(struct roam *roam, bool full)
{
	roam->sync_full = full;
	for (struct replica_station *station = roam->replica.stations; full && station;
	     station = station->hh.next)
		station->stale = station->adopted ||
				 (station->record.state && !roam_is_local(station));
}

bool roam_sync_lacks(const struct roam *roam)
{
	const struct replica_station *station;

	for (station = roam->replica.stations; roam->sync_full && station;
	     station = station->hh.next)
		if (station->stale && station->record.state == RECORD_BOUND)
			return true;
	return false;
}

void roam_sync_end(struct roam *roam, uint64_t now_ms)
{
	struct replica_station *station, *next;
	unsigned lost = 0;

	roam->register_ready = true;
	HASH_ITER(hh, roam->replica.stations, station, next) {
		if (roam->sync_full && station->stale)
			lost += roam_lose(roam, station, now_ms);
		if (roam_is_local(station)) {
			roam_sync_local(roam, station, now_ms);
			continue;
		}
		if (roam->sync_full && station->stale) {
			roam_forget(roam, station);
			continue;
		}
		if (station->renewed)
			report_renewed(roam, station);
		if (station->attempt)
			roam_attempt_end(roam, station->attempt); /* the request is lost */
		/* A claim: this CN asks again when it sees the station next. */
		if (!station->record.state && !station->refused && !station->adopted) {
			roam_forget(roam, station);
			continue;
		}
		if (station->moved_to == roam->self)
			roam_report(roam, station, now_ms);
		else if (station->moved_to)
			roam_arm(roam, station,
				 now_ms + roam->options.timeout_ms + roam->options.back_ms);
		else if (!mac_equal(replica_mac(station), &station->record.mac))
			roam_report_mac(roam, station);
		station->moved_old = true;
	}
	roam->sync_full = false;
	if (lost)
		roam_log(roam, LOG_LEVEL_WARN, NULL,
			 "the register has lost %u stations of this CN: they are reported to it",
			 lost);
	roam_rivals_wake(roam, now_ms);
}

/*
 * Handovers stand, and this CN reports them later. It forgets claims without an answer and asks
 * again when it sees the station next.
 */
void roam_register_lost(struct roam *roam)
{
	struct roam_attempt *attempt, *next;

	roam->register_ready = false;
	roam->sync_full = false;
	HASH_ITER(hh, roam->attempts, attempt, next) {
		struct replica_station *station = attempt->station;

		if (!attempt->claim)
			continue;
		if (roam_is_local(station))
			roam_arm(roam, station, 0);
		roam_attempt_end(roam, attempt);
		if (!station->record.state)
			roam_forget(roam, station);
	}
}

void roam_renewed(struct roam *roam, const struct tmip_addr *addr, uint32_t lease,
		  uint64_t lease_end)
{
	struct replica_station *station = replica_find(&roam->replica, addr);

	if (!station)
		return;
	station->renewed = lease;
	station->record.lease_end = lease_end;
}

void roam_adopt(struct roam *roam, const struct tmip_addr *addr, const struct tmip_station *entry)
{
	struct replica_station *station = NULL;

	if (!replica_find(&roam->replica, addr))
		station = replica_add(&roam->replica, addr, &entry->mac);
	if (!station)
		return;
	roam_show_adopted(roam, station, entry);
	station->ifindex = entry->ifindex;
}

void roam_adopt_macs(struct roam *roam, const struct tmip_addr *addr, const struct tmip_macs *macs)
{
	struct replica_station *station = replica_find(&roam->replica, addr);
	struct station_record *record = station ? &station->record : NULL;

	if (!station || !station->adopted)
		return;
	for (int i = 0; i < TMIP_MACS && record->other_count < OTHER_MACS_MAX; i++)
		if (!mac_is_zero(&macs->mac[i]) && !station_has_mac(record, &macs->mac[i]))
			record->others[record->other_count++] = macs->mac[i];
	replica_set_macs(&roam->replica, station, record);
}
