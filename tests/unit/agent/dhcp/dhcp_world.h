/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the DHCP server's tests: CN 5 with the cell wlan0 (10.10.5.0/24), CN 8, a register
 * for which the test answers, and an own block. 10.10.5.9 is leased to client 9, 10.10.8.7 of CN 8
 * to client 7.
 */
#ifndef TMIP_TESTS_AGENT_DHCP_WORLD_H
#define TMIP_TESTS_AGENT_DHCP_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../fake_frame.h"
#include "../fake_link.h"
#include "../fake_log.h"
#include "../fake_timer.h"
#include "../registered.h"
#include "../small_network.h"
#include "agent/dhcp/dhcp.h"
#include "agent/interface/cell_table.h"
#include "agent/station/trail.h"
#include "core/config/agent_config.h"
#include "agent/dhcp/twins.h"
#include "core/dhcp/dhcp.h"
#include "fake_outage.h"

#define SELF 5
#define IFINDEX 42
#define LEASE 3600
#define IP(host) (0x0a0a0500u + (host)) /* of the cell */
#define GATEWAY IP(1)

struct dhcp_world {
	struct event_base *base;
	struct agent_config config;
	struct cell_table cells;
	struct roam *roam;
	struct register_client *reg;
	struct trail *trail;
	struct twins *twins;
	struct dhcp *dhcp;
	bool hides_identity, hides_owner; /* what identify and may_have return is the contrary */
	struct identity identity;         /* that identify adds */
	unsigned identified;              /* calls of identify */
	struct station_record asked_of;   /* as may_have was last called; state 0: it was not */
	int check_error;                  /* what the twins' call `check` returns */
	unsigned checks;                  /* that have begun, */
	struct station_record checked;    /* the last one */
	unsigned resumed;                 /* messages that the twins let go on, */
	struct dhcp_request resumes;      /* the last one */
};

extern struct dhcp_world *w;

int dhcp_setup(void **state); /* the register is in step */
int dhcp_teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, dhcp_setup, dhcp_teardown)

void lose_register(void);   /* and the server hears of it */
void remove_cell(void);     /* it is not served any more */
struct dhcp_counts counts_now(void);

struct dhcp_request client(uint8_t type, uint8_t number);
void discover(uint8_t number);                /* without a wish */
void request(uint8_t number, uint32_t addr);  /* an offer of the cell's gateway */
/* The frame of such a message; its length. */
unsigned make_frame(const struct dhcp_request *request, uint8_t *frame);

/* The register's word: to the question `back` before the newest. */
void answer_station(unsigned back, uint8_t state, uint32_t addr, uint8_t owner);
void answer_error(unsigned back, uint16_t code);

/* The newest frame: a reply of this type to the client, with this address. */
void assert_reply(uint8_t type, uint8_t number, uint32_t addr);
void assert_no_reply(void);
const struct replica_station *record_of(uint32_t addr);

#endif
