/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copies of broadcasts and multicasts. See fanout.h. A home has places (another CN, or this one),
 * and a place has members: the stations there.
 */
#include "fanout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define SECOND_MS 1000

struct place;

struct member {
	struct tmip_addr addr;
	struct tmip_mac mac;
	unsigned ifindex; /* the cell of this CN that it is in; 0: none */
	struct place *place;
	struct member *prev, *next;
	UT_hash_handle hh;
};

struct place {
	struct tmip_addr cn; /* its tunnel address; zero: the cells of this CN */
	struct home *home;
	struct member *members;
	unsigned count;
	struct place *prev, *next;
};

struct home {
	struct tmip_group_key key;
	struct place *places; /* a home without places is not wanted any more: tidy frees it */
	UT_hash_handle hh;
};

struct fanout {
	struct fanout_calls calls;
	struct fanout_counts counts;
	struct member *members;
	struct home *homes;
	unsigned limit;     /* copies per second */
	uint64_t window_ms; /* start of the current second */
	unsigned copies;    /* made in this second */
};

struct fanout *fanout_create(const struct fanout_calls *calls)
{
	struct fanout *fanout = calloc(1, sizeof(*fanout));

	if (fanout)
		fanout->calls = *calls;
	return fanout;
}

void fanout_set_limit(struct fanout *fanout, unsigned copies_per_second)
{
	fanout->limit = copies_per_second;
}

/* ---- where each station is */

static struct home *find_home(const struct fanout *fanout, const struct tmip_group_key *key)
{
	struct home *home;

	HASH_FIND(hh, fanout->homes, key, sizeof(*key), home);
	return home;
}

static struct home *ensure_home(struct fanout *fanout, const struct tmip_group_key *key)
{
	struct home *home = find_home(fanout, key);

	if (home)
		return home;
	home = calloc(1, sizeof(*home));
	if (!home)
		return NULL;
	home->key = *key;
	HASH_ADD(hh, fanout->homes, key, sizeof(home->key), home);
	if (!home->hh.tbl) {
		free(home);
		return NULL;
	}
	fanout->calls.wanted(key, true, fanout->calls.arg);
	return home;
}

static struct place *ensure_place(struct home *home, const struct tmip_addr *cn)
{
	struct place *place;

	DL_FOREACH(home->places, place)
		if (addr_equal(&place->cn, cn))
			return place;
	place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	place->cn = *cn;
	place->home = home;
	DL_APPEND(home->places, place);
	return place;
}

/* Frees the place if it has no member, and the home if it has no place. */
static void tidy(struct fanout *fanout, struct home *home, struct place *place)
{
	if (place && !place->count) {
		DL_DELETE(home->places, place);
		free(place);
	}
	if (!home->places) {
		fanout->calls.wanted(&home->key, false, fanout->calls.arg);
		HASH_DEL(fanout->homes, home);
		free(home);
	}
}

static void enter(struct member *member, struct place *place)
{
	member->place = place;
	DL_APPEND(place->members, member);
	place->count++;
}

static void leave(struct fanout *fanout, struct member *member)
{
	struct place *place = member->place;

	member->place = NULL;
	DL_DELETE(place->members, member);
	place->count--;
	tidy(fanout, place->home, place);
}

static struct member *find(const struct fanout *fanout, const struct tmip_addr *addr)
{
	struct member *member;

	HASH_FIND(hh, fanout->members, addr, sizeof(*addr), member);
	return member;
}

static struct member *ensure_member(struct fanout *fanout, const struct tmip_addr *addr)
{
	struct member *member = find(fanout, addr);

	if (member)
		return member;
	member = calloc(1, sizeof(*member));
	if (!member)
		return NULL;
	member->addr = *addr;
	HASH_ADD(hh, fanout->members, addr, sizeof(member->addr), member);
	if (member->hh.tbl)
		return member;
	free(member);
	return NULL;
}

static bool gets_copies(const struct tmip_station *entry)
{
	return entry->state == TMIP_STATION_AWAY || entry->state == TMIP_STATION_NEXT_DOOR ||
	       entry->state == TMIP_STATION_VISITING;
}

/*
 * Enters the new place before it leaves the old one: a home that has stations before and after the
 * move stays wanted all the time.
 */
static int move(struct fanout *fanout, struct member *member, const struct tmip_group_key *key,
		const struct tmip_addr *cn)
{
	struct home *home = ensure_home(fanout, key);
	struct place *place = home ? ensure_place(home, cn) : NULL;

	if (!place) {
		if (home)
			tidy(fanout, home, NULL);
		return -ENOMEM;
	}
	if (place == member->place)
		return 0;
	if (member->place)
		leave(fanout, member);
	enter(member, place);
	return 0;
}

