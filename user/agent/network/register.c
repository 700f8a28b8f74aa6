/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent's connection to the register. See register.h; docs/mlrp.md has the messages. */
#include "register.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "io/link/mlrp_link.h"
#include "io/link/resolver.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "io/process/timer.h"

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
#define HANDSHAKE_MS 5000
#define REFUSED_MS 5000 /* until the CN describes itself again, on a connection that goes on */

struct register_client {
	struct register_setup with;
	enum register_state state;
	uint64_t since_ms;
	struct mlrp_link *link;
	struct event *retry;
	unsigned backoff_ms;
	uint32_t transaction;   /* the last one */
	struct version version; /* newest record seen */
	int64_t clock_ms;       /* of the register, above clock_ms() */
	bool behind;            /* the register is behind `version` */
	uint32_t described;     /* transaction of the last REGISTER */
	bool confirmed;         /* it was granted */
	struct cn_info accepted; /* as the register has this CN */
	bool refused;           /* it was not, or only a part, and `error` says why */
	bool partial;           /* the CN describes itself without what was refused */
	bool refused_here;      /* on this connection, which ends next */
	bool at_once;           /* the next one asks for less */
	uint64_t refused_ms;    /* since when */
	unsigned wait_ms;       /* as the register said; 0: it did not */
	struct event *again;    /* describes the CN again */
	char error[256];
};

/* A callback without arguments of its own. */
#define RAISE(client, call) (client)->with.calls.call((client)->with.calls.arg)

static void enter(struct register_client *client, enum register_state state)
{
	client->state = state;
	client->since_ms = clock_ms();
	RAISE(client, changed);
}

const char *register_state_name(enum register_state state)
{
	switch (state) {
	case REGISTER_DOWN: return "away";
	case REGISTER_REFUSED: return "refused";
	case REGISTER_CONNECTING: return "connecting";
	case REGISTER_SYNCHRONISING: return "synchronising";
	case REGISTER_READY: return "connected";
	}
	return "?";
}

/* ---- the register's clock */

static void set_clock(struct register_client *client, uint64_t unix_ms)
{
	client->clock_ms = (int64_t)unix_ms - (int64_t)clock_ms();
}

static uint64_t wall_ms(void)
{
	return clock_unix_us() / 1000;
}

int64_t register_clock_ahead_ms(const struct register_client *client)
{
	return client->clock_ms;
}

bool register_has_lost(const struct register_client *client)
{
	return client->behind;
}

static int64_t now_ms(const struct register_client *client)
{
	return (int64_t)clock_ms() + client->clock_ms;
}

uint64_t register_clock(const struct register_client *client)
{
	return (uint64_t)now_ms(client) / 1000;
}

uint64_t register_wall_end(const struct register_client *client, uint64_t lease_end)
{
	int64_t ahead_s = ((int64_t)wall_ms() - now_ms(client)) / 1000;

	if (!lease_end)
		return 0;
	return (int64_t)lease_end + ahead_s > 0 ? lease_end + (uint64_t)ahead_s : 1;
}

/* ---- the connection */

static void close_link(struct register_client *client)
{
	mlrp_link_close(client->link);
	client->link = NULL;
}

/* Waits a little longer after each failure, or as long as the register said. */
static void arm_retry(struct register_client *client)
{
	unsigned half_ms = client->backoff_ms / 2;

	client->backoff_ms *= 2;
	if (client->backoff_ms > BACKOFF_MAX_MS)
		client->backoff_ms = BACKOFF_MAX_MS;
	/* The random part keeps a whole network of CNs from connecting at once. */
	timer_arm(client->retry,
		  (client->wait_ms ? client->wait_ms : half_ms) + random_below(half_ms + 1));
	client->wait_ms = 0;
}

static void retry_later(struct register_client *client, const char *why)
{
	const struct agent_config *config = client->with.config;

	if (strcmp(client->error, why) != 0)
		log_warn("register %s:%u is away: %s; forwarding goes on, trying again",
			 config->mlr_host, config->mlr_port, why);
	client->refused = client->partial = false;
	RAISE(client, anew);
	snprintf(client->error, sizeof(client->error), "%s", why);
	enter(client, REGISTER_DOWN);
	arm_retry(client);
	RAISE(client, down);
}

/* A refused CN asks again and again; the log says so once. */
static void note_refusal(struct register_client *client, const struct register_refusal *refusal)
{
	if (!client->refused || strcmp(client->error, refusal->why) != 0)
		log_at(refusal->for_now ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
		       "the register refuses this CN%s: %s; trying again",
		       refusal->subnet ? " a cell" : "", refusal->why);
	if (!client->refused)
		client->refused_ms = clock_ms();
	client->refused = true;
	snprintf(client->error, sizeof(client->error), "%s", refusal->why);
}

