/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations that have just associated learn the MAC of their gateway. See greeting.h. */
#include "greeting.h"

#include <stdlib.h>

#include "agent/state.h"
#include "presence.h"

#define GREETINGS_MAX 1024 /* stations that are being greeted; of more only the first question is asked */

/* Dense as long as most stations need to install their keys: what a station misses costs it the wait for the next one. */
static const unsigned WAITS_MS[] = {4, 4, 4, 8, 10, 10, 10, 10, 10, 10, 10, 10, 20, 40, 80, 160};

struct greeting {
	struct agent *agent;
	struct tmip_addr addr;
	struct event *timer;
	unsigned asked;
	struct greeting *next;
};

static void end(struct greeting *greeting)
{
	struct greeting **slot = &greeting->agent->greetings;

	while (*slot != greeting)
		slot = &(*slot)->next;
	*slot = greeting->next;
	event_free(greeting->timer);
	free(greeting);
}

static void wait_more(struct greeting *greeting)
{
	struct timeval wait = {.tv_usec = WAITS_MS[greeting->asked++] * 1000};

	event_add(greeting->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct greeting *greeting = arg;

	(void)fd;
	(void)what;
	presence_probe(greeting->agent, &greeting->addr); /* does nothing if it has left meanwhile */
	if (greeting->asked < sizeof(WAITS_MS) / sizeof(WAITS_MS[0]))
		wait_more(greeting);
	else
		end(greeting);
}

void greeting_begin(struct agent *agent, const struct tmip_addr *addr)
{
	struct greeting *greeting = agent->greetings;
	unsigned count = 0;

	presence_probe(agent, addr);
	for (; greeting && !addr_equal(&greeting->addr, addr); greeting = greeting->next)
		count++;
	if (greeting) {
		greeting->asked = 0;
		wait_more(greeting);
		return;
	}
	greeting = count < GREETINGS_MAX ? calloc(1, sizeof(*greeting)) : NULL;
	if (!greeting)
		return;
	greeting->timer = evtimer_new(agent->base, on_timer, greeting);
	if (!greeting->timer) {
		free(greeting);
		return;
	}
	greeting->agent = agent;
	greeting->addr = *addr;
	greeting->next = agent->greetings;
	agent->greetings = greeting;
	wait_more(greeting);
}

void greeting_stop(struct agent *agent)
{
	while (agent->greetings)
		end(agent->greetings);
}
