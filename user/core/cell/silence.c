/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations that have left their cell without notice. See silence.h. */
#include "silence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define SLOTS 256           /* 64 seconds; a station that waits longer goes round more than once */
#define LOOKS_PER_TICK 1024 /* stations at most: about a millisecond of work */

/*
 * A ring with a head that is no member. A member leaves without knowing its ring, and all members
 * move to another ring in one step.
 */
struct link {
	struct link *prev, *next;
};

struct watched {
	struct link link;      /* must stay first: a link is cast to its station */
	struct tmip_addr addr;
	uint64_t heard_ms;
	uint64_t due_ms;       /* when silence_tick looks at it next */
	unsigned probes;       /* sent since heard_ms, without an answer */
	UT_hash_handle hh;
};

struct silence {
	struct silence_options options;
	struct silence_calls calls;
	struct watched *all;
	struct link slots[SLOTS];
	struct link late;     /* due stations, in the order in which they became due */
	uint64_t tick;        /* the last one done */
	unsigned credit;      /* thousandths of a probe that the rate allows now */
};

static void make_empty(struct link *ring)
{
	ring->prev = ring->next = ring;
}

static void leave(struct watched *station)
{
	station->link.prev->next = station->link.next;
	station->link.next->prev = station->link.prev;
}

static void enter(struct watched *station, struct link *ring)
{
	station->link.prev = ring->prev;
	station->link.next = ring;
	ring->prev->next = &station->link;
	ring->prev = &station->link;
}

/* Moves all members of one ring to the end of another. */
static void move_all(struct link *from, struct link *to)
{
	if (from->next == from)
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	make_empty(from);
}

static void wait_until(struct silence *silence, struct watched *station, uint64_t due_ms)
{
	uint64_t tick = due_ms / SILENCE_TICK_MS + 1;

	if (tick <= silence->tick)
		tick = silence->tick + 1;
	if (tick >= silence->tick + SLOTS)
		tick = silence->tick + SLOTS - 1;
	station->due_ms = due_ms;
	enter(station, &silence->slots[tick % SLOTS]);
}

struct silence *silence_create(const struct silence_options *options,
			       const struct silence_calls *calls)
{
	struct silence *silence = calloc(1, sizeof(*silence));

	if (!silence)
		return NULL;
	silence->options = *options;
	silence->calls = *calls;
	make_empty(&silence->late);
	for (int i = 0; i < SLOTS; i++)
		make_empty(&silence->slots[i]);
	return silence;
}

void silence_destroy(struct silence *silence)
{
	struct watched *station, *next;

	if (!silence)
		return;
	HASH_ITER(hh, silence->all, station, next) {
		HASH_DEL(silence->all, station);
		free(station);
	}
	free(silence);
}

void silence_set_options(struct silence *silence, const struct silence_options *options)
{
	silence->options = *options;
}

static struct watched *find(const struct silence *silence, const struct tmip_addr *addr)
{
	struct watched *station;

	HASH_FIND(hh, silence->all, addr, sizeof(*addr), station);
	return station;
}

int silence_watch(struct silence *silence, const struct tmip_addr *addr, uint64_t heard_ms)
{
	struct watched *station = find(silence, addr);

	if (station) {
		leave(station);
	} else {
		station = calloc(1, sizeof(*station));
		if (!station)
			return -ENOMEM;
		station->addr = *addr;
		HASH_ADD(hh, silence->all, addr, sizeof(station->addr), station);
		if (!station->hh.tbl) {
			free(station);
			return -ENOMEM;
		}
	}
	if (station->heard_ms < heard_ms)
		station->heard_ms = heard_ms;
	station->probes = 0;
	wait_until(silence, station, station->heard_ms + silence->options.idle_ms);
	return 0;
}

void silence_ignore(struct silence *silence, const struct tmip_addr *addr)
{
	struct watched *station = find(silence, addr);

	if (!station)
		return;
	leave(station);
	HASH_DEL(silence->all, station);
	free(station);
}

bool silence_watches(const struct silence *silence, const struct tmip_addr *addr)
{
	return find(silence, addr) != NULL;
}

unsigned silence_count(const struct silence *silence)
{
	return HASH_COUNT(silence->all);
}

/* The station was not heard: sends the next probe or, after the last one, reports it as silent. */
static void follow_up(struct silence *silence, struct watched *station, uint64_t now_ms)
{
	struct tmip_addr addr = station->addr;
	unsigned doublings = station->probes < 8 ? station->probes : 8;

	if (station->probes >= silence->options.count) {
		unsigned probes = station->probes;
		uint64_t heard_ms = station->heard_ms;

		silence_ignore(silence, &addr);
		silence->calls.silent(&addr, probes, heard_ms, silence->calls.arg);
		return;
	}
	station->probes++;
	leave(station);
	wait_until(silence, station, now_ms + ((uint64_t)silence->options.wait_ms << doublings));
	silence->credit -= 1000;
	silence->calls.probe(&addr, silence->calls.arg);
}

/* False: the station waits in `late` until the rate allows another probe. */
static bool look_at(struct silence *silence, struct watched *station, uint64_t now_ms)
{
	uint64_t heard_ms, quiet_until;

	if (station->due_ms > now_ms) { /* due in the far future: another round of the wheel */
		leave(station);
		wait_until(silence, station, station->due_ms);
		return true;
	}
	heard_ms = silence->calls.heard(&station->addr, silence->calls.arg);
	if (heard_ms > station->heard_ms) {
		station->heard_ms = heard_ms;
		station->probes = 0;
	}
	quiet_until = station->heard_ms + silence->options.idle_ms;
	if (!silence->options.idle_ms)
		quiet_until = now_ms + SLOTS * SILENCE_TICK_MS; /* until options change */
	if (!station->probes && quiet_until > now_ms) {
		leave(station);
		wait_until(silence, station, quiet_until);
		return true;
	}
	if (station->probes < silence->options.count && silence->credit < 1000)
		return false;
	follow_up(silence, station, now_ms);
	return true;
}

static void earn(struct silence *silence, uint64_t ticks)
{
	uint64_t each = (uint64_t)silence->options.rate * SILENCE_TICK_MS;
	uint64_t most = each < 1000 ? 1000 : each, earned = silence->credit + ticks * each;

	silence->credit = (unsigned)(earned < most ? earned : most);
}

void silence_tick(struct silence *silence, uint64_t now_ms)
{
	uint64_t tick = now_ms / SILENCE_TICK_MS, passed = tick - silence->tick;

	if (tick <= silence->tick)
		return;
	earn(silence, passed);
	if (passed > SLOTS)
		silence->tick = tick - SLOTS;
	while (silence->tick < tick)
		move_all(&silence->slots[++silence->tick % SLOTS], &silence->late);
	for (int i = 0; i < LOOKS_PER_TICK && silence->late.next != &silence->late; i++)
		if (!look_at(silence, (struct watched *)silence->late.next, now_ms))
			break;
}
