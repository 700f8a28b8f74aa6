/* SPDX-License-Identifier: BSD-2-Clause */
/* A clock that a test moves. See fake_clock.h. */
#include "fake_clock.h"

uint64_t fake_now_ms = FAKE_START_MS;
int64_t fake_wall_step_us;
uint32_t fake_random;

uint64_t clock_ms(void)
{
	return fake_now_ms;
}

uint64_t clock_unix_us(void)
{
	return FAKE_UNIX_US + fake_now_ms * 1000 + (uint64_t)fake_wall_step_us;
}

uint32_t random_below(uint32_t bound)
{
	return bound ? fake_random % bound : 0;
}
