/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections of CNs and probers: listening, messages to and from the registry. Snapshots go
 * out in slices, as fast as the other side takes them, so that one CN that comes back never makes
 * the others wait.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "io/link/mlrp_link.h"
#include "io/process/log.h"
#include "report.h"
#include "server.h"

#define SLICE 500              /* stations */
#define SLICE_QUEUE (1u << 20) /* no more slices while so many bytes wait */
#define SLICE_WAIT_MS 2

struct link {
	struct server *server;
	struct mlrp_link *mlrp;
	struct registry_session *session; /* NULL until HELLO */
	const char *ending;               /* why it must end, or NULL */
	bool stranger;                    /* has not registered; counted */
	struct link *prev, *next;
};

static void set_stranger(struct link *link, bool stranger)
{
	link->server->strangers += (unsigned)stranger - (unsigned)link->stranger;
	link->stranger = stranger;
}

static void end_link(struct link *link)
{
	struct server *server = link->server;

	set_stranger(link, false);
	if (link->session)
		registry_close(server->registry, link->session);
	mlrp_link_close(link->mlrp);
	DL_DELETE(server->links, link);
	free(link);
	server->changed = true;
}

/* ---- actions of the registry */

static void start_slices(struct server *server, unsigned wait_ms)
{
	struct timeval when = {.tv_usec = wait_ms * 1000};

	if (!evtimer_pending(server->sync, NULL))
		evtimer_add(server->sync, &when);
}

static void send_message(struct server *server, const struct registry_action *action)
{
	struct link *link = registry_session_arg(action->session);
	int error = mlrp_link_send(link->mlrp, action->message);

	if (error && error != -ENOTCONN)
		log_warn("CN %s: %s could not be sent: %s", registry_session_name(action->session),
			 mlrp_type_name(action->message->type), strerror(-error));
	if (action->message->type == MLRP_REGISTERED)
		set_stranger(link, false);
	if (action->message->type == MLRP_SYNC_START)
		start_slices(server, 0);
}

static void push_message(struct server *server, const struct registry_action *action)
{
	uint8_t bytes[MLRP_HEADER_LEN + MLRP_LENGTH_MAX];
	long len = mlrp_encode(action->message, bytes, sizeof(bytes));
	struct link *link;

	if (len < 0) {
		log_error("%s cannot be encoded: %s", mlrp_type_name(action->message->type),
			  strerror((int)-len));
		return;
	}
	DL_FOREACH(server->links, link)
		if (link->session && link->session != action->session &&
		    registry_session_registered(link->session))
			mlrp_link_send_encoded(link->mlrp, bytes, (size_t)len);
}

void links_act(struct server *server, const struct registry_action *action)
{
	struct link *link;

	if (action->type == REGISTRY_SEND) {
		send_message(server, action);
	} else if (action->type == REGISTRY_PUSH) {
		push_message(server, action);
	} else {
		link = registry_session_arg(action->session);
		link->ending = action->text; /* a constant */
		event_active(server->reap, 0, 0);
	}
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct link *link, *next;

	(void)fd;
	(void)what;
	DL_FOREACH_SAFE(server->links, link, next) {
		if (!link->ending)
			continue;
		/* Whoever is refused comes again and again: what it did is in the log already. */
		log_debug("CN %s at %s: connection ended: %s", registry_session_name(link->session),
			  mlrp_link_peer(link->mlrp), link->ending);
		end_link(link);
	}
}

static void on_sync(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct link *link;
	bool more = false, full = false;

	(void)fd;
	(void)what;
	DL_FOREACH(server->links, link) {
		if (!link->session || !registry_session_syncing(link->session))
			continue;
		if (mlrp_link_queued(link->mlrp) > SLICE_QUEUE)
			full = true;
		else if (registry_sync_continue(server->registry, link->session, SLICE))
			more = true;
	}
	if (more || full)
		start_slices(server, more ? 0 : SLICE_WAIT_MS);
}

/* ---- events of the connections */

static void on_up(struct mlrp_link *mlrp, const struct mlrp_message *hello, void *arg)
{
	struct link *link = arg;
	struct mlrp_message error = {.type = MLRP_ERROR,
				     .code = MLRP_E_REFUSED,
				     .has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT)};
	const char *why;

	link->session = registry_open(link->server->registry, hello, mlrp_link_peer(mlrp), link,
				      &why);
	if (link->session) {
		log_debug("%s at %s says HELLO", hello->name, mlrp_link_peer(mlrp));
		return;
	}
	log_warn("connection of %s from %s refused: %s", hello->name, mlrp_link_peer(mlrp), why);
	strncpy(error.text, why, sizeof(error.text) - 1);
	mlrp_link_send(mlrp, &error);
	end_link(link);
}

