/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections of CN 5, and those who connect to it. See peers_world.h. */
#include "peers_world.h"

#include <arpa/inet.h>
#include <fcntl.h>

struct peers_world peers_world;

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
	w->listening++;
	return (struct evconnlistener *)w;
}

evutil_socket_t evconnlistener_get_fd(struct evconnlistener *listener)
{
	assert_ptr_equal(listener, w);
	return 0; /* mlrp_link_prepare() is a fake, too */
}

void evconnlistener_free(struct evconnlistener *listener)
{
	assert_ptr_equal(listener, w);
	w->listening--;
}

/* ---- the calls */

static void describe_self(struct mlrp_self *self, void *arg)
{
	assert_ptr_equal(arg, w);
	*self = (struct mlrp_self){.role = MLRP_ROLE_CN, .network = "net", .name = "cn5",
				   .cn_id = roam_self(w->roam), .instance = 0x5555};
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

static void on_moved(uint32_t cn, const struct tmip_addr *tunnel, void *arg)
{
	char addr[ADDR_STRLEN];

	assert_ptr_equal(arg, w);
	calls_note("moved %u %s", cn, addr_format(tunnel, addr));
	w->moved = *tunnel;
	if (w->replica_follows) {
		struct cn_info info = net_cn(cn);

		info.tunnel = *tunnel;
		roam_put_cn(w->roam, &info);
		peers_put(w->peers, &info, true);
	}
}

static void on_changed(void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("changed");
}

/* ---- the world */

int create_peers(struct peers **out)
{
	const struct peers_setup setup = {
		.base = w->base, .roam = w->roam, .tunnel = net_tunnel(SELF), .port = 6554,
		.calls = {describe_self, on_up, on_message, on_moved, on_changed, w},
	};

	return peers_create(out, &setup);
}

void put_cn(uint32_t id)
{
	struct cn_info info = net_cn(id);

	peers_put(w->peers, &info, false);
}

/* The CN is there, and its connection, which this CN has opened, is up. */
struct mlrp_link *connect_to(uint32_t id)
{
	struct mlrp_message welcome = {.type = MLRP_WELCOME, .role = MLRP_ROLE_CN, .cn.id = id,
				       .instance = w->instance,
				       .has = w->instance ? MLRP_HAS(MLRP_F_INSTANCE) : 0};
	struct mlrp_link *link;

	put_cn(id);
	link = fake_links_newest();
	fake_link_comes_up(link, &welcome);
	return link;
}

int a_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Somebody connects. Returns the descriptor of the connection. */
int arrive(struct tmip_addr from)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(addr_to_ipv4(&from))};
	int fd = a_descriptor();

	w->accept(NULL, fd, (struct sockaddr *)&address, sizeof(address), w->accept_arg);
	return fd;
}

struct mlrp_link *say_hello(struct tmip_addr from, uint8_t role, uint32_t id,
				   const char *name)
{
	struct mlrp_message hello = {.type = MLRP_HELLO, .role = role, .cn.id = id,
				     .cn.tunnel = from, .instance = w->instance,
				     .has = w->instance ? MLRP_HAS(MLRP_F_INSTANCE) : 0};
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
struct mlrp_link *accept_from(uint32_t id)
{
	char name[16];

	snprintf(name, sizeof(name), "cn%u", id);
	return say_hello(net_tunnel(id), MLRP_ROLE_CN, id, name);
}

void assert_next_retry_in(unsigned ms)
{
	unsigned before = fake_links.count;

	assert_int_equal(time_next_due(), fake_now_ms + ms);
	time_passes(ms - 1);
	assert_int_equal(fake_links.count, before);
	time_passes(1);
	assert_int_equal(fake_links.count, before + 1);
}

int peers_setup(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	w->base = time_begin();
	w->roam = net_roam(SELF);
	for (uint32_t id = 3; id <= 8; id++)
		net_learns(w->roam, id);
	fake_links_reset();
	assert_int_equal(create_peers(&w->peers), 0);
	calls_forget();
	fake_log_forget();
	return 0;
}

int peers_teardown(void **state)
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
