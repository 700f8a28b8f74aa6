/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of a program. See log.h. */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static FILE *file;
static char file_path[4096];
static bool on_screen = true; /* until log_open: the user must see errors of the start */
static int shown = LOG_LEVEL_INFO;

int log_open(const char *path, bool screen)
{
	FILE *opened = NULL;

	if (path) {
		if (strlen(path) >= sizeof(file_path))
			return -ENAMETOOLONG;
		opened = fopen(path, "ae");
		if (!opened)
			return -errno;
		setvbuf(opened, NULL, _IOLBF, 0);
		memmove(file_path, path, strlen(path) + 1);
	}
	if (file)
		fclose(file);
	file = opened;
	on_screen = screen;
	return 0;
}

int log_reopen(void)
{
	return file ? log_open(file_path, on_screen) : 0;
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
	if (file)
		fclose(file);
	file = NULL;
}

static void write_line(FILE *to, const char *when, const char *level, const char *text)
{
	fprintf(to, "%s %s %s\n", when, level, text);
}

void log_at(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {"ERROR", "WARN", "INFO", "DEBUG", "TRACE"};
	char text[1024], stamp[32], when[64];
	struct timespec now;
	struct tm parts;
	va_list args;

	if ((int)level > shown)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &parts);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &parts);
	snprintf(when, sizeof(when), "%s.%06ld", stamp, now.tv_nsec / 1000);
	if (file)
		write_line(file, when, names[level], text);
	if (on_screen)
		write_line(stderr, when, names[level], text);
	else if (level <= LOG_LEVEL_WARN)
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
}
