/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The roaming machine of a CN. Its inputs are the stations seen in the cells, the records of the
 * register and the messages of other CNs; its outputs are actions: map entries, messages and the
 * lines of the roaming log. Pure: the caller passes the time in milliseconds of CLOCK_MONOTONIC,
 * and every action leaves through the callback `act`, in the order in which the caller must apply
 * them.
 *
 * A handover at the new CN: this CN sees a known station in a cell. It moves the station here
 * tentatively: the map entry changes at once. It sends MOVED to the parent and the previous CN and,
 * in parallel, HANDOVER to the register. The register's answer has a new version of the record,
 * which ends the tentative move. If the register refuses, or is connected and does not answer in
 * time, this CN sends ABORT to the other two, and the record counts again at all three. While the
 * register is down tentative moves stand; this CN reports them when the register is back.
 */
#ifndef TMIP_CORE_ROAM_ROAM_H
#define TMIP_CORE_ROAM_ROAM_H

#include <tmip/event.h>

#include "core/base/level.h"
#include "core/mlrp/mlrp.h"
#include "replica.h"

#define ROAM_TEXT 224 /* bytes of a line of the roaming log, with the NUL */

struct roam;

/* What the caller must do, with the members of struct roam_action that say it. */
enum roam_action_type {
	ROAM_PUT = 1,       /* addr, station: write this map entry */
	ROAM_DELETE,        /* addr: delete the map entry, and that of its MACs */
	ROAM_MACS,          /* addr, record: the MACs that the station has */
	ROAM_TO_REGISTER,   /* message: send it; its transaction has the bit ROAM_TRANSACTION */
	ROAM_TO_CN,         /* cn, message: send it */
	ROAM_CN,            /* cn: its tunnel's type, or the number of its stations, changed */
	/*
	 * addr, mac, ifindex: gratuitous ARP (RFC 5944, 4.6). mac 0: own, for a station that has
	 * left this cell, unless it is back.
	 */
	ROAM_ANNOUNCE,
	/*
	 * addr, mac, ifindex, holder: tell this MAC by ARP that it must not use the address, which
	 * is at `holder` (RFC 5227, 2.4); holder 0: own
	 */
	ROAM_DEFEND,
	/* addr, mac, ifindex: the kernel's neighbour entry, if there is one, gets this MAC */
	ROAM_NEIGHBOUR,
	/* addr: is the station that has it still there? roam_holder_asked takes the answer */
	ROAM_ASK_HOLDER,
	/*
	 * addr, cn: the station has come to this CN; the programs of that CN shall know, unless its
	 * agent answers soon (ROAM_CN_TOLD)
	 */
	ROAM_TELL_CN,
	ROAM_CN_TOLD,       /* addr, cn: the agent there has answered MOVED */
	/* addr, cn: do that CN's programs have the station? roam_cn_asked takes the answer */
	ROAM_ASK_CN,
	ROAM_GONE,          /* mac, ifindex: the station has left this cell and is elsewhere */
	ROAM_CHECK_ADDRESS, /* cn, message: answer that CN's PROBE about a station of this CN */
	ROAM_PROBE_STATION, /* addr, mac, ifindex: probe it: it may be in this cell */
	/*
	 * addr, joining: the station has just come to its cell, or got the address. Probe it by
	 * ARP in the name of its gateway: from the question it learns the gateway's MAC.
	 */
	ROAM_GREET,
	ROAM_DUE,         /* the next deadline changed: see roam_next_due() */
	ROAM_LOG,         /* level, text; mac, addr: the station in question, either may be zero */
};

/* Everything that it points to is valid only during the callback. */
struct roam_action {
	enum roam_action_type type;
	struct tmip_addr addr;
	struct tmip_mac mac, holder;
	unsigned ifindex;
	uint32_t cn;          /* cn_id */
	bool joining;         /* only the link layer has seen it: it may not hear yet */
	enum log_level level;
	const struct tmip_station *station;
	const struct station_record *record;
	const struct mlrp_message *message;
	const char *text;
};

typedef void roam_act(const struct roam_action *action, void *arg);

struct roam_options {
	unsigned stations_max;
	unsigned cns_max;
	unsigned timeout_ms;     /* of a handover or claim */
	unsigned back_ms;        /* another CN may connect to the register so much later */
	unsigned refused_ms;     /* how long this CN does not repeat a refused claim */
	unsigned lease_s;        /* the longest lease, for stations whose lease nobody knows */
	bool accept_static;      /* accept stations with a static address */
	bool hold;               /* hold packets for stations that have left (see roam_unhold) */
};

/* The machine's own requests have this bit in the transaction; other requests must not have it. */
#define ROAM_TRANSACTION 0x80000000u

