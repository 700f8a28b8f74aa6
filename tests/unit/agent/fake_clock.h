/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A clock that stands still until a test moves it (time_passes() of fake_timer.h does). It takes
 * the place of io/process/clock.h. Unix time runs along, from FAKE_UNIX_US at the monotonic time 0.
 */
#ifndef TMIP_TESTS_AGENT_FAKE_CLOCK_H
#define TMIP_TESTS_AGENT_FAKE_CLOCK_H

#include <stdint.h>

#include "io/process/clock.h"

#define FAKE_START_MS 1000000ull
#define FAKE_UNIX_US 1700000000000000ull

extern uint64_t fake_now_ms;
extern int64_t fake_wall_step_us; /* somebody has set the wall clock by so much */
extern uint32_t fake_random; /* random_below() returns it, modulo its bound */

#endif
