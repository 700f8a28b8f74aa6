/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of what the fakes were asked to do. See calls.h. */
#include "calls.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static char made[1 << 16];
static size_t used;

void calls_note(const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(made + used, sizeof(made) - used, format, args);
	va_end(args);
	if (len < 0 || used + (size_t)len + 2 > sizeof(made)) {
		made[used] = '\0'; /* full: the tests that look have few calls */
		return;
	}
	used += (size_t)len;
	made[used++] = '\n';
	made[used] = '\0';
}

const char *calls_made(void)
{
	return made;
}

void calls_forget(void)
{
	used = 0;
	made[0] = '\0';
}

/* What follows the first line that is this one, from `from` on; NULL: there is none. */
static const char *after(const char *from, const char *line)
{
	size_t len = strlen(line);

	while (*from) {
		const char *end = strchr(from, '\n');

		if ((size_t)(end - from) == len && strncmp(from, line, len) == 0)
			return end + 1;
		from = end + 1;
	}
	return NULL;
}

bool calls_include(const char *line)
{
	return after(made, line) != NULL;
}

bool calls_in_order(const char *const *lines)
{
	const char *at = made;

	while (*lines && at)
		at = after(at, *lines++);
	return at != NULL;
}

unsigned calls_count(const char *begin)
{
	unsigned count = 0;

	for (const char *at = made; *at; at = strchr(at, '\n') + 1)
		count += strncmp(at, begin, strlen(begin)) == 0;
	return count;
}
