/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the tests of the register client: a link whose other side is the test. The calls are
 * in the list, most with the name of the state in which they came: "down away".
 */
#ifndef TMIP_TESTS_AGENT_NETWORK_REGISTER_WORLD_H
#define TMIP_TESTS_AGENT_NETWORK_REGISTER_WORLD_H

#include <errno.h>
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
#include "agent/network/register.h"
#include "core/config/agent_config.h"
#include "core/roam/roam.h"

struct register_world {
	struct event_base *base;
	struct agent_config config;
	struct register_client *client;
	struct mlrp_link *link;  /* the newest */
	struct mlrp_message got; /* by a subscription */
	bool can_leave_out;      /* the CN can do without a cell that is refused */
	uint8_t cells_left_out;  /* of two */
};

#define FAKE_DNS ((struct evdns_base *)&register_world)

extern struct register_world register_world;
extern unsigned fake_resolver_reads;
#define w (&register_world)

int register_setup(void **state); /* subscribes to STATION and ERROR */
int register_teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, register_setup, register_teardown)

void begin_connecting(void);
void answer_hello(uint8_t role);
void say_registered(void); /* REGISTERED, with the number 7 */
void say_sync_end(uint32_t epoch, uint64_t seq);
void say_station(uint32_t epoch, uint64_t seq);
void register_cn(void); /* up to REGISTERED */
void reach_ready(void); /* up to SYNC_END, with version 4.100 */

enum register_state state_now(void);
struct version version_now(void);
void assert_version(struct version version, uint32_t epoch, uint64_t seq);
void assert_error(const char *expected);
/* The attempt that waits begins after exactly so many milliseconds. */
void assert_next_attempt_in(unsigned ms);

#endif
