/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of the running agent as JSON, as the control socket gives it out and show.h prints it. Each returns a new
 * reference. Members are described in tmip-agent(8).
 */
#ifndef TMIP_AGENT_REPORT_H
#define TMIP_AGENT_REPORT_H

#include <jansson.h>

struct agent;

json_t *report_status(const struct agent *agent);
/* `which`: an address, a MAC or NULL for all; `here` leaves out stations that this CN has nothing to do with. */
json_t *report_stations(const struct agent *agent, const char *which, int here);
json_t *report_peers(const struct agent *agent);
json_t *report_why(const struct agent *agent, const char *which, const char **error); /* NULL with *error: not an address */

/* Writes status_file anew. */
void report_write_file(const struct agent *agent);

#endif
