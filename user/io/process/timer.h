/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers of the event loop, in milliseconds. An event is one that evtimer_new() has made. */
#ifndef TMIP_IO_PROCESS_TIMER_H
#define TMIP_IO_PROCESS_TIMER_H

#include <stdint.h>

struct event;

/* The event fires once, in so many milliseconds; an earlier time is void. 0 or -ENOMEM. */
int timer_arm(struct event *timer, uint64_t ms);
/* The same, unless the event is waiting already: then its time stands. */
int timer_arm_idle(struct event *timer, uint64_t ms);
/* Arms for the time due_ms of clock_ms(), at once if that has passed; 0 disarms. */
int timer_arm_at(struct event *timer, uint64_t due_ms);

#endif
