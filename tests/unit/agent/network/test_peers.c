/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections to the other CNs: who connects, what a loss means, changes of a CN. */
#include <arpa/inet.h>

#include "peers_world.h"

/* ---- life */

static void test_listens_on_the_tunnel_address(void **state)
{
	struct tmip_addr tunnel = net_tunnel(SELF);

	(void)state;
	assert_true(w->listening);
	assert_int_equal(w->here.sin_addr.s_addr, htonl(addr_to_ipv4(&tunnel)));
	assert_int_equal(ntohs(w->here.sin_port), 6554);
}

static void test_an_address_in_use_is_an_error(void **state)
{
	struct peers *other;

	(void)state;
	w->listen_error = EADDRINUSE;
	assert_int_equal(create_peers(&other), -EADDRINUSE);
	assert_non_null(other); /* valid nevertheless */
	peers_destroy(other);
	peers_destroy(NULL);
}

/* ---- who connects */

static void test_the_lower_number_connects(void **state)
{
	struct tmip_addr own = net_tunnel(SELF);
	struct mlrp_link *link;

	(void)state;
	put_cn(3);
	assert_int_equal(fake_links.count, 0);
	put_cn(8);
	assert_int_equal(fake_links.count, 1);
	link = fake_links_newest();
	assert_string_equal(link->host, "192.168.0.8");
	assert_int_equal(link->port, 6554);
	assert_true(addr_equal(&link->source, &own));
	assert_int_equal(link->timeout_ms, 3000); /* docs/mlrp.md: between CNs 3 s */
	assert_int_equal(link->self.cn_id, SELF);
	assert_false(peers_connected(w->peers, 8));
}

static void test_a_cn_is_connected_to_once(void **state)
{
	(void)state;
	put_cn(8);
	put_cn(8);
	fake_link_ends(fake_links_newest(), "refused");
	put_cn(8); /* it waits for its next attempt */
	assert_int_equal(fake_links.count, 1);
	assert_next_retry_in(25);
}

static void test_a_connection_that_comes_up_is_raised(void **state)
{
	(void)state;
	connect_to(8);
	assert_string_equal(calls_made(), "up 8\nchanged\n");
	assert_true(peers_connected(w->peers, 8));
	assert_false(peers_connected(w->peers, 7));
}

static void test_messages_come_with_the_number_of_their_cn(void **state)
{
	struct mlrp_message message = {.type = MLRP_MOVED, .transaction = 12};

	(void)state;
	connect_to(8);
	accept_from(3);
	calls_forget();
	fake_link_says(&fake_links.list[0], &message);
	fake_link_says(&fake_links.list[1], &message);
	assert_string_equal(calls_made(), "message of 8\nmessage of 3\n");
	assert_int_equal(w->got.transaction, 12);
}

static void test_sends_over_either_kind_of_connection(void **state)
{
	struct mlrp_message message = {.type = MLRP_MOVED, .transaction = 12};
	struct mlrp_link *higher = connect_to(8), *lower = accept_from(3);

	(void)state;
	peers_send(w->peers, 8, &message);
	assert_int_equal(fake_link_sent(higher, 0)->transaction, 12);
	message.transaction = 13;
	peers_send(w->peers, 3, &message);
	assert_int_equal(fake_link_sent(lower, 0)->transaction, 13);
	assert_int_equal(higher->sent_count, 1);
}

static void test_a_message_without_a_connection_is_dropped_and_logged(void **state)
{
	struct mlrp_message message = {.type = MLRP_MOVED};

	(void)state;
	peers_send(w->peers, 7, &message); /* no such peer */
	put_cn(8);
	peers_send(w->peers, 8, &message); /* not up yet */
	fake_link_ends(fake_links_newest(), "refused");
	peers_send(w->peers, 8, &message); /* no link */
	time_passes(25);
	connect_to(8);
	fake_links.send_error = -ENOBUFS;
	peers_send(w->peers, 8, &message);
	assert_int_equal(fake_log_count(LOG_LEVEL_DEBUG, "MOVED not sent, no connection"), 4);
}

/* ---- losses */

/* docs/mlrp.md: 50 ms, doubled up to 2 s; a random part of up to one half shortens each wait. */
static void test_each_failure_doubles_the_wait(void **state)
{
	static const unsigned shortest[] = {25, 50, 100, 200, 400, 800, 1000, 1000};

	(void)state;
	put_cn(8);
	for (size_t i = 0; i < sizeof(shortest) / sizeof(shortest[0]); i++) {
		fake_link_ends(fake_links_newest(), "refused");
		assert_next_retry_in(shortest[i]);
	}
	fake_random = 1000;
	fake_link_ends(fake_links_newest(), "refused");
	assert_next_retry_in(2000);
}

static void test_the_welcome_resets_the_wait(void **state)
{
	struct mlrp_message welcome = {.type = MLRP_WELCOME, .role = MLRP_ROLE_CN};

	(void)state;
	put_cn(8);
	for (int i = 0; i < 3; i++) {
		fake_link_ends(fake_links_newest(), "refused");
		time_passes(time_next_due() - fake_now_ms);
	}
	fake_link_comes_up(fake_links_newest(), &welcome);
	fake_link_ends(fake_links_newest(), "reset");
	assert_next_retry_in(25);
}

