/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration reader with a table of the test's own: syntax, types, and the report of each
 * mistake with file and line.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/addr.h"
#include "core/config/config.h"

struct sample {
	char text[16], name[16], path[32];
	bool flag;
	unsigned number;
	struct tmip_addr addr;
	int pairs;
	char last[16];
};

static int add_pair(void *target, char **args, int count, char *why, size_t size)
{
	struct sample *sample = target;

	assert_true(count >= 1 && count <= 2);
	if (strcmp(args[0], "bad") == 0) {
		snprintf(why, size, "bad is not good");
		return -EINVAL;
	}
	sample->pairs++;
	snprintf(sample->last, sizeof(sample->last), "%s", args[count - 1]);
	return 0;
}

#define AT(member) \
	.offset = offsetof(struct sample, member), .size = sizeof(((struct sample *)0)->member)

static const struct config_directive TABLE[] = {
	{"text", CONFIG_TEXT, AT(text)},
	{"name", CONFIG_NAME, AT(name), .required = true},
	{"path", CONFIG_PATH, AT(path)},
	{"flag", CONFIG_BOOL, AT(flag)},
	{"number", CONFIG_NUMBER, AT(number), .min = 3, .max = 70000},
	{"addr", CONFIG_ADDR, AT(addr)},
	{"pair", CONFIG_CUSTOM, .custom = add_pair, .min = 1, .max = 2, .repeatable = true,
	 .hint = "one or two words"},
	{"nmae", CONFIG_MISTAKE, .hint = "it is spelled `name'"},
};
#define COUNT ((int)(sizeof(TABLE) / sizeof(TABLE[0])))

static struct sample sample;
static char errors[2048];

static int read_bytes(const char *text, size_t len)
{
	memset(&sample, 0, sizeof(sample));
	return config_read(TABLE, COUNT, "x.rc", text, len, &sample, errors, sizeof(errors));
}

static int read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void all_types_are_read(void **state)
{
	struct tmip_addr expected;

	(void)state;
	assert_int_equal(read_text("text \"a b # c\"\nname n-1.x_2 # comment\n\n"
				   "  # only a comment\n\tpath /var/log/x\r\nflag on\n"
				   "number 70000\naddr 10.0.5.7\npair one\npair one two"), 0);
	assert_string_equal(errors, "");
	assert_string_equal(sample.text, "a b # c");
	assert_string_equal(sample.name, "n-1.x_2");
	assert_string_equal(sample.path, "/var/log/x");
	assert_true(sample.flag);
	assert_int_equal(sample.number, 70000);
	addr_parse("10.0.5.7", &expected);
	assert_true(addr_equal(&sample.addr, &expected));
	assert_int_equal(sample.pairs, 2);
	assert_string_equal(sample.last, "two");
}

static void booleans_have_words(void **state)
{
	(void)state;
	assert_int_equal(read_text("name n\nflag true"), 0);
	assert_true(sample.flag);
	assert_int_equal(read_text("name n\nflag yes"), 0);
	assert_true(sample.flag);
	assert_int_equal(read_text("name n\nflag false"), 0);
	assert_false(sample.flag);
	assert_int_equal(read_text("name n\nflag off"), 0);
	assert_int_equal(read_text("name n\nflag no"), 0);
	assert_int_equal(read_text("name n\nflag maybe"), 1);
}

/* Each of these texts has one mistake. Its report contains the text beside it. */
static void every_mistake_is_told(void **state)
{
	static const struct { const char *text, *error; } cases[] = {
		{"name n\nnaem n2\n", "x.rc:2: unknown directive `naem'; is `name' meant?"},
		{"name n\nsomething_else n2\n", "x.rc:2: unknown directive `something_else'\n"},
		{"name n\nnmae n\n", "it is spelled `name'"},
		{"name n\nflag perhaps\n",
		 "x.rc:2: directive `flag': `perhaps' is neither true nor false"},
		{"name n\nnumber 2\n",
		 "x.rc:2: directive `number': `2' is not a number from 3 to 70000"},
		{"name n\nnumber 70001\n", "3 to 70000"},
		{"name n\nnumber 99999999999999999999999\n", "3 to 70000"},
		{"name n\nnumber -5\n", "3 to 70000"},
		{"name n\nnumber 0x10\n", "3 to 70000"},
		{"name n\nnumber 10k\n", "3 to 70000"},
		{"name n\naddr 1.2.3\n", "`1.2.3' is not an IPv4 address"},
		{"name n\npath var/log\n", "`var/log' is not an absolute path"},
		{"name n\ntext 0123456789abcdef\n", "longer than 15 bytes"},
		{"name n\ntext \"\"\n", "directive `text': empty"},
		{"name a/b\n", "x.rc:1: directive `name'"},
		{"name ..\n", "x.rc:1: directive `name'"},
		{"name n\nname m\n", "x.rc:2: directive `name' was given in line 1 before"},
		{"name n\nflag\n", "x.rc:2: directive `flag' takes one word, not 0"},
		{"name n\nflag on off\n", "x.rc:2: directive `flag' takes one word, not 2"},
		{"name n\npair\n", "directive `pair' takes one or two words, not 0"},
		{"name n\npair a b c\n", "directive `pair' takes one or two words, not 3"},
		{"name n\npair bad\n", "x.rc:2: directive `pair': bad is not good"},
		{"name n\ntext \"open\n", "x.rc:2: a quotation mark is not closed"},
		{"# nothing\n", "x.rc: directive `name' is missing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (read_text(cases[i].text) != 1 || !strstr(errors, cases[i].error))
			fail_msg("case %zu: %s", i, errors);
	}
}

static void all_mistakes_of_a_file_are_told(void **state)
{
	(void)state;
	assert_int_equal(read_text("flag x\n\nnumber y\nzzz\n"), 4);
	assert_string_equal(errors,
			    "x.rc:1: directive `flag': `x' is neither true nor false\n"
			    "x.rc:3: directive `number': `y' is not a number from 3 to 70000\n"
			    "x.rc:4: unknown directive `zzz'\n"
			    "x.rc: directive `name' is missing\n");
}

static void binary_and_endless_lines_are_refused(void **state)
{
	char text[CONFIG_LINE_MAX + 64];

	(void)state;
	assert_true(read_bytes("name n\nte\0xt a\n", 15) >= 1);
	assert_non_null(strstr(errors, "x.rc:2: NUL byte"));
	memset(text, 'a', sizeof(text));
	memcpy(text, "name n\n", 7);
	assert_int_equal(read_bytes(text, sizeof(text)), 1);
	assert_non_null(strstr(errors, "x.rc:2: line is longer than"));
}

static void too_many_mistakes_fit_into_the_text(void **state)
{
	char text[8000], little[64];
	int failed;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "q\n", 2);
	memset(little, 'Z', sizeof(little));
	failed = config_read(TABLE, COUNT, "x.rc", text, sizeof(text), &sample, little, 32);
	assert_int_equal(failed, 4001);
	assert_int_equal(little[32], 'Z');
	assert_true(strnlen(little, 32) < 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_types_are_read),
		cmocka_unit_test(booleans_have_words),
		cmocka_unit_test(every_mistake_is_told),
		cmocka_unit_test(all_mistakes_of_a_file_are_told),
		cmocka_unit_test(binary_and_endless_lines_are_refused),
		cmocka_unit_test(too_many_mistakes_fit_into_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
