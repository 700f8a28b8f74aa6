/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The roaming machine of a CN: what was seen in the cells, what the register commits and what the other CNs say go
 * in; map entries, messages and the roaming log come out as actions. Pure: time is passed in (milliseconds of any
 * steady clock), every effect leaves through the `act` callback, in the order in which it must be carried out.
 *
 * A handover, seen from the new CN: known station seen here -> overlay "it is here" (the map entry changes at once)
 * -> MOVED to the parent and the previous CN, HANDOVER to the register, in parallel -> the register's answer carries
 * the new version and ends the overlay. Refused, or no answer in time while the register is reachable: ABORT, and all
 * fall back to the record. While the register is away overlays last, and are reported when it is back.
 */
#ifndef TMIP_CORE_ROAM_ROAM_H
#define TMIP_CORE_ROAM_ROAM_H

#include <tmip/event.h>

#include "core/base/level.h"
#include "core/mlrp/mlrp.h"
#include "replica.h"

#define ROAM_TEXT 224

struct roam;

enum roam_action_type {
	ROAM_PUT = 1,     /* addr, station: this is the map entry now; ROAM_DELETE: it has none */
	ROAM_DELETE,
	ROAM_TO_REGISTER, /* message; its transaction has ROAM_TRANSACTION set */
	ROAM_TO_CN,       /* cn, message */
	ROAM_CN,          /* cn: its tunnel's type or number of stations changed */
	ROAM_ANNOUNCE,    /* addr, mac, ifindex: gratuitous ARP in that cell (RFC 5944, 4.6) */
	ROAM_GONE,        /* mac, ifindex: it was in that cell until now, and is elsewhere */
	ROAM_PROBE,       /* cn, message: that CN asks whether the station with this addr and mac is still in a cell of this CN */
	ROAM_RECALL,      /* addr, mac, ifindex: it may still be in that cell; if it answers when it is asked, it is */
	ROAM_GREET,       /* addr: the station has just associated: its gateway asks it for its MAC, and so tells it its own */
	ROAM_DUE,         /* the machine's next deadline changed: see roam_next_due() */
	ROAM_LOG,        /* level, text; mac and addr say whose trail it belongs to (either may be zero) */
};

struct roam_action {
	enum roam_action_type type;
	struct tmip_addr addr;
	struct tmip_mac mac;
	unsigned ifindex;
	uint32_t cn;
	enum log_level level;
	const struct tmip_station *station;
	const struct mlrp_message *message;
	const char *text;
};

typedef void roam_act(const struct roam_action *action, void *arg);

struct roam_options {
	unsigned stations_max;
	unsigned cns_max;
	unsigned timeout_ms;     /* of a handover */
	unsigned back_ms;        /* how much later than this one another CN may be back at the register, and report */
	unsigned refused_ms;     /* how long a refused claim is not repeated */
	bool accept_static;      /* stations that bring an address of their own */
	bool hold;               /* packets for stations that have left are held (see roam_hold) */
};

/* Transactions of the machine's own requests have this bit; others are free for whoever shares the register's link. */
#define ROAM_TRANSACTION 0x80000000u

struct roam_counts {
	unsigned stations[TMIP_STATION_BLOCKED + 1]; /* by enum tmip_station_state; [0]: all that are bound */
	unsigned pending;   /* handovers and claims under way */
	uint64_t completed; /* handovers into this CN that the register committed */
	uint64_t refused;
	uint64_t undone;    /* the register did not answer in time */
	uint64_t conflicts; /* a station's address was used with another MAC */
	unsigned silent;    /* stations that have left a cell of this CN and are nowhere else yet */
	uint64_t damped;    /* of those refused: the station moves too often */
	uint64_t overflow;  /* a record or claim that found the table full */
};

struct roam *roam_create(const struct roam_options *options, roam_act *act, void *arg);
void roam_destroy(struct roam *roam);
void roam_set_options(struct roam *roam, const struct roam_options *options);

/* This CN and its cells. The map entries of all stations follow. */
void roam_set_self(struct roam *roam, uint32_t cn_id);
int roam_put_cell(struct roam *roam, unsigned ifindex, const char *name, const struct prefix *subnet); /* 0, -ENOSPC */
void roam_remove_cell(struct roam *roam, unsigned ifindex);

/* MLRP_CN and our own description. -ENOSPC: more CNs than cns_max. A CN that is `gone` is removed. */
int roam_put_cn(struct roam *roam, const struct cn_info *info);