static void on_message(struct mlrp_link *mlrp, const struct mlrp_message *message, void *arg)
{
	struct link *link = arg;
	struct server *server = link->server;

	(void)mlrp;
	if (link->ending)
		return;
	log_trace("CN %s: %s, transaction %u", registry_session_name(link->session),
		  mlrp_type_name(message->type), message->transaction);
	registry_message(server->registry, link->session, message, server_now());
	server->changed = true;
}

static void on_closed(struct mlrp_link *mlrp, const char *why, void *arg)
{
	struct link *link = arg;

	if (!link->session)
		log_warn("connection from %s: %s", mlrp_link_peer(mlrp), why);
	else if (registry_session_registered(link->session))
		log_warn("CN %s at %s is away: %s", registry_session_name(link->session),
			 mlrp_link_peer(mlrp), why);
	else
		log_debug("%s at %s: %s", registry_session_name(link->session),
			  mlrp_link_peer(mlrp), why);
	end_link(link);
}

static void describe_self(const struct server *server, struct mlrp_self *self)
{
	memset(self, 0, sizeof(*self));
	self->role = MLRP_ROLE_MLR;
	memcpy(self->network, server->config.network_name, sizeof(self->network));
	memcpy(self->name, server->config.network_name, sizeof(self->name));
	self->version = registry_version(server->registry);
	self->clock = server_now().unix_s;
	self->failing = report_trouble(server, self->trouble, sizeof(self->trouble));
}

/* Says why, as far as the socket takes it at once, and closes the connection. */
static void turn_away(evutil_socket_t fd)
{
	struct mlrp_message error = {.type = MLRP_ERROR, .code = MLRP_E_FULL,
				     .text = "too many connections that have not registered",
				     .has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT)};
	uint8_t bytes[MLRP_HEADER_LEN + MLRP_TEXT_LEN + 16];
	long len = mlrp_encode(&error, bytes, sizeof(bytes));

	if (len > 0 && send(fd, bytes, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("a connection that is one too many: %s", strerror(errno));
	evutil_closesocket(fd);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		      int len, void *arg)
{
	static const struct mlrp_link_handler handler = {
		.up = on_up, .message = on_message, .closed = on_closed};
	struct server *server = arg;
	struct mlrp_self self;
	struct link *link;

	(void)from;
	(void)len;
	link = server->strangers < SERVER_STRANGERS_MAX ? calloc(1, sizeof(*link)) : NULL;
	if (!link) {
		if (!server->strangers_refused++)
			log_warn("more than %d connections that have not registered: "
				 "the next ones are closed at once", SERVER_STRANGERS_MAX);
		turn_away(fd);
		return;
	}
	describe_self(server, &self);
	link->server = server;
	link->mlrp = mlrp_link_accept(evconnlistener_get_base(listener), fd, &self, &handler, link);
	if (!link->mlrp) {
		log_error("a connection could not be taken: %s", strerror(errno));
		free(link);
		return;
	}
	mlrp_link_gather(link->mlrp);
	set_stranger(link, true);
	DL_APPEND(server->links, link);
}

/* ---- begin and end */

int links_bind(struct server *server)
{
	const struct tmip_addr *listen_addr = &server->config.listen;
	struct sockaddr_in here = {.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)server->config.port),
				   .sin_addr.s_addr = INADDR_ANY};
	int on = 1;

	if (!addr_is_zero(listen_addr))
		here.sin_addr.s_addr = htonl(addr_to_ipv4(listen_addr));
	server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server->listen_fd < 0 ||
	    setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(server->listen_fd, (struct sockaddr *)&here, sizeof(here)) < 0)
		return -errno;
	mlrp_link_prepare(server->listen_fd);
	return 0;
}

/* No descriptors left, or the like: the connection stays in the queue until the next one comes. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)listener;
	(void)arg;
	log_error("a connection could not be taken: %s",
		  evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
}

int links_open(struct server *server)
{
	server->sync = evtimer_new(server->base, on_sync, server);
	server->reap = event_new(server->base, -1, 0, on_reap, server);
	if (!server->sync || !server->reap)
		return -ENOMEM;
	server->listener = evconnlistener_new(server->base, on_accept, server,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 512,
					      server->listen_fd);
	if (!server->listener)
		return -errno;
	server->listen_fd = -1;
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	return 0;
}

void links_close(struct server *server)
{
	struct link *link, *next;

	if (server->listener)
		evconnlistener_free(server->listener);
	else if (server->listen_fd >= 0)
		close(server->listen_fd);
	DL_FOREACH_SAFE(server->links, link, next)
		end_link(link);
	if (server->sync)
		event_free(server->sync);
	if (server->reap)
		event_free(server->reap);
}
