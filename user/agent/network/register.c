/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent's connection to the register. See register.h; the messages are those of docs/mlrp.md. */
#include "register.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/dhcp/dhcp.h"
#include "agent/interface/cells.h"
#include "agent/state.h"
#include "io/link/mlrp_link.h"
#include "io/process/log.h"
#include "outage.h"
#include "peers.h"

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
#define HANDSHAKE_MS 5000

static void try_connect(struct agent *agent);

static void enter(struct agent *agent, enum register_state state)
{
	agent->reg.state = state;
	agent->reg.since_ms = agent_now_ms();
	agent_changed(agent);
}

const char *register_state_name(enum register_state state)
{
	switch (state) {
	case REGISTER_DOWN: return "away";
	case REGISTER_CONNECTING: return "connecting";
	case REGISTER_SYNCHRONISING: return "synchronising";
	case REGISTER_READY: return "connected";
	}
	return "?";
}

bool register_is_down(const struct agent *agent)
{
	return agent->reg.state < REGISTER_SYNCHRONISING && agent->reg.error[0];
}

/* Waits a little longer after each failure; the random part keeps a whole network of CNs from knocking at once. */
static void retry_later(struct agent *agent, const char *why)
{
	struct register_client *reg = &agent->reg;
	unsigned wait_ms = reg->backoff_ms / 2 + agent_random(reg->backoff_ms / 2 + 1);
	struct timeval when = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};

	if (strcmp(reg->error, why) != 0)
		log_warn("register %s:%u is away: %s; forwarding goes on, trying again", agent->config.mlr_host, agent->config.mlr_port, why);
	snprintf(reg->error, sizeof(reg->error), "%s", why);
	enter(agent, REGISTER_DOWN);
	reg->backoff_ms = reg->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : reg->backoff_ms * 2;
	event_add(reg->retry, &when);
	away_begin(agent);
	agent_ready(agent);
}

static void closed(struct mlrp_link *link, const char *why, void *arg)
{
	struct agent *agent = arg;
	char text[192];

	snprintf(text, sizeof(text), "%s", why);
	mlrp_link_close(link);
	agent->reg.link = NULL;
	roam_register_lost(agent->roam);
	dhcp_register_lost(agent);
	away_lost(agent);
	retry_later(agent, text);
}

static void announce(struct agent *agent)
{
	struct mlrp_message message = {.type = MLRP_REGISTER, .has = MLRP_HAS(MLRP_F_CN), .transaction = register_next_transaction(agent)};

	cells_describe(agent, &message.cn);
	mlrp_link_send(agent->reg.link, &message);
}

void register_announce(struct agent *agent)
{
	struct cn_info self;

	if (agent->reg.state >= REGISTER_SYNCHRONISING)
		announce(agent);
	cells_describe(agent, &self);
	if (roam_self(agent->roam))
		peers_put_cn(agent, &self);
	else
		peers_put_own_subnets(agent, &self);
}

static void up(struct mlrp_link *link, const struct mlrp_message *hello, void *arg)
{
	struct agent *agent = arg;

	if (hello->role != MLRP_ROLE_MLR) {
		mlrp_link_close(link);
		agent->reg.link = NULL;
		retry_later(agent, "what answers there is no register but another CN");
		return;
	}
	log_info("register %s: connected, registering as %s", mlrp_link_peer(link), agent->config.cn_name);
	announce(agent);
}

static void registered(struct agent *agent, const struct mlrp_message *message)
{
	struct register_client *reg = &agent->reg;
	struct mlrp_message sync = {.type = MLRP_SYNC, .has = MLRP_HAS(MLRP_F_VERSION), .version = reg->version,
				    .transaction = register_next_transaction(agent)};

	reg->backoff_ms = BACKOFF_MIN_MS;
	if (roam_self(agent->roam) && roam_self(agent->roam) != message->cn.id)
		log_warn("the register now calls this CN number %u, before %u", message->cn.id, roam_self(agent->roam));
	roam_set_self(agent->roam, message->cn.id);
	peers_put_cn(agent, &message->cn);
	if (reg->state == REGISTER_CONNECTING) {
		peers_expect(agent);
		enter(agent, REGISTER_SYNCHRONISING);
		mlrp_link_send(reg->link, &sync);
	}
}

