/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket. See control.h. */
#include "control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#define REQUEST_MAX 4096 /* bytes of a request */
#define CLIENTS_MAX 16   /* connections at the same time */
#define SILENCE_S 10     /* the server closes a connection that is silent for so long */

struct client {
	struct control_server *server;
	struct bufferevent *stream;
	struct client *prev, *next;
};

struct control_server {
	struct evconnlistener *listener;
	json_t *(*handle)(json_t *request, void *arg);
	void *arg;
	struct client *clients;
	unsigned client_count;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static int set_address(struct sockaddr_un *address, const char *path)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

static void close_client(struct client *client)
{
	DL_DELETE(client->server->clients, client);
	client->server->client_count--;
	bufferevent_free(client->stream);
	free(client);
}

/* Sends at once as much as the socket accepts, since the handler may have ended the event loop. */
static void send_text(struct bufferevent *stream, const char *text, size_t len)
{
	ssize_t n = 0;

	if (evbuffer_get_length(bufferevent_get_output(stream)) == 0)
		n = send(bufferevent_getfd(stream), text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		n = 0;
	if ((size_t)n < len)
		bufferevent_write(stream, text + n, len - (size_t)n);
}

static void answer(struct client *client, const char *line)
{
	const struct control_server *server = client->server;
	json_error_t error;
	json_t *request = json_loads(line, 0, &error);
	json_t *reply = json_is_object(request) ?
				server->handle(request, server->arg) :
				json_pack("{s:b, s:s}", "ok", 0, "error",
					  "the request is no JSON object");
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	if (text) {
		send_text(client->stream, text, strlen(text));
		send_text(client->stream, "\n", 1);
	}
	free(text);
	json_decref(reply);
	json_decref(request);
}

static void on_read(struct bufferevent *stream, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(stream);
	struct client *client = arg;
	char *line;

	while ((line = evbuffer_readln(input, NULL, EVBUFFER_EOL_LF))) {
		answer(client, line);
		free(line);
	}
	if (evbuffer_get_length(input) > REQUEST_MAX)
		close_client(client);
}

static void on_sent(struct bufferevent *stream, void *arg)
{
	(void)stream;
	close_client(arg);
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
	if ((what & BEV_EVENT_EOF) && evbuffer_get_length(bufferevent_get_output(stream))) {
		/* The client has closed its direction and waits for the answer. */
		bufferevent_disable(stream, EV_READ);
		bufferevent_setcb(stream, NULL, on_sent, on_event, arg);
		return;
	}
	close_client(arg);
}

/* NULL: there are too many, or no memory; the descriptor is closed. */
static struct client *open_client(struct control_server *server, evutil_socket_t fd)
{
	struct event_base *base = evconnlistener_get_base(server->listener);
	struct client *client = NULL;

	if (server->client_count < CLIENTS_MAX)
		client = calloc(1, sizeof(*client));
	if (client)
		client->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->stream) {
		evutil_closesocket(fd);
		free(client);
		return NULL;
	}
	client->server = server;
	DL_APPEND(server->clients, client);
	server->client_count++;
	return client;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		      int len, void *arg)
{
	struct timeval silence = {.tv_sec = SILENCE_S};
	struct client *client = open_client(arg, fd);

	(void)listener;
	(void)from;
	(void)len;
	if (!client)
		return;
	bufferevent_setcb(client->stream, on_read, NULL, on_event, client);
	bufferevent_set_timeouts(client->stream, &silence, &silence);
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address;
	int error = set_address(&address, path), fd;

	if (error)
		return error;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

static bool is_no_socket(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && !S_ISSOCK(info.st_mode);
}

int control_open(struct control_server **out, struct event_base *base, const char *path,
		 json_t *(*handle)(json_t *request, void *arg), void *arg)
{
	struct control_server *server;
	struct sockaddr_un address;
	int error = set_address(&address, path), fd = error ? error : connect_to(path);
	mode_t mask;

	if (error)
		return error;
	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (is_no_socket(path))
		return -ENOTSOCK;
	server = calloc(1, sizeof(*server));
	if (!server)
		return -ENOMEM;
	server->handle = handle;
	server->arg = arg;
	strcpy(server->path, path);
	unlink(path);
	mask = umask(0177);
	server->listener =
		evconnlistener_new_bind(base, on_accept, server,
					LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, CLIENTS_MAX,
					(struct sockaddr *)&address, sizeof(address));
	error = -errno;
	umask(mask);
	if (!server->listener) {
		free(server);
		return error;
	}
	*out = server;
	return 0;
}

void control_close(struct control_server *server)
{
	if (!server)
		return;
	while (server->clients)
		close_client(server->clients);
	evconnlistener_free(server->listener);
	unlink(server->path);
	free(server);
}

static int read_reply(int fd, json_t **reply)
{
	FILE *stream = fdopen(fd, "r");
	json_error_t error;

	if (!stream) {
		close(fd);
		return -ENOMEM;
	}
	errno = 0;
	*reply = json_loadf(stream, JSON_DISABLE_EOF_CHECK, &error);
	int failed = *reply ? 0 : errno == EAGAIN ? -ETIMEDOUT : -EPROTO;

	fclose(stream);
	return failed;
}

int control_call(const char *path, json_t *request, json_t **reply, int timeout_ms)
{
	struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
	int fd = connect_to(path);
	char *text;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	text = json_dumps(request, JSON_COMPACT);
	if (!text || send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 ||
	    send(fd, "\n", 1, MSG_NOSIGNAL) < 0) {
		free(text);
		close(fd);
		return -EPIPE;
	}
	free(text);
	return read_reply(fd, reply);
}

int control_wait_end(const char *path, int timeout_ms)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	int fd;

	for (int waited_ms = 0; (fd = connect_to(path)) >= 0; waited_ms += 10) {
		close(fd);
		if (waited_ms >= timeout_ms)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return 0;
}
