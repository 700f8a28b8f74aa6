/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is the station that has an address still in its cell? Asked where another one with the same identity wants the address. The
 * CN that has the station finds it out: it probes (presence.h) until a frame of the station comes, or for a second and a half.
 */
#ifndef TMIP_AGENT_HOLDER_H
#define TMIP_AGENT_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mlrp/mlrp.h"

struct agent;

typedef void holder_done(bool there, const struct station_record *record, void *arg);

/* `done` is called later, not at once. 0, -EBUSY: this is asked for already, or too much is; -ENOMEM. No answer of a CN counts
 * as: it is there. */
int holder_ask(struct agent *agent, const struct station_record *record, holder_done *done, void *arg);
/* PROBE of another CN, about a station in a cell of this one. */
void holder_probed(struct agent *agent, uint32_t from, const struct mlrp_message *message);
/* True: the message was the answer to a PROBE of this CN. */
bool holder_answered(struct agent *agent, uint32_t from, const struct mlrp_message *message);
void holder_stop(struct agent *agent);

#endif
