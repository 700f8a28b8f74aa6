/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One MLRP connection over a bufferevent of libevent. See mlrp_link.h. TLS can replace the
 * bufferevent's socket by its own.
 */
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

#include "io/process/log.h"
#include "io/process/timer.h"

#define HANDSHAKE_MS 5000 /* for the HELLO on an accepted connection */
#define PING_MS 5000      /* between two PINGs */
#define SEGMENT 1160 /* bytes: TCP_MAXSEG, for packets of 1200 bytes */
#define DEAD_MS 15000     /* a longer silence ends the connection when the next PING is due */
#define MESSAGE_MAX (MLRP_HEADER_LEN + MLRP_LENGTH_MAX) /* bytes */
#define GATHER_MAX (256u << 10) /* bytes that a link which gathers reads or writes in one call */

#define CLOSED "the other side closed the connection"
#define CLOSED_EARLY CLOSED " before the handshake was done"

enum link_state { LINK_CONNECTING, LINK_HELLO, LINK_UP, LINK_DEAD };

struct mlrp_link {
	enum link_state state;
	bool accepted;          /* the other side sends HELLO, this side WELCOME */
	bool in_callback;       /* the owner may close the link: then it is freed later */
	bool free_later;
	bool refused;           /* the handshake, by the other side */
	bool gathers;           /* messages leave in the next turn of the loop */
	struct bufferevent *stream;
	struct event *timer;    /* the deadline of the handshake, then the next PING */
	struct mlrp_self self;
	const struct mlrp_link_handler *handler;
	void *arg;
	char peer[80];
	char host[256];         /* that it looks up and connects to */
	char why[192];          /* the cause of an end that on_timer reports; empty: none */
	char said[192];         /* why the other side is about to end it, in its words; or empty */
	uint64_t sent, received; /* messages */
	int ping_ms, dead_ms;
	int silent_ms;          /* since the last message, in steps of ping_ms */
};

static void link_free(struct mlrp_link *link)
{
	if (link->timer)
		event_free(link->timer);
	if (link->stream)
		bufferevent_free(link->stream);
	free(link);
}

/* Reports the end, but only once. The owner closes the link in the callback or later. */
static void link_end(struct mlrp_link *link, const char *why)
{
	if (link->state == LINK_DEAD)
		return;
	link->state = LINK_DEAD;
	bufferevent_disable(link->stream, EV_READ | EV_WRITE);
	evtimer_del(link->timer);
	link->handler->closed(link, why, link->arg);
}

/* Ends the link in the next turn of the loop, for a caller that still needs the link. */
static void end_soon(struct mlrp_link *link, const char *why)
{
	snprintf(link->why, sizeof(link->why), "%s", why);
	timer_arm(link->timer, 0);
}

/*
 * Writes at once as much as the socket accepts. A message of a handover must not wait for the next
 * turn of the loop, and for the last message there is no next turn. Only the bufferevent itself may
 * write from its output, which it keeps frozen for others; this function unfreezes it.
 */
static void write_now(struct mlrp_link *link)
{
	struct evbuffer *output = bufferevent_get_output(link->stream);
	evutil_socket_t fd = bufferevent_getfd(link->stream);

	if (link->state == LINK_CONNECTING || fd < 0)
		return;
	evbuffer_unfreeze(output, 1);
	evbuffer_write(output, fd); /* the next event reports a failure */
	evbuffer_freeze(output, 1);
}

static int transmit_bytes(struct mlrp_link *link, const uint8_t *bytes, size_t len)
{
	size_t queued = mlrp_link_queued(link);

	if (queued > MLRP_LINK_QUEUE_MAX) {
		end_soon(link, "the other side reads too slowly");
		return -ENOBUFS;
	}
	if (bufferevent_write(link->stream, bytes, len) < 0)
		return -ENOMEM;
	link->sent++;
	if (!queued && !link->gathers)
		write_now(link);
	return 0;
}

static int transmit(struct mlrp_link *link, const struct mlrp_message *message)
{
	uint8_t bytes[MESSAGE_MAX];
	long len = mlrp_encode(message, bytes, sizeof(bytes));

	return len < 0 ? (int)len : transmit_bytes(link, bytes, (size_t)len);
}

