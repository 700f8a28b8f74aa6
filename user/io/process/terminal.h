/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the command lines of both programs have in common: asking the running program over its control socket, and
 * showing its answer. Members that a program of another version does not send are shown as "-" or 0.
 */
#ifndef TMIP_IO_PROCESS_TERMINAL_H
#define TMIP_IO_PROCESS_TERMINAL_H

#include <jansson.h>
#include <stdio.h>

#define TERMINAL_TIMEOUT_MS 20000
#define TERMINAL_SPAN 40

enum { TERMINAL_OK = 0, TERMINAL_FAILED = 1, TERMINAL_USAGE = 2 }; /* exit statuses */

/* One line "PROGRAM: ..." on stderr. Returns TERMINAL_FAILED. */
__attribute__((format(printf, 1, 2))) int terminal_fail(const char *format, ...);

/* Asks `whom` (for messages: "agent") at its control socket; the request's reference is taken. *result is a new reference.
 * TERMINAL_OK, or TERMINAL_FAILED after telling why. */
int terminal_ask(const char *whom, const char *socket, json_t *request, json_t **result);

int terminal_print_json(json_t *result); /* releases it; an exit status */

const char *terminal_text(const json_t *object, const char *key);
long long terminal_number(const json_t *object, const char *key);
const char *terminal_span(long long seconds, char out[TERMINAL_SPAN]); /* 75 -> "1m15s", 90061 -> "1d1h" */
const char *terminal_lease(const json_t *station, char out[TERMINAL_SPAN]); /* what is left until its lease_end */

#endif
