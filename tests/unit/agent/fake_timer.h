/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers in the time of fake_clock.h, and the event loop that they belong to. It takes the place of
 * io/process/timer.h: an event that these functions have armed fires in time_passes(), never by
 * real time. (To libevent it waits for some years, so that evtimer_pending(), evtimer_del() and
 * event_free() of the module under test do what they do.)
 */
#ifndef TMIP_TESTS_AGENT_FAKE_TIMER_H
#define TMIP_TESTS_AGENT_FAKE_TIMER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "fake_clock.h"
#include "io/process/timer.h"

/* timer_arm() and its like fail with it; 0: they succeed. */
extern int fake_timer_error;

/* For setup and teardown. The clock is at FAKE_START_MS again. */
struct event_base *time_begin(void);
void time_end(void); /* frees the base; NULL-safe */

/*
 * Moves the clock, and fires the timers that come due, in order, each at its time. Handles what
 * else is ready in the loop (descriptors, event_active()), before and after each timer.
 * time_passes(0) does the latter alone, and what is due already.
 */
void time_passes(uint64_t ms);
/* Fires the timers that a module has armed with event_add() itself, once, whatever their time. */
void time_fires_others(void);
/* Runs the loop by real time until the condition holds. False: it did not within five seconds. */
bool time_waits_for(bool (*condition)(void *arg), void *arg);

/* When the next timer is due, by fake_now_ms; 0: none is armed. */
uint64_t time_next_due(void);
unsigned time_armed(void); /* timers that wait */

#endif
