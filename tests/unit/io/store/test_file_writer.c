/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The writer of a file, with a real file, a real thread and a real event loop. The loop turns only
 * when a test says so: until then a write counts as running, and further texts wait.
 */
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/process/file.h"
#include "io/store/file_writer.h"

#define WRITTEN_MAX 16

static struct world {
	char folder[32], below[64], path[96]; /* a folder, one in it that is not there, the file */
	struct event_base *base;
	struct file_writer *writer;
	uint64_t numbers[WRITTEN_MAX]; /* as `written` gave them */
	int errors[WRITTEN_MAX];
	unsigned written;
	const char *next;              /* text that the next `written` hands over */
	int syncs;                     /* calls of fsync() */
	bool signals_blocked;          /* in the thread that made the last one */
} world, *w = &world;

/* ---- in front of libc */

int fsync(int fd)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	w->signals_blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGHUP) == 1;
	w->syncs++;
	return (int)syscall(SYS_fsync, fd);
}

/* ---- the world */

static uint64_t put(const char *text)
{
	return file_writer_put(w->writer, strdup(text), strlen(text));
}

static void on_written(uint64_t number, int error, void *arg)
{
	const char *next = w->next;

	assert_ptr_equal(arg, w);
	assert_true(w->written < WRITTEN_MAX);
	w->numbers[w->written] = number;
	w->errors[w->written++] = error;
	w->next = NULL;
	if (next)
		put(next);
}

static void open_writer(bool durable)
{
	char *path = strdup(w->path);
	const struct file_writer_setup setup = {.path = path, .mode = 0640, .durable = durable,
						.written = on_written, .arg = w};

	assert_int_equal(file_writer_create(&w->writer, w->base, &setup), 0);
	free(path); /* the writer has a copy of its own */
}

/* Turns the loop until `written` has come so often; a test that hangs is ended. */
static void wait_for_written(unsigned count)
{
	alarm(20);
	while (w->written < count)
		event_base_loop(w->base, EVLOOP_ONCE);
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	alarm(0);
	assert_int_equal(w->written, count);
}

static void assert_written(unsigned index, uint64_t number, int error)
{
	assert_int_equal(w->numbers[index], number);
	assert_int_equal(w->errors[index], error);
}

static void assert_text(const char *expected)
{
	char *text;
	size_t len;

	assert_int_equal(file_read(w->path, &text, &len), 0);
	assert_string_equal(text, expected);
	free(text);
}

static int set_up(void **state)
{
	(void)state;
	memset(w, 0, sizeof(*w));
	strcpy(w->folder, "/tmp/test_file_writer.XXXXXX");
	if (!mkdtemp(w->folder))
		return -1;
	snprintf(w->below, sizeof(w->below), "%.31s/below", w->folder);
	snprintf(w->path, sizeof(w->path), "%.31s/file", w->folder);
	w->base = event_base_new();
	return w->base ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	file_writer_destroy(w->writer);
	event_base_free(w->base);
	snprintf(command, sizeof(command), "rm -rf %.31s", w->folder);
	return system(command);
}

/* ---- tests */

