/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers of a test's own time. See fake_timer.h. The loop knows which events exist and wait: the
 * table here only has the times, and what it has of an event that was freed is never looked at.
 */
#include "fake_timer.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define YEARS 100000000 /* seconds */
#define PATIENCE_S 5

struct due {
	const struct event *event;
	uint64_t at_ms;
	uint64_t order; /* of arming: decides between timers of the same time */
};

int fake_timer_error;

static struct event_base *base;
static struct due *dues;
static size_t due_count, due_room;
static uint64_t order;

static struct due *find(const struct event *event)
{
	for (size_t i = 0; i < due_count; i++)
		if (dues[i].event == event)
			return &dues[i];
	return NULL;
}

static struct due *ensure(const struct event *event)
{
	struct due *due = find(event);

	if (due)
		return due;
	if (due_count == due_room) {
		due_room = due_room ? due_room * 2 : 64;
		dues = reallocarray(dues, due_room, sizeof(*dues));
		if (!dues)
			abort();
	}
	due = &dues[due_count++];
	due->event = event;
	return due;
}

int timer_arm(struct event *timer, uint64_t ms)
{
	static const struct timeval never = {.tv_sec = YEARS};
	struct due *due;

	if (fake_timer_error)
		return fake_timer_error;
	if (evtimer_add(timer, &never) < 0)
		return -ENOMEM;
	due = ensure(timer);
	due->at_ms = fake_now_ms + ms;
	due->order = ++order;
	return 0;
}

int timer_arm_idle(struct event *timer, uint64_t ms)
{
	return evtimer_pending(timer, NULL) ? 0 : timer_arm(timer, ms);
}

int timer_arm_at(struct event *timer, uint64_t due_ms)
{
	if (due_ms)
		return timer_arm(timer, due_ms > fake_now_ms ? due_ms - fake_now_ms : 0);
	evtimer_del(timer);
	return 0;
}

/* ---- what waits in the loop */

struct waiting {
	const struct event *first;
	const struct due *due;
	unsigned count;
	const struct event *others[64]; /* that event_add() has armed */
	size_t other_count;
};

static int look(const struct event_base *in, const struct event *event, void *arg)
{
	struct waiting *waiting = arg;
	struct timeval at;
	struct due *due;

	(void)in;
	if (!event_pending(event, EV_TIMEOUT, &at))
		return 0;
	if (at.tv_sec < time(NULL) + YEARS / 2) {
		if (waiting->other_count < sizeof(waiting->others) / sizeof(waiting->others[0]))
			waiting->others[waiting->other_count++] = event;
		return 0;
	}
	due = find(event);
	if (!due)
		return 0;
	waiting->count++;
	if (!waiting->due || due->at_ms < waiting->due->at_ms ||
	    (due->at_ms == waiting->due->at_ms && due->order < waiting->due->order)) {
		waiting->due = due;
		waiting->first = event;
	}
	return 0;
}

static struct waiting look_at_all(void)
{
	struct waiting waiting = {0};

	if (base)
		event_base_foreach_event(base, look, &waiting);
	return waiting;
}

uint64_t time_next_due(void)
{
	struct waiting waiting = look_at_all();

	return waiting.due ? waiting.due->at_ms : 0;
}

unsigned time_armed(void)
{
	return look_at_all().count;
}

/* ---- time */

struct event_base *time_begin(void)
{
	time_end();
	fake_now_ms = FAKE_START_MS;
	fake_random = 0;
	fake_timer_error = 0;
	base = event_base_new();
	if (!base)
		abort();
	return base;
}

void time_end(void)
{
	if (base)
		event_base_free(base);
	base = NULL;
	free(dues);
	dues = NULL;
	due_count = due_room = 0;
}

static void handle_ready(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static void fire(const struct event *event)
{
	event_active((struct event *)(uintptr_t)event, EV_TIMEOUT, 0);
	handle_ready();
}

void time_passes(uint64_t ms)
{
	uint64_t until_ms = fake_now_ms + ms;

	handle_ready();
	for (;;) {
		struct waiting waiting = look_at_all();

		if (!waiting.due || waiting.due->at_ms > until_ms)
			break;
		if (waiting.due->at_ms > fake_now_ms)
			fake_now_ms = waiting.due->at_ms;
		fire(waiting.first);
	}
	fake_now_ms = until_ms;
	handle_ready();
}

void time_fires_others(void)
{
	struct waiting waiting = look_at_all();

	/* Each once, in one turn of the loop: on a slow machine their own time may come, too. */
	for (size_t i = 0; i < waiting.other_count; i++) {
		struct event *event = (struct event *)(uintptr_t)waiting.others[i];

		if (!(event_get_events(event) & EV_PERSIST))
			event_del(event);
		event_active(event, EV_TIMEOUT, 0);
	}
	handle_ready();
}

static void on_pause(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

bool time_waits_for(bool (*condition)(void *arg), void *arg)
{
	static const struct timeval pause = {.tv_usec = 1000};
	time_t deadline = time(NULL) + PATIENCE_S;
	struct event *alarm = event_new(base, -1, EV_PERSIST, on_pause, NULL);
	bool holds;

	event_add(alarm, &pause);
	while (!(holds = condition(arg)) && time(NULL) <= deadline)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(alarm);
	return holds;
}
