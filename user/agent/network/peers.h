/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other CNs: a connection to each, and their entries in the data path (peer, subnets). Of two CNs the one with the
 * lower number connects, the other listens, so that there is one connection a pair; both try for as long as the register
 * knows the other.
 */
#ifndef TMIP_AGENT_PEERS_H
#define TMIP_AGENT_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mlrp/mlrp.h"

struct agent;
struct peer;

/* Listens on the tunnel address. 0 or -errno. */
int peers_start(struct agent *agent);
void peers_stop(struct agent *agent);

/* A CN (this one too) appeared, changed or is gone. */
void peers_put_cn(struct agent *agent, const struct cn_info *info);
/* Before the register has given this CN its number: what lies in its own cells is at home. */
void peers_put_own_subnets(struct agent *agent, const struct cn_info *self);
/* The machine changed the tunnel to this CN. */
void peers_show(struct agent *agent, uint32_t cn_id);
/* The register is about to name all CNs anew; those that it did not name are gone. */
void peers_expect(struct agent *agent);
void peers_drop_unnamed(struct agent *agent);
/* Takes out of the maps what a former agent left and the register does not know. */
void peers_sweep(struct agent *agent);

/* Sends to the CN; if there is no connection the message is dropped: the register's record will tell it the same. */
void peers_send(struct agent *agent, uint32_t cn_id, const struct mlrp_message *message);
bool peers_connected(const struct agent *agent, uint32_t cn_id);

#endif
