/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MLRP links: two ends in one event loop, over loopback TCP, or one end and a raw socket on which the test plays the
 * other side byte by byte. Every end of a link has its cause; closing is allowed in every callback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/log.h"
#include "io/mlrp_link.h"

#define DEADLINE_S 5

enum close_in { CLOSE_NEVER, CLOSE_IN_UP, CLOSE_IN_MESSAGE, CLOSE_IN_CLOSED, CLOSE_LATER };

/* One end as its owner sees it. */
struct end {
	struct mlrp_link *link;
	enum close_in close_in;
	int ups, messages, closes;
	struct mlrp_message hello, last;
	char why[200];
	int echo; /* answer each message by so many PINGs of our own number */
};

static struct event_base *base;
static struct end a, b;
static bool deadline_passed;

static void close_end(struct end *end)
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

static const struct mlrp_link_handler handler = {.up = up, .message = message, .closed = closed};

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	deadline_passed = true;
}

/* Turns the loop until the fact is there; a fact that does not come is a failure, not an endless test. */
#define UNTIL(fact) do { \
	struct timeval limit_ = {DEADLINE_S, 0}; \
	struct event *timer_ = evtimer_new(base, on_deadline, NULL); \
	deadline_passed = false; \
	evtimer_add(timer_, &limit_); \
	while (!(fact) && !deadline_passed) \
		event_base_loop(base, EVLOOP_ONCE); \
	event_free(timer_); \
	if (deadline_passed) \
		fail_msg("did not come true: %s", #fact); \
} while (0)

static struct mlrp_self self(uint8_t role, const char *network, const char *name)
{
	struct mlrp_self me = {.role = role};

	snprintf(me.network, sizeof(me.network), "%s", network);
	snprintf(me.name, sizeof(me.name), "%s", name);
	return me;
}

static int setup(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	return base ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	close_end(&a);
	close_end(&b);
	event_base_loop(base, EVLOOP_NONBLOCK); /* what was deferred must not touch what was freed */
	event_base_free(base);
	return 0;
}

/* An accepted link over one half of a socket pair; the other half, blocking with a time limit, is the test's. */
static int raw_peer(const char *network)
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

static void say(int fd, const struct mlrp_message *m)
{
	uint8_t bytes[MLRP_HEADER_LEN + MLRP_LENGTH_MAX];
	long len = mlrp_encode(m, bytes, sizeof(bytes));

	assert_true(len > 0);
	assert_int_equal(write(fd, bytes, (size_t)len), len);
}

static struct mlrp_message hello_message(const char *network, uint8_t min, uint8_t max)
{
	struct mlrp_message m = {.type = MLRP_HELLO, .version_min = min, .version_max = max, .role = MLRP_ROLE_CN, .name = "cn1",
				 .has = MLRP_HAS(MLRP_F_VERSION_MIN) | MLRP_HAS(MLRP_F_VERSION_MAX) | MLRP_HAS(MLRP_F_ROLE) |
					MLRP_HAS(MLRP_F_NETWORK) | MLRP_HAS(MLRP_F_NAME)};

	snprintf(m.network, sizeof(m.network), "%s", network);
	return m;
}

static void say_hello(int fd, const char *network, uint8_t min, uint8_t max)
{
	struct mlrp_message m = hello_message(network, min, max);

	say(fd, &m);
}

/* The next message from the link. */
static void hear(int fd, struct mlrp_message *m)
{
	uint8_t bytes[MLRP_HEADER_LEN + MLRP_LENGTH_MAX];
	long whole;

	assert_int_equal(recv(fd, bytes, MLRP_HEADER_LEN, MSG_WAITALL), MLRP_HEADER_LEN);
	whole = mlrp_message_length(bytes, MLRP_HEADER_LEN, NULL);
	assert_true(whole >= MLRP_HEADER_LEN);
	if (whole > MLRP_HEADER_LEN)
		assert_int_equal(recv(fd, bytes + MLRP_HEADER_LEN, (size_t)whole - MLRP_HEADER_LEN, MSG_WAITALL), whole - MLRP_HEADER_LEN);
	assert_int_equal(mlrp_decode(bytes, (size_t)whole, m, NULL), 0);
}

