/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the configuration and the running agent by the options. See options.h. */
#include "options.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/process/file.h"

#define RUN_DIR "/run/tmip"
#define MLRD_SUFFIX ".mlrd.sock"

const char *options_config_path(const struct cli_options *options)
{
	return options->config ? options->config : OPTIONS_DEFAULT_CONFIG;
}

bool options_load_config(const char *path, struct agent_config *config)
{
	char errors[CONFIG_ERRORS], *text = NULL;
	size_t len;
	int error;

	error = file_read(path, &text, &len);
	if (error) {
		terminal_fail("configuration %s: %s", path, strerror(-error));
		return false;
	}
	error = agent_config_read(config, path, text, len, errors);
	free(text);
	if (error)
		fputs(errors, stderr);
	return error == 0;
}

/* The register of this machine, if there is one, has its socket in the same directory. */
static bool is_agent_socket(const char *path)
{
	size_t len = strlen(path), suffix = strlen(MLRD_SUFFIX);

	return len < suffix || strcmp(path + len - suffix, MLRD_SUFFIX) != 0;
}

static bool find_only_socket(char out[CONFIG_PATH_LEN])
{
	glob_t found = {0};
	unsigned count = 0;

	if (glob(RUN_DIR "/*.sock", 0, NULL, &found) != 0)
		found.gl_pathc = 0;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (is_agent_socket(found.gl_pathv[i]) && !count++)
			snprintf(out, CONFIG_PATH_LEN, "%s", found.gl_pathv[i]);
	if (count != 1)
		terminal_fail("%s; name the agent with -f FILE, -n NETWORK or --socket PATH",
			      count ? "several agents run here" : "no agent runs here");
	globfree(&found);
	return count == 1;
}

bool options_find_socket(const struct cli_options *options, char out[CONFIG_PATH_LEN])
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
	if (!options->config && access(OPTIONS_DEFAULT_CONFIG, F_OK) < 0)
		return find_only_socket(out);
	if (!options_load_config(options_config_path(options), &config))
		return false;
	agent_config_socket(&config, out);
	return true;
}

int options_ask_agent(const struct cli_options *options, json_t *request, json_t **result)
{
	char path[CONFIG_PATH_LEN];

	*result = NULL;
	if (options_find_socket(options, path))
		return terminal_ask("agent", path, request, result);
	json_decref(request);
	return TERMINAL_FAILED;
}
