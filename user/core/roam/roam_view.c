/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a station's record and the moves not confirmed yet to the data path of this CN: the map
 * entry, the gratuitous ARP when the station leaves or returns, and the tunnels that are needed.
 */
#include "roam_internal.h"

static unsigned home_cell(const struct roam *roam, const struct replica_station *station)
{
	if (station->record.parent != roam->self)
		return 0;
	for (int i = 0; i < CN_CELLS_MAX; i++)
		if (roam->cells[i].ifindex &&
		    prefix_contains(&roam->cells[i].subnet, &station->record.addr))
			return roam->cells[i].ifindex;
	return 0;
}

/*
 * The cell of a station at this CN: the one where it was seen last. If that is unknown, as after a
 * start, its home cell, or the only cell of this CN.
 */
static unsigned present_cell(const struct roam *roam, const struct replica_station *station,
			     unsigned home)
{
	unsigned only = 0;

	if (roam_find_cell(roam, station->ifindex))
		return station->ifindex;
	if (home)
		return home;
	for (int i = 0; i < CN_CELLS_MAX; i++) {
		if (only && roam->cells[i].ifindex)
			return 0;
		if (roam->cells[i].ifindex)
			only = roam->cells[i].ifindex;
	}
	return only;
}

static uint8_t view_state(const struct roam *roam, const struct replica_station *station,
			  uint32_t current, unsigned here, unsigned home)
{
	bool parent_here = station->record.parent == roam->self;

	if (current == roam->self && here)
		return !parent_here ? TMIP_STATION_VISITING :
		       here == home ? TMIP_STATION_HOME :
				      TMIP_STATION_NEXT_DOOR;
	return parent_here ? TMIP_STATION_AWAY : TMIP_STATION_ELSEWHERE;
}

/* Computes the map entry. False: the station has none. */
static bool view(const struct roam *roam, const struct replica_station *station,
		 struct tmip_station *entry)
{
	const struct station_record *record = &station->record;
	const struct replica_cn *parent = replica_find_cn(&roam->replica, record->parent), *cn;
	uint32_t current = replica_current(station);

	memset(entry, 0, sizeof(*entry));
	entry->mac = *replica_mac(station);
	entry->epoch = record->version.epoch;
	entry->seq = record->version.seq;
	if (station->refused) {
		entry->state = TMIP_STATION_BLOCKED;
		return true;
	}
	if (record->state != RECORD_BOUND || !parent || !roam->self)
		return false;
	/* Not seen yet, or at a forgotten CN: the parent expects the station in its home cell. */
	cn = replica_find_cn(&roam->replica, current);
	if (!cn) {
		cn = parent;
		current = record->parent;
	}
	entry->home_ifindex = home_cell(roam, station);
	if (record->parent == roam->self && !entry->home_ifindex)
		return false; /* this CN has lost that cell */
	if (current == roam->self)
		entry->ifindex = present_cell(roam, station, entry->home_ifindex);
	entry->flags = (replica_silent(station) ? TMIP_STATION_F_SILENT : 0) |
		       (station->held ? TMIP_STATION_F_HELD : 0) |
		       (station->quiet_until_ms ? TMIP_STATION_F_STAYS : 0);
	entry->state = view_state(roam, station, current, entry->ifindex, entry->home_ifindex);
	entry->parent = parent->info.tunnel;
	entry->current = cn->info.tunnel;
	return true;
}

static void announce(struct roam *roam, const struct replica_station *station, unsigned ifindex,
		     const struct tmip_mac *mac)
{
	struct roam_action action = {.type = ROAM_ANNOUNCE, .addr = station->record.addr,
				     .ifindex = ifindex};

	if (mac)
		action.mac = *mac;
	if (roam_find_cell(roam, ifindex))
		roam->act(&action, roam->arg);
}

/* The MAC has another address in this cell of this CN. */
static bool has_other_address(const struct roam *roam, const struct tmip_mac *mac, unsigned ifindex,
			      const struct replica_station *but)
{
	const struct replica_station *other = replica_find_mac(&roam->replica, mac);

	for (; other; other = replica_next_mac(&roam->replica, mac, other))
		if (other != but && other->shown && other->kernel.ifindex == ifindex)
			return true;
	return false;
}

