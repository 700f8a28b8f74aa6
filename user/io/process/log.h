/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of a program: to a file, to the screen (-F) or to both. One line a message: time, level, text. Errors and
 * warnings go to stderr in any case, so that a failing start is seen (a daemon that is ready has /dev/null there).
 * Levels follow the 2003 programs: `debug N` shows everything up to N. Call it from one thread.
 */
#ifndef TMIP_IO_PROCESS_LOG_H
#define TMIP_IO_PROCESS_LOG_H

#include <stdbool.h>

#include "core/base/level.h"


/* Opens `path` for appending (NULL: no file) and/or the screen. 0 or -errno; on error the old log goes on. */
int log_open(const char *path, bool screen);
int log_reopen(void); /* after rotation; SIGHUP calls it */
void log_set_level(int level);
int log_get_level(void);
void log_close(void);

__attribute__((format(printf, 2, 3))) void log_at(enum log_level level, const char *format, ...);

#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_trace(...) log_at(LOG_LEVEL_TRACE, __VA_ARGS__)

#endif
