/* SPDX-License-Identifier: BSD-2-Clause */
/* What the `custom` functions of both programs share: a refusal with its reason, and ports. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/config.h"

static void a_refusal_has_its_reason(void **state)
{
	char why[64];

	(void)state;
	assert_int_equal(config_refuse(why, sizeof(why), "`%s' is one of %d", "x", 7), -EINVAL);
	assert_string_equal(why, "`x' is one of 7");
}

static void a_reason_is_cut_to_its_room(void **state)
{
	char why[8] = "unused_";

	(void)state;
	assert_int_equal(config_refuse(why, 5, "%s", "too long"), -EINVAL);
	assert_string_equal(why, "too ");
	assert_int_equal(why[5], 'd');
}

static void ports_are_parsed(void **state)
{
	static const struct { const char *text; unsigned port; } ports[] = {
		{"1", 1}, {"6554", 6554}, {"65535", 65535},
	};
	char why[64];

	(void)state;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		unsigned port = 0;

		assert_int_equal(config_parse_port(ports[i].text, &port, why, sizeof(why)), 0);
		assert_int_equal(port, ports[i].port);
	}
}

static void wrong_ports_are_refused(void **state)
{
	static const char *const wrong[] = {"", "0", "65536", "99999999999999999999", "80x", "x",
					    "-1"};
	unsigned port = 7;
	char why[64];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(config_parse_port(wrong[i], &port, why, sizeof(why)), -EINVAL);
		assert_non_null(strstr(why, "' is not a port"));
		assert_int_equal(port, 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_has_its_reason),
		cmocka_unit_test(a_reason_is_cut_to_its_room),
		cmocka_unit_test(ports_are_parsed),
		cmocka_unit_test(wrong_ports_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
