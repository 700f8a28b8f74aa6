/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fakes were asked to do, in one list and in order: a line "function arguments" each. */
#ifndef TMIP_TESTS_AGENT_CALLS_H
#define TMIP_TESTS_AGENT_CALLS_H

#include <stdbool.h>

__attribute__((format(printf, 1, 2))) void calls_note(const char *format, ...);
const char *calls_made(void); /* since calls_forget(); each line ends with a newline */
void calls_forget(void);
bool calls_include(const char *line); /* a whole line */
unsigned calls_count(const char *begin); /* lines that begin like this */

/* These lines are there, each after the one before it; others may be between them. */
bool calls_in_order(const char *const *lines);
#define CALLS_IN_ORDER(...) calls_in_order((const char *const[]){__VA_ARGS__, NULL})

#endif
