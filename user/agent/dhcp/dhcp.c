/* SPDX-License-Identifier: BSD-2-Clause */
/* The DHCP server of this CN. See dhcp.h. */
#define HASH_NONFATAL_OOM 1
#include "dhcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "agent/interface/cell_table.h"
#include "agent/network/outage.h"
#include "agent/network/register.h"
#include "agent/station/trail.h"
#include "core/config/agent_config.h"
#include "core/dhcp/dhcp_server.h"
#include "core/roam/roam.h"
#include "io/datapath/frame.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "twins.h"

#define QUESTIONS_MAX 4096
#define QUESTION_MS 5000 /* a client repeats its message sooner */
#define BINDINGS_MAX 1024

/* A message whose reply waits for the register. */
struct question {
	uint32_t transaction;
	unsigned ifindex;
	enum dhcp_action action;
	uint64_t asked_ms;
	struct dhcp_request request;
	UT_hash_handle hh; /* in the order of asking */
};

/* A message whose reply waits for the disk: the lease is out of this CN's own block. */
struct binding {
	struct dhcp *dhcp;
	unsigned ifindex;
	struct dhcp_request request;
	struct dhcp_decision decision; /* its reply is completed when it is sent */
	struct cell_info cell;         /* what the reply says of the client's subnet */
	struct binding *prev, *next;
};

struct dhcp {
	struct dhcp_setup with;
	struct question *questions;
	struct binding *bindings;
	unsigned binding_count;
	struct dhcp_counts counts;
};

/* One message, and what is needed to answer it. */
struct exchange {
	struct dhcp *dhcp;
	const struct cell *cell;
	const struct dhcp_request *request;
	struct dhcp_server server;     /* what the server knows when it decides */
	struct dhcp_decision decision;
};

#define LOG(exchange, level, ...) \
	trail_log((exchange)->dhcp->with.trail, level, &(exchange)->request->mac, __VA_ARGS__)

/* False: the cell is not served any more, and nothing can be answered. */
static bool begin(struct dhcp *dhcp, unsigned ifindex, const struct dhcp_request *request,
		  struct exchange *out)
{
	const struct dhcp_setup *with = &dhcp->with;

	*out = (struct exchange){.dhcp = dhcp, .request = request,
				 .cell = cell_table_find_served(with->cells, ifindex)};
	dhcp->counts.unanswered += !out->cell;
	if (!out->cell)
		return false;
	out->server = (struct dhcp_server){
		.replica = roam_replica(with->roam),
		.register_ready = register_is_ready(with->reg),
		/* A CN that has no number yet has no block either, whatever its files say. */
		.register_down = register_is_down(with->reg) && roam_self(with->roam),
		.block = outage_own_block(with->outage),
		.now_ms = clock_ms(),
		.lease_time = with->config->lease_time,
		.domain_name = with->config->domain_name,
		.cell = &out->cell->info,
		.mac = out->cell->interface.mac,
	};
	return true;
}

/* ---- replies to clients */

static void count_reply(struct dhcp_counts *counts, uint8_t type)
{
	if (type == DHCP_OFFER)
		counts->offered++;
	else if (type == DHCP_ACK)
		counts->confirmed++;
	else
		counts->refused++;
}

static int send_reply(const struct exchange *exchange)
{
	uint8_t frame[DHCP_FRAME_MAX];
	long len = dhcp_encode(exchange->request, &exchange->decision.reply, frame, sizeof(frame));

	return len < 0 ? (int)len : frame_send(exchange->cell->port, frame, (size_t)len);
}

static void reply(struct exchange *exchange)
{
	const struct dhcp_reply *message = &exchange->decision.reply;
	const char *why = exchange->decision.why, *type = dhcp_type_name(message->type);
	struct tmip_addr yours = addr_from_ipv4(message->yiaddr);
	char addr[ADDR_STRLEN];
	int error = send_reply(exchange);

	if (error) {
		exchange->dhcp->counts.not_sent++;
		LOG(exchange, LOG_LEVEL_WARN, "DHCP: %s in cell %s not sent: %s", type,
		    exchange->cell->name, strerror(-error));
		return;
	}
	count_reply(&exchange->dhcp->counts, message->type);
	LOG(exchange, LOG_LEVEL_INFO, "DHCP: %s in cell %s answered by %s %s%s%s",
	    dhcp_type_name(exchange->request->type), exchange->cell->name, type,
	    message->yiaddr ? addr_format(&yours, addr) : "", why ? ": " : "", why ? why : "");
}

/* ---- questions to the register */

static void forget(struct dhcp *dhcp, struct question *question)
{
	HASH_DEL(dhcp->questions, question);
	free(question);
}

