/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of other CNs: a station is in their cell, has left it, or was refused. Also the
 * notification of a CN that sends packets to the former place of a station. See roam.h,
 * docs/mlrp.md.
 */
#include "roam_internal.h"

static void answer(struct roam *roam, uint32_t to, const struct mlrp_message *question,
		   uint16_t error, uint8_t tunnel, const struct replica_station *station)
{
	struct mlrp_message message = {.type = error ? MLRP_ERROR : MLRP_MOVED_OK,
				       .transaction = question->transaction};

	if (!question->transaction)
		return;
	if (error) {
		message.has = MLRP_HAS(MLRP_F_CODE);
		message.code = error;
		if (station) {
			message.has |= MLRP_HAS(MLRP_F_STATION);
			message.station = station->record;
		}
	} else if (tunnel) {
		message.has = MLRP_HAS(MLRP_F_TUNNEL);
		message.tunnel = tunnel;
	}
	roam_send_cn(roam, to, &message);
}

static bool offers(const struct mlrp_message *message, uint8_t tunnel)
{
	if (!(message->has & MLRP_HAS(MLRP_F_TUNNELS)))
		return true; /* the two CNs have agreed before */
	for (int i = 0; i < message->tunnel_count; i++)
		if (message->tunnels[i] == tunnel)
			return true;
	return false;
}

/*
 * These CNs may report a move: the one that has the station, its parent, and the one where this CN
 * believes the station to be, which corrects this CN.
 */
static bool may_report(const struct station_record *moved, uint32_t from,
		       const struct replica_station *station)
{
	if (from == moved->current || from == moved->parent)
		return true;
	return station && station->record.state && station->record.parent == moved->parent &&
	       replica_current(station) == from;
}

/*
 * A CN that sees the station itself may notify its move before the register has pushed the move
 * before that one to it. Like the register, this CN then believes the CN that saw the station last.
 * The notification of any other CN must be as new as this CN's record.
 */
static bool is_stale(uint32_t from, const struct mlrp_message *message,
		     const struct replica_station *station)
{
	const struct version theirs = message->station.version, ours = station->record.version;

	if (message->transaction && from == message->station.current)
		return theirs.epoch < ours.epoch;
	return version_compare(theirs, ours) < 0;
}

/*
 * Checks that the sender may notify the move, and that this CN knows the station and the CNs.
 * Returns 0, or the error to answer.
 */
static uint16_t moved_check(const struct roam *roam, uint32_t from,
			    const struct mlrp_message *message)
{
	const struct station_record *moved = &message->station;
	const struct replica_station *station = replica_find(&roam->replica, &moved->addr);

	if (moved->current == roam->self || !may_report(moved, from, station))
		return MLRP_E_REFUSED;
	if (!replica_find_cn(&roam->replica, moved->current) ||
	    !replica_find_cn(&roam->replica, moved->parent))
		return MLRP_E_NOT_REGISTERED;
	if (moved->state != RECORD_BOUND || !offers(message, TMIP_TUNNEL_4IN4))
		return MLRP_E_REFUSED;
	if (station && station->adopted)
		return station_has_mac(moved, &station->record.mac) ? 0 : MLRP_E_CONFLICT;
	if (!station || !station->record.state)
		return 0;
	if (!station_has_mac(&station->record, &moved->mac))
		return MLRP_E_CONFLICT;
	return is_stale(from, message, station) ? MLRP_E_STALE : 0;
}

/* The parent receives every move and passes it on to the CN where it believed the station to be. */
static void pass_on(struct roam *roam, uint32_t from, const struct replica_station *station,
		    uint32_t previous, const struct mlrp_message *message)
{
	struct mlrp_message copy;

	if (message->station.parent != roam->self || !previous || previous == roam->self ||
	    previous == from || previous == message->station.current)
		return;
	copy = *message;
	copy.transaction = 0;
	copy.station.version = station->record.version; /* the sender's may be older */
	copy.has &= ~MLRP_HAS(MLRP_F_TUNNELS);
	roam_send_cn(roam, previous, &copy);
}

