/* SPDX-License-Identifier: BSD-2-Clause */
/* The MTU of a path, found by probes: paths of many kinds, simulated in steps of a millisecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/pmtu/pmtu.h"

#define FLIGHTS 256
#define SECOND 1000
#define RTT 5

struct flight {
	uint64_t at_ms;
	unsigned size;
	unsigned named; /* 0: the probe comes back; else a router says that so much fits */
};

/* The path, and what has happened on it. */
static struct world {
	struct pmtu pmtu;
	uint64_t now;
	unsigned mtu;     /* of the path */
	bool icmp;        /* its routers say what is too big */
	unsigned says;    /* what they say instead of the truth; 0: the truth */
	bool down;        /* nothing passes */
	bool no_answers;  /* probes do not come back, but ICMP does */
	unsigned one_in;  /* one probe in so many is lost; 0: none */
	unsigned probes;  /* all so far */
	unsigned largest, least; /* MTU that was in use since watch() */
	struct flight flights[FLIGHTS];
	unsigned flight_count;
	uint32_t random;
} world, *w = &world;

static int setup(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	w->now = 100000;
	w->mtu = 1500;
	w->icmp = true;
	w->random = 1;
	pmtu_init(&w->pmtu, 1500, 0, w->now);
	return 0;
}

static bool chance(void)
{
	w->random = w->random * 1103515245 + 12345;
	return w->one_in && (w->random >> 16) % w->one_in == 0;
}

static void send(unsigned size)
{
	struct flight *flight = &w->flights[w->flight_count];

	assert_in_range(size, PMTU_FLOOR < w->pmtu.top ? PMTU_FLOOR : w->pmtu.top, w->pmtu.top);
	w->probes++;
	if (w->down || chance())
		return;
	*flight = (struct flight){.at_ms = w->now + RTT, .size = size};
	if (size > w->mtu)
		flight->named = w->says ? w->says : w->mtu;
	if (size > w->mtu ? w->icmp : !w->no_answers)
		w->flight_count++;
	assert_true(w->flight_count < FLIGHTS);
}

static void land(void)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < w->flight_count; i++) {
		struct flight flight = w->flights[i];

		if (flight.at_ms > w->now)
			w->flights[kept++] = flight;
		else if (flight.named)
			pmtu_too_big(&w->pmtu, flight.size, flight.named);
		else
			pmtu_came_back(&w->pmtu, flight.size);
	}
	w->flight_count = kept;
}

static void pump(void)
{
	uint64_t due = pmtu_due(&w->pmtu);
	unsigned size, before = w->probes;

	while ((size = pmtu_next(&w->pmtu, w->now)))
		send(size);
	/* The caller may sleep until then. */
	assert_true(w->probes == before || (due && due <= w->now));
	assert_true(!pmtu_due(&w->pmtu) || !w->pmtu.checking || pmtu_due(&w->pmtu) > w->now);
	if (w->pmtu.mtu > w->largest)
		w->largest = w->pmtu.mtu;
	if (w->pmtu.mtu < w->least)
		w->least = w->pmtu.mtu;
}

static void watch(void)
{
	w->largest = 0;
	w->least = 65535;
	w->probes = 0;
}

static void pass(unsigned ms)
{
	for (; ms; ms--, w->now++) {
		land();
		pump();
	}
}

static void use(bool used)
{
	pmtu_set_used(&w->pmtu, used, w->now);
}

/* The milliseconds until this MTU is in use, at most `limit`. */
static unsigned until(unsigned mtu, unsigned limit)
{
	unsigned passed = 0;

	while (w->pmtu.mtu != mtu && passed++ < limit)
		pass(1);
	return passed;
}

#define ASSERT_FOUND(size, how) \
	do { \
		assert_int_equal(w->pmtu.mtu, size); \
		assert_int_equal(pmtu_source(&w->pmtu), how); \
		assert_int_equal(w->pmtu.state, PMTU_COMPLETE); \
	} while (0)

/* ---- paths that are as large as the route, or not in use */

static void a_path_that_is_not_used_is_not_probed(void **state)
{
	(void)state;
	watch();
	pass(20 * SECOND);
	assert_int_equal(w->probes, 0);
	assert_int_equal(pmtu_due(&w->pmtu), 0);
	assert_int_equal(w->pmtu.state, PMTU_DISABLED);
}

static void a_large_path_costs_one_probe_each_time(void **state)
{
	(void)state;
	watch();
	use(true);
	pass(1);
	assert_int_equal(w->probes, 1);
	pass(30 * SECOND);
	ASSERT_FOUND(1500, PMTU_ROUTE);
	assert_in_range(w->probes, 10, 11);
	assert_int_equal(w->least, 1500);
}

/* ---- routers that say so */

