/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers of a real event loop: when they are due, that they fire once, and arming again. */
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#include <cmocka.h>

#include "io/process/clock.h"
#include "io/process/timer.h"

#define COARSE_MS 20 /* the loop's clock is no better than the kernel's tick */

static struct event_base *base;
static struct event *timer;
static unsigned fired;
static struct timeval began; /* before the timer was armed */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	fired++;
}

static int setup(void **state)
{
	(void)state;
	fired = 0;
	base = event_base_new();
	timer = base ? evtimer_new(base, on_timer, NULL) : NULL;
	gettimeofday(&began, NULL);
	return timer ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	event_free(timer);
	event_base_free(base);
	return 0;
}

static long milliseconds(const struct timeval *from, const struct timeval *to)
{
	struct timeval between;

	timersub(to, from, &between);
	return between.tv_sec * 1000 + between.tv_usec / 1000;
}

/* It waits so long, from a moment between the beginning of the test and now. */
static void expect_due_in(long ms)
{
	struct timeval due, now;

	assert_true(evtimer_pending(timer, &due));
	gettimeofday(&now, NULL);
	assert_true(milliseconds(&began, &due) >= ms - COARSE_MS);
	assert_true(milliseconds(&now, &due) <= ms + COARSE_MS);
}

static void a_timer_fires_once(void **state)
{
	(void)state;
	assert_int_equal(timer_arm(timer, 1), 0);
	event_base_dispatch(base); /* ends when nothing is armed any more */
	assert_int_equal(fired, 1);
	assert_false(evtimer_pending(timer, NULL));
}

static void time_is_in_milliseconds(void **state)
{
	(void)state;
	assert_int_equal(timer_arm(timer, 90500), 0);
	expect_due_in(90500);
	assert_int_equal(timer_arm(timer, 3999), 0);
	expect_due_in(3999);
}

static void an_earlier_time_is_void(void **state)
{
	(void)state;
	assert_int_equal(timer_arm(timer, 0), 0);
	assert_int_equal(timer_arm(timer, 60000), 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(fired, 0);
	assert_int_equal(timer_arm(timer, 0), 0);
	event_base_dispatch(base);
	assert_int_equal(fired, 1);
}

static void a_timer_that_waits_keeps_its_time(void **state)
{
	(void)state;
	assert_int_equal(timer_arm_idle(timer, 60000), 0);
	assert_int_equal(timer_arm_idle(timer, 0), 0);
	expect_due_in(60000);
}

static void a_time_of_the_clock_can_be_given(void **state)
{
	(void)state;
	assert_int_equal(timer_arm_at(timer, clock_ms() + 60000), 0);
	expect_due_in(60000);
}

static void a_time_that_has_passed_is_now(void **state)
{
	(void)state;
	assert_int_equal(timer_arm_at(timer, 1), 0);
	event_base_dispatch(base);
	assert_int_equal(fired, 1);
}

static void the_time_zero_disarms(void **state)
{
	(void)state;
	assert_int_equal(timer_arm(timer, 60000), 0);
	assert_int_equal(timer_arm_at(timer, 0), 0);
	assert_false(evtimer_pending(timer, NULL));
	assert_int_equal(timer_arm_at(timer, 0), 0);
}

int main(void)
{
#define TIMER_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TIMER_CASE(a_timer_fires_once),
		TIMER_CASE(time_is_in_milliseconds),
		TIMER_CASE(an_earlier_time_is_void),
		TIMER_CASE(a_timer_that_waits_keeps_its_time),
		TIMER_CASE(a_time_of_the_clock_can_be_given),
		TIMER_CASE(a_time_that_has_passed_is_now),
		TIMER_CASE(the_time_zero_disarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
