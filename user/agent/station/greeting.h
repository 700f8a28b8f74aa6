/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A station that has just associated is asked for its MAC in the name of its gateway (ARP), whose MAC it learns from the
 * question. It may not hear the first one: an access point can let a station in before that has installed its key.
 */
#ifndef TMIP_AGENT_GREETING_H
#define TMIP_AGENT_GREETING_H

#include <tmip/types.h>

struct agent;
struct greeting;

void greeting_begin(struct agent *agent, const struct tmip_addr *addr); /* at once, and some times more within half a second */
void greeting_stop(struct agent *agent);

#endif
