/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections to the other CNs when tunnel addresses change: this CN's, and that of another,
 * which says so itself.
 */
#include <arpa/inet.h>

#include "peers_world.h"

#define INSTANCE 0x1234

static struct cn_info corrected(uint32_t id)
{
	struct cn_info info = net_cn(id);

	peers_correct(w->peers, &info);
	return info;
}

/* ---- another CN moves */

static void test_a_lower_cn_proves_that_it_has_moved(void **state)
{
	struct tmip_addr now = net_tunnel(33);
	struct mlrp_link *link;

	(void)state;
	w->instance = INSTANCE;
	w->replica_follows = true;
	accept_from(3);
	calls_forget();
	link = say_hello(now, MLRP_ROLE_CN, 3, "cn3");
	assert_false(link->closed);
	assert_string_equal(calls_made(), "moved 3 192.168.0.33\nup 3\nchanged\n");
	assert_true(peers_connected(w->peers, 3));
}

/* It is this CN's turn to connect, and the other's news make it do so. */
static void test_a_higher_cn_proves_that_it_has_moved(void **state)
{
	struct mlrp_link *link;

	(void)state;
	w->instance = INSTANCE;
	w->replica_follows = true;
	connect_to(8);
	calls_forget();
	link = say_hello(net_tunnel(88), MLRP_ROLE_CN, 8, "cn8");
	assert_true(link->closed);
	assert_true(calls_include("moved 8 192.168.0.88"));
	assert_int_equal(fake_links_open(), 1);
	assert_string_equal(fake_links_newest()->host, "192.168.0.88");
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "the register does not know it so"), 0);
}

static void test_nobody_else_moves_a_cn(void **state)
{
	(void)state;
	w->instance = INSTANCE;
	accept_from(3);
	calls_forget();
	w->instance = INSTANCE + 1; /* a copy, or the CN after another start */
	assert_true(say_hello(net_tunnel(33), MLRP_ROLE_CN, 3, "cn3")->closed);
	w->instance = 0;
	assert_true(say_hello(net_tunnel(33), MLRP_ROLE_CN, 3, "cn3")->closed);
	w->instance = INSTANCE;
	assert_true(say_hello(net_tunnel(33), MLRP_ROLE_CN, 3, "cn4")->closed);
	assert_true(say_hello(net_tunnel(33), MLRP_ROLE_CN, 4, "cn4")->closed);
	assert_false(say_hello(net_tunnel(33), MLRP_ROLE_PROBE, 3, "cn3")->closed);
	assert_string_equal(calls_made(), "");
	assert_true(peers_connected(w->peers, 3));
}

static void test_the_register_may_know_it_later(void **state)
{
	struct tmip_addr now = net_tunnel(33), former = net_tunnel(3);
	struct mlrp_link *link;
	struct cn_info info;

	(void)state;
	w->instance = INSTANCE;
	w->replica_follows = true;
	accept_from(3);
	link = say_hello(now, MLRP_ROLE_CN, 3, "cn3");
	info = corrected(3);
	assert_true(addr_equal(&info.tunnel, &now));
	info = corrected(4);
	assert_false(addr_equal(&info.tunnel, &now));
	/* Once it is not connected any more, the register is right, whatever it says. */
	fake_link_ends(link, "silent for too long");
	info = corrected(3);
	assert_true(addr_equal(&info.tunnel, &former));
}

static void test_what_the_register_knows_needs_no_correction(void **state)
{
	struct tmip_addr now = net_tunnel(33);
	struct cn_info info = net_cn(3), later = net_cn(3);

	(void)state;
	w->instance = INSTANCE;
	w->replica_follows = true;
	accept_from(3);
	say_hello(now, MLRP_ROLE_CN, 3, "cn3");
	info.tunnel = now;
	peers_correct(w->peers, &info);
	assert_true(addr_equal(&info.tunnel, &now));
	peers_correct(w->peers, &later); /* it has moved back since, as the register says */
	assert_false(addr_equal(&later.tunnel, &now));
}

