/* SPDX-License-Identifier: BSD-2-Clause */
/* A writer whose writes end when the test says so. See fake_file_writer.h. */
#include "fake_file_writer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fake_file fake_file;

struct file_writer {
	struct file_writer_setup with;
	char *running, *waiting; /* texts */
};

static struct file_writer *newest;

void fake_file_reset(void)
{
	free(fake_file.text);
	memset(&fake_file, 0, sizeof(fake_file));
	newest = NULL;
}

static void start(struct file_writer *writer)
{
	writer->running = writer->waiting;
	writer->waiting = NULL;
	fake_file.running = fake_file.waiting;
	fake_file.waiting = 0;
}

/* Ends the running write. Returns the number of its text. */
static uint64_t end(struct file_writer *writer, int error)
{
	uint64_t number = fake_file.running;

	if (error) {
		free(writer->running);
	} else {
		free(fake_file.text);
		fake_file.text = writer->running;
	}
	start(writer);
	return number;
}

void fake_file_ends(int error)
{
	uint64_t number;

	assert_non_null(newest);
	assert_true(fake_file.running > 0);
	number = end(newest, error);
	newest->with.written(number, error, newest->with.arg);
}

void fake_file_ends_all(void)
{
	while (fake_file.running)
		fake_file_ends(0);
}

int file_writer_create(struct file_writer **out, struct event_base *base,
		       const struct file_writer_setup *setup)
{
	assert_non_null(base);
	if (fake_file.create_error)
		return fake_file.create_error;
	newest = calloc(1, sizeof(*newest));
	assert_non_null(newest);
	newest->with = *setup;
	snprintf(fake_file.path, sizeof(fake_file.path), "%s", setup->path);
	fake_file.mode = setup->mode;
	fake_file.durable = setup->durable;
	fake_file.number = 0;
	fake_file.writers++;
	*out = newest;
	return 0;
}

void file_writer_destroy(struct file_writer *writer)
{
	if (!writer)
		return;
	while (writer->running)
		end(writer, 0);
	if (writer == newest)
		newest = NULL;
	fake_file.writers--;
	free(writer);
}

uint64_t file_writer_put(struct file_writer *writer, char *text, size_t len)
{
	assert_ptr_equal(writer, newest);
	assert_int_equal(strlen(text), len);
	free(writer->waiting);
	writer->waiting = text;
	fake_file.waiting = ++fake_file.number;
	if (!writer->running)
		start(writer);
	return fake_file.number;
}
