/* SPDX-License-Identifier: BSD-2-Clause */
/* One MLRP connection over a bufferevent. See mlrp_link.h. TLS will replace the bufferevent's socket by its own. */
#include "mlrp_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define HANDSHAKE_MS 5000   /* an accepted connection must say HELLO in this time */
#define KEEPALIVE_S 5       /* PING after so much silence */
#define DEAD_S 15           /* and the connection ends after so much */
#define MESSAGE_MAX (MLRP_HEADER_LEN + MLRP_LENGTH_MAX)

enum link_state { LINK_CONNECTING, LINK_HELLO, LINK_UP, LINK_DEAD };

struct mlrp_link {
	enum link_state state;
	bool accepted;          /* we answer WELCOME, they said HELLO */
	bool in_callback, free_later;
	struct bufferevent *stream;
	struct event *timer;    /* handshake deadline, then keep-alive */
	struct mlrp_self self;
	const struct mlrp_link_handler *handler;
	void *arg;
	char peer[80];
	char why[192];          /* cause of an end that the next turn of the loop reports */
	uint64_t sent, received;
	unsigned silent_s;
};

static void link_free(struct mlrp_link *link)
{
	if (link->timer)
		event_free(link->timer);
	if (link->stream)
		bufferevent_free(link->stream);
	free(link);
}

/* Reports the end once; the owner closes the link in the callback or later. */
static void link_end(struct mlrp_link *link, const char *why)
{
	if (link->state == LINK_DEAD)
		return;
	link->state = LINK_DEAD;
	bufferevent_disable(link->stream, EV_READ | EV_WRITE);
	evtimer_del(link->timer);
	link->handler->closed(link, why, link->arg);
}

static void wait_s(struct mlrp_link *link, unsigned seconds)
{
	struct timeval when = {.tv_sec = seconds};

	evtimer_add(link->timer, &when);
}

/* Writes at once what the socket takes: a handover's message must not wait for the next turn of the loop. */
static void write_now(struct mlrp_link *link)
{
	struct evbuffer *output = bufferevent_get_output(link->stream);

	if (link->state == LINK_UP && bufferevent_getfd(link->stream) >= 0)
		evbuffer_write(output, bufferevent_getfd(link->stream)); /* a failure shows in the next event */
}

static int transmit(struct mlrp_link *link, const struct mlrp_message *message)
{
	uint8_t bytes[MESSAGE_MAX];
	struct evbuffer *output = bufferevent_get_output(link->stream);
	long len = mlrp_encode(message, bytes, sizeof(bytes));
	bool idle = evbuffer_get_length(output) == 0;

	if (len < 0)
		return (int)len;
	if (bufferevent_write(link->stream, bytes, (size_t)len) < 0)
		return -ENOMEM;
	link->sent++;
	if (idle)
		write_now(link);
	return 0;
}

static void say_hello(struct mlrp_link *link, uint8_t type, uint8_t min, uint8_t max)
{
	const struct mlrp_self *self = &link->self;
	struct mlrp_message message = {
		.type = type, .version_min = min, .version_max = max, .role = self->role,
		.has = MLRP_HAS(MLRP_F_VERSION_MIN) | MLRP_HAS(MLRP_F_VERSION_MAX) | MLRP_HAS(MLRP_F_ROLE) |
		       MLRP_HAS(MLRP_F_NETWORK) | MLRP_HAS(MLRP_F_NAME),
	};

	memcpy(message.network, self->network, sizeof(message.network));
	memcpy(message.name, self->name, sizeof(message.name));
	if (self->role == MLRP_ROLE_MLR) {
		message.has |= MLRP_HAS(MLRP_F_VERSION);
		message.version = self->version;
	}
	if (self->cn_id) {
		message.has |= MLRP_HAS(MLRP_F_CN);
		message.cn.id = self->cn_id;
		message.cn.tunnel = self->tunnel;
		memcpy(message.cn.name, self->name, sizeof(message.cn.name));
	}
	transmit(link, &message);
}

static void say_error(struct mlrp_link *link, uint16_t code, const char *text)
{
	struct mlrp_message message = {.type = MLRP_ERROR, .code = code, .has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT)};

	snprintf(message.text, sizeof(message.text), "%s", text);
	transmit(link, &message);
	evbuffer_write(bufferevent_get_output(link->stream), bufferevent_getfd(link->stream));
}

static void link_refuse(struct mlrp_link *link, uint16_t code, const char *text)
{
	say_error(link, code, text);
	link_end(link, text);
}

