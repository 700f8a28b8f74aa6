/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts that the files of the roaming machine share: roam.c (life, stations seen, time),
 * roam_record.c (the register), roam_peer.c (messages of other CNs), roam_handover.c (handovers and
 * claims of this CN), roam_local.c (records that the register does not know yet),
 * roam_lost.c (records that the register has lost), roam_view.c (from
 * a record to a map entry, tunnels), roam_rival.c (another MAC uses the address of a station),
 * roam_sighting.c (frames without an address), roam_macs.c (hosts with several MACs). No other file
 * includes it.
 */
#ifndef TMIP_CORE_ROAM_ROAM_INTERNAL_H
#define TMIP_CORE_ROAM_ROAM_INTERNAL_H

#include <string.h>

#include "roam.h"

struct roam_cell {
	unsigned ifindex; /* 0: free slot */
	char name[16];
	struct prefix subnet;
};

/* A handover or claim of this CN that is not answered yet. */
struct roam_attempt {
	struct replica_station *station;
	uint32_t transaction;  /* of the request to the register, and of each MOVED */
	bool claim;            /* a claim of an address that the register does not know yet */
	unsigned ifindex;      /* claim: the cell of this CN where the station was seen */
	bool registered;       /* the register has answered */
	uint64_t started_ms;
	struct {
		uint32_t cn;   /* cn_id; 0: none */
		bool waiting;  /* for its answer */
	} notified[2];         /* the parent, and the previous CN */
	UT_hash_handle hh;     /* by transaction */
};

struct roam {
	struct roam_options options;
	roam_act *act;
	void *arg;
	uint32_t self;
	bool register_ready; /* connected, and the last sync has ended */
	bool sync_full;      /* a snapshot is arriving */
	int64_t clock_ms;    /* the register's, above CLOCK_MONOTONIC; 0: unknown */
	struct replica replica;
	struct roam_cell cells[CN_CELLS_MAX];
	struct roam_attempt *attempts;
	struct replica_station *due; /* the stations with a deadline, soonest first */
	struct roam_rival *rivals;       /* oldest first */
	struct roam_sighting *sightings; /* oldest first */
	struct roam_change *changes;     /* oldest first */
	unsigned rival_count, sighting_count, change_count;
	uint32_t next_transaction;
	struct roam_counts counts; /* stations[0] only in the answer of roam_count */
};

/* ---- roam.c */

/* Asks that MAC of the station in this cell, by ARP. Its answer is a frame like any other. */
void roam_probe_in(struct roam *roam, const struct replica_station *station,
		   const struct tmip_mac *mac, unsigned ifindex);
/* `station` is the station in question, or NULL. */
__attribute__((format(printf, 4, 5))) void roam_log(struct roam *roam, int level,
						    const struct replica_station *station,
						    const char *format, ...);
/* NULL: this CN has no such cell. */
const struct roam_cell *roam_find_cell(const struct roam *roam, unsigned ifindex);
/* For the log; never NULL. */
const char *roam_cn_name(const struct roam *roam, uint32_t id);
/* Sets the deadline of the station; 0: none. */
void roam_arm(struct roam *roam, struct replica_station *station, uint64_t deadline_ms);
/*
 * Sets the deadline of what is still pending of the station: a refusal, an attempt, a move. Without
 * any it has none; while the register is down, moves have none.
 */
void roam_arm_pending(struct roam *roam, struct replica_station *station, uint64_t now_ms);
/* ROAM_DUE, if the next deadline is another one than `before`. */
void roam_due_changed(struct roam *roam, uint64_t before);
/* The MAC of the station was seen in this cell. `how` is for the log. */
void roam_link_seen(struct roam *roam, struct replica_station *station,
		    const struct roam_cell *cell, const char *how, uint64_t now_ms);
/* Deletes the station with its map entry, attempt and deadline. */
void roam_forget(struct roam *roam, struct replica_station *station);
void roam_send_register(struct roam *roam, struct mlrp_message *message);
void roam_send_cn(struct roam *roam, uint32_t cn, const struct mlrp_message *message);
/* Sends ABORT: the station's record, as this CN has it, counts again. */
void roam_send_abort(struct roam *roam, uint32_t cn, const struct replica_station *station);
/* Sends DEPARTED or RETURNED to the station's parent, unless that is this CN. */
void roam_notify_parent(struct roam *roam, const struct replica_station *station, uint8_t type);

/* ---- roam_rival.c */

