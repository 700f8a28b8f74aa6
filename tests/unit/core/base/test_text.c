/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of strangers: what a terminal and JSON can bear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/text.h"

static void assert_clean(const char *text, const char *expected)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", text);
	text_clean(copy);
	assert_string_equal(copy, expected);
}

static void what_is_right_stays(void **state)
{
	(void)state;
	assert_clean("", "");
	assert_clean("cn-1.example ~", "cn-1.example ~");
	assert_clean("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		     "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void control_characters_go(void **state)
{
	(void)state;
	assert_clean("a\nb\tc\x1b[2J\x7f", "a?b?c?[2J?");
	assert_clean("\xc2\x9b" "31m", "??31m"); /* a C1 control: the same as ESC [ */
}

static void what_is_no_utf8_goes(void **state)
{
	(void)state;
	assert_clean("\xff\xfe", "??");
	assert_clean("caf\xe9", "caf?");             /* Latin-1 */
	assert_clean("\xc0\xaf", "??");              /* longer than needed */
	assert_clean("\xe0\x80\xaf", "???");
	assert_clean("\xed\xa0\x80", "???");         /* a surrogate */
	assert_clean("\xf4\x90\x80\x80", "????");    /* beyond the last code point */
	assert_clean("\xf8\x88\x80\x80\x80", "?????");
	assert_clean("\xe2\x82", "??");              /* cut short */
}

static void lines_may_stay(void **state)
{
	char text[] = "one\ntwo\x1b\n";

	(void)state;
	text_clean_lines(text);
	assert_string_equal(text, "one\ntwo?\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_stays),
		cmocka_unit_test(control_characters_go),
		cmocka_unit_test(what_is_no_utf8_goes),
		cmocka_unit_test(lines_may_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
