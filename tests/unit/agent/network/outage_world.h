/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the tests of the outage: CN 5 with one cell (10.10.5.0/24), a register that is there
 * or not, and a file whose writes the test ends.
 */
#ifndef TMIP_TESTS_AGENT_NETWORK_OUTAGE_WORLD_H
#define TMIP_TESTS_AGENT_NETWORK_OUTAGE_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../calls.h"
#include "../fake_file_writer.h"
#include "../fake_log.h"
#include "../fake_timer.h"
#include "../registered.h"
#include "agent/network/outage.h"
#include "core/config/agent_config.h"
#include "core/dhcp/block.h"
#include "../small_network.h"

#define SELF 5
#define IFINDEX 42
#define LEASE 3600
#define IP(host) (0x0a0a0500u + (host)) /* as the DHCP server has addresses */

struct outage_world {
	struct event_base *base;
	struct agent_config config;
	struct roam *roam;
	struct register_client *reg;
	struct outage *outage;
	struct cn_info self;           /* as describe_cn gives it */
	char folder[32], path[96];     /* state_dir; the file there that outage_create() reads */
	int done[8];                   /* errors that `done` had, in order */
	void *done_arg[8];
	unsigned done_count;
	uint8_t at_done; /* state of the record of 10.10.5.20 when `done` came last; 0: none */
};

extern struct outage_world *w;

/* This CN has its number. Without: as after a start, before the register has answered. */
int outage_setup(void **state);
int outage_setup_without_number(void **state);
int outage_teardown(void **state);

void create_outage(void); /* outage_create() again, with the file that is there */
void destroy_outage(bool tear_down);
void put_file(const char *text); /* into state_dir */

/* The block: addresses 10.10.5.20 and so on, as the register sets them aside; in the file. */
void get_block(unsigned count);
void answer_request(unsigned back, unsigned count); /* BLOCK with so many addresses */
void refuse_request(unsigned back);                 /* ERROR */

/* The entry of 10.10.5.HOST; NULL: none. */
const struct block_entry *entry_of(int host);
uint8_t state_in_file(int host); /* of the address in what is on the disk; 0: it is not there */
const struct replica_station *record_of(int host);

struct dhcp_request client(uint8_t number);
int bind_address(int host, uint8_t number); /* to client(number); `done` notes */
void put_record(int host, uint64_t seq);    /* a record of the register, bound to client(9) */

#define CASE(name) cmocka_unit_test_setup_teardown(name, outage_setup, outage_teardown)
#define EARLY(name) \
	cmocka_unit_test_setup_teardown(name, outage_setup_without_number, outage_teardown)

#endif