static void synchronised(struct agent *agent, const struct mlrp_message *message)
{
	struct register_client *reg = &agent->reg;

	reg->version = message->version;
	peers_drop_unnamed(agent);
	away_serve(agent);
	roam_sync_end(agent->roam, agent_now_ms());
	peers_sweep(agent);
	reg->error[0] = '\0';
	enter(agent, REGISTER_READY);
	away_request(agent);
	log_info("register in step at version %u.%llu, %u stations", reg->version.epoch, (unsigned long long)reg->version.seq,
		 HASH_COUNT(roam_replica(agent->roam)->stations));
	agent_ready(agent);
}

static void station(struct agent *agent, const struct mlrp_message *message)
{
	struct register_client *reg = &agent->reg;
	uint64_t now_ms = agent_now_ms();

	/* A snapshot comes in any order: until its end nothing says that we have all up to a version. */
	if (reg->state == REGISTER_READY && version_compare(message->station.version, reg->version) > 0)
		reg->version = message->station.version;
	if (message->transaction & ROAM_TRANSACTION)
		roam_register_answer(agent->roam, message, now_ms);
	else if (message->transaction)
		dhcp_register_answer(agent, message);
	else
		roam_record(agent->roam, &message->station, 0, now_ms);
}

static void error(struct agent *agent, const struct mlrp_message *message)
{
	if (message->transaction & ROAM_TRANSACTION)
		roam_register_answer(agent->roam, message, agent_now_ms());
	else if (!away_refused(agent, message) && !dhcp_register_answer(agent, message))
		log_error("the register refuses: %s%s%s", mlrp_error_name(message->code), message->text[0] ? ", " : "", message->text);
}

static void received(struct mlrp_link *link, const struct mlrp_message *message, void *arg)
{
	struct agent *agent = arg;

	log_debug("register: %s transaction %u", mlrp_type_name(message->type), message->transaction);
	switch (message->type) {
	case MLRP_REGISTERED:
		registered(agent, message);
		break;
	case MLRP_CN:
		peers_put_cn(agent, &message->cn);
		if (agent->reg.state == REGISTER_READY)
			away_changed(agent);
		break;
	case MLRP_SYNC_START:
		roam_sync_start(agent->roam, message->full);
		break;
	case MLRP_STATION:
		station(agent, message);
		break;
	case MLRP_SYNC_END:
		synchronised(agent, message);
		break;
	case MLRP_BLOCK:
		away_block_is(agent, message);
		break;
	case MLRP_ERROR:
		error(agent, message);
		break;
	default:
		log_debug("register %s: %s is not for a CN, ignored", mlrp_link_peer(link), mlrp_type_name(message->type));
	}
	if (message->type == MLRP_STATION || message->type == MLRP_ERROR)
		away_settle(agent, message);
	agent_arm_roam(agent);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	try_connect(arg);
}

static void try_connect(struct agent *agent)
{
	static const struct mlrp_link_handler handler = {.up = up, .message = received, .closed = closed};
	struct mlrp_self self;

	agent_describe_self(agent, &self);
	enter(agent, REGISTER_CONNECTING);
	agent->reg.link = mlrp_link_connect(agent->base, agent->dns, agent->config.mlr_host, agent->config.mlr_port,
					    NULL, HANDSHAKE_MS, &self, &handler, agent);
	if (!agent->reg.link)
		retry_later(agent, strerror(errno));
}

int register_start(struct agent *agent)
{
	agent->reg.backoff_ms = BACKOFF_MIN_MS;
	agent->reg.retry = evtimer_new(agent->base, on_retry, agent);
	if (!agent->reg.retry)
		return -ENOMEM;
	try_connect(agent);
	return 0;
}

void register_restart(struct agent *agent)
{
	struct timeval now = {0};

	mlrp_link_close(agent->reg.link);
	agent->reg.link = NULL;
	roam_register_lost(agent->roam);
	dhcp_register_lost(agent);
	away_lost(agent);
	enter(agent, REGISTER_DOWN);
	agent->reg.backoff_ms = BACKOFF_MIN_MS;
	event_add(agent->reg.retry, &now);
}

void register_stop(struct agent *agent)
{
	mlrp_link_close(agent->reg.link);
	agent->reg.link = NULL;
	if (agent->reg.retry)
		event_free(agent->reg.retry);
	agent->reg.retry = NULL;
}

uint32_t register_next_transaction(struct agent *agent)
{
	agent->reg.transaction = (agent->reg.transaction + 1) & ~ROAM_TRANSACTION;
	if (!agent->reg.transaction)
		agent->reg.transaction = 1;
	return agent->reg.transaction;
}

int register_send(struct agent *agent, const struct mlrp_message *message)
{
	if (!agent->reg.link || agent->reg.state < REGISTER_SYNCHRONISING)
		return -ENOTCONN;
	return mlrp_link_send(agent->reg.link, message);
}
