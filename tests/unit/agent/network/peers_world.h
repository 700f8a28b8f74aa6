/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the tests of peers: CN 5, which knows the CNs 3 to 8, and a listener to which the
 * test connects from any address. The calls are in the list: "up 8", "message of 8", "changed".
 */
#ifndef TMIP_TESTS_AGENT_NETWORK_PEERS_WORLD_H
#define TMIP_TESTS_AGENT_NETWORK_PEERS_WORLD_H

#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../calls.h"
#include "../fake_link.h"
#include "../fake_log.h"
#include "../fake_timer.h"
#include "../small_network.h"
#include "agent/network/peers.h"

#define SELF 5

struct peers_world {
	struct event_base *base;
	struct roam *roam;
	struct peers *peers;
	int listen_error; /* errno; 0: a listener can be had */
	int listening;            /* listeners */
	struct sockaddr_in here;
	evconnlistener_cb accept;
	void *accept_arg;
	struct mlrp_message got;
	struct tmip_addr moved;   /* by the last call `moved` */
	bool replica_follows;     /* that call, as the agent makes it do */
	uint64_t instance;        /* that the other side names; 0: none */
};

extern struct peers_world peers_world;
#define w (&peers_world)

int peers_setup(void **state);
int peers_teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, peers_setup, peers_teardown)

int create_peers(struct peers **out);
void put_cn(uint32_t id);
struct mlrp_link *connect_to(uint32_t id); /* put_cn(), and the connection comes up */
/* The attempt that waits begins after exactly so many milliseconds. */
void assert_next_retry_in(unsigned ms);

int a_descriptor(void);
int arrive(struct tmip_addr from); /* somebody connects; the descriptor of the connection */
struct mlrp_link *say_hello(struct tmip_addr from, uint8_t role, uint32_t id, const char *name);
struct mlrp_link *accept_from(uint32_t id); /* the CN connects and says who it is */

#endif
