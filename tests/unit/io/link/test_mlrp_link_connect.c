/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The side that connects, over loopback TCP: to the accepting side in the same event loop, to a raw
 * socket, and to a port on which no program listens.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "mlrp_link_world.h"

static int listener(uint16_t *port)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(here);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&here, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &len), 0);
	*port = ntohs(here.sin_port);
	return fd;
}

/* a accepts, b connects. */
static void connect_both(const char *network_a, const char *network_b,
			 const struct tmip_addr *source)
{
	struct mlrp_self register_self = self(MLRP_ROLE_MLR, network_a, "register");
	struct mlrp_self cn = self(MLRP_ROLE_CN, network_b, "cn1");
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
	struct mlrp_message m = {
		.type = MLRP_SYNC, .transaction = 9, .has = MLRP_HAS(MLRP_F_VERSION),
		.version = {2, 5},
	};
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
	b.link = mlrp_link_connect(base, NULL, "127.0.0.1", 1, &source, 3000, &cn, &handler, &b);
	assert_null(b.link);
	assert_int_equal(errno, EADDRNOTAVAIL);
}

/* A link that connects to a raw socket, so that the test can send bytes instead of a WELCOME. */
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

/* The cause is the name, and not the handshake that never began. */
static void test_a_name_that_cannot_be_resolved(void **state)
{
	struct mlrp_self cn = self(MLRP_ROLE_CN, "net", "cn1");
	struct evdns_base *dns = evdns_base_new(base, 0); /* without any name server */
	struct sockaddr_in mute = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval later = {.tv_usec = 600000};
	socklen_t len = sizeof(mute);
	int server = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	assert_int_equal(bind(server, (struct sockaddr *)&mute, len), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&mute, &len), 0);
	evdns_base_set_option(dns, "timeout:", "0.1");
	evdns_base_set_option(dns, "attempts:", "2");
	assert_int_equal(evdns_base_nameserver_sockaddr_add(dns, (struct sockaddr *)&mute, len, 0),
			 0);
	b.link = mlrp_link_connect(base, dns, "mlr.invalid", 6554, NULL, 50, &cn, &handler, &b);
	assert_non_null(b.link);
	UNTIL(b.closes);
	assert_string_equal(b.why, "cannot resolve mlr.invalid: "
				   "the name servers do not answer in time");
	event_base_loopexit(base, &later); /* libevent frees its part when the look-up ends */
	event_base_dispatch(base);
	close(server);
	evdns_base_free(dns, 0);
}

static void test_a_host_that_does_not_answer_has_a_name(void **state)
{
	struct mlrp_self cn = self(MLRP_ROLE_CN, "net", "cn1");

	(void)state; /* TEST-NET-1: nobody answers, if there is a route at all */
	b.link = mlrp_link_connect(base, NULL, "192.0.2.1", 1, NULL, 50, &cn, &handler, &b);
	UNTIL(!b.link || b.closes);
	assert_null(strstr(b.why, "resolve"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_both_ends), CASE(test_both_ends_of_different_networks),
		CASE(test_nobody_listens), CASE(test_source_that_is_not_ours),
		CASE(test_welcome_without_choice), CASE(test_connect_times_out),
		CASE(test_a_name_that_cannot_be_resolved),
		CASE(test_a_host_that_does_not_answer_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
