/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The subcommands that show something of the running agent: as tables for people, or as the agent's JSON. The same tables
 * stand in the status file and answer commands on standard input.
 */
#ifndef TMIP_AGENT_SHOW_H
#define TMIP_AGENT_SHOW_H

#include <stdio.h>

#include "agent/cli/cli.h"

int show_status(const struct cli_options *options);
int show_stations(const struct cli_options *options);
int show_peers(const struct cli_options *options);
int show_why(const struct cli_options *options);

/* Prints what `command` (stations, peers, status, why) gave. False: no such command. */
bool show_print(const char *command, const json_t *result, FILE *to);

#endif
