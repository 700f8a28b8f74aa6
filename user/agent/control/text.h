/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reports of the agent as tables and lines for people: for the command line, for commands on
 * standard input, and for the status file.
 */
#ifndef TMIP_AGENT_CONTROL_TEXT_H
#define TMIP_AGENT_CONTROL_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints what `command` (stations, peers, status, why) gave. False: there is no such command. */
bool text_print(const char *command, const json_t *result, FILE *to);
/* Prints which counters moved between two results of `why`, a second apart. */
void text_print_moved(const json_t *before, const json_t *after, FILE *to);

#endif
