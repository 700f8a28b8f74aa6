/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DHCP server of this CN: takes the frames that the data path punts, lets
 * core/dhcp/dhcp_server.h decide, sends the replies, and keeps the messages whose reply waits for
 * the register or for the disk. Bounded; every message without an answer is counted.
 */
#ifndef TMIP_AGENT_DHCP_DHCP_H
#define TMIP_AGENT_DHCP_DHCP_H

#include <stdbool.h>
#include <stdint.h>

#include <tmip/event.h>

#include "core/mlrp/mlrp.h"

struct agent_config;
struct cell_table;
struct dhcp;
struct dhcp_request;
struct outage;
struct register_client;
struct roam;
struct trail;
struct twins;

struct dhcp_calls {
	/*
	 * Adds the identity of the client's association to a message from that cell. False: that is
	 * not known yet; dhcp_handle() follows, or the client repeats its message.
	 */
	bool (*identify)(unsigned cell, struct dhcp_request *request, void *arg);
	/*
	 * May the client have the address that the record binds to another MAC? False: that is not
	 * known yet; as above.
	 */
	bool (*may_have)(unsigned cell, const struct dhcp_request *request,
			 const struct station_record *record, void *arg);
	void *arg;
};

struct dhcp_setup {
	const struct agent_config *config;
	const struct cell_table *cells;
	struct roam *roam;
	struct register_client *reg;
	struct outage *outage;
	struct trail *trail;
	struct twins *twins;
	struct dhcp_calls calls;
};

/* Of messages. */
struct dhcp_counts {
	uint64_t received;
	uint64_t offered, confirmed, refused; /* answered by OFFER, ACK, NAK */
	uint64_t ignored;    /* not for this server, from no cell, in the name of another MAC */
	uint64_t malformed;
	uint64_t unanswered; /* no word of the register or the disk in time, or the cell is gone */
	uint64_t not_sent;   /* replies that the interface refused */
	uint64_t translated; /* of `ignored`: the frame has another MAC than its client */
};

struct dhcp *dhcp_create(const struct dhcp_setup *setup); /* NULL: no memory */
void dhcp_destroy(struct dhcp *dhcp);                     /* NULL is allowed */

void dhcp_frame(struct dhcp *dhcp, const struct tmip_punt *punt);
/* Handles a message whose identity is known, from the cell ifindex. */
void dhcp_handle(struct dhcp *dhcp, unsigned ifindex, const struct dhcp_request *request);

/*
 * STATION or ERROR of the register with a transaction that is not the roaming machine's. False:
 * nobody asked for it.
 */
bool dhcp_register_answer(struct dhcp *dhcp, const struct mlrp_message *message);
/* No question that was asked will be answered: the clients repeat their messages. */
void dhcp_register_lost(struct dhcp *dhcp);

void dhcp_count(const struct dhcp *dhcp, struct dhcp_counts *counts);

#endif
