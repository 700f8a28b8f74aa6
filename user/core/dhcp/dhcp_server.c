/* SPDX-License-Identifier: BSD-2-Clause */
/* The decisions of the DHCP server. See dhcp_server.h. */
#include "dhcp_server.h"

#include <string.h>

#define LEASE_MIN 60 /* seconds; only the configuration can make a lease shorter */

#define BLOCK_USED_UP "the register is away, and this CN's own block of addresses is used up"
#define NOT_IN_BLOCK "the register is away, and this CN's own block has not that address for it"

static void drop(struct dhcp_decision *out, const char *why)
{
	out->action = DHCP_DO_NOTHING;
	out->why = why;
}

static const struct cell_info *cell_of(const struct dhcp_server *server, uint32_t addr)
{
	struct tmip_addr key = addr_from_ipv4(addr);

	return replica_find_cell(server->replica, &key, NULL);
}

static const struct station_record *record_of(const struct dhcp_server *server, uint32_t addr)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	const struct replica_station *station = replica_find(server->replica, &key);

	return station && station->record.state == RECORD_BOUND ? &station->record : NULL;
}

/* Returns whether the record is of the client's owner, whatever its MAC is. */
static bool is_of_owner(const struct station_record *record, const struct dhcp_request *request)
{
	struct owner owner;

	dhcp_owner(request, &owner);
	return owner_is(&owner, &request->mac, &record->mac, record->client_id,
			record->client_id_len);
}

/*
 * Returns whether the record is the client's. An association may have got its identity only after
 * the lease, or have lost it: where only one of record and client has such an identity, the MAC
 * decides. It also decides about an address that is reserved for the host, or configured there.
 */
static bool is_of(const struct station_record *record, const struct dhcp_request *request)
{
	bool identity = identity_is_association(record->client_id, record->client_id_len);

	if (!station_has_mac(record, &request->mac))
		return false;
	if (identity != (request->identity.len > 0) || record->kind != RECORD_DYNAMIC)
		return !(identity && request->identity.len) || is_of_owner(record, request);
	return is_of_owner(record, request);
}

/*
 * Returns a leased or reserved record of the MAC: if it has several, the one that it asks for. One
 * whose subnet is no cell any more does not count.
 */
static const struct station_record *record_of_mac(const struct dhcp_server *server,
						  const struct dhcp_request *request)
{
	const struct station_record *found = NULL;

	for (const struct replica_station *s = replica_find_mac(server->replica, &request->mac); s;
	     s = replica_next_mac(server->replica, &request->mac, s)) {
		if (s->record.state != RECORD_BOUND || s->record.kind == RECORD_STATIC ||
		    !is_of(&s->record, request) ||
		    !replica_find_cell(server->replica, &s->record.addr, NULL))
			continue;
		if (!found || addr_to_ipv4(&s->record.addr) == request->requested)
			found = &s->record;
	}
	return found;
}

/*
 * The client may ask for a shorter lease, but not for one so short that it keeps the register busy.
 */
static uint32_t lease_for(const struct dhcp_server *server, const struct dhcp_request *request)
{
	uint32_t wanted = request->lease < LEASE_MIN ? LEASE_MIN : request->lease;

	return request->lease && wanted < server->lease_time ? wanted : server->lease_time;
}

/* Returns whether this is the address of a gateway of the network, which replies may carry. */
static bool is_ours(const struct dhcp_server *server, uint32_t addr)
{
	const struct cell_info *cell = cell_of(server, addr);

	return cell && addr_to_ipv4(&cell->gateway) == addr;
}

static void reply_lease(const struct dhcp_server *server, const struct dhcp_request *request,
			uint8_t type, uint32_t addr, struct dhcp_decision *out)
{
	const struct cell_info *cell = cell_of(server, addr);

	if (!cell) {
		drop(out, "the CN of that address is not known yet");
		return;
	}
	out->action = DHCP_DO_REPLY;
	out->addr = addr;
	out->lease = lease_for(server, request);
	out->reply = (struct dhcp_reply){.type = type, .yiaddr = addr,
					 .server = addr_to_ipv4(&cell->gateway),
					 .lease = out->lease, .cell = cell,
					 .domain_name = server->domain_name, .from = server->mac};
}