/* Sends HELLO or WELCOME. */
static void send_hello(struct mlrp_link *link, uint8_t type, uint8_t min, uint8_t max)
{
	const struct mlrp_self *self = &link->self;
	struct mlrp_message message = {
		.type = type, .version_min = min, .version_max = max, .role = self->role,
		.has = MLRP_HAS(MLRP_F_VERSION_MIN) | MLRP_HAS(MLRP_F_VERSION_MAX) |
		       MLRP_HAS(MLRP_F_ROLE) | MLRP_HAS(MLRP_F_NETWORK) | MLRP_HAS(MLRP_F_NAME),
	};

	memcpy(message.network, self->network, sizeof(message.network));
	memcpy(message.name, self->name, sizeof(message.name));
	if (self->role == MLRP_ROLE_MLR) {
		message.has |= MLRP_HAS(MLRP_F_VERSION) | MLRP_HAS(MLRP_F_CLOCK);
		message.version = self->version;
		message.clock = self->clock;
	}
	if (self->trouble[0]) {
		message.has |= MLRP_HAS(MLRP_F_TEXT);
		memcpy(message.text, self->trouble, sizeof(message.text));
	}
	if (self->failing) {
		message.has |= MLRP_HAS(MLRP_F_CODE);
		message.code = MLRP_E_STORE;
	}
	if (self->instance) {
		message.has |= MLRP_HAS(MLRP_F_INSTANCE);
		message.instance = self->instance;
	}
	if (self->cn_id) {
		message.has |= MLRP_HAS(MLRP_F_CN);
		message.cn.id = self->cn_id;
		message.cn.tunnel = self->tunnel;
		memcpy(message.cn.name, self->name, sizeof(message.cn.name));
	}
	transmit(link, &message);
}

static void send_error(struct mlrp_link *link, uint16_t code, const char *text)
{
	struct mlrp_message message = {.type = MLRP_ERROR, .code = code,
				       .has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT)};

	snprintf(message.text, sizeof(message.text), "%s", text);
	transmit(link, &message);
	write_now(link);
}

static void link_refuse(struct mlrp_link *link, uint16_t code, const char *text)
{
	send_error(link, code, text);
	link_end(link, text);
}

/* The range of versions in a HELLO must overlap ours; a WELCOME has one version of our range. */
static bool version_fits(const struct mlrp_message *message)
{
	return message->version_min <= message->version_max &&
	       message->version_min <= MLRP_VERSION_MAX &&
	       message->version_max >= MLRP_VERSION_MIN &&
	       (message->type == MLRP_HELLO || message->version_min == message->version_max);
}

/* An ERROR that answers no request says why the other side ends the connection next. */
static void note_reason(struct mlrp_link *link, const struct mlrp_message *error)
{
	const char *name = mlrp_error_name(error->code), *colon = error->text[0] ? ": " : "";

	snprintf(link->said, sizeof(link->said), "the other side %s: %s%s%.130s",
		 link->state == LINK_UP ? "ends it" : "refuses", name, colon, error->text);
}

/* Checks the first message, which must be HELLO or WELCOME, for the network and the version. */
static void handshake(struct mlrp_link *link, const struct mlrp_message *message)
{
	uint8_t expected = link->accepted ? MLRP_HELLO : MLRP_WELCOME;
	char text[192];

	if (message->type == MLRP_ERROR) {
		note_reason(link, message);
		link->refused = true;
		link_end(link, link->said);
		return;
	}
	if (message->type != expected) {
		link_refuse(link, MLRP_E_PROTOCOL, "the first message was not HELLO or WELCOME");
		return;
	}
	if (strcmp(message->network, link->self.network) != 0) {
		snprintf(text, sizeof(text), "network_name `%s' here, `%s' there",
			 link->self.network, message->network);
		link_refuse(link, MLRP_E_NETWORK, text);
		return;
	}
	if (!version_fits(message)) {
		snprintf(text, sizeof(text), "versions %u to %u here, %u to %u there",
			 MLRP_VERSION_MIN, MLRP_VERSION_MAX, message->version_min,
			 message->version_max);
		link_refuse(link, MLRP_E_VERSION, text);
		return;
	}
	if (link->accepted) {
		uint8_t chosen = message->version_max < MLRP_VERSION_MAX ? message->version_max :
									   MLRP_VERSION_MAX;

		send_hello(link, MLRP_WELCOME, chosen, chosen);
	}
	link->state = LINK_UP;
	link->silent_ms = 0;
	timer_arm(link->timer, link->ping_ms);
	link->handler->up(link, message, link->arg);
}

