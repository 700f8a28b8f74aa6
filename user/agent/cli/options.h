/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the subcommands have in common: their options, the configuration, the way to the running agent.
 */
#ifndef TMIP_AGENT_CLI_OPTIONS_H
#define TMIP_AGENT_CLI_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/config/agent_config.h"
#include "io/process/terminal.h"

#define OPTIONS_DEFAULT_CONFIG "/etc/tmip/tmipd.rc"

struct cli_options {
	const char *config;  /* -f; NULL: not given */
	const char *network; /* -n */
	const char *socket;  /* --socket */
	bool json;           /* --json */
	bool foreground;     /* -F */
	bool all;            /* --all */
	int count;           /* words after the subcommand */
	char **args;
};

/* The path of the configuration: -f, else the default one. */
const char *options_config_path(const struct cli_options *options);
/* Reads the configuration; mistakes go to stderr. False: there were some. */
bool options_load_config(const char *path, struct agent_config *config);

/* Where the agent listens: by the options, else by the configuration, else the only socket there is. */
bool options_find_socket(const struct cli_options *options, char out[CONFIG_PATH_LEN]);
/*
 * Asks the running agent; the request's reference is taken, *result is a new reference. TERMINAL_OK, or
 * TERMINAL_FAILED after saying why on stderr.
 */
int options_ask_agent(const struct cli_options *options, json_t *request, json_t **result);

#endif
