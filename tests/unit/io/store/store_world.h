/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the store's tests: a database in a folder of its own, an event loop, what the store
 * read and said; and a memory that fails when the test wants.
 */
#ifndef TMIP_TESTS_STORE_WORLD_H
#define TMIP_TESTS_STORE_WORLD_H

#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/store/store.h"

extern char folder[64], path[96], why[STORE_ERROR];
extern struct event_base *base;
extern struct store *store;
extern uint32_t epoch;

/* What store_load read. */
extern struct cn_info cns[8];
extern struct station_record records[64];
extern int cn_count, record_count;

/* What the store said last. */
extern uint64_t durable;
extern bool failed;
extern int lost;
extern char lost_why[STORE_ERROR];

extern const struct store_handler HANDLER;

int open_again(void);   /* as store_open */
void start_store(void); /* opens, loads, starts */
void end_store(void);

void wait_for_store(void);                /* until it says something; a test that hangs is ended */
void wait_until_durable(uint64_t number);

struct station_record station(unsigned host, uint64_t seq);
void sql(const char *text);               /* by another connection */

/* In this thread, the next so many requests for memory are met, and the one after them fails. */
void memory_fails_after(int count);
void memory_is_gone(void); /* all of them fail */
bool memory_is_back(void); /* the end of either; did the one request fail? */

int set_up(void **state);
int tear_down(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
