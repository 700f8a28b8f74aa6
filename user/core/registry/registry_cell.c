/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cells of the network, sorted, and the free addresses of their pools. The zero bits of a map
 * are the addresses that nobody ever had; the search goes on where it found the last one. Addresses
 * that were given back wait in a queue, the longest free first.
 */
#include "registry_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BITS 64

static struct reg_cell *find_cell(const struct registry *registry, uint32_t value)
{
	size_t low = 0, high = registry->cell_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (registry->cells[middle].last < value)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < registry->cell_count && registry->cells[low].first <= value)
		return &registry->cells[low];
	return NULL;
}

struct reg_cell *reg_find_cell(const struct registry *registry, const struct tmip_addr *addr)
{
	return addr_is_ipv4(addr) ? find_cell(registry, addr_to_ipv4(addr)) : NULL;
}

static bool pool_has(const struct reg_cell *cell, uint32_t value)
{
	return cell->used && value >= cell->pool_first && value <= cell->pool_last;
}

bool reg_in_pool(const struct reg_cell *cell, const struct tmip_addr *addr)
{
	return pool_has(cell, addr_to_ipv4(addr));
}

bool reg_is_host_address(const struct reg_cell *cell, const struct tmip_addr *addr)
{
	uint32_t value = addr_to_ipv4(addr);

	if (addr_equal(addr, &cell->info->gateway))
		return false;
	/* RFC 3021 for /31 */
	return cell->info->subnet.len > 30 || (value != cell->first && value != cell->last);
}

/* ---- the map of the pool */

static bool has_free(const struct reg_cell *cell)
{
	return cell->unused || cell->freed;
}

/* A list has the cells with a free address and a connected CN: a borrower takes the first. */
static void list_cell(struct registry *registry, struct reg_cell *cell)
{
	bool wanted = cell->cn->session && has_free(cell);

	if (wanted && !cell->listed)
		DL_APPEND(registry->available, cell);
	else if (!wanted && cell->listed)
		DL_DELETE(registry->available, cell);
	cell->listed = wanted;
}

static void set_bit(struct reg_cell *cell, uint32_t value, bool used)
{
	uint32_t at = value - cell->pool_first;
	uint64_t bit = 1ull << at % BITS, *word = &cell->used[at / BITS];

	if (!(*word & bit) == !used)
		return;
	*word ^= bit;
	cell->unused += used ? -1u : 1;
}

void reg_mark(struct registry *registry, const struct tmip_addr *addr, bool used)
{
	struct reg_cell *cell = reg_find_cell(registry, addr);

	if (!cell || !reg_in_pool(cell, addr))
		return;
	if (!used && (!reg_is_host_address(cell, addr) || reg_host_of_addr(registry, addr)))
		return;
	set_bit(cell, addr_to_ipv4(addr), used);
	list_cell(registry, cell);
}

/* The next zero bit at or after the cursor, else from the beginning. There is one. */
static uint32_t next_unused(struct reg_cell *cell)
{
	uint32_t size = cell->pool_last - cell->pool_first + 1, words = (size + BITS - 1) / BITS,
		 word = cell->cursor / BITS;
	uint64_t free_bits = ~cell->used[word] & ~0ull << cell->cursor % BITS;

	for (uint32_t i = 0; !free_bits && i <= words; i++) {
		word = word + 1 == words ? 0 : word + 1;
		free_bits = ~cell->used[word];
	}
	cell->cursor = word * BITS + (uint32_t)__builtin_ctzll(free_bits);
	return cell->pool_first + cell->cursor;
}

bool reg_pick(struct registry *registry, struct reg_cell *cell, struct tmip_addr *addr,
	      struct reg_station **freed)
{
	bool room = HASH_COUNT(registry->stations) < registry->options.stations_max;

	*freed = NULL;
	if (cell->unused && (room || !cell->freed)) {
		*addr = addr_from_ipv4(next_unused(cell));
		return true;
	}
	*freed = cell->freed;
	if (*freed)
		*addr = (*freed)->record.addr;
	return *freed != NULL;
}

bool reg_pick_last(struct reg_cell *cell, struct tmip_addr *addr)
{
	uint32_t words = cell->used ? (cell->pool_last - cell->pool_first + BITS) / BITS : 0;

	while (cell->unused && words--) {
		uint64_t free_bits = ~cell->used[words];
		uint32_t last = words * BITS + BITS - 1;

		if (!free_bits)
			continue;
		last -= (uint32_t)__builtin_clzll(free_bits);
		*addr = addr_from_ipv4(cell->pool_first + last);
		return true;
	}
	if (cell->freed)
		*addr = cell->freed->record.addr;
	return cell->freed != NULL;
}

/* ---- the queue of addresses that were given back */

static struct reg_station **queue_of(struct registry *registry, const struct reg_station *station,
				     struct reg_cell **cell)
{
	const struct tmip_addr *addr = &station->record.addr;

	*cell = reg_find_cell(registry, addr);
	if (station->record.state == RECORD_IN_BLOCK)
		return *cell ? &(*cell)->in_block : &registry->homeless_in_block;
	if (*cell && reg_in_pool(*cell, addr) && reg_is_host_address(*cell, addr) &&
	    !reg_host_of_addr(registry, addr))
		return &(*cell)->freed;
	*cell = NULL;
	return &registry->homeless;
}

static void count_queued(struct reg_cell *cell, const struct reg_station *station, uint32_t by)
{
	if (station->record.state == RECORD_IN_BLOCK)
		cell->block_count += by;
	else
		cell->freed_count += by;
}