/* Another MAC uses the address of this station in this cell. */
void roam_rival_seen(struct roam *roam, const struct replica_station *station,
		     const struct tmip_event *event, uint64_t now_ms);
void roam_rival_asked(struct roam *roam, const struct tmip_addr *addr, enum roam_holder answer,
		      uint64_t now_ms);
/*
 * The register refused a claim of the address; message NULL: it did not answer. Does nothing if
 * there is no rival.
 */
void roam_rival_refused(struct roam *roam, const struct tmip_addr *addr,
			const struct mlrp_message *message, uint64_t now_ms);
/*
 * A record gives the address to another MAC. Returns the cell of this CN where that MAC was seen
 * with the address; 0: in none.
 */
unsigned roam_rival_settled(struct roam *roam, const struct station_record *record,
			    uint64_t now_ms);
/* The register is ready: those who waited for it are checked now. */
void roam_rivals_wake(struct roam *roam, uint64_t now_ms);
/* The cell `from` has the ifindex `to` from now on. */
void roam_rivals_move(struct roam *roam, unsigned from, unsigned to);
uint64_t roam_rivals_due(const struct roam *roam); /* 0: none */
void roam_rivals_tick(struct roam *roam, uint64_t now_ms);
void roam_rivals_free(struct roam *roam);

/* ---- roam_sighting.c */

/* A frame of this MAC without an address. */
void roam_mac_seen(struct roam *roam, const struct tmip_event *event, const struct roam_cell *cell,
		   uint64_t now_ms);
/*
 * A frame with the station's address, perhaps the answer to a question of this file. True: it is
 * dealt with, and may prove nothing.
 */
bool roam_sighting_answered(struct roam *roam, const struct tmip_event *event, uint64_t now_ms);
void roam_sighting_asked(struct roam *roam, const struct tmip_addr *addr, enum roam_holder answer,
			 uint64_t now_ms);
/* The map shows the station in another place, or by another MAC. */
void roam_sighting_moved(struct roam *roam, const struct replica_station *station);
/* The holder said that the station is there, and that is so no more. */
void roam_sighting_forget(struct roam *roam, const struct tmip_addr *addr);
/* The cell `from` has the ifindex `to` from now on. */
void roam_sightings_move(struct roam *roam, unsigned from, unsigned to);
uint64_t roam_sightings_due(const struct roam *roam); /* 0: none */
void roam_sightings_tick(struct roam *roam, uint64_t now_ms);
void roam_sightings_free(struct roam *roam);

/* ---- roam_macs.c */

/* The host has changed its place, or the MAC that it uses. */
void roam_mac_changed(struct replica_station *station, uint64_t now_ms);
/* Another MAC of the host is in this cell, and gets its packets from now on. */
void roam_use_mac(struct roam *roam, struct replica_station *station, const struct tmip_mac *mac,
		  const struct roam_cell *cell, const char *how, uint64_t now_ms);
/* Tells the register which MAC the host uses. */
void roam_report_mac(struct roam *roam, const struct replica_station *station);
/*
 * Another MAC of the host than the one in use is in this cell: it has used the address (seen), or
 * is merely there (heard).
 */
void roam_other_seen(struct roam *roam, struct replica_station *station,
		     const struct tmip_mac *mac, const struct roam_cell *cell, const char *how,
		     uint64_t now_ms);
void roam_other_heard(struct roam *roam, struct replica_station *station,
		      const struct tmip_mac *mac, const struct roam_cell *cell, const char *how,
		      uint64_t now_ms);
/* Returns whether the host uses another MAC now. */
bool roam_change_asked(struct roam *roam, const struct tmip_addr *addr, enum roam_holder answer,
		       uint64_t now_ms);
/* The MAC in use, in a cell of this CN, is none of the host's any more: another one is there. */
void roam_mac_lost(struct roam *roam, struct replica_station *station);
/*
 * Asks in the cells of this CN for all MACs of the host, which has been lost where it was: what was
 * said of it before counts no more.
 */
void roam_look_for_macs(struct roam *roam, const struct replica_station *station);
/* The cell `from` has the ifindex `to` from now on. */
void roam_changes_move(struct roam *roam, unsigned from, unsigned to);
uint64_t roam_changes_due(const struct roam *roam); /* 0: none */
void roam_changes_tick(struct roam *roam, uint64_t now_ms);
void roam_changes_free(struct roam *roam);

/* ---- roam_view.c */

/*
 * The BPF programs have changed the station's map entry, so roam_update_entry must write it next
 * time even if it is the same. NULL: no such station.
 */
