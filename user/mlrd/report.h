/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of the register as JSON: what the control socket answers, and what show.h prints. Each
 * function returns a new reference; mlrd(8) has the members.
 */
#ifndef TMIP_MLRD_REPORT_H
#define TMIP_MLRD_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "io/format/fields.h"

struct registry_cut;
struct server;

/* Described once, for JSON and text. */
extern const struct field STATION_COUNT_FIELDS[]; /* struct registry_counts */
extern const struct field COUNTER_FIELDS[];       /* struct registry_counts */

json_t *report_status(const struct server *server);
json_t *report_cns(const struct server *server);
/*
 * which: an address, a MAC, or NULL for all; NULL is returned if it is neither. all: also free
 * addresses and those in a CN's block. *left_out: stations beyond the number that is shown.
 */
json_t *report_stations(const struct server *server, const char *which, bool all,
			size_t *left_out);
/* What a change of the network cuts. from: the CN; to: where it goes, or NULL. */
json_t *report_cut(const struct registry_cut *cut, const char *from, const char *to);
/*
 * What people must know about the database, in words; empty: nothing. True: it is wrong now; false:
 * it was wrong, and what could be done is done.
 */
bool report_trouble(const struct server *server, char *out, size_t size);

#endif
