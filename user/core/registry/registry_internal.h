/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the register share; nobody else includes it.
 *
 * registry.c           entry points, sessions, the order of changes, time
 * registry_bounds.c    what one MAC or cell may have
 * registry_table.c     stations by address and owner, states and their queues
 * registry_cell.c      cells and the free addresses of their pools
 * registry_cn.c        CNs, REGISTER
 * registry_refusal.c   CNs that are refused
 * registry_rival.c     two agents with the name of one CN
 * registry_store.c     the way of a change to the store, answers that wait for it
 * registry_sync.c      bringing a CN up to date
 * registry_restore.c   what the database lacks and CNs know
 * registry_address.c   requests about addresses
 * registry_station.c   requests about the place of a station
 * registry_change.c    CNs and subnets that the operator renames, moves, or replaces
 * registry_flap.c      stations that move too often
 * registry_block.c     addresses set aside for CNs
 * registry_host.c      registered hosts
 * registry_macs.c      hosts with several MACs
 */
#ifndef TMIP_CORE_REGISTRY_INTERNAL_H
#define TMIP_CORE_REGISTRY_INTERNAL_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#include "registry.h"

#define REG_REFUSALS 16 /* refused CNs that are remembered */

struct reg_owner;
struct reg_cn;
struct reg_mac;

/* One address that is or was in use. */
struct reg_station {
	struct station_record record;
	uint64_t number;           /* of its last change; 0: as it was loaded */
	uint64_t due;              /* bound: unix_s, with grace; offered, declined: ms; 0: none */
	size_t heap_at;            /* place in the heap of leases, from 1; 0: not in it */
	uint64_t arrived_ms;       /* when it came to where it is, as its CN says; 0: unknown */
	uint32_t window_at;        /* ms: the beginning of the window in which `moves` counts */
	uint16_t moves;
	struct reg_damped *damped; /* NULL: it moves freely */
	struct reg_mac *counted;   /* where its state counts; NULL: nowhere */
	uint32_t brought_by;       /* cn_id of the CN that it counts for; 0: none */
	struct reg_owner *owner;
	/* Others of the same owner, last one first. */
	struct reg_station *owner_prev, *owner_next;
	/* The queue of its state: offers, declined ones, or free ones of a pool. */
	struct reg_station *state_prev, *state_next;
	/* All that have a version, in its order. */
	struct reg_station *change_prev, *change_next;
	UT_hash_handle hh;         /* by address */
};

/* A station that moves too often. */
struct reg_damped {
	struct reg_station *station;
	uint64_t until_ms;
	uint32_t places[2];        /* cn_id: where it is kept, and which CN asked for it last */
	bool watched;              /* the hold is over, but it may go on */
	bool twins;                /* it seems to be two stations */
	struct reg_damped *prev, *next; /* damped ones, watched ones: the first to end first */
};

/* The owner of addresses: a client identifier, else a MAC (RFC 2131, 4.2). */
struct reg_owner {
	struct reg_station *stations;
	UT_hash_handle hh;
	uint8_t len;
	uint8_t key[]; /* its kind, then the identifier */
};

/* What one MAC has; see registry_bounds.c. */
struct reg_mac {
	struct tmip_mac mac;
	unsigned addresses; /* bound or offered */
	unsigned declined;
	UT_hash_handle hh;
};

struct reg_cell {
	uint32_t first, last;      /* of the subnet */
	const struct cell_info *info;
	struct reg_cn *cn;
	uint32_t pool_first, pool_last; /* both 0: none */
	uint64_t *used;            /* a bit for each address of the pool: recorded or never given */
	uint32_t unused;           /* bits that are 0 */
	uint32_t cursor;           /* where the search for the next one begins */
	struct reg_station *freed; /* longest free first */
	struct reg_station *in_block; /* set aside for the CN of this cell */
	uint32_t freed_count, block_count;
	bool listed;
	struct reg_cell *prev, *next; /* cells of connected CNs that have a free address */
};

/* A subnet that a CN had, and may have again. */
struct reg_gone {
	struct prefix subnet;
	unsigned change;           /* in which it went; see struct reg_cn */
};

