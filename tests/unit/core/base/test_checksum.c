/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum: the example of RFC 1071, and a header seen on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/checksum.h"

/* The sum of these bytes is ddf2 (RFC 1071, 3). */
static void the_example_of_the_rfc(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(checksum_compute(bytes, sizeof(bytes), 0), 0xffff - 0xddf2);
}

/* An IPv4 header that carries its checksum sums up to zero. */
static void a_header_with_its_checksum(void **state)
{
	static const uint8_t header[] = {
		0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
		0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7,
	};

	(void)state;
	assert_int_equal(checksum_compute(header, sizeof(header), 0), 0);
}

static void an_odd_byte_is_the_upper_half_of_a_word(void **state)
{
	static const uint8_t odd[] = {0x12, 0x34, 0x56}, even[] = {0x12, 0x34, 0x56, 0x00};

	(void)state;
	assert_int_equal(checksum_compute(odd, sizeof(odd), 0),
			 checksum_compute(even, sizeof(even), 0));
	assert_int_equal(checksum_compute(odd, sizeof(odd), 0), 0xffff - 0x6834);
}

static void a_sum_goes_on_from_another(void **state)
{
	static const uint8_t bytes[] = {0xff, 0xfe};

	(void)state;
	assert_int_equal(checksum_compute(bytes, sizeof(bytes), 3), 0xffff - 2);
	assert_int_equal(checksum_compute(bytes, 0, 0x1ffff), 0xffff - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_of_the_rfc),
		cmocka_unit_test(a_header_with_its_checksum),
		cmocka_unit_test(an_odd_byte_is_the_upper_half_of_a_word),
		cmocka_unit_test(a_sum_goes_on_from_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
