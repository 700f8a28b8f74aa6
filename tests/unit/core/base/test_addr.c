/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses, MACs and prefixes: which texts the parsers accept or refuse, and how values print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/addr.h"

static struct prefix prefix_of(const char *addr, uint8_t len)
{
	struct prefix prefix = {.len = len};

	assert_int_equal(addr_parse(addr, &prefix.addr), 0);
	return prefix;
}

static void an_address_is_mapped_ipv4(void **state)
{
	/* RFC 4291, 2.5.5.2 */
	static const uint8_t bytes[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3};
	struct tmip_addr addr;
	char text[ADDR_STRLEN];

	(void)state;
	assert_int_equal(addr_parse("10.1.2.3", &addr), 0);
	assert_memory_equal(&addr, bytes, sizeof(bytes));
	assert_true(addr_is_ipv4(&addr));
	assert_int_equal(addr_to_ipv4(&addr), 0x0a010203);
	assert_string_equal(addr_format(&addr, text), "10.1.2.3");
	addr = addr_from_ipv4(0xffffffff);
	assert_string_equal(addr_format(&addr, text), "255.255.255.255");
}

static void a_zero_address_is_none(void **state)
{
	struct tmip_addr addr = {0};
	char text[ADDR_STRLEN];

	(void)state;
	assert_true(addr_is_zero(&addr));
	assert_false(addr_is_ipv4(&addr));
	assert_string_equal(addr_format(&addr, text), "-");
	addr = addr_from_ipv4(0);
	assert_false(addr_is_zero(&addr));
}

static void wrong_addresses_are_refused(void **state)
{
	static const char *const wrong[] = {
		"", "10.1.2", "10.1.2.3.4", "10.1.2.256", "10.1.2.3 ", " 10.1.2.3", "10.1.2.x",
		"::1", "*",
	};
	struct tmip_addr addr = addr_from_ipv4(7), before = addr;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_true(addr_parse(wrong[i], &addr) < 0);
		assert_memory_equal(&addr, &before, sizeof(addr));
	}
}

static void addresses_are_ordered_as_numbers(void **state)
{
	struct tmip_addr low = addr_from_ipv4(0x0a0000ff), high = addr_from_ipv4(0x0a000100);

	(void)state;
	assert_true(addr_compare(&low, &high) < 0);
	assert_true(addr_compare(&high, &low) > 0);
	assert_int_equal(addr_compare(&low, &low), 0);
	assert_false(addr_equal(&low, &high));
}

static void a_mac_is_read_and_printed(void **state)
{
	static const uint8_t bytes[6] = {0x02, 0xab, 0xCD, 0x00, 0xff, 0x10};
	struct tmip_mac mac;
	char text[MAC_STRLEN];

	(void)state;
	assert_int_equal(mac_parse("02:ab:CD:00:ff:10", &mac), 0);
	assert_memory_equal(mac.octet, bytes, 6);
	assert_string_equal(mac_format(&mac, text), "02:ab:cd:00:ff:10");
	memset(&mac, 0, sizeof(mac));
	assert_true(mac_is_zero(&mac));
	assert_int_equal(mac_parse("02-ab-cd-00-ff-10", &mac), 0);
	assert_memory_equal(mac.octet, bytes, 6);
	assert_false(mac_is_zero(&mac));
}

static void wrong_macs_are_refused(void **state)
{
	static const char *const wrong[] = {
		"", "02:ab:cd:00:ff", "02:ab:cd:00:ff:1", "02:ab:cd:00:ff:100", "02:ab:cd:00:ff:1g",
		"02:ab:cd:00-ff:10", "+2:ab:cd:00:ff:10", " 2:ab:cd:00:ff:10", "02abcd00ff10",
		"02:ab:cd:00:ff:10 ", "0x:ab:cd:00:ff:10", "02.ab.cd.00.ff.10",
	};
	struct tmip_mac mac = {{1, 2, 3, 4, 5, 6}}, before = mac;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_true(mac_parse(wrong[i], &mac) < 0);
		assert_true(mac_equal(&mac, &before));
	}
}

static void a_prefix_contains_its_addresses(void **state)
{
	struct prefix subnet = prefix_of("10.1.2.0", 23), all = prefix_of("0.0.0.0", 0);
	struct prefix one = prefix_of("10.1.2.9", 32);
	struct tmip_addr in = addr_from_ipv4(0x0a0103ff), out = addr_from_ipv4(0x0a010400);
	struct tmip_addr zero = {0};

	(void)state;
	assert_true(prefix_contains(&subnet, &in));
	assert_false(prefix_contains(&subnet, &out));
	assert_true(prefix_contains(&all, &out));
	assert_false(prefix_contains(&all, &zero));
	assert_true(prefix_contains(&one, &one.addr));
	assert_false(prefix_contains(&one, &in));
	assert_int_equal(prefix_mask(0), 0);
	assert_int_equal(prefix_mask(32), 0xffffffff);
	assert_int_equal(prefix_mask(20), 0xfffff000);
}

static void prefixes_overlap_if_one_holds_the_other(void **state)
{
	struct prefix wide = prefix_of("10.0.0.0", 8), narrow = prefix_of("10.200.0.0", 16);
	struct prefix other = prefix_of("11.0.0.0", 16);

	(void)state;
	assert_true(prefix_overlaps(&wide, &narrow));
	assert_true(prefix_overlaps(&narrow, &wide));
	assert_false(prefix_overlaps(&wide, &other));
	assert_false(prefix_overlaps(&other, &narrow));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_mapped_ipv4),
		cmocka_unit_test(a_zero_address_is_none),
		cmocka_unit_test(wrong_addresses_are_refused),
		cmocka_unit_test(addresses_are_ordered_as_numbers),
		cmocka_unit_test(a_mac_is_read_and_printed),
		cmocka_unit_test(wrong_macs_are_refused),
		cmocka_unit_test(a_prefix_contains_its_addresses),
		cmocka_unit_test(prefixes_overlap_if_one_holds_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