int fanout_put(struct fanout *fanout, const struct tmip_addr *addr,
	       const struct tmip_station *entry)
{
	struct tmip_group_key key;
	struct tmip_addr cn = {0};
	struct member *member = gets_copies(entry) ? ensure_member(fanout, addr) : NULL;
	int error;

	if (!member) {
		fanout_remove(fanout, addr);
		return gets_copies(entry) ? -ENOMEM : 0;
	}
	memset(&key, 0, sizeof(key));
	key.parent = entry->parent;
	key.ifindex = entry->home_ifindex;
	if (entry->state == TMIP_STATION_AWAY)
		cn = entry->current;
	member->mac = entry->mac;
	member->ifindex = entry->ifindex;
	error = move(fanout, member, &key, &cn);
	if (error)
		fanout_remove(fanout, addr);
	return error;
}

void fanout_remove(struct fanout *fanout, const struct tmip_addr *addr)
{
	struct member *member = find(fanout, addr);

	if (!member)
		return;
	if (member->place)
		leave(fanout, member);
	HASH_DEL(fanout->members, member);
	free(member);
}

static void ignore(const struct tmip_group_key *home, bool wanted, void *arg)
{
	(void)home;
	(void)wanted;
	(void)arg;
}

/* Does not call `wanted`: a fanout that replaces this one decides which homes are wanted. */
void fanout_destroy(struct fanout *fanout)
{
	struct member *member, *next;

	if (!fanout)
		return;
	fanout->calls.wanted = ignore;
	HASH_ITER(hh, fanout->members, member, next)
		fanout_remove(fanout, &member->addr);
	free(fanout);
}

bool fanout_wants(const struct fanout *fanout, const struct tmip_group_key *home)
{
	return find_home(fanout, home) != NULL;
}

/* ---- a packet */

/* Returns whether the limit allows one more copy in this second, and counts it. */
static bool allowed(struct fanout *fanout, uint64_t now_ms)
{
	if (now_ms - fanout->window_ms >= SECOND_MS) {
		fanout->window_ms = now_ms;
		fanout->copies = 0;
	}
	if (fanout->copies >= fanout->limit) {
		fanout->counts.over_limit++;
		return false;
	}
	fanout->copies++;
	return true;
}

/* A station that gets a copy goes to the end of the list, and so does a CN in copy_there. */
static unsigned copy_here(struct fanout *fanout, struct place *place, const struct prefix *subnet,
			  const struct member *source, uint64_t now_ms)
{
	struct member *member = place->members, *next;
	unsigned wanted = 0;

	for (unsigned left = place->count; left; left--, member = next) {
		next = member->next;
		if (member == source || (source && source->ifindex == member->ifindex) ||
		    !prefix_contains(subnet, &member->addr))
			continue;
		wanted++;
		if (!allowed(fanout, now_ms))
			continue;
		DL_DELETE(place->members, member);
		DL_APPEND(place->members, member);
		fanout->counts.to_stations++;
		fanout->calls.to_station(&member->mac, member->ifindex, fanout->calls.arg);
	}
	return wanted;
}

static unsigned copy_there(struct fanout *fanout, struct place *place, const struct member *source,
			   uint64_t now_ms)
{
	struct home *home = place->home;

	if (source && source->place == place && place->count == 1)
		return 0;
	if (!allowed(fanout, now_ms))
		return 1;
	DL_DELETE(home->places, place);
	DL_APPEND(home->places, place);
	fanout->counts.to_cns++;
	fanout->calls.to_cn(&place->cn, fanout->calls.arg);
	return 1;
}

void fanout_copy(struct fanout *fanout, const struct tmip_group_key *key,
		 const struct prefix *subnet, const struct tmip_addr *addr, uint64_t now_ms)
{
	const struct member *source = find(fanout, addr);
	struct home *home = find_home(fanout, key);
	struct place *place, *next;
	unsigned left = 0, wanted = 0;

	fanout->counts.taken++;
	if (home)
		DL_COUNT(home->places, place, left);
	for (place = home ? home->places : NULL; left; left--, place = next) {
		next = place->next;
		if (addr_is_zero(&place->cn))
			wanted += copy_here(fanout, place, subnet, source, now_ms);
		else
			wanted += copy_there(fanout, place, source, now_ms);
	}
	if (!wanted)
		fanout->counts.nobody++;
}

void fanout_count(const struct fanout *fanout, struct fanout_counts *counts)
{
	*counts = fanout->counts;
	counts->stations = HASH_COUNT(fanout->members);
}