/* HELLO or WELCOME of the other side: is it of our network, and of a version that we speak? */
static void handshake(struct mlrp_link *link, const struct mlrp_message *message)
{
	uint8_t expected = link->accepted ? MLRP_HELLO : MLRP_WELCOME;
	char text[192];

	if (message->type == MLRP_ERROR) {
		snprintf(text, sizeof(text), "the other side refuses: %s%s%.100s", mlrp_error_name(message->code),
			 message->text[0] ? ": " : "", message->text);
		link_end(link, text);
		return;
	}
	if (message->type != expected) {
		link_refuse(link, MLRP_E_PROTOCOL, "the first message was not HELLO or WELCOME");
		return;
	}
	if (strcmp(message->network, link->self.network) != 0) {
		snprintf(text, sizeof(text), "network_name `%s' here, `%s' there", link->self.network, message->network);
		link_refuse(link, MLRP_E_NETWORK, text);
		return;
	}
	if (message->version_min > MLRP_VERSION_MAX || message->version_max < MLRP_VERSION_MIN) {
		snprintf(text, sizeof(text), "versions %u to %u here, %u to %u there", MLRP_VERSION_MIN, MLRP_VERSION_MAX,
			 message->version_min, message->version_max);
		link_refuse(link, MLRP_E_VERSION, text);
		return;
	}
	if (link->accepted) {
		uint8_t chosen = message->version_max < MLRP_VERSION_MAX ? message->version_max : MLRP_VERSION_MAX;

		say_hello(link, MLRP_WELCOME, chosen, chosen);
	}
	link->state = LINK_UP;
	link->silent_s = 0;
	wait_s(link, KEEPALIVE_S);
	link->handler->up(link, message, link->arg);
}

static void dispatch(struct mlrp_link *link, const struct mlrp_message *message)
{
	struct mlrp_message pong = {.type = MLRP_PONG, .transaction = message->transaction};

	link->received++;
	link->silent_s = 0;
	if (link->state != LINK_UP)
		handshake(link, message);
	else if (message->type == MLRP_PING)
		transmit(link, &pong);
	else if (message->type != MLRP_PONG || message->transaction)
		link->handler->message(link, message, link->arg);
}

/* Takes one whole message out of the input. False: there is none yet, or the link has ended. */
static bool take_message(struct mlrp_link *link, struct evbuffer *input)
{
	uint8_t header[MLRP_HEADER_LEN], *bytes;
	struct mlrp_message message;
	struct mlrp_fault fault = {0};
	ev_ssize_t have = evbuffer_copyout(input, header, sizeof(header));
	long whole = mlrp_message_length(header, have < 0 ? 0 : (size_t)have, &fault);
	char text[192];
	int error = 0;

	if (whole == 0 || (whole > 0 && evbuffer_get_length(input) < (size_t)whole))
		return false;
	if (whole > 0) {
		bytes = evbuffer_pullup(input, whole);
		error = bytes ? mlrp_decode(bytes, (size_t)whole, &message, &fault) : -ENOMEM;
		evbuffer_drain(input, (size_t)whole);
	}
	if (whole < 0 || (error && error != -ENOMSG)) {
		snprintf(text, sizeof(text), "protocol error: %s (field %u, offset %zu)", fault.what ? fault.what : "no memory",
			 fault.field, fault.offset);
		link_refuse(link, MLRP_E_PROTOCOL, text);
		return false;
	}
	if (error == -ENOMSG)
		log_debug("%s: message type %u is not known here, ignored", link->peer, header[1]);
	else
		dispatch(link, &message);
	return link->state != LINK_DEAD && !link->free_later;
}

static void leave_callback(struct mlrp_link *link)
{
	link->in_callback = false;
	if (link->free_later)
		link_free(link);
}

static void on_read(struct bufferevent *stream, void *arg)
{
	struct mlrp_link *link = arg;

	link->in_callback = true;
	while (take_message(link, bufferevent_get_input(stream)))
		;
	leave_callback(link);
}