struct roam_counts {
	/* Now, by enum tmip_station_state; [0]: all except BLOCKED. */
	unsigned stations[TMIP_STATION_BLOCKED + 1];
	unsigned pending;   /* now: handovers and claims under way */
	uint64_t completed; /* handovers to this CN that the register committed */
	uint64_t refused;   /* handovers and claims that the register refused */
	uint64_t undone;    /* handovers and claims that the register did not answer in time */
	uint64_t conflicts; /* uses of a station's address by another MAC */
	uint64_t taken;     /* addresses whose holder was mute and that went to a MAC here */
	uint64_t defended;  /* ARP packets that told a MAC whose address it uses */
	unsigned silent;    /* now: stations that have left their cell and are in no other yet */
	uint64_t damped;    /* of `refused`: the station moves too often */
	uint64_t overflow;  /* records and requests that found a table full, or no memory */
};

/* NULL: no memory. */
struct roam *roam_create(const struct roam_options *options, roam_act *act, void *arg);
/* Calls no callback. NULL is allowed. */
void roam_destroy(struct roam *roam);
void roam_set_options(struct roam *roam, const struct roam_options *options);

/* This CN and its cells. A change updates the map entries of all stations. */
void roam_set_self(struct roam *roam, uint32_t cn_id);
/* Adds a cell or updates the one with this ifindex. Returns 0, or -ENOSPC: CN_CELLS_MAX. */
int roam_put_cell(struct roam *roam, unsigned ifindex, const char *name,
		  const struct prefix *subnet);
void roam_remove_cell(struct roam *roam, unsigned ifindex);
/*
 * The cell has another interface now, perhaps since a former agent had it; its stations stay in
 * it.
 */
void roam_move_cell(struct roam *roam, unsigned from, unsigned to);
/*
 * The cell has another MAC now, or is back: announces to its hosts where its stations are that are
 * elsewhere, and to its guests where their gateways are.
 */
void roam_announce_cell(struct roam *roam, unsigned ifindex);

struct roam_users {
	unsigned away;   /* stations of the cell's subnet that are elsewhere */
	unsigned guests; /* stations of other subnets that are in the cell */
};

/* Who depends on the cell, apart from the stations at home in it. */
struct roam_users roam_cell_users(const struct roam *roam, unsigned ifindex);

/*
 * The description in an MLRP_CN, or that of this CN. A CN that is `gone` is removed. Returns 0, or
 * -ENOSPC: more CNs than cns_max, or no memory.
 */
int roam_put_cn(struct roam *roam, const struct cn_info *info);

/* A subnet that was a cell of the network until now: clients may still renew at its gateway. */
void roam_note_former(struct roam *roam, const struct prefix *subnet,
		      const struct tmip_addr *gateway);

/* The register will name all CNs again. Marks the others `stale` in the replica until it does. */
void roam_expect_cns(struct roam *roam);
/* It has lost its memory: the CNs that it has not named yet stay until they are back there. */
void roam_keep_cns(struct roam *roam);
/*
 * The register's clock, by which lease_end counts, above CLOCK_MONOTONIC. Another register, or one
 * that has lost its memory, may have another clock: the ends of all leases move with it.
 */
void roam_set_clock(struct roam *roam, int64_t ahead_ms);

/*
 * A frame of a station that the map did not show in this cell (TMIP_EVENT_SEEN), or does only since
 * this frame (TMIP_EVENT_ARRIVED).
 */
void roam_seen(struct roam *roam, const struct tmip_event *event, uint64_t now_ms);
/*
 * A question by ARP from a MAC that names addr as its own and has no such station
 * (TMIP_EVENT_ASKED). A question is no use of the address: this CN asks the MAC for it, and its
 * answer is one.
 */
void roam_asked(struct roam *roam, const struct tmip_event *event);
/*
 * A frame with the address of a station and another MAC. This CN asks whether the station still
 * answers; if it is mute, the address goes to the other MAC. See roam_rival.c.
 */
void roam_conflict(struct roam *roam, const struct tmip_event *event, uint64_t now_ms);
enum roam_holder {
	ROAM_HOLDER_THERE = 1,
	ROAM_HOLDER_MUTE,
	ROAM_HOLDER_UNKNOWN,     /* its CN has no agent now, but goes on forwarding */
	ROAM_HOLDER_UNREACHABLE, /* nothing comes back from its CN */
	ROAM_HOLDER_SAME,        /* it is the same host as the MAC that asks (address_check.h) */
};

/* The answer to ROAM_ASK_HOLDER, of the station that had this MAC when it was asked. */
void roam_holder_asked(struct roam *roam, const struct tmip_addr *addr, const struct tmip_mac *mac,
		       enum roam_holder answer, uint64_t now_ms);
/* A MAC of the host that is not in use has answered by ARP (TMIP_EVENT_ANSWERED). */
void roam_answered(struct roam *roam, const struct tmip_event *event, uint64_t now_ms);
/*
 * The MAC in use does not answer: asks for the host by all its MACs, where they may be. The answers
 * come by roam_answered. Does nothing for a station with one MAC.
 */
void roam_search(struct roam *roam, const struct tmip_addr *addr);
/*
 * A CN sent a packet for a station that is not here (TMIP_EVENT_STALE). Notifies that CN of the
 * place of the station.
 */