struct reg_cn {
	struct cn_info info;
	struct registry_session *session;
	uint64_t number;           /* of its last change */
	uint64_t unstored;         /* of the first change that the store lacks; 0: it has all */
	struct reg_cn *unstored_prev, *unstored_next;
	unsigned stations, here;   /* bound: of its cells; in its cells */
	unsigned brought;          /* static stations that it has claimed */
	/* Since when, at the latest, it is not connected, as far as anybody asked; 0: unknown. */
	uint64_t away_ms;
	bool synced;               /* it has all up to a version of this run */
	char former[NAME_LEN];     /* its name before; empty: none that still counts */
	bool former_told;          /* the log says that it still has that name */
	struct reg_gone gone[CN_CELLS_MAX]; /* the last one to go comes last */
	int gone_count;
	unsigned changes;          /* of its description */
	uint64_t instance;         /* of the agent that registered last; 0: unknown */
	bool seen;                 /* it has registered since the start of the register */
	uint64_t left_ms;          /* when its last connection ended */
	uint64_t contested_ms;     /* when a rival was refused last; 0: never */
	UT_hash_handle hh;         /* by id */
	UT_hash_handle hh_name;
};

struct registry_session {
	void *arg;
	char name[NAME_LEN];
	char peer[80];
	uint8_t role;
	uint64_t instance;         /* of the agent, from its HELLO; 0: it names none */
	struct mlrp_message *claim; /* a REGISTER that waits for word of the CN with that name */
	const struct registry_session *claim_against; /* the connection that is asked */
	uint64_t claim_due_ms;     /* until then */
	struct reg_cn *cn;         /* NULL: not registered yet, or replaced */
	bool registered;           /* REGISTERED was sent: pushes go to it */
	bool syncing;
	uint32_t sync_transaction;
	struct reg_station *sync_at; /* next one to send */
	struct version sync_until;
	struct registry_session *prev, *next;
	struct registry_session *sync_prev, *sync_next;
};

/* An answer that waits for the disk. */
struct reg_waiting {
	struct registry_session *session; /* NULL: gone */
	uint64_t number;
	uint32_t transaction;
	uint8_t type;              /* of the answer: REGISTERED, STATION, BLOCK */
	struct station_record record; /* STATION; BLOCK: an address of the cell, newest version */
	struct reg_waiting *prev, *next;
};

/* A subnet that is to go to another CN, or has gone there. */
struct reg_move {
	struct prefix subnet;
	uint32_t from;             /* cn_id */
	char to[NAME_LEN];         /* empty: no move */
	bool done;                 /* it grants nothing any more */
	bool told;                 /* the log says that `from` still names the subnet */
};

struct reg_host {
	struct registry_host host;
	UT_hash_handle hh;         /* by MAC */
	UT_hash_handle hh_addr;    /* by address; the first of a host that has several MACs */
	struct reg_host *next;     /* the same host's next MAC */
	enum registry_host_fault logged;
};

#define REG_MOVES_MAX 16

/* A CN whose REGISTER was refused. */
struct reg_refusal {
	char name[NAME_LEN];
	struct tmip_addr tunnel;
	char peer[80];
	char why[MLRP_TEXT_LEN];
	struct prefix subnet;      /* of the cell that was refused; all zero: it is not about one */
	uint64_t last_ms;          /* 0: the entry is not used */
	uint64_t count;
};

struct registry {
	struct registry_options options;
	registry_act *act;
	void *arg;
	struct registry_store store;
	struct version version;    /* of the last change */
	struct version loaded;     /* the newest one in the database at the start */
	struct registry_gap behind;
	uint64_t number;           /* of the last change that goes to the store */
	uint64_t gap;              /* of the last change in the place of an unstored one */
	uint64_t handed;           /* the store took everything up to this number ... */
	uint64_t durable;          /* ... and has everything up to this one on the disk */
	struct reg_station *unstored; /* in `changes`: the store lacks it and all after it */
	struct reg_cn *unstored_cns; /* the store lacks them; in this order */
	bool refused;              /* the store takes no changes; the log says so */
	uint64_t loaded_ms;        /* after it leases stand until the CNs had time to come back */
	uint64_t started_ms;
	uint64_t now_ms;           /* as of the last call that said so */
	struct reg_refusal refusals[REG_REFUSALS];
	uint64_t refusals_since_ms; /* the beginning of the minute in which the lines count */
	unsigned refusal_lines;
	unsigned claims;           /* sessions that have one */
	struct reg_station *stations;
	struct reg_owner *owners;
	struct reg_mac *macs;
	struct reg_station *changes;
	struct reg_station *offers, *declined;
	struct reg_station *homeless; /* free ones outside of all pools, longest free first */
	struct reg_station *homeless_in_block; /* of cells that are not there */
	struct reg_station **heap; /* leases, the first to end on top */
	size_t heap_count, heap_room;
	struct reg_damped *damped, *watched;
	struct version forgotten;  /* of the newest tombstone that was dropped */
	struct reg_cn *cns, *cns_by_name;
	uint32_t last_cn_id;
	struct reg_cell *cells;    /* sorted */
	size_t cell_count;
	struct reg_cell *available;
	struct reg_host *hosts, *hosts_by_addr;
	struct reg_move moves[REG_MOVES_MAX]; /* unused ones last */
	struct registry_session *sessions, *syncing;
	struct reg_waiting *waiting;
	struct registry_counts counts;
};

