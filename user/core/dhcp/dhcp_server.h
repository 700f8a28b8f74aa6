/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a CN's DHCP server does with a message (RFC 2131, 4.3). Pure: it looks into the replica and decides; the agent
 * asks the register and sends the frames. There is no lease store here: records live in the register.
 *
 * The whole network is one server to its stations: whichever CN hears them answers with the options of the subnet
 * that the address lies in, and under the address of that subnet's gateway. In its cells it is the only server and
 * authoritative: an address that the network does not know is refused, so that a station coming from elsewhere does not
 * wait in vain. It refuses nothing on the ground of knowledge that may be incomplete, that is while the register is away.
 * Then it gives out addresses of the CN's own block (block.h).
 */
#ifndef TMIP_CORE_DHCP_DHCP_SERVER_H
#define TMIP_CORE_DHCP_DHCP_SERVER_H

#include <stdbool.h>

#include "block.h"
#include "core/roam/replica.h"
#include "dhcp.h"

enum dhcp_action {
	DHCP_DO_NOTHING = 1, /* `why` says it; a drop that is counted */
	DHCP_DO_REPLY,       /* send `reply` */
	DHCP_DO_RENEW,       /* send `reply`, and tell the register (MLRP_RENEW) */
	DHCP_DO_ALLOCATE,    /* ask the register for an address to offer (MLRP_ALLOCATE; wish in addr, may be 0) */
	DHCP_DO_BIND,        /* ask the register to bind addr (MLRP_BIND); reply when it has */
	DHCP_DO_RELEASE,     /* tell the register (MLRP_RELEASE) */
	DHCP_DO_DECLINE,     /* tell the register (MLRP_DECLINE) */
	DHCP_DO_LOCAL_OFFER, /* the register is away: send `reply`, with an address of the CN's own block */
	DHCP_DO_LOCAL_BIND,  /* the same: bind addr, then send `reply` */
};

struct dhcp_server {
	const struct replica *replica;
	bool register_ready;
	bool register_down;          /* neither ready nor about to be */
	const struct block *block;   /* NULL: none */
	uint64_t now_ms;
	uint32_t lease_time;         /* seconds, the longest */
	const char *domain_name;
	const struct cell_info *cell; /* the cell that the message came from */
	struct tmip_mac mac;          /* of its interface */
};

struct dhcp_decision {
	enum dhcp_action action;
	uint32_t addr;     /* that it is about */
	uint32_t lease;    /* seconds */
	struct dhcp_reply reply;
	const char *why;   /* a constant */
};

void dhcp_server_decide(const struct dhcp_server *server, const struct dhcp_request *request,
			struct dhcp_decision *out);
/* The register answered: `record`, or NULL if it refused. question: DHCP_DO_ALLOCATE or DHCP_DO_BIND. */
void dhcp_server_conclude(const struct dhcp_server *server, const struct dhcp_request *request,
			  enum dhcp_action question, const struct station_record *record,
			  struct dhcp_decision *out);

#endif
