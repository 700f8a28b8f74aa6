/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections to the other CNs: who connects, who is let in, and what a loss means. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../calls.h"
#include "../fake_link.h"
#include "../fake_log.h"
#include "../fake_timer.h"
#include "agent/network/peers.h"
#include "../small_network.h"

#define SELF 5
#define STRANGERS_MAX 64

static struct world {
	struct event_base *base;
	struct roam *roam;
	struct peers *peers;
	int listen_error; /* errno; 0: a listener can be had */
	bool listening;
	struct sockaddr_in here;
	evconnlistener_cb accept;
	void *accept_arg;
	struct mlrp_message got;
} world, *w = &world;

/* ---- in front of libevent: a listener on which the test connects from any address */

struct evconnlistener *evconnlistener_new_bind(struct event_base *base, evconnlistener_cb cb,
					       void *arg, unsigned flags, int backlog,
					       const struct sockaddr *here, int len)
{
	(void)flags;
	(void)backlog;
	assert_ptr_equal(base, w->base);
	assert_int_equal(len, sizeof(w->here));
	if (w->listen_error) {
		errno = w->listen_error;
		return NULL;
	}
	memcpy(&w->here, here, sizeof(w->here));
	w->accept = cb;
	w->accept_arg = arg;
	w->listening = true;
	return (struct evconnlistener *)w;
}

void evconnlistener_free(struct evconnlistener *listener)
{
	assert_ptr_equal(listener, w);
	w->listening = false;
}

/* ---- the calls */

static void describe_self(struct mlrp_self *self, void *arg)
{
	assert_ptr_equal(arg, w);
	*self = (struct mlrp_self){.role = MLRP_ROLE_CN, .network = "net", .name = "cn5",
				   .cn_id = roam_self(w->roam)};
}

static void on_up(uint32_t cn, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("up %u", cn);
}

static void on_message(uint32_t cn, const struct mlrp_message *message, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("message of %u", cn);
	w->got = *message;
}

static void on_changed(void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("changed");
}

/* ---- the world */

static int create(struct peers **out)
{
	const struct peers_setup setup = {
		.base = w->base, .roam = w->roam, .tunnel = net_tunnel(SELF), .port = 6554,
		.calls = {describe_self, on_up, on_message, on_changed, w},
	};

	return peers_create(out, &setup);
}

static void put(uint32_t id)
{
	struct cn_info info = net_cn(id);

	peers_put(w->peers, &info, false);
}

/* The CN is there, and its connection, which this CN has opened, is up. */
static struct mlrp_link *connect_to(uint32_t id)
{
	struct mlrp_message welcome = {.type = MLRP_WELCOME, .role = MLRP_ROLE_CN};
	struct mlrp_link *link;

	put(id);
	link = fake_links_newest();
	fake_link_comes_up(link, &welcome);
	return link;
}

static int a_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Somebody connects. Returns the descriptor of the connection. */
static int arrive(struct tmip_addr from)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(addr_to_ipv4(&from))};
	int fd = a_descriptor();

	w->accept(NULL, fd, (struct sockaddr *)&address, sizeof(address), w->accept_arg);
	return fd;
}

static struct mlrp_link *say_hello(struct tmip_addr from, uint8_t role, uint32_t id,
				   const char *name)
{
	struct mlrp_message hello = {.type = MLRP_HELLO, .role = role, .cn.id = id};
	struct mlrp_link *link;

	snprintf(hello.name, sizeof(hello.name), "%s", name);
	arrive(from);
	link = fake_links_newest();
	assert_true(link->accepted);
	assert_string_equal(link->self.name, "cn5");
	fake_link_comes_up(link, &hello);
	return link;
}

/* A CN with a lower number connects. */
static struct mlrp_link *accept_from(uint32_t id)
{
	char name[16];

	snprintf(name, sizeof(name), "cn%u", id);
	return say_hello(net_tunnel(id), MLRP_ROLE_CN, id, name);
}

static void assert_next_attempt_in(unsigned ms)
{
	unsigned before = fake_links.count;

	assert_int_equal(time_next_due(), fake_now_ms + ms);
	time_passes(ms - 1);
	assert_int_equal(fake_links.count, before);
	time_passes(1);
	assert_int_equal(fake_links.count, before + 1);
}

static int set_up(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	w->base = time_begin();
	w->roam = net_roam(SELF);
	for (uint32_t id = 3; id <= 8; id++)
		net_learns(w->roam, id);
	fake_links_reset();
	assert_int_equal(create(&w->peers), 0);
	calls_forget();
	fake_log_forget();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	peers_destroy(w->peers);
	assert_false(w->listening);
	assert_int_equal(fake_links_open(), 0);
	assert_int_equal(time_armed(), 0);
	roam_destroy(w->roam);
	time_end();
	return 0;
}

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
	assert_int_equal(create(&other), -EADDRINUSE);
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
	put(3);
	assert_int_equal(fake_links.count, 0);
	put(8);
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
	put(8);
	put(8);
	fake_link_ends(fake_links_newest(), "refused");
	put(8); /* it waits for its next attempt */
	assert_int_equal(fake_links.count, 1);
	assert_next_attempt_in(25);
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
	put(8);
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
	put(8);
	for (size_t i = 0; i < sizeof(shortest) / sizeof(shortest[0]); i++) {
		fake_link_ends(fake_links_newest(), "refused");
		assert_next_attempt_in(shortest[i]);
	}
	fake_random = 1000;
	fake_link_ends(fake_links_newest(), "refused");
	assert_next_attempt_in(2000);
}

static void test_the_welcome_resets_the_wait(void **state)
{
	struct mlrp_message welcome = {.type = MLRP_WELCOME, .role = MLRP_ROLE_CN};

	(void)state;
	put(8);
	for (int i = 0; i < 3; i++) {
		fake_link_ends(fake_links_newest(), "refused");
		time_passes(time_next_due() - fake_now_ms);
	}
	fake_link_comes_up(fake_links_newest(), &welcome);
	fake_link_ends(fake_links_newest(), "reset");
	assert_next_attempt_in(25);
}

static void test_an_attempt_that_cannot_begin_is_repeated(void **state)
{
	(void)state;
	fake_links.connect_error = EMFILE;
	put(8);
	fake_links.connect_error = 0;
	assert_next_attempt_in(25);
}

static void test_a_loss_is_raised_and_logged_once(void **state)
{
	struct mlrp_link *link = connect_to(8);

	(void)state;
	calls_forget();
	fake_link_ends(link, "reset");
	assert_string_equal(calls_made(), "changed\n");
	assert_false(peers_connected(w->peers, 8));
	time_passes(25);
	fake_link_ends(fake_links_newest(), "refused");
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "CN cn8 (192.168.0.8): connection"), 1);
	time_passes(50);
	fake_link_comes_up(fake_links_newest(), &(struct mlrp_message){.type = MLRP_WELCOME});
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
	put(7);
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

/* ---- who is let in */

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

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