/* The number is for CNs: who connects from another address does not get it. */
static void test_the_own_number_is_for_cns(void **state)
{
	(void)state;
	assert_int_equal(accept_from(3)->self.instance, 0x5555);
	assert_int_equal(say_hello(net_tunnel(99), MLRP_ROLE_PROBE, 0, "prober")->self.instance, 0);
	put_cn(8);
	assert_int_equal(fake_links_newest()->self.instance, 0x5555);
}

/* ---- this CN moves */

static void test_all_connections_begin_anew(void **state)
{
	struct tmip_addr now = net_tunnel(55);
	struct mlrp_link *out, *in;

	(void)state;
	out = connect_to(8);
	in = accept_from(3);
	calls_forget();
	peers_move(w->peers, &now);
	assert_true(out->closed);
	assert_true(in->closed);
	assert_int_equal(w->listening, 1);
	assert_int_equal(w->here.sin_addr.s_addr, htonl(addr_to_ipv4(&now)));
	/* Also to those that connect as a rule: they do not know where to. */
	assert_int_equal(fake_links_open(), 5); /* 3, 4, 6, 7, 8 */
	assert_true(addr_equal(&fake_links_newest()->source, &now));
	assert_true(calls_include("changed"));
}

static struct mlrp_link *link_to(const char *host)
{
	for (unsigned i = fake_links.count; i-- > 0;)
		if (!fake_links.list[i].closed && strcmp(fake_links.list[i].host, host) == 0)
			return &fake_links.list[i];
	return NULL;
}

static void test_news_are_told_until_the_other_connects(void **state)
{
	struct mlrp_message welcome = {.type = MLRP_WELCOME, .role = MLRP_ROLE_CN, .cn.id = 3};
	struct tmip_addr now = net_tunnel(55);

	(void)state;
	peers_move(w->peers, &now);
	fake_link_ends(link_to("192.168.0.3"), "no route");
	assert_null(link_to("192.168.0.3"));
	time_passes(50);
	assert_non_null(link_to("192.168.0.3"));
	calls_forget();
	fake_link_comes_up(link_to("192.168.0.3"), &welcome);
	assert_int_equal(calls_count("up"), 0); /* that is no connection for messages */
	accept_from(3);
	assert_true(calls_include("up 3"));
	assert_null(link_to("192.168.0.3"));
}

static void test_news_are_not_told_for_ever(void **state)
{
	struct tmip_addr now = net_tunnel(55);
	unsigned attempts = 0;

	(void)state;
	peers_move(w->peers, &now);
	while (link_to("192.168.0.3") && attempts < 100) {
		fake_link_ends(link_to("192.168.0.3"), "refused");
		attempts++;
		time_passes(2000);
	}
	assert_int_equal(attempts, 40);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "cn3"), 0);
}

static void test_an_address_where_it_cannot_listen_is_logged(void **state)
{
	struct tmip_addr now = net_tunnel(55);

	(void)state;
	w->listen_error = EADDRINUSE;
	peers_move(w->peers, &now);
	assert_int_equal(w->listening, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "cannot listen on 192.168.0.55"), 1);
	w->listen_error = 0;
	peers_move(w->peers, &now);
	assert_int_equal(w->listening, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_lower_cn_proves_that_it_has_moved),
		CASE(test_a_higher_cn_proves_that_it_has_moved),
		CASE(test_nobody_else_moves_a_cn),
		CASE(test_the_register_may_know_it_later),
		CASE(test_what_the_register_knows_needs_no_correction),
		CASE(test_the_own_number_is_for_cns),
		CASE(test_all_connections_begin_anew),
		CASE(test_news_are_told_until_the_other_connects),
		CASE(test_news_are_not_told_for_ever),
		CASE(test_an_address_where_it_cannot_listen_is_logged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
