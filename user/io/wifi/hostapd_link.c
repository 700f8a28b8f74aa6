/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of hostapd's control interface. See hostapd_link.h. */
#include "hostapd_link.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/process/timer.h"

#define QUEUE_MAX 256  /* requests */
#define ANSWER_MS 2000 /* hostapd answers within a millisecond; later it is stuck or gone */
#define RETRY_MS 1000  /* between two attempts to connect */
#define QUIET_MS 10000 /* between two PINGs: only sending shows that hostapd has ended */
#define REPLY_MAX 8192 /* bytes */
#define READS_MAX 64   /* messages in one turn of the loop */

enum command { DO_ATTACH, DO_PING, DO_FIRST, DO_NEXT, DO_STATION, DO_DROP };

static const char *const COMMANDS[] = {
	[DO_ATTACH] = "ATTACH", [DO_PING] = "PING", [DO_FIRST] = "STA-FIRST",
	[DO_NEXT] = "STA-NEXT", [DO_STATION] = "STA", [DO_DROP] = "DEAUTHENTICATE",
};

struct request {
	enum command command;
	struct tmip_mac mac;
};

struct hostapd_link {
	struct event_base *base;
	struct hostapd_calls calls;
	struct sockaddr_un path, own; /* hostapd's socket, and this one */
	int fd;                       /* -1: not connected */
	struct event *readable, *timer;
	bool up;
	bool waiting;                 /* for the answer to the first request */
	struct request queue[QUEUE_MAX];
	unsigned first, count;
};

static void disconnect(struct hostapd_link *link)
{
	bool was_up = link->up;

	if (link->readable)
		event_free(link->readable);
	link->readable = NULL;
	if (link->fd >= 0) {
		close(link->fd);
		unlink(link->own.sun_path);
	}
	link->fd = -1;
	link->up = link->waiting = false;
	link->count = 0;
	timer_arm(link->timer, RETRY_MS);
	if (was_up)
		link->calls.up(false, link->calls.arg);
}

/* ---- requests */

static void send_first(struct hostapd_link *link)
{
	const struct request *request = &link->queue[link->first];
	bool plain = request->command < DO_NEXT;
	char text[64], mac[MAC_STRLEN];
	int len = snprintf(text, sizeof(text), "%s%s%s%s", COMMANDS[request->command],
			   plain ? "" : " ", plain ? "" : mac_format(&request->mac, mac),
			   request->command == DO_DROP ? " tx=0" : "");

	if (send(link->fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		disconnect(link);
		return;
	}
	link->waiting = true;
	timer_arm(link->timer, ANSWER_MS);
}

static int put(struct hostapd_link *link, enum command command, const struct tmip_mac *mac)
{
	struct request *request = &link->queue[(link->first + link->count) % QUEUE_MAX];

	if (link->fd < 0)
		return -ENOTCONN;
	if (link->count == QUEUE_MAX)
		return -ENOBUFS;
	*request = (struct request){.command = command};
	if (mac)
		request->mac = *mac;
	link->count++;
	if (!link->waiting)
		send_first(link);
	return link->fd < 0 ? -ENOTCONN : 0;
}

int hostapd_request(struct hostapd_link *link, const struct tmip_mac *mac)
{
	return put(link, DO_STATION, mac);
}

int hostapd_drop(struct hostapd_link *link, const struct tmip_mac *mac)
{
	return put(link, DO_DROP, mac);
}

bool hostapd_is_up(const struct hostapd_link *link)
{
	return link->up;
}

/* ---- answers */

static void listed(struct hostapd_link *link, const char *text, size_t len)
{
	struct hostapd_station found;

	if (!hostapd_decode_station(text, len, &found))
		return; /* the end of the list */
	link->calls.station(&found.mac, &found, link->calls.arg);
	put(link, DO_NEXT, &found.mac);
}

static void answered(struct hostapd_link *link, const char *text, size_t len)
{
	struct request request = link->queue[link->first];
	struct hostapd_station found;
	bool known;

	if (!link->waiting)
		return;
	link->first = (link->first + 1) % QUEUE_MAX;
	link->count--;
	link->waiting = false;
	switch (request.command) {
	case DO_ATTACH:
		link->up = true;
		link->calls.up(true, link->calls.arg);
		put(link, DO_FIRST, NULL);
		break;
	case DO_FIRST:
	case DO_NEXT:
		listed(link, text, len);
		break;
	case DO_STATION:
		known = hostapd_decode_station(text, len, &found) &&
			mac_equal(&found.mac, &request.mac);
		link->calls.station(&request.mac, known ? &found : NULL, link->calls.arg);
		break;
	case DO_PING:
	case DO_DROP:
		break;
	}
	if (link->fd >= 0 && link->count && !link->waiting)
		send_first(link);
	else if (link->fd >= 0 && !link->waiting)
		timer_arm(link->timer, QUIET_MS);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct hostapd_link *link = arg;
	struct hostapd_event event;
	char text[REPLY_MAX];

	(void)what;
	for (int i = 0; i < READS_MAX && link->fd == fd; i++) {
		ssize_t len = recv(fd, text, sizeof(text), MSG_DONTWAIT);

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len < 0)
			disconnect(link);
		else if (!hostapd_decode_event(text, (size_t)len, &event))
			answered(link, text, (size_t)len);
		else if (link->up && event.news != HOSTAPD_OTHER)
			link->calls.event(&event, link->calls.arg);
	}
}

/* ---- life */

static void connect_now(struct hostapd_link *link)
{
	link->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd >= 0) {
		unlink(link->own.sun_path);
		if (bind(link->fd, (struct sockaddr *)&link->own, sizeof(link->own)) == 0 &&
		    connect(link->fd, (struct sockaddr *)&link->path, sizeof(link->path)) == 0)
			link->readable = event_new(link->base, link->fd, EV_READ | EV_PERSIST,
						   on_readable, link);
	}
	if (!link->readable || event_add(link->readable, NULL) < 0)
		disconnect(link);
	else
		put(link, DO_ATTACH, NULL);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct hostapd_link *link = arg;

	(void)fd;
	(void)what;
	if (link->fd < 0)
		connect_now(link);
	else if (link->waiting)
		disconnect(link);
	else
		put(link, DO_PING, NULL);
}

struct hostapd_link *hostapd_open(struct event_base *base, const char *path, const char *own,
				  const struct hostapd_calls *calls)
{
	struct hostapd_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->base = base;
	link->calls = *calls;
	link->fd = -1;
	link->path.sun_family = link->own.sun_family = AF_UNIX;
	snprintf(link->path.sun_path, sizeof(link->path.sun_path), "%s", path);
	snprintf(link->own.sun_path, sizeof(link->own.sun_path), "%s", own);
	link->timer = evtimer_new(base, on_timer, link);
	if (!link->timer) {
		free(link);
		return NULL;
	}
	timer_arm(link->timer, 0);
	return link;
}

void hostapd_close(struct hostapd_link *link)
{
	if (!link)
		return;
	link->up = false; /* so that disconnect does not call `up` */
	disconnect(link);
	event_free(link->timer);
	free(link);
}
