/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock by which leases end (core/base/net_clock.h): CLOCK_BOOTTIME, and an offset that the
 * start fixes. The wall clock serves as the offset's origin, and for what people read.
 */
#include "io/process/clock.h"
#include "io/process/log.h"
#include "server.h"

static int64_t offset_ms; /* from CLOCK_BOOTTIME */

static uint64_t network_ms(uint64_t boot_ms)
{
	return boot_ms + (uint64_t)offset_ms;
}

struct registry_time server_now(void)
{
	uint64_t ms = clock_boot_ms();

	/* An AGE (docs/mlrp.md) may reach back to before this machine started. */
	return (struct registry_time){.ms = ms + (1ull << 32), .unix_s = network_ms(ms) / 1000};
}

uint64_t server_wall_end(uint64_t lease_end)
{
	int64_t wall_ms = (int64_t)(clock_unix_us() / 1000),
		ahead_s = (wall_ms - (int64_t)network_ms(clock_boot_ms())) / 1000;

	if (!lease_end)
		return 0;
	return (int64_t)lease_end + ahead_s > 0 ? lease_end + (uint64_t)ahead_s : 1;
}

int server_start_clock(struct store *store, char why[STORE_ERROR])
{
	struct net_clock_mark now = {.boot_ms = clock_boot_ms(),
				     .unix_ms = clock_unix_us() / 1000};
	struct net_clock_past past;
	struct net_clock_start start;
	int error = store_read_clock(store, &past, why);

	if (error)
		return error;
	clock_boot_id(now.boot, sizeof(now.boot));
	start = net_clock_start(&past, &now);
	if (start.shift_s && past.last_end)
		log_info("the ends of all leases move by %lld s: so much the wall clock differs "
			 "from the time that has passed", (long long)start.shift_s);
	offset_ms = (int64_t)start.unix_ms - (int64_t)now.boot_ms;
	now.unix_ms = start.unix_ms;
	return store_set_clock(store, &now, start.shift_s, why);
}
