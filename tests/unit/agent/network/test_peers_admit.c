/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections to the other CNs: who is let in. */
#include <fcntl.h>

#include "peers_world.h"

#define STRANGERS_MAX 64

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}


static void test_a_known_cn_is_let_in(void **state)
{
	(void)state;
	accept_from(3);
	assert_string_equal(calls_made(), "up 3\nchanged\n");
	assert_true(peers_connected(w->peers, 3));
}

static void assert_refused(struct tmip_addr from, uint8_t role, uint32_t id, const char *name)
{
	struct mlrp_link *link = say_hello(from, role, id, name);

	assert_true(link->closed);
	assert_int_equal(calls_count("up"), 0);
	assert_false(peers_connected(w->peers, id));
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "the register does not know it so"), 1);
	fake_log_forget();
}

/* docs/mlrp.md: id and name are those of a CN, the id is lower, the address is its tunnel's. */
static void test_whoever_is_no_known_cn_is_refused(void **state)
{
	(void)state;
	assert_refused(net_tunnel(3), MLRP_ROLE_CN, 3, "cn4");  /* another name */
	assert_refused(net_tunnel(4), MLRP_ROLE_CN, 3, "cn3");  /* from another address */
	assert_refused(net_tunnel(2), MLRP_ROLE_CN, 2, "cn2");  /* not known to the register */
	assert_refused(net_tunnel(3), MLRP_ROLE_CN, 0, "cn3");  /* without its number */
	assert_refused(net_tunnel(3), MLRP_ROLE_MLR, 3, "cn3"); /* not as a CN */
	assert_refused(net_tunnel(8), MLRP_ROLE_CN, 8, "cn8");  /* it is this CN's turn */
	assert_refused(net_tunnel(SELF), MLRP_ROLE_CN, SELF, "cn5");
}

static void test_nobody_is_let_in_before_this_cn_has_a_number(void **state)
{
	(void)state;
	roam_set_self(w->roam, 0);
	assert_refused(net_tunnel(3), MLRP_ROLE_CN, 3, "cn3");
}

static void test_a_restarted_cn_replaces_its_former_connection(void **state)
{
	struct mlrp_link *former = accept_from(3), *now;
	struct mlrp_message message = {.type = MLRP_MOVED};

	(void)state;
	calls_forget();
	now = accept_from(3);
	assert_true(former->closed);
	assert_false(now->closed);
	assert_string_equal(calls_made(), "up 3\nchanged\n");
	peers_send(w->peers, 3, &message);
	assert_int_equal(now->sent_count, 1);
}

static void test_an_evaluation_is_let_in_and_changes_nothing(void **state)
{
	struct mlrp_message message = {.type = MLRP_MOVED};
	struct mlrp_link *link = say_hello(net_tunnel(99), MLRP_ROLE_PROBE, 0, "prober");

	(void)state;
	assert_false(link->closed);
	fake_link_says(link, &message);
	assert_string_equal(calls_made(), "");
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "refused"), 0);
	fake_link_ends(link, "the other side closed the connection");
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, ""), 0); /* nobody has to act */
}

static void test_an_evaluation_in_the_name_of_a_cn_replaces_nothing(void **state)
{
	struct mlrp_link *link = accept_from(3);

	(void)state;
	say_hello(net_tunnel(3), MLRP_ROLE_PROBE, 3, "cn3");
	assert_false(link->closed);
	assert_true(peers_connected(w->peers, 3));
}

static void test_strangers_are_limited(void **state)
{
	int fd;

	(void)state;
	for (int i = 0; i < STRANGERS_MAX; i++)
		arrive(net_tunnel(3));
	assert_int_equal(fake_links.count, STRANGERS_MAX);
	fd = arrive(net_tunnel(3));
	assert_int_equal(fake_links.count, STRANGERS_MAX);
	assert_false(is_open(fd));

	fake_link_ends(&fake_links.list[5], "timed out before the handshake was done");
	accept_from(3); /* in its place; and it is no stranger any more */
	arrive(net_tunnel(4));
	assert_int_equal(fake_links.count, STRANGERS_MAX + 2);
	assert_true(peers_connected(w->peers, 3));
}

static void test_only_ipv4_is_let_in(void **state)
{
	struct sockaddr_in6 other = {.sin6_family = AF_INET6};
	struct sockaddr_in cut = {.sin_family = AF_INET};
	int fd = a_descriptor();

	(void)state;
	w->accept(NULL, fd, (struct sockaddr *)&other, sizeof(other), w->accept_arg);
	assert_false(is_open(fd));
	fd = a_descriptor();
	w->accept(NULL, fd, (struct sockaddr *)&cut, sizeof(cut) - 1, w->accept_arg);
	assert_false(is_open(fd));
	assert_int_equal(fake_links.count, 0);
}

static void test_a_connection_that_cannot_be_taken_leaves_nothing(void **state)
{
	(void)state;
	fake_links.accept_error = ENOMEM;
	for (int i = 0; i < STRANGERS_MAX; i++)
		arrive(net_tunnel(3));
	fake_links.accept_error = 0;
	accept_from(3);
	assert_true(peers_connected(w->peers, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_known_cn_is_let_in),
		CASE(test_whoever_is_no_known_cn_is_refused),
		CASE(test_nobody_is_let_in_before_this_cn_has_a_number),
		CASE(test_a_restarted_cn_replaces_its_former_connection),
		CASE(test_an_evaluation_is_let_in_and_changes_nothing),
		CASE(test_an_evaluation_in_the_name_of_a_cn_replaces_nothing),
		CASE(test_strangers_are_limited),
		CASE(test_only_ipv4_is_let_in),
		CASE(test_a_connection_that_cannot_be_taken_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
