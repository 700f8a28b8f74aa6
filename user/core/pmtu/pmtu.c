/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packetization-layer path MTU discovery for datagrams (RFC 8899), one path. See pmtu.h.
 *
 * A check begins with the MTU, and with the route's if a greater one is looked for. If one of them
 * is not back after the first round, a witness joins it in all further rounds: only rounds in which
 * the witness comes back count. If the MTU does not come back, sizes below it are probed as well.
 * Each volley of sizes narrows the range from `low` to `high`, until the MTU is known to the byte.
 * Then the route's MTU has a second chance, unless a router has named the MTU: losses of one size
 * may have been an accident.
 */
#include "pmtu.h"

#include <string.h>

#define SPREAD 7 /* sizes between two others */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned floor_of(const struct pmtu *pmtu)
{
	return least(PMTU_FLOOR, pmtu->top);
}

/* ---- the sizes that are probed */

/* Forgets sizes that are decided. */
static void drop_decided(struct pmtu *pmtu)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < pmtu->count; i++)
		if (pmtu->open[i].size > pmtu->low && pmtu->open[i].size < pmtu->high)
			pmtu->open[kept++] = pmtu->open[i];
	pmtu->count = kept;
}

static void add(struct pmtu *pmtu, unsigned size)
{
	if (size <= pmtu->low || size >= pmtu->high || pmtu->count == PMTU_OPEN_MAX)
		return;
	for (unsigned i = 0; i < pmtu->count; i++)
		if (pmtu->open[i].size == size)
			return;
	pmtu->open[pmtu->count++] = (struct pmtu_open){.size = size};
}

/* Adds sizes between `low` and `high`, at equal distances. */
static void add_spread(struct pmtu *pmtu, unsigned low, unsigned high)
{
	for (unsigned i = 1; i <= SPREAD && low < high; i++)
		add(pmtu, low + i * (high - low) / (SPREAD + 1));
}

static void begin_volley(struct pmtu *pmtu, unsigned witness)
{
	pmtu->count = 0;
	pmtu->witness = witness;
	pmtu->witness_sent = pmtu->witness_back = false;
	pmtu->silent = 0;
}

static void begin_check(struct pmtu *pmtu, bool searches)
{
	begin_volley(pmtu, 0);
	pmtu->checking = true;
	pmtu->searches = searches;
	pmtu->top_tried = searches && pmtu->mtu < pmtu->top;
	pmtu->widened = false;
	pmtu->low = pmtu->named = pmtu->bound = 0;
	pmtu->high = pmtu->top + 1;
	add(pmtu, pmtu->mtu);
	if (searches)
		add(pmtu, pmtu->top);
}

/* ---- the end of a volley, and of a check */

static void finish(struct pmtu *pmtu, enum pmtu_state state, uint64_t now_ms)
{
	pmtu->checking = false;
	pmtu->count = 0;
	pmtu->state = state;
	pmtu->pause_ms = state == PMTU_COMPLETE ? PMTU_CONFIRM_MS :
						  least(pmtu->pause_ms * 2, PMTU_PAUSE_MS);
	pmtu->next_ms = now_ms + pmtu->pause_ms;
}

/*
 * Nothing comes back: that says nothing about sizes. Only what a router said remains, as in
 * RFC 1191, for CNs that answer no probes.
 */
static void give_up(struct pmtu *pmtu, uint64_t now_ms)
{
	if (!pmtu->low && pmtu->named) {
		pmtu->mtu = least(pmtu->mtu, pmtu->named);
		pmtu->by_icmp = pmtu->unproved = true;
		pmtu->raise_ms = now_ms + PMTU_RAISE_MS; /* the router's word ages, too */
	} else if (pmtu->unproved && pmtu->searches) {
		pmtu->mtu = pmtu->top;
		pmtu->by_icmp = pmtu->unproved = false;
	} else if (!pmtu->unproved && !pmtu->answered && pmtu->mtu < pmtu->top) {
		pmtu->unproved = true; /* what a former agent has left ages as a router's word */
		pmtu->raise_ms = now_ms + PMTU_RAISE_MS;
	} else if (!pmtu->unproved) {
		pmtu->raise_ms = now_ms; /* the search goes on when something comes back again */
	}
	finish(pmtu, PMTU_ERROR, now_ms);
}

