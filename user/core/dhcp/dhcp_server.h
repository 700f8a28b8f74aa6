/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decisions of a CN's DHCP server about a message (RFC 2131, 4.3). Pure: the server looks up
 * the replica and decides; the agent asks the register and sends the frames. The server stores no
 * leases: the register has all records.
 *
 * All CNs together are one DHCP server. The CN that hears a station answers with the options of the
 * subnet that contains the station's address, and with the address of that subnet's gateway as the
 * server's. In its cells the server is the only one, and it is authoritative: it refuses an address
 * that the network does not know, so that a station from another network does not wait in vain.
 * While the register is down the CN may not know all addresses, so the server refuses none as
 * unknown; it then assigns addresses of the CN's block (block.h).
 */
#ifndef TMIP_CORE_DHCP_DHCP_SERVER_H
#define TMIP_CORE_DHCP_DHCP_SERVER_H

#include <stdbool.h>

#include "block.h"
#include "core/roam/replica.h"
#include "dhcp.h"

enum dhcp_action {
	DHCP_DO_NOTHING = 1, /* drop the message and count the drop; `why` has the reason */
	DHCP_DO_REPLY,       /* send `reply`; `why` has the reason of a NAK */
	DHCP_DO_RENEW,       /* send `reply`, and send MLRP_RENEW to the register */
	DHCP_DO_ALLOCATE,    /* ask the register for an address (MLRP_ALLOCATE); addr: wish or 0 */
	DHCP_DO_BIND,        /* ask the register to bind addr (MLRP_BIND), then reply */
	DHCP_DO_RELEASE,     /* send MLRP_RELEASE to the register */
	DHCP_DO_DECLINE,     /* send MLRP_DECLINE to the register */
	DHCP_DO_LOCAL_OFFER, /* the register is down: offer addr of the CN's block, send `reply` */
	DHCP_DO_LOCAL_BIND,  /* the register is down: bind addr of the block, then send `reply` */
};

/* What a decision depends on. The server owns nothing that this points to. */
struct dhcp_server {
	const struct replica *replica;
	bool register_ready;          /* connected, and the replica is complete */
	bool register_down;           /* neither ready nor about to be */
	const struct block *block;    /* NULL: none */
	uint64_t now_ms;              /* CLOCK_MONOTONIC */
	uint32_t lease_time;          /* seconds; the longest lease */
	const char *domain_name;      /* NULL or "": none */
	const struct cell_info *cell; /* the cell that the message came from */
	struct tmip_mac mac;          /* of that cell's interface */
};

struct dhcp_decision {
	enum dhcp_action action;
	uint32_t addr;   /* the address in question, host byte order; 0: none */
	uint32_t lease;  /* seconds */
	struct dhcp_reply reply;
	const char *why; /* a constant, or NULL */
};

/* Decides about a message of a client. Sets all of *out. */
void dhcp_server_decide(const struct dhcp_server *server, const struct dhcp_request *request,
			struct dhcp_decision *out);
/*
 * Decides about a message for which the register was asked: `question` is DHCP_DO_ALLOCATE or
 * DHCP_DO_BIND, `record` its answer, or NULL if it refused. Sets all of *out.
 */
void dhcp_server_conclude(const struct dhcp_server *server, const struct dhcp_request *request,
			  enum dhcp_action question, const struct station_record *record,
			  struct dhcp_decision *out);

#endif
