/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands to the running agent: over the control socket (JSON), and on standard input (-F). This
 * file parses requests and makes replies; what a command does is a call.
 */
#ifndef TMIP_AGENT_CONTROL_COMMANDS_H
#define TMIP_AGENT_CONTROL_COMMANDS_H

#include <jansson.h>
#include <stdbool.h>

#include <tmip/types.h>

#define COMMANDS_WHY 320

struct report;

/* Who loses what when a cell is taken away. */
struct commands_users {
	unsigned away;   /* stations of its subnet that are elsewhere */
	unsigned guests; /* stations of other subnets in it */
};

struct commands_calls {
	/* 0, or -errno with `why`. */
	int (*attach)(const char *interface, char why[COMMANDS_WHY], void *arg);
	/* NULL: all cells. With `now` they are cut; else the cell waits for them. */
	int (*detach)(const char *interface, bool now, struct commands_users *users,
		      char why[COMMANDS_WHY], void *arg);
	unsigned (*cell_count)(void *arg);
	/* The station has left its cell. The number of such stations; -ENOENT: unknown MAC. */
	int (*departed)(const struct tmip_mac *mac, void *arg);
	/*
	 * 0 with the result, {"restart": [DIRECTIVE ...], "detach": [DIRECTIVE ...],
	 * "awaited": [CELL ...], "cut": [{"interface": CELL, "away": N, "guests": N} ...]}; or
	 * -errno (nothing has changed) with a text that the caller frees; NULL: no memory.
	 */
	int (*reload)(json_t **result, char **errors, void *arg);
	/* Ends the agent; tear_down: forwarding ends, too. */
	void (*stop)(bool tear_down, void *arg);
	void *arg;
};

struct commands {
	const struct report *report;
	struct commands_calls calls;
};

/* The handler of io/process/control.h; arg: struct commands. */
json_t *commands_handle(json_t *request, void *arg);
/* The handler of io/process/console.h; arg as above. */
void commands_line(char *line, void *arg);

#endif
