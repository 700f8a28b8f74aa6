/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations that have left a cell, and perhaps are back. See farewell.h. */
#include "farewell.h"

#include <event2/event.h>
#include <stdlib.h>
#include <utlist.h>

#include "core/base/addr.h"
#include "io/process/timer.h"

#define FAREWELLS_MAX 1024 /* at a time */

/*
 * A station that hears answers within a few milliseconds. A probe may be lost, and the last one is
 * for a station that has just come.
 */
static const unsigned WAITS_MS[] = {10, 15, 12, 3};
#define WAIT_COUNT (sizeof(WAITS_MS) / sizeof(WAITS_MS[0]))
#define OTHER_MS 10000 /* a host that is there by a MAC that it does not use is asked again */

struct farewell {
	struct farewells *farewells;
	struct tmip_addr addr;
	unsigned ifindex;
	struct event *timer;
	unsigned waits; /* how many have begun */
	bool heard;     /* since it has left */
	bool other;     /* another MAC of it was */
	bool rests;     /* until it is asked again */
	struct farewell *prev, *next;
};

struct farewells {
	struct event_base *base;
	struct farewell_calls calls;
	struct farewell *list;
	unsigned count;
};

static void end(struct farewell *farewell)
{
	DL_DELETE(farewell->farewells->list, farewell);
	farewell->farewells->count--;
	event_free(farewell->timer);
	free(farewell);
}

static void ask(struct farewell *farewell)
{
	const struct farewell_calls *calls = &farewell->farewells->calls;

	farewell->rests = false;
	calls->probe(&farewell->addr, farewell->ifindex, calls->arg);
	timer_arm(farewell->timer, WAITS_MS[farewell->waits++]);
}

/* Its neighbours reach it as before, until that interface is gone, too. */
static void rest(struct farewell *farewell)
{
	farewell->waits = 0;
	farewell->other = false;
	farewell->rests = true;
	timer_arm(farewell->timer, OTHER_MS);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct farewell *farewell = arg;
	const struct farewell_calls *calls = &farewell->farewells->calls;

	(void)fd;
	(void)what;
	farewell->rests = false; /* is_back may begin others, and they need room */
	if (calls->is_back(&farewell->addr, farewell->ifindex, calls->arg) || farewell->heard) {
		end(farewell);
	} else if (farewell->other) {
		rest(farewell);
	} else if (farewell->waits < WAIT_COUNT) {
		ask(farewell);
	} else {
		calls->announce(&farewell->addr, farewell->ifindex, calls->arg);
		end(farewell);
	}
}

static struct farewell *find(const struct farewells *farewells, const struct tmip_addr *addr,
			     unsigned ifindex)
{
	struct farewell *farewell;

	DL_FOREACH(farewells->list, farewell)
		if (farewell->ifindex == ifindex && addr_equal(&farewell->addr, addr))
			return farewell;
	return NULL;
}

/* Makes room: one that rests is announced at once. */
static bool make_room(struct farewells *farewells)
{
	const struct farewell_calls *calls = &farewells->calls;
	struct farewell *farewell;

	if (farewells->count < FAREWELLS_MAX)
		return true;
	DL_FOREACH(farewells->list, farewell)
		if (farewell->rests) {
			calls->announce(&farewell->addr, farewell->ifindex, calls->arg);
			end(farewell);
			return true;
		}
	return false;
}

static struct farewell *add(struct farewells *farewells, const struct tmip_addr *addr,
			    unsigned ifindex)
{
	struct farewell *farewell = make_room(farewells) ? calloc(1, sizeof(*farewell)) : NULL;

	if (!farewell)
		return NULL;
	farewell->timer = evtimer_new(farewells->base, on_timer, farewell);
	if (!farewell->timer) {
		free(farewell);
		return NULL;
	}
	farewell->farewells = farewells;
	farewell->addr = *addr;
	farewell->ifindex = ifindex;
	DL_APPEND(farewells->list, farewell);
	farewells->count++;
	return farewell;
}

void farewell_begin(struct farewells *farewells, const struct tmip_addr *addr, unsigned ifindex)
{
	const struct farewell_calls *calls = &farewells->calls;
	struct farewell *farewell = find(farewells, addr, ifindex);

	if (!farewell)
		farewell = add(farewells, addr, ifindex);
	if (!farewell) {
		calls->announce(addr, ifindex, calls->arg);
		return;
	}
	farewell->waits = 0;
	farewell->heard = farewell->other = false;
	ask(farewell);
}

void farewell_heard(struct farewells *farewells, const struct tmip_addr *addr, unsigned ifindex)
{
	struct farewell *farewell = find(farewells, addr, ifindex);

	if (farewell)
		farewell->heard = true;
}

void farewell_other_heard(struct farewells *farewells, const struct tmip_addr *addr,
			  unsigned ifindex)
{
	struct farewell *farewell = find(farewells, addr, ifindex);

	if (farewell)
		farewell->other = true;
}

struct farewells *farewells_create(struct event_base *base, const struct farewell_calls *calls)
{
	struct farewells *farewells = calloc(1, sizeof(*farewells));

	if (!farewells)
		return NULL;
	farewells->base = base;
	farewells->calls = *calls;
	return farewells;
}

void farewells_destroy(struct farewells *farewells)
{
	if (!farewells)
		return;
	while (farewells->list)
		end(farewells->list);
	free(farewells);
}
