/* SPDX-License-Identifier: BSD-2-Clause */
/* The evaluation: configuration first, then this machine, then the network; the report. See evaluate.h, evaluation.h. */
#include "evaluate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evaluation.h"
#include "io/process/file.h"

static void print_check(const struct evaluation *evaluation, const char *check, const char *subject, bool ok,
			const char *detail, const char *advice)
{
	const char *on = evaluation->colour ? ok ? "\033[32m" : "\033[1;31m" : "", *off = evaluation->colour ? "\033[0m" : "";

	printf("%s%-4s%s  %-13s %-18s %s\n", on, ok ? "ok" : "FAIL", off, check, subject, detail);
	if (!ok && advice)
		printf("      > %s\n", advice);
	fflush(stdout);
}

void evaluation_add(struct evaluation *evaluation, const char *check, const char *subject, bool ok, const char *advice,
		    const char *format, ...)
{
	char detail[512];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	evaluation->failed |= !ok;
	if (!evaluation->json)
		print_check(evaluation, check, subject, ok, detail, advice);
	json_array_append_new(evaluation->checks, json_pack("{s:s, s:s, s:b, s:s, s:s?}", "check", check, "subject", subject, "ok", ok,
							    "detail", detail, "advice", ok ? NULL : advice));
}

/* Every mistake of the configuration is a check that failed. */
static bool read_config(struct evaluation *evaluation, const char *path)
{
	char errors[CONFIG_ERRORS], *text = NULL, *line, *rest = errors;
	size_t len;
	int error = file_read(path, &text, &len);

	if (error) {
		evaluation_add(evaluation, "configuration", path, false, "name the configuration with -f FILE", "%s", strerror(-error));
		return false;
	}
	error = agent_config_read(&evaluation->config, path, text, len, errors);
	free(text);
	while (error && (line = strsep(&rest, "\n")))
		if (*line)
			evaluation_add(evaluation, "configuration", path, false, "see tmipd.rc(5)", "%s", line);
	if (!error && !evaluation->config.cell_count)
		evaluation_add(evaluation, "configuration", path, false, "name a cell: mobile_if INTERFACE", "no mobile_if: there is no cell to serve");
	else if (!error)
		evaluation_add(evaluation, "configuration", path, true, NULL, "CN %s of network %s, %u cell%s", evaluation->config.cn_name,
			       evaluation->config.network_name, evaluation->config.cell_count, evaluation->config.cell_count == 1 ? "" : "s");
	return error == 0;
}

static int finish(struct evaluation *evaluation)
{
	size_t count = json_array_size(evaluation->checks), bad = 0, i;
	json_t *check, *all;

	json_array_foreach(evaluation->checks, i, check)
		bad += !json_is_true(json_object_get(check, "ok"));
	if (evaluation->json) {
		all = json_pack("{s:b, s:O}", "ok", !evaluation->failed, "checks", evaluation->checks);
		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
	} else if (bad) {
		printf("%zu of %zu checks failed\n", bad, count);
	} else {
		printf("all %zu checks passed\n", count);
	}
	json_decref(evaluation->checks);
	return evaluation->failed ? 1 : 0;
}

int evaluate_run(const char *config_path, bool json)
{
	struct evaluation evaluation = {.json = json, .checks = json_array()};
	const char *no_colour = getenv("NO_COLOR");

	evaluation.colour = !json && isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
	if (!evaluation.checks)
		return 1;
	if (read_config(&evaluation, config_path)) {
		evaluate_host(&evaluation);
		evaluate_net(&evaluation);
	}
	return finish(&evaluation);
}
