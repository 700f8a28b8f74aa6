/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables on the terminal, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "io/process/table.h"

static char *text;

/* Prints into `text`. */
static size_t print(struct table *table)
{
	size_t len, rows;
	FILE *to;

	free(text);
	to = open_memstream(&text, &len);
	assert_non_null(to);
	rows = table_print(table, to);
	fclose(to);
	return rows;
}

static int forget(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	static const char *const titles[] = {"NAME", "ADDRESS", "STATE", NULL};
	struct table *table = table_new(titles);

	(void)state;
	table_add(table, "laptop");
	table_add(table, "10.10.1.9");
	table_add(table, "home");
	table_add(table, "tv");
	table_add(table, "%s", "10.1.1.1");
	table_add(table, "away");
	assert_int_equal(print(table), 2);
	assert_string_equal(text, "NAME    ADDRESS    STATE\n"
				  "laptop  10.10.1.9  home\n"
				  "tv      10.1.1.1   away\n");
}

static void numbers_are_flush_right(void **state)
{
	static const char *const titles[] = {">ID", "NAME", ">PACKETS", NULL};
	struct table *table = table_new(titles);

	(void)state;
	table_add(table, "%d", 7);
	table_add(table, "cn7");
	table_add(table, "%d", 123);
	table_add(table, "%d", 1024);
	table_add(table, "cn1024");
	table_add(table, "%d", 123456789);
	assert_int_equal(print(table), 2);
	assert_string_equal(text, "  ID  NAME      PACKETS\n"
				  "   7  cn7           123\n"
				  "1024  cn1024  123456789\n");
}

static void lines_end_without_blanks(void **state)
{
	static const char *const titles[] = {"A", "LONG TITLE", NULL};
	struct table *table = table_new(titles);

	(void)state;
	table_add(table, "x");
	table_add(table, "y");
	assert_int_equal(print(table), 1);
	assert_string_equal(text, "A  LONG TITLE\nx  y\n");
}

static void nothing_is_printed_without_rows(void **state)
{
	static const char *const titles[] = {"A", "B", NULL};
	struct table *table = table_new(titles);

	(void)state;
	assert_int_equal(print(table), 0);
	assert_string_equal(text, "");
}

static void a_row_that_is_not_complete_is_left_out(void **state)
{
	static const char *const titles[] = {"A", "B", NULL};
	struct table *table = table_new(titles);

	(void)state;
	table_add(table, "1");
	table_add(table, "2");
	table_add(table, "3");
	assert_int_equal(print(table), 1);
	assert_string_equal(text, "A  B\n1  2\n");
}

static void many_rows_fit(void **state)
{
	static const char *const titles[] = {">N", ">SQUARE", NULL};
	struct table *table = table_new(titles);
	unsigned lines = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		table_add(table, "%d", i);
		table_add(table, "%d", i * i);
	}
	assert_int_equal(print(table), 1000);
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 1001);
}

static void no_table_is_allowed(void **state)
{
	(void)state;
	table_add(NULL, "x");
	assert_int_equal(print(NULL), 0);
	assert_string_equal(text, "");
}

int main(void)
{
#define TABLE_CASE(name) cmocka_unit_test_teardown(name, forget)
	const struct CMUnitTest tests[] = {
		TABLE_CASE(columns_are_as_wide_as_their_widest_cell),
		TABLE_CASE(numbers_are_flush_right),
		TABLE_CASE(lines_end_without_blanks),
		TABLE_CASE(nothing_is_printed_without_rows),
		TABLE_CASE(a_row_that_is_not_complete_is_left_out),
		TABLE_CASE(many_rows_fit),
		TABLE_CASE(no_table_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
