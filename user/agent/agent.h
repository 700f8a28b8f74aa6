/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running agent, as the command line starts it. The caller has opened the log and, for a
 * daemon, forked; the agent does the rest (pid file, maps, sockets, rights).
 */
#ifndef TMIP_AGENT_AGENT_H
#define TMIP_AGENT_AGENT_H

#include <stdbool.h>

#include "core/config/agent_config.h"

struct agent_options {
	struct agent_config config;
	const char *config_path; /* read again on SIGHUP; NULL: none */
	bool foreground;         /* the agent reads commands from standard input */
	/* `attach` named the cell: the configuration's list of cells does not count. */
	bool attached;
	void (*ready)(void *arg); /* called once, when stations are served; may be NULL */
	/*
	 * Called once, before `ready`, if the register refuses this CN; may be NULL. The agent goes
	 * on, and asks again and again.
	 */
	void (*refused)(const char *why, void *arg);
	void *ready_arg;
};

/* Runs the agent. Returns the exit status at its end: 0, or 1 after an error that is in the log. */
int agent_run(const struct agent_options *options);

#endif
