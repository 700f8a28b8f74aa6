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
	w->now++;
	event = follows(3);
	roam_followed(w->cn[1].roam, &event, w->now);
	deliver_between(1, 2);
	expect(2, ADDR, TMIP_STATION_ELSEWHERE, 3);
}

static void nobody_confirms(void **state)
{
	struct tmip_event event = follows(2);
	struct tmip_addr addr = ADDR;

	(void)state;
	roam_followed(w->cn[1].roam, &event, w->now);
	expect(1, ADDR, TMIP_STATION_AWAY, 2);
	time_goes(1, TIMEOUT);
	assert_int_equal(w->cn[1].asked_cn, 2);
	expect(1, ADDR, TMIP_STATION_AWAY, 2);
	roam_cn_asked(w->cn[1].roam, &addr, 2, false, w->now);
	expect(1, ADDR, TMIP_STATION_HOME, 1);
	assert_int_equal(roam_next_due(w->cn[1].roam), 0);
	event = follows(2); /* no answer */
	roam_followed(w->cn[1].roam, &event, w->now);
	time_goes(1, TIMEOUT);
	expect(1, ADDR, TMIP_STATION_AWAY, 2);
	time_goes(1, ASK_CN);
	expect(1, ADDR, TMIP_STATION_HOME, 1);
	assert_int_equal(roam_next_due(w->cn[1].roam), 0);
}

/* The agent of the new CN is away. Its programs have the station, so the parent reports it. */
static void the_parent_reports_for_a_dead_agent(void **state)
{
	struct tmip_event event = follows(2);
	struct tmip_addr addr = ADDR;
	const struct mlrp_message *said;

	(void)state;
	roam_followed(w->cn[1].roam, &event, w->now);
	for (int i = 0; i < 3; i++) { /* a register that does not know FOLLOWED never answers */
		w->queued = 0;
		time_goes(1, TIMEOUT);
		w->cn[1].asked_cn = 0;
		roam_cn_asked(w->cn[1].roam, &addr, 3, true, w->now); /* of another question */
		assert_int_equal(w->queued, 0);
		roam_cn_asked(w->cn[1].roam, &addr, 2, true, w->now);
		expect(1, ADDR, TMIP_STATION_AWAY, 2);
		assert_int_equal(w->queued, 1);
		said = &w->queue[0].message;
		assert_int_equal(said->type, MLRP_FOLLOWED);
		assert_int_equal(said->cn.id, 2);
		assert_memory_equal(&said->addr, &addr, sizeof(addr));
	}
	w->queued = 0;
	w->record.current = 2; /* the register's answer: a push */
	w->record.version.seq = ++w->seq;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
	expect_everywhere(2);
	assert_int_equal(roam_next_due(w->cn[1].roam), 0);
}

/* Neither the parent nor the CN of the record: others report the move. */
static void who_has_nothing_to_do_with_it_reports_nothing(void **state)
{
	struct tmip_event event = event_of(TMIP_EVENT_FOLLOWED, 99);
	struct tmip_addr addr = ADDR;

	(void)state;
	event.peer = tunnel(2);
	roam_followed(w->cn[3].roam, &event, w->now);
	expect(3, ADDR, TMIP_STATION_ELSEWHERE, 2);
	time_goes(3, TIMEOUT);
	roam_cn_asked(w->cn[3].roam, &addr, 2, true, w->now);
	expect(3, ADDR, TMIP_STATION_ELSEWHERE, 2);
	assert_int_equal(w->queued, 0);
	time_goes(3, TIMEOUT);
	roam_cn_asked(w->cn[3].roam, &addr, 2, false, w->now);
	expect_everywhere(1);
}

/* The programs of the parent and of the previous CN learn it whether their agents listen or not. */
static void the_programs_of_the_others_are_told(void **state)
{
	struct tmip_addr addr = ADDR;

	(void)state;
	seen(2, &addr, &MAC);
	assert_int_equal(w->cn[2].told_count, 1);
	assert_int_equal(w->cn[2].told[0], 1);
	deliver_all();
	seen(3, &addr, &MAC);
	assert_int_equal(w->cn[3].told_count, 2);
	assert_int_equal(w->cn[3].told[0], 1);
	assert_int_equal(w->cn[3].told[1], 2);
	assert_int_equal(w->cn[3].cns_told, 0);
	deliver_all();
	assert_int_equal(w->cn[3].cns_told, 2); /* their agents have answered */
	seen(1, &addr, &MAC);
	assert_int_equal(w->cn[1].told_count, 1);
	assert_int_equal(w->cn[1].told[0], 3);
	deliver_all();
	expect_everywhere(1);
	assert_int_equal(w->cn[1].told_count, 1);
}

/* This CN stood still: the station may have moved on since. */
static void an_old_arrival_is_asked_about(void **state)
{
	struct tmip_event event = enters(2);

	(void)state;
	w->now += 60000;
	roam_seen(w->cn[2].roam, &event, w->now);
	assert_int_equal(w->queued, 0);
	assert_int_equal(w->cn[2].probed, 1);
	assert_int_equal(w->cn[2].recalled_ifindex, 20);
	expect_everywhere(1);
	event = event_of(TMIP_EVENT_SEEN, 20); /* its answer */
	roam_seen(w->cn[2].roam, &event, w->now);
	deliver_all();
	expect_everywhere(2);
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
	event.peer = tunnel(1); /* it is there already */
	roam_followed(w->cn[3].roam, &event, w->now);
	event.addr = ip(1, 200);                      /* no station */
	roam_followed(w->cn[1].roam, &event, w->now);
	assert_int_equal(w->queued, 0);
	expect_everywhere(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_agents_confirm), CASE(the_previous_cn_hears_of_it_from_the_parent),
		CASE(nobody_confirms), CASE(the_parent_reports_for_a_dead_agent),
		CASE(who_has_nothing_to_do_with_it_reports_nothing),
		CASE(the_programs_of_the_others_are_told), CASE(an_old_arrival_is_asked_about),
		CASE(the_register_refuses),
		CASE(a_late_program_is_put_right),
		CASE(a_program_that_moves_what_stays_is_put_right),
		CASE(nonsense_changes_nothing),
	};

	return cmocka_run_group_tests_name("handovers that the programs begin", tests, NULL, NULL);
}
