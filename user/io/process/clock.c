/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks and random numbers. See clock.h. */
#include "clock.h"

#include <sys/random.h>
#include <time.h>

static struct timespec read_clock(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return now;
}

uint64_t clock_ms(void)
{
	struct timespec now = read_clock(CLOCK_MONOTONIC);

	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t read_us(clockid_t which)
{
	struct timespec now = read_clock(which);

	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_unix_us(void)
{
	return read_us(CLOCK_REALTIME);
}

uint32_t random_below(uint32_t bound)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = (uint32_t)clock_unix_us();
	return bound ? value % bound : 0;
}
