/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that waits has an end: a deadline ends it when nobody else does. Whatever happened
 * before, after a while without any message nothing is pending. All the time the machine's counts
 * are those of its stations.
 */
#include "roam_world.h"

#define STEPS 400
#define ROUNDS 300
#define QUEUE_FULL 48

static unsigned any(unsigned bound)
{
	return (unsigned)random() % bound;
}

static void drop(int index)
{
	memmove(&w->queue[index], &w->queue[index + 1],
		(size_t)(--w->queued - index) * sizeof(w->queue[0]));
}

static void time_passes(uint64_t ms)
{
	w->now += ms;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_tick(w->cn[id].roam, w->now);
}

/* Nobody says anything any more. */
static void become_quiet(void)
{
	for (int i = 0; i < 100; i++) {
		w->queued = 0;
		time_passes(TIMEOUT);
	}
}

static void expect_nothing_pending(uint32_t id)
{
	const struct replica *replica = roam_replica(w->cn[id].roam);

	assert_int_equal(roam_pending(w->cn[id].roam), 0);
	assert_int_equal(roam_next_due(w->cn[id].roam), 0);
	for (const struct replica_station *s = replica->stations; s; s = s->hh.next) {
		assert_int_equal(s->record.state, RECORD_BOUND);
		assert_null(s->attempt);
		assert_int_equal(s->moved_to, 0);
		assert_int_equal(s->quiet_until_ms, 0);
		assert_false(s->refused);
		assert_false(s->kernel.flags & TMIP_STATION_F_STAYS);
	}
}

static void expect_quiet(void)
{
	become_quiet();
	for (uint32_t id = 1; id <= CNS; id++)
		expect_nothing_pending(id);
}

/* CN 3's move overtakes CN 2's own attempt, and is taken back. */
static void an_abort_does_not_disarm_an_attempt(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct mlrp_message message = {.type = MLRP_MOVED, .transaction = 5,
				       .has = MLRP_HAS(MLRP_F_STATION)};

	(void)state;
	seen(2, &addr, &MAC);
	message.station = w->record;
	message.station.current = 3;
	roam_cn_message(w->cn[2].roam, 3, &message, w->now);
	message = (struct mlrp_message){.type = MLRP_ABORT, .addr = addr,
					.version = w->record.version,
					.has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_VERSION)};
	roam_cn_message(w->cn[2].roam, 3, &message, w->now);
	assert_int_equal(roam_pending(w->cn[2].roam), 1);
	w->queued = 0;
	time_passes(TIMEOUT);
	assert_int_equal(roam_pending(w->cn[2].roam), 0);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 1);
	expect_quiet();
}

/* The same with a claim. What the other CN said of the station is all that this one knows. */
static void nor_a_claim(void **state)
{
	struct tmip_addr addr = ip(2, 50);
	struct mlrp_message message = {.type = MLRP_MOVED, .transaction = 5,
				       .has = MLRP_HAS(MLRP_F_STATION)};

	(void)state;
	seen(2, &addr, &STRANGER);
	message.station = (struct station_record){.addr = addr, .mac = STRANGER, .parent = 2,
						  .kind = RECORD_STATIC, .state = RECORD_BOUND,
						  .current = 3, .version = {3, 1}};
	roam_cn_message(w->cn[2].roam, 3, &message, w->now);
	message = (struct mlrp_message){.type = MLRP_ABORT, .addr = addr,
					.has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_VERSION)};
	roam_cn_message(w->cn[2].roam, 3, &message, w->now);
	w->queued = 0;
	time_passes(TIMEOUT);
	assert_int_equal(roam_pending(w->cn[2].roam), 0);
	expect(2, addr, TMIP_STATION_AWAY, 3);
	expect_quiet();
}

static void a_refusal_leaves_another_s_move_its_deadline(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct mlrp_message message = {.type = MLRP_MOVED, .transaction = 5,
				       .has = MLRP_HAS(MLRP_F_STATION)};

	(void)state;
	w->refuse = MLRP_E_REFUSED;
	seen(2, &addr, &MAC);
	message.station = w->record;
	message.station.current = 3;
	roam_cn_message(w->cn[2].roam, 3, &message, w->now);
	deliver_between(2, REGISTER);
	deliver_between(REGISTER, 2);
	assert_int_equal(roam_pending(w->cn[2].roam), 0);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 3);
	w->queued = 0;
	time_passes(TIMEOUT);
	time_passes(ASK_CN);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 1);
	expect_quiet();
}

