/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status file: the output of `mlrd status' and `mlrd cns', written anew when it has changed, at
 * most once a second, and every WRITTEN_EVERY_S seconds, so that its first line tells whether the
 * register lives. A thread writes it, so that the CNs do not wait for the disk.
 */
#include <stdlib.h>
#include <string.h>

#include "io/process/log.h"
#include "io/process/written.h"
#include "io/store/file_writer.h"
#include "report.h"
#include "server.h"
#include "show.h"

struct status_file {
	struct server *server;
	struct file_writer *writer; /* of `path`; NULL: none yet */
	char path[CONFIG_PATH_LEN];
	int error;                  /* of the last write */
};

static void print_all(struct server *server, bool ended, FILE *to)
{
	json_t *status, *cns;

	written_print(to, ended);
	if (ended) {
		fprintf(to, "network   %s\nregister  none: it has ended\n",
			server->config.network_name);
		return;
	}
	status = report_status(server);
	cns = report_cns(server);
	show_status(status, to);
	fputc('\n', to);
	show_cns(cns, to);
	json_decref(status);
	json_decref(cns);
}

static void on_written(uint64_t number, int error, void *arg)
{
	struct status_file *status = arg;

	(void)number;
	if (error && error != status->error)
		log_warn("status_file %s: %s; trying again", status->path, strerror(-error));
	status->error = error;
	status->server->changed |= error != 0; /* the next tick tries again */
}

/* The writer for the path that the configuration has now; NULL: it names none, or no memory. */
static struct file_writer *writer_of(struct status_file *status)
{
	const char *path = status->server->config.status_file;
	const struct file_writer_setup setup = {.path = path, .mode = 0644, .written = on_written,
						.arg = status};

	if (status->writer && strcmp(path, status->path) == 0)
		return status->writer;
	file_writer_destroy(status->writer);
	status->writer = NULL;
	snprintf(status->path, sizeof(status->path), "%s", path);
	if (*path)
		file_writer_create(&status->writer, status->server->base, &setup);
	return status->writer;
}

void status_write(struct status_file *status, bool ended)
{
	struct file_writer *writer = writer_of(status);
	char *text = NULL;
	size_t len = 0;
	FILE *to = writer ? open_memstream(&text, &len) : NULL;

	status->server->changed = false;
	if (!to)
		return;
	print_all(status->server, ended, to);
	if (fclose(to) == 0)
		file_writer_put(writer, text, len);
	else
		free(text);
}

struct status_file *status_open(struct server *server)
{
	struct status_file *status = calloc(1, sizeof(*status));

	if (status)
		status->server = server;
	return status;
}

void status_close(struct status_file *status)
{
	if (!status)
		return;
	file_writer_destroy(status->writer);
	free(status);
}
