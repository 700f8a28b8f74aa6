/* SPDX-License-Identifier: BSD-2-Clause */
/* The common part of the command lines of both programs. See terminal.h. */
#include "terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "control.h"

int terminal_fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return TERMINAL_FAILED;
}

static int parse_reply(const char *whom, json_t *reply, json_t **result)
{
	if (!json_is_true(json_object_get(reply, "ok"))) {
		const char *text = json_string_value(json_object_get(reply, "error"));

		return text ? terminal_fail("%s", text) :
			      terminal_fail("the %s refused without a reason", whom);
	}
	*result = json_incref(json_object_get(reply, "result"));
	return TERMINAL_OK;
}

int terminal_ask(const char *whom, const char *socket, json_t *request, json_t **result)
{
	json_t *reply = NULL;
	int error = control_call(socket, request, &reply, TERMINAL_TIMEOUT_MS);
	int status = TERMINAL_FAILED;

	*result = NULL;
	if (error == -ENOENT || error == -ECONNREFUSED)
		terminal_fail("no %s runs: nobody answers at %s", whom, socket);
	else if (error)
		terminal_fail("asking the %s at %s: %s", whom, socket, strerror(-error));
	else
		status = parse_reply(whom, reply, result);
	json_decref(reply);
	json_decref(request);
	return status;
}

static void print_each(const json_t *result, const char *key, const char *what)
{
	const json_t *name;
	size_t i;

	json_array_foreach(json_object_get(result, key), i, name)
		printf("%s%s\n", what, json_string_value(name));
}

static void print_cut(const json_t *result)
{
	const json_t *cell;
	size_t i;

	json_array_foreach(json_object_get(result, "cut"), i, cell)
		printf("cut: %lld stations elsewhere, %lld guests: cell %s\n",
		       terminal_number(cell, "away"), terminal_number(cell, "guests"),
		       terminal_text(cell, "interface"));
}

int terminal_print_reload(json_t *result, bool as_json)
{
	bool whole = json_array_size(json_object_get(result, "restart")) == 0 &&
		     json_array_size(json_object_get(result, "detach")) == 0;
	int status = whole ? TERMINAL_OK : TERMINAL_PARTLY;

	if (as_json)
		return terminal_print_json(result) == TERMINAL_OK ? status : TERMINAL_FAILED;
	print_each(result, "restart", "needs a restart: directive ");
	print_each(result, "detach", "needs `detach --all' and a start: directive ");
	print_each(result, "awaited", "not served yet: cell ");
	print_cut(result);
	json_decref(result);
	return status;
}

int terminal_print_json(json_t *result)
{
	int failed = json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);

	putchar('\n');
	json_decref(result);
	return failed ? TERMINAL_FAILED : TERMINAL_OK;
}

const char *terminal_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : "-";
}

long long terminal_number(const json_t *object, const char *key)
{
	return (long long)json_number_value(json_object_get(object, key));
}

const char *terminal_span(long long seconds, char out[TERMINAL_SPAN])
{
	static const struct {
		long long seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;
	int used;

	if (seconds < 0)
		seconds = 0;
	while (i < 3 && seconds < units[i].seconds)
		i++;
	used = snprintf(out, TERMINAL_SPAN, "%lld%c", seconds / units[i].seconds, units[i].letter);
	if (i < 3)
		snprintf(out + used, TERMINAL_SPAN - (size_t)used, "%lld%c",
			 seconds % units[i].seconds / units[i + 1].seconds, units[i + 1].letter);
	return out;
}

const char *terminal_lease(const json_t *station, char out[TERMINAL_SPAN])
{
	long long end = terminal_number(station, "lease_end"), now = time(NULL);

	if (!end)
		return "no end";
	return end <= now ? "ended" : terminal_span(end - now, out);
}
