/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Evaluates the configuration, this machine and the network, in this order, and prints the report.
 * See evaluate.h and evaluation.h.
 */
#include "evaluate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "evaluation.h"
#include "io/process/file.h"

struct verdict {
	const char *check, *subject;
	bool ok, warning;
	const char *advice; /* NULL: none */
	char detail[512];
};

static void print_verdict(const struct evaluation *evaluation, const struct verdict *verdict)
{
	const char *on = verdict->warning ? "\033[33m" :
			 verdict->ok ? "\033[32m" : "\033[1;31m", *off = "\033[0m";
	const char *word = verdict->warning ? "warn" : verdict->ok ? "ok" : "FAIL";

	if (!evaluation->colour)
		on = off = "";
	printf("%s%-4s%s  %-13s %-18s %s\n", on, word, off, verdict->check, verdict->subject,
	       verdict->detail);
	if (verdict->advice)
		printf("      > %s\n", verdict->advice);
	fflush(stdout);
}

static void add_verdict(struct evaluation *evaluation, struct verdict *verdict)
{
	json_t *object;

	text_clean(verdict->detail);
	object = json_pack("{s:s, s:s, s:b, s:s, s:s?}", "check", verdict->check,
			   "subject", verdict->subject, "ok", verdict->ok,
			   "detail", verdict->detail, "advice", verdict->advice);

	if (verdict->warning)
		json_object_set_new(object, "warning", json_true());
	json_array_append_new(evaluation->checks, object);
	evaluation->failed |= !verdict->ok;
	if (!evaluation->json)
		print_verdict(evaluation, verdict);
}

void evaluation_pass(struct evaluation *evaluation, const char *check, const char *subject,
		     const char *format, ...)
{
	struct verdict verdict = {.check = check, .subject = subject, .ok = true};
	va_list args;

	va_start(args, format);
	vsnprintf(verdict.detail, sizeof(verdict.detail), format, args);
	va_end(args);
	add_verdict(evaluation, &verdict);
}

void evaluation_warn(struct evaluation *evaluation, const char *check, const char *subject,
		     const char *format, ...)
{
	struct verdict verdict = {.check = check, .subject = subject, .ok = true, .warning = true};
	va_list args;

	va_start(args, format);
	vsnprintf(verdict.detail, sizeof(verdict.detail), format, args);
	va_end(args);
	add_verdict(evaluation, &verdict);
}

void evaluation_fail(struct evaluation *evaluation, const char *check, const char *subject,
		     const char *advice, const char *format, ...)
{
	struct verdict verdict = {.check = check, .subject = subject, .advice = advice};
	va_list args;

	va_start(args, format);
	vsnprintf(verdict.detail, sizeof(verdict.detail), format, args);
	va_end(args);
	add_verdict(evaluation, &verdict);
}

/* One failed check for each mistake; the configuration's reader names one in a line. */
static void fail_mistakes(struct evaluation *evaluation, const char *path, char *mistakes)
{
	const char *advice = "see tmipd.rc(5)";
	const char *line;

	while ((line = strsep(&mistakes, "\n")))
		if (*line)
			evaluation_fail(evaluation, "configuration", path, advice, "%s", line);
}

static void check_config(struct evaluation *evaluation, const char *path)
{
	const struct agent_config *config = &evaluation->config;
	const char *advice = "name a cell: mobile_if INTERFACE";

	if (config->cell_count)
		evaluation_pass(evaluation, "configuration", path, "CN %s of network %s, %u cell%s",
				config->cn_name, config->network_name, config->cell_count,
				config->cell_count == 1 ? "" : "s");
	else
		evaluation_fail(evaluation, "configuration", path, advice,
				"no mobile_if: there is no cell to serve");
}

/* False: the configuration cannot be used, and the report says why. */
static bool read_config(struct evaluation *evaluation, const char *path)
{
	const char *advice = "name the configuration with -f FILE";
	char mistakes[CONFIG_ERRORS], *text = NULL;
	size_t len;
	int error = file_read(path, &text, &len);

	if (error) {
		evaluation_fail(evaluation, "configuration", path, advice, "%s", strerror(-error));
		return false;
	}
	error = agent_config_read(&evaluation->config, path, text, len, mistakes);
	free(text);
	if (error)
		fail_mistakes(evaluation, path, mistakes);
	else
		check_config(evaluation, path);
	return error == 0;
}

static void print_json(const struct evaluation *evaluation)
{
	json_t *all = json_pack("{s:b, s:O}", "ok", !evaluation->failed,
				"checks", evaluation->checks);

	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void print_summary(const struct evaluation *evaluation)
{
	size_t count = json_array_size(evaluation->checks), bad = 0, i;
	json_t *check;

	json_array_foreach(evaluation->checks, i, check)
		bad += !json_is_true(json_object_get(check, "ok"));
	if (bad)
		printf("%zu of %zu checks failed\n", bad, count);
	else
		printf("all %zu checks passed\n", count);
}

int evaluate_run(const char *config_path, bool json)
{
	struct evaluation evaluation = {.json = json, .checks = json_array()};
	const char *no_colour = getenv("NO_COLOR");
	struct evaluation_survey *survey;

	evaluation.colour = !json && isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
	if (!evaluation.checks)
		return 1;
	if (read_config(&evaluation, config_path)) {
		evaluate_host(&evaluation);
		survey = evaluate_survey_begin(&evaluation);
		evaluate_net(&evaluation);
		evaluate_survey_end(&evaluation, survey);
	}
	if (json)
		print_json(&evaluation);
	else
		print_summary(&evaluation);
	json_decref(evaluation.checks);
	json_decref(evaluation.agent);
	free(evaluation.cns);
	return evaluation.failed ? 1 : 0;
}
