/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register's stations: found by address and by owner, each in the queue of its state. Changes
 * of state happen here, and so does all counting of stations. A heap has the ends of the leases,
 * because leases differ in length.
 */
#include "core/base/identity.h"
#include "core/base/owner.h"
#include "registry_internal.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX (1 + CLIENT_ID_LEN)

struct reg_station *reg_find(const struct registry *registry, const struct tmip_addr *addr)
{
	struct reg_station *station;

	HASH_FIND(hh, registry->stations, addr, sizeof(*addr), station);
	return station;
}

/* ---- owners */

static uint8_t make_key(const struct tmip_mac *mac, const uint8_t *client_id, uint8_t len,
			uint8_t key[KEY_MAX])
{
	if (owner_is_mac(mac, client_id, len)) {
		key[0] = 0;
		memcpy(key + 1, mac, sizeof(*mac));
		return 1 + sizeof(*mac);
	}
	key[0] = 1;
	memcpy(key + 1, client_id, len);
	return 1 + len;
}

static struct reg_owner *find_owner(const struct registry *registry, const uint8_t *key,
				    uint8_t len)
{
	struct reg_owner *owner;

	HASH_FIND(hh, registry->owners, key, len, owner);
	return owner;
}

static struct reg_owner *ensure_owner(struct registry *registry, const uint8_t *key, uint8_t len)
{
	struct reg_owner *owner = find_owner(registry, key, len);

	if (owner)
		return owner;
	owner = calloc(1, sizeof(*owner) + len);
	if (!owner)
		return NULL;
	owner->len = len;
	memcpy(owner->key, key, len);
	HASH_ADD_KEYPTR(hh, registry->owners, owner->key, len, owner);
	if (!owner->hh.tbl) {
		free(owner);
		return NULL;
	}
	return owner;
}

static void leave_owner(struct registry *registry, struct reg_station *station)
{
	struct reg_owner *owner = station->owner;

	if (!owner)
		return;
	DL_DELETE2(owner->stations, station, owner_prev, owner_next);
	station->owner = NULL;
	if (!owner->stations) {
		HASH_DEL(registry->owners, owner);
		free(owner);
	}
}

/*
 * The station gets that MAC. If it is another one of the same host, the former stays beside it;
 * else the former is another station's.
 */
static void set_mac(struct station_record *record, struct tmip_mac mac, bool same_owner)
{
	bool other = same_owner && station_has_mac(record, &mac);

	for (int i = 0; other && i < record->other_count; i++)
		if (mac_equal(&record->others[i], &mac))
			record->others[i] = record->mac;
	if (!other)
		record->other_count = 0;
	record->mac = mac;
}

bool reg_set_owner(struct registry *registry, struct reg_station *station,
		   const struct tmip_mac *mac, const uint8_t *client_id, uint8_t client_id_len)
{
	uint8_t key[KEY_MAX], len = make_key(mac, client_id, client_id_len, key);
	struct reg_owner *owner = ensure_owner(registry, key, len);

	if (!owner)
		return false;
	set_mac(&station->record, *mac, owner == station->owner);
	if (owner != station->owner) {
		leave_owner(registry, station);
		station->owner = owner;
		DL_PREPEND2(owner->stations, station, owner_prev, owner_next);
	}
	station->record.client_id_len = client_id_len;
	memset(station->record.client_id, 0, sizeof(station->record.client_id));
	if (client_id_len)
		memcpy(station->record.client_id, client_id, client_id_len);
	return true;
}

struct reg_station *reg_owned(const struct registry *registry, const struct tmip_mac *mac,
			      const uint8_t *client_id, uint8_t client_id_len)
{
	uint8_t key[KEY_MAX], len = make_key(mac, client_id, client_id_len, key);
	struct reg_owner *owner = find_owner(registry, key, len);

	return owner ? owner->stations : NULL;
}

/*
 * The MAC decides about an address that is configured on the station, and where only one side has
 * the identity of an association, which begins or ends during a lease.
 */
bool reg_is_owner(const struct reg_station *station, const struct mlrp_message *message)
{
	const struct station_record *record = &station->record;
	bool one = identity_is_association(record->client_id, record->client_id_len);
	bool other = identity_is_association(message->client_id, message->client_id_len);
	struct owner owner;

	if (record->kind == RECORD_STATIC || one != other)
		return station_has_mac(record, &message->mac);
	owner_set(&owner, message->client_id, message->client_id_len);
	return owner_is(&owner, &message->mac, &record->mac, record->client_id,
			record->client_id_len);
}

