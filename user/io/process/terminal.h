/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The common part of the command lines of both programs: a request to the running program over its
 * control socket, and the output of its answer. A member that a program of another version does not
 * send prints as "-" or 0.
 */
#ifndef TMIP_IO_PROCESS_TERMINAL_H
#define TMIP_IO_PROCESS_TERMINAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define TERMINAL_TIMEOUT_MS 20000 /* for an answer */
#define TERMINAL_SPAN 40          /* bytes of a span of time as text, with the NUL */

/* Exit statuses. PARTLY: done as far as it can be done without a restart. */
enum { TERMINAL_OK = 0, TERMINAL_FAILED = 1, TERMINAL_USAGE = 2, TERMINAL_PARTLY = 3 };

/* Writes one line "PROGRAM: ..." to stderr. Returns TERMINAL_FAILED. */
__attribute__((format(printf, 1, 2))) int terminal_fail(const char *format, ...);

/*
 * Sends the request to a control socket and waits for the answer. Releases the request. `whom`
 * names the program in error messages ("agent"). Returns TERMINAL_OK and sets *result to a new
 * reference, or TERMINAL_FAILED after an error message.
 */
int terminal_ask(const char *whom, const char *socket, json_t *request, json_t **result);

/*
 * Prints the result of `reload`, and releases it: each directive whose new value needs a restart,
 * each cell that is awaited or leaves; or all as JSON. Returns an exit status.
 */
int terminal_print_reload(json_t *result, bool as_json);

/* Prints the JSON and releases it. Returns an exit status. */
int terminal_print_json(json_t *result);

/* Returns a text of the object; "-" if it is empty or missing. The object owns it. */
const char *terminal_text(const json_t *object, const char *key);
/* Returns a number of the object; 0 if it is missing. */
long long terminal_number(const json_t *object, const char *key);
/*
 * Writes a span of time with its two largest units: 75 as "1m15s", 90061 as "1d1h". Returns `out`.
 */
const char *terminal_span(long long seconds, char out[TERMINAL_SPAN]);
/* Returns the time until the station's lease_end, in `out` or as a constant. */
const char *terminal_lease(const json_t *station, char out[TERMINAL_SPAN]);

#endif
