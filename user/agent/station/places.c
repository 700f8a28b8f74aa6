/* SPDX-License-Identifier: BSD-2-Clause */
/* Where stations are, told to and asked of the programs of other CNs. See places.h. */
#include "places.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <tmip/event.h>
#include <utlist.h>

#include "core/roam/roam.h"
#include "io/datapath/probe_socket.h"
#include "io/process/log.h"
#include "io/process/timer.h"

#define QUESTIONS_MAX 1024 /* at a time; what is told beyond that is told once */
#define NEWS_MAX 256       /* in one turn of the event loop */

/*
 * An agent that is there has answered MOVED when the first wait is over. Later waits are for a CN
 * that is hard to reach. The waits end after a minute.
 */
static const unsigned TELL_MS[] = {20, 60, 200, 500, 1000, 2000, 4000, 8000, 16000, 30000};
static const unsigned ASK_MS[] = {0, 100, 200, 300};
#define COUNT(waits) (sizeof(waits) / sizeof((waits)[0]))

struct question {
	struct places *places;
	struct tmip_addr addr;
	uint32_t cn;
	bool tells;
	unsigned waits;  /* how many have begun */
	uint32_t number; /* of the last probe */
	struct event *timer;
	struct question *prev, *next;
};

struct places {
	struct places_setup with;
	struct probe_socket *socket;
	struct event *readable;
	struct question *list;
	unsigned count;
};

static void end(struct question *question)
{
	DL_DELETE(question->places->list, question);
	question->places->count--;
	event_free(question->timer);
	free(question);
}

/* Ends the question. */
static void conclude(struct question *question, bool answered)
{
	const struct places_calls calls = question->places->with.calls;
	const struct tmip_addr addr = question->addr;
	uint32_t cn = question->cn;
	bool tells = question->tells;

	end(question);
	if (!tells)
		calls.asked(&addr, cn, answered, calls.arg);
}

static void wait_on(struct question *question)
{
	const unsigned *waits_ms = question->tells ? TELL_MS : ASK_MS;

	timer_arm(question->timer, waits_ms[question->waits++]);
}

/* Is what it says, or asks, still so? */
static bool is_meant(const struct question *question)
{
	const struct replica *replica = roam_replica(question->places->with.roam);
	const struct replica_station *station = replica_find(replica, &question->addr);

	return station && (!question->tells || station->kernel.ifindex) &&
	       replica_find_cn(replica, question->cn);
}

static void probe(struct question *question)
{
	const struct places *places = question->places;
	const struct replica_cn *cn =
		replica_find_cn(roam_replica(places->with.roam), question->cn);
	uint8_t kind = question->tells ? TMIP_PROBE_HERE : TMIP_PROBE_WHERE;

	probe_socket_ask(places->socket, &cn->info.tunnel, kind, &question->addr,
			 &question->number);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct question *question = arg;
	unsigned most = question->tells ? COUNT(TELL_MS) : COUNT(ASK_MS);

	(void)fd;
	(void)what;
	if (!is_meant(question) || question->waits == most) {
		conclude(question, false);
		return;
	}
	probe(question);
	wait_on(question);
}

static struct question *find(const struct places *places, uint32_t cn,
			     const struct tmip_addr *addr, bool tells)
{
	struct question *question;

	DL_FOREACH(places->list, question)
		if (question->cn == cn && question->tells == tells &&
		    addr_equal(&question->addr, addr))
			return question;
	return NULL;
}

static struct question *add(struct places *places, uint32_t cn, const struct tmip_addr *addr,
			    bool tells)
{
	struct question *question =
		places->count < QUESTIONS_MAX ? calloc(1, sizeof(*question)) : NULL;

	if (!question)
		return NULL;
	question->timer = evtimer_new(places->with.base, on_timer, question);
	if (!question->timer) {
		free(question);
		return NULL;
	}
	question->places = places;
	question->addr = *addr;
	question->cn = cn;
	question->tells = tells;
	DL_APPEND(places->list, question);
	places->count++;
	return question;
}

static void begin(struct places *places, uint32_t cn, const struct tmip_addr *addr, bool tells)
{
	struct question once = {.places = places, .addr = *addr, .cn = cn, .tells = tells};
	struct question *question = find(places, cn, addr, tells);

	if (!question)
		question = add(places, cn, addr, tells);
	if (question) {
		question->waits = 0;
		wait_on(question);
	} else if (is_meant(&once)) {
		probe(&once); /* an answer comes to nobody: that counts as no */
	}
}

void places_tell(struct places *places, uint32_t cn, const struct tmip_addr *addr)
{
	begin(places, cn, addr, true);
}

void places_told(struct places *places, uint32_t cn, const struct tmip_addr *addr)
{
	struct question *question = find(places, cn, addr, true);

	if (question)
		end(question);
}

void places_ask(struct places *places, uint32_t cn, const struct tmip_addr *addr)
{
	begin(places, cn, addr, false);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct places *places = arg;
	struct question *question, *next;
	struct probe_news news;

	(void)fd;
	(void)what;
	for (int i = 0; i < NEWS_MAX && probe_socket_read(places->socket, &news); i++) {
		if (news.type != PROBE_BACK)
			continue;
		DL_FOREACH_SAFE(places->list, question, next)
			if (question->number == news.number && question->waits > 1) {
				conclude(question, true);
				break;
			}
	}
}

/* ---- life */

static void close_socket(struct places *places)
{
	if (places->readable)
		event_free(places->readable);
	probe_socket_close(places->socket);
}

/* On failure the former socket stays. */
static int open_socket(struct places *places, const struct tmip_addr *tunnel)
{
	struct probe_socket *socket = NULL;
	int error = probe_socket_open(&socket, tunnel);
	struct event *readable;

	if (error)
		return error;
	readable = event_new(places->with.base, probe_socket_fd(socket), EV_READ | EV_PERSIST,
			     on_readable, places);
	if (!readable || event_add(readable, NULL) < 0) {
		if (readable)
			event_free(readable);
		probe_socket_close(socket);
		return -ENOMEM;
	}
	close_socket(places);
	places->socket = socket;
	places->readable = readable;
	return 0;
}

void places_move(struct places *places, const struct tmip_addr *tunnel)
{
	char addr[ADDR_STRLEN];
	int error = open_socket(places, tunnel);

	if (error)
		log_error("no socket for probes about stations from %s: %s",
			  addr_format(tunnel, addr), strerror(-error));
}

int places_create(struct places **out, const struct places_setup *setup)
{
	struct places *places = calloc(1, sizeof(*places));

	*out = places;
	if (!places)
		return -ENOMEM;
	places->with = *setup;
	return open_socket(places, &setup->tunnel);
}

void places_destroy(struct places *places)
{
	if (!places)
		return;
	while (places->list)
		end(places->list);
	close_socket(places);
	free(places);
}
