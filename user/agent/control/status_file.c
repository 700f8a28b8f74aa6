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
#include "io/process/written.h"
#include "io/store/file_writer.h"
#include "report.h"
#include "text.h"

#define INTERVAL_MS 1000

struct status_file {
	struct event_base *base;
	const struct report *report;
	struct event *timer;
	bool due;        /* the timer waits for a change, not for WRITTEN_EVERY_S */
	bool forwarding; /* goes on after the agent's end */
	struct file_writer *writer; /* of `path`; NULL: none yet */
	char path[CONFIG_PATH_LEN];
};

static json_t *report_stations_here(const struct report *report)
{
	return report_stations(report, NULL, true);
}

/* With an empty line between them. */
static void print_reports(const struct report *report, FILE *to)
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

static void print_end(const struct report *report, bool forwarding, FILE *to)
{
	json_t *stations;

	written_print(to, true);
	fprintf(to, "network   %s, CN %s\n", report->config->network_name, report->config->cn_name);
	fprintf(to, "agent     none; forwarding %s\n\n", forwarding ? "goes on" : "has ended");
	if (!forwarding)
		return;
	stations = report_stations_here(report);
	text_print("stations", stations, to);
	json_decref(stations);
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

static void write_now(struct status_file *file, void (*print)(struct status_file *file, FILE *to))
{
	struct file_writer *writer = writer_of(file);
	char *text = NULL;
	size_t len = 0;
	FILE *memory = writer ? open_memstream(&text, &len) : NULL;

	if (!memory)
		return;
	print(file, memory);
	fclose(memory);
	file_writer_put(writer, text, len);
}

static void print_present(struct status_file *file, FILE *to)
{
	written_print(to, false);
	print_reports(file->report, to);
}

static void print_last(struct status_file *file, FILE *to)
{
	print_end(file->report, file->forwarding, to);
}

void status_file_end(struct status_file *file, bool forwarding)
{
	file->forwarding = forwarding;
	write_now(file, print_last);
}

void status_file_changed(struct status_file *file)
{
	if (file->report->config->status_file[0] && !file->due) {
		file->due = true;
		timer_arm(file->timer, INTERVAL_MS);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct status_file *file = arg;

	(void)fd;
	(void)what;
	file->due = false;
	write_now(file, print_present);
	timer_arm(file->timer, WRITTEN_EVERY_S * 1000);
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
