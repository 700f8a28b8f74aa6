/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line's way to the running agent: its configuration, its control socket, a request. See cli.h. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "io/control.h"
#include "io/file.h"

#define RUN_DIR "/run/tmip"

bool cli_load(const char *path, struct agent_config *config)
{
	char errors[CONFIG_ERRORS], *text = NULL;
	size_t len;
	int error;

	if (!path)
		path = CLI_DEFAULT_CONFIG;
	error = file_read(path, &text, &len);
	if (error) {
		cli_fail("configuration %s: %s", path, strerror(-error));
		return false;
	}
	error = agent_config_read(config, path, text, len, errors);
	free(text);
	if (error)
		fputs(errors, stderr);
	return error == 0;
}

static bool only_socket(char out[CONFIG_PATH_LEN])
{
	glob_t found = {0};
	bool one = glob(RUN_DIR "/*.sock", 0, NULL, &found) == 0 && found.gl_pathc == 1;

	if (one)
		snprintf(out, CONFIG_PATH_LEN, "%s", found.gl_pathv[0]);
	else
		cli_fail("%s; name the agent with -f FILE, -n NETWORK or --socket PATH",
			 found.gl_pathc ? "several agents run here" : "no agent runs here");
	globfree(&found);
	return one;
}

bool cli_find_socket(const struct cli_options *options, char out[CONFIG_PATH_LEN])
{
	struct agent_config config;

	if (options->socket) {
		snprintf(out, CONFIG_PATH_LEN, "%s", options->socket);
		return true;
	}
	if (options->network) {
		snprintf(out, CONFIG_PATH_LEN, RUN_DIR "/%.63s.sock", options->network);
		return true;
	}
	if (!options->config && access(CLI_DEFAULT_CONFIG, F_OK) < 0)
		return only_socket(out);
	if (!cli_load(options->config, &config))
		return false;
	agent_config_socket(&config, out);
	return true;
}

static int take_reply(json_t *reply, json_t **result)
{
	if (!json_is_true(json_object_get(reply, "ok"))) {
		const char *text = json_string_value(json_object_get(reply, "error"));

		return cli_fail("%s", text ? text : "the agent refused without a reason");
	}
	*result = json_incref(json_object_get(reply, "result"));
	return CLI_OK;
}

int cli_ask(const struct cli_options *options, json_t *request, json_t **result)
{
	char path[CONFIG_PATH_LEN];
	json_t *reply = NULL;
	int status = CLI_FAILED, error;

	*result = NULL;
	if (!cli_find_socket(options, path))
		goto out;
	error = control_call(path, request, &reply, CLI_TIMEOUT_MS);
	if (error == -ENOENT || error == -ECONNREFUSED)
		cli_fail("no agent runs: nobody answers at %s", path);
	else if (error)
		cli_fail("asking the agent at %s: %s", path, strerror(-error));
	else
		status = take_reply(reply, result);
out:
	json_decref(reply);
	json_decref(request);
	return status;
}
