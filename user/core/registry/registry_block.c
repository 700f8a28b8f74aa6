/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses set aside for CNs, which give them out while the register is down. A CN has a block in
 * the pool of each of its cells, at the pool's end; nobody else gets an address of it. The register
 * takes an address back only when the CN no longer names it, and the CN uses one only when the
 * register has it on the disk: at no time do two have a right to it.
 */
#include "registry_internal.h"

#define SHARE 4 /* at most one in so many free addresses is set aside */

bool reg_in_foreign_block(const struct reg_station *station, const struct registry_session *session)
{
	return station && station->record.state == RECORD_IN_BLOCK &&
	       station->record.current != session->cn->info.id;
}

static bool names(const struct mlrp_message *message, const struct tmip_addr *addr)
{
	for (int i = 0; i < message->addr_count; i++)
		if (addr_equal(&message->addrs[i], addr))
			return true;
	return false;
}

/*
 * The CN cannot give out an address that it does not name. The block of a CN that had the cell
 * before goes to the present one.
 */
static void take_back(struct registry *registry, struct reg_cell *cell, uint32_t cn,
		      const struct mlrp_message *message)
{
	struct reg_station *station, *next;

	for (station = cell->in_block; station; station = next) {
		next = station->state_next;
		if (station->record.current == cn && names(message, &station->record.addr))
			continue;
		reg_set_state(registry, station, RECORD_FREE, 0);
		reg_commit(registry, station, NULL, true);
	}
}

static struct reg_station *station_of(struct registry *registry, const struct tmip_addr *addr)
{
	static const struct tmip_mac nobody;
	struct reg_station *station = reg_find(registry, addr);

	if (!station)
		return reg_add(registry, addr, &nobody, NULL, 0);
	return reg_set_owner(registry, station, &nobody, NULL, 0) ? station : NULL;
}

static bool set_aside(struct registry *registry, struct reg_cell *cell,
		      const struct tmip_addr *addr)
{
	struct reg_station *station = station_of(registry, addr);

	if (!station)
		return false;
	station->record.kind = RECORD_DYNAMIC;
	station->record.parent = station->record.current = cell->cn->info.id;
	reg_set_state(registry, station, RECORD_IN_BLOCK, 0);
	reg_commit(registry, station, NULL, true);
	return true;
}

static uint32_t share_of(const struct reg_cell *cell)
{
	return (cell->unused + cell->freed_count + cell->block_count) / SHARE;
}

/*
 * The CN names an address that nobody has, as after a start from an old copy of the database: it is
 * set aside as before.
 */
static void restore(struct registry *registry, struct reg_cell *cell,
		    const struct mlrp_message *message)
{
	for (int i = 0; i < message->addr_count && cell->block_count < message->count; i++) {
		const struct tmip_addr *addr = &message->addrs[i];
		const struct reg_station *station = reg_find(registry, addr);

		if (reg_find_cell(registry, addr) != cell || !reg_in_pool(cell, addr) ||
		    !reg_is_host_address(cell, addr) || reg_host_of_addr(registry, addr) ||
		    (station && station->record.state != RECORD_FREE))
			continue;
		if (!set_aside(registry, cell, addr))
			return;
	}
}

void reg_send_block(struct registry *registry, struct registry_session *session,
		    uint32_t transaction, const struct station_record *in_cell)
{
	const struct reg_cell *cell = reg_find_cell(registry, &in_cell->addr);
	const struct reg_station *station = cell ? cell->in_block : NULL;
	struct mlrp_message message = {.type = MLRP_BLOCK, .transaction = transaction,
				       .has = MLRP_HAS(MLRP_F_SUBNET) | MLRP_HAS(MLRP_F_ADDRS)};

	if (!cell || cell->cn != session->cn)
		return; /* the cell went to another CN */
	message.subnet = cell->info->subnet;
	for (; station && message.addr_count < MLRP_ADDRS_MAX; station = station->state_next)
		if (version_compare(station->record.version, in_cell->version) <= 0)
			message.addrs[message.addr_count++] = station->record.addr;
	reg_send(registry, session, &message);
}

void reg_block_request(struct registry *registry, struct registry_session *session,
		       const struct mlrp_message *message, struct registry_time now)
{
	struct reg_cell *cell = reg_find_cell(registry, &message->subnet.addr);
	uint32_t wanted = message->count < MLRP_ADDRS_MAX ? message->count : MLRP_ADDRS_MAX, before;
	struct station_record in_cell = {.addr = message->subnet.addr};
	struct tmip_addr addr;

	(void)now;
	if (!cell || cell->cn != session->cn) {
		reg_refuse(registry, session, message, MLRP_E_NOT_IN_POOL, NULL,
			   "the subnet is no cell of this CN");
		return;
	}
	take_back(registry, cell, session->cn->info.id, message);
	before = cell->block_count;
	restore(registry, cell, message);
	wanted = wanted < share_of(cell) ? wanted : share_of(cell);
	while (cell->block_count < wanted && reg_pick_last(cell, &addr) &&
	       set_aside(registry, cell, &addr))
		;
	in_cell.version = registry->version;
	reg_answer_when_stored(registry, session, message->transaction, MLRP_BLOCK, &in_cell,
			       registry->number);
	if (cell->block_count != before)
		reg_log(registry, LOG_LEVEL_INFO,
			"CN %s holds %u addresses of its pool, "
			"for the time when the register is away",
			session->name, cell->block_count);
}
