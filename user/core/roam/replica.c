/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of replica.h, on uthash. A failed allocation leaves them as they were. */
#include "replica.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct replica_mac {
	struct tmip_mac mac;
	struct replica_station *first;
	struct replica_other *others; /* those that have it as another MAC */
	UT_hash_handle hh;
};

struct replica_other {
	struct replica_station *station;
	struct replica_mac *head;
	struct replica_other *prev, *next; /* of the same MAC */
	struct replica_other *sibling;     /* of the same station */
};

void replica_init(struct replica *replica, unsigned stations_max, unsigned cns_max)
{
	memset(replica, 0, sizeof(*replica));
	replica->stations_max = stations_max;
	replica->cns_max = cns_max;
}

void replica_free(struct replica *replica)
{
	struct replica_station *station, *next_station;
	struct replica_cn *cn, *next_cn;

	HASH_ITER(hh, replica->stations, station, next_station)
		replica_remove(replica, station);
	HASH_ITER(hh, replica->cns, cn, next_cn)
		replica_remove_cn(replica, cn);
}

struct replica_station *replica_find(const struct replica *replica, const struct tmip_addr *addr)
{
	struct replica_station *station;

	HASH_FIND(hh, replica->stations, addr, sizeof(*addr), station);
	return station;
}

static struct replica_mac *find_mac(const struct replica *replica, const struct tmip_mac *mac)
{
	struct replica_mac *head;

	HASH_FIND(hh, replica->macs, mac, sizeof(*mac), head);
	return head;
}

static struct replica_station *first_of(const struct replica_mac *head)
{
	if (head->first)
		return head->first;
	return head->others ? head->others->station : NULL;
}

struct replica_station *replica_find_mac(const struct replica *replica, const struct tmip_mac *mac)
{
	const struct replica_mac *head = find_mac(replica, mac);

	return head ? first_of(head) : NULL;
}

struct replica_station *replica_next_mac(const struct replica *replica, const struct tmip_mac *mac,
					 const struct replica_station *station)
{
	const struct replica_mac *head = find_mac(replica, mac);
	const struct replica_other *other = head ? head->others : NULL;

	if (mac_equal(&station->record.mac, mac)) {
		if (station->mac_next)
			return station->mac_next;
	} else {
		while (other && other->station != station)
			other = other->next;
		other = other ? other->next : NULL;
	}
	return other ? other->station : NULL;
}

/* Returns the list of this MAC and makes it if there is none. NULL: no memory. */
static struct replica_mac *ensure_mac(struct replica *replica, const struct tmip_mac *mac)
{
	struct replica_mac *head = find_mac(replica, mac);

	if (head)
		return head;
	head = calloc(1, sizeof(*head));
	if (!head)
		return NULL;
	head->mac = *mac;
	HASH_ADD(hh, replica->macs, mac, sizeof(head->mac), head);
	if (!head->hh.tbl) {
		free(head);
		return NULL;
	}
	return head;
}

static void drop_empty(struct replica *replica, struct replica_mac *head)
{
	if (head->first || head->others)
		return;
	HASH_DEL(replica->macs, head);
	free(head);
}

static void unlink_others(struct replica *replica, struct replica_station *station)
{
	struct replica_other *other;

	while ((other = station->others)) {
		station->others = other->sibling;
		DL_DELETE(other->head->others, other);
		drop_empty(replica, other->head);
		free(other);
	}
}

static bool is_linked(const struct replica_station *station, const struct tmip_mac *mac)
{
	const struct replica_other *other = station->others;

	while (other && !mac_equal(&other->head->mac, mac))
		other = other->sibling;
	return other || mac_equal(&station->record.mac, mac);
}

static void link_other(struct replica *replica, struct replica_station *station,
		       const struct tmip_mac *mac)
{
	struct replica_mac *head;
	struct replica_other *other;

	if (is_linked(station, mac))
		return;
	head = ensure_mac(replica, mac);
	other = head ? calloc(1, sizeof(*other)) : NULL;
	if (head && !other)
		drop_empty(replica, head);
	if (!other)
		return;
	*other = (struct replica_other){.station = station, .head = head,
					.sibling = station->others};
	station->others = other;
	DL_APPEND(head->others, other);
}

static void unlink_mac(struct replica *replica, struct replica_station *station)
{
	struct replica_mac *head = find_mac(replica, &station->record.mac);

	DL_DELETE2(head->first, station, mac_prev, mac_next);
	station->mac_prev = station->mac_next = NULL;
	drop_empty(replica, head);
}