void roam_stale(struct roam *roam, const struct tmip_event *event);
/* A station is at another CN, and the map shows it already (TMIP_EVENT_FOLLOWED). */
void roam_followed(struct roam *roam, const struct tmip_event *event, uint64_t now_ms);

/* The answer to ROAM_ASK_CN. No answer counts as no after a while. */
void roam_cn_asked(struct roam *roam, const struct tmip_addr *addr, uint32_t cn, bool there,
		   uint64_t now_ms);

/* A committed record. ifindex: the cell of this CN that the station is in; 0: unknown. */
void roam_record(struct roam *roam, const struct station_record *record, unsigned ifindex,
		 uint64_t now_ms);
/* The register's answer (MLRP_STATION or MLRP_ERROR) to a request of the machine. */
void roam_register_answer(struct roam *roam, const struct mlrp_message *message, uint64_t now_ms);
/*
 * What a snapshot lacks, or has in an older state than this CN, the register has lost: the parent
 * and the CN that has the station keep such a record and report it as it was.
 *
 * A sync: between the two calls the caller passes the records of the snapshot (full) or delta to
 * roam_record. At its end the machine reports its unreported moves and leases to the register.
 */
void roam_sync_start(struct roam *roam, bool full);
/* Before its end: does the snapshot lack a record that this CN has? */
bool roam_sync_lacks(const struct roam *roam);
void roam_sync_end(struct roam *roam, uint64_t now_ms);
/* The register is down. */
void roam_register_lost(struct roam *roam);

/* Any message of MLRP between CNs, or the ERROR that answers a MOVED, from the CN `from`. */
void roam_cn_message(struct roam *roam, uint32_t from, const struct mlrp_message *message,
		     uint64_t now_ms);

/*
 * The station has left the cell of this CN that it was in: roam_silent, since it answers no probe,
 * or roam_departed, since the link layer says so. Its next frame ends the silence. With
 * options.hold this CN holds its packets from now on. `how` is for the log. Both return the number
 * of stations that were in a cell until now.
 */
unsigned roam_silent(struct roam *roam, const struct tmip_addr *addr, const char *how);
/* ifindex: only if the station was in this cell; 0: in any cell. */
unsigned roam_departed(struct roam *roam, const struct tmip_mac *mac, unsigned ifindex);
/*
 * The link layer has admitted the station to this cell, which counts as a frame of it. It does not
 * count if the station is in another cell of this CN: an access point names its own device also for
 * a station in a VLAN of it, so the cell of the station's frames is the right one.
 */
void roam_associated(struct roam *roam, const struct tmip_mac *mac, unsigned ifindex,
		     const char *how, uint64_t now_ms);
/* The caller holds no packets of the station any more. */
void roam_unhold(struct roam *roam, const struct tmip_addr *addr);

/*
 * This CN has renewed a lease (in seconds, lease_end in Unix time) while the register was down. The
 * machine reports it later.
 */
void roam_renewed(struct roam *roam, const struct tmip_addr *addr, uint32_t lease,
		  uint64_t lease_end);

/*
 * Adopts a map entry of a former agent. The entry stands until a record of the register replaces
 * it, or a snapshot does not name it.
 */
void roam_adopt(struct roam *roam, const struct tmip_addr *addr,
		const struct tmip_station *station);
/* The same of the MACs of a host that has several, after roam_adopt. */
void roam_adopt_macs(struct roam *roam, const struct tmip_addr *addr,
		     const struct tmip_macs *macs);

/*
 * This CN has assigned an address of its block while the register is down. The machine forwards for
 * it at once, notifies all CNs, and reports it at the end of the next sync. Returns 0; -EEXIST: a
 * record of the register exists; -EAGAIN: this CN does not know its cn_id; -ENOSPC: the table is
 * full, or no memory.
 */
int roam_local(struct roam *roam, const struct station_record *record, uint32_t lease,
	       unsigned ifindex, uint64_t now_ms);
/* The station has released or declined the address of roam_local. */
void roam_withdraw(struct roam *roam, const struct tmip_addr *addr);
/* The connection with that CN is up. Notifies it of the addresses of roam_local. */
void roam_cn_up(struct roam *roam, uint32_t id);
/* The register is down at the start and the CNs are known: adopted map entries become records. */
void roam_trust_adopted(struct roam *roam, uint64_t now_ms);

/* Applies all deadlines that have passed. Returns the next one, as roam_next_due. */
uint64_t roam_tick(struct roam *roam, uint64_t now_ms);
/* The next deadline in ms; 0: none. */
uint64_t roam_next_due(const struct roam *roam);

/* Valid as long as the machine. */
const struct replica *roam_replica(const struct roam *roam);
/* The cn_id of this CN; 0: unknown. */
uint32_t roam_self(const struct roam *roam);
void roam_count(const struct roam *roam, struct roam_counts *counts);
/* The number of handovers and claims under way. */
unsigned roam_pending(const struct roam *roam);

#endif
