/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands on standard input. See console.h. */
#include "console.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "timer.h"

#define LINE_MAX_BYTES 512 /* of a command, with a NUL */

struct console {
	struct event *event;
	void (*command)(char *line, void *arg);
	void *arg;
	char line[LINE_MAX_BYTES];
	size_t used;
};

bool console_is_there(void)
{
	struct stat in;

	return fstat(STDIN_FILENO, &in) == 0 &&
	       !(S_ISCHR(in.st_mode) && in.st_rdev == makedev(1, 3)); /* /dev/null */
}

/* Passes on all whole lines. Drops the part of a line that fills the buffer. */
static void read_lines(struct console *console)
{
	char *newline;

	while ((newline = memchr(console->line, '\n', console->used))) {
		size_t len = (size_t)(newline - console->line) + 1;
		char copy[LINE_MAX_BYTES];

		memcpy(copy, console->line, len);
		copy[len - 1] = '\0';
		console->used -= len;
		memmove(console->line, newline + 1, console->used);
		console->command(copy, console->arg);
	}
	if (console->used == sizeof(console->line) - 1)
		console->used = 0;
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	struct console *console = arg;
	size_t room = sizeof(console->line) - 1 - console->used;
	ssize_t n = read(fd, console->line + console->used, room);

	(void)what;
	if (n > 0) {
		console->used += (size_t)n;
		read_lines(console);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		event_del(console->event);
		console->command(NULL, console->arg);
	}
}

/* epoll refuses plain files and /dev/null, always readable: a timer of 0 ms reads them. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct console *console = arg;

	(void)fd;
	timer_arm(console->event, 0);
	on_input(STDIN_FILENO, what, console);
}

struct console *console_open(struct event_base *base, void (*command)(char *line, void *arg),
			     void *arg)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return NULL;
	console->command = command;
	console->arg = arg;
	console->event = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, console);
	if (console->event && event_add(console->event, NULL) == 0)
		return console;
	if (console->event)
		event_free(console->event);
	console->event = evtimer_new(base, on_turn, console);
	if (console->event && timer_arm(console->event, 0) == 0)
		return console;
	console_close(console);
	return NULL;
}

void console_close(struct console *console)
{
	if (!console)
		return;
	if (console->event)
		event_free(console->event);
	free(console);
}
