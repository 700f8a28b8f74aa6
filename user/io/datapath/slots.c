/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stations in tmip_station and in their slots. See slots.h, and include/tmip/maps.h for how the
 * programs read slots.
 */
#include "slots.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <bpf/bpf.h>

#define WORDS (sizeof(struct tmip_slot) / sizeof(uint64_t))
#define OTHERS_MAX 255 /* 255 or more: the count is unknown and stays */

int slots_open(struct slots *slots, int stations, int slot_map, uint32_t count)
{
	void *memory = mmap(NULL, count * sizeof(struct tmip_slot), PROT_READ | PROT_WRITE,
			    MAP_SHARED, slot_map, 0);

	*slots = (struct slots){.stations = stations, .count = count};
	if (memory == MAP_FAILED)
		return -errno;
	slots->slot = memory;
	return 0;
}

void slots_close(struct slots *slots)
{
	if (slots->slot)
		munmap(slots->slot, slots->count * sizeof(struct tmip_slot));
	slots->slot = NULL;
}

static bool is_mapped(const struct tmip_addr *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(addr->prefix, mapped, sizeof(mapped)) == 0;
}

static uint32_t ipv4_of(const struct tmip_addr *addr)
{
	uint32_t ipv4;

	memcpy(&ipv4, addr->v4, sizeof(ipv4));
	return ipv4;
}

/* Returns the first of the two slots that the address may have; NULL: it may have none. */
static struct tmip_slot *first_of(const struct slots *slots, const struct tmip_addr *addr)
{
	if (!slots->slot || !is_mapped(addr) || !ipv4_of(addr))
		return NULL;
	return &slots->slot[TMIP_SLOT_INDEX(ntohl(ipv4_of(addr)), slots->count)];
}

/* Returns the slot of that address, or for 0.0.0.0 a free slot. */
static struct tmip_slot *find(const struct slots *slots, struct tmip_slot *first,
			      const uint8_t v4[4])
{
	struct tmip_slot *second =
		first ? &slots->slot[TMIP_SLOT_OTHER(first - slots->slot)] : NULL;

	if (!first || memcmp(first->v4, v4, 4) == 0)
		return first;
	return memcmp(second->v4, v4, 4) == 0 ? second : NULL;
}

static void write_word(struct tmip_slot *slot, const struct tmip_slot *from, size_t word)
{
	uint64_t value;

	memcpy(&value, (const char *)from + word * sizeof(value), sizeof(value));
	__atomic_store_n((uint64_t *)(void *)slot + word, value, __ATOMIC_SEQ_CST);
}

static uint64_t first_word(const struct tmip_slot *slot)
{
	uint64_t value;

	memcpy(&value, slot, sizeof(value));
	return value;
}