static void renew(const struct dhcp_server *server, const struct dhcp_request *request,
		  uint32_t addr, struct dhcp_decision *out)
{
	reply_lease(server, request, DHCP_ACK, addr, out);
	if (out->action == DHCP_DO_REPLY)
		out->action = DHCP_DO_RENEW;
}

/*
 * The server that the client has its lease from, as far as that can be known: the one that it
 * names, the gateway of a subnet that was a cell until now, the one that it renews at (RFC 2131,
 * 4.4.5).
 */
static uint32_t server_of(const struct dhcp_server *server, const struct dhcp_request *request)
{
	struct tmip_addr addr = addr_from_ipv4(request->requested ? request->requested :
								    request->ciaddr);
	const struct tmip_addr *former = replica_former_gateway(server->replica, &addr);

	if (is_ours(server, request->server))
		return request->server;
	if (former && !cell_of(server, addr_to_ipv4(&addr)))
		return addr_to_ipv4(former);
	if (request->ciaddr && is_ours(server, request->target))
		return request->target;
	return addr_to_ipv4(&server->cell->gateway);
}

/* Sends a NAK in the name of the client's server: some clients accept a NAK from no other one. */
static void refuse(const struct dhcp_server *server, const struct dhcp_request *request,
		   const char *why, struct dhcp_decision *out)
{
	out->action = DHCP_DO_REPLY;
	out->why = why;
	out->reply = (struct dhcp_reply){.type = DHCP_NAK, .server = server_of(server, request),
					 .from = server->mac};
}

/* The register is not ready. While it is down the address comes from this CN's block. */
static void assign_local(const struct dhcp_server *server, const struct dhcp_request *request,
			 enum dhcp_action action, uint32_t addr, struct dhcp_decision *out)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	const struct block_entry *entry = NULL;
	bool offer = action == DHCP_DO_ALLOCATE;

	if (server->block && server->register_down)
		entry = offer ? block_choose(server->block, server->replica, &server->cell->subnet,
					     request, server->now_ms) :
				block_find(server->block, &key);
	if (!entry || !block_is_open(entry, server->replica, request, server->now_ms)) {
		drop(out, offer ? BLOCK_USED_UP : NOT_IN_BLOCK);
		return;
	}
	reply_lease(server, request, offer ? DHCP_OFFER : DHCP_ACK, addr_to_ipv4(&entry->addr),
		    out);
	if (out->action == DHCP_DO_REPLY)
		out->action = offer ? DHCP_DO_LOCAL_OFFER : DHCP_DO_LOCAL_BIND;
}

static void ask_register(const struct dhcp_server *server, const struct dhcp_request *request,
			 enum dhcp_action action, uint32_t addr, struct dhcp_decision *out)
{
	if (!server->register_ready) {
		assign_local(server, request, action, addr, out);
		return;
	}
	out->action = action;
	out->addr = addr;
	out->lease = lease_for(server, request);
}

static void discover(const struct dhcp_server *server, const struct dhcp_request *request,
		     struct dhcp_decision *out)
{
	const struct station_record *record = record_of_mac(server, request);

	if (record)
		reply_lease(server, request, DHCP_OFFER, addr_to_ipv4(&record->addr), out);
	else
		ask_register(server, request, DHCP_DO_ALLOCATE, request->requested, out);
}

/*
 * A client has the address, or believes so: INIT-REBOOT, RENEWING, REBINDING (RFC 2131, 4.3.2). It
 * may be in another cell than its home cell: after it has roamed it keeps its address.
 */
static void confirm(const struct dhcp_server *server, const struct dhcp_request *request,
		    uint32_t addr, struct dhcp_decision *out)
{
	const struct station_record *record = record_of(server, addr);

	if (!cell_of(server, addr) && server->register_ready && record && is_of(record, request))
		drop(out, "no CN serves the cell of that address now");
	else if (!cell_of(server, addr) && server->register_ready)
		refuse(server, request, "the address lies in no cell of this network", out);
	else if (!cell_of(server, addr))
		drop(out, "the address lies in no cell that is known, and the register is away");
	else if (!record)
		/* Perhaps its lease has ended, and no other station got the address. */
		ask_register(server, request, DHCP_DO_BIND, addr, out);
	else if (!is_of(record, request) && is_of_owner(record, request))
		ask_register(server, request, DHCP_DO_BIND, addr, out);
	else if (!is_of(record, request))
		refuse(server, request, "the address belongs to another station", out);
	else
		renew(server, request, addr, out);
}