/* Gives up the questions that the register has not answered in time: the clients ask again. */
static void expire_questions(struct dhcp *dhcp)
{
	uint64_t now_ms = clock_ms();

	while (dhcp->questions && now_ms - dhcp->questions->asked_ms > QUESTION_MS) {
		dhcp->counts.unanswered++;
		forget(dhcp, dhcp->questions);
	}
}

static struct question *remember(struct exchange *exchange)
{
	struct dhcp *dhcp = exchange->dhcp;
	struct question *question = NULL;

	expire_questions(dhcp);
	if (HASH_COUNT(dhcp->questions) < QUESTIONS_MAX)
		question = calloc(1, sizeof(*question));
	if (!question)
		return NULL;
	question->transaction = register_next_transaction(dhcp->with.reg);
	question->ifindex = exchange->cell->interface.ifindex;
	question->action = exchange->decision.action;
	question->asked_ms = clock_ms();
	question->request = *exchange->request;
	HASH_ADD(hh, dhcp->questions, transaction, sizeof(question->transaction), question);
	if (question->hh.tbl)
		return question;
	free(question);
	return NULL;
}

/* What the register is asked, and what it has to know for that, beside owner and address. */
static const struct {
	uint8_t type;
	bool subnet, lease;
} QUESTIONS[] = {
	[DHCP_DO_RENEW] = {MLRP_RENEW, .lease = true},
	[DHCP_DO_ALLOCATE] = {MLRP_ALLOCATE, .subnet = true},
	[DHCP_DO_BIND] = {MLRP_BIND, .lease = true},
	[DHCP_DO_RELEASE] = {MLRP_RELEASE},
	[DHCP_DO_DECLINE] = {MLRP_DECLINE},
};

static int send_question(const struct exchange *exchange, uint32_t transaction)
{
	const struct dhcp_decision *decision = &exchange->decision;
	struct owner owner;
	struct mlrp_message message = {
		.type = QUESTIONS[decision->action].type, .transaction = transaction,
		.has = MLRP_HAS(MLRP_F_MAC), .mac = exchange->request->mac,
		.addr = addr_from_ipv4(decision->addr), .lease = decision->lease,
		.subnet = exchange->cell->info.subnet,
	};

	if (decision->addr)
		message.has |= MLRP_HAS(MLRP_F_ADDR);
	if (decision->action == DHCP_DO_BIND && exchange->request->beside) {
		message.has |= MLRP_HAS(MLRP_F_BESIDE);
		message.beside = true;
	}
	if (QUESTIONS[decision->action].lease)
		message.has |= MLRP_HAS(MLRP_F_LEASE);
	if (QUESTIONS[decision->action].subnet)
		message.has |= MLRP_HAS(MLRP_F_SUBNET);
	dhcp_owner(exchange->request, &owner);
	if (owner.len) {
		message.has |= MLRP_HAS(MLRP_F_CLIENT_ID);
		message.client_id_len = owner.len;
		memcpy(message.client_id, owner.id, owner.len);
	}
	return register_send(exchange->dhcp->with.reg, &message);
}

/* The reply waits for the register's answer. */
static void ask_register(struct exchange *exchange)
{
	struct question *question = remember(exchange);
	int error = question ? send_question(exchange, question->transaction) : -ENOBUFS;

	if (!error)
		return;
	exchange->dhcp->counts.unanswered++;
	if (question)
		forget(exchange->dhcp, question);
	LOG(exchange, LOG_LEVEL_WARN, "DHCP: the register cannot be asked: %s", strerror(-error));
}

/* The client has its answer. The register learns of it now, or of a renewed lease later. */
static void inform_register(struct exchange *exchange)
{
	const struct dhcp_setup *with = &exchange->dhcp->with;
	const struct dhcp_decision *decision = &exchange->decision;
	struct tmip_addr addr = addr_from_ipv4(decision->addr);
	int error = send_question(exchange, register_next_transaction(with->reg));

	if (error && decision->action == DHCP_DO_RENEW) {
		roam_renewed(with->roam, &addr, decision->lease,
			     register_clock(with->reg) + decision->lease);
		outage_renewed(with->outage, decision->addr, decision->lease);
	} else if (error)
		LOG(exchange, LOG_LEVEL_WARN, "DHCP: %s could not be told to the register: %s",
		    dhcp_type_name(exchange->request->type), strerror(-error));
}

/* ---- leases of this CN's own block */

static void log_own_failure(struct exchange *exchange, int error)
{
	exchange->dhcp->counts.unanswered++;
	LOG(exchange, LOG_LEVEL_WARN, "DHCP: an address of this CN's own block cannot be given: %s",
	    strerror(-error));
}

static void end_binding(struct binding *binding)
{
	DL_DELETE(binding->dhcp->bindings, binding);
	binding->dhcp->binding_count--;
	free(binding);
}

