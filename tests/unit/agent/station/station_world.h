/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the tests of agent/station: the CN 1 with two cells, a real roaming machine whose
 * map entries the test sees, and the fakes of tests/unit/agent. Cells: wlan0 (ifindex 10,
 * 10.10.1.0/24) and wlan1 (ifindex 14, 10.10.4.0/24). CN 2 has 10.10.2.0/24, CN 3 10.10.3.0/24.
 */
#ifndef TMIP_TESTS_STATION_WORLD_H
#define TMIP_TESTS_STATION_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../calls.h"
#include "../fake_clock.h"
#include "../fake_datapath.h"
#include "../fake_frame.h"
#include "../fake_log.h"
#include "../fake_netlink.h"
#include "../fake_tap.h"
#include "../fake_timer.h"
#include "agent/interface/cell_table.h"
#include "core/config/agent_config.h"
#include "core/roam/roam.h"

#define CN1 1
#define CN2 2
#define CN3 3
#define WLAN0 10
#define WLAN1 14

struct station_world {
	struct event_base *base;
	struct agent_config config; /* defaults */
	struct cell_table cells;
	unsigned probed; /* by the roaming machine: each MAC in each cell */
	struct roam *roam;
	uint64_t seq; /* of the newest record */
	/* What the roaming machine decides goes here, if the test says so. */
	void (*put)(const struct tmip_addr *addr, const struct tmip_station *entry);
	void (*remove)(const struct tmip_addr *addr);
};

extern struct station_world *w;

int world_setup(void **state);
int world_teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

struct tmip_addr ip(unsigned net, unsigned host); /* 10.10.net.host */
struct tmip_addr tunnel_of(uint32_t cn);
struct tmip_mac mac(unsigned n);

/* The register's record of a station with this address and the MAC mac(host). */
struct station_record record_of(struct tmip_addr addr, uint32_t current);
/* The register has committed it. ifindex: the cell of CN 1 that it is in; 0: none. */
void commit(const struct station_record *record, unsigned ifindex);
/* The station is in that cell, by a record; its address is of the CN of `net`. */
struct tmip_addr station_in(unsigned net, unsigned host, unsigned ifindex);
struct tmip_addr station_at(unsigned net, unsigned host, uint32_t cn); /* with another CN */
/* A frame of the station in a cell of CN 1. */
void seen_in(unsigned ifindex, const struct tmip_addr *addr, const struct tmip_mac *from);
const struct tmip_station *entry_of(const struct tmip_addr *addr); /* in the map; NULL: none */

#endif
