/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The subcommands that show the state of the running agent: as text for people (control/text.h), or
 * as the agent's JSON (--json). They return the exit status, as in cli.h.
 */
#ifndef TMIP_AGENT_CLI_SHOW_H
#define TMIP_AGENT_CLI_SHOW_H

#include "options.h"

int show_status(const struct cli_options *options);
int show_stations(const struct cli_options *options);
int show_peers(const struct cli_options *options);
int show_why(const struct cli_options *options);

#endif
