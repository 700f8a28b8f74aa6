/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the tests of reports and commands: CN 5 with the cell wlan0 (10.10.5.0/24), another
 * cell that is not served, and CN 8. Stations: 10.10.5.9 at home, 10.10.5.20 at CN 8, 10.10.8.7 of
 * CN 8 in the cell wlan0, and 10.10.8.8 elsewhere.
 */
#ifndef TMIP_TESTS_AGENT_CONTROL_WORLD_H
#define TMIP_TESTS_AGENT_CONTROL_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../calls.h"
#include "../fake_datapath.h"
#include "../fake_link.h"
#include "../fake_log.h"
#include "../fake_netlink.h"
#include "../fake_timer.h"
#include "../registered.h"
#include "../small_network.h"
#include "agent/control/report.h"
#include "agent/interface/backbone.h"
#include "agent/interface/cell_table.h"
#include "agent/station/trail.h"
#include "core/config/agent_config.h"
#include "fake_modules.h"

#define SELF 5
#define IFINDEX 42

struct control_world {
	struct event_base *base;
	struct agent_config config;
	struct backbone backbone;
	struct cell_table cells;
	struct roam *roam;
	struct register_client *reg; /* in step */
	struct trail *trail;
	struct report report;
};

extern struct control_world *w;

int control_setup(void **state);
int control_teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

/* A record of the register: bound to the MAC 02:00:00:00:00:HOST. */
void put_record(uint32_t parent, int host, uint32_t current, uint64_t seq);
void see_station(uint32_t parent, int host); /* in the cell wlan0 */

/* Compares, with the order of the members, and releases the value. */
void assert_json(json_t *value, const char *expected);

#endif