static void test_text_is_in_the_file_when_written_comes(void **state)
{
	struct stat info;

	(void)state;
	open_writer(false);
	assert_int_equal(put("one"), 1);
	assert_int_equal(w->written, 0); /* from the loop only */
	wait_for_written(1);
	assert_written(0, 1, 0);
	assert_text("one");
	assert_int_equal(stat(w->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
	assert_int_equal(w->syncs, 0);
}

static void test_durable_text_and_its_name_are_on_the_disk(void **state)
{
	(void)state;
	open_writer(true);
	put("one");
	wait_for_written(1);
	assert_written(0, 1, 0);
	assert_text("one");
	assert_int_equal(w->syncs, 2); /* the file, and the folder with its name */
}

static void test_each_text_replaces_the_file(void **state)
{
	(void)state;
	open_writer(false);
	put("a long first text");
	wait_for_written(1);
	put("two");
	wait_for_written(2);
	assert_written(1, 2, 0);
	assert_text("two");
}

static void test_many_texts_cost_two_writes(void **state)
{
	char text[16];

	(void)state;
	open_writer(true);
	for (unsigned i = 1; i <= 100; i++) {
		snprintf(text, sizeof(text), "text %u", i);
		assert_int_equal(put(text), i);
	}
	wait_for_written(2);
	assert_written(0, 1, 0);
	assert_written(1, 100, 0);
	assert_text("text 100");
	assert_int_equal(w->syncs, 2 * 2);
}

static void test_text_handed_over_by_written_is_written_too(void **state)
{
	(void)state;
	open_writer(false);
	put("one");
	w->next = "two";
	wait_for_written(2);
	assert_written(1, 2, 0);
	assert_text("two");
}

static void test_text_handed_over_by_written_comes_after_the_one_that_waits(void **state)
{
	(void)state;
	open_writer(false);
	put("one");
	put("two");
	w->next = "three";
	wait_for_written(3);
	assert_written(0, 1, 0);
	assert_written(1, 2, 0);
	assert_written(2, 3, 0);
	assert_text("three");
}

static void test_failure_is_reported_and_the_next_text_is_tried(void **state)
{
	(void)state;
	snprintf(w->path, sizeof(w->path), "%.63s/file", w->below);
	open_writer(true);
	put("one");
	put("two");
	wait_for_written(2);
	assert_written(0, 1, -ENOENT);
	assert_written(1, 2, -ENOENT);
	assert_int_equal(mkdir(w->below, 0700), 0);
	put("three");
	wait_for_written(3);
	assert_written(2, 3, 0);
	assert_text("three");
}

static void test_destroy_writes_what_waits(void **state)
{
	(void)state;
	open_writer(false);
	put("one");
	put("two");
	put("three");
	file_writer_destroy(w->writer);
	w->writer = NULL;
	assert_text("three");
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	assert_int_equal(w->written, 0);
}

static void test_destroy_waits_for_the_running_write(void **state)
{
	(void)state;
	open_writer(true);
	put("one");
	file_writer_destroy(w->writer);
	w->writer = NULL;
	assert_text("one");
	assert_int_equal(w->syncs, 2);
	assert_int_equal(w->written, 0);
}

static void test_signals_go_to_the_thread_of_the_loop(void **state)
{
	sigset_t mask;

	(void)state;
	open_writer(true);
	put("one");
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
	wait_for_written(1);
	assert_true(w->signals_blocked);
}

/* From now on each new thread asks for a stack of this size; too large a one cannot be had. */
static void set_stack(size_t bytes)
{
	pthread_attr_t attributes;

	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstacksize(&attributes, bytes), 0);
	assert_int_equal(pthread_setattr_default_np(&attributes), 0);
	pthread_attr_destroy(&attributes);
}

static void test_without_a_thread_the_loop_writes(void **state)
{
	(void)state;
	set_stack((size_t)1 << 50);
	open_writer(false);
	put("one");
	put("two");
	wait_for_written(2);
	assert_written(0, 1, 0);
	assert_written(1, 2, 0);
	assert_text("two");
	put("three");
	file_writer_destroy(w->writer);
	w->writer = NULL;
	set_stack((size_t)1 << 20);
	assert_text("three");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_text_is_in_the_file_when_written_comes),
		CASE(test_durable_text_and_its_name_are_on_the_disk),
		CASE(test_each_text_replaces_the_file),
		CASE(test_many_texts_cost_two_writes),
		CASE(test_text_handed_over_by_written_is_written_too),
		CASE(test_text_handed_over_by_written_comes_after_the_one_that_waits),
		CASE(test_failure_is_reported_and_the_next_text_is_tried),
		CASE(test_destroy_writes_what_waits),
		CASE(test_destroy_waits_for_the_running_write),
		CASE(test_signals_go_to_the_thread_of_the_loop),
		CASE(test_without_a_thread_the_loop_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
