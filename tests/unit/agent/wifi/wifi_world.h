/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the tests of stations at access points: CN 5 with two cells, an access point and a
 * bridge with two of them; and an access point in no cell.
 */
#ifndef TMIP_TESTS_AGENT_WIFI_WORLD_H
#define TMIP_TESTS_AGENT_WIFI_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../calls.h"
#include "../fake_log.h"
#include "../fake_netlink.h"
#include "../fake_nl80211.h"
#include "../fake_timer.h"
#include "../small_network.h"
#include "agent/interface/cell_table.h"
#include "agent/wifi/wifi.h"

#define SELF 5
#define WLAN 42      /* a cell that is an access point itself */
#define BRIDGE 43    /* a cell that is a bridge */
#define PORT 50      /* an access point, port of that bridge */
#define OTHER_PORT 51
#define ALONE 60     /* an access point in no cell */

static const struct tmip_mac VISITOR = {{2, 0, 0, 0, 0, 7}}; /* at CN 8 */
static const struct tmip_mac LOCAL = {{2, 0, 0, 0, 0, 9}};   /* in the cell WLAN */
static const struct tmip_mac NOBODY = {{2, 0, 0, 0, 0, 0x66}};

struct wifi_world {
	struct event_base *base;
	struct roam *roam;
	struct cell_table cells;
	struct wifi *wifi;
	bool has_hostapd; /* that drops stations */
};

extern struct wifi_world wifi_world;
#define w (&wifi_world)

int wifi_setup(void **state);
int wifi_teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, wifi_setup, wifi_teardown)

struct wifi *create_wifi(void);
struct wifi_counts wifi_now(void);
/* The kernel tells this, and it is read. */
void tell_news(enum nl80211_news news, unsigned ifindex, const struct tmip_mac *mac);
/* The station is at the access point, authorised, and nothing is waited for. */
void associate(unsigned ifindex, const struct tmip_mac *mac);

/* A record of the register: where the station is. ifindex: the cell, if that is here. */
void put_visit(const struct tmip_mac *mac, uint32_t parent, uint32_t current, unsigned ifindex,
	       uint64_t seq);
const struct replica_station *station_with(const struct tmip_mac *mac);

#endif
