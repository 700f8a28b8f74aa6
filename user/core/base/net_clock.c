/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock by which leases end. See net_clock.h; docs/architecture/register.md has the rule. */
#include "net_clock.h"

#include <string.h>

#define LEASE_MAX_S 31536000ull /* the longest lease_time that a CN may have */

static bool same_boot(const struct net_clock_mark *a, const struct net_clock_mark *b)
{
	return a->boot[0] && strcmp(a->boot, b->boot) == 0 && b->boot_ms >= a->boot_ms;
}

/*
 * An earlier version left no mark: the wall clock counts, as far as it agrees with the leases. None
 * of them had ended long before the register stopped, and none has more than the longest lease_time
 * to go.
 */
static uint64_t time_of_leases(const struct net_clock_past *past, uint64_t wall_ms)
{
	uint64_t first = past->first_end * 1000, last = past->last_end * 1000;

	if (past->last_end && wall_ms > first)
		return first;
	if (last > LEASE_MAX_S * 1000 && wall_ms < last - LEASE_MAX_S * 1000)
		return last - LEASE_MAX_S * 1000;
	return wall_ms;
}

static uint64_t carried_on(const struct net_clock_past *past, const struct net_clock_mark *now)
{
	if (!past->marked)
		return time_of_leases(past, now->unix_ms);
	if (!same_boot(&past->mark, now))
		return past->mark.unix_ms;
	return past->mark.unix_ms + (now->boot_ms - past->mark.boot_ms);
}

/*
 * The clock takes the time of the wall clock again, and the ends move along. Not if the machine has
 * started since and its wall clock is behind: it may have no battery, and what the database knows
 * is nearer to the truth.
 */
struct net_clock_start net_clock_start(const struct net_clock_past *past,
				       const struct net_clock_mark *now)
{
	uint64_t unix_ms = carried_on(past, now);
	bool behind = now->unix_ms < unix_ms;
	int64_t shift_s = ((int64_t)now->unix_ms - (int64_t)unix_ms) / 1000;

	if (behind && !(past->marked && same_boot(&past->mark, now)))
		shift_s = 0;
	return (struct net_clock_start){.unix_ms = unix_ms + (uint64_t)(shift_s * 1000),
					.shift_s = shift_s};
}
