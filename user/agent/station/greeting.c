/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations that have just come learn the MAC of their gateway. See greeting.h. */
#include "greeting.h"

#include <event2/event.h>
#include <stdlib.h>
#include <utlist.h>

#include "core/base/addr.h"
#include "io/process/timer.h"

#define GREETINGS_MAX 1024 /* at a time; each station beyond that gets the first probe only */

/*
 * Dense for as long as most stations need to install their keys: a station that misses one probe
 * waits for the next.
 */
static const unsigned JOINING_MS[] = {4, 4, 4, 8, 10, 10, 10, 10, 10, 10, 10, 10, 20, 40, 80, 160};
/* A station that has sent a frame hears. A probe may be lost all the same. */
static const unsigned THERE_MS[] = {40, 400};
#define COUNT(waits) (sizeof(waits) / sizeof((waits)[0]))

struct greeting {
	struct greetings *greetings;
	struct tmip_addr addr;
	struct event *timer;
	const unsigned *waits_ms; /* between the probes */
	unsigned waits;           /* how many are left */
	struct greeting *next;
};

struct greetings {
	struct event_base *base;
	struct greeting_calls calls;
	struct greeting *list;
	unsigned count;
};

static void end(struct greeting *greeting)
{
	struct greetings *greetings = greeting->greetings;

	LL_DELETE(greetings->list, greeting);
	greetings->count--;
	event_free(greeting->timer);
	free(greeting);
}

static void wait_again(struct greeting *greeting)
{
	greeting->waits--;
	timer_arm(greeting->timer, *greeting->waits_ms++);
}

static void probe(struct greetings *greetings, const struct tmip_addr *addr)
{
	greetings->calls.probe(addr, greetings->calls.arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct greeting *greeting = arg;

	(void)fd;
	(void)what;
	probe(greeting->greetings, &greeting->addr);
	if (greeting->waits)
		wait_again(greeting);
	else
		end(greeting);
}

static struct greeting *find(const struct greetings *greetings, const struct tmip_addr *addr)
{
	struct greeting *greeting;

	LL_FOREACH(greetings->list, greeting)
		if (addr_equal(&greeting->addr, addr))
			return greeting;
	return NULL;
}

static struct greeting *add(struct greetings *greetings, const struct tmip_addr *addr)
{
	struct greeting *greeting;

	if (greetings->count >= GREETINGS_MAX)
		return NULL;
	greeting = calloc(1, sizeof(*greeting));
	if (!greeting)
		return NULL;
	greeting->timer = evtimer_new(greetings->base, on_timer, greeting);
	if (!greeting->timer) {
		free(greeting);
		return NULL;
	}
	greeting->greetings = greetings;
	greeting->addr = *addr;
	LL_PREPEND(greetings->list, greeting);
	greetings->count++;
	return greeting;
}

void greetings_begin(struct greetings *greetings, const struct tmip_addr *addr, bool joining)
{
	struct greeting *greeting = find(greetings, addr);

	probe(greetings, addr);
	if (!greeting)
		greeting = add(greetings, addr);
	if (!greeting)
		return;
	greeting->waits_ms = joining ? JOINING_MS : THERE_MS;
	greeting->waits = joining ? COUNT(JOINING_MS) : COUNT(THERE_MS);
	wait_again(greeting);
}

struct greetings *greetings_create(struct event_base *base, const struct greeting_calls *calls)
{
	struct greetings *greetings = calloc(1, sizeof(*greetings));

	if (!greetings)
		return NULL;
	greetings->base = base;
	greetings->calls = *calls;
	return greetings;
}

void greetings_destroy(struct greetings *greetings)
{
	if (!greetings)
		return;
	while (greetings->list)
		end(greetings->list);
	free(greetings);
}
