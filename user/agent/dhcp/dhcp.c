/* SPDX-License-Identifier: BSD-2-Clause */
/* The DHCP server of the agent. See dhcp.h. */
#define HASH_NONFATAL_OOM 1
#include "dhcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "agent/interface/cells.h"
#include "agent/network/outage.h"
#include "agent/network/register.h"
#include "agent/state.h"
#include "agent/wifi/authenticator.h"
#include "core/dhcp/dhcp_server.h"
#include "io/datapath/frame.h"
#include "io/process/log.h"

#define QUESTIONS_MAX 4096
#define QUESTION_MS 5000 /* a client repeats its message sooner */

/* A message of a client that waits for the register. */
struct question {
	uint32_t transaction;
	unsigned ifindex;
	enum dhcp_action action;
	uint64_t asked_ms;
	struct dhcp_request request;
	UT_hash_handle hh; /* in the order of asking */
};

struct dhcp {
	struct question *questions;
	uint64_t received, offered, confirmed, refused, ignored, malformed, unanswered, not_sent;
};

/* ---- what the server knows when it decides */

static bool server_of(const struct agent *agent, unsigned ifindex, struct dhcp_server *server, struct cell_view *cell)
{
	if (!cells_find(agent, ifindex, cell))
		return false;
	*server = (struct dhcp_server){
		.replica = roam_replica(agent->roam),
		.register_ready = agent->reg.state == REGISTER_READY,
		.register_down = register_is_down(agent),
		.block = away_block(agent),
		.now_ms = agent_now_ms(),
		.lease_time = agent->config.lease_time,
		.domain_name = agent->config.domain_name,
		.cell = cell->info,
		.mac = cell->mac,
	};
	return true;
}

/* ---- answers to clients */

static void count_reply(struct dhcp *dhcp, uint8_t type)
{
	if (type == DHCP_OFFER)
		dhcp->offered++;
	else if (type == DHCP_ACK)
		dhcp->confirmed++;
	else
		dhcp->refused++;
}

static void reply(struct agent *agent, const struct cell_view *cell, const struct dhcp_request *request, const struct dhcp_decision *decision)
{
	uint8_t frame[DHCP_FRAME_MAX];
	char addr[ADDR_STRLEN];
	struct tmip_addr yours = addr_from_ipv4(decision->reply.yiaddr);
	long len = dhcp_encode(request, &decision->reply, frame, sizeof(frame));
	int error = len < 0 ? (int)len : frame_send(cell->port, frame, (size_t)len);

	if (error) {
		agent->dhcp->not_sent++;
		agent_log(agent, LOG_LEVEL_WARN, &request->mac, "DHCP: %s in cell %s not sent: %s", dhcp_type_name(decision->reply.type),
			   cell->name, strerror(-error));
		return;
	}
	count_reply(agent->dhcp, decision->reply.type);
	agent_log(agent, LOG_LEVEL_INFO, &request->mac, "DHCP: %s in cell %s answered by %s %s%s%s", dhcp_type_name(request->type), cell->name,
		   dhcp_type_name(decision->reply.type), decision->reply.yiaddr ? addr_format(&yours, addr) : "", decision->why ? ": " : "",
		   decision->why ? decision->why : "");
}

/* ---- questions to the register */

static void forget(struct dhcp *dhcp, struct question *question)
{
	HASH_DEL(dhcp->questions, question);
	free(question);
}

/* The oldest ones, on which the register stayed silent, are given up: their clients ask again. */
static void make_room(struct agent *agent)
{
	struct dhcp *dhcp = agent->dhcp;
	uint64_t now_ms = agent_now_ms();

	while (dhcp->questions && now_ms - dhcp->questions->asked_ms > QUESTION_MS) {
		dhcp->unanswered++;
		forget(dhcp, dhcp->questions);
	}
}

static struct question *remember(struct agent *agent, const struct dhcp_request *request, unsigned ifindex, enum dhcp_action action)
{
	struct dhcp *dhcp = agent->dhcp;
	struct question *question;

	make_room(agent);
	question = HASH_COUNT(dhcp->questions) < QUESTIONS_MAX ? calloc(1, sizeof(*question)) : NULL;
	if (!question)
		return NULL;
	question->transaction = register_next_transaction(agent);
	question->ifindex = ifindex;
	question->action = action;
	question->asked_ms = agent_now_ms();
	question->request = *request;
	HASH_ADD(hh, dhcp->questions, transaction, sizeof(question->transaction), question);
	if (question->hh.tbl)
		return question;
	free(question);
	return NULL;
}

static const struct {
	uint8_t type;
	bool subnet, client_id, lease;
} QUESTIONS[] = {
	[DHCP_DO_RENEW] = {MLRP_RENEW, .lease = true},
	[DHCP_DO_ALLOCATE] = {MLRP_ALLOCATE, .subnet = true, .client_id = true},
	[DHCP_DO_BIND] = {MLRP_BIND, .client_id = true, .lease = true},
	[DHCP_DO_RELEASE] = {MLRP_RELEASE},
	[DHCP_DO_DECLINE] = {MLRP_DECLINE},
};

