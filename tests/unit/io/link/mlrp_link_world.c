/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owners of two ends that record their callbacks, and a socket on which a test writes and reads
 * bytes; see mlrp_link_world.h.
 */
#include <signal.h>
#include <sys/socket.h>

#include "mlrp_link_world.h"

struct event_base *base;
struct end a, b;
bool deadline_passed;

void close_end(struct end *end)
{
	mlrp_link_close(end->link);
	end->link = NULL;
}

static void up(struct mlrp_link *link, const struct mlrp_message *hello, void *arg)
{
	struct end *end = arg;

	assert_true(mlrp_link_is_up(link));
	end->ups++;
	end->hello = *hello;
	if (end->close_in == CLOSE_IN_UP)
		close_end(end);
}

static void message(struct mlrp_link *link, const struct mlrp_message *m, void *arg)
{
	struct end *end = arg;

	end->messages++;
	end->last = *m;
	for (int i = 0; i < end->echo; i++) {
		struct mlrp_message reply = {.type = MLRP_PONG, .transaction = m->transaction};

		assert_int_equal(mlrp_link_send(link, &reply), 0);
	}
	if (end->close_in == CLOSE_IN_MESSAGE)
		close_end(end);
}

static void closed(struct mlrp_link *link, const char *why, void *arg)
{
	struct end *end = arg;

	assert_false(mlrp_link_is_up(link));
	assert_ptr_equal(link, end->link);
	end->closes++;
	snprintf(end->why, sizeof(end->why), "%s", why);
	if (end->close_in != CLOSE_LATER)
		close_end(end);
}

const struct mlrp_link_handler handler = {.up = up, .message = message, .closed = closed};

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	deadline_passed = true;
}

struct event *start_deadline(void)
{
	struct timeval limit = {DEADLINE_S, 0};
	struct event *timer = evtimer_new(base, on_deadline, NULL);

	assert_non_null(timer);
	deadline_passed = false;
	evtimer_add(timer, &limit);
	return timer;
}

struct mlrp_self self(uint8_t role, const char *network, const char *name)
{
	struct mlrp_self me = {.role = role};

	snprintf(me.network, sizeof(me.network), "%s", network);
	snprintf(me.name, sizeof(me.name), "%s", name);
	return me;
}

int setup(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	return base ? 0 : -1;
}

int teardown(void **state)
{
	(void)state;
	close_end(&a);
	close_end(&b);
	event_base_loop(base, EVLOOP_NONBLOCK); /* deferred calls must not touch freed memory */
	event_base_free(base);
	return 0;
}

int raw_peer(const char *network)
{
	struct mlrp_self me = self(MLRP_ROLE_MLR, network, "register");
	struct timeval limit = {DEADLINE_S, 0};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(evutil_make_socket_nonblocking(pair[0]), 0);
	setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	me.version = (struct version){3, 77};
	a.link = mlrp_link_accept(base, pair[0], &me, &handler, &a);
	assert_non_null(a.link);
	return pair[1];
}

void say(int fd, const struct mlrp_message *m)
{
	uint8_t bytes[MLRP_HEADER_LEN + MLRP_LENGTH_MAX];
	long len = mlrp_encode(m, bytes, sizeof(bytes));

	assert_true(len > 0);
	assert_int_equal(write(fd, bytes, (size_t)len), len);
}

struct mlrp_message hello_message(const char *network, uint8_t min, uint8_t max)
{
	struct mlrp_message m = {
		.type = MLRP_HELLO, .version_min = min, .version_max = max,
		.role = MLRP_ROLE_CN, .name = "cn1",
		.has = MLRP_HAS(MLRP_F_VERSION_MIN) | MLRP_HAS(MLRP_F_VERSION_MAX) |
		       MLRP_HAS(MLRP_F_ROLE) | MLRP_HAS(MLRP_F_NETWORK) | MLRP_HAS(MLRP_F_NAME),
	};

	snprintf(m.network, sizeof(m.network), "%s", network);
	return m;
}

struct mlrp_message renew_message(uint32_t transaction)
{
	return (struct mlrp_message){
		.type = MLRP_RENEW, .transaction = transaction, .lease = 60,
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE),
	};
}

void say_hello(int fd, const char *network, uint8_t min, uint8_t max)
{
	struct mlrp_message m = hello_message(network, min, max);

	say(fd, &m);
}

void hear(int fd, struct mlrp_message *m)
{
	uint8_t bytes[MLRP_HEADER_LEN + MLRP_LENGTH_MAX];
	uint8_t *fields = bytes + MLRP_HEADER_LEN;
	long whole, rest;

	assert_int_equal(recv(fd, bytes, MLRP_HEADER_LEN, MSG_WAITALL), MLRP_HEADER_LEN);
	whole = mlrp_message_length(bytes, MLRP_HEADER_LEN, NULL);
	rest = whole - MLRP_HEADER_LEN;
	assert_true(rest >= 0);
	if (rest)
		assert_int_equal(recv(fd, fields, (size_t)rest, MSG_WAITALL), rest);
	assert_int_equal(mlrp_decode(bytes, (size_t)whole, m, NULL), 0);
}

void hear_end(int fd)
{
	uint8_t byte;

	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

int raw_up(void)
{
	struct mlrp_message m;
	int fd = raw_peer("net");

	say_hello(fd, "net", 1, 1);
	UNTIL(a.ups);
	hear(fd, &m);
	assert_int_equal(m.type, MLRP_WELCOME);
	return fd;
}