/* ---- registry.c */

__attribute__((format(printf, 3, 4)))
void reg_log(struct registry *registry, enum log_level level, const char *format, ...);
void reg_send(struct registry *registry, struct registry_session *session,
	      const struct mlrp_message *message);
__attribute__((format(printf, 6, 7)))
void reg_refuse(struct registry *registry, struct registry_session *session,
		const struct mlrp_message *question, uint16_t code,
		const struct station_record *record, const char *format, ...);
void reg_answer(struct registry *registry, struct registry_session *session, uint32_t transaction,
		const struct station_record *record);
/* The record was changed: version, store, push to all except `asker` (NULL: to all). */
void reg_commit(struct registry *registry, struct reg_station *station,
		struct registry_session *asker, bool urgent);
/* Takes the station, if it has a version, out of the order of changes. */
void reg_leave_order(struct registry *registry, struct reg_station *station);

/* ---- registry_store.c */

/* The station or CN has changed: the store gets it now, or when it takes changes again. */
void reg_store_station(struct registry *registry, struct reg_station *station, bool urgent);
void reg_store_cn(struct registry *registry, struct reg_cn *cn);
/* False: the store does not take it, so the record stays. */
bool reg_store_erase(struct registry *registry, const struct reg_station *station);
/* The station leaves its place in the order of changes. */
void reg_store_skip(struct registry *registry, const struct reg_station *station);
/*
 * reg_answer once `number` is on the disk.
 * type: REGISTERED (record NULL), STATION, BLOCK (see struct reg_waiting).
 */
void reg_answer_when_stored(struct registry *registry, struct registry_session *session,
			    uint32_t transaction, uint8_t type,
			    const struct station_record *record, uint64_t number);
void reg_answer_stored(struct registry *registry, struct registry_session *session,
		       uint32_t transaction, const struct station_record *record, uint64_t number);
/*
 * Hands over what was refused. If the store still refuses, those who wait get an error.
 * True: there is more to hand over.
 */
bool reg_store_tick(struct registry *registry);

/* ---- registry_table.c */

struct reg_station *reg_find(const struct registry *registry, const struct tmip_addr *addr);
/* A record for an address that has none, FREE; NULL: the table is full, or there is no memory. */
struct reg_station *reg_add(struct registry *registry, const struct tmip_addr *addr,
			    const struct tmip_mac *mac, const uint8_t *client_id,
			    uint8_t client_id_len);
void reg_remove(struct registry *registry, struct reg_station *station);
bool reg_set_owner(struct registry *registry, struct reg_station *station,
		   const struct tmip_mac *mac, const uint8_t *client_id,
		   uint8_t client_id_len); /* false: no memory */
/* due as in struct reg_station. */
void reg_set_state(struct registry *registry, struct reg_station *station, uint8_t state,
		   uint64_t due);
/*
 * Frees the address before its time, as the operator wants it. The tombstone keeps the end of the
 * lease: if the station goes on using the address, it has a lease as before.
 */
void reg_cut(struct registry *registry, struct reg_station *station);
void reg_set_current(struct registry *registry, struct reg_station *station, uint32_t current);
void reg_set_parent(struct registry *registry, struct reg_station *station, uint32_t parent);
struct reg_station *reg_owned(const struct registry *registry, const struct tmip_mac *mac,
			      const uint8_t *client_id, uint8_t client_id_len);
bool reg_is_owner(const struct reg_station *station, const struct mlrp_message *message);
/* The same, with the MAC of the record. A CN of an older version does not name the identifier. */
bool reg_is_holder(const struct reg_station *station, const struct mlrp_message *message);
bool reg_drop_tombstone(struct registry *registry);
void reg_table_free(struct registry *registry);

/* ---- registry_macs.c */

/* The host uses another one of its MACs. False: no memory, all is as before. */
bool reg_use_mac(struct registry *registry, struct reg_station *station,
		 const struct tmip_mac *mac);
/* Does another MAC of the host ask for the address, beside the one that has it? */
bool reg_is_beside(const struct reg_station *station, const struct mlrp_message *message);
void reg_add_mac(struct station_record *record, const struct tmip_mac *mac);
/* Does the host have the address by another MAC, which does not give it back? */
bool reg_is_shared(const struct reg_station *station, const struct mlrp_message *message);
/*
 * One MAC of a host gives the address back, which the host has by another one, too. The configured
 * MACs of a registered host stay its own.
 */