static void dispatch(struct mlrp_link *link, const struct mlrp_message *message)
{
	struct mlrp_message pong = {.type = MLRP_PONG, .transaction = message->transaction};

	link->received++;
	link->silent_ms = 0;
	if (link->state == LINK_UP && message->type == MLRP_ERROR && !message->transaction)
		note_reason(link, message);
	if (link->state != LINK_UP)
		handshake(link, message);
	else if (message->type == MLRP_PING)
		transmit(link, &pong);
	else if (message->type != MLRP_PONG || message->transaction)
		link->handler->message(link, message, link->arg);
}

/*
 * Removes one whole message from the input and applies it. False: none is whole, or the link ended.
 */
static bool next_message(struct mlrp_link *link, struct evbuffer *input)
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
		snprintf(text, sizeof(text), "protocol error: %s (field %u, offset %zu)",
			 fault.what ? fault.what : "no memory", fault.field, fault.offset);
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

	if (link->state == LINK_DEAD)
		return; /* the link ended in this turn, and the owner has not closed it yet */
	link->in_callback = true;
	while (next_message(link, bufferevent_get_input(stream)))
		;
	leave_callback(link);
}

void mlrp_link_prepare(evutil_socket_t fd)
{
	int segment = SEGMENT;

	setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment));
}

static void set_tcp_options(struct bufferevent *stream)
{
	int fd = bufferevent_getfd(stream), on = 1, timeout_ms = DEAD_MS;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

/* Is the name of the host still being looked up? connect() comes after that. */
static bool is_resolving(const struct mlrp_link *link)
{
	int fd = bufferevent_getfd(link->stream);
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	return link->state == LINK_CONNECTING && fd >= 0 &&
	       getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	       info.tcpi_state == TCP_CLOSE;
}

static void describe_lookup(const struct mlrp_link *link, int error, char text[192])
{
	const char *why = error == EVUTIL_EAI_NONAME ? "no such name" :
			  error ? "the name servers give no answer, or an error" :
				  "the name servers do not answer in time";

	snprintf(text, 192, "cannot resolve %.64s: %s", link->host, why);
}

/* The cause of a connection that ended: what the other side said of it counts most. */
static void describe_end(const struct mlrp_link *link, short what, char text[192])
{
	int dns = bufferevent_socket_get_dns_error(link->stream), error = EVUTIL_SOCKET_ERROR();

	if (dns)
		describe_lookup(link, dns, text);
	else if (link->said[0])
		snprintf(text, 192, "%s", link->said);
	else if (what & BEV_EVENT_EOF)
		snprintf(text, 192, "%s", link->state == LINK_UP ? CLOSED : CLOSED_EARLY);
	else
		snprintf(text, 192, "%s", evutil_socket_error_to_string(error));
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct mlrp_link *link = arg;
	int error = EVUTIL_SOCKET_ERROR();
	char text[192];

	if (link->state == LINK_DEAD)
		return;
	link->in_callback = true;
	if (what & BEV_EVENT_CONNECTED) {
		set_tcp_options(stream);
		link->state = LINK_HELLO;
		send_hello(link, MLRP_HELLO, MLRP_VERSION_MIN, MLRP_VERSION_MAX);
	} else {
		/* The last messages of the other side are still in the input. */
		while (next_message(link, bufferevent_get_input(stream)))
			;
		EVUTIL_SET_SOCKET_ERROR(error);
		describe_end(link, what, text);
		if (!link->free_later)
			link_end(link, text);
	}
	leave_callback(link);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct mlrp_link *link = arg;
	struct mlrp_message ping = {.type = MLRP_PING};
	char text[192];

	(void)fd;
	(void)what;
	link->in_callback = true;
	link->silent_ms += link->ping_ms;
	if (link->why[0])
		link_end(link, link->why);
	else if (is_resolving(link)) {
		describe_lookup(link, 0, text);
		link_end(link, text);
	} else if (link->state != LINK_UP)
		link_end(link, "timed out before the handshake was done");
	else if (link->silent_ms > link->dead_ms)
		link_end(link, "silent for too long");
	else {
		timer_arm(link->timer, link->ping_ms);
		transmit(link, &ping);
	}
	leave_callback(link);
}

static struct mlrp_link *link_new(struct event_base *base, evutil_socket_t fd,
				  const struct mlrp_self *self,
				  const struct mlrp_link_handler *handler, void *arg)
{
	struct mlrp_link *link = calloc(1, sizeof(*link));

	if (!link) {
		if (fd >= 0)
			evutil_closesocket(fd);
		errno = ENOMEM;
		return NULL;
	}
	link->ping_ms = PING_MS;
	link->dead_ms = DEAD_MS;
	link->self = *self;
	link->handler = handler;
	link->arg = arg;
	link->stream =
		bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
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

struct mlrp_link *mlrp_link_accept(struct event_base *base, evutil_socket_t fd,
				   const struct mlrp_self *self,
				   const struct mlrp_link_handler *handler, void *arg)
{
	struct mlrp_link *link = link_new(base, fd, self, handler, arg);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char text[INET_ADDRSTRLEN];

	if (!link)
		return NULL;
	if (getpeername(fd, (struct sockaddr *)&from, &len) == 0 && from.sin_family == AF_INET)
		snprintf(link->peer, sizeof(link->peer), "%s:%u",
			 inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text)),
			 ntohs(from.sin_port));
	link->accepted = true;
	link->state = LINK_HELLO;
	set_tcp_options(link->stream);
	timer_arm(link->timer, HANDSHAKE_MS);
	bufferevent_enable(link->stream, EV_READ | EV_WRITE);
	return link;
}

