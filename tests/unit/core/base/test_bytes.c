/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in big-endian bytes: every width, nothing beside it, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/bytes.h"

static void a_number_is_big_endian(void **state)
{
	static const uint8_t bytes[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

	(void)state;
	assert_int_equal(bytes_get(bytes, 0), 0);
	assert_int_equal(bytes_get(bytes, 1), 0x01);
	assert_int_equal(bytes_get(bytes, 2), 0x0123);
	assert_int_equal(bytes_get(bytes, 4), 0x01234567);
	assert_true(bytes_get(bytes, 8) == 0x0123456789abcdefull);
}

static void only_its_bytes_are_written(void **state)
{
	static const uint8_t expected[4] = {0xff, 0x45, 0x67, 0xff};
	uint8_t bytes[4];

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	assert_ptr_equal(bytes_put(bytes + 1, 0x01234567, 2), bytes + 3);
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void what_is_written_is_read(void **state)
{
	uint8_t bytes[8];

	(void)state;
	for (int count = 1; count <= 8; count++) {
		uint64_t value = 0xfedcba9876543210ull >> (64 - 8 * count);

		assert_ptr_equal(bytes_put(bytes, value, count), bytes + count);
		assert_true(bytes_get(bytes, count) == value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_big_endian),
		cmocka_unit_test(only_its_bytes_are_written),
		cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
