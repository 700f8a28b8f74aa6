/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register itself: stations, CNs and reserved hosts of a network, the allocation of addresses,
 * the order of all changes. Pure: the caller passes in the time and what CNs say, as MLRP messages.
 * Changes leave through `store`, every other effect through the `act` callback, in the order in
 * which they must be carried out. mlrd joins the registry to its connections and to its store.
 *
 * A change gets the next version, goes to the store, and is pushed to the CNs. Changes are
 * numbered; the answer that promises something waits until registry_stored() reports its number.
 * The registry answers a handover at once. It pushes a record also to the CN that waits for the
 * answer, so that every CN hears of changes in the order of their versions.
 */
#ifndef TMIP_CORE_REGISTRY_H
#define TMIP_CORE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/level.h"
#include "core/mlrp/mlrp.h"

#define REGISTRY_TEXT 320

struct registry;
struct registry_session; /* a connection with a CN */

/*
 * Two clocks, of which none ever steps: leases end by the second. It has the origin of Unix time,
 * so that others can read the ends; but a wall clock, which somebody may set, will not do.
 */
struct registry_time {
	uint64_t ms;
	uint64_t unix_s;
};

enum registry_action_type {
	REGISTRY_SEND = 1, /* session, message */
	REGISTRY_PUSH,     /* message: to all registered sessions except `session` (may be NULL) */
	/* session, text: end the connection after what was sent; registry_close() follows */
	REGISTRY_CLOSE,
	REGISTRY_LOG,      /* level, text */
};

struct registry_action {
	enum registry_action_type type;
	struct registry_session *session;
	const struct mlrp_message *message;
	enum log_level level;
	const char *text;
};

typedef void registry_act(const struct registry_action *action, void *arg);

/*
 * The sink of all changes, which makes them durable or follows them. Each call hands over one
 * record as it is now, and the sink copies it. The order is that of the changes: stations come by
 * rising version.
 *
 * `number` never falls. When this call and all calls before it are durable, the sink has every
 * change up to `number`, and says so by registry_stored(). urgent: somebody waits for that.
 *
 * A sink that cannot take the record returns -errno and stays as it was before the call. The
 * registry keeps the change, needs no memory for that, and hands it over again before anything
 * newer: with the next change, and in registry_tick(). It hands over a record that changes
 * meanwhile once, as the record is then. So a sink need not retry, and misses nothing. The registry
 * acknowledges nothing from the first change on that the sink lacks; if the sink still refuses in
 * registry_tick(), the registry answers those who wait for such changes as if the disk had failed.
 *
 * erase_station is the exception: it drops a tombstone to make room. If the sink refuses, the
 * tombstone stays, and there is no room.
 *
 * The registry makes these calls from within its functions; the sink must not call it.
 */
struct registry_store {
	int (*put_station)(const struct station_record *record, uint64_t number, bool urgent,
			   void *arg);
	int (*erase_station)(const struct station_record *record, uint64_t number, void *arg);
	int (*put_cn)(const struct cn_info *info, uint64_t number, void *arg); /* always urgent */
	void *arg;
};

struct registry_options {
	uint32_t epoch;          /* higher than that of any record before */
	unsigned stations_max, cns_max;
	unsigned offer_s;        /* how long an offer is kept, */
	unsigned decline_s;      /* a declined address, */
	unsigned grace_s;        /* and a lease beyond its end */
	unsigned flap_moves;     /* the registry damps a station that moves more often than this */
	unsigned flap_window_s;  /* in this time; flap_moves 0: never */
	unsigned flap_hold_s;    /* for how long */
	unsigned mac_addresses;  /* that one MAC may have at a time, */
	unsigned mac_declines;   /* and may have taken out of use */
	unsigned cell_claims;    /* static stations that a CN may bring */
};