/* Sets the first word to that of `now`. False: a program has closed the slot since `was`. */
static bool change_first(struct tmip_slot *slot, const struct tmip_slot *was,
			 const struct tmip_slot *now)
{
	uint64_t expected = first_word(was);

	return __atomic_compare_exchange_n((uint64_t *)(void *)slot, &expected, first_word(now),
					   false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static void count_others(struct tmip_slot *first, int more)
{
	struct tmip_slot was, now;

	do {
		was = now = *first;
		if (was.others != OTHERS_MAX)
			now.others = (uint8_t)(was.others + more);
	} while (!change_first(first, &was, &now));
}

/* The slot is the station's, but the programs must look in tmip_station. */
static void close_slot(struct tmip_slot *slot, const uint8_t v4[4])
{
	struct tmip_slot was, now;

	do {
		was = now = *slot;
		memcpy(now.v4, v4, sizeof(now.v4));
		now.state = 0;
	} while (!change_first(slot, &was, &now));
}

/* Returns whether a slot can express the entry: it has no ifindexes that contradict the state. */
static bool fits(const struct tmip_slot *slot, const struct tmip_station *entry)
{
	return slot->state == TMIP_STATION_BLOCKED ||
	       (tmip_is_ours(slot->state) == (entry->home_ifindex != 0) &&
		tmip_is_here(slot->state) == (entry->ifindex != 0));
}

/*
 * Opens the slot with the values of the entry. `closed` is the slot as it was before the change of
 * tmip_station: if a program has changed tmip_station since, the slot stays closed.
 */
static void fill_slot(struct tmip_slot *slot, const struct tmip_slot *closed,
		      const struct tmip_station *entry)
{
	struct tmip_slot copy = *closed;

	copy.state = entry->state;
	copy.flags = entry->flags;
	copy.mac = entry->mac;
	copy.home = tmip_is_ours(copy.state) ? entry->home_ifindex : ipv4_of(&entry->parent);
	copy.here = tmip_is_here(copy.state) ? entry->ifindex : ipv4_of(&entry->current);
	copy.heard = tmip_heard_half(entry->heard);
	copy.turn = copy.turn_mac = copy.turn_home = copy.turn_here = (uint8_t)(closed->turn + 1);
	if (!fits(&copy, entry))
		return; /* the slot stays closed */
	for (size_t word = 1; word < WORDS; word++)
		write_word(slot, &copy, word);
	change_first(slot, closed, &copy);
}

static uint32_t heard_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint32_t)(((uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec) >>
			  TMIP_HEARD_SHIFT);
}

/*
 * Completes the lower half of a `heard` time by the present time. Right if the station was heard
 * less than 18 hours ago.
 */
static uint32_t whole_heard(uint16_t half)
{
	uint32_t now = heard_now();

	return half ? now - (uint16_t)(now - half) : 0;
}

static uint32_t heard_of(const struct tmip_slot *slot, const struct tmip_station *former)
{
	return slot ? whole_heard(__atomic_load_n(&slot->heard, __ATOMIC_RELAXED)) : former->heard;
}

int slots_put(struct slots *slots, const struct tmip_addr *addr, const struct tmip_station *station)
{
	static const uint8_t none[4];
	struct tmip_slot *first = first_of(slots, addr), *slot = find(slots, first, addr->v4);
	struct tmip_station former = {0}, entry = *station;
	struct tmip_slot closed;
	bool known = bpf_map_lookup_elem(slots->stations, addr, &former) == 0;
	int error;

	entry.heard = 0;
	if (entry.ifindex && !(entry.flags & TMIP_STATION_F_SILENT))
		entry.heard = heard_of(slot, &former);
	/* A known station without a slot stays without: `others` of its first slot counts it. */
	if (!slot && !known)
		slot = find(slots, first, none);
	if (slot) {
		close_slot(slot, addr->v4);
		closed = *slot;
	} else if (first && !known) {
		count_others(first, 1);
	}
	error = bpf_map_update_elem(slots->stations, addr, &entry, BPF_ANY);
	if (!error && slot)
		fill_slot(slot, &closed, &entry);
	if (error && !known) {
		if (slot)
			close_slot(slot, none);
		else if (first)
			count_others(first, -1);
	}
	return error;
}

int slots_delete(struct slots *slots, const struct tmip_addr *addr)
{
	static const uint8_t none[4];
	struct tmip_slot *first = first_of(slots, addr), *slot = find(slots, first, addr->v4);
	int error;

	if (slot)
		close_slot(slot, addr->v4);
	error = bpf_map_delete_elem(slots->stations, addr);
	if (slot && (!error || error == -ENOENT))
		close_slot(slot, none);
	else if (first && !error)
		count_others(first, -1);
	return error == -ENOENT ? 0 : error;
}

uint32_t slots_heard(const struct slots *slots, const struct tmip_addr *addr)
{
	struct tmip_slot *first = first_of(slots, addr), *slot = find(slots, first, addr->v4);
	struct tmip_station entry = {0};

	if (!slot)
		bpf_map_lookup_elem(slots->stations, addr, &entry);
	return heard_of(slot, &entry);
}

/* The clock of the programs may be a few milliseconds late, in the unit before. */
static bool is_recent(uint16_t heard, uint32_t now)
{
	return heard == tmip_heard_half(now) || heard == tmip_heard_half(now - 1);
}

void slots_rearm_heard(struct slots *slots, const struct tmip_addr *addr)
{
	struct tmip_slot *first = first_of(slots, addr), *slot = find(slots, first, addr->v4);
	struct tmip_station entry = {0};
	uint32_t now = heard_now();

	if (slot) {
		uint16_t heard = __atomic_load_n(&slot->heard, __ATOMIC_RELAXED);

		if (is_recent(heard, now))
			__atomic_store_n(&slot->heard, tmip_heard_half(now - 2), __ATOMIC_RELAXED);
	} else if (bpf_map_lookup_elem(slots->stations, addr, &entry) == 0 &&
		   is_recent(tmip_heard_half(entry.heard), now)) {
		entry.heard = now - 2;
		bpf_map_update_elem(slots->stations, addr, &entry, BPF_EXIST);
	}
}