/* The address has another MAC now: tells the cell where it is, and the kernel of its home cell. */
static void announce_mac(struct roam *roam, const struct replica_station *station,
			 const struct tmip_station *before, const struct tmip_station *after)
{
	struct roam_action known = {.type = ROAM_NEIGHBOUR, .addr = station->record.addr,
				    .mac = after->mac, .ifindex = after->home_ifindex};

	if (after->ifindex && after->ifindex == before->ifindex)
		announce(roam, station, after->ifindex, &after->mac);
	if (roam_find_cell(roam, after->home_ifindex))
		roam->act(&known, roam->arg);
}

/*
 * Sends gratuitous ARP to the station's neighbours: those in a cell that it left send its frames to
 * this CN from now on; those in its home cell, once it is back, send them to the station itself. An
 * address may leave a cell alone: its MAC stays there with another address. A host with several
 * MACs may still be there by the one that it does not use any more.
 */
static void announce_change(struct roam *roam, const struct replica_station *station,
			    const struct tmip_station *before, const struct tmip_station *after)
{
	struct roam_action gone = {.type = ROAM_GONE, .mac = before->mac,
				   .ifindex = before->ifindex};
	bool same_mac = mac_equal(&before->mac, &after->mac);

	bool still_up = !same_mac && station_has_mac(&station->record, &before->mac);

	if (before->ifindex && before->ifindex != after->ifindex) {
		announce(roam, station, before->ifindex, NULL);
		if (!still_up && !has_other_address(roam, &gone.mac, gone.ifindex, station))
			roam->act(&gone, roam->arg);
	}
	if (!same_mac && before->state)
		announce_mac(roam, station, before, after);
	if (after->state == TMIP_STATION_HOME &&
	    (before->state == TMIP_STATION_AWAY || before->state == TMIP_STATION_NEXT_DOOR))
		announce(roam, station, after->ifindex, &after->mac);
}

static void tell_cn(struct roam *roam, const struct replica_station *station, uint32_t id)
{
	struct roam_action action = {.type = ROAM_TELL_CN, .addr = station->record.addr, .cn = id};

	if (id != roam->self)
		roam->act(&action, roam->arg);
}

/*
 * A known station has come to this CN. The agents of its parent and of the CN where it was learn
 * that by messages; but if one of them is away, only its programs listen.
 */
static void tell_cns(struct roam *roam, const struct replica_station *station,
		     const struct tmip_station *before, const struct tmip_station *after)
{
	const struct replica_cn *previous =
		replica_find_cn_tunnel(&roam->replica, &before->current);

	if (!before->state || before->ifindex || !after->ifindex)
		return;
	tell_cn(roam, station, station->record.parent);
	if (previous && previous->info.id != station->record.parent)
		tell_cn(roam, station, previous->info.id);
}

static void report_cn(struct roam *roam, const struct replica_cn *cn)
{
	struct roam_action action = {.type = ROAM_CN, .cn = cn->info.id};

	roam->act(&action, roam->arg);
}

void roam_set_tunnel(struct roam *roam, struct replica_cn *cn, uint8_t tunnel)
{
	if (cn->tunnel == tunnel)
		return;
	cn->tunnel = tunnel;
	report_cn(roam, cn);
}

static void release_tunnel(struct roam *roam, uint32_t id)
{
	struct replica_cn *cn = replica_find_cn(&roam->replica, id);
	struct mlrp_message close = {.type = MLRP_TUNNEL_CLOSE};

	if (!cn || !cn->stations)
		return;
	cn->stations--;
	report_cn(roam, cn);
	if (cn->stations || cn->tunnel == TMIP_TUNNEL_IDLE)
		return;
	roam_set_tunnel(roam, cn, TMIP_TUNNEL_IDLE);
	roam_send_cn(roam, id, &close);
	roam_log(roam, LOG_LEVEL_INFO, NULL, "tunnel to %s torn down: no station needs it",
		 cn->info.name);
}

static void need_tunnel(struct roam *roam, struct replica_station *station, uint32_t id)
{
	struct replica_cn *cn = replica_find_cn(&roam->replica, id);
	uint32_t former = station->tunnel_cn;

	if (former != id) {
		station->tunnel_cn = id;
		if (cn) {
			cn->stations++;
			report_cn(roam, cn);
		}
		if (former)
			release_tunnel(roam, former);
	}
	/* The two CNs had no connection to agree on a type: the tunnel gets the default. */
	if (cn && cn->tunnel == TMIP_TUNNEL_IDLE && !station->moved_to)
		roam_set_tunnel(roam, cn, TMIP_TUNNEL_4IN4);
}

