/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An MLRP link and a raw socket on which the test plays the other side byte by byte: the handshake,
 * messages in both directions, and bytes that are no message. The ends of links are in
 * test_mlrp_link_end.c, the side that connects is in test_mlrp_link_connect.c.
 */
#include "mlrp_link_world.h"

static void test_handshake_raw(void **state)
{
	struct mlrp_message m;
	int fd = raw_peer("net");

	(void)state;
	say_hello(fd, "net", 1, 9); /* a newer program */
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

static void test_unknown_type_is_skipped(void **state)
{
	static const uint8_t unknown[] = {1, 99, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0xff, 0xff, 0xff};
	struct mlrp_message renew = renew_message(5);
	int fd = raw_up();

	(void)state;
	assert_int_equal(write(fd, unknown, sizeof(unknown)), sizeof(unknown));
	say(fd, &renew);
	UNTIL(a.messages);
	assert_int_equal(a.last.type, MLRP_RENEW);
	assert_int_equal(a.last.transaction, 5);
	close(fd);
}

/* A message is on the wire before the call that sends it returns, without a turn of the loop. */
static void test_sent_at_once(void **state)
{
	struct mlrp_message renew = renew_message(6), m;
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

/* ---- refusals */

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
	/* PING with a field that is cut short */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_handshake_raw), CASE(test_byte_by_byte), CASE(test_ping_is_answered),
		CASE(test_unknown_type_is_skipped), CASE(test_sent_at_once),
		CASE(test_send_refuses), CASE(test_wrong_network), CASE(test_wrong_version),
		CASE(test_first_message_is_not_hello), CASE(test_garbage),
		CASE(test_garbage_later), CASE(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
