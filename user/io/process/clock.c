/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks and random numbers. See clock.h. */
#include "clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static struct timespec read_clock(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return now;
}

static uint64_t read_ms(clockid_t which)
{
	struct timespec now = read_clock(which);

	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

uint64_t clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
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

void clock_boot_id(char *out, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || !fgets(out, (int)size, file))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (file)
		fclose(file);
}

uint32_t random_below(uint32_t bound)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = (uint32_t)clock_unix_us();
	return bound ? value % bound : 0;
}
