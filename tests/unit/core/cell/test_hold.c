/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets held for stations that have left: order, bounds, time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/addr.h"
#include "core/cell/hold.h"

#define OVERHEAD 16 /* the bytes that a held packet takes in memory besides its frame */

static const struct hold_options SMALL = {
	.station_bytes = 10 * (100 + OVERHEAD), .total_bytes = 25 * (100 + OVERHEAD),
};

static struct tmip_addr station(unsigned i)
{
	return addr_from_ipv4(0x0a000000u + i);
}

static int push(struct hold *hold, unsigned i, uint8_t mark)
{
	struct tmip_addr addr = station(i);
	uint8_t frame[100];

	memset(frame, mark, sizeof(frame));
	return hold_push(hold, &addr, frame, sizeof(frame));
}

static int pop(struct hold *hold, unsigned i)
{
	struct tmip_addr addr = station(i);
	size_t len = 0;
	const uint8_t *frame = hold_pop(hold, &addr, &len);

	if (!frame)
		return -1;
	assert_int_equal(len, 100);
	assert_int_equal(frame[0], frame[99]);
	return frame[0];
}

static void begin(struct hold *hold, unsigned i, uint64_t deadline)
{
	struct tmip_addr addr = station(i);

	assert_int_equal(hold_begin(hold, &addr, deadline), 0);
}

static unsigned end(struct hold *hold, unsigned i)
{
	struct tmip_addr addr = station(i);

	return hold_end(hold, &addr);
}

static void assert_empty(const struct hold *hold)
{
	struct hold_counts counts;

	hold_count(hold, &counts);
	assert_int_equal(counts.packets, 0);
	assert_int_equal(counts.bytes, 0);
	assert_int_equal(counts.held, counts.replayed + counts.expired);
}

static void test_in_order(void **state)
{
	struct hold *hold = hold_create(&SMALL);
	struct tmip_addr other = station(2);

	(void)state;
	assert_int_equal(push(hold, 1, 0), -ENOENT);
	assert_int_equal(hold_waiting(hold, &other), 0);
	begin(hold, 1, 1000);
	assert_int_equal(push(hold, 1, 10), 1);
	for (int i = 11; i < 15; i++)
		assert_int_equal(push(hold, 1, (uint8_t)i), 0);
	other = station(1);
	assert_int_equal(hold_waiting(hold, &other), 5);
	other = station(2);
	assert_int_equal(pop(hold, 1), 10);
	assert_int_equal(push(hold, 1, 15), 0);
	for (int i = 11; i < 16; i++)
		assert_int_equal(pop(hold, 1), i);
	assert_int_equal(pop(hold, 1), -1);
	assert_int_equal(push(hold, 1, 16), 1);
	assert_int_equal(pop(hold, 1), 16);
	assert_false(hold_holds(hold, &other));
	assert_int_equal(end(hold, 1), 0);
	assert_int_equal(end(hold, 1), 0);
	assert_empty(hold);
	hold_destroy(hold);
}

static void test_bounded(void **state)
{
	struct hold *hold = hold_create(&SMALL);
	struct hold_counts counts;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		begin(hold, i, 1000);
	for (int k = 0; k < 30; k++)
		for (unsigned i = 0; i < 3; i++)
			push(hold, i, (uint8_t)k);
	hold_count(hold, &counts);
	assert_int_equal(counts.stations, 3);
	assert_int_equal(counts.packets, 25);
	assert_in_range(counts.bytes, 1, SMALL.total_bytes);
	assert_int_equal(counts.overflow, 90 - 25);
	for (int k = 0; k < 9; k++)
		assert_int_equal(pop(hold, 0), k); /* hold keeps the oldest */
	assert_int_equal(pop(hold, 0), -1);
	assert_int_equal(push(hold, 1, 99), 0); /* again there is room, also for this station */
	assert_int_equal(end(hold, 1), 9);
	assert_int_equal(end(hold, 2), 8);
	assert_empty(hold);
	hold_destroy(hold);
}

static void test_time(void **state)
{
	struct hold *hold = hold_create(&SMALL);
	struct tmip_addr addr;

	(void)state;
	assert_int_equal(hold_next_due(hold), 0);
	begin(hold, 1, 1000);
	begin(hold, 2, 3000);
	begin(hold, 3, 2000); /* after a shorter time was configured */
	begin(hold, 1, 9000); /* again: the first deadline stays */
	push(hold, 3, 1);
	assert_int_equal(hold_next_due(hold), 1000);
	assert_false(hold_expired(hold, 999, &addr));
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned order[] = {1, 3, 2};
		struct tmip_addr expected = station(order[i]);

		assert_true(hold_expired(hold, 5000, &addr));
		assert_true(addr_equal(&addr, &expected));
		assert_int_equal(hold_end(hold, &addr), order[i] == 3);
	}
	assert_false(hold_expired(hold, 5000, &addr));
	assert_int_equal(hold_next_due(hold), 0);
	assert_empty(hold);
	hold_destroy(hold);
}

static void prolong(struct hold *hold, unsigned i, uint64_t deadline)
{
	struct tmip_addr addr = station(i);

	hold_prolong(hold, &addr, deadline);
}

static void test_prolonged(void **state)
{
	struct hold *hold = hold_create(&SMALL);
	struct tmip_addr addr, second = station(2);

	(void)state;
	for (unsigned i = 1; i <= 3; i++)
		begin(hold, i, 1000 * i);
	push(hold, 1, 7);
	prolong(hold, 1, 2500); /* between the others */
	prolong(hold, 9, 100);  /* nothing is held for it */
	assert_int_equal(hold_next_due(hold), 2000);
	assert_true(hold_expired(hold, 2400, &addr));
	assert_true(addr_equal(&addr, &second));
	end(hold, 2);
	assert_false(hold_expired(hold, 2400, &addr));
	assert_int_equal(hold_next_due(hold), 2500);
	prolong(hold, 1, 9000); /* behind the others */
	assert_int_equal(hold_next_due(hold), 3000);
	end(hold, 3);
	assert_int_equal(hold_next_due(hold), 9000);
	assert_int_equal(pop(hold, 1), 7);
	hold_destroy(hold);
}

static void test_destroyed_with_packets(void **state)
{
	struct hold *hold = hold_create(&SMALL);

	(void)state;
	begin(hold, 1, 1000);
	push(hold, 1, 1);
	push(hold, 1, 2);
	pop(hold, 1);
	hold_destroy(hold);
	hold_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_prolonged),
		cmocka_unit_test(test_destroyed_with_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
