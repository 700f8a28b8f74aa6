/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ends by itself during an outage: offers, declined addresses and leases of this CN's own
 * block, and requests that the register does not answer. See outage.h.
 */
#include "outage_internal.h"

#include <event2/event.h>

#include "io/process/clock.h"
#include "io/process/log.h"
#include "io/process/timer.h"

#define GRACE_MS 60000    /* a lease ends so much later: clocks differ, messages take time */
#define DECLINE_MS 600000
#define ANSWER_MS 30000   /* the register sets addresses aside in so much time, or never */

uint64_t outage_lease_until(uint32_t lease)
{
	return clock_ms() + lease * 1000ull + GRACE_MS;
}

uint64_t outage_declined_until(void)
{
	return clock_ms() + DECLINE_MS;
}

/* Leases do not end while the register may learn of them. */
static bool is_mortal(const struct outage *outage, const struct block_entry *entry)
{
	if (entry->state == BLOCK_BOUND)
		return !register_is_registered(outage->with.reg) &&
		       !outage_is_unwritten(outage, &entry->addr);
	return entry->state != BLOCK_FREE;
}

void outage_arm(struct outage *outage)
{
	const struct block *block = outage_block(outage);
	uint64_t due_ms = outage_is_waiting(outage) ? outage->asked_ms + ANSWER_MS : 0;

	for (size_t i = 0; i < block->count; i++) {
		const struct block_entry *entry = &block->list[i];

		if (is_mortal(outage, entry) && (!due_ms || entry->until_ms < due_ms))
			due_ms = entry->until_ms;
	}
	timer_arm_at(outage->due, due_ms);
}

static void end_entry(struct outage *outage, struct block_entry *entry)
{
	bool lease = entry->state == BLOCK_BOUND;
	char addr[ADDR_STRLEN];

	entry->state = BLOCK_FREE;
	if (!lease)
		return;
	log_info("%s of this CN's own block is free: its lease has ended",
		 addr_format(&entry->addr, addr));
	roam_withdraw(outage->with.roam, &entry->addr);
}

/* The file has offered addresses as free ones. */
static void end_entries(struct outage *outage, uint64_t now_ms)
{
	struct block *block = outage_block(outage);
	bool changed = false;

	for (size_t i = 0; i < block->count; i++) {
		struct block_entry *entry = &block->list[i];

		if (!is_mortal(outage, entry) || entry->until_ms > now_ms)
			continue;
		changed |= entry->state != BLOCK_OFFERED;
		end_entry(outage, entry);
	}
	if (changed)
		outage_save_now(outage);
}

void outage_on_due(int fd, short what, void *arg)
{
	struct outage *outage = arg;
	uint64_t now_ms = clock_ms();

	(void)fd;
	(void)what;
	end_entries(outage, now_ms);
	if (outage_is_waiting(outage) && outage->asked_ms + ANSWER_MS <= now_ms) {
		log_warn("the register does not answer the request for this CN's own block: "
			 "asking again");
		outage_forget_requests(outage);
		outage_request_blocks(outage);
	}
	outage_arm(outage);
}

void outage_renewed(struct outage *outage, uint32_t addr, uint32_t lease)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct block_entry *entry = outage_find_entry(outage, &key);

	if (!entry || entry->state != BLOCK_BOUND)
		return;
	entry->lease = lease;
	entry->lease_end = register_clock(outage->with.reg) + lease;
	entry->until_ms = outage_lease_until(lease);
	outage_cns_changed(outage);
	outage_arm(outage);
}