struct replica_station *replica_add(struct replica *replica, const struct tmip_addr *addr,
				    const struct tmip_mac *mac)
{
	struct replica_station *station;
	struct replica_mac *head;

	if (HASH_COUNT(replica->stations) >= replica->stations_max)
		return NULL;
	station = calloc(1, sizeof(*station));
	if (!station)
		return NULL;
	head = ensure_mac(replica, mac);
	if (!head) {
		free(station);
		return NULL;
	}
	station->record.addr = *addr;
	station->record.mac = *mac;
	DL_APPEND2(head->first, station, mac_prev, mac_next);
	HASH_ADD(hh, replica->stations, record.addr, sizeof(station->record.addr), station);
	if (!station->hh.tbl) {
		unlink_mac(replica, station);
		free(station);
		return NULL;
	}
	station->number = ++replica->last_number;
	DL_APPEND2(replica->near, station, near_prev, near_next);
	replica->near_count++;
	return station;
}

static int set_mac(struct replica *replica, struct replica_station *station,
		   const struct tmip_mac *mac)
{
	struct replica_mac *head;

	if (mac_equal(&station->record.mac, mac))
		return 0;
	head = ensure_mac(replica, mac);
	if (!head)
		return -ENOMEM;
	unlink_mac(replica, station);
	station->record.mac = *mac;
	DL_APPEND2(head->first, station, mac_prev, mac_next);
	return 0;
}

int replica_set_macs(struct replica *replica, struct replica_station *station,
		     const struct station_record *record)
{
	int error = set_mac(replica, station, &record->mac);

	if (error || (!record->other_count && !station->others))
		return error;
	unlink_others(replica, station);
	station->macs_changed = true;
	for (int i = 0; i < record->other_count; i++)
		link_other(replica, station, &record->others[i]);
	return 0;
}

void replica_set_elsewhere(struct replica *replica, struct replica_station *station, bool elsewhere)
{
	if (station->elsewhere == elsewhere)
		return;
	station->elsewhere = elsewhere;
	replica->near_count += elsewhere ? -1u : 1;
	if (elsewhere)
		DL_DELETE2(replica->near, station, near_prev, near_next);
	else
		DL_APPEND2(replica->near, station, near_prev, near_next);
}

void replica_remove(struct replica *replica, struct replica_station *station)
{
	replica_set_elsewhere(replica, station, true);
	unlink_others(replica, station);
	unlink_mac(replica, station);
	HASH_DEL(replica->stations, station);
	free(station);
}

struct replica_cn *replica_find_cn(const struct replica *replica, uint32_t id)
{
	struct replica_cn *cn;

	HASH_FIND(hh, replica->cns, &id, sizeof(id), cn);
	return cn;
}

struct replica_cn *replica_find_cn_tunnel(const struct replica *replica,
					  const struct tmip_addr *tunnel)
{
	for (struct replica_cn *cn = replica->cns; cn; cn = cn->hh.next)
		if (addr_equal(&cn->info.tunnel, tunnel))
			return cn;
	return NULL;
}

struct replica_cn *replica_put_cn(struct replica *replica, const struct cn_info *info)
{
	struct replica_cn *cn = replica_find_cn(replica, info->id);

	if (cn) {
		cn->info = *info;
		cn->stale = cn->kept = false;
		return cn;
	}
	if (HASH_COUNT(replica->cns) >= replica->cns_max)
		return NULL;
	cn = calloc(1, sizeof(*cn));
	if (!cn)
		return NULL;
	cn->info = *info;
	HASH_ADD(hh, replica->cns, info.id, sizeof(cn->info.id), cn);
	if (!cn->hh.tbl) {
		free(cn);
		return NULL;
	}
	return cn;
}

void replica_remove_cn(struct replica *replica, struct replica_cn *cn)
{
	HASH_DEL(replica->cns, cn);
	free(cn);
}

const struct cell_info *replica_find_cell(const struct replica *replica,
					  const struct tmip_addr *addr,
					  const struct replica_cn **owner)
{
	for (const struct replica_cn *cn = replica->cns; cn; cn = cn->hh.next)
		for (int i = 0; i < cn->info.cell_count; i++)
			if (prefix_contains(&cn->info.cells[i].subnet, addr)) {
				if (owner)
					*owner = cn;
				return &cn->info.cells[i];
			}
	return NULL;
}

void replica_note_former(struct replica *replica, const struct prefix *subnet,
			 const struct tmip_addr *gateway)
{
	unsigned at = replica->former_next++ % REPLICA_FORMER;

	replica->former[at].subnet = *subnet;
	replica->former[at].gateway = *gateway;
}

const struct tmip_addr *replica_former_gateway(const struct replica *replica,
					       const struct tmip_addr *addr)
{
	unsigned count = replica->former_next < REPLICA_FORMER ? replica->former_next :
								 REPLICA_FORMER;

	for (unsigned i = 1; i <= count; i++) {
		unsigned at = (replica->former_next - i) % REPLICA_FORMER;

		if (prefix_contains(&replica->former[at].subnet, addr))
			return &replica->former[at].gateway;
	}
	return NULL;
}
