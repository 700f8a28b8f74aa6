/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The evaluation (`tmip-agent evaluate`, `tmipd -E`): can this CN serve stations, and does the
 * network around it work? The evaluation needs no running agent, may run beside one, and changes
 * nothing. It prints a verdict for each check, and advice where a check failed.
 */
#ifndef TMIP_AGENT_CLI_EVALUATE_H
#define TMIP_AGENT_CLI_EVALUATE_H

#include <stdbool.h>

/* The exit status: 0 if all checks passed, else 1. */
int evaluate_run(const char *config_path, bool json);

#endif