void roam_stale(struct roam *roam, const struct tmip_event *event)
{
	struct replica_station *station = replica_find(&roam->replica, &event->addr);
	const struct replica_cn *peer = replica_find_cn_tunnel(&roam->replica, &event->peer);
	struct mlrp_message message = {.type = MLRP_MOVED, .has = MLRP_HAS(MLRP_F_STATION)};
	uint32_t current =
		station && station->record.state == RECORD_BOUND ? replica_current(station) : 0;

	if (!peer || current == roam->self || current == peer->info.id ||
	    !replica_find_cn(&roam->replica, current))
		return;
	message.station = station->record;
	message.station.current = current;
	roam_send_cn(roam, peer->info.id, &message);
	roam_log(roam, LOG_LEVEL_DEBUG, station,
		 "telling %s, which sends here, that the station is with %s", peer->info.name,
		 roam_cn_name(roam, current));
}

/*
 * Another CN than the new one notified this CN that its station has moved. So the new CN did not
 * know that the station was here, or it would have notified this CN itself: two moves have crossed
 * (a slow path may have delayed one). Only the station can show which CN saw it last, so this CN
 * probes it, by the MAC that it had here.
 */
static void recall(struct roam *roam, const struct replica_station *station,
		   const struct tmip_mac *mac, unsigned ifindex)
{
	if (!roam_find_cell(roam, ifindex))
		return;
	roam_log(roam, LOG_LEVEL_INFO, station,
		 "asking whether the station is still here: its moves have crossed");
	roam_probe_in(roam, station, mac, ifindex);
}

/* This CN has no record of the station: the notifying CN's record counts. NULL: no room. */
static struct replica_station *learn(struct roam *roam, struct replica_station *station,
				     const struct station_record *record)
{
	if (!station)
		station = replica_add(&roam->replica, &record->addr, &record->mac);
	if (!station || replica_set_macs(&roam->replica, station, record) < 0)
		return NULL;
	station->record = *record;
	station->adopted = station->refused = false;
	return station;
}

static void moved(struct roam *roam, uint32_t from, const struct mlrp_message *message,
		  uint64_t now_ms)
{
	const struct station_record *record = &message->station;
	struct replica_station *station = replica_find(&roam->replica, &record->addr);
	uint16_t error = moved_check(roam, from, message);
	bool parent = record->parent == roam->self;
	struct tmip_mac mac;
	uint32_t previous;
	unsigned here;

	if (!error && (!station || !station->record.state)) {
		station = learn(roam, station, record);
		error = station ? 0 : MLRP_E_FULL;
	}
	if (error) {
		answer(roam, from, message, error, 0, error == MLRP_E_STALE ? station : NULL);
		/* A message without a transaction is a correction, which often comes too late. */
		roam_log(roam, message->transaction ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG, station,
			 "move told by %s not accepted: %s", roam_cn_name(roam, from),
			 mlrp_error_name(error));
		return;
	}
	previous = replica_current(station);
	if (previous != record->current) {
		station->before = previous;
		roam_mac_changed(station, now_ms);
	}
	station->used = message->has & MLRP_HAS(MLRP_F_MAC) ? message->mac : record->mac;
	station->used_at = record->current;
	mac = station->kernel.mac;
	here = previous == roam->self ? station->kernel.ifindex : 0;
	station->moved_to = record->current;
	station->moved_asked = station->moved_reported = station->moved_old = false;
	station->moved_ms = now_ms;
	station->ifindex = 0;
	roam_update_entry(roam, station); /* first, so that its packets go to the new CN at once */
	if (parent)
		roam_set_tunnel(roam, replica_find_cn(&roam->replica, record->current),
				TMIP_TUNNEL_4IN4);
	roam_refresh(roam, station);
	answer(roam, from, message, 0, parent ? TMIP_TUNNEL_4IN4 : 0, NULL);
	pass_on(roam, from, station, previous, message);
	if (roam->register_ready)
		roam_arm(roam, station, now_ms + roam->options.timeout_ms);
	else
		roam_arm_pending(roam, station, now_ms);
	if (previous != record->current)
		roam_log(roam, LOG_LEVEL_INFO, station, "station has moved to %s%s",
			 roam_cn_name(roam, record->current), parent ? ": tunnel 4IN4" : "");
	if (here && from != record->current)
		recall(roam, station, &mac, here);
}

/*
 * A CN's tunnel brought a packet of the station, or a notice of the programs there, and the BPF
 * programs send to that CN already: the packet counts as its MOVED, which comes later, unless its
 * agent is away. If another message came since the packet, the packet does not count, and
 * roam_update_entry corrects the map entry.
 */