static void a_router_names_the_size(void **state)
{
	(void)state;
	w->mtu = 1400;
	use(true);
	assert_in_range(until(1400, 100), 2 * RTT, 3 * RTT);
	pass(10);
	ASSERT_FOUND(1400, PMTU_ICMP);
}

static void two_routers_one_after_the_other(void **state)
{
	(void)state;
	w->mtu = 1400;
	w->says = 1450; /* the first one; the second is as narrow as it says */
	use(true);
	pass(RTT);
	w->says = 0;
	assert_in_range(until(1400, 100), RTT, 4 * RTT);
}

static void a_router_that_names_nothing(void **state)
{
	(void)state;
	w->mtu = 1400;
	w->says = 1; /* RFC 791 routers: 0; below the least is as good */
	use(true);
	pass(15 * SECOND);
	ASSERT_FOUND(1400, PMTU_PROBE);
}

static void a_size_above_the_probe_is_nothing(void **state)
{
	(void)state;
	w->mtu = 1400;
	w->says = 9000;
	use(true);
	pass(15 * SECOND);
	ASSERT_FOUND(1400, PMTU_PROBE);
}

static void a_lie_is_not_believed_before_a_probe_proves_it(void **state)
{
	(void)state;
	watch();
	use(true);
	for (int i = 0; i < 100; i++) {
		pmtu_hint(&w->pmtu, 600, w->now);
		pass(100);
	}
	ASSERT_FOUND(1500, PMTU_ROUTE);
	assert_int_equal(w->least, 1500);
	assert_in_range(w->probes, 2, 12); /* one a second at most */
}

static void a_hint_is_checked_at_once(void **state)
{
	(void)state;
	use(true);
	pass(5 * SECOND);
	w->mtu = 1300;
	pass(10);
	pmtu_hint(&w->pmtu, 1300, w->now);
	assert_in_range(until(1300, 100), 1, 3 * RTT);
}

static void a_hint_that_is_no_news_is_nothing(void **state)
{
	(void)state;
	w->mtu = 1400;
	use(true);
	pass(SECOND);
	watch();
	pmtu_hint(&w->pmtu, 1400, w->now);
	pass(100);
	assert_int_equal(w->probes, 0);
}

/* ---- black holes */

static void a_black_hole_is_found_by_probes(void **state)
{
	(void)state;
	w->icmp = false;
	w->mtu = 1400;
	watch();
	use(true);
	pass(2500);
	assert_in_range(w->pmtu.mtu, 1380, 1400); /* traffic goes on */
	assert_in_range(until(1400, 8000), 1, 5000);
	pass(3 * SECOND);
	ASSERT_FOUND(1400, PMTU_PROBE);
	assert_in_range(w->least, 1380, 1400);
}

static void every_size_is_found_to_the_byte(void **state)
{
	static const unsigned tops[] = {1500, 1501, 9000, 65535, 600, 577};

	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		for (unsigned step = 0; step < 25; step++) {
			setup(state);
			pmtu_init(&w->pmtu, tops[i], 0, w->now);
			w->icmp = false;
			w->mtu = PMTU_FLOOR + (tops[i] - PMTU_FLOOR) * step / 24;
			use(true);
			pass(20 * SECOND);
			assert_int_equal(w->pmtu.mtu, w->mtu);
			assert_int_equal(w->pmtu.state, PMTU_COMPLETE);
		}
}

static void a_path_that_shrinks_is_noticed(void **state)
{
	(void)state;
	use(true);
	pass(7 * SECOND);
	w->icmp = false;
	w->mtu = 1280;
	assert_in_range(until(1280, 20000), 1, 12000);
	pass(10 * SECOND);
	w->icmp = true;
	w->mtu = 1000;
	assert_in_range(until(1000, 20000), 1, PMTU_CONFIRM_MS + 4 * RTT);
}

static void nothing_goes_below_the_floor(void **state)
{
	(void)state;
	w->mtu = 300;
	use(true);
	pass(60 * SECOND);
	assert_int_equal(w->pmtu.mtu, 1500); /* as if the path took no probe at all */
	assert_int_equal(w->pmtu.state, PMTU_ERROR);
}

static void a_small_route_has_no_room_for_a_search(void **state)
{
	(void)state;
	pmtu_init(&w->pmtu, 400, 0, w->now);
	w->mtu = 300;
	use(true);
	pass(20 * SECOND);
	assert_int_equal(w->pmtu.mtu, 400);
}

/* ---- losses that say nothing about sizes */

