/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The subcommands that start an agent, and the cleaning up after one that died. They return the
 * exit status, as in cli.h.
 */
#ifndef TMIP_AGENT_CLI_START_H
#define TMIP_AGENT_CLI_START_H

#include "options.h"

int start_run(const struct cli_options *options);
int start_attach(const struct cli_options *options); /* asks a running agent, else starts one */

/*
 * `detach --all` where no agent runs: removes what a killed agent has left. -1: nothing is done,
 * and the caller asks the agent: one runs, or the options name one by its network or socket, or
 * there is no configuration, or the command names a single cell.
 */
int start_detach_without_agent(const struct cli_options *options);

#endif
