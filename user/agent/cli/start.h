/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands that start an agent, or clean up behind one that died. Exit statuses as in cli.h. */
#ifndef TMIP_AGENT_START_H
#define TMIP_AGENT_START_H

#include "options.h"

int start_run(const struct cli_options *options);
int start_attach(const struct cli_options *options);

/* `detach` where no agent runs, but one that was killed left its programs attached: removes all of it (--all), as it is
 * the agent who knows the single cells. -1: an agent runs, or there is no configuration to go by: ask it. */
int start_detach_without_agent(const struct cli_options *options);

#endif
