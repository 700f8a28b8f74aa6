/* SPDX-License-Identifier: BSD-2-Clause */
/* A log in memory, of all levels. It takes the place of io/process/log.h. */
#ifndef TMIP_TESTS_AGENT_FAKE_LOG_H
#define TMIP_TESTS_AGENT_FAKE_LOG_H

#include <stdbool.h>

#include "io/process/log.h"

/* How many lines of this level have this text in them. */
unsigned fake_log_count(enum log_level level, const char *text);
const char *fake_log_text(void); /* since fake_log_forget(); lines "2 text": 2 is the level */
void fake_log_forget(void);

#endif
