/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that a thread writes. See file_writer.h. Each write has a thread of its own, which ends
 * with it: nothing but the job in hand is shared, and pthread_join() hands it back.
 */
#include "file_writer.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/process/file.h"

struct job {
	char *text; /* NULL: there is none */
	size_t len;
	uint64_t number;
};

struct file_writer {
	struct file_writer_setup with;
	char *path;
	int event_fd;
	struct event *wake;
	uint64_t number;      /* of the last text handed over */
	struct job waiting;   /* until the running write ends */

	struct job running;   /* the thread's while there is one */
	int error;            /* of the last write; the thread's as above */
	bool has_thread;
	pthread_t thread;
};

static void perform(struct file_writer *writer)
{
	const struct job *job = &writer->running;
	uint64_t one = 1;

	writer->error = (writer->with.durable ? file_replace_durably : file_replace)(
		writer->path, job->text, job->len, writer->with.mode);
	if (write(writer->event_fd, &one, sizeof(one)) < 0)
		return; /* its counter is full: the loop has not read the last one yet, and will */
}

static void *thread_main(void *arg)
{
	perform(arg);
	return NULL;
}

/* Signals are for the thread of the loop. Without a thread the loop writes the file itself. */
static void start(struct file_writer *writer)
{
	sigset_t all, before;

	writer->running = writer->waiting;
	memset(&writer->waiting, 0, sizeof(writer->waiting));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	writer->has_thread = pthread_create(&writer->thread, NULL, thread_main, writer) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!writer->has_thread)
		perform(writer);
}

/* The running write has ended, or does so in this call. Returns the number of its text. */
static uint64_t finish(struct file_writer *writer)
{
	if (writer->has_thread)
		pthread_join(writer->thread, NULL);
	writer->has_thread = false;
	free(writer->running.text);
	writer->running.text = NULL;
	return writer->running.number;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct file_writer *writer = arg;
	uint64_t count, number;
	int error;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0 || !writer->running.text)
		return;
	number = finish(writer);
	error = writer->error;
	if (writer->waiting.text)
		start(writer);
	writer->with.written(number, error, writer->with.arg);
}

uint64_t file_writer_put(struct file_writer *writer, char *text, size_t len)
{
	free(writer->waiting.text);
	writer->waiting = (struct job){.text = text, .len = len, .number = ++writer->number};
	if (!writer->running.text)
		start(writer);
	return writer->number;
}

int file_writer_create(struct file_writer **out, struct event_base *base,
		       const struct file_writer_setup *setup)
{
	struct file_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return -ENOMEM;
	writer->with = *setup;
	writer->path = strdup(setup->path);
	writer->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (writer->event_fd >= 0)
		writer->wake = event_new(base, writer->event_fd, EV_READ | EV_PERSIST, on_wake,
					 writer);
	if (!writer->path || !writer->wake || event_add(writer->wake, NULL) < 0) {
		file_writer_destroy(writer);
		return -ENOMEM;
	}
	*out = writer;
	return 0;
}

void file_writer_destroy(struct file_writer *writer)
{
	if (!writer)
		return;
	if (writer->running.text)
		finish(writer);
	if (writer->waiting.text) {
		start(writer);
		finish(writer);
	}
	if (writer->wake)
		event_free(writer->wake);
	if (writer->event_fd >= 0)
		close(writer->event_fd);
	free(writer->path);
	free(writer);
}
