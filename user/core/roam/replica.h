/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The replica: what a CN knows of the network. It has the record of every station as the register
 * committed it, the moves that the CNs have agreed on since and the register has not confirmed yet,
 * and the CNs. Pure tables with look-ups by address, by MAC and by cn_id. The roaming machine
 * (roam.h) decides about their contents. Times are milliseconds of CLOCK_MONOTONIC.
 */
#ifndef TMIP_CORE_ROAM_REPLICA_H
#define TMIP_CORE_ROAM_REPLICA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tmip/maps.h>
#define HASH_NONFATAL_OOM 1 /* in every file that adds to these tables: no memory is an error */
#include <uthash.h>

#include "core/base/station.h"

struct roam_attempt;
struct replica_other; /* another MAC of a station */

struct replica_station {
	/*
	 * The last committed record. State 0: there is none yet, only addr and mac are valid.
	 * Version 0.0: a CN assigned the address while the register was down.
	 */
	struct station_record record;
	uint64_t arrived_ms;     /* when it came to this CN, for reports of moves; 0: unknown */
	uint32_t moved_to;       /* cn_id of a move not confirmed yet; 0: the record counts */
	bool moved_asked;        /* the CN of that move is asked whether it has the station, */
	bool moved_reported;     /* and has been, and the register heard of it */
	bool moved_old;          /* that move is older than the end of the last sync */
	uint64_t moved_ms;       /* when this CN began a move, or another notified one or its end */
	uint64_t deadline_ms;    /* end of a move not confirmed, or of a refusal; 0: none */
	uint32_t ifindex;        /* the cell of this CN that it was last seen in; 0: none */
	uint64_t quiet_until_ms; /* damped: no handover to this CN before, unless a record comes */
	uint64_t conflict_ms;    /* when another MAC with its address was last logged; 0: never */
	/*
	 * A host with several MACs: the one that it uses at the CN used_at, if that is not the one
	 * that the record names first; see replica_mac. And since when, and how long it keeps it.
	 */
	struct tmip_mac used;
	uint32_t used_at;
	uint64_t used_ms;
	uint32_t keep_ms;
	bool contested;          /* the one before has gone on sending */
	uint32_t before;         /* cn_id where it was before; 0: unknown */
	uint32_t asker;          /* that asked last whether the host is here; 0: none */
	uint32_t silent_at;      /* cn_id whose cell it has left; see replica_silent. 0: none */
	uint32_t renewed;        /* seconds of a lease to report to the register; 0: none */
	bool refused;            /* by the register: its frames are dropped until deadline_ms */
	bool held;               /* this CN holds its packets */
	bool stale;              /* the snapshot that is arriving has not named it yet */
	bool lost;               /* the register has lost this record; it has version 0.0 now, */
	struct version lost_version; /* and had this one */

	bool adopted;            /* `kernel` is the map entry of a former agent; no record yet */
	bool shown;              /* `kernel` is in the map */
	bool macs_changed;       /* the map does not have the MACs of the record yet */
	bool overtaken;          /* the BPF programs have changed the map entry since */
	struct tmip_station kernel;
	uint32_t tunnel_cn;      /* cn_id of the CN whose tunnel it needs; 0: none */

	struct roam_attempt *attempt; /* this CN's handover or claim under way, or NULL */
	struct replica_station *mac_prev, *mac_next; /* the stations with the same record.mac */
	struct replica_other *others; /* the other MACs */
	struct replica_station *due_prev, *due_next; /* stations with a deadline, soonest first */
	bool elsewhere;          /* not in the list `near` of the replica */
	struct replica_station *near_prev, *near_next;
	uint64_t number;         /* grows from station to station, as they are added */
	uint8_t counted;         /* by roam_count, in this state, from 1; 0: it is not shown */
	bool counted_silent;
	UT_hash_handle hh;       /* by record.addr */
};

struct replica_cn {
	struct cn_info info;
	uint32_t stations; /* that need the tunnel to it */
	uint8_t tunnel;    /* enum tmip_tunnel */
	bool stale;        /* the register has not named it since the last connection came up */
	bool kept;         /* the register has lost it, and it has not come back there yet */
	UT_hash_handle hh; /* by info.id */
};

#define REPLICA_FORMER 32