void roam_followed(struct roam *roam, const struct tmip_event *event, uint64_t now_ms)
{
	struct replica_station *station = roam_overtaken(roam, &event->addr);
	const struct replica_cn *peer = replica_find_cn_tunnel(&roam->replica, &event->peer);
	struct mlrp_message message = {.type = MLRP_MOVED, .has = MLRP_HAS(MLRP_F_STATION)};

	if (!station)
		return;
	if (peer && station->record.state == RECORD_BOUND &&
	    replica_current(station) != peer->info.id &&
	    event->time_ns / 1000000 > station->moved_ms) {
		message.station = station->record;
		message.station.current = peer->info.id;
		moved(roam, peer->info.id, &message, now_ms);
	}
	if (station->overtaken)
		roam_update_entry(roam, station);
}

static void aborted(struct roam *roam, uint32_t from, const struct tmip_addr *addr,
		    uint64_t now_ms)
{
	struct replica_station *station = replica_find(&roam->replica, addr);

	if (station && roam_is_local(station) && station->record.parent == from) {
		roam_log(roam, LOG_LEVEL_INFO, station, "%s has withdrawn the address",
			 roam_cn_name(roam, from));
		roam_forget(roam, station);
		return;
	}
	if (!station || station->moved_to != from)
		return;
	station->moved_to = 0;
	station->moved_ms = now_ms;
	/* This CN may have an attempt of its own, which the move has overtaken. */
	roam_arm_pending(roam, station, now_ms);
	roam_refresh(roam, station);
	roam_log(roam, LOG_LEVEL_INFO, station, "move to %s was refused: back to the record",
		 roam_cn_name(roam, from));
}

/*
 * A station of this CN has left its cell at another CN, or is back in it. In between this CN holds
 * the packets for it, so that the other CN holds only those that were on their way.
 */
static void presence(struct roam *roam, uint32_t from, const struct mlrp_message *message)
{
	struct replica_station *station = replica_find(&roam->replica, &message->addr);
	bool departed = message->type == MLRP_DEPARTED;

	if (!station || station->record.parent != roam->self || replica_current(station) != from ||
	    station->adopted)
		return;
	station->silent_at = departed ? from : 0;
	station->held |= departed && roam->options.hold;
	roam_refresh(roam, station);
	roam_log(roam, LOG_LEVEL_INFO, station,
		 departed ? "station is silent at %s" : "station is heard again at %s",
		 roam_cn_name(roam, from));
}

/*
 * A station with the same identity asks for the address of this one. A CN that does not have the
 * station does not answer. But the CN that has it asks in this way when it has lost the host: this
 * one may hear another of its MACs.
 */
static void probed(struct roam *roam, uint32_t from, const struct mlrp_message *message)
{
	struct replica_station *station = replica_find(&roam->replica, &message->addr);
	struct roam_action action = {.type = ROAM_CHECK_ADDRESS, .cn = from, .message = message};

	if (!station || station->record.state != RECORD_BOUND ||
	    !station_has_mac(&station->record, &message->mac))
		return;
	if (replica_current(station) == from) {
		roam_look_for_macs(roam, station);
	} else if (replica_current(station) == roam->self) {
		station->asker = from;
		roam->act(&action, roam->arg);
	}
}

void roam_cn_message(struct roam *roam, uint32_t from, const struct mlrp_message *message,
		     uint64_t now_ms)
{
	struct replica_cn *cn = replica_find_cn(&roam->replica, from);

	if (!cn)
		return;
	switch (message->type) {
	case MLRP_MOVED:
		moved(roam, from, message, now_ms);
		break;
	case MLRP_MOVED_OK:
	case MLRP_ERROR:
		roam_attempt_answered(roam, from, message);
		break;
	case MLRP_ABORT:
		aborted(roam, from, &message->addr, now_ms);
		break;
	case MLRP_DEPARTED:
	case MLRP_RETURNED:
		presence(roam, from, message);
		break;
	case MLRP_PROBE:
		probed(roam, from, message);
		break;
	case MLRP_TUNNEL_CLOSE:
		if (!cn->stations)
			roam_set_tunnel(roam, cn, TMIP_TUNNEL_IDLE);
		break;
	}
}