/*
 * The register belongs to another network, or speaks another version. To a CN that has served
 * before, that is like a register that is away.
 */
static void turn_away(struct register_client *client, const char *why)
{
	const struct register_refusal refusal = {.why = why};

	note_refusal(client, &refusal);
	client->refused_here = true;
	client->with.calls.refused(&refusal, client->with.calls.arg);
}

static void on_closed(struct mlrp_link *link, const char *why, void *arg)
{
	struct register_client *client = arg;
	bool turned_away = mlrp_link_is_refused(link);
	char text[192];

	snprintf(text, sizeof(text), "%s", why);
	mlrp_link_close(link);
	client->link = NULL;
	evtimer_del(client->again);
	RAISE(client, lost);
	if (turned_away)
		turn_away(client, text);
	if (!client->refused_here) {
		retry_later(client, text);
		return;
	}
	enter(client, REGISTER_DOWN); /* the reason is the register's, and known already */
	if (client->at_once)
		timer_arm(client->retry, BACKOFF_MIN_MS / 2);
	else
		arm_retry(client);
	client->at_once = false;
	if (turned_away)
		RAISE(client, down);
}

static void send_description(struct register_client *client)
{
	struct mlrp_message message = {.type = MLRP_REGISTER, .has = MLRP_HAS(MLRP_F_CN),
				       .transaction = register_next_transaction(client)};

	client->with.calls.describe_cn(&message.cn, client->with.calls.arg);
	client->described = message.transaction;
	client->confirmed = false;
	mlrp_link_send(client->link, &message);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct register_client *client = arg;

	(void)fd;
	(void)what;
	client->partial = false;
	RAISE(client, anew);
	register_announce(client);
}

static void on_up(struct mlrp_link *link, const struct mlrp_message *hello, void *arg)
{
	struct register_client *client = arg;

	if (hello->role != MLRP_ROLE_MLR) {
		close_link(client);
		retry_later(client, "what answers there is no register but another CN");
		return;
	}
	set_clock(client, hello->has & MLRP_HAS(MLRP_F_CLOCK) ? hello->clock * 1000 : wall_ms());
	client->behind = hello->has & MLRP_HAS(MLRP_F_VERSION) &&
			 version_compare(hello->version, client->version) < 0;
	if (client->behind)
		log_warn("register %s has lost its memory, or has gone back to an older one: it "
			 "knows version %u.%llu, this CN %u.%llu", mlrp_link_peer(link),
			 hello->version.epoch, (unsigned long long)hello->version.seq,
			 client->version.epoch, (unsigned long long)client->version.seq);
	log_at(client->refused ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
	       "register %s: connected, registering as %s", mlrp_link_peer(link),
	       client->with.config->cn_name);
	send_description(client);
}

/* ---- messages */

static void on_registered(struct register_client *client, const struct mlrp_message *message)
{
	struct mlrp_message sync = {.type = MLRP_SYNC, .has = MLRP_HAS(MLRP_F_VERSION),
				    .version = client->version,
				    .transaction = register_next_transaction(client)};

	client->backoff_ms = BACKOFF_MIN_MS;
	client->accepted = message->cn;
	if (client->partial) {
		timer_arm(client->again, REFUSED_MS);
	} else {
		client->confirmed = message->transaction == client->described;
		if (client->refused)
			client->error[0] = '\0';
		client->refused = false;
		evtimer_del(client->again);
	}
	client->with.calls.registered(&message->cn, client->with.calls.arg);
	if (client->state != REGISTER_CONNECTING)
		return;
	RAISE(client, synchronising);
	enter(client, REGISTER_SYNCHRONISING);
	mlrp_link_send(client->link, &sync);
}

static void on_synchronised(struct register_client *client, const struct mlrp_message *message)
{
	client->version = message->version;
	RAISE(client, synchronised);
	if (!client->refused)
		client->error[0] = '\0';
	enter(client, REGISTER_READY);
	RAISE(client, in_step);
}

/* The answer to REGISTER. */
static void on_refused(struct register_client *client, const struct mlrp_message *message)
{
	char why[256];
	bool left_out;
	struct register_refusal refusal = {
		.why = why, .for_now = message->has & MLRP_HAS(MLRP_F_WAIT),
		.subnet = message->has & MLRP_HAS(MLRP_F_SUBNET) ? &message->subnet : NULL};

	snprintf(why, sizeof(why), "%s%s%s", mlrp_error_name(message->code),
		 message->text[0] ? ": " : "", message->text);
	note_refusal(client, &refusal);
	left_out = client->with.calls.refused(&refusal, client->with.calls.arg);
	if (!left_out && client->partial)
		RAISE(client, anew); /* what is left is refused as well: all is asked for later */
	client->partial = left_out;
	if (!register_is_registered(client)) {
		client->refused_here = true;
		client->at_once = left_out;
		client->wait_ms = refusal.for_now ? message->wait : 0;
	} else if (left_out) {
		send_description(client);
	} else {
		timer_arm(client->again, REFUSED_MS);
	}
	RAISE(client, changed);
}