static int ask_register(struct agent *agent, const struct dhcp_server *server, const struct dhcp_request *request,
			const struct dhcp_decision *decision, uint32_t transaction)
{
	uint8_t len;
	const uint8_t *owner = dhcp_owner(request, &len);
	struct mlrp_message message = {.type = QUESTIONS[decision->action].type, .transaction = transaction, .has = MLRP_HAS(MLRP_F_MAC),
				       .mac = request->mac, .addr = addr_from_ipv4(decision->addr), .lease = decision->lease,
				       .subnet = server->cell->subnet};

	if (decision->addr)
		message.has |= MLRP_HAS(MLRP_F_ADDR);
	if (QUESTIONS[decision->action].lease)
		message.has |= MLRP_HAS(MLRP_F_LEASE);
	if (QUESTIONS[decision->action].subnet)
		message.has |= MLRP_HAS(MLRP_F_SUBNET);
	if (QUESTIONS[decision->action].client_id && len) {
		message.has |= MLRP_HAS(MLRP_F_CLIENT_ID);
		message.client_id_len = len;
		memcpy(message.client_id, owner, len);
	}
	return register_send(agent, &message);
}

/* The reply waits for the answer. */
static void ask_and_wait(struct agent *agent, const struct dhcp_server *server, unsigned ifindex, const struct dhcp_request *request,
			 const struct dhcp_decision *decision)
{
	struct question *question = remember(agent, request, ifindex, decision->action);
	int error = question ? ask_register(agent, server, request, decision, question->transaction) : -ENOBUFS;

	if (!error)
		return;
	agent->dhcp->unanswered++;
	if (question)
		forget(agent->dhcp, question);
	agent_log(agent, LOG_LEVEL_WARN, &request->mac, "DHCP: the register cannot be asked: %s", strerror(-error));
}

/* The client has its answer already; the register is told now, or, of a lease that was renewed, when it is back. */
static void inform_register(struct agent *agent, const struct dhcp_server *server, const struct dhcp_request *request,
			    const struct dhcp_decision *decision)
{
	struct tmip_addr addr = addr_from_ipv4(decision->addr);
	int error = ask_register(agent, server, request, decision, register_next_transaction(agent));

	if (error && decision->action == DHCP_DO_RENEW)
		roam_renewed(agent->roam, &addr, decision->lease, agent_unix_us() / 1000000 + decision->lease);
	else if (error)
		agent_log(agent, LOG_LEVEL_WARN, &request->mac, "DHCP: %s could not be told to the register: %s",
			   dhcp_type_name(request->type), strerror(-error));
}

/* ---- in */

/* Of the CN's own block. The client hears of a lease when it is on the disk. */
static void give_own(struct agent *agent, const struct cell_view *cell, unsigned ifindex, const struct dhcp_request *request,
		     const struct dhcp_decision *decision)
{
	int error = decision->action == DHCP_DO_LOCAL_BIND ? away_give(agent, request, decision->addr, decision->lease, ifindex) :
							     away_offer(agent, request, decision->addr);

	if (!error) {
		reply(agent, cell, request, decision);
		return;
	}
	agent->dhcp->unanswered++;
	agent_log(agent, LOG_LEVEL_WARN, &request->mac, "DHCP: an address of this CN's own block cannot be given: %s", strerror(-error));
}

static void perform(struct agent *agent, const struct dhcp_server *server, const struct cell_view *cell, unsigned ifindex,
		    const struct dhcp_request *request, const struct dhcp_decision *decision)
{
	switch (decision->action) {
	case DHCP_DO_NOTHING:
		agent->dhcp->ignored++;
		agent_log(agent, LOG_LEVEL_INFO, &request->mac, "DHCP: %s in cell %s not answered: %s", dhcp_type_name(request->type),
			   cell->name, decision->why);
		break;
	case DHCP_DO_RENEW:
		reply(agent, cell, request, decision);
		inform_register(agent, server, request, decision);
		break;
	case DHCP_DO_REPLY:
		reply(agent, cell, request, decision);
		break;
	case DHCP_DO_ALLOCATE:
	case DHCP_DO_BIND:
		ask_and_wait(agent, server, ifindex, request, decision);
		break;
	case DHCP_DO_LOCAL_OFFER:
	case DHCP_DO_LOCAL_BIND:
		give_own(agent, cell, ifindex, request, decision);
		break;
	case DHCP_DO_RELEASE:
	case DHCP_DO_DECLINE:
		agent_log(agent, LOG_LEVEL_INFO, &request->mac, "DHCP: %s in cell %s", dhcp_type_name(request->type), cell->name);
		if (!away_take_back(agent, decision->addr, decision->action == DHCP_DO_DECLINE))
			inform_register(agent, server, request, decision);
		break;
	}
}

