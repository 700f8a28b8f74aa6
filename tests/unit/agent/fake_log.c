/* SPDX-License-Identifier: BSD-2-Clause */
/* A log in memory. See fake_log.h. */
#include "fake_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1 << 16];
static size_t used;
static int shown = LOG_LEVEL_INFO;

int log_open(const char *path, bool screen)
{
	(void)path;
	(void)screen;
	return 0;
}

int log_reopen(void)
{
	return 0;
}

void log_set_level(int level)
{
	shown = level;
}

int log_get_level(void)
{
	return shown;
}

void log_close(void)
{
}

void log_at(enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (used + strlen(line) + 8 > sizeof(text))
		fake_log_forget();
	used += (size_t)snprintf(text + used, sizeof(text) - used, "%d %s\n", (int)level, line);
}

const char *fake_log_text(void)
{
	return text;
}

void fake_log_forget(void)
{
	used = 0;
	text[0] = '\0';
}

unsigned fake_log_count(enum log_level level, const char *part)
{
	unsigned count = 0;

	for (const char *at = text, *end; (end = strchr(at, '\n')); at = end + 1) {
		const char *found = strstr(at, part);

		count += atoi(at) == (int)level && found && found < end;
	}
	return count;
}