/* All sizes are decided. */
static void end_volley(struct pmtu *pmtu, uint64_t now_ms)
{
	pmtu->unproved = false;
	if (pmtu->low < pmtu->bound)
		pmtu->high = pmtu->bound;
	pmtu->bound = 0;
	if (pmtu->low < pmtu->mtu) {
		pmtu->mtu = pmtu->low;
		pmtu->by_icmp = false;
		pmtu->searches = true;
	}
	begin_volley(pmtu, pmtu->low);
	if (pmtu->searches && pmtu->high > pmtu->low + 1) {
		pmtu->state = PMTU_SEARCHING;
		add_spread(pmtu, pmtu->low, pmtu->high);
	} else if (pmtu->searches && pmtu->low < pmtu->top && !pmtu->named && !pmtu->top_tried) {
		pmtu->state = PMTU_SEARCHING;
		pmtu->top_tried = true;
		pmtu->bound = pmtu->high;
		pmtu->high = pmtu->top + 1;
		add(pmtu, pmtu->top);
	} else {
		pmtu->by_icmp |= pmtu->mtu == pmtu->named;
		if (pmtu->searches)
			pmtu->raise_ms = now_ms + PMTU_RAISE_MS;
		finish(pmtu, PMTU_COMPLETE, now_ms);
	}
}

/* ---- rounds */

static bool all_missed(const struct pmtu *pmtu)
{
	for (unsigned i = 0; i < pmtu->count; i++)
		if (pmtu->open[i].missed < PMTU_PROBES)
			return false;
	return true;
}

static bool all_sent(const struct pmtu *pmtu)
{
	for (unsigned i = 0; i < pmtu->count; i++)
		if (!pmtu->open[i].sent)
			return false;
	return pmtu->witness_sent || !pmtu->witness;
}

/* A round is over, and not all sizes came back. */
static void end_round(struct pmtu *pmtu)
{
	for (unsigned i = 0; i < pmtu->count; i++) {
		pmtu->open[i].missed += pmtu->witness_back && pmtu->open[i].sent;
		pmtu->open[i].sent = false;
	}
	if (pmtu->witness)
		pmtu->silent = pmtu->witness_back ? 0 : pmtu->silent + 1;
	else
		pmtu->witness = pmtu->low ? pmtu->low : floor_of(pmtu);
	pmtu->witness_sent = pmtu->witness_back = false;
}

/* No more rounds: the sizes that did not come back are too big. */
static void decide(struct pmtu *pmtu)
{
	for (unsigned i = 0; i < pmtu->count; i++)
		pmtu->high = least(pmtu->high, pmtu->open[i].size);
	drop_decided(pmtu);
}

/* Does what is due, except sending. */
static void advance(struct pmtu *pmtu, uint64_t now_ms)
{
	if (pmtu->count && all_sent(pmtu) && now_ms >= pmtu->round_ms + PMTU_ROUND_MS)
		end_round(pmtu);
	if (pmtu->count && all_missed(pmtu) && now_ms >= pmtu->round_ms + PMTU_TIMER_MS)
		decide(pmtu);
	if (pmtu->silent >= PMTU_SILENT || (!pmtu->count && !pmtu->low))
		give_up(pmtu, now_ms);
	else if (!pmtu->count)
		end_volley(pmtu, now_ms);
}

/* ---- what the caller learns */

void pmtu_came_back(struct pmtu *pmtu, unsigned size)
{
	pmtu->answered = true;
	if (pmtu->state == PMTU_ERROR && !pmtu->checking && pmtu->pause_ms > PMTU_CONFIRM_MS) {
		/* Late, but something comes back: no need to wait so long. */
		pmtu->next_ms -= pmtu->pause_ms - PMTU_CONFIRM_MS;
		pmtu->pause_ms = PMTU_CONFIRM_MS;
	}
	if (!pmtu->checking || size > pmtu->top)
		return;
	pmtu->witness_back = pmtu->witness != 0;
	if (size >= pmtu->high)
		pmtu->high = pmtu->top + 1; /* the path has become another one */
	if (size > pmtu->low)
		pmtu->low = size;
	if (size > pmtu->mtu) {
		pmtu->mtu = size;
		pmtu->by_icmp = size == pmtu->named;
	}
	drop_decided(pmtu);
	if (pmtu->low >= pmtu->mtu || pmtu->widened)
		return;
	pmtu->widened = true;
	add_spread(pmtu, pmtu->low, least(pmtu->high, pmtu->mtu));
}