/*
 * A client accepts an offer (SELECTING). The offer was ours if the server that the client names is
 * a gateway of this network.
 */
static void select_offer(const struct dhcp_server *server, const struct dhcp_request *request,
			 struct dhcp_decision *out)
{
	const struct cell_info *cell = cell_of(server, request->requested);
	const struct station_record *record = record_of(server, request->requested);

	if (!is_ours(server, request->server))
		drop(out, "the client chose another server");
	else if (!cell || addr_to_ipv4(&cell->gateway) != request->server)
		refuse(server, request, "that server does not give out this address", out);
	else if (record && is_of(record, request))
		renew(server, request, request->requested, out);
	else
		ask_register(server, request, DHCP_DO_BIND, request->requested, out);
}

static void decide_return(const struct dhcp_server *server, const struct dhcp_request *request,
			  enum dhcp_action action, uint32_t addr, struct dhcp_decision *out)
{
	const struct station_record *record = record_of(server, addr);

	if (request->server && !is_ours(server, request->server)) {
		drop(out, "the client gives the address back to another server");
		return;
	}
	if (!record || !is_of(record, request)) {
		drop(out, "the address is not this station's to give back");
		return;
	}
	if (action == DHCP_DO_DECLINE && record->other_count) {
		/* An interface of a host hears that another one answers. */
		drop(out, "the host has the address by another of its MACs");
		return;
	}
	out->action = action;
	out->addr = addr;
}

static void inform(const struct dhcp_server *server, const struct dhcp_request *request,
		   struct dhcp_decision *out)
{
	const struct station_record *record = record_of_mac(server, request);
	uint32_t addr = request->ciaddr ? request->ciaddr : request->source;
	const struct cell_info *cell;

	/* Some clients do not say which address they have (RFC 2131, 4.3.5: they must). */
	if (!addr && record)
		addr = addr_to_ipv4(&record->addr);
	cell = cell_of(server, addr);
	if (!cell) {
		drop(out, "the client's address lies in no cell of this network");
		return;
	}
	out->action = DHCP_DO_REPLY; /* RFC 2131, 4.3.5: no lease, no address */
	out->reply = (struct dhcp_reply){.type = DHCP_ACK, .server = addr_to_ipv4(&cell->gateway),
					 .cell = cell, .domain_name = server->domain_name,
					 .from = server->mac};
}

void dhcp_server_decide(const struct dhcp_server *server, const struct dhcp_request *request,
			struct dhcp_decision *out)
{
	memset(out, 0, sizeof(*out));
	if (request->giaddr) {
		drop(out, "it came through a relay agent, which this version does not serve");
		return;
	}
	switch (request->type) {
	case DHCP_DISCOVER:
		discover(server, request, out);
		break;
	case DHCP_REQUEST:
		if (request->server && request->requested)
			select_offer(server, request, out);
		else if (request->requested)
			confirm(server, request, request->requested, out);
		else if (request->server && !is_ours(server, request->server))
			drop(out, "the client renews at another server");
		else if (request->ciaddr)
			confirm(server, request, request->ciaddr, out);
		else
			drop(out, "a REQUEST that names no address");
		break;
	case DHCP_DECLINE:
		decide_return(server, request, DHCP_DO_DECLINE, request->requested, out);
		break;
	case DHCP_RELEASE:
		decide_return(server, request, DHCP_DO_RELEASE, request->ciaddr, out);
		break;
	case DHCP_INFORM:
		inform(server, request, out);
		break;
	default:
		drop(out, "not a message of a client");
	}
}

void dhcp_server_conclude(const struct dhcp_server *server, const struct dhcp_request *request,
			  enum dhcp_action question, const struct station_record *record,
			  struct dhcp_decision *out)
{
	uint32_t wanted = request->requested ? request->requested : request->ciaddr;
	bool bind = question == DHCP_DO_BIND;

	memset(out, 0, sizeof(*out));
	if (record && bind &&
	    (record->state != RECORD_BOUND || addr_to_ipv4(&record->addr) != wanted ||
	     !station_has_mac(record, &request->mac)))
		record = NULL; /* it is of another station, or of another address */
	if (record)
		reply_lease(server, request, bind ? DHCP_ACK : DHCP_OFFER,
			    addr_to_ipv4(&record->addr), out);
	else if (bind)
		refuse(server, request, "the register does not give it this address", out);
	else
		drop(out, "the register has no address to offer");
}
