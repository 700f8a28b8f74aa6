/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of tmip-agent: a table of subcommands, their options, the way to the running agent. Called as tmipd
 * it takes the options of 2003. Exit status: 0, 1 for what failed, 2 for a wrong command line.
 */
#ifndef TMIP_AGENT_CLI_H
#define TMIP_AGENT_CLI_H

#include <jansson.h>
#include <stdbool.h>

#include "core/config/agent_config.h"
#include "io/process/terminal.h"

#define CLI_DEFAULT_CONFIG "/etc/tmip/tmipd.rc"

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

int cli_main(int argc, char **argv);  /* tmip-agent */
int cli_tmipd(int argc, char **argv); /* tmipd */

/* Reads the configuration (path NULL: the default one); mistakes go to stderr. False: there were some. */
bool cli_load(const char *path, struct agent_config *config);

/* Where the agent listens: as the options say, else by the configuration, else the only socket there is. */
bool cli_find_socket(const struct cli_options *options, char out[CONFIG_PATH_LEN]);
/* Asks the running agent; the request's reference is taken. *result is a new reference. TERMINAL_OK, or TERMINAL_FAILED after telling why. */
int cli_ask(const struct cli_options *options, json_t *request, json_t **result);

#endif
