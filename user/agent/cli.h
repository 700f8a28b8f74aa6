/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of tmip-agent: a table of subcommands, their options, the way to the running agent. Called as tmipd
 * it takes the options of 2003. Exit status: 0, 1 for what failed, 2 for a wrong command line.
 */
#ifndef TMIP_AGENT_CLI_H
#define TMIP_AGENT_CLI_H

#include <jansson.h>
#include <stdbool.h>

#include "core/agent_config.h"

#define CLI_DEFAULT_CONFIG "/etc/tmip/tmipd.rc"
#define CLI_TIMEOUT_MS 20000

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

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

/* One line "tmip-agent: ..." on stderr. Returns CLI_FAILED. */
__attribute__((format(printf, 1, 2))) int cli_fail(const char *format, ...);

/* Reads the configuration (path NULL: the default one); mistakes go to stderr. False: there were some. */
bool cli_load(const char *path, struct agent_config *config);

/* Where the agent listens: as the options say, else by the configuration, else the only socket there is. */
bool cli_find_socket(const struct cli_options *options, char out[CONFIG_PATH_LEN]);
/* Asks the running agent; the request's reference is taken. *result is a new reference. CLI_OK, or CLI_FAILED after telling why. */
int cli_ask(const struct cli_options *options, json_t *request, json_t **result);

#endif
