/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this CN needs to go on while the register is away, kept in state_dir: its number, the other CNs, its block of addresses
 * and what it gave out of it. A restarted agent takes it up when it finds no register.
 */
#ifndef TMIP_AGENT_AWAY_H
#define TMIP_AGENT_AWAY_H

#include <stdbool.h>
#include <stdint.h>

struct agent;
struct agent_config;
struct block;
struct dhcp_request;
struct mlrp_message;

int away_start(struct agent *agent); /* reads the file; 0 or -ENOMEM */
void away_stop(struct agent *agent);
/* This CN serves no more: the file goes, unless the register has still to be told of a station in it. */
void away_remove_file(const struct agent_config *config);
/* The register cannot be reached: if it never was since the start, what the file says is taken up. */
void away_begin(struct agent *agent);
/* In step with the register: what was given out is in the machine, so that it is reported; then: asks for blocks. */
void away_serve(struct agent *agent);
void away_request(struct agent *agent);

void away_block_is(struct agent *agent, const struct mlrp_message *message); /* MLRP_BLOCK */
bool away_refused(struct agent *agent, const struct mlrp_message *message);  /* an ERROR; false: to somebody else's request */
void away_lost(struct agent *agent);                                        /* the connection with the register */
void away_settle(struct agent *agent, const struct mlrp_message *message);   /* STATION or ERROR: has it to do with the block? */
void away_changed(struct agent *agent);                                     /* the CNs are others: write the file soon */

const struct block *away_block(const struct agent *agent);
/* For the DHCP server. 0 or -errno. */
int away_offer(struct agent *agent, const struct dhcp_request *request, uint32_t addr);
int away_give(struct agent *agent, const struct dhcp_request *request, uint32_t addr, uint32_t lease, unsigned ifindex);
/* A client releases or declines an address. False: it is none that only this CN knows of. */
bool away_take_back(struct agent *agent, uint32_t addr, bool declined);

#endif
