/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DHCP server's hands: frames that the data path took come in, the decisions of core/dhcp_server.h are carried out,
 * and questions to the register are kept until it answers. Bounded; every message that is not answered is counted.
 */
#ifndef TMIP_AGENT_DHCP_H
#define TMIP_AGENT_DHCP_H

#include <jansson.h>
#include <stdbool.h>

#include <tmip/event.h>

#include "core/mlrp/mlrp.h"

struct agent;
struct dhcp_request;

int dhcp_start(struct agent *agent); /* 0 or -ENOMEM */
void dhcp_stop(struct agent *agent);

void dhcp_frame(struct agent *agent, const struct tmip_punt *punt);
/* A message whose identity is known, from that cell. */
void dhcp_serve(struct agent *agent, unsigned ifindex, const struct dhcp_request *request);
/* The register's answer to a request whose transaction is not the roaming machine's. False: nobody asked for it. */
bool dhcp_register_answer(struct agent *agent, const struct mlrp_message *message);
/* What was asked is not answered any more: the clients will ask again. */
void dhcp_register_lost(struct agent *agent);
json_t *dhcp_report(const struct agent *agent);

#endif
