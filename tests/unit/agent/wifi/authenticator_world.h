/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the tests of hostapds: CN 5 with two cells, the access point wlan0 and a bridge with
 * the ports ap0 and ap1, each with a hostapd that is connected. Identities count.
 */
#ifndef TMIP_TESTS_AGENT_WIFI_AUTHENTICATOR_WORLD_H
#define TMIP_TESTS_AGENT_WIFI_AUTHENTICATOR_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../calls.h"
#include "../fake_hostapd.h"
#include "../fake_log.h"
#include "../fake_netlink.h"
#include "../fake_timer.h"
#include "../small_network.h"
#include "agent/interface/cell_table.h"
#include "agent/station/trail.h"
#include "agent/wifi/authenticator.h"
#include "core/config/agent_config.h"

#define SELF 5
#define WLAN 42
#define BRIDGE 43
#define AP0 50
#define AP1 51

static const struct tmip_mac ANNA = {{2, 0, 0, 0, 0, 9}}, BERTA = {{2, 0, 0, 0, 0, 10}};

struct authenticator_world {
	struct event_base *base;
	struct agent_config config;
	struct cell_table cells;
	struct roam *roam;
	struct trail *trail;
	struct authenticators *all;
	int check_error; /* what the call `check` returns */
};

extern struct authenticator_world *w;

/* The calls are in the list: "resume CELL CLIENT IDENTITY" (-: none), "check ADDRESS". */
int authenticator_setup(void **state);
int authenticator_teardown(void **state);
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, authenticator_setup, authenticator_teardown)

struct hostapd_link *hostapd_of(const char *interface); /* the newest link to it */
struct authenticator_counts counts_now(void);
void put_station(const struct tmip_mac *mac, uint32_t current); /* a record of CN 8 */
uint32_t current_of(const struct tmip_mac *mac);

struct dhcp_request message_of(const struct tmip_mac *mac);
bool identify(unsigned cell, const struct tmip_mac *mac); /* such a message */
bool is_identity(const struct identity *identity, const char *name); /* NULL: none */
void assert_identity(const struct tmip_mac *mac, const char *name); /* of a message */

#endif