static void a_damped_station_is_free_to_move_after_its_time(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	w->refuse = MLRP_E_DAMPED;
	seen(2, &addr, &MAC);
	deliver_all();
	assert_true(entry(2, addr)->flags & TMIP_STATION_F_STAYS);
	time_passes(DAMPED - 1);
	assert_true(entry(2, addr)->flags & TMIP_STATION_F_STAYS);
	time_passes(1);
	assert_false(entry(2, addr)->flags & TMIP_STATION_F_STAYS);
	expect_quiet();
}

/* ---- anything at all */

/* What the machine counts as it goes, against its stations. */
static void expect_counts(uint32_t id)
{
	const struct replica *replica = roam_replica(w->cn[id].roam);
	const struct replica_station *s;
	struct roam_counts counts, expected = {0};
	unsigned near = 0, listed = 0;

	for (s = replica->stations; s; s = s->hh.next) {
		near += s->kernel.state != TMIP_STATION_ELSEWHERE;
		if (!s->shown)
			continue;
		expected.stations[s->kernel.state]++;
		expected.stations[0] += s->kernel.state != TMIP_STATION_BLOCKED;
		expected.silent += replica_silent(s);
	}
	for (s = replica->near; s; s = s->near_next, listed++)
		assert_int_not_equal(s->kernel.state, TMIP_STATION_ELSEWHERE);
	assert_int_equal(listed, near);
	assert_int_equal(replica->near_count, near);
	roam_count(w->cn[id].roam, &counts);
	assert_memory_equal(counts.stations, expected.stations, sizeof(expected.stations));
	assert_int_equal(counts.silent, expected.silent);
}

static void deliver_any(void)
{
	int index = w->queued ? (int)any((unsigned)w->queued) : -1;

	if (index < 0)
		return;
	deliver_between(w->queue[index].from, w->queue[index].to);
}

/*
 * The register has lost nothing, although this one knows one station only: of those that it has
 * lost, reports go on until it answers.
 */
static void find_register(void)
{
	w->register_down = false;
	for (uint32_t id = 1; id <= CNS; id++) {
		roam_sync_start(w->cn[id].roam, false);
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
		roam_sync_end(w->cn[id].roam, w->now);
	}
}

static void step(void)
{
	static const uint16_t errors[] = {0, 0, 0, MLRP_E_REFUSED, MLRP_E_DAMPED, MLRP_E_CONFLICT,
					  MLRP_E_UNKNOWN, MLRP_E_STORE, MLRP_E_STALE};
	struct tmip_addr addr = any(3) ? ip(1, 9) : ip(2, 50);
	unsigned what = any(100);

	while (w->queued > QUEUE_FULL)
		drop((int)any((unsigned)w->queued));
	for (uint32_t id = 1; id <= CNS; id++)
		w->cn[id].logged[0] = '\0';
	if (what < 30)
		seen(1 + any(CNS), any(8) ? &addr : NULL, any(8) ? &MAC : &STRANGER);
	else if (what < 70)
		deliver_any();
	else if (what < 75 && w->queued)
		drop((int)any((unsigned)w->queued));
	else if (what < 85)
		time_passes(any(TIMEOUT));
	else if (what < 95)
		w->refuse = errors[any(sizeof(errors) / sizeof(errors[0]))];
	else if (what < 97)
		w->register_down ? find_register() : lose_register(true);
	else if (what < 99)
		roam_silent(w->cn[1 + any(CNS)].roam, &addr, "it answers no probe");
	else
		answer_asked(1 + any(CNS), &addr, 1 + any(4));
	for (uint32_t id = 1; id <= CNS; id++)
		expect_counts(id);
}

static void after_anything_nothing_is_pending(void **state)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		teardown(state);
		setup(state);
		w->crowd = true;
		srandom(round);
		for (int i = 0; i < STEPS; i++)
			step();
		if (w->register_down)
			find_register();
		expect_quiet();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_abort_does_not_disarm_an_attempt),
		CASE(nor_a_claim),
		CASE(a_refusal_leaves_another_s_move_its_deadline),
		CASE(a_damped_station_is_free_to_move_after_its_time),
		CASE(after_anything_nothing_is_pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