bool reg_is_holder(const struct reg_station *station, const struct mlrp_message *message)
{
	if (!station_has_mac(&station->record, &message->mac))
		return false;
	if (station->record.kind == RECORD_RESERVED && station->record.other_count)
		return true; /* the clients of a host's interfaces may have an identifier each */
	return !(message->has & MLRP_HAS(MLRP_F_CLIENT_ID)) || reg_is_owner(station, message);
}

/* ---- the heap of leases */

static void heap_put(struct registry *registry, size_t at, struct reg_station *station)
{
	registry->heap[at] = station;
	station->heap_at = at;
}

static void heap_up(struct registry *registry, size_t at, struct reg_station *station)
{
	for (; at > 1 && registry->heap[at / 2]->due > station->due; at /= 2)
		heap_put(registry, at, registry->heap[at / 2]);
	heap_put(registry, at, station);
}

static void heap_down(struct registry *registry, size_t at, struct reg_station *station)
{
	for (size_t child; (child = at * 2) <= registry->heap_count; at = child) {
		if (child < registry->heap_count &&
		    registry->heap[child + 1]->due < registry->heap[child]->due)
			child++;
		if (registry->heap[child]->due >= station->due)
			break;
		heap_put(registry, at, registry->heap[child]);
	}
	heap_put(registry, at, station);
}

static void heap_settle(struct registry *registry, size_t at, struct reg_station *station)
{
	if (at > 1 && registry->heap[at / 2]->due > station->due)
		heap_up(registry, at, station);
	else
		heap_down(registry, at, station);
}

static void heap_remove(struct registry *registry, struct reg_station *station)
{
	size_t at = station->heap_at;
	struct reg_station *last;

	if (!at)
		return;
	station->heap_at = 0;
	last = registry->heap[registry->heap_count--];
	if (last != station)
		heap_settle(registry, at, last);
}

/* There is room for every record: reg_add has reserved it. */
static void heap_add(struct registry *registry, struct reg_station *station)
{
	heap_up(registry, ++registry->heap_count, station);
}

static bool heap_reserve(struct registry *registry, size_t count)
{
	size_t room = registry->heap_room ? registry->heap_room : 64;
	struct reg_station **grown;

	while (room <= count)
		room *= 2;
	if (room == registry->heap_room)
		return true;
	grown = reallocarray(registry->heap, room, sizeof(*grown));
	if (!grown)
		return false;
	registry->heap = grown;
	registry->heap_room = room;
	return true;
}

/* ---- states */

static void count_bound(struct registry *registry, const struct station_record *record, int by)
{
	struct reg_cn *parent = reg_find_cn(registry, record->parent),
		      *current = reg_find_cn(registry, record->current);

	if (parent)
		parent->stations += (unsigned)by;
	if (current)
		current->here += (unsigned)by;
	if (record->current && record->current != record->parent)
		registry->counts.away += (unsigned)by;
}

static void leave_state(struct registry *registry, struct reg_station *station)
{
	reg_bounds_leave(registry, station);
	switch (station->record.state) {
	case RECORD_FREE:
	case RECORD_IN_BLOCK:
		reg_unqueue_free(registry, station);
		break;
	case RECORD_OFFERED:
		DL_DELETE2(registry->offers, station, state_prev, state_next);
		break;
	case RECORD_BOUND:
		heap_remove(registry, station);
		count_bound(registry, &station->record, -1);
		break;
	case RECORD_DECLINED:
		DL_DELETE2(registry->declined, station, state_prev, state_next);
		break;
	default:
		return;
	}
	registry->counts.states[station->record.state]--;
}

