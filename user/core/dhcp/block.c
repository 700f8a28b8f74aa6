/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CN's block of addresses. See block.h. A block is small, so every search starts at its first.
 */
#include "block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of the block, one MAC may have this part, but at least so many addresses. */
#define MAC_PART 4
#define MAC_LEAST 4

void block_free(struct block *block)
{
	free(block->list);
	*block = (struct block){0};
}

struct block_entry *block_find(const struct block *block, const struct tmip_addr *addr)
{
	for (size_t i = 0; i < block->count; i++)
		if (addr_equal(&block->list[i].addr, addr))
			return &block->list[i];
	return NULL;
}

static void remove_entry(struct block *block, size_t at)
{
	memmove(&block->list[at], &block->list[at + 1],
		(--block->count - at) * sizeof(block->list[0]));
}

static bool has(const struct tmip_addr *addrs, size_t count, const struct tmip_addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&addrs[i], addr))
			return true;
	return false;
}

int block_replace(struct block *block, const struct prefix *subnet, const struct tmip_addr *addrs,
		  size_t count, bool *changed)
{
	struct block_entry *grown =
		reallocarray(block->list, block->count + count + 1, sizeof(*grown));

	*changed = false;
	if (!grown)
		return -ENOMEM;
	block->list = grown;
	for (size_t i = block->count; i-- > 0;) {
		const struct block_entry *entry = &block->list[i];

		if (!prefix_contains(subnet, &entry->addr) || entry->state == BLOCK_BOUND ||
		    has(addrs, count, &entry->addr))
			continue;
		remove_entry(block, i);
		*changed = true;
	}
	for (size_t i = 0; i < count; i++) {
		if (!prefix_contains(subnet, &addrs[i]) || block_find(block, &addrs[i]))
			continue;
		block->list[block->count++] = (struct block_entry){.addr = addrs[i],
								   .state = BLOCK_FREE};
		*changed = true;
	}
	return 0;
}

bool block_shrink(struct block *block, const struct prefix *subnet, size_t keep)
{
	size_t count = block_list(block, subnet, NULL, 0), before = count;

	for (size_t i = block->count; i-- > 0 && count > keep;)
		if (prefix_contains(subnet, &block->list[i].addr) &&
		    block->list[i].state == BLOCK_FREE) {
			remove_entry(block, i);
			count--;
		}
	return count != before;
}

bool block_confine(struct block *block, const struct prefix *subnet, const struct tmip_addr *first,
		   const struct tmip_addr *last)
{
	bool removed = false;

	for (size_t i = block->count; i-- > 0;) {
		const struct block_entry *entry = &block->list[i];

		if (!prefix_contains(subnet, &entry->addr) || entry->state == BLOCK_BOUND ||
		    (addr_compare(&entry->addr, first) >= 0 &&
		     addr_compare(&entry->addr, last) <= 0))
			continue;
		remove_entry(block, i);
		removed = true;
	}
	return removed;
}

size_t block_list(const struct block *block, const struct prefix *subnet, struct tmip_addr *addrs,
		  size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < block->count; i++) {
		if (!prefix_contains(subnet, &block->list[i].addr))
			continue;
		if (count < max)
			addrs[count] = block->list[i].addr;
		count++;
	}
	return max && count > max ? max : count;
}

size_t block_count_bound(const struct block *block)
{
	size_t count = 0;

	for (size_t i = 0; i < block->count; i++)
		count += block->list[i].state == BLOCK_BOUND;
	return count;
}

static bool is_taken_by(const struct block_entry *entry, const struct tmip_mac *mac)
{
	return (entry->state == BLOCK_OFFERED || entry->state == BLOCK_BOUND) &&
	       mac_equal(&entry->mac, mac);
}

/* Another MAC with the same client identifier may be a clone: it gets an address of its own. */
static bool is_assigned_to(const struct block_entry *entry, const struct dhcp_request *request)
{
	struct owner owner;

	if (!is_taken_by(entry, &request->mac))
		return false;
	dhcp_owner(request, &owner);
	return owner_is(&owner, &request->mac, &entry->mac, entry->client_id,
			entry->client_id_len);
}

static bool is_free(const struct block_entry *entry, const struct replica *replica, uint64_t now_ms)
{
	const struct replica_station *station = replica_find(replica, &entry->addr);

	if (station && (station->record.state == RECORD_BOUND || station->adopted))
		return false;
	return entry->state == BLOCK_FREE ||
	       (entry->state == BLOCK_OFFERED && entry->until_ms <= now_ms);
}

bool block_is_open(const struct block_entry *entry, const struct replica *replica,
		   const struct dhcp_request *request, uint64_t now_ms)
{
	return is_assigned_to(entry, request) || is_free(entry, replica, now_ms);
}

/* One MAC does not take the whole block. */
static bool has_enough(const struct block *block, const struct tmip_mac *mac, uint64_t now_ms)
{
	size_t most = block->count / MAC_PART > MAC_LEAST ? block->count / MAC_PART : MAC_LEAST;
	size_t count = 0;

	for (size_t i = 0; i < block->count; i++) {
		const struct block_entry *entry = &block->list[i];

		count += is_taken_by(entry, mac) &&
			 (entry->state == BLOCK_BOUND || entry->until_ms > now_ms);
	}
	return count >= most;
}

struct block_entry *block_choose(const struct block *block, const struct replica *replica,
				 const struct prefix *subnet, const struct dhcp_request *request,
				 uint64_t now_ms)
{
	struct block_entry *best = NULL;

	for (size_t i = 0; i < block->count; i++) {
		struct block_entry *entry = &block->list[i];

		if (is_assigned_to(entry, request))
			return entry;
		if (!is_free(entry, replica, now_ms) ||
		    (best && prefix_contains(subnet, &best->addr)))
			continue;
		if (!best || prefix_contains(subnet, &entry->addr))
			best = entry;
	}
	return best && has_enough(block, &request->mac, now_ms) ? NULL : best;
}

struct block_entry *block_decline(struct block *block, struct block_entry *entry, uint64_t until_ms)
{
	struct block_entry declined = *entry, *last = &block->list[block->count - 1];
	size_t count = 0;

	for (size_t i = 0; i < block->count; i++)
		count += block->list[i].state == BLOCK_DECLINED;
	declined.state = count < block->count / 2 ? BLOCK_DECLINED : BLOCK_FREE;
	declined.until_ms = until_ms;
	memmove(entry, entry + 1, (size_t)(last - entry) * sizeof(*entry));
	*last = declined;
	return last;
}

void block_assign(struct block_entry *entry, uint8_t state, const struct dhcp_request *request)
{
	struct owner owner;

	dhcp_owner(request, &owner);
	entry->state = state;
	entry->mac = request->mac;
	entry->client_id_len = owner.len;
	memcpy(entry->client_id, owner.id, sizeof(entry->client_id));
}

bool block_settle(struct block *block, const struct replica *replica)
{
	bool changed = false;

	for (size_t i = block->count; i-- > 0;) {
		const struct replica_station *station = replica_find(replica, &block->list[i].addr);

		if (!station || station->record.state != RECORD_BOUND ||
		    !station->record.version.epoch)
			continue;
		remove_entry(block, i);
		changed = true;
	}
	return changed;
}
