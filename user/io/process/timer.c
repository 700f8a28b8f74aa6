/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers of the event loop. See timer.h. */
#include "timer.h"

#include <errno.h>
#include <event2/event.h>

#include "clock.h"

int timer_arm(struct event *timer, uint64_t ms)
{
	struct timeval when = {.tv_sec = (time_t)(ms / 1000),
			       .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	return evtimer_add(timer, &when) < 0 ? -ENOMEM : 0;
}

int timer_arm_idle(struct event *timer, uint64_t ms)
{
	return evtimer_pending(timer, NULL) ? 0 : timer_arm(timer, ms);
}

int timer_arm_at(struct event *timer, uint64_t due_ms)
{
	uint64_t now_ms = clock_ms();

	if (due_ms)
		return timer_arm(timer, due_ms > now_ms ? due_ms - now_ms : 0);
	evtimer_del(timer);
	return 0;
}
