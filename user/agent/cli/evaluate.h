/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The evaluation (`tmip-agent evaluate`, `tmipd -E`): is this CN fit to serve, and does the network around it work? Needs
 * no running agent, may run beside one, changes nothing. Every check prints its verdict and, if it failed, what to do.
 */
#ifndef TMIP_AGENT_EVALUATE_H
#define TMIP_AGENT_EVALUATE_H

#include <stdbool.h>

/* The exit status: 0 if every check passed, else 1. */
int evaluate_run(const char *config_path, bool json);

#endif
