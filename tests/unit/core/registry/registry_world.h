/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the register's tests, without sockets and disks: CNs are sessions whose messages are collected, the disk is
 * the test, which says what is written. Cells are 10.N.0.0/24 of CN N with the gateway .1; a station is the number of its
 * MAC. A test says what a CN asks, and looks at the answer, at the other CNs' mailboxes, and at the records.
 */
#ifndef TMIP_TESTS_REGISTRY_WORLD_H
#define TMIP_TESTS_REGISTRY_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/registry/registry.h"

#define CNS 4
#define EPOCH 7
#define OFFER_S 30
#define DECLINE_S 600
#define GRACE_S 60
#define WINDOW_S 10
#define HOLD_S 10

struct mailbox {
	struct registry_session *session;
	struct mlrp_message box[512];
	int count;
	bool closed;
};

struct world {
	struct registry *registry;
	struct mailbox cn[CNS + 1];
	struct station_record stored[1024]; /* what the disk would hold */
	int stored_count, erased, stored_cns;
	struct cn_info cns[8];
	bool disk_waits;                    /* until the test calls disk_writes or registry_stored */
	struct registry_time now;
	uint32_t transaction;               /* the last one */
	unsigned stations_max, flap_moves;
	char told[REGISTRY_TEXT];           /* the last line */
};

extern struct world *w;

struct tmip_addr ip(int net, int host);
struct tmip_mac mac(unsigned number);

/* In place of the register that was there, whose sessions are gone: an empty one with the world's limits. */
void begin(uint32_t epoch);
void begin_from_disk(uint32_t epoch); /* one that has loaded what was stored; registry_load_end is still to be called */
void disk_writes(void);               /* all that waits for the disk */
void pass(unsigned seconds);          /* time, and what is due by then */

/* CNs */
void open_session(int cn, uint8_t role);
void close_session(int cn);
struct cn_info describe(int cn, int first, int last); /* its cell with that pool; first 0: without one */
const struct mlrp_message *register_info(int cn, const struct cn_info *info);
uint32_t join(int cn, int first, int last); /* opens a session and registers describe(); the CN's number */

/* Messages */
const struct mlrp_message *ask(int cn, struct mlrp_message *message); /* as a new transaction; the answer, or NULL if it waits */
const struct mlrp_message *last(int cn);
void request_sync(int cn, struct version has, unsigned slice);        /* empties the mailbox; slice 0: nothing is sent yet */

/* Asks about MAC `number`, with an empty mailbox. */
const struct mlrp_message *request(int cn, uint8_t type, unsigned number, struct tmip_addr addr);
const struct station_record *good(int cn, uint8_t type, unsigned number, struct tmip_addr addr); /* answered with this record */
void refused(int cn, uint8_t type, unsigned number, struct tmip_addr addr, uint16_t code);
struct tmip_addr offer(int cn, unsigned number); /* the address that it is offered */
struct tmip_addr lease(int cn, unsigned number); /* and takes */

void expect(struct tmip_addr addr, int net, int host);
const struct station_record *record(struct tmip_addr addr); /* what the register knows of it; NULL: nothing */

int setup(void **state); /* an empty register that runs */
int teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
