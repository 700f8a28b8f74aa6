/* SPDX-License-Identifier: BSD-2-Clause */
/* The block of addresses of this CN, and what the register says of it. See outage.h. */
#include "outage_internal.h"

#include <string.h>

#include "io/process/clock.h"
#include "io/process/log.h"

const struct block *outage_own_block(const struct outage *outage)
{
	return &outage->content.block;
}

/*
 * One request at a time: the register takes back what a request does not name, which would include
 * what its last answer is just bringing.
 */
bool outage_is_waiting(const struct outage *outage)
{
	for (int i = 0; i < CN_CELLS_MAX; i++)
		if (outage->asked[i])
			return true;
	return false;
}

void outage_forget_requests(struct outage *outage)
{
	memset(outage->asked, 0, sizeof(outage->asked));
	outage->again = false;
}

/* Is this the answer to a request? Then the request waits no more. */
static bool end_request(struct outage *outage, uint32_t transaction)
{
	bool ours = false;

	for (int i = 0; transaction && i < CN_CELLS_MAX; i++)
		if (outage->asked[i] == transaction) {
			outage->asked[i] = 0;
			ours = true;
		}
	return ours;
}

static void request(struct outage *outage, const struct prefix *subnet, uint32_t *asked)
{
	unsigned wanted = outage->with.config->away_block;
	struct mlrp_message message = {
		.type = MLRP_BLOCK_REQUEST, .subnet = *subnet, .count = (uint16_t)wanted,
		.transaction = register_next_transaction(outage->with.reg),
		.has = MLRP_HAS(MLRP_F_SUBNET) | MLRP_HAS(MLRP_F_COUNT_WANTED) |
		       MLRP_HAS(MLRP_F_ADDRS),
	};

	message.addr_count = (uint8_t)block_list(outage_block(outage), subnet, message.addrs,
						 MLRP_ADDRS_MAX);
	if (register_send(outage->with.reg, &message) == 0)
		*asked = message.transaction;
}

/*
 * The register may offer others an address that a request does not name, so that address leaves the
 * file first. Returns whether the request must wait for the disk.
 */
static bool shrink(struct outage *outage, const struct cn_info *self)
{
	unsigned wanted = outage->with.config->away_block;
	bool shrunk = false;

	for (int i = 0; i < self->cell_count; i++) {
		const struct cell_info *cell = &self->cells[i];

		shrunk |= block_confine(outage_block(outage), &cell->subnet, &cell->pool_first,
					&cell->pool_last);
		shrunk |= block_shrink(outage_block(outage), &cell->subnet, wanted);
	}
	outage->stale |= shrunk;
	if ((shrunk || (outage->stale && !outage->request_after)) &&
	    outage_save(outage, &outage->request_after) < 0)
		outage->request_after = 0;
	return outage->stale;
}

void outage_request_blocks(struct outage *outage)
{
	struct cn_info self;

	outage->again = outage_is_waiting(outage);
	if (outage->again)
		return;
	block_settle(outage_block(outage), outage_replica(outage));
	outage->with.calls.describe_cn(&self, outage->with.calls.arg);
	if (shrink(outage, &self))
		return;
	for (int i = 0; i < self.cell_count; i++)
		if (!addr_is_zero(&self.cells[i].pool_first))
			request(outage, &self.cells[i].subnet, &outage->asked[i]);
	outage->asked_ms = clock_ms();
	outage_arm(outage);
	outage_cns_changed(outage);
}

void outage_pools_changed(struct outage *outage)
{
	struct cn_info self;

	if (register_is_ready(outage->with.reg)) {
		outage_request_blocks(outage);
		return;
	}
	outage->with.calls.describe_cn(&self, outage->with.calls.arg);
	shrink(outage, &self);
}

/* After the last answer, if what was asked for is out of date. */
static void request_again(struct outage *outage)
{
	if (outage->again && !outage_is_waiting(outage))
		outage_request_blocks(outage);
	outage_arm(outage);
}

void outage_handle_block(struct outage *outage, const struct mlrp_message *message)
{
	char subnet[ADDR_STRLEN];
	bool changed;
	int error;

	if (!end_request(outage, message->transaction))
		return;
	error = block_replace(outage_block(outage), &message->subnet, message->addrs,
			      message->addr_count, &changed);
	if (error)
		log_error("the block of addresses cannot be kept: %s", strerror(-error));
	else if (changed)
		log_info("%u addresses of %s/%u are this CN's own block for the time when the "
			 "register is away",
			 message->addr_count, addr_format(&message->subnet.addr, subnet),
			 message->subnet.len);
	if (!error && changed)
		outage_save_now(outage);
	request_again(outage);
}

bool outage_handle_error(struct outage *outage, const struct mlrp_message *message)
{
	if (!end_request(outage, message->transaction))
		return false;
	log_warn("the register sets no addresses aside for this CN: %s%s%s",
		 mlrp_error_name(message->code), message->text[0] ? ", " : "", message->text);
	request_again(outage);
	return true;
}

void outage_register_lost(struct outage *outage)
{
	outage_forget_requests(outage);
	outage->request_after = 0;
	outage_arm(outage);
}

/* Leases that the register refuses. Returns whether there were any. */
static bool drop_refused(struct outage *outage)
{
	struct block *block = outage_block(outage);
	bool changed = false;

	for (size_t i = 0; i < block->count; i++) {
		struct block_entry *entry = &block->list[i];

		if (entry->state != BLOCK_BOUND || outage_is_unwritten(outage, &entry->addr) ||
		    replica_find(outage_replica(outage), &entry->addr))
			continue;
		entry->state = BLOCK_DECLINED; /* until the register says what this CN's block is */
		entry->until_ms = outage_declined_until();
		changed = true;
	}
	return changed;
}

void outage_settle(struct outage *outage, const struct mlrp_message *message)
{
	bool changed = false;

	if (!register_is_ready(outage->with.reg))
		return;
	if (message->type == MLRP_ERROR)
		changed = drop_refused(outage);
	if (message->type == MLRP_ERROR || outage_find_entry(outage, &message->station.addr))
		changed |= block_settle(outage_block(outage), outage_replica(outage));
	if (changed)
		outage_request_blocks(outage); /* for others in their place */
}
