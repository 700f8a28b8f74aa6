/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting an agent, and cleaning up after one. See start.h. */
#include "start.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/interface/cells.h"
#include "agent/network/outage.h"
#include "io/process/console.h"
#include "io/process/control.h"
#include "io/process/daemon.h"
#include "io/process/log.h"

#define ANSWER_MS 5000   /* that attach waits for the register's answer */
#define ANSWER_STEP_MS 50

/* arg: NULL, or a text for the terminal. */
static void on_ready(void *arg)
{
	if (arg) {
		puts(arg);
		fflush(stdout);
	}
	daemon_ready();
}

/* In the foreground the log says it. */
static void on_refused(const char *why, void *arg)
{
	char text[400];

	(void)arg;
	snprintf(text, sizeof(text), "the register refuses this CN: %s", why);
	if (daemon_is_awaited())
		terminal_fail("%s; the agent stays, and asks again and again", text);
	daemon_unready(text);
}

/* What a configuration needs, if there is none. Returns false if there is one. */
static bool explain_missing(const char *path, const char *interface)
{
	char pool[64];

	if (access(path, F_OK) == 0 || errno != ENOENT)
		return false;
	snprintf(pool, sizeof(pool), "addr_pool %.32s * *", interface);
	terminal_fail("configuration %s: %s", path, strerror(ENOENT));
	fprintf(stderr, "An example is " OPTIONS_EXAMPLE_CONFIG "; see tmipd.rc(5). "
			"These lines are needed:\n\n"
			"  network_name NAME        # the same in all CNs and the register\n"
			"  cn_name NAME             # of this CN, unique in the network\n"
			"  mlr HOST                 # the register\n"
			"  cn_if INTERFACE          # towards the other CNs and the register\n"
			"  %-24s # the whole subnet of the cell\n"
			"  dns_server ADDRESS       # for the stations\n", pool);
	return true;
}

/* Returns when the agent has ended; the parent of a daemon exits when the daemon is ready. */
static int start(const struct agent_config *config, const char *path, bool attached, char *words)
{
	const char *log_file = config->log && config->log_file[0] ? config->log_file : NULL;
	struct agent_options options = {.config = *config, .ready = on_ready, .ready_arg = words,
					.refused = on_refused, .attached = attached};
	char absolute[PATH_MAX];
	int error;

	options.config_path = realpath(path, absolute) ? absolute : path; /* a daemon goes to / */
	options.foreground = config->foreground && console_is_there();
	signal(SIGPIPE, SIG_IGN);
	log_set_level((int)config->debug);
	error = log_open(log_file, config->foreground);
	if (error)
		return terminal_fail("log_file %s: %s", log_file, strerror(-error));
	error = config->foreground ? 0 : daemon_begin();
	if (error)
		return terminal_fail("cannot become a daemon: %s", strerror(-error));
	return agent_run(&options);
}

/* Any outcome but an unused socket counts: a second agent must not start beside a slow one. */
static bool is_running(const char *socket)
{
	json_t *request = json_pack("{s:s}", "command", "status"), *reply = NULL;
	int error = control_call(socket, request, &reply, TERMINAL_TIMEOUT_MS);

	json_decref(request);
	json_decref(reply);
	return error != -ENOENT && error != -ECONNREFUSED;
}

int start_run(const struct cli_options *options)
{
	const char *path = options_config_path(options);
	struct agent_config config;

	if (explain_missing(path, "wlan0") || !options_load_config(path, &config))
		return TERMINAL_FAILED;
	if (!config.cell_count)
		return terminal_fail("%s: directive `mobile_if' is missing: "
				     "there is no cell to serve", path);
	config.foreground |= options->foreground;
	return start(&config, path, false, NULL);
}

/* The member `register` of the agent's status; NULL: it gives none. */
static json_t *ask_register(const char *socket)
{
	json_t *request = json_pack("{s:s}", "command", "status"), *reply = NULL, *reg = NULL;

	if (control_call(socket, request, &reply, TERMINAL_TIMEOUT_MS) == 0)
		reg = json_incref(json_object_get(json_object_get(reply, "result"), "register"));
	json_decref(reply);
	json_decref(request);
	return reg;
}

