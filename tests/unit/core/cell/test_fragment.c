/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments, byte for byte those of scapy, and ICMP errors (tests/vectors/fragments.py); packets
 * that cannot be fragmented.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cell/fragment.h"
#include "core/cell/icmp_error.h"
#include "vectors/fragments.h"

static uint8_t out[80000];

/* All fragments, one behind the other in `out`. Returns their length. */
static size_t fragment_all(const uint8_t *packet, size_t len, size_t mtu)
{
	struct fragment f;
	uint8_t one[65536];
	size_t bytes, total = 0;

	assert_int_equal(fragment_begin(&f, packet, len, mtu), 0);
	while ((bytes = fragment_next(&f, one))) {
		assert_true(bytes <= mtu);
		assert_true(total + bytes <= sizeof(out));
		memcpy(out + total, one, bytes);
		total += bytes;
	}
	assert_int_equal(fragment_next(&f, one), 0);
	return total;
}

static void fragments_are_those_of_scapy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fragment_cases) / sizeof(fragment_cases[0]); i++) {
		size_t len = fragment_all(fragment_cases[i].whole, fragment_cases[i].whole_len,
					  fragment_cases[i].mtu);

		if (len != fragment_cases[i].pieces_len ||
		    memcmp(out, fragment_cases[i].pieces, len) != 0)
			fail_msg("%s: other fragments", fragment_cases[i].name);
	}
}

static void what_follows_the_packet_is_left_out(void **state)
{
	uint8_t padded[sizeof(whole_fits) + 9];

	(void)state;
	memset(padded, 0xee, sizeof(padded));
	memcpy(padded, whole_fits, sizeof(whole_fits));
	assert_int_equal(fragment_all(padded, sizeof(padded), 1480), sizeof(whole_fits));
	assert_memory_equal(out, whole_fits, sizeof(whole_fits));
}

static void a_packet_without_data_goes_out_once(void **state)
{
	uint8_t header[20];

	(void)state;
	memcpy(header, whole_fits, sizeof(header));
	header[2] = 0;
	header[3] = sizeof(header);
	assert_int_equal(fragment_all(header, sizeof(header), 1480), sizeof(header));
}

static int begin(const uint8_t *packet, size_t len, size_t mtu)
{
	struct fragment f;

	return fragment_begin(&f, packet, len, mtu);
}

static void some_packets_cannot_be_fragmented(void **state)
{
	uint8_t wrong[sizeof(whole_mdns)];

	(void)state;
	assert_int_equal(begin(df, sizeof(df), 1480), -EMSGSIZE);
	assert_int_equal(begin(whole_mdns, sizeof(whole_mdns), 27), -EMSGSIZE);
	assert_int_equal(begin(whole_mdns, sizeof(whole_mdns), 0), -EMSGSIZE);
	assert_int_equal(begin(whole_mdns, 19, 1480), -EINVAL);
	assert_int_equal(begin(whole_mdns, sizeof(whole_mdns) - 1, 1480), -EINVAL);
	memcpy(wrong, whole_mdns, sizeof(wrong));
	wrong[6] = 0x1f;
	wrong[7] = 0xff;
	assert_int_equal(begin(wrong, sizeof(wrong), 1480), -EINVAL);
	wrong[0] = 0x65;
	assert_int_equal(begin(wrong, sizeof(wrong), 1480), -EINVAL);
	wrong[0] = 0x44;
	assert_int_equal(begin(wrong, sizeof(wrong), 1480), -EINVAL);
	wrong[0] = 0x45;
	wrong[2] = wrong[3] = 0;
	assert_int_equal(begin(wrong, sizeof(wrong), 1480), -EINVAL);
}

/* Options that contradict themselves are not copied; nothing is read beyond the header. */
static void wrong_options_end_the_list(void **state)
{
	static const uint8_t wrong[][4] = {{0x94, 0, 0, 0}, {0x94, 1, 0, 0}, {0x94, 5, 0, 0},
					   {1, 1, 1, 0x94}};
	uint8_t packet[1500], one[1500];
	struct fragment f;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memcpy(packet, whole_mdns, sizeof(packet));
		packet[0] = 0x46;
		memcpy(packet + 20, wrong[i], sizeof(wrong[i]));
		assert_int_equal(fragment_begin(&f, packet, sizeof(packet), 1000), 0);
		assert_int_equal(fragment_next(&f, one), 24 + 976);
		assert_memory_equal(one + 20, wrong[i], sizeof(wrong[i]));
		assert_int_equal(fragment_next(&f, one), 20 + 500);
		assert_int_equal(one[0], 0x45);
	}
}

static void the_error_is_that_of_scapy(void **state)
{
	static const uint8_t from[4] = {10, 2, 0, 1};
	uint8_t error[ICMP_ERROR_LEN];

	(void)state;
	assert_int_equal(icmp_error_make(error, df, sizeof(df), from, 1400), 0);
	assert_int_equal(sizeof(icmp_error), ICMP_ERROR_LEN);
	assert_memory_equal(error, icmp_error, sizeof(error));
	assert_int_equal(icmp_error_make(error, df, 67, from, 1400), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_are_those_of_scapy),
		cmocka_unit_test(what_follows_the_packet_is_left_out),
		cmocka_unit_test(a_packet_without_data_goes_out_once),
		cmocka_unit_test(some_packets_cannot_be_fragmented),
		cmocka_unit_test(wrong_options_end_the_list),
		cmocka_unit_test(the_error_is_that_of_scapy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
