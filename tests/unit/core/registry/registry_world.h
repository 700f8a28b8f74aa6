/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the register's tests, without sockets and disks: CNs are sessions whose messages are
 * collected, the store is an array that the test makes durable, and which refuses what the test
 * wants. Cells are 10.N.0.0/24 of CN N with the gateway .1; a station is the number of its MAC. A
 * test says what a CN asks, and looks at the answer, at the other CNs' mailboxes, and at the
 * records. In all tests, the world checks that no answer promises what is not durable yet, and that
 * changes come to the store in their order.
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
#define DISK_STATIONS 2560
#define DISK_CNS 8
#define CALLS 256
#define PROMISES 1024
#define EPOCH 7
#define OFFER_S 30
#define DECLINE_S 600
#define GRACE_S 60
#define WINDOW_S 10
#define HOLD_S 10
#define MAC_ADDRESSES 16
#define MAC_DECLINES 3
#define CELL_CLAIMS 3000

struct mailbox {
	struct registry_session *session;
	struct mlrp_message box[512];
	int count;
	bool closed;
};

struct disk {
	struct station_record stations[DISK_STATIONS]; /* state 0: erased, with its last version */
	struct cn_info cns[DISK_CNS];
	int station_count, cn_count;
};

/* One call of the store's interface. */
struct store_call {
	char kind; /* s: put a station, e: erase one, c: put a CN */
	bool taken;
	struct tmip_addr addr;
	uint32_t cn;
	uint64_t number;
};

struct world {
	struct registry *registry;
	struct mailbox cn[CNS + 1];
	struct disk disk;                   /* what the store has taken ... */
	struct disk durable;                /* ... and what it had when the disk wrote last */
	uint64_t given;                     /* the number that came with the last of it */
	struct version given_version;
	int take, refuse;                   /* it takes so many calls, then refuses so many, */
	unsigned refuse_percent;            /* and then so many of a hundred */
	struct store_call calls[CALLS];     /* the first ones; a test may empty it */
	int call_count, cn_puts, erased;
	char store_told[REGISTRY_TEXT];     /* the last line about the store, and their number */
	int store_lines;
	bool promised[PROMISES];            /* by transaction: the answer must be durable */
	int kept[UINT8_MAX + 1];            /* such answers, by type */
	bool disk_waits;                    /* for the test to call disk_writes */
	struct registry_time now;
	uint32_t transaction;               /* the last one */
	unsigned stations_max, flap_moves;
	uint64_t instance;                  /* that the next HELLO names; 0: none */
	char told[REGISTRY_TEXT];           /* the last line */
	const char *about;                  /* a text; */
	int lines_about;                    /* so many lines have it */
};

extern struct world *w;

struct tmip_addr ip(int net, int host);
struct tmip_mac mac(unsigned number);

/* An empty register with the world's limits, in place of the one before and its sessions. */
void begin(uint32_t epoch);
/* One that has loaded what was stored; registry_load_end is still to be called. */
void begin_from_disk(uint32_t epoch);
void disk_writes(void);               /* all that the store has taken */
int disk_count(const struct disk *disk);
const struct station_record *disk_find(const struct disk *disk, const struct tmip_addr *addr);
const struct cn_info *disk_find_cn(const struct disk *disk, uint32_t id);
void expect_all_durable(void);        /* what the disk has is what the register has */
void pass(unsigned seconds);          /* time, and what is due by then */

/* CNs */
void open_session(int cn, uint8_t role);
void close_session(int cn);
/* The CN's cell with that pool; first 0: without one. */
struct cn_info describe(int cn, int first, int last);
const struct mlrp_message *register_info(int cn, const struct cn_info *info);
/* Opens a session and registers describe(). The CN's number. */
uint32_t join(int cn, int first, int last);

/* Messages */
/* Asks as a new transaction. The answer, or NULL if it waits. */
const struct mlrp_message *ask(int cn, struct mlrp_message *message);
const struct mlrp_message *last(int cn);
/* Empties the mailbox, and asks. slice 0: nothing is sent yet. */
void request_sync(int cn, struct version has, unsigned slice);

/* Asks about MAC `number`, with an empty mailbox. */
const struct mlrp_message *request(int cn, uint8_t type, unsigned number, struct tmip_addr addr);
/* The same, and the answer is this record. */
const struct station_record *good(int cn, uint8_t type, unsigned number, struct tmip_addr addr);
void refused(int cn, uint8_t type, unsigned number, struct tmip_addr addr, uint16_t code);
struct tmip_addr offer(int cn, unsigned number); /* the address that it is offered */
struct tmip_addr lease(int cn, unsigned number); /* and takes */

void expect(struct tmip_addr addr, int net, int host);
/* What the register knows of the address; NULL: nothing. */
const struct station_record *record(struct tmip_addr addr);

int setup(void **state); /* an empty register that runs */
int teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
