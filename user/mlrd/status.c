/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The status file: the output of `mlrd status' and `mlrd cns', written anew when it has changed, at
 * most once a second.
 */
#include <stdlib.h>
#include <string.h>

#include "io/process/file.h"
#include "io/process/log.h"
#include "report.h"
#include "server.h"
#include "show.h"

static void print_all(struct server *server, FILE *to)
{
	json_t *status = report_status(server), *cns = report_cns(server);

	show_status(status, to);
	fputc('\n', to);
	show_cns(cns, to);
	json_decref(status);
	json_decref(cns);
}

void status_write(struct server *server)
{
	const char *path = server->config.status_file;
	char *text = NULL;
	size_t len = 0;
	FILE *to = *path ? open_memstream(&text, &len) : NULL;
	int error;

	server->changed = false;
	if (!to)
		return;
	print_all(server, to);
	if (fclose(to) == 0) {
		error = file_replace(path, text, len, 0644);
		if (error)
			log_warn("status_file %s: %s", path, strerror(-error));
	}
	free(text);
}
