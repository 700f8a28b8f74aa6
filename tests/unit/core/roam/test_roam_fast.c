/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BPF programs take the first step of a handover before the agents hear of it
 * (TMIP_EVENT_ARRIVED, TMIP_EVENT_FOLLOWED). The agents confirm that step or undo it; in the end
 * their maps agree with them.
 */
#include "roam_world.h"

#define ADDR ip(1, 9)

static struct tmip_station *entry_at(uint32_t id)
{
	struct tmip_station *found = (struct tmip_station *)entry(id, ADDR);

	assert_non_null(found);
	return found;
}

static struct tmip_event event_of(uint32_t type, uint32_t ifindex)
{
	return (struct tmip_event){
		.type = type, .ifindex = ifindex, .addr = ADDR, .mac = MAC,
		.protocol = __builtin_bswap16(0x0800), .time_ns = w->now * 1000000,
	};
}

/* Does to the map what the program in the cell of that CN does. */
static struct tmip_event enters(uint32_t id)
{
	struct tmip_station *found = entry_at(id);

	found->ifindex = id * 10;
	found->current = tunnel(id);
	found->state = found->home_ifindex ? TMIP_STATION_HOME : TMIP_STATION_VISITING;
	return event_of(TMIP_EVENT_ARRIVED, id * 10);
}

/* Does to the map what the program on the backbone of the parent does. */
static struct tmip_event follows(uint32_t to)
{
	struct tmip_station *found = entry_at(1);
	struct tmip_event event = event_of(TMIP_EVENT_FOLLOWED, 99);

	found->ifindex = 0;
	found->current = event.peer = tunnel(to);
	found->state = TMIP_STATION_AWAY;
	return event;
}

static void the_agents_confirm(void **state)
{
	struct tmip_event event;

	(void)state;
	event = enters(2);
	roam_seen(w->cn[2].roam, &event, w->now);
	event = follows(2);
	roam_followed(w->cn[1].roam, &event, w->now);
	expect(1, ADDR, TMIP_STATION_AWAY, 2);
	assert_int_equal(tunnel_type(1, 2), TMIP_TUNNEL_4IN4);
	assert_int_equal(w->cn[1].announced_ifindex, 10); /* before any message */
	deliver_all();
	expect_everywhere(2);
	event = enters(1);
	roam_seen(w->cn[1].roam, &event, w->now);
	deliver_all();
	expect_everywhere(1);
}

static void the_previous_cn_hears_of_it_from_the_parent(void **state)
{
	struct tmip_addr addr = ADDR;
	struct tmip_event event;

	(void)state;
	seen(2, &addr, &MAC);
	deliver_all();
	event = follows(3);
	roam_followed(w->cn[1].roam, &event, w->now);
	deliver_between(1, 2);
	expect(2, ADDR, TMIP_STATION_ELSEWHERE, 3);
}

static void nobody_confirms(void **state)
{
	struct tmip_event event = follows(2);

	(void)state;
	roam_followed(w->cn[1].roam, &event, w->now);
	expect(1, ADDR, TMIP_STATION_AWAY, 2);
	w->now += TIMEOUT;
	roam_tick(w->cn[1].roam, w->now);
	expect(1, ADDR, TMIP_STATION_HOME, 1);
}

static void the_register_refuses(void **state)
{
	struct tmip_event event = enters(2);

	(void)state;
	w->refuse = MLRP_E_DAMPED;
	roam_seen(w->cn[2].roam, &event, w->now);
	event = follows(2);
	roam_followed(w->cn[1].roam, &event, w->now);
	deliver_all();
	expect_everywhere(1);
	assert_int_equal(entry_at(2)->flags, TMIP_STATION_F_STAYS); /* for the program */
	w->refuse = 0;
	w->now += DAMPED;
	event = event_of(TMIP_EVENT_SEEN, 20);
	roam_seen(w->cn[2].roam, &event, w->now);
	deliver_all();
	expect_everywhere(2);
	assert_int_equal(entry_at(2)->flags, 0);
}

/* The programs cannot know what the agent has decided meanwhile. */
static void a_late_program_is_put_right(void **state)
{
	struct tmip_addr addr = ADDR;
	struct tmip_event event = event_of(TMIP_EVENT_FOLLOWED, 99);

	(void)state;
	w->now += 5;
	seen(3, &addr, &MAC);
	deliver_all();
	expect_everywhere(3);
	entry_at(1)->current = event.peer = tunnel(2); /* an older move, written last */
	roam_followed(w->cn[1].roam, &event, w->now);
	expect_everywhere(3);
}

static void a_program_that_moves_what_stays_is_put_right(void **state)
{
	struct tmip_event event;

	(void)state;
	w->refuse = MLRP_E_DAMPED;
	event = event_of(TMIP_EVENT_SEEN, 20);
	roam_seen(w->cn[2].roam, &event, w->now);
	deliver_all();
	event = enters(2); /* on another CPU, which has not seen the flag yet */
	roam_seen(w->cn[2].roam, &event, w->now);
	assert_int_equal(w->queued, 0);
	expect(2, ADDR, TMIP_STATION_ELSEWHERE, 1);
}

static void nonsense_changes_nothing(void **state)
{
	struct tmip_event event = event_of(TMIP_EVENT_FOLLOWED, 99);

	(void)state;
	event.peer = tunnel(7); /* no CN */
	roam_followed(w->cn[1].roam, &event, w->now);
	event.peer = tunnel(2);
	roam_followed(w->cn[3].roam, &event, w->now); /* not the parent */
	event.addr = ip(1, 200);                      /* no station */
	roam_followed(w->cn[1].roam, &event, w->now);
	assert_int_equal(w->queued, 0);
	expect_everywhere(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_agents_confirm), CASE(the_previous_cn_hears_of_it_from_the_parent),
		CASE(nobody_confirms), CASE(the_register_refuses),
		CASE(a_late_program_is_put_right),
		CASE(a_program_that_moves_what_stays_is_put_right),
		CASE(nonsense_changes_nothing),
	};

	return cmocka_run_group_tests_name("handovers that the programs begin", tests, NULL, NULL);
}