static uint32_t tunnel_end(const struct roam *roam, const struct replica_station *station,
			   uint8_t state)
{
	uint32_t current = replica_current(station);

	if (state == TMIP_STATION_AWAY && current != roam->self)
		return replica_find_cn(&roam->replica, current) ? current : 0;
	return state == TMIP_STATION_VISITING ? station->record.parent : 0;
}

/* What roam_count says, and the stations near, follow the map entry. */
static void recount(struct roam *roam, struct replica_station *station)
{
	uint8_t state = station->shown ? station->kernel.state + 1 : 0;
	bool silent = station->shown && replica_silent(station);

	if (station->counted)
		roam->counts.stations[station->counted - 1]--;
	if (state)
		roam->counts.stations[state - 1]++;
	roam->counts.silent += (unsigned)silent - (unsigned)station->counted_silent;
	station->counted = state;
	station->counted_silent = silent;
	replica_set_elsewhere(&roam->replica, station,
			      station->kernel.state == TMIP_STATION_ELSEWHERE);
}

/* The programs know by which MACs the station may send. */
static void show_macs(struct roam *roam, struct replica_station *station)
{
	struct roam_action action = {.type = ROAM_MACS, .addr = station->record.addr,
				     .record = &station->record};

	if (!station->macs_changed)
		return;
	station->macs_changed = false;
	roam->act(&action, roam->arg);
}

void roam_show_adopted(struct roam *roam, struct replica_station *station,
		       const struct tmip_station *entry)
{
	station->adopted = true;
	station->macs_changed = true; /* the map may know some */
	station->shown = true;
	station->kernel = *entry;
	station->kernel.heard = 0; /* only the BPF programs write it */
	recount(roam, station);
}

void roam_hide(struct roam *roam, struct replica_station *station)
{
	struct roam_action action = {.type = ROAM_DELETE, .addr = station->record.addr,
				     .mac = station->record.mac};

	need_tunnel(roam, station, 0);
	if (station->shown)
		roam->act(&action, roam->arg);
	station->shown = false;
	station->macs_changed = station->record.other_count > 0; /* when it is shown again */
	memset(&station->kernel, 0, sizeof(station->kernel));
	recount(roam, station);
}

static bool is_elsewhere_now(const struct tmip_station *before, const struct tmip_station *after)
{
	return before->ifindex != after->ifindex || !mac_equal(&before->mac, &after->mac) ||
	       !addr_equal(&before->current, &after->current);
}

void roam_update_entry(struct roam *roam, struct replica_station *station)
{
	struct tmip_station before = station->kernel, after;
	struct roam_action action = {.type = ROAM_PUT, .addr = station->record.addr,
				     .mac = *replica_mac(station), .station = &station->kernel};

	if (station->adopted || !view(roam, station, &after))
		return;
	show_macs(roam, station);
	if (station->shown && !station->overtaken && memcmp(&before, &after, sizeof(after)) == 0)
		return;
	station->overtaken = false;
	station->kernel = after;
	station->shown = true;
	recount(roam, station);
	roam->act(&action, roam->arg);
	if (is_elsewhere_now(&before, &after))
		roam_sighting_moved(roam, station);
	announce_change(roam, station, &before, &after);
	tell_cns(roam, station, &before, &after);
}

struct replica_station *roam_overtaken(struct roam *roam, const struct tmip_addr *addr)
{
	struct replica_station *station = replica_find(&roam->replica, addr);

	if (station)
		station->overtaken = true;
	return station;
}

void roam_refresh(struct roam *roam, struct replica_station *station)
{
	struct tmip_station entry;

	if (station->adopted)
		return;
	if (!view(roam, station, &entry)) {
		roam_hide(roam, station);
		return;
	}
	roam_update_entry(roam, station);
	need_tunnel(roam, station, tunnel_end(roam, station, entry.state));
}

void roam_refresh_all(struct roam *roam)
{
	struct replica_station *station, *next;

	HASH_ITER(hh, roam->replica.stations, station, next)
		roam_refresh(roam, station);
}