void reg_set_state(struct registry *registry, struct reg_station *station, uint8_t state,
		   uint64_t due)
{
	leave_state(registry, station);
	if (state != RECORD_BOUND)
		reg_flap_forget(registry, station);
	station->record.state = state;
	station->due = due;
	switch (state) {
	case RECORD_FREE:
		station->record.lease_end = 0;
		reg_queue_free(registry, station);
		break;
	case RECORD_IN_BLOCK:
		station->record.lease_end = 0;
		reg_queue_free(registry, station);
		break;
	case RECORD_OFFERED:
		DL_APPEND2(registry->offers, station, state_prev, state_next);
		break;
	case RECORD_BOUND:
		count_bound(registry, &station->record, 1);
		if (due)
			heap_add(registry, station);
		break;
	case RECORD_DECLINED:
		station->record.lease_end = 0;
		DL_APPEND2(registry->declined, station, state_prev, state_next);
		break;
	default:
		return;
	}
	registry->counts.states[state]++;
	reg_bounds_enter(registry, station);
}

void reg_cut(struct registry *registry, struct reg_station *station)
{
	uint64_t end = station->record.kind == RECORD_DYNAMIC ? station->record.lease_end : 0;

	reg_set_state(registry, station, RECORD_FREE, 0);
	station->record.lease_end = end;
}

void reg_set_current(struct registry *registry, struct reg_station *station, uint32_t current)
{
	bool bound = station->record.state == RECORD_BOUND;

	if (bound) {
		count_bound(registry, &station->record, -1);
		reg_bounds_leave(registry, station);
	}
	station->record.current = current;
	if (bound) {
		count_bound(registry, &station->record, 1);
		reg_bounds_enter(registry, station);
	}
}

void reg_set_parent(struct registry *registry, struct reg_station *station, uint32_t parent)
{
	bool bound = station->record.state == RECORD_BOUND;

	if (bound)
		count_bound(registry, &station->record, -1);
	station->record.parent = parent;
	if (bound)
		count_bound(registry, &station->record, 1);
}

/* ---- coming and going */

/*
 * Makes room: drops the tombstone of an address that has long been free. A CN that missed the end
 * of its use needs a snapshot then. While the store takes no changes the tombstone stays, and there
 * is no room.
 */
bool reg_drop_tombstone(struct registry *registry)
{
	struct reg_station *oldest = registry->homeless;

	for (struct reg_cell *cell = registry->available; cell && !oldest; cell = cell->next)
		oldest = cell->freed;
	for (size_t i = 0; i < registry->cell_count && !oldest; i++)
		oldest = registry->cells[i].freed;
	if (!oldest || !reg_store_erase(registry, oldest))
		return false;
	if (version_compare(oldest->record.version, registry->forgotten) > 0)
		registry->forgotten = oldest->record.version;
	reg_remove(registry, oldest);
	return true;
}

struct reg_station *reg_add(struct registry *registry, const struct tmip_addr *addr,
			    const struct tmip_mac *mac, const uint8_t *client_id,
			    uint8_t client_id_len)
{
	struct reg_station *station;

	if (HASH_COUNT(registry->stations) >= registry->options.stations_max &&
	    !reg_drop_tombstone(registry)) {
		registry->counts.full++;
		return NULL;
	}
	if (!heap_reserve(registry, HASH_COUNT(registry->stations) + 1))
		return NULL;
	station = calloc(1, sizeof(*station));
	if (!station)
		return NULL;
	station->record.addr = *addr;
	if (!reg_set_owner(registry, station, mac, client_id, client_id_len)) {
		free(station);
		return NULL;
	}
	HASH_ADD(hh, registry->stations, record.addr, sizeof(station->record.addr), station);
	if (!station->hh.tbl) {
		leave_owner(registry, station);
		free(station);
		return NULL;
	}
	reg_mark(registry, addr, true);
	return station;
}

void reg_remove(struct registry *registry, struct reg_station *station)
{
	reg_set_state(registry, station, 0, 0);
	reg_leave_order(registry, station);
	leave_owner(registry, station);
	HASH_DEL(registry->stations, station);
	reg_mark(registry, &station->record.addr, false);
	free(station);
}

void reg_table_free(struct registry *registry)
{
	struct reg_station *station, *next;
	struct reg_owner *owner, *next_owner;

	/* uthash frees its buckets first; then the elements need not leave one by one. */
	station = registry->stations;
	HASH_CLEAR(hh, registry->stations);
	for (; station; station = next) {
		next = station->hh.next;
		free(station->damped);
		free(station);
	}
	owner = registry->owners;
	HASH_CLEAR(hh, registry->owners);
	for (; owner; owner = next_owner) {
		next_owner = owner->hh.next;
		free(owner);
	}
	free(registry->heap);
}