/* Is it another station's with the same identity, that may still be there? Then that is found out first. */
static bool may_have(struct agent *agent, unsigned ifindex, const struct dhcp_request *request, const struct dhcp_decision *decision)
{
	struct tmip_addr addr = addr_from_ipv4(decision->addr);
	const struct replica_station *station = decision->action == DHCP_DO_BIND ? replica_find(roam_replica(agent->roam), &addr) : NULL;

	return !station || authenticator_may_take(agent, ifindex, request, &station->record);
}

void dhcp_serve(struct agent *agent, unsigned ifindex, const struct dhcp_request *request)
{
	struct dhcp_decision decision;
	struct dhcp_server server;
	struct cell_view cell;

	if (!server_of(agent, ifindex, &server, &cell))
		return;
	dhcp_server_decide(&server, request, &decision);
	if (may_have(agent, ifindex, request, &decision))
		perform(agent, &server, &cell, ifindex, request, &decision);
}

void dhcp_frame(struct agent *agent, const struct tmip_punt *punt)
{
	struct dhcp_request request;
	struct dhcp_fault fault = {0};
	struct cell_view cell;

	agent->dhcp->received++;
	if (!cells_find(agent, punt->ifindex, &cell))
		return;
	if (dhcp_decode(punt->data, punt->length, &request, &fault) < 0) {
		agent->dhcp->malformed++;
		log_info("cell %s: DHCP message not understood: %s (option %u, offset %zu)", cell.name, fault.what, fault.option, fault.offset);
		return;
	}
	if (!mac_equal(&request.mac, &request.from)) {
		agent->dhcp->ignored++;
		agent_log(agent, LOG_LEVEL_WARN, &request.from, "DHCP: a message in the name of another MAC is ignored");
		return;
	}
	if (authenticator_identify(agent, punt->ifindex, &request))
		dhcp_serve(agent, punt->ifindex, &request);
}

/* Did the register say no to the client, or is it the register that cannot? Then the client hears nothing and asks again. */
static bool is_verdict(const struct mlrp_message *message)
{
	return message->type == MLRP_STATION || (message->code != MLRP_E_STORE && message->code != MLRP_E_FULL &&
						 message->code != MLRP_E_NOT_REGISTERED);
}

static void conclude(struct agent *agent, const struct question *question, const struct station_record *record)
{
	struct dhcp_decision decision;
	struct dhcp_server server;
	struct cell_view cell;

	if (!server_of(agent, question->ifindex, &server, &cell))
		return;
	if (record && !authenticator_may_take(agent, question->ifindex, &question->request, record))
		return;
	dhcp_server_conclude(&server, &question->request, question->action, record, &decision);
	perform(agent, &server, &cell, question->ifindex, &question->request, &decision);
}

bool dhcp_register_answer(struct agent *agent, const struct mlrp_message *message)
{
	const struct station_record *record = message->type == MLRP_STATION ? &message->station : NULL;
	struct question *question;

	HASH_FIND(hh, agent->dhcp->questions, &message->transaction, sizeof(message->transaction), question);
	/* An offered address is nobody's yet: the replica learns of it when it is bound. */
	if (record && record->state != RECORD_OFFERED)
		roam_record(agent->roam, record, question ? question->ifindex : 0, agent_now_ms());
	if (!question)
		return record != NULL;
	if (!record)
		agent_log(agent, LOG_LEVEL_WARN, &question->request.mac, "DHCP: the register refuses: %s%s%s", mlrp_error_name(message->code),
			   message->text[0] ? ", " : "", message->text);
	if (is_verdict(message))
		conclude(agent, question, record);
	else
		agent->dhcp->unanswered++;
	forget(agent->dhcp, question);
	return true;
}

void dhcp_register_lost(struct agent *agent)
{
	while (agent->dhcp->questions) {
		agent->dhcp->unanswered++;
		forget(agent->dhcp, agent->dhcp->questions);
	}
}

/* ---- life */

int dhcp_start(struct agent *agent)
{
	agent->dhcp = calloc(1, sizeof(*agent->dhcp));
	return agent->dhcp ? 0 : -ENOMEM;
}

void dhcp_stop(struct agent *agent)
{
	if (!agent->dhcp)
		return;
	dhcp_register_lost(agent);
	free(agent->dhcp);
	agent->dhcp = NULL;
}

json_t *dhcp_report(const struct agent *agent)
{
	const struct dhcp *dhcp = agent->dhcp;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "received", (json_int_t)dhcp->received, "offered", (json_int_t)dhcp->offered,
			 "confirmed", (json_int_t)dhcp->confirmed, "refused", (json_int_t)dhcp->refused, "ignored", (json_int_t)dhcp->ignored,
			 "malformed", (json_int_t)dhcp->malformed, "unanswered", (json_int_t)dhcp->unanswered, "not_sent", (json_int_t)dhcp->not_sent);
}
