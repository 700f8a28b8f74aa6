/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log of a program: to a file, to the screen (-F), or to both. Each message is a line with
 * time, level and text. Errors and warnings also go to stderr, so that the user sees why a start
 * fails; a daemon that is ready has /dev/null there. Only one thread may call it.
 */
#ifndef TMIP_IO_PROCESS_LOG_H
#define TMIP_IO_PROCESS_LOG_H

#include <stdbool.h>

#include "core/base/level.h"

/*
 * Opens the file `path` for appending (NULL: no file), and the screen if `screen` is true. Returns
 * 0 or -errno; after an error the former log stays open.
 */
int log_open(const char *path, bool screen);
/* Opens the same file again, for rotation. Returns 0 or -errno. */
int log_reopen(void);
/* Shows lines up to this level (enum log_level). */
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
