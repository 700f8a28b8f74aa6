/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands on standard input for programs in the foreground (-F): a line at a time; the end of input is told, too. */
#ifndef TMIP_IO_PROCESS_CONSOLE_H
#define TMIP_IO_PROCESS_CONSOLE_H

#include <stdbool.h>

struct console;
struct event_base;

/* A service manager gives /dev/null as standard input: then there are no commands, and its end ends nothing. */
bool console_is_there(void);

/* `command` gets each line without its end, NULL at the end of input. NULL with errno on failure. */
struct console *console_open(struct event_base *base, void (*command)(char *line, void *arg),
			     void *arg);
void console_close(struct console *console);

#endif