void reg_drop_mac(struct registry *registry, struct reg_station *station,
		  const struct tmip_mac *mac);

/* ---- registry_cell.c */

struct reg_cell *reg_find_cell(const struct registry *registry, const struct tmip_addr *addr);
bool reg_in_pool(const struct reg_cell *cell, const struct tmip_addr *addr);
/* Neither the gateway nor the network or broadcast address. */
bool reg_is_host_address(const struct reg_cell *cell, const struct tmip_addr *addr);
/* An address that no record has, or the longest free one (`freed`); false: the pool is empty. */
bool reg_pick(struct registry *registry, struct reg_cell *cell, struct tmip_addr *addr,
	      struct reg_station **freed);
/* The same from the other end of the pool. */
bool reg_pick_last(struct reg_cell *cell, struct tmip_addr *addr);
void reg_mark(struct registry *registry, const struct tmip_addr *addr, bool used);
/* Free ones, and those of a block. */
void reg_queue_free(struct registry *registry, struct reg_station *station);
void reg_unqueue_free(struct registry *registry, struct reg_station *station);
int reg_rebuild_cells(struct registry *registry); /* 0 or -ENOMEM: as before */
/* The connection of the CN came or went. */
void reg_list_cells(struct registry *registry, const struct reg_cn *cn);
void reg_free_cells(struct registry *registry);

/* ---- registry_cn.c */

struct reg_cn *reg_find_cn(const struct registry *registry, uint32_t id);
struct reg_cn *reg_find_cn_name(const struct registry *registry, const char *name);
void reg_register(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now);
/* The same, once it is clear that nobody else has the name. */
void reg_admit(struct registry *registry, struct registry_session *session,
	       const struct mlrp_message *message);
/* Gives the CN this description, under its number and name. 0 or -ENOMEM: as before. */
int reg_change_cn(struct registry *registry, struct reg_cn *cn, const struct cn_info *info);
bool reg_name_cn(struct registry *registry, struct reg_cn *cn, const char *name); /* no memory */
void reg_send_cns(struct registry *registry, struct registry_session *session);
void reg_free_cns(struct registry *registry);

/* ---- registry_refusal.c */

/* wait_ms 0: until the cause is gone. Ends a connection that has registered nothing. */
void reg_refuse_cn(struct registry *registry, struct registry_session *session,
		   const struct mlrp_message *message, uint16_t code, const char *why,
		   uint64_t wait_ms);
/* The same for a conflict. Without the cell `subnet` the CN may come; NULL: it is not about one. */
void reg_refuse_cell(struct registry *registry, struct registry_session *session,
		     const struct mlrp_message *message, const struct prefix *subnet,
		     const char *why);
/* The CN is accepted; but a cell that it has left out is still refused. */
void reg_forget_refusal(struct registry *registry, const struct cn_info *info);

/* ---- registry_rival.c */

/* Does this REGISTER have to wait, or was it refused, for another agent with this name? */
bool reg_rival_stops(struct registry *registry, struct registry_session *session,
		     struct reg_cn *cn, const struct mlrp_message *message,
		     struct registry_time now);
/* The session waits for no name any more. */
void reg_rival_withdraw(struct registry *registry, struct registry_session *session);
/* The session has said something. */
void reg_rival_heard(struct registry *registry, struct registry_session *session);
/* It is about to be freed; its CN has no connection any more. */
void reg_rival_closed(struct registry *registry, struct registry_session *session);
void reg_rival_tick(struct registry *registry);

/* ---- registry_change.c */

/*
 * A CN describes itself by REGISTER: what the operator has decided about it goes before. Changes
 * this description only: it may be refused yet.
 */
void reg_change_describe(struct registry *registry, const struct registry_session *session,
			 struct cn_info *info);
/* May the CN that describes itself so have this cell of it, though `cn` has the subnet? */
bool reg_change_grants(const struct registry *registry, const struct cn_info *info,
		       const struct cell_info *cell, const struct reg_cn *cn);
/* It is accepted: the subnets that move to it leave their CNs. 0 or -ENOMEM. */
int reg_change_take(struct registry *registry, const struct cn_info *info);
/* It has them: these moves are over. */
void reg_change_finish(struct registry *registry, const struct cn_info *info);
/*
 * The CN's description was another one before. Where a cell has got another subnet, the use of the
 * former addresses ends; where a subnet is only gone, it may come back.
 */
void reg_change_withdraw(struct registry *registry, struct reg_cn *cn,
			 const struct cn_info *before);
void reg_change_count_cn(const struct registry *registry, uint32_t id, struct registry_cut *cut);

