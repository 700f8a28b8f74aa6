/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a CN knows of the network: every station's record as the register committed it, what the CNs have agreed on
 * since (a move that the register has not confirmed yet), and the CNs themselves. Pure tables, found by address, by
 * MAC and by cn_id; the roaming machine (roam.h) decides what goes in.
 */
#ifndef TMIP_CORE_ROAM_REPLICA_H
#define TMIP_CORE_ROAM_REPLICA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tmip/maps.h>
#define HASH_NONFATAL_OOM 1 /* for every file that adds to these tables: no memory is an outcome, not the end */
#include <uthash.h>

#include "core/base/station.h"

struct roam_attempt;

struct replica_station {
	struct station_record record; /* the last committed one; state 0: none yet, only its addr and mac count; version 0.0: a
				       * CN gave the address out while the register was away */
	uint64_t arrived_ms;          /* when it came to this CN, as far as the register was not told; 0: not known */
	uint32_t moved_to;            /* cn_id where the CNs say it is; 0: where the record says */
	bool moved_old;               /* it was told while the register was away */
	uint64_t moved_ms;            /* when that move was told or begun */
	uint64_t deadline_ms;         /* end of a move that nobody confirmed, or of a refusal; 0: none */
	uint32_t ifindex;             /* cell of this CN that it was last seen in; 0: none */
	uint64_t quiet_until_ms;      /* damped: this CN does not ask for it before, unless a new record comes */
	uint64_t conflict_ms;         /* when another MAC with its address was last told of; 0: never */
	uint32_t silent_at;           /* cn_id of the CN whose cell it has left, as far as is known; 0: none. Void when it is elsewhere */
	uint32_t renewed;             /* lease in seconds that the register must still be told; 0: none */
	bool refused;                 /* the register will not have it: its frames are dropped until the deadline */
	bool held;                    /* its packets are held here */
	bool stale;                   /* not yet named by the snapshot that is arriving */

	bool adopted;                 /* `kernel` is the map entry of a former agent; there is no record yet */
	bool shown;                   /* `kernel` is in the map */
	bool overtaken;               /* the programs have changed the map's entry since */
	struct tmip_station kernel;
	uint32_t tunnel_cn;           /* cn_id of the CN whose tunnel it needs; 0: none */

	struct roam_attempt *attempt; /* the handover or claim of this CN that is under way, or NULL */
	struct replica_station *mac_prev, *mac_next; /* others with the same MAC */
	struct replica_station *due_prev, *due_next; /* those with a deadline, soonest first */
	UT_hash_handle hh;
};

struct replica_cn {
	struct cn_info info;
	uint32_t stations; /* that need the tunnel to it */
	uint8_t tunnel;    /* enum tmip_tunnel */
	bool stale;        /* not yet named by the register since it is back */
	UT_hash_handle hh;
};

struct replica_mac; /* head of the list of one MAC */

struct replica {
	struct replica_station *stations;
	struct replica_mac *macs;
	struct replica_cn *cns;
	unsigned stations_max, cns_max;
};

void replica_init(struct replica *replica, unsigned stations_max, unsigned cns_max);
void replica_free(struct replica *replica); /* the attempts are not the replica's */

struct replica_station *replica_find(const struct replica *replica, const struct tmip_addr *addr);
/* The first station with this MAC; the rest follow in mac_next. */
struct replica_station *replica_find_mac(const struct replica *replica, const struct tmip_mac *mac);
/* A new station with this addr and mac, else empty. NULL: the table is full or there is no memory. */
struct replica_station *replica_add(struct replica *replica, const struct tmip_addr *addr,
				    const struct tmip_mac *mac);
int replica_set_mac(struct replica *replica, struct replica_station *station, const struct tmip_mac *mac); /* 0 or -ENOMEM */
void replica_remove(struct replica *replica, struct replica_station *station);

struct replica_cn *replica_find_cn(const struct replica *replica, uint32_t id);
struct replica_cn *replica_find_cn_tunnel(const struct replica *replica,
					  const struct tmip_addr *tunnel);
struct replica_cn *replica_put_cn(struct replica *replica, const struct cn_info *info); /* NULL as above */
void replica_remove_cn(struct replica *replica, struct replica_cn *cn);
/* The cell whose subnet holds addr, and (if not NULL) its CN. NULL: none. */
const struct cell_info *replica_find_cell(const struct replica *replica,
					  const struct tmip_addr *addr,
					  const struct replica_cn **cn);

/* Where the station is, as far as the CNs have agreed. */
static inline uint32_t replica_current(const struct replica_station *station)
{
	return station->moved_to ? station->moved_to : station->record.current;
}

/* It has left the cell that it was in, and has appeared in no other. */
static inline bool replica_silent(const struct replica_station *station)
{
	return station->silent_at && station->silent_at == replica_current(station);
}

#endif