struct registry_counts {
	unsigned states[RECORD_IN_BLOCK + 1]; /* by enum record_state; [0]: all, with tombstones */
	unsigned away;       /* bound, and elsewhere than at their parent */
	unsigned cns, connected, hosts;
	unsigned waiting;    /* answers that wait for the disk */
	unsigned damped;     /* stations that are kept where they are */
	uint64_t handovers, binds, claims, renewals, releases, declines, expired, borrowed;
	uint64_t refused;    /* requests that were answered by an error */
	uint64_t exhausted, full;
	uint64_t dampings;
	uint64_t snapshots, deltas;
	uint64_t bounded;    /* requests for more than one MAC or cell may have */
	uint64_t restored;   /* stations that CNs knew and the database did not */
	uint64_t withdrawn;  /* addresses that ended because their subnet did */
};

/* Copies options and store. NULL: no memory. */
struct registry *registry_create(const struct registry_options *options,
				 const struct registry_store *store, registry_act *act, void *arg);
void registry_destroy(struct registry *registry);
/* All options except the epoch. */
void registry_set_options(struct registry *registry, const struct registry_options *options);
int registry_set_hosts(struct registry *registry, const struct registry_host *hosts,
		       size_t count); /* 0 or -ENOMEM */

/*
 * What the store holds, at the start: first the CNs, then the stations by version, then the end.
 * 0, -ENOSPC or -ENOMEM.
 */
int registry_load_cn(struct registry *registry, const struct cn_info *info);
int registry_load_station(struct registry *registry, const struct station_record *record,
			  struct registry_time now);
int registry_load_end(struct registry *registry, struct registry_time now);

/*
 * A connection whose HELLO was `hello`. NULL: no memory, or nothing for such a role here; *why
 * says which.
 */
struct registry_session *registry_open(struct registry *registry, const struct mlrp_message *hello,
				       const char *peer, void *arg, const char **why);
void registry_close(struct registry *registry, struct registry_session *session);
void *registry_session_arg(const struct registry_session *session);
bool registry_session_registered(const struct registry_session *session);
const char *registry_session_name(const struct registry_session *session); /* of the CN; for logs */

void registry_message(struct registry *registry, struct registry_session *session,
		      const struct mlrp_message *message, struct registry_time now);
/* Sends up to `count` stations of a snapshot or delta that was begun. True: there are more. */
bool registry_sync_continue(struct registry *registry, struct registry_session *session,
			    unsigned count);
bool registry_session_syncing(const struct registry_session *session);

/*
 * The store has everything up to `number` on the disk; or, ok false, could not write it and goes on
 * trying. Answers those who wait for these numbers.
 */
void registry_stored(struct registry *registry, uint64_t number, bool ok);
/*
 * The store has lost everything and begins anew: the registry hands over all that it has, with this
 * call and in registry_tick(), and acknowledges nothing before the store has it again.
 */
void registry_store_lost(struct registry *registry);
/* The store has everything on the disk. */
bool registry_is_stored(const struct registry *registry);
/* Before the end: hands the store what it refused. 0, or its error; then it lacks changes. */
int registry_flush(struct registry *registry);
uint64_t registry_last_number(const struct registry *registry);
/* The store has refused a change, and has not taken it since. */
bool registry_store_refuses(const struct registry *registry);

/*
 * The register stood still for a while, as with a machine that was suspended. As after a start,
 * leases that ended meanwhile stand until the CNs had time to report their renewals.
 */
void registry_resume(struct registry *registry, struct registry_time now);

/*
 * Ends offers, declined addresses and leases whose time has come, and hands the store what it
 * refused; some at a time. True: there is more to do.
 */
bool registry_tick(struct registry *registry, struct registry_time now);

/* What a change of the network cuts. */
struct registry_cut {
	unsigned stations; /* with addresses of the CN, or of the subnet; of them: */
	unsigned leases;   /* dynamic addresses */
	unsigned away;     /* stations that are at other CNs now */
	unsigned guests;   /* stations of other CNs in the CN's cells */
};

/*
 * Forgets a CN that is not connected. If that cuts stations, `force` is needed, and frees the
 * addresses that it has given. *cut: what it has cut, or would. 0, or -errno and the reason in
 * `why`.
 */
int registry_forget_cn(struct registry *registry, const char *name, bool force,
		       struct registry_cut *cut, char *why, size_t size);
