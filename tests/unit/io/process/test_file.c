/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files: folders with their parents and modes, and files read and replaced as a whole. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/process/file.h"

static char top[32];

static const char *below(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static int setup(void **state)
{
	(void)state;
	umask(022);
	strcpy(top, "/tmp/tmip-file-XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const made[] = {"a/b/c", "a/b", "a", "x/y", "x", "file", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		remove(below(made[i]));
	return 0;
}

static unsigned mode_of(const char *name)
{
	struct stat info;

	assert_int_equal(stat(below(name), &info), 0);
	return info.st_mode & 07777;
}

static void a_folder_is_made_with_its_parents(void **state)
{
	(void)state;
	assert_int_equal(file_make_dirs(below("a/b/c"), 0700, 0750), 0);
	assert_int_equal(mode_of("a"), 0700);
	assert_int_equal(mode_of("a/b"), 0700);
	assert_int_equal(mode_of("a/b/c"), 0750);
	assert_int_equal(file_make_dir(below("x/y"), 0700), 0);
	assert_int_equal(mode_of("x"), 0755);
	assert_int_equal(mode_of("x/y"), 0700);
}

static void a_folder_that_exists_stays_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(file_make_dirs(below("a/b"), 0700, 0750), 0);
	assert_int_equal(file_make_dirs(below("a/b"), 0755, 0755), 0);
	assert_int_equal(mode_of("a"), 0700);
	assert_int_equal(mode_of("a/b"), 0750);
}

static void no_folder_is_made_below_a_file(void **state)
{
	(void)state;
	assert_int_equal(file_replace(below("file"), "text", 4, 0600), 0);
	assert_int_equal(file_make_dirs(below("file/b"), 0700, 0700), -ENOTDIR);
	assert_int_equal(file_make_dirs(below("file/b/c"), 0700, 0700), -ENOTDIR);
}

static void a_file_is_replaced_and_read(void **state)
{
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(file_read(below("file"), &text, &len), -ENOENT);
	assert_int_equal(file_replace(below("file"), "former", 6, 0600), 0);
	assert_int_equal(file_replace_durably(below("file"), "text", 4, 0600), 0);
	assert_int_equal(mode_of("file"), 0600);
	assert_int_equal(file_read(below("file"), &text, &len), 0);
	assert_int_equal(len, 4);
	assert_string_equal(text, "text");
	free(text);
	assert_int_equal(file_read(top, &text, &len), -EISDIR);
	assert_null(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_folder_is_made_with_its_parents),
		CASE(a_folder_that_exists_stays_as_it_is),
		CASE(no_folder_is_made_below_a_file),
		CASE(a_file_is_replaced_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