static void a_dead_path_keeps_its_mtu(void **state)
{
	(void)state;
	w->mtu = 1400;
	use(true);
	pass(5 * SECOND);
	w->down = true;
	watch();
	pass(600 * SECOND);
	assert_int_equal(w->pmtu.mtu, 1400);
	assert_int_equal(w->pmtu.state, PMTU_ERROR);
	assert_in_range(w->probes, 10, 200); /* one in three seconds */
	w->down = false;
	pass(PMTU_PAUSE_MS + SECOND);
	ASSERT_FOUND(1400, PMTU_ICMP);
}

static void outages_of_any_length_change_nothing(void **state)
{
	(void)state;
	w->icmp = false;
	use(true);
	pass(SECOND);
	watch();
	for (unsigned ms = 50; ms < 8000; ms += 50) {
		w->down = true;
		pass(ms);
		w->down = false;
		pass(777);
	}
	assert_int_equal(w->least, 1500);
}

static void an_outage_during_the_search_does_not_narrow_it(void **state)
{
	(void)state;
	for (unsigned begin = 0; begin < 9000; begin += 100) {
		setup(state);
		w->icmp = false;
		w->mtu = 1400;
		use(true);
		pass(begin);
		w->down = true;
		pass(3000);
		w->down = false;
		pass(40 * SECOND);
		assert_int_equal(w->pmtu.mtu, 1400);
	}
}

static void a_lossy_path_keeps_its_mtu(void **state)
{
	(void)state;
	w->one_in = 10;
	use(true);
	pass(1000 * SECOND);
	assert_int_equal(w->pmtu.mtu, 1500);
	w->mtu = 1400;
	pass(600 * SECOND);
	assert_int_equal(w->pmtu.mtu, 1400);
}

/* ---- a path that widens */

static void a_wider_path_is_found_by_the_raise_timer(void **state)
{
	(void)state;
	w->mtu = 1400;
	use(true);
	pass(SECOND);
	w->mtu = 1500;
	pass(PMTU_RAISE_MS - 10 * SECOND);
	assert_int_equal(w->pmtu.mtu, 1400);
	pass(15 * SECOND);
	ASSERT_FOUND(1500, PMTU_ROUTE);
}

static void a_path_that_is_a_little_wider(void **state)
{
	(void)state;
	w->icmp = false;
	w->mtu = 1400;
	use(true);
	pass(15 * SECOND);
	w->mtu = 1433;
	pass(PMTU_RAISE_MS + 15 * SECOND);
	ASSERT_FOUND(1433, PMTU_PROBE);
}

static void a_path_that_stays_narrow_costs_little(void **state)
{
	(void)state;
	w->icmp = false;
	w->mtu = 1400;
	use(true);
	pass(20 * SECOND);
	watch();
	pass(PMTU_RAISE_MS + 30 * SECOND);
	ASSERT_FOUND(1400, PMTU_PROBE);
	assert_int_equal(w->least, 1400);
	assert_int_equal(w->largest, 1400);
	assert_in_range(w->probes, 200, 300);
}

static void a_restart_looks_at_once(void **state)
{
	(void)state;
	w->mtu = 1400;
	use(true);
	pass(SECOND);
	w->mtu = 1500;
	pmtu_restart(&w->pmtu);
	assert_in_range(until(1500, 100), 1, 2 * RTT);
}

static void an_answer_from_a_dead_path_is_followed(void **state)
{
	(void)state;
	use(true);
	w->down = true;
	pass(300 * SECOND);
	w->down = false;
	pmtu_came_back(&w->pmtu, 1500);
	pass(100);
	ASSERT_FOUND(1500, PMTU_ROUTE);
}

/* ---- the route */

static void a_smaller_route_is_followed_at_once(void **state)
{
	(void)state;
	use(true);
	pass(SECOND);
	pmtu_set_top(&w->pmtu, 1200);
	assert_int_equal(w->pmtu.mtu, 1200);
	pass(SECOND);
	ASSERT_FOUND(1200, PMTU_ROUTE);
}

static void a_larger_route_is_used_when_a_probe_proves_it(void **state)
{
	(void)state;
	use(true);
	pass(SECOND);
	pmtu_set_top(&w->pmtu, 9000);
	watch();
	pass(SECOND);
	assert_int_equal(w->largest, 1500);
	w->mtu = 9000;
	pmtu_restart(&w->pmtu);
	assert_in_range(until(9000, 100), 1, 2 * RTT);
}

static void a_larger_route_that_is_not_used_is_believed(void **state)
{
	(void)state;
	pmtu_set_top(&w->pmtu, 9000);
	assert_int_equal(w->pmtu.mtu, 9000);
}

/* ---- a path that is used now and then */

static void what_was_found_is_used_again(void **state)
{
	(void)state;
	w->mtu = 1400;
	use(true);
	pass(SECOND);
	use(false);
	watch();
	pass(60 * SECOND);
	assert_int_equal(w->probes, 0);
	assert_int_equal(w->pmtu.mtu, 1400);
	use(true);
	pass(SECOND);
	assert_int_equal(w->largest, 1400);
	ASSERT_FOUND(1400, PMTU_ICMP);
}

