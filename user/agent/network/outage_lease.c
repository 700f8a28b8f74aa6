/* SPDX-License-Identifier: BSD-2-Clause */
/* Leases out of this CN's own block, while the register is down. See outage.h. */
#include "outage_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "io/process/clock.h"

#define OFFER_MS 30000

struct station_record outage_record_of(const struct block_entry *entry)
{
	struct station_record record = {.addr = entry->addr, .mac = entry->mac,
					.kind = RECORD_DYNAMIC, .state = RECORD_BOUND,
					.lease_end = entry->lease_end,
					.client_id_len = entry->client_id_len};

	memcpy(record.client_id, entry->client_id, sizeof(record.client_id));
	return record;
}

bool outage_is_unwritten(const struct outage *outage, const struct tmip_addr *addr)
{
	const struct binding *binding;

	DL_FOREACH(outage->bindings, binding)
		if (addr_equal(&binding->record.addr, addr))
			return true;
	return false;
}

int outage_offer(struct outage *outage, const struct dhcp_request *request, uint32_t addr)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = outage_find_entry(outage, &key);

	if (!entry)
		return -ENOENT;
	if (entry->state != BLOCK_BOUND) {
		block_assign(entry, BLOCK_OFFERED, request);
		entry->until_ms = clock_ms() + OFFER_MS;
		outage_arm(outage);
	}
	return 0;
}

/* If the client has repeated its message, the later write decides about the entry. */
static void undo(struct outage *outage, const struct binding *binding)
{
	struct block_entry *entry = outage_find_entry(outage, &binding->before.addr);
	struct binding *later;

	DL_FOREACH(outage->bindings, later)
		if (addr_equal(&later->before.addr, &binding->before.addr)) {
			later->before = binding->before;
			return;
		}
	if (entry && entry->state == BLOCK_BOUND)
		*entry = binding->before;
}

/*
 * The lease is on the disk: from now on the network knows of it. If the register has come back
 * meanwhile, the client gets its address there.
 */
static int activate(struct outage *outage, const struct binding *binding)
{
	if (register_is_ready(outage->with.reg))
		return -EAGAIN;
	return roam_local(outage->with.roam, &binding->record, binding->lease, binding->ifindex,
			  clock_ms());
}

void outage_end_bindings(struct outage *outage, uint64_t number, int error)
{
	bool undone = false;

	while (outage->bindings && outage->bindings->number <= number) {
		struct binding *binding = outage->bindings;
		int result = error ? error : activate(outage, binding);

		DL_DELETE(outage->bindings, binding);
		if (result)
			undo(outage, binding);
		undone |= result && !error; /* the file has it */
		binding->done(result, binding->arg);
		free(binding);
	}
	if (undone)
		outage_save_now(outage);
}

int outage_bind(struct outage *outage, const struct dhcp_request *request, uint32_t addr,
		uint32_t lease, unsigned ifindex, outage_done *done, void *arg)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = outage_find_entry(outage, &key);
	struct binding *binding;
	int error;

	if (!entry)
		return -ENOENT;
	binding = calloc(1, sizeof(*binding));
	if (!binding)
		return -ENOMEM;
	binding->before = *entry;
	block_assign(entry, BLOCK_BOUND, request);
	entry->lease = lease;
	entry->lease_end = register_clock(outage->with.reg) + lease;
	entry->until_ms = outage_lease_until(lease);
	error = outage_save(outage, &binding->number);
	if (error) {
		*entry = binding->before;
		free(binding);
		return error;
	}
	binding->record = outage_record_of(entry);
	binding->lease = lease;
	binding->ifindex = ifindex;
	binding->done = done;
	binding->arg = arg;
	DL_APPEND(outage->bindings, binding);
	return 0;
}

bool outage_return(struct outage *outage, uint32_t addr, bool declined)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = outage_find_entry(outage, &key);

	if (!entry || entry->state != BLOCK_BOUND || register_is_registered(outage->with.reg))
		return false;
	if (declined)
		block_decline(&outage->content.block, entry, outage_declined_until());
	else
		entry->state = BLOCK_FREE;
	roam_withdraw(outage->with.roam, &key);
	outage_save_now(outage);
	outage_arm(outage);
	return true;
}