static void no_delay(struct bufferevent *stream)
{
	int fd = bufferevent_getfd(stream), on = 1, timeout_ms = DEAD_S * 1000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct mlrp_link *link = arg;
	int dns = bufferevent_socket_get_dns_error(stream);
	char text[192];

	link->in_callback = true;
	if (what & BEV_EVENT_CONNECTED) {
		no_delay(stream);
		link->state = LINK_HELLO;
		say_hello(link, MLRP_HELLO, MLRP_VERSION_MIN, MLRP_VERSION_MAX);
	} else if (what & BEV_EVENT_EOF) {
		/* The last words of the other side are still in the input. */
		while (take_message(link, bufferevent_get_input(stream)))
			;
		if (!link->free_later)
			link_end(link, link->state == LINK_UP ? "the other side closed the connection" :
				 "the other side closed the connection before the handshake was done");
	} else {
		snprintf(text, sizeof(text), "%s", dns ? evutil_gai_strerror(dns) : evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
		link_end(link, text);
	}
	leave_callback(link);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct mlrp_link *link = arg;
	struct mlrp_message ping = {.type = MLRP_PING};

	(void)fd;
	(void)what;
	link->in_callback = true;
	link->silent_s += KEEPALIVE_S;
	if (link->why[0])
		link_end(link, link->why);
	else if (link->state != LINK_UP)
		link_end(link, "timed out before the handshake was done");
	else if (link->silent_s > DEAD_S)
		link_end(link, "silent for too long");
	else {
		transmit(link, &ping);
		wait_s(link, KEEPALIVE_S);
	}
	leave_callback(link);
}

static struct mlrp_link *link_new(struct event_base *base, evutil_socket_t fd, const struct mlrp_self *self,
				  const struct mlrp_link_handler *handler, void *arg)
{
	struct mlrp_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->self = *self;
	link->handler = handler;
	link->arg = arg;
	link->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	link->timer = evtimer_new(base, on_timer, link);
	if (!link->stream || !link->timer) {
		if (!link->stream && fd >= 0)
			evutil_closesocket(fd);
		link_free(link);
		errno = ENOMEM;
		return NULL;
	}
	bufferevent_setcb(link->stream, on_read, NULL, on_event, link);
	return link;
}

struct mlrp_link *mlrp_link_accept(struct event_base *base, evutil_socket_t fd, const struct mlrp_self *self,
				   const struct mlrp_link_handler *handler, void *arg)
{
	struct mlrp_link *link = link_new(base, fd, self, handler, arg);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct timeval deadline = {.tv_sec = HANDSHAKE_MS / 1000};
	char text[INET_ADDRSTRLEN];

	if (!link)
		return NULL;
	if (getpeername(fd, (struct sockaddr *)&from, &len) == 0 && from.sin_family == AF_INET)
		snprintf(link->peer, sizeof(link->peer), "%s:%u", inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text)), ntohs(from.sin_port));
	link->accepted = true;
	link->state = LINK_HELLO;
	no_delay(link->stream);
	evtimer_add(link->timer, &deadline);
	bufferevent_enable(link->stream, EV_READ | EV_WRITE);
	return link;
}

/* A socket bound to our own address, for connections whose source the other side checks. -1 with errno. */
static evutil_socket_t bound_socket(const struct tmip_addr *source)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(addr_to_ipv4(source))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0)
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

struct mlrp_link *mlrp_link_connect(struct event_base *base, struct evdns_base *dns, const char *host, uint16_t port,
				    const struct tmip_addr *source, int timeout_ms, const struct mlrp_self *self,
				    const struct mlrp_link_handler *handler, void *arg)
{
	evutil_socket_t fd = source ? bound_socket(source) : -1;
	struct timeval deadline = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	struct mlrp_link *link;

	if (source && fd < 0)
		return NULL;
	link = link_new(base, fd, self, handler, arg);
	if (!link)
		return NULL;
	snprintf(link->peer, sizeof(link->peer), "%.64s:%u", host, port);
	evtimer_add(link->timer, &deadline);
	bufferevent_enable(link->stream, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect_hostname(link->stream, dns, AF_INET, host, port) < 0) {
		/* Told by a callback or not at all, depending on where it failed: tell it in the next turn, once. */
		struct timeval now = {0};

		snprintf(link->why, sizeof(link->why), "cannot connect: %s", strerror(errno));
		evtimer_add(link->timer, &now);
	}
	return link;
}

int mlrp_link_send(struct mlrp_link *link, const struct mlrp_message *message)
{
	struct timeval now = {0};

	if (link->state != LINK_UP || link->why[0])
		return -ENOTCONN;
	if (evbuffer_get_length(bufferevent_get_output(link->stream)) > MLRP_LINK_QUEUE_MAX) {
		snprintf(link->why, sizeof(link->why), "the other side reads too slowly");
		evtimer_add(link->timer, &now);
		return -ENOBUFS;
	}
	return transmit(link, message);
}

bool mlrp_link_is_up(const struct mlrp_link *link)
{
	return link->state == LINK_UP;
}

const char *mlrp_link_peer(const struct mlrp_link *link)
{
	return link->peer;
}

uint64_t mlrp_link_sent(const struct mlrp_link *link)
{
	return link->sent;
}

uint64_t mlrp_link_received(const struct mlrp_link *link)
{
	return link->received;
}

void mlrp_link_close(struct mlrp_link *link)
{
	if (!link)
		return;
	link->state = LINK_DEAD;
	bufferevent_setcb(link->stream, NULL, NULL, NULL, NULL);
	if (link->in_callback)
		link->free_later = true;
	else
		link_free(link);
}