/*
 * A socket, bound to the address unless `source` is NULL: another CN checks where it comes from. -1
 * with errno.
 */
static evutil_socket_t new_socket(const struct tmip_addr *source)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error;

	if (source)
		here.sin_addr.s_addr = htonl(addr_to_ipv4(source));
	if (fd >= 0)
		mlrp_link_prepare(fd);
	if (fd >= 0 && (!source || bind(fd, (struct sockaddr *)&here, sizeof(here)) == 0))
		return fd;
	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static void describe_immediate(const struct mlrp_link *link, int error, char text[192])
{
	int dns = bufferevent_socket_get_dns_error(link->stream);

	if (dns)
		describe_lookup(link, dns, text);
	else
		snprintf(text, 192, "cannot connect: %s", strerror(error));
}

struct mlrp_link *mlrp_link_connect(struct event_base *base, struct evdns_base *dns,
				    const char *host, uint16_t port, const struct tmip_addr *source,
				    int timeout_ms, const struct mlrp_self *self,
				    const struct mlrp_link_handler *handler, void *arg)
{
	evutil_socket_t fd = new_socket(source);
	struct mlrp_link *link;
	char text[192];

	if (fd < 0)
		return NULL;
	link = link_new(base, fd, self, handler, arg);
	if (!link)
		return NULL;
	snprintf(link->host, sizeof(link->host), "%s", host);
	snprintf(link->peer, sizeof(link->peer), "%.64s:%u", host, port);
	timer_arm(link->timer, timeout_ms);
	bufferevent_enable(link->stream, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect_hostname(link->stream, dns, AF_INET, host, port) < 0) {
		/*
		 * libevent calls on_event for some failures and not for others. Report the failure
		 * once, in the next turn.
		 */
		describe_immediate(link, errno, text);
		end_soon(link, text);
	}
	return link;
}

int mlrp_link_send(struct mlrp_link *link, const struct mlrp_message *message)
{
	if (link->state != LINK_UP || link->why[0])
		return -ENOTCONN;
	return transmit(link, message);
}

int mlrp_link_send_encoded(struct mlrp_link *link, const uint8_t *bytes, size_t len)
{
	if (link->state != LINK_UP || link->why[0])
		return -ENOTCONN;
	return transmit_bytes(link, bytes, len);
}

void mlrp_link_gather(struct mlrp_link *link)
{
	link->gathers = true;
	bufferevent_set_max_single_read(link->stream, GATHER_MAX);
	bufferevent_set_max_single_write(link->stream, GATHER_MAX);
}

size_t mlrp_link_queued(const struct mlrp_link *link)
{
	return evbuffer_get_length(bufferevent_get_output(link->stream));
}

void mlrp_link_set_patience(struct mlrp_link *link, int handshake_ms, int ping_ms, int dead_ms)
{
	link->ping_ms = ping_ms;
	link->dead_ms = dead_ms;
	if (link->state != LINK_DEAD && !link->why[0])
		timer_arm(link->timer, link->state == LINK_UP ? ping_ms : handshake_ms);
}

bool mlrp_link_is_up(const struct mlrp_link *link)
{
	return link->state == LINK_UP;
}

bool mlrp_link_is_refused(const struct mlrp_link *link)
{
	return link->refused;
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
	if (!link->free_later)
		write_now(link);
	link->state = LINK_DEAD;
	evtimer_del(link->timer);
	bufferevent_setcb(link->stream, NULL, NULL, NULL, NULL);
	if (link->in_callback)
		link->free_later = true;
	else
		link_free(link);
}
