/* SPDX-License-Identifier: BSD-2-Clause */
/* The status file. See status_file.h. */
#include "status_file.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "io/process/log.h"
#include "io/process/timer.h"
#include "io/store/file_writer.h"
#include "report.h"
#include "text.h"

#define INTERVAL_MS 1000

struct status_file {
	struct event_base *base;
	const struct report *report;
	struct event *timer;
	struct file_writer *writer; /* of `path`; NULL: none yet */
	char path[CONFIG_PATH_LEN];
};

static json_t *report_stations_here(const struct report *report)
{
	return report_stations(report, NULL, true);
}

/* The reports, with an empty line between them. */
static void print_all(const struct report *report, FILE *to)
{
	static const struct {
		const char *command;
		json_t *(*report)(const struct report *report);
	} parts[] = {
		{"status", report_status},
		{"peers", report_peers},
		{"stations", report_stations_here},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		json_t *part = parts[i].report(report);

		if (i)
			fputc('\n', to);
		text_print(parts[i].command, part, to);
		json_decref(part);
	}
}

static void on_written(uint64_t number, int error, void *arg)
{
	struct status_file *file = arg;

	(void)number;
	if (error)
		log_warn("status_file %s: %s", file->path, strerror(-error));
}

/* The writer for the path that the configuration has now; NULL: it names none, or no memory. */
static struct file_writer *writer_of(struct status_file *file)
{
	const char *path = file->report->config->status_file;
	const struct file_writer_setup setup = {.path = path, .mode = 0644, .written = on_written,
						.arg = file};

	if (file->writer && strcmp(path, file->path) == 0)
		return file->writer;
	file_writer_destroy(file->writer);
	file->writer = NULL;
	snprintf(file->path, sizeof(file->path), "%s", path);
	if (*path)
		file_writer_create(&file->writer, file->base, &setup);
	return file->writer;
}

void status_file_write(struct status_file *file)
{
	struct file_writer *writer = writer_of(file);
	char *text = NULL;
	size_t len = 0;
	FILE *memory = writer ? open_memstream(&text, &len) : NULL;

	if (!memory)
		return;
	print_all(file->report, memory);
	fclose(memory);
	file_writer_put(writer, text, len);
}

void status_file_changed(struct status_file *file)
{
	if (file->report->config->status_file[0])
		timer_arm_idle(file->timer, INTERVAL_MS);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	status_file_write(arg);
}

struct status_file *status_file_create(struct event_base *base, const struct report *report)
{
	struct status_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->base = base;
	file->report = report;
	file->timer = evtimer_new(base, on_timer, file);
	if (file->timer)
		return file;
	free(file);
	return NULL;
}

void status_file_destroy(struct status_file *file)
{
	if (!file)
		return;
	event_free(file->timer);
	file_writer_destroy(file->writer);
	free(file);
}
