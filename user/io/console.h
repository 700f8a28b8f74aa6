/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands typed at a program in the foreground (-F): lines from a descriptor on the event loop. Lines are bounded; a
 * longer one is dropped with a word on stderr.
 */
#ifndef TMIP_IO_CONSOLE_H
#define TMIP_IO_CONSOLE_H

#include <event2/event.h>

#define CONSOLE_LINE_MAX 512

struct console;

struct console_handler {
	void (*line)(char *line, void *arg); /* without newline and surrounding blanks; not empty; may be changed */
	void (*end)(void *arg);              /* end of input (Ctrl-D); called once, nothing follows */
};

/* NULL with errno on failure. Both callbacks may call console_close. The descriptor stays the caller's. */
struct console *console_open(struct event_base *base, int fd, const struct console_handler *handler, void *arg);
void console_close(struct console *console); /* NULL is allowed */

#endif
