/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the roaming machine share: roam.c (life, sightings, time), roam_record.c (what the register says),
 * roam_peer.c (what other CNs say), roam_handover.c (handovers and claims of this CN), roam_local.c (records that the
 * register does not know yet), roam_view.c (record -> map entry, tunnels). Nobody else includes it.
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

/* A request of this CN about one station that the register has not answered yet. */
struct roam_attempt {
	struct replica_station *station;
	uint32_t transaction;  /* of the request to the register and of the MOVED messages */
	bool claim;            /* of an address that the register does not know yet, not a handover */
	unsigned ifindex;      /* of a claim: the cell where the claimant was seen */
	bool registered;       /* the register has answered */
	uint64_t started_ms;
	struct {
		uint32_t cn;
		bool waiting;
	} told[2];             /* parent, previous CN; cn 0: none */
	UT_hash_handle hh;     /* by transaction */
};

struct roam {
	struct roam_options options;
	roam_act *act;
	void *arg;
	uint32_t self;
	bool register_ready; /* connected and in step */
	bool sync_full;
	struct replica replica;
	struct roam_cell cells[CN_CELLS_MAX];
	struct roam_attempt *attempts;
	struct replica_station *due;
	uint32_t next_transaction;
	struct roam_counts counts; /* the counters; counts of stations are made when asked for */
};

/* roam.c */
__attribute__((format(printf, 4, 5))) void roam_log(struct roam *roam, int level,
						    const struct replica_station *station,
						    const char *format, ...);
const struct roam_cell *roam_find_cell(const struct roam *roam, unsigned ifindex);
const char *roam_cn_name(const struct roam *roam, uint32_t id); /* for the log */
void roam_arm(struct roam *roam, struct replica_station *station, uint64_t deadline_ms); /* 0: disarm */
void roam_forget(struct roam *roam, struct replica_station *station);
void roam_send_register(struct roam *roam, struct mlrp_message *message);
void roam_send_cn(struct roam *roam, uint32_t cn, const struct mlrp_message *message);
void roam_notify_parent(struct roam *roam, const struct replica_station *station, uint8_t type); /* DEPARTED, RETURNED: to its parent */

/* roam_view.c */
/* The programs have changed its map entry; the next time it is shown it is written, the same or not. NULL: no such station. */
struct replica_station *roam_overtaken(struct roam *roam, const struct tmip_addr *addr);
void roam_update_entry(struct roam *roam, struct replica_station *station);    /* brings the map entry up to date */
void roam_refresh(struct roam *roam, struct replica_station *station); /* and tunnel counts; takes out what must not be there */
void roam_refresh_all(struct roam *roam);
void roam_hide(struct roam *roam, struct replica_station *station);    /* takes the map entry out */
void roam_set_tunnel(struct roam *roam, struct replica_cn *cn, uint8_t tunnel);

/* Given out by a CN while the register was away, which does not know of it yet. */
static inline bool roam_is_local(const struct replica_station *station)
{
	return station->record.state == RECORD_BOUND && !station->record.version.epoch;
}

static inline uint32_t roam_age(const struct replica_station *station, uint64_t now_ms)
{
	uint64_t age = station->arrived_ms ? now_ms - station->arrived_ms : 0;

	return age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
}

/* roam_local.c */
void roam_report_local(struct roam *roam, struct replica_station *station, uint64_t now_ms);
void roam_local_refused(struct roam *roam, struct replica_station *station,
			const struct mlrp_message *message, uint64_t now_ms);
/* This CN had the number `former`. */
void roam_renumber(struct roam *roam, uint32_t former);
void roam_sync_local(struct roam *roam, struct replica_station *station, uint64_t now_ms); /* may forget it */

/* roam_handover.c */
struct roam_attempt *roam_attempt_begin(struct roam *roam, struct replica_station *station,
					bool claim, uint64_t now_ms);
void roam_arrival(struct roam *roam, struct replica_station *station, const struct roam_cell *cell,
		  const char *how, uint64_t now_ms);
void roam_claim(struct roam *roam, const struct tmip_addr *addr, const struct tmip_mac *mac,
		const struct roam_cell *cell, uint64_t now_ms);
void roam_report(struct roam *roam, struct replica_station *station, uint64_t now_ms); /* a move the register does not know */
void roam_attempt_end(struct roam *roam, struct roam_attempt *attempt);
/* MOVED_OK, or ERROR to a MOVED, from the CN `from`. */
void roam_attempt_answered(struct roam *roam, uint32_t from, const struct mlrp_message *message);
void roam_attempt_expire(struct roam *roam, struct roam_attempt *attempt, uint64_t now_ms); /* may forget the station */

#endif
