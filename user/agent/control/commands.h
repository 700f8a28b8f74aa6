/* SPDX-License-Identifier: BSD-2-Clause */
/* What the running agent is told to do: over the control socket (JSON), on standard input (-F), by SIGHUP. */
#ifndef TMIP_AGENT_COMMANDS_H
#define TMIP_AGENT_COMMANDS_H

#include <jansson.h>

struct agent;

/* The handler of io/control.h; `arg` is the agent. */
json_t *commands_handle(json_t *request, void *arg);
/* The handler of io/console.h. */
void commands_line(char *line, void *arg);
/* Reads the configuration again. 0; else -errno with a text that the caller frees, and nothing has changed. */
int commands_reload(struct agent *agent, char **errors);

#endif
