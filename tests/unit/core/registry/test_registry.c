/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register and its disk: what waits until it is written, what is there again after a new start.
 * Requests have tests of their own, a file for each subject as the sources have: test_registry_*.c.
 */
#include "registry_world.h"

static void answers_wait_for_the_disk_and_pushes_do_not(void **state)
{
	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	struct tmip_addr addr = offer(1, 1);

	w->disk_waits = true;
	w->cn[2].count = 0;
	assert_null(request(1, MLRP_BIND, 1, addr));
	assert_int_equal(w->cn[1].count, 1); /* the push, so that versions come in their order */
	assert_int_equal(w->cn[1].box[0].transaction, 0);
	assert_int_equal(w->cn[2].count, 1);
	registry_stored(w->registry, registry_last_number(w->registry) - 1, true);
	assert_int_equal(w->cn[1].count, 1);
	disk_writes();
	assert_int_equal(w->cn[1].count, 2);
	assert_int_equal(w->cn[1].box[1].type, MLRP_STATION);
	assert_null(request(1, MLRP_CLAIM, 2, ip(1, 200)));
	registry_stored(w->registry, registry_last_number(w->registry), false);
	assert_int_equal(last(1)->code, MLRP_E_STORE);
	assert_null(request(1, MLRP_RELEASE, 1, addr));
	close_session(1); /* nobody to answer any more */
	disk_writes();
}

static void everything_stored_is_there_again(void **state)
{
	(void)state;
	join(1, 10, 13);
	uint32_t second = join(2, 10, 13);

	for (unsigned i = 1; i <= 3; i++)
		lease(1, i);
	good(2, MLRP_HANDOVER, 1, ip(1, 10));
	good(1, MLRP_RELEASE, 2, ip(1, 11));
	good(1, MLRP_CLAIM, 9, ip(1, 200));
	good(1, MLRP_DECLINE, 3, ip(1, 12));
	begin_from_disk(EPOCH + 1);
	assert_int_equal(registry_load_station(w->registry, &w->disk.stations[0], w->now),
			 -ENOMEM); /* twice */
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	assert_int_equal(join(2, 10, 13), second);
	join(1, 10, 13);
	assert_int_equal(record(ip(1, 10))->current, second);
	assert_int_equal(record(ip(1, 200))->kind, RECORD_STATIC);
	expect(offer(1, 1), 1, 10);
	expect(offer(1, 2), 1, 11); /* its former owner */
	expect(offer(1, 5), 1, 13); /* .12 is declined */
	request_sync(2, (struct version){EPOCH, 3}, 9);
	assert_int_equal(w->cn[2].box[0].full, 1);
	/* Leases that ended meanwhile stand until the CNs had time to tell of renewals. */
	w->now.unix_s += 10000;
	while (registry_tick(w->registry, w->now))
		;
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	pass(GRACE_S);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	assert_int_equal(record(ip(1, 10))->version.epoch, EPOCH + 1);
}

/* A machine that was suspended: CNs may have renewals that they report now. */
static void after_a_pause_leases_stand_for_the_grace(void **state)
{
	(void)state;
	join(1, 10, 13);
	pass(GRACE_S);
	struct tmip_addr addr = lease(1, 1);

	w->now.ms += 10000000;
	w->now.unix_s += 10000;
	registry_resume(w->registry, w->now);
	pass(GRACE_S - 1);
	assert_int_equal(record(addr)->state, RECORD_BOUND);
	pass(1);
	assert_int_equal(record(addr)->state, RECORD_FREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(answers_wait_for_the_disk_and_pushes_do_not),
		CASE(everything_stored_is_there_again),
		CASE(after_a_pause_leases_stand_for_the_grace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
