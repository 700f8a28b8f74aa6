/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands that show something. See show.h. */
#include "show.h"

#include <time.h>

#include "agent/control/text.h"
#include "io/process/terminal.h"

/* Asks the running agent, and prints its answer. The exit status. */
static int show(const struct cli_options *options, const char *command)
{
	const char *station = options->count ? options->args[0] : NULL;
	json_t *request = json_pack("{s:s, s:s*}", "command", command, "station", station);
	json_t *result;
	int status = options_ask_agent(options, request, &result);

	if (status != TERMINAL_OK)
		return status;
	if (options->json)
		return terminal_print_json(result);
	if (station && json_is_array(result) && json_array_size(result) == 0)
		status = terminal_fail("no station %s is known", station);
	else
		text_print(command, result, stdout);
	json_decref(result);
	return status;
}

int show_stations(const struct cli_options *options)
{
	return show(options, "stations");
}

int show_peers(const struct cli_options *options)
{
	return show(options, "peers");
}

int show_status(const struct cli_options *options)
{
	return show(options, "status");
}

static json_t *ask_why(const struct cli_options *options)
{
	json_t *request = json_pack("{s:s, s:s}", "command", "why", "station", options->args[0]);
	json_t *result = NULL;

	options_ask_agent(options, request, &result);
	return result;
}

/* Asks twice, to see which counters move. */
int show_why(const struct cli_options *options)
{
	const struct timespec second = {.tv_sec = 1};
	json_t *before, *after;

	if (options->json)
		return show(options, "why");
	before = ask_why(options);
	if (!before)
		return TERMINAL_FAILED;
	nanosleep(&second, NULL);
	after = ask_why(options);
	if (after) {
		text_print("why", after, stdout);
		text_print_moved(before, after, stdout);
	}
	json_decref(before);
	json_decref(after);
	return after ? TERMINAL_OK : TERMINAL_FAILED;
}
