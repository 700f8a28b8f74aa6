/* SPDX-License-Identifier: BSD-2-Clause */
/* MLRP connections without a network. See fake_link.h. */
#include "fake_link.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fake_links fake_links;

/* ---- the test's side */

void fake_links_reset(void)
{
	memset(&fake_links, 0, sizeof(fake_links));
}

struct mlrp_link *fake_links_newest(void)
{
	assert_true(fake_links.count > 0);
	return &fake_links.list[fake_links.count - 1];
}

unsigned fake_links_open(void)
{
	unsigned open = 0;

	for (unsigned i = 0; i < fake_links.count; i++)
		open += !fake_links.list[i].closed;
	return open;
}

static void assert_open(const struct mlrp_link *link)
{
	if (link->closed)
		fail_msg("a closed link (%s) is used", link->host);
}

void fake_link_comes_up(struct mlrp_link *link, const struct mlrp_message *hello)
{
	assert_open(link);
	link->up = true;
	link->handler->up(link, hello, link->arg);
}

void fake_link_says(struct mlrp_link *link, const struct mlrp_message *message)
{
	assert_open(link);
	assert_true(link->up);
	link->handler->message(link, message, link->arg);
}

void fake_link_ends(struct mlrp_link *link, const char *why)
{
	assert_open(link);
	link->up = false;
	link->handler->closed(link, why, link->arg);
	if (!link->closed)
		fail_msg("the owner keeps a link that has ended: %s", why);
}

const struct mlrp_message *fake_link_sent(const struct mlrp_link *link, unsigned back)
{
	if (back >= link->sent_count || back >= FAKE_SENT)
		fail_msg("there is no such message: %u sent, %u back", link->sent_count, back);
	return &link->sent[(link->sent_count - 1 - back) % FAKE_SENT];
}

/* ---- the agent's side */

static struct mlrp_link *add(const struct mlrp_self *self, const struct mlrp_link_handler *handler,
			     void *arg)
{
	struct mlrp_link *link = &fake_links.list[fake_links.count];

	assert_true(fake_links.count++ < FAKE_LINKS);
	memset(link, 0, sizeof(*link));
	link->self = *self;
	link->handler = handler;
	link->arg = arg;
	link->fd = -1;
	return link;
}

void mlrp_link_prepare(evutil_socket_t fd)
{
	assert_true(fd >= 0);
}

struct mlrp_link *mlrp_link_accept(struct event_base *base, evutil_socket_t fd,
				   const struct mlrp_self *self,
				   const struct mlrp_link_handler *handler, void *arg)
{
	struct mlrp_link *link;

	assert_non_null(base);
	if (fake_links.accept_error) {
		close(fd);
		errno = fake_links.accept_error;
		return NULL;
	}
	link = add(self, handler, arg);
	link->accepted = true;
	link->fd = fd;
	return link;
}

struct mlrp_link *mlrp_link_connect(struct event_base *base, struct evdns_base *dns,
				    const char *host, uint16_t port, const struct tmip_addr *source,
				    int timeout_ms, const struct mlrp_self *self,
				    const struct mlrp_link_handler *handler, void *arg)
{
	struct mlrp_link *link;

	(void)dns;
	assert_non_null(base);
	if (fake_links.connect_error) {
		errno = fake_links.connect_error;
		return NULL;
	}
	link = add(self, handler, arg);
	snprintf(link->host, sizeof(link->host), "%s", host);
	link->port = port;
	if (source)
		link->source = *source;
	link->timeout_ms = timeout_ms;
	return link;
}

int mlrp_link_send(struct mlrp_link *link, const struct mlrp_message *message)
{
	assert_open(link);
	if (!link->up)
		return -ENOTCONN;
	if (fake_links.send_error)
		return fake_links.send_error;
	link->sent[link->sent_count++ % FAKE_SENT] = *message;
	return 0;
}

int mlrp_link_send_encoded(struct mlrp_link *link, const uint8_t *bytes, size_t len)
{
	struct mlrp_message message;

	assert_int_equal(mlrp_decode(bytes, len, &message, NULL), 0);
	return mlrp_link_send(link, &message);
}

size_t mlrp_link_queued(const struct mlrp_link *link)
{
	assert_open(link);
	return 0;
}

void mlrp_link_gather(struct mlrp_link *link)
{
	assert_open(link);
}

void mlrp_link_set_patience(struct mlrp_link *link, int handshake_ms, int ping_ms, int dead_ms)
{
	(void)ping_ms;
	(void)dead_ms;
	assert_open(link);
	link->timeout_ms = handshake_ms;
}

bool mlrp_link_is_up(const struct mlrp_link *link)
{
	assert_open(link);
	return link->up;
}

bool mlrp_link_is_refused(const struct mlrp_link *link)
{
	assert_open(link);
	return link->refused;
}

const char *mlrp_link_peer(const struct mlrp_link *link)
{
	assert_open(link);
	return link->accepted ? "a stranger" : link->host;
}

uint64_t mlrp_link_sent(const struct mlrp_link *link)
{
	return link->sent_count;
}

uint64_t mlrp_link_received(const struct mlrp_link *link)
{
	(void)link;
	return 0;
}

void mlrp_link_close(struct mlrp_link *link)
{
	if (!link)
		return;
	assert_open(link);
	link->closed = true;
	link->up = false;
	if (link->fd >= 0)
		close(link->fd);
}
