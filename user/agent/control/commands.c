/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands to the running agent. See commands.h. */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/addr.h"
#include "io/process/log.h"
#include "report.h"
#include "text.h"

/* ---- replies */

static json_t *refuse(const char *text)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

static json_t *result(json_t *value)
{
	return value ? json_pack("{s:b, s:o}", "ok", 1, "result", value) : refuse("no memory");
}

/* ---- each command */

static const char *member(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

static json_t *handle_status(struct commands *commands, const json_t *request)
{
	(void)request;
	return result(report_status(commands->report));
}

static json_t *handle_stations(struct commands *commands, const json_t *request)
{
	return result(report_stations(commands->report, member(request, "station"), false));
}

static json_t *handle_peers(struct commands *commands, const json_t *request)
{
	(void)request;
	return result(report_peers(commands->report));
}

static json_t *handle_why(struct commands *commands, const json_t *request)
{
	const char *station = member(request, "station"), *error = "`station' is missing";
	json_t *why = station ? report_why(commands->report, station, &error) : NULL;

	return why ? result(why) : refuse(error);
}

static json_t *handle_attach(struct commands *commands, const json_t *request)
{
	const char *interface = member(request, "interface");
	char why[COMMANDS_WHY] = "";

	if (!interface)
		return refuse("`interface' is missing");
	if (commands->calls.attach(interface, why, commands->calls.arg) < 0)
		return refuse(why);
	return result(json_true());
}

static json_t *handle_detach(struct commands *commands, const json_t *request)
{
	const struct commands_calls *calls = &commands->calls;
	const char *interface = member(request, "interface");
	bool all = json_is_true(json_object_get(request, "all")), last;
	bool now = all || json_is_true(json_object_get(request, "now"));
	struct commands_users users = {0};
	char why[COMMANDS_WHY] = "";

	if (!all && !interface)
		return refuse("`interface' is missing");
	if (calls->detach(all ? NULL : interface, now, &users, why, calls->arg) < 0)
		return refuse(why);
	last = all || calls->cell_count(calls->arg) == 0;
	if (last)
		calls->stop(true, calls->arg);
	return result(json_pack("{s:b, s:b, s:i, s:i}", "ended", last,
				"waits", !now && (users.away || users.guests),
				"away", users.away, "guests", users.guests));
}

/* What watches the link layer (hostapd, a controller) reports a station that has left. */
static json_t *handle_departed(struct commands *commands, const json_t *request)
{
	const char *text = member(request, "mac");
	struct tmip_mac mac;
	int count;

	if (!text || mac_parse(text, &mac) < 0)
		return refuse(text ? "that is no MAC" : "`mac' is missing");
	count = commands->calls.departed(&mac, commands->calls.arg);
	if (count < 0)
		return refuse("no station with that MAC is known");
	return result(json_integer(count));
}

static json_t *handle_reload(struct commands *commands, const json_t *request)
{
	json_t *done, *reply;
	char *errors;

	(void)request;
	if (commands->calls.reload(&done, &errors, commands->calls.arg) == 0)
		return result(done);
	reply = refuse(errors ? errors : "no memory");
	free(errors);
	return reply;
}

json_t *commands_handle(json_t *request, void *arg)
{
	static const struct {
		const char *name;
		json_t *(*handle)(struct commands *commands, const json_t *request);
	} table[] = {
		{"status", handle_status},
		{"stations", handle_stations},
		{"peers", handle_peers},
		{"why", handle_why},
		{"attach", handle_attach},
		{"detach", handle_detach},
		{"departed", handle_departed},
		{"reload", handle_reload},
	};
	const char *command = member(request, "command");

	if (!command)
		return refuse("`command' is missing");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(command, table[i].name) == 0)
			return table[i].handle(arg, request);
	return refuse("no such command");
}

/* ---- standard input */

static void set_level(const char *word)
{
	char *end;
	long level = word ? strtol(word, &end, 10) : -1;

	if (!word || *end || level < LOG_LEVEL_ERROR || level > LOG_LEVEL_TRACE) {
		puts("debug takes a level from 0 (errors) to 4 (every event)");
		return;
	}
	log_set_level((int)level);
	printf("log level %ld\n", level);
}

static void help(void)
{
	puts("debug N            log level: 0 errors, 1 warnings, 2 handovers, 3 messages, "
	     "4 every event\n"
	     "status             the state of this CN\n"
	     "stations [ADDRESS|MAC]\n"
	     "peers              the other CNs\n"
	     "why ADDRESS|MAC    the trail of a station\n"
	     "attach INTERFACE   make it a cell\n"
	     "detach INTERFACE   take it away again\n"
	     "departed MAC       that station has left its cell\n"
	     "reload             read the configuration again\n"
	     "end of input (Ctrl-D) ends the agent; forwarding goes on");
}

/* Handles a command as if it had come over the control socket. */
static void handle_line(struct commands *commands, const char *command, const char *argument)
{
	json_t *request = json_pack("{s:s, s:s*, s:s*, s:s*}", "command", command,
				    "station", argument, "interface", argument, "mac", argument);
	json_t *reply = commands_handle(request, commands);
	const char *error = member(reply, "error");

	if (error)
		printf("%s\n", error);
	else if (!text_print(command, json_object_get(reply, "result"), stdout))
		puts("done");
	json_decref(reply);
	json_decref(request);
}

void commands_line(char *line, void *arg)
{
	struct commands *commands = arg;
	char *rest, *command, *argument;

	if (!line) {
		log_info("end of input");
		commands->calls.stop(false, commands->calls.arg);
		return;
	}
	command = strtok_r(line, " \t\r", &rest);
	argument = strtok_r(NULL, " \t\r", &rest);
	if (!command)
		return;
	if (strcmp(command, "debug") == 0)
		set_level(argument);
	else if (strcmp(command, "help") == 0)
		help();
	else
		handle_line(commands, command, argument);
	fflush(stdout);
}