/* ---- registry_sync.c */

void reg_sync_begin(struct registry *registry, struct registry_session *session,
		    const struct mlrp_message *message);
/* The station leaves its place in the order of changes. */
void reg_sync_skip(struct registry *registry, const struct reg_station *station);
void reg_sync_end(struct registry *registry, struct registry_session *session);

/* ---- registry_restore.c */

/* The CN says up to which version it has everything. */
void reg_restore_seen(struct registry *registry, const struct registry_session *session,
		      struct version seen);
/* BIND with STATION. */
void reg_restore(struct registry *registry, struct registry_session *session,
		 const struct mlrp_message *message, struct registry_time now);

/* ---- registry_flap.c */

/* A CN asks for a move of this station. True: the registry refused it, and has answered. */
bool reg_flap_refuses(struct registry *registry, struct registry_session *session,
		      struct reg_station *station, const struct mlrp_message *question,
		      struct registry_time now);
/* A move that the register grants in any case: the address has gone to another MAC. */
void reg_flap_count(struct registry *registry, struct reg_station *station,
		    struct registry_time now);
/* The CN that has the station asks for it. */
void reg_flap_heard(struct registry *registry, struct reg_station *station,
		    struct registry_time now);
void reg_flap_forget(struct registry *registry, struct reg_station *station);
void reg_flap_tick(struct registry *registry, struct registry_time now);

/* ---- registry_block.c */

void reg_block_request(struct registry *registry, struct registry_session *session,
		       const struct mlrp_message *message, struct registry_time now);
/*
 * The block of the cell that has the address of `in_cell`, as of its version: what is newer is not
 * durable yet.
 */
void reg_send_block(struct registry *registry, struct registry_session *session,
		    uint32_t transaction, const struct station_record *in_cell);
/* In a block, and not in one of this CN. */
bool reg_in_foreign_block(const struct reg_station *station,
			  const struct registry_session *session);

/* ---- registry_bounds.c */

/* The station has entered a state, or is about to leave it. */
void reg_bounds_enter(struct registry *registry, struct reg_station *station);
void reg_bounds_leave(struct registry *registry, struct reg_station *station);
void reg_bounds_free(struct registry *registry);
/* These count a refusal. May the MAC have this address besides those that it has? */
bool reg_bounds_may_have(struct registry *registry, const struct tmip_mac *mac,
			 const struct tmip_addr *addr);
/* May the CN bring one more static station? */
bool reg_bounds_may_bring(struct registry *registry, const struct reg_cn *cn);
/* May the station take its address out of use? */
bool reg_bounds_may_decline(struct registry *registry, const struct reg_station *station);

/* ---- registry_host.c */

struct reg_host *reg_host_of_mac(const struct registry *registry, const struct tmip_mac *mac);
struct reg_host *reg_host_of_addr(const struct registry *registry, const struct tmip_addr *addr);
bool reg_host_has(const struct reg_host *host, const struct tmip_mac *mac);
/* The record of a registered host gets the other MACs of the host. True: it had others. */
bool reg_host_set_others(const struct registry *registry, struct station_record *record);
/* All is loaded: the records of registered hosts follow the configuration. */
void reg_host_update_all(struct registry *registry);
void reg_free_hosts(struct registry *registry);
/* Cells or hosts have changed: logs what is new about hosts that cannot have their address. */
void reg_check_hosts(struct registry *registry);

/* ---- registry_address.c */

/* Can a station have the address, and that one? 0 or the error. */
uint16_t reg_check_address(const struct registry *registry, const struct mlrp_message *message,
			   const char **why);
/* May it also, as far as the blocks of other CNs are concerned? 0 or the error. */
uint16_t reg_check_place(const struct registry *registry, const struct registry_session *session,
			 const struct mlrp_message *message, const char **why);
void reg_allocate(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now);
void reg_bind(struct registry *registry, struct registry_session *session,
	      const struct mlrp_message *message, struct registry_time now);
void reg_renew(struct registry *registry, struct registry_session *session,
	       const struct mlrp_message *message, struct registry_time now);
void reg_release(struct registry *registry, struct registry_session *session,
		 const struct mlrp_message *message, struct registry_time now);
void reg_decline(struct registry *registry, struct registry_session *session,
		 const struct mlrp_message *message, struct registry_time now);

/* ---- registry_station.c */

/* When the event of the message happened. */
uint64_t reg_since(const struct mlrp_message *message, struct registry_time now);
void reg_claim(struct registry *registry, struct registry_session *session,
	       const struct mlrp_message *message, struct registry_time now);
void reg_handover(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now);
void reg_followed(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now);

#endif