/* A snapshot has no order: until its end, no version proves that all up to it have come. */
static void note_version(struct register_client *client, const struct version *version)
{
	if (client->state == REGISTER_READY && version_compare(*version, client->version) > 0)
		client->version = *version;
}

static bool dispatch(struct register_client *client, const struct mlrp_message *message)
{
	for (unsigned i = 0; i < client->with.subscription_count; i++) {
		const struct register_subscription *each = &client->with.subscriptions[i];

		if (each->type == message->type) {
			each->handle(message, client->with.calls.arg);
			return true;
		}
	}
	return false;
}

static void on_message(struct mlrp_link *link, const struct mlrp_message *message, void *arg)
{
	struct register_client *client = arg;

	log_debug("register: %s transaction %u", mlrp_type_name(message->type),
		  message->transaction);
	if (message->type == MLRP_STATION)
		note_version(client, &message->station.version);
	if (message->type == MLRP_REGISTERED)
		on_registered(client, message);
	else if (message->type == MLRP_SYNC_END)
		on_synchronised(client, message);
	else if (message->type == MLRP_ERROR && message->transaction &&
		 message->transaction == client->described)
		on_refused(client, message);
	else if (!dispatch(client, message))
		log_debug("register %s: %s is not for a CN, ignored", mlrp_link_peer(link),
			  mlrp_type_name(message->type));
}

/* ---- life */

void register_connect(struct register_client *client)
{
	static const struct mlrp_link_handler handler = {.up = on_up, .message = on_message,
							 .closed = on_closed};
	const struct agent_config *config = client->with.config;
	struct mlrp_self self;

	client->with.calls.describe_self(&self, client->with.calls.arg);
	client->refused_here = client->confirmed = false;
	enter(client, REGISTER_CONNECTING);
	if (client->with.dns)
		resolver_refresh(client->with.dns);
	client->link = mlrp_link_connect(client->with.base, client->with.dns, config->mlr_host,
					 (uint16_t)config->mlr_port, NULL, HANDSHAKE_MS, &self,
					 &handler, client);
	if (!client->link)
		retry_later(client, strerror(errno));
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	register_connect(arg);
}

int register_create(struct register_client **out, const struct register_setup *setup)
{
	struct register_client *client = calloc(1, sizeof(*client));

	*out = client;
	if (!client)
		return -ENOMEM;
	client->with = *setup;
	client->since_ms = clock_ms();
	set_clock(client, wall_ms());
	client->backoff_ms = BACKOFF_MIN_MS;
	client->retry = evtimer_new(setup->base, on_retry, client);
	client->again = evtimer_new(setup->base, on_again, client);
	return client->retry && client->again ? 0 : -ENOMEM;
}

void register_restart(struct register_client *client)
{
	close_link(client);
	RAISE(client, lost);
	enter(client, REGISTER_DOWN);
	client->refused = client->partial = client->confirmed = false;
	RAISE(client, anew);
	evtimer_del(client->again);
	client->backoff_ms = BACKOFF_MIN_MS;
	timer_arm(client->retry, 0);
}

void register_destroy(struct register_client *client)
{
	if (!client)
		return;
	close_link(client);
	if (client->retry)
		event_free(client->retry);
	if (client->again)
		event_free(client->again);
	free(client);
}

/* ---- out */

void register_announce(struct register_client *client)
{
	if (register_is_registered(client))
		send_description(client);
}

int register_send(struct register_client *client, const struct mlrp_message *message)
{
	return register_is_registered(client) ? mlrp_link_send(client->link, message) : -ENOTCONN;
}

uint32_t register_next_transaction(struct register_client *client)
{
	client->transaction = (client->transaction + 1) & ~ROAM_TRANSACTION;
	if (!client->transaction)
		client->transaction = 1;
	return client->transaction;
}

const struct cn_info *register_accepted(const struct register_client *client)
{
	return &client->accepted;
}

bool register_is_registered(const struct register_client *client)
{
	return client->link && client->state >= REGISTER_SYNCHRONISING;
}

bool register_is_ready(const struct register_client *client)
{
	return client->state == REGISTER_READY;
}

bool register_is_down(const struct register_client *client)
{
	return client->state < REGISTER_SYNCHRONISING && client->error[0];
}

void register_view(const struct register_client *client, struct register_view *out)
{
	*out = (struct register_view){.state = client->state, .since_ms = client->since_ms,
				      .version = client->version, .error = client->error,
				      .confirmed = client->confirmed};
	if (!client->refused || register_is_registered(client))
		return;
	out->state = REGISTER_REFUSED;
	out->since_ms = client->refused_ms;
}
