/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of the tests of MLRP links: an event loop, two ends whose owners record their
 * callbacks, and the other side of a link as a raw socket, on which a test writes and reads
 * messages or bytes.
 */
#ifndef TMIP_TESTS_MLRP_LINK_WORLD_H
#define TMIP_TESTS_MLRP_LINK_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/link/mlrp_link.h"

#define DEADLINE_S 5

/* Where an owner closes its link. After `closed` it must do so, in that callback or later. */
enum close_in { CLOSE_IN_CLOSED, CLOSE_IN_UP, CLOSE_IN_MESSAGE, CLOSE_LATER };

/* One end as its owner sees it. */
struct end {
	struct mlrp_link *link;
	enum close_in close_in;
	int ups, messages, closes;
	struct mlrp_message hello, last;
	char why[200];
	int echo; /* the owner answers each message with so many PONGs of its transaction */
};

extern struct event_base *base;
extern struct end a, b; /* a accepts, b connects */
extern const struct mlrp_link_handler handler; /* its argument: struct end */
extern bool deadline_passed;

void close_end(struct end *end);
struct mlrp_self self(uint8_t role, const char *network, const char *name);

/* Turns the event loop until the fact is true. The test fails if that takes DEADLINE_S seconds. */
struct event *start_deadline(void);
#define UNTIL(fact) do { \
	struct event *deadline_ = start_deadline(); \
	while (!(fact) && !deadline_passed) \
		event_base_loop(base, EVLOOP_ONCE); \
	event_free(deadline_); \
	if (deadline_passed) \
		fail_msg("did not come true: %s", #fact); \
} while (0)

/* ---- the raw side */

/* Makes end a on one half of a socket pair. Returns the other half, whose reads have a deadline. */
int raw_peer(const char *network);
int raw_up(void); /* the same, after the handshake */
void say(int fd, const struct mlrp_message *m);
/* HELLO of a CN with that range of versions. */
struct mlrp_message hello_message(const char *network, uint8_t min, uint8_t max);
struct mlrp_message renew_message(uint32_t transaction);
void say_hello(int fd, const char *network, uint8_t min, uint8_t max);
void hear(int fd, struct mlrp_message *m); /* reads the next message from the link */
void hear_end(int fd); /* demands that the link has closed the connection; closes fd */

int setup(void **state);
int teardown(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