/* The CN keeps number, stations and connection. 0, or -errno and the reason in `why`. */
int registry_rename_cn(struct registry *registry, const char *name, const char *to, char *why,
		       size_t size);
/*
 * From now on the CN `to` may register the subnet, and takes it with all records from the CN that
 * has it, whose name goes to `from` (NAME_LEN). *cut: the stations of the subnet. 0, or -errno and
 * the reason in `why`.
 */
int registry_move_subnet(struct registry *registry, const struct prefix *subnet, const char *to,
			 struct registry_cut *cut, char *from, char *why, size_t size);
/* Frees the address, whichever station has it. 0, -ENOENT. */
int registry_free_address(struct registry *registry, const struct tmip_addr *addr);

/*
 * Lets damped stations with this MAC or (mac NULL) this address move again. 0, or -1: no such
 * station is damped.
 */
int registry_clear_damped(struct registry *registry, const struct tmip_mac *mac,
			  const struct tmip_addr *addr);

/* ---- views */
struct registry_flap_view {
	bool damped, twins;  /* twins: it seems to be two stations */
	unsigned moves;      /* in the present window */
	uint64_t left_ms;    /* damped: for so long */
	char why[MLRP_TEXT_LEN];
};

struct registry_cn_view {
	const struct cn_info *info;
	const char *peer;    /* NULL: not connected */
	bool registered;
	unsigned stations;   /* bound, with it as parent */
	unsigned here;       /* bound, in its cells */
};

/* What the database lacked at the start, as CNs show. */
struct registry_gap {
	char cn[NAME_LEN];   /* that has seen most; empty: none */
	struct version seen; /* by it */
};

struct version registry_version(const struct registry *registry);
/* The newest version that the database had at the start. */
struct version registry_loaded(const struct registry *registry);
/* NULL: the database had all that CNs have seen. */
const struct registry_gap *registry_behind(const struct registry *registry);
void registry_count(const struct registry *registry, struct registry_counts *counts);
/* `each` returns false to stop. Order: last change, oldest first. */
void registry_each_station(const struct registry *registry,
			   bool (*each)(const struct station_record *record, void *arg), void *arg);
const struct station_record *registry_find_station(const struct registry *registry,
						   const struct tmip_addr *addr);
void registry_view_flap(const struct registry *registry, const struct tmip_addr *addr,
			struct registry_time now, struct registry_flap_view *view);
void registry_each_cn(const struct registry *registry,
		      void (*each)(const struct registry_cn_view *cn, void *arg), void *arg);
/* CNs whose REGISTER was refused in the last minute. */
struct registry_refusal_view {
	const char *name;
	const struct tmip_addr *tunnel;
	const char *peer;    /* where it came from last */
	const char *why;
	uint64_t count;      /* of refusals */
};

void registry_each_refusal(const struct registry *registry,
			   void (*each)(const struct registry_refusal_view *refusal, void *arg),
			   void *arg);
const char *registry_cn_name(const struct registry *registry, uint32_t id);
/* Free addresses of a cell's pool: never used, and used before. */
void registry_count_pool(const struct registry *registry, const struct cell_info *cell,
			 uint64_t *unused, uint64_t *freed);

/* Can a registered host have its address? */
enum registry_host_fault {
	REGISTRY_HOST_FITS,
	REGISTRY_HOST_NO_CELL, /* not yet: no CN has registered a cell with the address */
	/* never, in the network as it is: */
	REGISTRY_HOST_NO_ADDRESS, /* no host can have it (RFC 1122, 3.2.1.3) */
	REGISTRY_HOST_GATEWAY,
	REGISTRY_HOST_EDGE,       /* the cell's own address, or its broadcast address */
};

/* "never: ..." or "not yet: ..."; empty if the host fits. */
const char *registry_host_fault_text(enum registry_host_fault fault);
/* All hosts that do not fit. */
void registry_each_host_fault(const struct registry *registry,
			      void (*each)(const struct registry_host *host,
					   enum registry_host_fault fault, void *arg), void *arg);
/* NULL: not reserved. */
const char *registry_host_name(const struct registry *registry, const struct tmip_addr *addr);

#endif