static void on_bound(int error, void *arg)
{
	struct binding *binding = arg;
	struct exchange exchange;

	if (begin(binding->dhcp, binding->ifindex, &binding->request, &exchange)) {
		exchange.decision = binding->decision;
		exchange.decision.reply.cell = &binding->cell;
		exchange.decision.reply.domain_name = exchange.server.domain_name;
		if (error)
			log_own_failure(&exchange, error);
		else
			reply(&exchange);
	}
	end_binding(binding);
}

/* The client hears of a lease when the lease is on the disk. */
static int bind_own(struct exchange *exchange)
{
	struct dhcp *dhcp = exchange->dhcp;
	const struct dhcp_decision *decision = &exchange->decision;
	unsigned ifindex = exchange->cell->interface.ifindex;
	struct binding *binding = NULL;
	int error;

	if (dhcp->binding_count < BINDINGS_MAX)
		binding = calloc(1, sizeof(*binding));
	if (!binding)
		return -ENOBUFS;
	*binding = (struct binding){.dhcp = dhcp, .ifindex = ifindex,
				    .request = *exchange->request, .decision = *decision,
				    .cell = *decision->reply.cell};
	DL_APPEND(dhcp->bindings, binding);
	dhcp->binding_count++;
	error = outage_bind(dhcp->with.outage, exchange->request, decision->addr, decision->lease,
			    ifindex, on_bound, binding);
	if (error)
		end_binding(binding);
	return error;
}

static void offer_own(struct exchange *exchange)
{
	int error = outage_offer(exchange->dhcp->with.outage, exchange->request,
				 exchange->decision.addr);

	if (error)
		log_own_failure(exchange, error);
	else
		reply(exchange);
}

/* ---- decisions */

static void apply(struct exchange *exchange)
{
	const struct dhcp_decision *decision = &exchange->decision;
	const char *type = dhcp_type_name(exchange->request->type), *cell = exchange->cell->name;
	int error;

	switch (decision->action) {
	case DHCP_DO_NOTHING:
		exchange->dhcp->counts.ignored++;
		LOG(exchange, LOG_LEVEL_INFO, "DHCP: %s in cell %s not answered: %s", type, cell,
		    decision->why);
		break;
	case DHCP_DO_RENEW:
		reply(exchange);
		inform_register(exchange);
		break;
	case DHCP_DO_REPLY:
		reply(exchange);
		break;
	case DHCP_DO_ALLOCATE:
	case DHCP_DO_BIND:
		ask_register(exchange);
		break;
	case DHCP_DO_LOCAL_OFFER:
		offer_own(exchange);
		break;
	case DHCP_DO_LOCAL_BIND:
		error = bind_own(exchange);
		if (error)
			log_own_failure(exchange, error);
		break;
	case DHCP_DO_RELEASE:
	case DHCP_DO_DECLINE:
		LOG(exchange, LOG_LEVEL_INFO, "DHCP: %s in cell %s", type, cell);
		if (!outage_return(exchange->dhcp->with.outage, decision->addr,
				   decision->action == DHCP_DO_DECLINE))
			inform_register(exchange);
		break;
	}
}

/* See dhcp_calls: another station of the same identity may be using the address. */
static bool may_have(const struct exchange *exchange, const struct station_record *record)
{
	const struct dhcp_calls *calls = &exchange->dhcp->with.calls;

	return calls->may_have(exchange->cell->interface.ifindex, exchange->request, record,
			       calls->arg);
}

static bool may_bind(const struct exchange *exchange)
{
	struct tmip_addr addr = addr_from_ipv4(exchange->decision.addr);
	const struct replica_station *station = NULL;

	if (exchange->decision.action == DHCP_DO_BIND)
		station = replica_find(roam_replica(exchange->dhcp->with.roam), &addr);
	return !station || may_have(exchange, &station->record);
}

void dhcp_handle(struct dhcp *dhcp, unsigned ifindex, const struct dhcp_request *request)
{
	struct dhcp_request marked = *request;
	struct exchange exchange;

	twins_mark(dhcp->with.twins, &marked);
	if (!begin(dhcp, ifindex, &marked, &exchange))
		return;
	dhcp_server_decide(&exchange.server, &marked, &exchange.decision);
	if (may_bind(&exchange))
		apply(&exchange);
}

/*
 * Does the client speak for itself? A renewal goes the way of the host's routes, and may leave by
 * another interface of the host than the client's.
 */
