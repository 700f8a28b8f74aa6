/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses set aside for a CN, for the time when the register is down: who has a right to them
 * before, then and after.
 */
#include "registry_world.h"

/* A request for so many addresses, which names those of `has`; the answer, or NULL if it waits. */
static const struct mlrp_message *block(int cn, unsigned count, const struct mlrp_message *has)
{
	struct mlrp_message message = {.type = MLRP_BLOCK_REQUEST,
				       .subnet = {ip(cn, 0), 24},
				       .count = (uint16_t)count,
				       .has = MLRP_HAS(MLRP_F_SUBNET) |
					      MLRP_HAS(MLRP_F_COUNT_WANTED) |
					      MLRP_HAS(MLRP_F_ADDRS)};

	if (has) {
		message.addr_count = has->addr_count;
		memcpy(message.addrs, has->addrs, sizeof(message.addrs));
	}
	w->cn[cn].count = 0;
	return ask(cn, &message);
}

static void a_block_is_for_its_cn_alone(void **state)
{
	struct mlrp_message held;
	uint32_t first;

	(void)state;
	first = join(1, 10, 29);
	join(2, 10, 20);
	w->cn[2].count = 0;
	w->disk_waits = true;
	assert_null(block(1, 4, NULL)); /* not before it is on the disk */
	disk_writes();
	w->disk_waits = false;
	held = w->cn[1].box[0];
	assert_int_equal(held.type, MLRP_BLOCK);
	assert_int_equal(held.addr_count, 4);
	for (int i = 0; i < 4; i++)
		expect(held.addrs[i], 1, 29 - i);
	assert_int_equal(w->cn[2].count, 0); /* nobody else hears of it */
	assert_int_equal(record(ip(1, 28))->state, RECORD_IN_BLOCK);
	assert_int_equal(record(ip(1, 28))->current, first);
	refused(2, MLRP_BIND, 7, ip(1, 28), MLRP_E_CONFLICT);
	refused(2, MLRP_CLAIM, 7, ip(1, 28), MLRP_E_CONFLICT);
	assert_int_equal(registry_free_address(w->registry, &held.addrs[0]), -ENOENT);
	for (unsigned i = 0; i < 16; i++)
		expect(offer(1, 100 + i), 1, 10 + (int)i);
	expect(good(2, MLRP_ALLOCATE, 1, ip(1, 28))->addr, 2, 10); /* not even on a wish */
	assert_int_equal(offer(1, 200).v4[1], 2);                 /* borrowed, not from the block */
	assert_int_equal(good(1, MLRP_BIND, 9, ip(1, 28))->state, RECORD_BOUND);
	request_sync(2, (struct version){0}, 50);
	for (int i = 0; i < w->cn[2].count; i++)
		if (w->cn[2].box[i].type == MLRP_STATION)
			assert_int_not_equal(w->cn[2].box[i].station.state, RECORD_IN_BLOCK);
}

static void a_block_is_a_part_of_what_is_free(void **state)
{
	(void)state;
	join(1, 10, 13);
	join(2, 10, 12);
	join(3, 0, 0);
	assert_int_equal(block(1, 16, NULL)->addr_count, 1);
	assert_int_equal(block(2, 16, NULL)->addr_count, 0);
	assert_int_equal(block(3, 16, NULL)->addr_count, 0);
	assert_int_equal(request(1, MLRP_HANDOVER, 0, ip(1, 10))->type, MLRP_ERROR);
}

static void a_block_is_given_back_by_not_naming_it(void **state)
{
	struct mlrp_message held, more;

	(void)state;
	join(1, 10, 49);
	held = *block(1, 4, NULL);
	more = *block(1, 6, &held);
	assert_int_equal(more.addr_count, 6);
	for (int i = 0; i < 4; i++)
		assert_memory_equal(&more.addrs[i], &held.addrs[i], sizeof(held.addrs[i]));
	/* It may have given them out: the register takes only those that it gives up. */
	assert_int_equal(block(1, 2, &more)->addr_count, 6);
	more.addr_count = 2;
	assert_int_equal(block(1, 2, &more)->addr_count, 2);
	assert_int_equal(record(ip(1, 45))->state, RECORD_FREE);
	assert_int_equal(block(1, 0, NULL)->addr_count, 0);
}

static void a_block_outlives_the_register(void **state)
{
	struct mlrp_message held;

	(void)state;
	join(1, 10, 49);
	held = *block(1, 4, NULL);
	begin_from_disk(EPOCH + 1);
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	join(1, 10, 49);
	assert_int_equal(record(ip(1, 49))->state, RECORD_IN_BLOCK);
	assert_int_equal(block(1, 4, &held)->addr_count, 4);
	/* An old copy of the database lacks it: what the CN names and nobody has is set aside. */
	begin(EPOCH + 2);
	join(1, 10, 49);
	good(1, MLRP_BIND, 5, ip(1, 49));
	held = *block(1, 4, &held);
	assert_int_equal(held.addr_count, 4);
	expect(held.addrs[0], 1, 48);
}

/*
 * A client between two cells, one of whose CNs could not ask, took an address of each: it has only
 * one of them.
 */
static void a_station_has_the_lease_that_it_took_last(void **state)
{
	struct mlrp_message report = {.type = MLRP_BIND,
				      .mac = mac(1),
				      .lease = 600,
				      .age = 5000,
				      .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
					     MLRP_HAS(MLRP_F_LEASE) | MLRP_HAS(MLRP_F_AGE)};
	const struct mlrp_message *answer;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	report.addr = block(2, 1, NULL)->addrs[0];
	w->now.ms += 60000;
	struct tmip_addr taken = lease(1, 1);

	w->now.ms += 1000;
	answer = ask(2, &report); /* four seconds before that one */
	assert_int_equal(answer->code, MLRP_E_STALE);
	assert_true(addr_equal(&answer->station.addr, &taken));
	assert_int_equal(record(taken)->state, RECORD_BOUND);
	assert_int_equal(record(report.addr)->state, RECORD_IN_BLOCK);
	report.age = 500; /* half a second after it */
	assert_int_equal(ask(2, &report)->station.state, RECORD_BOUND);
	assert_int_equal(record(taken)->state, RECORD_FREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_block_is_for_its_cn_alone), CASE(a_block_is_a_part_of_what_is_free),
		CASE(a_block_is_given_back_by_not_naming_it), CASE(a_block_outlives_the_register),
		CASE(a_station_has_the_lease_that_it_took_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
