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

#define SLACK_MS 2000 /* of a busy machine */

static struct event_base *base;
static struct event *timer;
static unsigned fired;

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
	return timer ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	event_free(timer);
	event_base_free(base);
	return 0;
}

/* How long it still waits. */
static long due_in_ms(void)
{
	struct timeval due, now, left;

	assert_true(evtimer_pending(timer, &due));
	gettimeofday(&now, NULL);
	timersub(&due, &now, &left);
	return left.tv_sec * 1000 + left.tv_usec / 1000;
}

static void expect_due_in(long ms)
{
	assert_in_range(due_in_ms(), ms - SLACK_MS, ms + 10);
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
