/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing CNs up to date: all records or those that changed, in slices, while changes go on; and
 * probers, which get less.
 */
#include "registry_world.h"

static void snapshots_and_deltas(void **state)
{
	struct version before, now;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	request_sync(2, (struct version){0}, 2);
	assert_int_equal(w->cn[2].count, 2);
	assert_int_equal(w->cn[2].box[0].full, 1);
	for (unsigned i = 1; i <= 5; i++)
		lease(1, i);
	before = last(2)->station.version;
	good(1, MLRP_RELEASE, 2, ip(1, 11));
	offer(1, 2); /* the tombstone is under an offer now */
	good(1, MLRP_HANDOVER, 3, ip(1, 12));
	now = registry_version(w->registry);
	request_sync(2, (struct version){0}, 2);
	assert_int_equal(w->cn[2].count, 2 + 5);
	assert_int_equal(w->cn[2].box[0].full, 1);
	assert_int_equal(last(2)->type, MLRP_SYNC_END);
	assert_int_equal(last(2)->version.seq, now.seq);
	request_sync(2, before, 2);
	assert_int_equal(w->cn[2].box[0].full, 0);
	assert_int_equal(w->cn[2].box[1].station.state, RECORD_FREE);
	expect(w->cn[2].box[1].station.addr, 1, 11);
	request_sync(2, now, 2);
	assert_int_equal(w->cn[2].count, 2);
	assert_int_equal(w->cn[2].box[0].full, 0);
	request_sync(2, (struct version){EPOCH, now.seq + 1}, 2);
	assert_int_equal(w->cn[2].box[0].full, 1);
	request_sync(2, (struct version){EPOCH - 1, 1}, 2);
	assert_int_equal(w->cn[2].box[0].full, 1);
}

static void changes_during_a_snapshot_are_not_lost(void **state)
{
	struct station_record seen[8] = {0};
	bool more = true;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	for (unsigned i = 0; i < 5; i++)
		lease(1, i);
	request_sync(2, (struct version){0}, 0);
	registry_sync_continue(w->registry, w->cn[2].session, 2);
	good(1, MLRP_RELEASE, 2, ip(1, 12)); /* the very next one */
	good(1, MLRP_RELEASE, 0, ip(1, 10)); /* was sent already */
	lease(1, 7);
	while (more)
		more = registry_sync_continue(w->registry, w->cn[2].session, 1);
	for (int i = 0; i < w->cn[2].count; i++)
		if (w->cn[2].box[i].type == MLRP_STATION)
			seen[w->cn[2].box[i].station.addr.v4[3] - 10] = w->cn[2].box[i].station;
	for (int i = 0; i < 6; i++) {
		const struct station_record *is = record(ip(1, 10 + i));

		assert_int_equal(seen[i].state, is->state);
		assert_int_equal(seen[i].version.seq, is->version.seq);
	}
	assert_int_equal(last(2)->version.seq, registry_version(w->registry).seq);
}

static void a_lost_tombstone_needs_a_snapshot(void **state)
{
	struct version before;

	(void)state;
	w->stations_max = 3;
	begin(EPOCH);
	join(1, 10, 20);
	join(2, 10, 20);
	for (unsigned i = 1; i <= 3; i++)
		lease(1, i);
	before = registry_version(w->registry);
	request_sync(2, (struct version){0}, 9);
	good(1, MLRP_RELEASE, 2, ip(1, 11));
	request_sync(2, before, 9);
	assert_int_equal(w->cn[2].box[0].full, 0);
	good(1, MLRP_CLAIM, 4, ip(1, 200));
	request_sync(2, before, 9);
	assert_int_equal(w->cn[2].box[0].full, 1);
	assert_int_equal(w->cn[2].count, 2 + 3);
}

static void a_prober_hears_of_all_cns(void **state)
{
	struct mlrp_message message = {.type = MLRP_SYNC, .has = MLRP_HAS(MLRP_F_VERSION)};

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	open_session(0, MLRP_ROLE_PROBE);
	assert_int_equal(w->cn[0].count, 2);
	assert_int_equal(ask(0, &message)->code, MLRP_E_REFUSED);
	lease(1, 1);
	assert_int_equal(w->cn[0].count, 3); /* and of nothing else */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(snapshots_and_deltas),
		CASE(changes_during_a_snapshot_are_not_lost),
		CASE(a_lost_tombstone_needs_a_snapshot),
		CASE(a_prober_hears_of_all_cns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
