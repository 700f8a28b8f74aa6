/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the tests of agent/interface: a machine whose interfaces the test defines, with a
 * backbone eth0 (ifindex 2, 192.168.0.1/24) and two interfaces that can be cells, wlan0 (10,
 * 10.10.1.1/24) and wlan1 (14, 10.10.4.1/24). What modules write goes into a folder that ends with
 * the test.
 */
#ifndef TMIP_TESTS_INTERFACE_WORLD_H
#define TMIP_TESTS_INTERFACE_WORLD_H

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
#include "../fake_timer.h"
#include "../small_network.h"
#include "agent/interface/backbone.h"
#include "agent/interface/cells.h"
#include "agent/interface/settings.h"
#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "fake_device.h"
#include "fake_ethtool.h"
#include "fake_sysctl.h"

#define ETH0 2
#define WLAN0 10
#define WLAN1 14

struct interface_world {
	struct event_base *base;
	struct agent_config config; /* eth0 and wlan0, network "net", XDP off */
	struct roam *roam;
	struct backbone backbone;
	struct cells *cells;        /* NULL: the test does not need them */
	bool by_command;            /* a command names the cells of the start */
	unsigned backbone_changed, described, served, left, changed; /* how often each was called */
	uint64_t seq;               /* of the last record of a station */
	char folder[64];            /* of the configuration: state_dir */
	char why[CELLS_WHY];
	struct cells_cut cut[CN_CELLS_MAX]; /* by a new configuration */
};

extern struct interface_world *w;

int world_setup(void **state);    /* the backbone is found, and no cell is served */
int world_teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

struct tmip_addr ip(const char *text);
/* The backbone is attached and the cells of the configuration are served; the lists of calls and of
 * log lines are empty again. */
void start_cells(void);
void create_cells(void); /* and no more */
void end_cells(bool tear_down);
/* The kernel tells of a change, and its time passes. */
void interface_changes(unsigned ifindex, const char *name);
int detach(const char *name);     /* not before nobody needs the cell */
/* By the table. Demands that the data path agrees, and that there is a port for frames. */
bool is_served(const char *name);
bool is_known(const char *name);  /* to the table */
const struct cell *cell_of(const char *name); /* NULL: it is not known */
/*
 * The record of the station 10.10.PARENT.HOST. This CN is number 1; `ifindex`: of its cell where
 * the station is. What becomes of stations is in the list of calls: "put ADDRESS in IFINDEX home
 * IFINDEX", "delete ADDRESS", "announce ADDRESS in IFINDEX", "greet ADDRESS", "gone from IFINDEX".
 */
void put_station(uint32_t parent, int host, uint32_t current, unsigned ifindex);

#endif
