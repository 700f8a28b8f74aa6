/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections to the other CNs. Of two CNs the one with the lower number connects and the other
 * listens, so that each pair has one connection; both try for as long as the register knows the
 * other. cns.h says which CNs there are.
 */
#ifndef TMIP_AGENT_NETWORK_PEERS_H
#define TMIP_AGENT_NETWORK_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mlrp/mlrp.h"

struct evdns_base;
struct event_base;
struct mlrp_self;
struct peers;
struct roam;

struct peers_calls {
	void (*describe_self)(struct mlrp_self *self, void *arg); /* for HELLO */
	void (*up)(uint32_t cn, void *arg);                       /* a connection has come up */
	void (*message)(uint32_t cn, const struct mlrp_message *message, void *arg);
	/* The CN says itself, with proof, that its tunnel address is this one now. */
	void (*moved)(uint32_t cn, const struct tmip_addr *tunnel, void *arg);
	void (*changed)(void *arg); /* a connection came or went */
	void *arg;
};

struct peers_setup {
	struct event_base *base;
	struct evdns_base *dns;
	const struct roam *roam;  /* the CNs, and the number of this one */
	struct tmip_addr tunnel;  /* where this CN listens, and connects from */
	uint16_t port;
	struct peers_calls calls;
};

/* Listens on the tunnel address. 0 or -errno; *out is valid also then. NULL: no memory. */
int peers_create(struct peers **out, const struct peers_setup *setup);
void peers_destroy(struct peers *peers); /* NULL is allowed */

/*
 * The CN appeared, changed or (info->gone) went. `moved`: its address or port changed, so that the
 * connection to the former one ends.
 */
void peers_put(struct peers *peers, const struct cn_info *info, bool moved);

/*
 * This CN has another tunnel address: listens there, ends all connections, and tells all CNs, which
 * the register may not reach now. If it cannot listen there, it tells them all the same.
 */
void peers_move(struct peers *peers, const struct tmip_addr *tunnel);
/*
 * The register may not know yet where a CN has moved that is connected with this one: puts that
 * into what the register says of it.
 */
void peers_correct(struct peers *peers, struct cn_info *info);

/*
 * Sends to the CN. Without a connection the message is dropped: the CN learns the same from the
 * register's record.
 */
void peers_send(struct peers *peers, uint32_t cn, const struct mlrp_message *message);
bool peers_connected(const struct peers *peers, uint32_t cn);

#endif