/*
 * What the register says of the cell: it has it, it refuses it, or it is away and will say so
 * later. -1: nothing yet.
 */
static int register_verdict(const json_t *reg)
{
	const char *state = terminal_text(reg, "state"), *why = terminal_text(reg, "error");

	if (json_is_true(json_object_get(reg, "confirmed")))
		return TERMINAL_OK;
	if (strcmp(state, "refused") == 0 || (strcmp(state, "connected") == 0 && strcmp(why, "-")))
		return terminal_fail("the cell is attached, but the register refuses it: %s; "
				     "the agent asks again and again", why);
	/* An agent of an older version confirms nothing. */
	if (strcmp(state, "away") == 0 || !json_object_get(reg, "confirmed"))
		return TERMINAL_OK;
	return -1;
}

static int wait_for_register(const struct cli_options *options)
{
	static const struct timespec pause = {.tv_nsec = ANSWER_STEP_MS * 1000000l};
	char socket[CONFIG_PATH_LEN];
	int verdict = -1;

	if (!options_find_socket(options, socket))
		return TERMINAL_FAILED;
	for (int ms = 0; verdict < 0 && ms < ANSWER_MS; ms += ANSWER_STEP_MS) {
		json_t *reg = ask_register(socket);

		verdict = reg ? register_verdict(reg) : TERMINAL_OK;
		json_decref(reg);
		if (verdict < 0)
			nanosleep(&pause, NULL);
	}
	if (verdict < 0)
		terminal_fail("the cell is attached; the register has not said anything yet");
	return verdict < 0 ? TERMINAL_OK : verdict;
}

static int attach_to_running(const struct cli_options *options)
{
	json_t *request = json_pack("{s:s, s:s}", "command", "attach",
				    "interface", options->args[0]);
	json_t *result = NULL;
	int status = options_ask_agent(options, request, &result);

	if (status == TERMINAL_OK)
		status = wait_for_register(options);
	if (status == TERMINAL_OK && options->json)
		return terminal_print_json(result);
	json_decref(result);
	return status;
}

int start_attach(const struct cli_options *options)
{
	const char *path = options_config_path(options), *interface = options->args[0];
	char socket[CONFIG_PATH_LEN];
	struct agent_config config;

	if (options->socket || options->network)
		return attach_to_running(options);
	if (explain_missing(path, interface) || !options_load_config(path, &config))
		return TERMINAL_FAILED;
	agent_config_socket(&config, socket);
	if (is_running(socket))
		return attach_to_running(options);
	if (!*interface || strlen(interface) >= CONFIG_IF_LEN)
		return terminal_fail("`%s' cannot be the name of an interface", interface);
	memset(config.mobile_if, 0, sizeof(config.mobile_if));
	strcpy(config.mobile_if[0], interface);
	config.cell_count = 1;
	return start(&config, path, true, options->json ? "true" : NULL);
}

int start_detach_without_agent(const struct cli_options *options)
{
	const char *path = options_config_path(options);
	char socket[CONFIG_PATH_LEN];
	struct agent_config config;
	int error;

	if (!options->all || options->socket || options->network)
		return -1;
	if (!options->config && access(path, F_OK) < 0)
		return -1;
	if (!options_load_config(path, &config))
		return TERMINAL_FAILED;
	agent_config_socket(&config, socket);
	if (is_running(socket))
		return -1;
	error = cells_remove_remains(&config);
	if (!error)
		outage_remove_file(&config);
	if (error)
		return terminal_fail("what a former agent left cannot be removed: %s",
				     strerror(-error));
	return options->json ? terminal_print_json(json_pack("{s:b, s:b, s:i, s:i}", "ended", 1,
							     "waits", 0, "away", 0, "guests", 0)) :
			       TERMINAL_OK;
}