void reg_queue_free(struct registry *registry, struct reg_station *station)
{
	struct reg_cell *cell;
	struct reg_station **queue = queue_of(registry, station, &cell);

	DL_APPEND2(*queue, station, state_prev, state_next);
	if (!cell)
		return;
	count_queued(cell, station, 1);
	list_cell(registry, cell);
}

void reg_unqueue_free(struct registry *registry, struct reg_station *station)
{
	struct reg_cell *cell;
	struct reg_station **queue = queue_of(registry, station, &cell);

	DL_DELETE2(*queue, station, state_prev, state_next);
	if (!cell)
		return;
	count_queued(cell, station, -1u);
	list_cell(registry, cell);
}

/* ---- making the cells anew, when CNs or reserved hosts have changed */

static int by_address(const void *a, const void *b)
{
	const struct reg_cell *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static int make_pool(struct reg_cell *cell)
{
	uint32_t size, words;

	if (addr_is_zero(&cell->info->pool_first))
		return 0;
	cell->pool_first = addr_to_ipv4(&cell->info->pool_first);
	cell->pool_last = addr_to_ipv4(&cell->info->pool_last);
	size = cell->pool_last - cell->pool_first + 1;
	words = (size + BITS - 1) / BITS;
	cell->used = calloc(words, sizeof(*cell->used));
	if (!cell->used)
		return -ENOMEM;
	if (size % BITS)
		cell->used[words - 1] = ~0ull << size % BITS; /* beyond the end */
	cell->unused = size;
	return 0;
}

static void mark_used(struct reg_cell *cell, uint32_t value)
{
	if (pool_has(cell, value))
		set_bit(cell, value, true);
}

static void free_cells(struct reg_cell *cells, size_t count)
{
	for (size_t i = 0; cells && i < count; i++)
		free(cells[i].used);
	free(cells);
}

static int make_cells(const struct registry *registry, struct reg_cell **out, size_t *count)
{
	size_t total = 0, n = 0;
	struct reg_cell *cells;
	int error = 0;

	for (const struct reg_cn *cn = registry->cns; cn; cn = cn->hh.next)
		total += cn->info.gone ? 0 : cn->info.cell_count;
	cells = calloc(total + 1, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	for (struct reg_cn *cn = registry->cns; cn && !error; cn = cn->hh.next)
		for (int i = 0; !cn->info.gone && !error && i < cn->info.cell_count; i++) {
			struct reg_cell *cell = &cells[n++];
			uint32_t mask = prefix_mask(cn->info.cells[i].subnet.len);

			cell->info = &cn->info.cells[i];
			cell->cn = cn;
			cell->first = addr_to_ipv4(&cell->info->subnet.addr) & mask;
			cell->last = cell->first | ~mask;
			error = make_pool(cell);
		}
	if (error) {
		free_cells(cells, n);
		return error;
	}
	qsort(cells, n, sizeof(*cells), by_address);
	*out = cells;
	*count = n;
	return 0;
}

static void mark_all_used(struct registry *registry)
{
	for (size_t i = 0; i < registry->cell_count; i++) {
		struct reg_cell *cell = &registry->cells[i];

		mark_used(cell, addr_to_ipv4(&cell->info->gateway));
		if (cell->info->subnet.len <= 30) {
			mark_used(cell, cell->first);
			mark_used(cell, cell->last);
		}
	}
	for (const struct reg_host *host = registry->hosts; host; host = host->hh.next) {
		struct reg_cell *cell = reg_find_cell(registry, &host->host.addr);

		if (cell)
			mark_used(cell, addr_to_ipv4(&host->host.addr));
	}
}

static void place(struct registry *registry, struct reg_station *station)
{
	struct reg_cell *cell = reg_find_cell(registry, &station->record.addr);

	if (cell)
		mark_used(cell, addr_to_ipv4(&station->record.addr));
	if (station->record.state == RECORD_FREE || station->record.state == RECORD_IN_BLOCK) {
		struct reg_station **queue = queue_of(registry, station, &cell);

		DL_APPEND2(*queue, station, state_prev, state_next);
		if (cell)
			count_queued(cell, station, 1);
	}
}

int reg_rebuild_cells(struct registry *registry)
{
	struct reg_cell *cells;
	size_t count;
	int error = make_cells(registry, &cells, &count);

	if (error)
		return error;
	reg_free_cells(registry);
	registry->cells = cells;
	registry->cell_count = count;
	mark_all_used(registry);
	registry->homeless = registry->homeless_in_block = NULL;
	for (struct reg_station *station = registry->changes; station;
	     station = station->change_next)
		place(registry, station);
	for (struct reg_station *station = registry->offers; station; station = station->state_next)
		place(registry, station);
	for (size_t i = 0; i < count; i++)
		list_cell(registry, &cells[i]);
	reg_check_hosts(registry);
	return 0;
}

void reg_list_cells(struct registry *registry, const struct reg_cn *cn)
{
	for (int i = 0; i < cn->info.cell_count; i++) {
		struct reg_cell *cell = reg_find_cell(registry, &cn->info.cells[i].subnet.addr);

		if (cell && cell->cn == cn)
			list_cell(registry, cell);
	}
}

void reg_free_cells(struct registry *registry)
{
	free_cells(registry->cells, registry->cell_count);
	registry->cells = NULL;
	registry->cell_count = 0;
	registry->available = NULL;
}
