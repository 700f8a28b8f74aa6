/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's connection to the register: connects, registers this CN, gets the snapshot, and tries
 * again with a growing back-off after each loss. What the messages are about is not its business:
 * each subject subscribes to the types of its messages.
 */
#ifndef TMIP_AGENT_NETWORK_REGISTER_H
#define TMIP_AGENT_NETWORK_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mlrp/mlrp.h"

struct agent_config;
struct evdns_base;
struct event_base;
struct mlrp_self;
struct register_client;

enum register_state {
	REGISTER_DOWN,          /* waiting for the next attempt */
	/*
	 * The register refuses this CN, which tries again. Those who look see this state until the
	 * register accepts the CN, or something else goes wrong.
	 */
	REGISTER_REFUSED,
	REGISTER_CONNECTING,    /* TCP, HELLO, REGISTER */
	REGISTER_SYNCHRONISING, /* registered; the snapshot arrives */
	REGISTER_READY,
};

struct register_refusal {
	const char *why;
	bool for_now;                /* the register will accept it soon, by itself */
	const struct prefix *subnet; /* of the cell that is refused; NULL: it is not about one */
};

struct register_calls {
	void (*describe_self)(struct mlrp_self *self, void *arg); /* for HELLO */
	void (*describe_cn)(struct cn_info *cn, void *arg);       /* for REGISTER */

	/* REGISTERED came: this is the CN as the register has it, with its number. */
	void (*registered)(const struct cn_info *cn, void *arg);
	/* After the first `registered` of a connection: the register names all CNs and stations. */
	void (*synchronising)(void *arg);
	/* The snapshot is complete; then (in step): the state is REGISTER_READY. */
	void (*synchronised)(void *arg);
	void (*in_step)(void *arg);

	/* The connection is gone: no question that was asked will be answered. */
	void (*lost)(void *arg);
	/* An attempt failed, or the connection was lost: the state is REGISTER_DOWN. */
	void (*down)(void *arg);
	/*
	 * The register refuses this CN, or what has changed of it: then the connection goes on with
	 * register_accepted(). Returns whether the CN now describes itself without what is refused.
	 */
	bool (*refused)(const struct register_refusal *refusal, void *arg);
	/* From now on it describes all of itself again. */
	void (*anew)(void *arg);
	void (*changed)(void *arg); /* the state changed */
	void *arg;
};

/* One type of message and who wants it. The message belongs to the register client. */
struct register_subscription {
	enum mlrp_type type;
	void (*handle)(const struct mlrp_message *message, void *arg);
};

struct register_setup {
	struct event_base *base;
	struct evdns_base *dns;
	const struct agent_config *config; /* mlr, and cn_name for the log; read anew at each use */
	struct register_calls calls;
	/* One for each type at most; a type without one is logged and ignored. Not copied. */
	const struct register_subscription *subscriptions;
	unsigned subscription_count;
};

/*
 * The register's clock, by which the lease_end of records counts, in seconds. It runs with
 * clock_ms() from what the register said when the connection came up; without that, from the wall
 * clock. So a step of the wall clock, here or at the register, changes no lease.
 */
uint64_t register_clock(const struct register_client *client);
/* An end by that clock as the wall clock of this machine now shows it; 0: none. */
uint64_t register_wall_end(const struct register_client *client, uint64_t lease_end);

/* The same clock in milliseconds above clock_ms(). */
int64_t register_clock_ahead_ms(const struct register_client *client);
/* The register has gone back to an older state than this CN has seen: it has lost its memory. */
bool register_has_lost(const struct register_client *client);

/* For those who look. */
struct register_view {
	enum register_state state;
	uint64_t since_ms;       /* clock_ms() when that state began */
	struct version version;  /* newest record seen */
	/* Why the last attempt failed, or what the register refuses; empty: nothing */
	const char *error;
	bool confirmed;          /* the register has the CN as it was last described */
};

/* 0 or -ENOMEM. */
int register_create(struct register_client **out, const struct register_setup *setup);
void register_destroy(struct register_client *client); /* NULL is allowed */

void register_connect(struct register_client *client);
/* Ends the connection and connects anew: the register may have another address now. */
void register_restart(struct register_client *client);
/* Sends the description of this CN again, if the register has one. */
void register_announce(struct register_client *client);

/* 0, or -ENOTCONN: the register is down. The message keeps its transaction. */
int register_send(struct register_client *client, const struct mlrp_message *message);
/* Below ROAM_TRANSACTION, never 0. */
uint32_t register_next_transaction(struct register_client *client);

/* This CN as the register has it, if that is registered. */
const struct cn_info *register_accepted(const struct register_client *client);
bool register_is_ready(const struct register_client *client);
bool register_is_registered(const struct register_client *client); /* or further */
/* Not connected, and the last connection or attempt has failed. */
bool register_is_down(const struct register_client *client);
void register_view(const struct register_client *client, struct register_view *out);
const char *register_state_name(enum register_state state);

#endif
