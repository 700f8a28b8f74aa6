/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running agent, as the command line starts it. The log is open and, if it is to be a daemon, the process has
 * forked; everything else (pid file, maps, sockets, rights) is the agent's.
 */
#ifndef TMIP_AGENT_AGENT_H
#define TMIP_AGENT_AGENT_H

#include <stdbool.h>

#include "core/config/agent_config.h"

struct agent_options {
	struct agent_config config;
	const char *config_path;   /* read again on SIGHUP; NULL: none */
	bool foreground;           /* commands are read from stdin */
	bool attached;             /* the cell was named by `attach`: the configuration's list of cells does not count */
	void (*ready)(void *arg);  /* called once, when stations are served; may be NULL */
	void *ready_arg;
};

/* Runs until it is told to end. The exit status: 0, or 1 after an error that was logged. */
int agent_run(const struct agent_options *options);

#endif
