/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ends of MLRP links: the owner hears of each end once, with its cause, and may close the link
 * in every callback.
 */
#include <fcntl.h>

#include "mlrp_link_world.h"

static void test_end_before_handshake(void **state)
{
	int fd = raw_peer("net");

	(void)state;
	close(fd);
	UNTIL(a.closes);
	assert_non_null(strstr(a.why, "before the handshake"));
}

static void test_end_with_last_words(void **state)
{
	struct mlrp_message error = {
		.type = MLRP_ERROR, .code = MLRP_E_CONFLICT, .has = MLRP_HAS(MLRP_F_CODE),
	};
	int fd = raw_up();

	(void)state;
	say(fd, &error);
	close(fd);
	UNTIL(a.closes);
	assert_int_equal(a.messages, 1);
	assert_int_equal(a.last.code, MLRP_E_CONFLICT);
	assert_string_equal(a.why, "the other side ends it: conflict");
}

static void test_the_reason_outlives_the_end(void **state)
{
	struct mlrp_message error = {
		.type = MLRP_ERROR, .code = MLRP_E_REFUSED, .text = "a newer connection",
		.has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT),
	};
	int fd = raw_up();

	(void)state;
	error.transaction = 7; /* the answer to a request is no reason for an end */
	say(fd, &error);
	UNTIL(a.messages);
	error.transaction = 0;
	say(fd, &error);
	close(fd);
	UNTIL(a.closes);
	assert_string_equal(a.why, "the other side ends it: refused: a newer connection");
}

static void test_an_answer_is_no_reason(void **state)
{
	struct mlrp_message error = {.type = MLRP_ERROR, .code = MLRP_E_REFUSED, .transaction = 7,
				     .has = MLRP_HAS(MLRP_F_CODE)};
	int fd = raw_up();

	(void)state;
	say(fd, &error);
	close(fd);
	UNTIL(a.closes);
	assert_string_equal(a.why, "the other side closed the connection");
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
	static struct mlrp_message big = {
		.type = MLRP_CN, .has = MLRP_HAS(MLRP_F_CN),
		.cn = {.id = 1, .name = "cn", .cell_count = CN_CELLS_MAX},
	};
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
	assert_int_equal(a.closes, 0); /* no callback inside the call */
	assert_int_equal(mlrp_link_send(a.link, &big), -ENOTCONN);
	UNTIL(a.closes);
	assert_string_equal(a.why, "the other side reads too slowly");
	close(fd);
}

/* A peer that pings and never reads must not make the link keep an endless queue of answers. */
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
	say(fd, &ping); /* in the same buffer: the link must not read it any more */
	UNTIL(a.ups);
	assert_null(a.link);
	assert_int_equal(a.closes, 0);
	hear(fd, &m);
	assert_int_equal(m.type, MLRP_WELCOME);
	close(fd);
}

static void test_close_in_message(void **state)
{
	struct mlrp_message renew = renew_message(0);
	int fd = raw_up();

	(void)state;
	a.close_in = CLOSE_IN_MESSAGE;
	a.echo = 3;
	say(fd, &renew);
	say(fd, &renew);
	close(fd); /* the end of the stream comes in the same turn */
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
	say_hello(fd, "net", 1, 1); /* a good handshake, but too late */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_end_before_handshake), CASE(test_end_with_last_words),
		CASE(test_the_reason_outlives_the_end), CASE(test_an_answer_is_no_reason),
		CASE(test_silent_from_the_start), CASE(test_silent_later),
		CASE(test_answers_keep_it_alive), CASE(test_queue_limit),
		CASE(test_pings_of_a_deaf_peer), CASE(test_close_in_up),
		CASE(test_close_in_message), CASE(test_close_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