static void what_was_found_ages(void **state)
{
	(void)state;
	w->mtu = 1400;
	use(true);
	pass(SECOND);
	use(false);
	pass(PMTU_RAISE_MS - 10);
	assert_int_equal(w->pmtu.mtu, 1400);
	assert_int_not_equal(pmtu_due(&w->pmtu), 0);
	pass(20);
	assert_int_equal(w->pmtu.mtu, 1500);
	assert_int_equal(pmtu_due(&w->pmtu), 0);
}

static void a_former_agent_has_left_it(void **state)
{
	(void)state;
	pmtu_init(&w->pmtu, 1500, 1400, w->now);
	assert_int_equal(w->pmtu.mtu, 1400);
	use(true);
	pass(20);
	assert_int_equal(w->pmtu.mtu, 1500);
	pmtu_init(&w->pmtu, 1300, 1400, w->now);
	assert_int_equal(w->pmtu.mtu, 1300);
}

/* ---- a CN that answers no probes (RFC 1191) */

/* The number that a former agent has left is not more certain than a router's. */
static void a_former_number_ages_if_no_probe_comes_back(void **state)
{
	(void)state;
	w->no_answers = true;
	pmtu_init(&w->pmtu, 1500, 1400, w->now);
	use(true);
	pass(60 * SECOND);
	assert_int_equal(w->pmtu.mtu, 1400);
	pass(2 * PMTU_RAISE_MS);
	assert_int_equal(w->pmtu.mtu, 1500);
}

static void a_larger_route_to_a_cn_that_answers_no_probes(void **state)
{
	(void)state;
	w->no_answers = true;
	use(true);
	pass(60 * SECOND);
	assert_int_equal(w->pmtu.mtu, 1500);
	w->mtu = 9000;
	pmtu_set_top(&w->pmtu, 9000);
	assert_int_equal(w->pmtu.mtu, 9000);
}

static void a_router_is_believed_if_no_probe_comes_back(void **state)
{
	(void)state;
	w->no_answers = true;
	w->mtu = 1400;
	use(true);
	pass(5 * SECOND);
	assert_int_equal(w->pmtu.mtu, 1400);
	assert_int_equal(pmtu_source(&w->pmtu), PMTU_ICMP);
	assert_int_equal(w->pmtu.state, PMTU_ERROR);
	pass(PMTU_RAISE_MS * 2);
	assert_int_equal(w->pmtu.mtu, 1400);
	w->mtu = 1500;
	pass(PMTU_RAISE_MS + 2 * PMTU_PAUSE_MS);
	assert_int_equal(w->pmtu.mtu, 1500);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(a_path_that_is_not_used_is_not_probed),
		TEST(a_large_path_costs_one_probe_each_time),
		TEST(a_router_names_the_size),
		TEST(two_routers_one_after_the_other),
		TEST(a_router_that_names_nothing),
		TEST(a_size_above_the_probe_is_nothing),
		TEST(a_lie_is_not_believed_before_a_probe_proves_it),
		TEST(a_hint_is_checked_at_once),
		TEST(a_hint_that_is_no_news_is_nothing),
		TEST(a_black_hole_is_found_by_probes),
		TEST(every_size_is_found_to_the_byte),
		TEST(a_path_that_shrinks_is_noticed),
		TEST(nothing_goes_below_the_floor),
		TEST(a_small_route_has_no_room_for_a_search),
		TEST(a_dead_path_keeps_its_mtu),
		TEST(outages_of_any_length_change_nothing),
		TEST(an_outage_during_the_search_does_not_narrow_it),
		TEST(a_lossy_path_keeps_its_mtu),
		TEST(a_wider_path_is_found_by_the_raise_timer),
		TEST(a_path_that_is_a_little_wider),
		TEST(a_path_that_stays_narrow_costs_little),
		TEST(a_restart_looks_at_once),
		TEST(an_answer_from_a_dead_path_is_followed),
		TEST(a_smaller_route_is_followed_at_once),
		TEST(a_larger_route_is_used_when_a_probe_proves_it),
		TEST(a_larger_route_that_is_not_used_is_believed),
		TEST(what_was_found_is_used_again),
		TEST(what_was_found_ages),
		TEST(a_former_agent_has_left_it),
		TEST(a_former_number_ages_if_no_probe_comes_back),
		TEST(a_larger_route_to_a_cn_that_answers_no_probes),
		TEST(a_router_is_believed_if_no_probe_comes_back),
	};

	return cmocka_run_group_tests_name("the MTU of a path", tests, NULL, NULL);
}
