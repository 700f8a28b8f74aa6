/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's connection to the register: connects, registers this CN, stays in step, and tries again with back-off
 * when it is lost. Its messages go to the roaming machine, to the peers and to the DHCP server.
 */
#ifndef TMIP_AGENT_REGISTER_H
#define TMIP_AGENT_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/mlrp/mlrp.h"

struct agent;
struct mlrp_link;

enum register_state {
	REGISTER_DOWN,        /* waiting for the next attempt */
	REGISTER_CONNECTING,  /* TCP, HELLO */
	REGISTER_SYNCHRONISING, /* registered; the snapshot is arriving */
	REGISTER_READY,
};

struct register_client {
	enum register_state state;
	struct mlrp_link *link;
	struct event *retry;
	unsigned backoff_ms;
	uint64_t since_ms;       /* of this state */
	uint32_t transaction;    /* last one given out, below ROAM_TRANSACTION */
	struct version version;  /* newest record seen */
	char error[192];         /* why it is away; empty: it is not */
};

int register_start(struct agent *agent);
void register_stop(struct agent *agent);
void register_restart(struct agent *agent); /* it may be somewhere else now */
/* Our description changed (a cell came or went): tell the register, if it is there. */
void register_announce(struct agent *agent);
/* 0, or -ENOTCONN: the register is away. The message keeps its transaction. */
int register_send(struct agent *agent, const struct mlrp_message *message);
uint32_t register_next_transaction(struct agent *agent);
bool register_is_down(const struct agent *agent); /* not there, nor answering just now */
const char *register_state_name(enum register_state state);

#endif
