/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands to the running agent. See commands.h. */
#include "commands.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/interface/cells.h"
#include "agent/network/outage.h"
#include "agent/state.h"
#include "agent/wifi/authenticator.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "report.h"
#include "text.h"

static json_t *refuse(const char *text)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

static json_t *result(json_t *value)
{
	return value ? json_pack("{s:b, s:o}", "ok", 1, "result", value) : refuse("no memory");
}

/* ---- reload */

/* What cannot change while the agent runs. */
#define FIXED_MEMBER(member) #member, offsetof(struct agent_config, member), sizeof(((struct agent_config *)0)->member)
static const struct {
	const char *directive;
	size_t offset, size;
} FIXED[] = {
	{FIXED_MEMBER(network_name)}, {FIXED_MEMBER(cn_name)}, {FIXED_MEMBER(cn_if)}, {FIXED_MEMBER(tunnel_addr)}, {FIXED_MEMBER(port)},
	{FIXED_MEMBER(bpf_dir)}, {FIXED_MEMBER(run_dir)}, {FIXED_MEMBER(state_dir)}, {FIXED_MEMBER(control_socket)},
	{FIXED_MEMBER(stations_max)}, {FIXED_MEMBER(peers_max)}, {FIXED_MEMBER(seen_max)}, {FIXED_MEMBER(foreground)},
};

static void keep_fixed(const struct agent_config *now, struct agent_config *wanted)
{
	for (size_t i = 0; i < sizeof(FIXED) / sizeof(FIXED[0]); i++) {
		const char *from = (const char *)now + FIXED[i].offset;
		char *to = (char *)wanted + FIXED[i].offset;

		if (memcmp(from, to, FIXED[i].size) == 0)
			continue;
		if (FIXED[i].offset != offsetof(struct agent_config, foreground)) /* -F says otherwise than the file */
			log_warn("directive `%s': the change takes effect when the agent is started anew", FIXED[i].directive);
		memcpy(to, from, FIXED[i].size);
	}
}

static int open_log(const struct agent_config *config, char **errors)
{
	const char *path = config->log && config->log_file[0] ? config->log_file : NULL;
	int error = log_open(path, config->foreground);

	if (error && asprintf(errors, "log_file %s: %s", path, strerror(-error)) < 0)
		*errors = NULL;
	log_set_level((int)config->debug);
	return error;
}

static int read_again(const struct agent *agent, struct agent_config *fresh, char **errors)
{
	char mistakes[CONFIG_ERRORS] = "", *text = NULL;
	size_t len;
	int error = file_read(agent->config_path, &text, &len);

	if (error) {
		if (asprintf(errors, "configuration %s: %s", agent->config_path, strerror(-error)) < 0)
			*errors = NULL;
		return error;
	}
	if (agent_config_read(fresh, agent->config_path, text, len, mistakes)) {
		*errors = strdup(mistakes);
		error = -EINVAL;
	}
	free(text);
	return error;
}

int commands_reload(struct agent *agent, char **errors)
{
	struct agent_config former = agent->config, fresh;
	bool other_register;
	int error;

	*errors = NULL;
	error = read_again(agent, &fresh, errors);
	if (error)
		return error;
	keep_fixed(&former, &fresh);
	if (agent->attached) {
		fresh.cell_count = former.cell_count;
		memcpy(fresh.mobile_if, former.mobile_if, sizeof(fresh.mobile_if));
	}
	error = open_log(&fresh, errors);
	if (error)
		return error;
	other_register = strcmp(former.mlr_host, fresh.mlr_host) != 0 || former.mlr_port != fresh.mlr_port;
	agent->config = fresh;
	agent_apply_config(agent);
	cells_reconfigure(agent, &former);
	authenticators_configure(agent);
	if (other_register)
		register_restart(agent);
	else if (former.away_block != fresh.away_block && agent->reg.state == REGISTER_READY)
		away_request(agent);
	log_info("configuration %s read again", agent->config_path);
	return 0;
}

static json_t *reload(struct agent *agent)
{
	char *errors;
	json_t *reply;

	if (commands_reload(agent, &errors) == 0)
		return result(json_true());
	reply = refuse(errors ? errors : "no memory");
	free(errors);
	return reply;
}

/* ---- attach and detach */

static json_t *attach(struct agent *agent, const char *interface)
{
	char why[CELLS_WHY] = "";

	if (!interface)
		return refuse("`interface' is missing");
	return cells_attach(agent, interface, true, why) < 0 ? refuse(why) : result(json_true());
}

static json_t *detach(struct agent *agent, const char *interface, bool all)
{
	char why[CELLS_WHY] = "";
	bool last;

	if (!all && !interface)
		return refuse("`interface' is missing");
	if (!all && cells_detach(agent, interface, why) < 0)
		return refuse(why);
	last = all || cells_count(agent) == 0;
	if (last)
		agent_stop(agent, true);
	return result(json_pack("{s:b}", "ended", last));
}

/* ---- the control socket */

static json_t *why(struct agent *agent, const char *station)
{
	const char *error = "`station' is missing";
	json_t *report = station ? report_why(agent, station, &error) : NULL;

	return report ? result(report) : refuse(error);
}

/* What watches the link layer (hostapd, a controller) says so. */
static json_t *departed(struct agent *agent, const char *text)
{
	struct tmip_mac mac;
	unsigned count;

	if (!text || mac_parse(text, &mac) < 0)
		return refuse(text ? "that is no MAC" : "`mac' is missing");
	if (!replica_find_mac(roam_replica(agent->roam), &mac))
		return refuse("no station with that MAC is known");
	count = roam_departed(agent->roam, &mac, 0);
	return result(json_integer(count));
}

json_t *commands_handle(json_t *request, void *arg)
{
	struct agent *agent = arg;
	const char *command = json_string_value(json_object_get(request, "command"));
	const char *station = json_string_value(json_object_get(request, "station"));
	const char *interface = json_string_value(json_object_get(request, "interface"));
	const char *mac = json_string_value(json_object_get(request, "mac"));

	if (!command)
		return refuse("`command' is missing");
	if (strcmp(command, "status") == 0)
		return result(report_status(agent));
	if (strcmp(command, "stations") == 0)
		return result(report_stations(agent, station, 0));
	if (strcmp(command, "peers") == 0)
		return result(report_peers(agent));
	if (strcmp(command, "why") == 0)
		return why(agent, station);
	if (strcmp(command, "attach") == 0)
		return attach(agent, interface);
	if (strcmp(command, "detach") == 0)
		return detach(agent, interface, json_is_true(json_object_get(request, "all")));
	if (strcmp(command, "departed") == 0)
		return departed(agent, mac);
	if (strcmp(command, "reload") == 0)
		return reload(agent);
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
	puts("debug N            log level: 0 errors, 1 warnings, 2 handovers, 3 messages, 4 every event\n"
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

/* Other words are commands as the control socket knows them. */
static void ask_self(struct agent *agent, const char *command, const char *argument)
{
	json_t *request = json_pack("{s:s, s:s*, s:s*, s:s*}", "command", command, "station", argument, "interface", argument,
				    "mac", argument);
	json_t *reply = commands_handle(request, agent);
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (error)
		printf("%s\n", error);
	else if (!show_print(command, json_object_get(reply, "result"), stdout))
		puts("done");
	json_decref(reply);
	json_decref(request);
}

void commands_line(char *line, void *arg)
{
	struct agent *agent = arg;
	char *rest, *command, *argument;

	if (!line) {
		log_info("end of input");
		agent_stop(agent, false);
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
		ask_self(agent, command, argument);
	fflush(stdout);
}
