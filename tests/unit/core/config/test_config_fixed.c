/* SPDX-License-Identifier: BSD-2-Clause */
/* What cannot change while a program runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/config_fixed.h"

struct config {
	unsigned port;
	char name[16];
	unsigned lease;
};

static const struct config_fixed TABLE[] = {
	CONFIG_FIXED(struct config, port), CONFIG_FIXED(struct config, name),
};

static char told[64];

static void differs(const char *directive, void *arg)
{
	(void)arg;
	strcat(told, directive);
	strcat(told, " ");
}

static void keep(const struct config *present, struct config *fresh)
{
	told[0] = '\0';
	config_keep_fixed(TABLE, 2, present, fresh, differs, NULL);
}

static void the_same_values_are_no_news(void **state)
{
	const struct config present = {.port = 1, .name = "a", .lease = 60};
	struct config fresh = {.port = 1, .name = "a", .lease = 90};

	(void)state;
	keep(&present, &fresh);
	assert_string_equal(told, "");
	assert_int_equal(fresh.lease, 90);
}

static void other_values_are_told_and_undone(void **state)
{
	const struct config present = {.port = 1, .name = "a", .lease = 60};
	struct config fresh = {.port = 2, .name = "b", .lease = 90};

	(void)state;
	keep(&present, &fresh);
	assert_string_equal(told, "port name ");
	assert_int_equal(fresh.port, 1);
	assert_string_equal(fresh.name, "a");
	assert_int_equal(fresh.lease, 90);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_values_are_no_news),
		cmocka_unit_test(other_values_are_told_and_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