struct replica_station *roam_overtaken(struct roam *roam, const struct tmip_addr *addr);
/* The map has this entry of a former agent. */
void roam_show_adopted(struct roam *roam, struct replica_station *station,
		       const struct tmip_station *entry);
/* Writes the map entry if it changed. */
void roam_update_entry(struct roam *roam, struct replica_station *station);
/* Writes or deletes the map entry and updates the tunnels that are needed. */
void roam_refresh(struct roam *roam, struct replica_station *station);
void roam_refresh_all(struct roam *roam);
/* Deletes the map entry; the station needs no tunnel any more. */
void roam_hide(struct roam *roam, struct replica_station *station);
void roam_set_tunnel(struct roam *roam, struct replica_cn *cn, uint8_t tunnel);

/* A CN assigned the address while the register was down, and the register does not know it yet. */
static inline bool roam_is_local(const struct replica_station *station)
{
	return station->record.state == RECORD_BOUND && !station->record.version.epoch;
}

/* The milliseconds since the station came to this CN, for a report; 0: unknown. */
static inline uint32_t roam_age(const struct replica_station *station, uint64_t now_ms)
{
	uint64_t age = station->arrived_ms ? now_ms - station->arrived_ms : 0;

	return age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
}

/* ---- roam_local.c */

/* Reports the address to the register. */
void roam_report_local(struct roam *roam, struct replica_station *station, uint64_t now_ms);
/* The register answered roam_report_local with an error. May forget the station. */
void roam_local_refused(struct roam *roam, struct replica_station *station,
			const struct mlrp_message *message, uint64_t now_ms);
/* The cn_id of this CN was `former`, and is another now. */
void roam_renumber(struct roam *roam, uint32_t former);
/* Is the station bound by a newer record than this one, or by the map entry of a former agent? */
bool roam_is_newer(const struct replica_station *station, const struct station_record *record);
/* Is it this CN that reports the record, and does the register know its parent? */
bool roam_reports(const struct roam *roam, const struct replica_station *station);
/* The register has given this CN the number `id`. Frees a former entry of it. */
void roam_cn_named(struct roam *roam, const struct cn_info *info);
/*
 * The snapshot lacks the station. True: the register has lost it, and it is a record now that the
 * register does not know.
 */
bool roam_lose(struct roam *roam, struct replica_station *station, uint64_t now_ms);
/* Seconds that are left of the lease. */
uint32_t roam_lease_left(const struct roam *roam, const struct station_record *record,
			 uint64_t now_ms);
/* A sync has ended. May forget the station. */
void roam_sync_local(struct roam *roam, struct replica_station *station, uint64_t now_ms);

/* ---- roam_handover.c */

/* NULL: no memory. */
struct roam_attempt *roam_attempt_begin(struct roam *roam, struct replica_station *station,
					bool claim, uint64_t now_ms);
/*
 * The station was seen in this cell. `how` is for the log. Returns whether it has come to the cell
 * by that: it believes its gateway to be where that was before.
 */
bool roam_arrival(struct roam *roam, struct replica_station *station, const struct roam_cell *cell,
		  const char *how, uint64_t now_ms);
/* May a station bring this address of its own now? */
bool roam_claimable(const struct roam *roam, const struct tmip_addr *addr);
/* A MAC was seen in this cell with an address that no record assigns to it. */
void roam_claim(struct roam *roam, const struct tmip_addr *addr, const struct tmip_mac *mac,
		const struct roam_cell *cell, uint64_t now_ms);
/*
 * Claims the address of a station for another MAC, which is in this cell. `holder`: what was found
 * out about the station; 0: nothing. False: there is an attempt already, or no memory.
 */
bool roam_take_over(struct roam *roam, struct replica_station *station,
		    const struct tmip_mac *mac, unsigned ifindex, uint8_t holder, uint64_t now_ms);
/* Reports a move to this CN that the register does not know. */
void roam_report(struct roam *roam, struct replica_station *station, uint64_t now_ms);
/* Frees the attempt. */
void roam_attempt_end(struct roam *roam, struct roam_attempt *attempt);
/* MOVED_OK, or the ERROR that answers a MOVED, from the CN `from`. */
void roam_attempt_answered(struct roam *roam, uint32_t from, const struct mlrp_message *message);
/* The time of the attempt is over. Frees it and may forget the station. */
void roam_attempt_expire(struct roam *roam, struct roam_attempt *attempt, uint64_t now_ms);

#endif