static void test_an_attempt_that_cannot_begin_is_repeated(void **state)
{
	(void)state;
	fake_links.connect_error = EMFILE;
	put_cn(8);
	fake_links.connect_error = 0;
	assert_next_retry_in(25);
}

static void test_a_loss_is_raised_and_logged_once(void **state)
{
	struct mlrp_link *link = connect_to(8);

	(void)state;
	calls_forget();
	fake_link_ends(link, "reset");
	assert_string_equal(calls_made(), "changed\n");
	assert_false(peers_connected(w->peers, 8));
	/* It ended as soon as it began, which is no reason to warn. */
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "CN cn8 (192.168.0.8): connection"), 1);
	time_passes(25);
	fake_link_ends(fake_links_newest(), "refused");
	time_passes(50);
	fake_link_ends(fake_links_newest(), "refused");
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "CN cn8 (192.168.0.8): connection"), 1);
	time_passes(100);
	fake_link_comes_up(fake_links_newest(), &(struct mlrp_message){.type = MLRP_WELCOME});
	time_passes(1000);
	fake_link_ends(fake_links_newest(), "reset");
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "CN cn8 (192.168.0.8): connection"), 2);
}

static void test_of_a_lower_number_nothing_is_kept(void **state)
{
	struct mlrp_link *link = accept_from(3);

	(void)state;
	fake_link_ends(link, "reset");
	assert_false(peers_connected(w->peers, 3));
	assert_int_equal(time_armed(), 0); /* it connects */
	accept_from(3);
	assert_true(peers_connected(w->peers, 3));
}

static void test_with_a_higher_number_of_its_own_it_waits_for_the_other(void **state)
{
	struct mlrp_link *link = connect_to(8);

	(void)state;
	roam_set_self(w->roam, 9); /* the register numbered the CNs anew */
	fake_link_ends(link, "reset");
	assert_int_equal(time_armed(), 0);
	assert_int_equal(fake_links.count, 1);
}

/* ---- changes of a CN */

static void test_a_cn_that_moves_is_connected_to_anew(void **state)
{
	struct mlrp_link *former = connect_to(8);
	struct cn_info info = net_cn(8);

	(void)state;
	info.tunnel = net_tunnel(88);
	info.port = 7000;
	peers_put(w->peers, &info, true);
	assert_true(former->closed);
	assert_string_equal(fake_links_newest()->host, "192.168.0.88");
	assert_int_equal(fake_links_newest()->port, 7000);
	assert_int_equal(fake_links_open(), 1);
}

static void test_a_change_of_its_cells_leaves_the_connection(void **state)
{
	struct cn_info info = net_cn(8);

	(void)state;
	connect_to(8);
	info.cell_count = 0;
	peers_put(w->peers, &info, false);
	assert_true(peers_connected(w->peers, 8));
	assert_int_equal(fake_links.count, 1);
}

static void test_a_lower_number_that_moves_must_connect_anew(void **state)
{
	struct mlrp_link *link = accept_from(3);
	struct cn_info info = net_cn(3);

	(void)state;
	peers_put(w->peers, &info, true);
	assert_true(link->closed);
	assert_false(peers_connected(w->peers, 3));
	assert_int_equal(fake_links.count, 1);
}

static void test_a_cn_that_is_gone_is_left_alone(void **state)
{
	struct mlrp_link *link = connect_to(8);
	struct cn_info info = net_cn(8);

	(void)state;
	put_cn(7);
	fake_link_ends(fake_links_newest(), "refused");
	info.gone = true;
	peers_put(w->peers, &info, false);
	assert_true(link->closed);
	info = net_cn(7);
	info.gone = true;
	peers_put(w->peers, &info, false);
	assert_int_equal(time_armed(), 0);
	time_passes(60000);
	assert_int_equal(fake_links.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_listens_on_the_tunnel_address),
		CASE(test_an_address_in_use_is_an_error),
		CASE(test_the_lower_number_connects),
		CASE(test_a_cn_is_connected_to_once),
		CASE(test_a_connection_that_comes_up_is_raised),
		CASE(test_messages_come_with_the_number_of_their_cn),
		CASE(test_sends_over_either_kind_of_connection),
		CASE(test_a_message_without_a_connection_is_dropped_and_logged),
		CASE(test_each_failure_doubles_the_wait),
		CASE(test_the_welcome_resets_the_wait),
		CASE(test_an_attempt_that_cannot_begin_is_repeated),
		CASE(test_a_loss_is_raised_and_logged_once),
		CASE(test_of_a_lower_number_nothing_is_kept),
		CASE(test_with_a_higher_number_of_its_own_it_waits_for_the_other),
		CASE(test_a_cn_that_moves_is_connected_to_anew),
		CASE(test_a_change_of_its_cells_leaves_the_connection),
		CASE(test_a_lower_number_that_moves_must_connect_anew),
		CASE(test_a_cn_that_is_gone_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
