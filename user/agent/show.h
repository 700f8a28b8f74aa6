/* SPDX-License-Identifier: BSD-2-Clause */
/* The subcommands that show something of the running agent: as tables for people, or as the agent's JSON. */
#ifndef TMIP_AGENT_SHOW_H
#define TMIP_AGENT_SHOW_H

#include "cli.h"

int show_status(const struct cli_options *options);
int show_stations(const struct cli_options *options);
int show_peers(const struct cli_options *options);
int show_why(const struct cli_options *options);

#endif