/* The register names all CNs anew: until it does, the others are marked `stale` in the replica. */
void roam_expect_cns(struct roam *roam);

/* A frame that the map does not show in this cell (TMIP_EVENT_SEEN, or ARRIVED: by now it does) or that used a station's address with another MAC. */
void roam_seen(struct roam *roam, const struct tmip_event *event, uint64_t now_ms);
void roam_conflict(struct roam *roam, const struct tmip_event *event, uint64_t now_ms);
/* A CN sent a packet for a station that is not here (TMIP_EVENT_STALE): it is told where the station is. */
void roam_stale(struct roam *roam, const struct tmip_event *event);
/* A station of ours is with another CN, and the map says so already (TMIP_EVENT_FOLLOWED). */
void roam_followed(struct roam *roam, const struct tmip_event *event, uint64_t now_ms);

/* A committed record. ifindex: the cell of this CN that the station is in, if the caller knows; else 0. */
void roam_record(struct roam *roam, const struct station_record *record, unsigned ifindex,
		 uint64_t now_ms);
/* The answer of the register to one of the machine's requests (MLRP_STATION or MLRP_ERROR). */
void roam_register_answer(struct roam *roam, const struct mlrp_message *message, uint64_t now_ms);
/* The snapshot or delta: records arrive between the two calls; moves and leases not reported yet are reported at its end. */
void roam_sync_start(struct roam *roam, bool full);
void roam_sync_end(struct roam *roam, uint64_t now_ms);
void roam_register_lost(struct roam *roam);

/* MOVED, MOVED_OK, ABORT, TUNNEL_CLOSE, or the ERROR to a MOVED, from the CN `from`. */
void roam_cn_message(struct roam *roam, uint32_t from, const struct mlrp_message *message,
		     uint64_t now_ms);

/* Has it left the cell of this CN that it was in? By an address, because it does not answer, or by a MAC, because the link
 * layer says so; its next frame proves the contrary. With options.hold its packets are held from then on. The number of
 * stations that were there until now. */
unsigned roam_silent(struct roam *roam, const struct tmip_addr *addr, const char *how);
/* ifindex: the cell that it left; 0: whichever it was in. */
unsigned roam_departed(struct roam *roam, const struct tmip_mac *mac, unsigned ifindex);
/* The link layer has let it in, in that cell: as if a frame of it had been heard. Not if it is in another cell of this CN: an access point
 * names its own device, also for a station that it has put into a VLAN; frames tell better. */
void roam_associated(struct roam *roam, const struct tmip_mac *mac, unsigned ifindex,
		     const char *how, uint64_t now_ms);
/* The holding of its packets is over: nothing waits any more, or it was given up. */
void roam_unhold(struct roam *roam, const struct tmip_addr *addr);

/* A lease renewed while the register could not be told. */
void roam_renewed(struct roam *roam, const struct tmip_addr *addr, uint32_t lease,
		  uint64_t lease_end);

/* A map entry of a former agent. It stands as it is until the register's record replaces it or its snapshot leaves it out. */
void roam_adopt(struct roam *roam, const struct tmip_addr *addr,
		const struct tmip_station *station);

/*
 * An address of this CN's block, given out while the register is away: served at once, told to all CNs, and reported at the
 * end of the next snapshot. -EEXIST: the register's record of it is known; -EAGAIN: the number of this CN is not; -ENOSPC.
 */
int roam_local(struct roam *roam, const struct station_record *record, uint32_t lease,
	       unsigned ifindex, uint64_t now_ms);
void roam_withdraw(struct roam *roam, const struct tmip_addr *addr); /* it was given back, or declined */
void roam_cn_up(struct roam *roam, uint32_t id);                     /* a connection with that CN has come up */
/* The register is away at the start, the CNs are known: map entries of a former agent count as records. */
void roam_trust_adopted(struct roam *roam, uint64_t now_ms);

/* Carries out what is due. The time of the next call in ms, or 0: nothing waits. */
uint64_t roam_tick(struct roam *roam, uint64_t now_ms);
uint64_t roam_next_due(const struct roam *roam);

const struct replica *roam_replica(const struct roam *roam);
uint32_t roam_self(const struct roam *roam);
void roam_count(const struct roam *roam, struct roam_counts *counts);
unsigned roam_pending(const struct roam *roam); /* handovers and claims under way */

#endif
