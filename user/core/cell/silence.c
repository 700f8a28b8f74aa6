/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations that have left without a word. See silence.h. */
#include "silence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define SLOTS 256         /* 64 seconds; who waits longer goes round more than once */
#define LOOKS_PER_TICK 1024 /* stations that are looked at in a tick, at most: about a millisecond */

/* A ring whose head is none of its members, so that one leaves without knowing where, and all of them move at once. */
struct link {
	struct link *prev, *next;
};

struct watched {
	struct link link;      /* first, so that it is the station */
	struct tmip_addr addr;
	uint64_t heard_ms;
	uint64_t due_ms;
	unsigned probes;       /* sent since, not answered */
	UT_hash_handle hh;
};

struct silence {
	struct silence_options options;
	struct silence_calls calls;
	struct watched *all;
	struct link slots[SLOTS];
	struct link late;     /* their time has come; first come, first served */
	uint64_t tick;        /* the last one that was done */
	unsigned credit;      /* thousandths of a probe that may be sent */
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

/* All members of a ring go to the end of another. */
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

/* Takes effect for each station when it is next looked at. */
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

/* It is not heard: the next probe, or that was the last one. */
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

/* False: it must wait until another probe may be sent. */
static bool look_at(struct silence *silence, struct watched *station, uint64_t now_ms)
{
	uint64_t heard_ms, quiet_until;

	if (station->due_ms > now_ms) { /* its slot was one of the far future's: another round */
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
		quiet_until = now_ms + SLOTS * SILENCE_TICK_MS; /* perhaps the next configuration wants to know */
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
	uint64_t each = (uint64_t)silence->options.rate * SILENCE_TICK_MS,
		 most = each < 1000 ? 1000 : each, earned = silence->credit + ticks * each;

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
