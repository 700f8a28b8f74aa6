/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subcommands have in common: their options, the configuration, a request to the running
 * agent. Functions that fail say why on stderr.
 */
#ifndef TMIP_AGENT_CLI_OPTIONS_H
#define TMIP_AGENT_CLI_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/config/agent_config.h"
#include "io/process/terminal.h"

#define OPTIONS_DEFAULT_CONFIG "/etc/tmip/tmipd.rc"
#define OPTIONS_EXAMPLE_CONFIG OPTIONS_DEFAULT_CONFIG ".example"

struct cli_options {
	const char *config;  /* -f; NULL: not given */
	const char *network; /* -n */
	const char *socket;  /* --socket */
	bool json;           /* --json */
	bool foreground;     /* -F */
	bool all;            /* --all */
	bool now;            /* --now */
	int count;           /* words after the subcommand */
	char **args;
};

/* The path of the configuration: -f, else the default one. */
const char *options_config_path(const struct cli_options *options);
/* False: the file cannot be read, or has mistakes. */
bool options_load_config(const char *path, struct agent_config *config);

/*
 * The agent's control socket: by the options, else by the configuration, else the only one in the
 * directory of sockets. False: the configuration is wrong, or there is no socket, or several.
 */
bool options_find_socket(const struct cli_options *options, char out[CONFIG_PATH_LEN]);
/*
 * Asks the running agent, and releases the request. TERMINAL_OK with a new reference in *result, or
 * TERMINAL_FAILED.
 */
int options_ask_agent(const struct cli_options *options, json_t *request, json_t **result);

#endif