static void hear_end(int fd)
{
	uint8_t byte;

	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

/* Handshake done with a raw peer. */
static int raw_up(void)
{
	struct mlrp_message m;
	int fd = raw_peer("net");

	say_hello(fd, "net", 1, 1);
	UNTIL(a.ups);
	hear(fd, &m);
	assert_int_equal(m.type, MLRP_WELCOME);
	return fd;
}

/* ---- the handshake */

static void test_handshake_raw(void **state)
{
	struct mlrp_message m;
	int fd = raw_peer("net");

	(void)state;
	say_hello(fd, "net", 1, 9); /* newer than we are */
	UNTIL(a.ups);
	assert_string_equal(a.hello.name, "cn1");
	hear(fd, &m);
	assert_int_equal(m.type, MLRP_WELCOME);
	assert_int_equal(m.version_min, 1);
	assert_int_equal(m.version_max, 1);
	assert_int_equal(m.role, MLRP_ROLE_MLR);
	assert_true(m.has & MLRP_HAS(MLRP_F_VERSION));
	assert_int_equal(m.version.epoch, 3);
	assert_true(mlrp_link_is_up(a.link));
	assert_int_equal(mlrp_link_received(a.link), 1);
	assert_int_equal(mlrp_link_sent(a.link), 1);
	close(fd);
}

static void expect_refusal(int fd, uint16_t code, const char *why)
{
	struct mlrp_message m;

	UNTIL(a.closes);
	assert_int_equal(a.ups, 0);
	if (!strstr(a.why, why))
		fail_msg("`%s' does not contain `%s'", a.why, why);
	hear(fd, &m);
	assert_int_equal(m.type, MLRP_ERROR);
	assert_int_equal(m.code, code);
	assert_non_null(strstr(m.text, why));
	hear_end(fd);
}

static void test_wrong_network(void **state)
{
	int fd = raw_peer("net");

	(void)state;
	say_hello(fd, "other", 1, 1);
	expect_refusal(fd, MLRP_E_NETWORK, "network_name `net' here, `other' there");
}

static void test_wrong_version(void **state)
{
	static const uint8_t ranges[][2] = {{2, 9}, {0, 0}, {9, 1}};

	for (int i = 0; i < 3; i++) {
		int fd = raw_peer("net");

		say_hello(fd, "net", ranges[i][0], ranges[i][1]);
		expect_refusal(fd, MLRP_E_VERSION, "versions 1 to 1 here");
		teardown(state);
		setup(state);
	}
}

static void test_first_message_is_not_hello(void **state)
{
	struct mlrp_message ping = {.type = MLRP_PING};
	int fd = raw_peer("net");

	(void)state;
	say(fd, &ping);
	expect_refusal(fd, MLRP_E_PROTOCOL, "first message");
}

static void test_garbage(void **state)
{
	int fd = raw_peer("net");

	(void)state;
	assert_int_equal(write(fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	expect_refusal(fd, MLRP_E_PROTOCOL, "version this program does not speak");
}

static void test_garbage_later(void **state)
{
	/* PING with a field that is cut short. */
	static const uint8_t bytes[] = {1, MLRP_PING, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 9, 0, 4, 7};
	struct mlrp_message m;
	int fd = raw_up();

	(void)state;
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	UNTIL(a.closes);
	assert_non_null(strstr(a.why, "field 9, offset 12"));
	hear(fd, &m);
	assert_int_equal(m.code, MLRP_E_PROTOCOL);
	hear_end(fd);
}

static void test_too_long(void **state)
{
	static const uint8_t bytes[] = {1, MLRP_PING, 0, 0, 0, 0, 0x40, 1, 0, 0, 0, 0};
	int fd = raw_up();

	(void)state;
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	UNTIL(a.closes);
	assert_non_null(strstr(a.why, "too long"));
	close(fd);
}

/* ---- messages */

static void test_byte_by_byte(void **state)
{
	struct mlrp_message m = hello_message("net", 1, 1);
	uint8_t bytes[512];
	long len = mlrp_encode(&m, bytes, sizeof(bytes));
	int fd = raw_peer("net");

	(void)state;
	for (long i = 0; i < len; i++) {
		assert_int_equal(a.ups, 0);
		assert_int_equal(write(fd, bytes + i, 1), 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	UNTIL(a.ups);
	close(fd);
}

static void test_unknown_type_is_skipped(void **state)
{
	static const uint8_t unknown[] = {1, 99, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0xff, 0xff, 0xff};
	struct mlrp_message renew = {.type = MLRP_RENEW, .transaction = 5, .lease = 60,
				     .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE)};
	int fd = raw_up();

	(void)state;
	assert_int_equal(write(fd, unknown, sizeof(unknown)), sizeof(unknown));
	say(fd, &renew);
	UNTIL(a.messages);
	assert_int_equal(a.last.type, MLRP_RENEW);
	assert_int_equal(a.last.transaction, 5);
	close(fd);
}

static void test_ping_is_answered(void **state)
{
	struct mlrp_message ping = {.type = MLRP_PING, .transaction = 0x01020304}, m;
	int fd = raw_up();

	(void)state;
	say(fd, &ping);
	UNTIL(mlrp_link_sent(a.link) == 2);
	hear(fd, &m);
	assert_int_equal(m.type, MLRP_PONG);
	assert_int_equal(m.transaction, 0x01020304);
	assert_int_equal(a.messages, 0);
	close(fd);
}

/* What is sent is on the wire before the call returns: no turn of the loop lies between. */
static void test_sent_at_once(void **state)
{
	struct mlrp_message renew = {.type = MLRP_RENEW, .transaction = 6, .lease = 60,
				     .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE)}, m;
	uint8_t bytes[64];
	int fd = raw_up();
	long len;

	(void)state;
	assert_int_equal(mlrp_link_send(a.link, &renew), 0);
	assert_int_equal(mlrp_link_send(a.link, &renew), 0);
	hear(fd, &m);
	assert_int_equal(m.transaction, 6);
	hear(fd, &m);
	assert_int_equal(mlrp_link_queued(a.link), 0);
	renew.transaction = 7;
	len = mlrp_encode(&renew, bytes, sizeof(bytes));
	assert_int_equal(mlrp_link_send_encoded(a.link, bytes, (size_t)len), 0);
	close_end(&a); /* last words */
	hear(fd, &m);
	assert_int_equal(m.transaction, 7);
	event_base_loop(base, EVLOOP_NONBLOCK); /* libevent closes the socket in the next turn */
	hear_end(fd);
}

static void test_send_refuses(void **state)
{
	struct mlrp_message renew = {.type = MLRP_RENEW}, ping = {.type = MLRP_PING};
	int fd = raw_peer("net");

	(void)state;
	assert_int_equal(mlrp_link_send(a.link, &ping), -ENOTCONN);
	assert_int_equal(mlrp_link_send_encoded(a.link, (const uint8_t *)"", 1), -ENOTCONN);
	say_hello(fd, "net", 1, 1);
	UNTIL(a.ups);
	assert_int_equal(mlrp_link_send(a.link, &renew), -EINVAL);
	assert_int_equal(mlrp_link_send(a.link, &ping), 0);
	a.close_in = CLOSE_LATER;
	close(fd);
	UNTIL(a.closes);
	assert_int_equal(mlrp_link_send(a.link, &ping), -ENOTCONN);
}

/* ---- ends */

static void test_end_with_last_words(void **state)
{
	struct mlrp_message error = {.type = MLRP_ERROR, .code = MLRP_E_CONFLICT, .has = MLRP_HAS(MLRP_F_CODE)};
	int fd = raw_up();

	(void)state;
	say(fd, &error);
	close(fd);
	UNTIL(a.closes);
	assert_int_equal(a.messages, 1);
	assert_int_equal(a.last.code, MLRP_E_CONFLICT);
	assert_string_equal(a.why, "the other side closed the connection");
}

static void test_end_before_handshake(void **state)
{
	int fd = raw_peer("net");

	(void)state;
	close(fd);
	UNTIL(a.closes);
	assert_non_null(strstr(a.why, "before the handshake"));
}

static void test_silent_from_the_start(void **state)
{
	int fd = raw_peer("net");

	(void)state;
	mlrp_link_set_patience(a.link, 20, 1000, 3000);
	UNTIL(a.closes);
	assert_non_null(strstr(a.why, "timed out before the handshake"));
	hear_end(fd);
}

static void test_silent_later(void **state)
{
	struct mlrp_message m;
	int fd = raw_up();

	(void)state;
	mlrp_link_set_patience(a.link, 1000, 10, 30);
	UNTIL(a.closes);
	assert_string_equal(a.why, "silent for too long");
	for (int i = 0; i < 3; i++) {
		hear(fd, &m);
		assert_int_equal(m.type, MLRP_PING);
	}
	hear_end(fd);
}

static void test_answers_keep_it_alive(void **state)
{
	struct mlrp_message pong = {.type = MLRP_PONG}, m;
	int fd = raw_up();

	(void)state;
	mlrp_link_set_patience(a.link, 1000, 5, 10);
	for (int i = 0; i < 8; i++) {
		uint64_t sent = mlrp_link_sent(a.link);

		UNTIL(mlrp_link_sent(a.link) > sent);
		hear(fd, &m);
		say(fd, &pong);
		sent = mlrp_link_received(a.link);
		UNTIL(mlrp_link_received(a.link) > sent);
	}
	assert_int_equal(a.closes, 0);
	assert_int_equal(a.messages, 0);
	close(fd);
}

static void test_queue_limit(void **state)
{
	static struct mlrp_message big = {.type = MLRP_CN, .has = MLRP_HAS(MLRP_F_CN), .cn = {.id = 1, .name = "cn", .cell_count = CN_CELLS_MAX}};
	int fd = raw_up(), error = 0;
	long sent = 0;

	(void)state;
	for (int i = 0; i < CN_CELLS_MAX; i++)
		big.cn.cells[i].dns_count = CELL_DNS_MAX;
	while (!error && sent < 200000) {
		error = mlrp_link_send(a.link, &big);
		sent++;
	}
	assert_int_equal(error, -ENOBUFS);
	assert_int_equal(a.closes, 0); /* not inside the call */
	assert_int_equal(mlrp_link_send(a.link, &big), -ENOTCONN);
	UNTIL(a.closes);
	assert_string_equal(a.why, "the other side reads too slowly");
	close(fd);
}

/* A peer that pings and never reads must not make us keep its answers without end. */
static void test_pings_of_a_deaf_peer(void **state)
{
	static uint8_t pings[MLRP_HEADER_LEN * 4096];
	int fd = raw_up();

	(void)state;
	for (size_t i = 0; i < sizeof(pings); i += MLRP_HEADER_LEN) {
		pings[i] = 1;
		pings[i + 1] = MLRP_PING;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (size_t at = 0, total = 0; !a.closes && total < 2 * (size_t)MLRP_LINK_QUEUE_MAX;) {
		ssize_t n = write(fd, pings + at, sizeof(pings) - at);

		at = n > 0 ? (at + (size_t)n) % sizeof(pings) : at;
		total += n > 0 ? (size_t)n : 0;
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	UNTIL(a.closes);
	assert_string_equal(a.why, "the other side reads too slowly");
	close(fd);
}

/* ---- closing inside callbacks */

static void test_close_in_up(void **state)
{
	int fd = raw_peer("net");
	struct mlrp_message ping = {.type = MLRP_PING}, m;

	(void)state;
	a.close_in = CLOSE_IN_UP;
	say_hello(fd, "net", 1, 1);
	say(fd, &ping); /* in the same buffer: must not be looked at any more */
	UNTIL(a.ups);
	assert_null(a.link);
	assert_int_equal(a.closes, 0);
	hear(fd, &m);
	assert_int_equal(m.type, MLRP_WELCOME);
	close(fd);
}

static void test_close_in_message(void **state)
{
	struct mlrp_message renew = {.type = MLRP_RENEW, .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE)};
	int fd = raw_up();

	(void)state;
	a.close_in = CLOSE_IN_MESSAGE;
	a.echo = 3;
	say(fd, &renew);
	say(fd, &renew);
	close(fd); /* and EOF in the same turn */
	UNTIL(a.messages);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(a.messages, 1);
	assert_int_equal(a.closes, 0);
}

/* Between `closed` and the owner's mlrp_link_close nothing may bring the link back. */
static void test_close_later(void **state)
{
	struct mlrp_message ping = {.type = MLRP_PING};
	int fd = raw_peer("net");

	(void)state;
	a.close_in = CLOSE_LATER;
	say(fd, &ping);
	say_hello(fd, "net", 1, 1); /* would be a good handshake, but comes too late */
	UNTIL(a.closes);
	for (int i = 0; i < 5; i++) {
		say_hello(fd, "net", 1, 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(a.closes, 1);
	assert_int_equal(a.ups, 0);
	assert_false(mlrp_link_is_up(a.link));
	close(fd);
}

/* ---- both ends, over TCP */

static int listener(uint16_t *port)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(here);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&here, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &len), 0);
	*port = ntohs(here.sin_port);
	return fd;
}

/* a accepts, b connects. */
static void connect_both(const char *network_a, const char *network_b, const struct tmip_addr *source)
{
	struct mlrp_self register_self = self(MLRP_ROLE_MLR, network_a, "register"), cn = self(MLRP_ROLE_CN, network_b, "cn1");
	uint16_t port;
	int server = listener(&port), fd;

	cn.cn_id = 4;
	cn.tunnel = addr_from_ipv4(0xc0a80001);
	b.link = mlrp_link_connect(base, NULL, "127.0.0.1", port, source, 3000, &cn, &handler, &b);
	assert_non_null(b.link);
	fd = accept(server, NULL, NULL);
	assert_true(fd >= 0);
	evutil_make_socket_nonblocking(fd);
	a.link = mlrp_link_accept(base, fd, &register_self, &handler, &a);
	assert_non_null(a.link);
	close(server);
}

static void test_both_ends(void **state)
{
	struct mlrp_message m = {.type = MLRP_SYNC, .transaction = 9, .has = MLRP_HAS(MLRP_F_VERSION), .version = {2, 5}};
	struct tmip_addr source = addr_from_ipv4(0x7f000005);

	(void)state;
	connect_both("net", "net", &source);
	UNTIL(a.ups && b.ups);
	assert_string_equal(b.hello.name, "register");
	assert_int_equal(a.hello.cn.id, 4);
	assert_string_equal(a.hello.cn.name, "cn1");
	assert_int_equal(strncmp(mlrp_link_peer(a.link), "127.0.0.5:", 10), 0);
	assert_int_equal(mlrp_link_send(b.link, &m), 0);
	UNTIL(a.messages);
	assert_int_equal(a.last.version.seq, 5);
	close_end(&b);
	UNTIL(a.closes);
}

static void test_both_ends_of_different_networks(void **state)
{
	(void)state;
	connect_both("net", "other", NULL);
	UNTIL(a.closes && b.closes);
	assert_non_null(strstr(b.why, "the other side refuses: another network"));
	assert_non_null(strstr(b.why, "`net' here, `other' there"));
}

static void test_nobody_listens(void **state)
{
	struct mlrp_self cn = self(MLRP_ROLE_CN, "net", "cn1");
	uint16_t port;

	(void)state;
	close(listener(&port));
	b.link = mlrp_link_connect(base, NULL, "127.0.0.1", port, NULL, 3000, &cn, &handler, &b);
	assert_non_null(b.link);
	UNTIL(b.closes);
	assert_non_null(strstr(b.why, "refused"));
	assert_int_equal(b.closes, 1);
}

static void test_source_that_is_not_ours(void **state)
{
	struct mlrp_self cn = self(MLRP_ROLE_CN, "net", "cn1");
	struct tmip_addr source = addr_from_ipv4(0xc0000201);

	(void)state;
	assert_null(mlrp_link_connect(base, NULL, "127.0.0.1", 1, &source, 3000, &cn, &handler, &b));
	assert_int_equal(errno, EADDRNOTAVAIL);
}

/* The connecting side hears bytes of the test's choice in place of a WELCOME. */
static int raw_server(void)
{
	struct mlrp_self cn = self(MLRP_ROLE_CN, "net", "cn1");
	struct timeval limit = {DEADLINE_S, 0};
	uint16_t port;
	int server = listener(&port), fd;

	b.link = mlrp_link_connect(base, NULL, "127.0.0.1", port, NULL, 3000, &cn, &handler, &b);
	assert_non_null(b.link);
	fd = accept(server, NULL, NULL);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	close(server);
	return fd;
}

static void test_welcome_without_choice(void **state)
{
	struct mlrp_message m = hello_message("net", 1, 2);
	int fd = raw_server();

	(void)state;
	m.type = MLRP_WELCOME;
	say(fd, &m);
	UNTIL(b.closes);
	assert_int_equal(b.ups, 0);
	assert_non_null(strstr(b.why, "versions"));
	close(fd);
}

static void test_connect_times_out(void **state)
{
	struct mlrp_message m;
	int fd = raw_server();

	(void)state;
	mlrp_link_set_patience(b.link, 30, 1000, 3000);
	b.close_in = CLOSE_LATER;
	UNTIL(b.closes);
	hear(fd, &m);
	assert_int_equal(m.type, MLRP_HELLO);
	m = hello_message("net", 1, 1);
	m.type = MLRP_WELCOME;
	say(fd, &m);
	for (int i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(b.ups, 0);
	assert_non_null(strstr(b.why, "timed out before the handshake"));
	close(fd);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_handshake_raw), T(test_wrong_network), T(test_wrong_version), T(test_first_message_is_not_hello),
		T(test_garbage), T(test_garbage_later), T(test_too_long), T(test_byte_by_byte), T(test_unknown_type_is_skipped),
		T(test_ping_is_answered), T(test_sent_at_once), T(test_send_refuses), T(test_end_with_last_words),
		T(test_end_before_handshake), T(test_silent_from_the_start), T(test_silent_later), T(test_answers_keep_it_alive),
		T(test_queue_limit), T(test_pings_of_a_deaf_peer), T(test_close_in_up), T(test_close_in_message), T(test_close_later),
		T(test_both_ends), T(test_both_ends_of_different_networks), T(test_nobody_listens), T(test_source_that_is_not_ours),
		T(test_welcome_without_choice), T(test_connect_times_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