struct replica_mac; /* the head of the list of stations with one MAC */

struct replica {
	struct replica_station *stations;
	/*
	 * Those that this CN has to do with: all except the stations that other CNs have. There may
	 * be few of them in a big network, and walking costs as much. In no order.
	 */
	struct replica_station *near;
	unsigned near_count;
	uint64_t last_number;
	struct replica_mac *macs;
	struct replica_cn *cns;
	unsigned stations_max, cns_max;
	/* Subnets that were cells until now: the last ones, the oldest is overwritten. */
	struct {
		struct prefix subnet;
		struct tmip_addr gateway;
	} former[REPLICA_FORMER];
	unsigned former_next;
};

void replica_init(struct replica *replica, unsigned stations_max, unsigned cns_max);
/* Frees all stations and CNs, not their attempts: those are the roaming machine's. */
void replica_free(struct replica *replica);

/* Look-ups return NULL if there is no match. */
struct replica_station *replica_find(const struct replica *replica, const struct tmip_addr *addr);
/*
 * Return the stations with this MAC, be it their first or another one: the first such station, and
 * the one after `station`.
 */
struct replica_station *replica_find_mac(const struct replica *replica, const struct tmip_mac *mac);
struct replica_station *replica_next_mac(const struct replica *replica, const struct tmip_mac *mac,
					 const struct replica_station *station);
/*
 * Adds a station with this addr and mac and nothing else. The address must be new. NULL: the table
 * is full, or no memory.
 */
struct replica_station *replica_add(struct replica *replica, const struct tmip_addr *addr,
				    const struct tmip_mac *mac);
/*
 * The station is to be found by all MACs of that record, which the caller stores. Sets record.mac.
 * Returns 0, or -ENOMEM, and the first MAC is unchanged. If there is no memory for another MAC, the
 * station is not found by that one.
 */
int replica_set_macs(struct replica *replica, struct replica_station *station,
		     const struct station_record *record);
/* Is it a station that other CNs have? replica_add: no. */
void replica_set_elsewhere(struct replica *replica, struct replica_station *station,
			   bool elsewhere);
/* Frees the station. Its attempt must have ended, and no list may have its deadline any more. */
void replica_remove(struct replica *replica, struct replica_station *station);

struct replica_cn *replica_find_cn(const struct replica *replica, uint32_t id);
struct replica_cn *replica_find_cn_tunnel(const struct replica *replica,
					  const struct tmip_addr *tunnel);
/* Adds a CN or updates the one with this id. NULL: the table is full, or no memory. */
struct replica_cn *replica_put_cn(struct replica *replica, const struct cn_info *info);
void replica_remove_cn(struct replica *replica, struct replica_cn *cn);
/* Returns the cell whose subnet contains addr, and sets *cn to its CN unless `cn` is NULL. */
const struct cell_info *replica_find_cell(const struct replica *replica,
					  const struct tmip_addr *addr,
					  const struct replica_cn **cn);

/* A CN has this cell no more. */
void replica_note_former(struct replica *replica, const struct prefix *subnet,
			 const struct tmip_addr *gateway);
/* The gateway of the cell that last contained addr and is gone; NULL: none that is known. */
const struct tmip_addr *replica_former_gateway(const struct replica *replica,
					       const struct tmip_addr *addr);

/* The cn_id of the CN where the station is, as far as this CN knows; 0: not seen yet. */
static inline uint32_t replica_current(const struct replica_station *station)
{
	return station->moved_to ? station->moved_to : station->record.current;
}

/* The MAC by which the station gets its packets. */
static inline const struct tmip_mac *replica_mac(const struct replica_station *station)
{
	bool known = station->used_at && station->used_at == replica_current(station);

	return known && station_has_mac(&station->record, &station->used) ? &station->used :
									    &station->record.mac;
}

/* Is it another MAC of the host than the one by which it gets its packets? */
static inline bool replica_is_other_mac(const struct replica_station *station,
					const struct tmip_mac *mac)
{
	return station_has_mac(&station->record, mac) && !mac_equal(replica_mac(station), mac);
}

/* Returns whether the station has left the cell that it was in and has appeared in no other. */
static inline bool replica_silent(const struct replica_station *station)
{
	return station->silent_at && station->silent_at == replica_current(station);
}

#endif
