/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands on the standard input of a program in the foreground (-F), one in a line. */
#ifndef TMIP_IO_PROCESS_CONSOLE_H
#define TMIP_IO_PROCESS_CONSOLE_H

#include <stdbool.h>

struct console;
struct event_base;

/*
 * Returns whether standard input is open and is not /dev/null, which a service manager opens there.
 * A program without a console gets no commands and does not end with its input.
 */
bool console_is_there(void);

/*
 * Reads standard input. `command` gets each line without its newline, and NULL at the end of input.
 * Returns NULL on failure.
 */
struct console *console_open(struct event_base *base, void (*command)(char *line, void *arg),
			     void *arg);
void console_close(struct console *console);

#endif