void pmtu_too_big(struct pmtu *pmtu, unsigned size, unsigned mtu)
{
	if (!pmtu->checking || size <= pmtu->low || size >= pmtu->high)
		return;
	pmtu->high = size;
	if (mtu >= floor_of(pmtu) && mtu >= pmtu->low && mtu < size) {
		pmtu->named = mtu;
		pmtu->high = mtu + 1;
	}
	if (pmtu->named >= pmtu->high)
		pmtu->named = 0; /* another router refutes it */
	drop_decided(pmtu);
	add(pmtu, pmtu->named ? pmtu->named : floor_of(pmtu));
}

void pmtu_hint(struct pmtu *pmtu, unsigned mtu, uint64_t now_ms)
{
	if (pmtu->state == PMTU_DISABLED || pmtu->checking || mtu >= pmtu->mtu ||
	    now_ms < pmtu->hint_ms + PMTU_HINT_MS)
		return;
	pmtu->hint_ms = now_ms;
	pmtu->next_ms = now_ms;
}

void pmtu_restart(struct pmtu *pmtu)
{
	if (pmtu->state == PMTU_DISABLED)
		return;
	pmtu->pause_ms = PMTU_CONFIRM_MS;
	begin_check(pmtu, true);
}

void pmtu_init(struct pmtu *pmtu, unsigned top, unsigned mtu, uint64_t now_ms)
{
	memset(pmtu, 0, sizeof(*pmtu));
	pmtu->top = top;
	pmtu->mtu = mtu ? least(mtu, top) : top;
	pmtu->next_ms = now_ms + PMTU_RAISE_MS;
}

void pmtu_set_top(struct pmtu *pmtu, unsigned top)
{
	if (top == pmtu->top)
		return;
	if (top < pmtu->mtu ||
	    (pmtu->mtu == pmtu->top &&
	     (pmtu->state == PMTU_DISABLED || pmtu->state == PMTU_ERROR)))
		pmtu->mtu = top;
	pmtu->top = top;
	pmtu_restart(pmtu);
}

void pmtu_set_used(struct pmtu *pmtu, bool used, uint64_t now_ms)
{
	if (used == (pmtu->state != PMTU_DISABLED))
		return;
	pmtu->state = used ? PMTU_BASE : PMTU_DISABLED;
	pmtu->checking = false;
	pmtu->next_ms = now_ms + PMTU_RAISE_MS;
	pmtu_restart(pmtu);
}

/* ---- the time */

static void begin_due(struct pmtu *pmtu, uint64_t now_ms)
{
	if (pmtu->checking || now_ms < pmtu->next_ms)
		return;
	if (pmtu->state == PMTU_DISABLED) {
		pmtu->mtu = pmtu->top;
		pmtu->by_icmp = pmtu->unproved = false;
	} else {
		begin_check(pmtu, pmtu->mtu < pmtu->top && now_ms >= pmtu->raise_ms);
	}
}

unsigned pmtu_next(struct pmtu *pmtu, uint64_t now_ms)
{
	begin_due(pmtu, now_ms);
	if (!pmtu->checking)
		return 0;
	advance(pmtu, now_ms);
	if (all_missed(pmtu))
		return 0;
	for (unsigned i = 0; i < pmtu->count; i++)
		if (!pmtu->open[i].sent) {
			pmtu->open[i].sent = true;
			pmtu->round_ms = now_ms;
			return pmtu->open[i].size;
		}
	if (pmtu->witness_sent || !pmtu->witness)
		return 0;
	pmtu->witness_sent = true;
	pmtu->round_ms = now_ms;
	return pmtu->witness;
}

uint64_t pmtu_due(const struct pmtu *pmtu)
{
	if (pmtu->state == PMTU_DISABLED)
		return pmtu->mtu < pmtu->top ? pmtu->next_ms : 0;
	if (!pmtu->checking)
		return pmtu->next_ms;
	if (pmtu->count && all_missed(pmtu))
		return pmtu->round_ms + PMTU_TIMER_MS;
	return pmtu->count && all_sent(pmtu) ? pmtu->round_ms + PMTU_ROUND_MS : 1;
}

enum pmtu_source pmtu_source(const struct pmtu *pmtu)
{
	if (pmtu->mtu >= pmtu->top)
		return PMTU_ROUTE;
	return pmtu->by_icmp ? PMTU_ICMP : PMTU_PROBE;
}
