/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of the register (the real one) over a fake link, for modules that ask the register. The
 * test brings it into each state; nobody hears its calls.
 */
#ifndef TMIP_TESTS_AGENT_REGISTERED_H
#define TMIP_TESTS_AGENT_REGISTERED_H

#include "agent/network/register.h"

/* Down, and nothing has failed yet. The links of fake_link.h begin anew. */
struct register_client *registered_create(struct event_base *base,
					  const struct agent_config *config);

void registered_fails(struct register_client *client);        /* an attempt fails: it is down */
void registered_synchronises(struct register_client *client); /* registered, the snapshot arrives */
void registered_is_ready(struct register_client *client);     /* in step, from whatever state */
void registered_is_lost(void);                                /* the connection ends */

/* Messages that were sent over the newest link after the handshake and SYNC. */
unsigned registered_asked(void);
/* The newest of them, or the one `back` before it. */
const struct mlrp_message *registered_question(unsigned back);

#endif
