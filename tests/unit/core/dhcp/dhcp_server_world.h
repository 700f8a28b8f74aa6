/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the DHCP server's tests: the server of CN 2 (cell 10.10.2.0/24) in a network whose
 * other CN has 10.10.1.0/24, and the leases in the server's replica. A test makes a client's
 * message, lets the server decide, and states the expected decision.
 */
#ifndef TMIP_TESTS_DHCP_SERVER_WORLD_H
#define TMIP_TESTS_DHCP_SERVER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/dhcp/dhcp_server.h"

#define NET1 0x0a0a0100u
#define NET2 0x0a0a0200u
#define GATEWAY1 (NET1 | 1)
#define GATEWAY2 (NET2 | 1)
#define HOME (NET2 | 9)   /* of this server's cell, leased to MAC */
#define ROAMED (NET1 | 9) /* of the other CN's cell, leased to ROAMER */
#define OTHERS (NET1 | 7) /* of the other CN's cell, leased to OTHER */
#define FREE (NET2 | 77)
#define FOREIGN 0xc0a80105u
#define LEASE 3600

static const struct tmip_mac MAC = {{2, 0, 0, 0, 0, 9}}, ROAMER = {{2, 0, 0, 0, 0, 1}};
static const struct tmip_mac OTHER = {{2, 0, 0, 0, 0, 7}}, NEW = {{2, 0, 0, 0, 0, 0x77}};

extern struct replica replica;
extern struct dhcp_server server;
extern struct dhcp_decision out; /* the last decision */

/* Adds a bound record to the replica. */
struct replica_station *put_station(uint32_t addr, const struct tmip_mac *mac, uint8_t kind,
				    uint32_t parent);
struct dhcp_request client(uint8_t type, const struct tmip_mac *mac);
void decide(const struct dhcp_request *request);

/*
 * These demand that `out` is a lease with all its fields; a NAK in the name of that server; no
 * answer, for that reason; or a question to the register.
 */
void expect_lease(enum dhcp_action action, uint8_t type, uint32_t addr, uint32_t gateway);
void expect_nak(uint32_t name);
void expect_nothing(const char *why);
void expect_question(enum dhcp_action action, uint32_t addr);

int setup(void **state); /* the register is up */
int teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