static bool is_own(const struct dhcp *dhcp, const struct dhcp_request *request)
{
	struct tmip_addr addr = addr_from_ipv4(request->ciaddr);
	const struct replica_station *station;

	if (mac_equal(&request->mac, &request->from))
		return true;
	station = request->ciaddr ? replica_find(roam_replica(dhcp->with.roam), &addr) : NULL;
	return station && station->record.state == RECORD_BOUND &&
	       station_has_mac(&station->record, &request->mac) &&
	       station_has_mac(&station->record, &request->from);
}

void dhcp_frame(struct dhcp *dhcp, const struct tmip_punt *punt)
{
	const struct dhcp_calls *calls = &dhcp->with.calls;
	const struct cell *cell = cell_table_find_served(dhcp->with.cells, punt->ifindex);
	struct dhcp_request request;
	struct dhcp_fault fault = {0};

	dhcp->counts.received++;
	dhcp->counts.ignored += !cell;
	if (!cell)
		return;
	if (dhcp_decode(punt->data, punt->length, &request, &fault) < 0) {
		dhcp->counts.malformed++;
		log_info("cell %s: DHCP message not understood: %s (option %u, offset %zu)",
			 cell->name, fault.what, fault.option, fault.offset);
		return;
	}
	if (!is_own(dhcp, &request)) {
		dhcp->counts.ignored++;
		dhcp->counts.translated++;
		trail_log(dhcp->with.trail, LOG_LEVEL_WARN, &request.from,
			  "DHCP: a message in the name of another MAC is ignored");
		return;
	}
	/* A cell that leaves serves nobody new. */
	if (cell->leaving && !replica_find_mac(roam_replica(dhcp->with.roam), &request.mac))
		dhcp->counts.ignored++;
	else if (calls->identify(punt->ifindex, &request, calls->arg))
		dhcp_handle(dhcp, punt->ifindex, &request);
}

/* ---- the register's answers */

/*
 * Does the register say no to the client, or can it not answer? In that case the client hears
 * nothing and asks again.
 */
static bool is_verdict(const struct mlrp_message *message)
{
	return message->type == MLRP_STATION ||
	       (message->code != MLRP_E_STORE && message->code != MLRP_E_FULL &&
		message->code != MLRP_E_NOT_REGISTERED);
}

/* record NULL: the register refuses. */
static void conclude(struct dhcp *dhcp, const struct question *question,
		     const struct station_record *record)
{
	struct exchange exchange;

	if (!begin(dhcp, question->ifindex, &question->request, &exchange))
		return;
	if (record && !may_have(&exchange, record))
		return;
	dhcp_server_conclude(&exchange.server, &question->request, question->action, record,
			     &exchange.decision);
	apply(&exchange);
}

/* The cell that the station is in, if the record says where: another MAC may have asked. */
static unsigned cell_of(const struct question *question, const struct station_record *record)
{
	bool same = question && mac_equal(&question->request.mac, &record->mac);

	return same ? question->ifindex : 0;
}

bool dhcp_register_answer(struct dhcp *dhcp, const struct mlrp_message *message)
{
	bool refused = message->type != MLRP_STATION;
	const struct station_record *record = refused ? NULL : &message->station;
	uint32_t transaction = message->transaction;
	struct question *question;

	HASH_FIND(hh, dhcp->questions, &transaction, sizeof(transaction), question);
	if (question)
		HASH_DEL(dhcp->questions, question); /* what follows may ask, and expire others */
	/* An offered address is nobody's yet: the replica learns of it when it is bound. */
	if (record && record->state != RECORD_OFFERED)
		roam_record(dhcp->with.roam, record, cell_of(question, record), clock_ms());
	if (!question)
		return !refused;
	if (refused)
		trail_log(dhcp->with.trail, LOG_LEVEL_WARN, &question->request.mac,
			  "DHCP: the register refuses: %s%s%s", mlrp_error_name(message->code),
			  message->text[0] ? ", " : "", message->text);
	if (is_verdict(message))
		conclude(dhcp, question, record);
	else
		dhcp->counts.unanswered++;
	free(question);
	return true;
}

void dhcp_register_lost(struct dhcp *dhcp)
{
	while (dhcp->questions) {
		dhcp->counts.unanswered++;
		forget(dhcp, dhcp->questions);
	}
}

/* ---- life */

struct dhcp *dhcp_create(const struct dhcp_setup *setup)
{
	struct dhcp *dhcp = calloc(1, sizeof(*dhcp));

	if (dhcp)
		dhcp->with = *setup;
	return dhcp;
}

void dhcp_destroy(struct dhcp *dhcp)
{
	if (!dhcp)
		return;
	dhcp_register_lost(dhcp);
	while (dhcp->bindings)
		end_binding(dhcp->bindings);
	free(dhcp);
}

void dhcp_count(const struct dhcp *dhcp, struct dhcp_counts *counts)
{
	*counts = dhcp->counts;
}
