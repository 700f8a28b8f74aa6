/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two agents with the name of one CN: a copied configuration, or the CN itself, which has started
 * anew or has another tunnel address. The one that has the name keeps it as long as it lives. An
 * agent knows itself again by the random number in its HELLO (INSTANCE), which no file holds, so
 * that not even the copy of a whole disk has it. Of all others the register asks the one that has
 * the name first, by PING, and lets the newcomer wait for the outcome.
 */
#include "registry_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 2000     /* for the answer to the PING */
#define CONTEST_MS 60000   /* rivals ask more often than that */
#define RETURN_MS 10000    /* as long as an agent that starts again may need */
#define PING_TRANSACTION 1

/* Is it the agent that has registered last, or an older version of it that has started anew? */
static bool is_itself(const struct reg_cn *cn, const struct registry_session *session,
		      const struct cn_info *info)
{
	if (cn->session == session || (session->instance && session->instance == cn->instance))
		return true;
	return !session->instance && addr_equal(&cn->info.tunnel, &info->tunnel);
}

static void refuse(struct registry *registry, struct registry_session *session, struct reg_cn *cn,
		   const struct mlrp_message *message)
{
	char theirs[ADDR_STRLEN], ours[ADDR_STRLEN], why[MLRP_TEXT_LEN];

	snprintf(why, sizeof(why), "its name is that of another CN, with tunnel %s and connected "
		 "from %.22s; this one, with tunnel %s, needs a cn_name of its own",
		 addr_format(&cn->info.tunnel, theirs), cn->session->peer,
		 addr_format(&message->cn.tunnel, ours));
	cn->contested_ms = registry->now_ms;
	reg_refuse_cn(registry, session, message, MLRP_E_CONFLICT, why, 0);
}

/*
 * A CN that is not connected may be on its way back: after a start of the register, or when a rival
 * waits for its name. How long it still has for that.
 */
static uint64_t kept_ms(const struct registry *registry, const struct reg_cn *cn,
			const struct cn_info *info)
{
	uint64_t now_ms = registry->now_ms, since_ms = registry->started_ms;
	bool contested = cn->contested_ms && now_ms - cn->contested_ms < CONTEST_MS;

	if (addr_equal(&cn->info.tunnel, &info->tunnel) || (cn->seen && !contested))
		return 0;
	if (cn->seen)
		since_ms = cn->left_ms;
	return now_ms - since_ms < RETURN_MS ? since_ms + RETURN_MS - now_ms : 0;
}

static void keep(struct registry *registry, struct registry_session *session,
		 const struct reg_cn *cn, const struct mlrp_message *message, uint64_t wait_ms)
{
	char theirs[ADDR_STRLEN], ours[ADDR_STRLEN], why[MLRP_TEXT_LEN];

	snprintf(why, sizeof(why), "its name is that of the CN with tunnel %s, which may come back "
		 "at once; this one, with tunnel %s, has to wait",
		 addr_format(&cn->info.tunnel, theirs), addr_format(&message->cn.tunnel, ours));
	reg_refuse_cn(registry, session, message, MLRP_E_CONFLICT, why, wait_ms);
}

/* False: no memory. */
static bool ask(struct registry *registry, struct registry_session *session,
		const struct reg_cn *cn, const struct mlrp_message *message)
{
	struct mlrp_message ping = {.type = MLRP_PING, .transaction = PING_TRANSACTION};

	if (!session->claim) {
		session->claim = malloc(sizeof(*session->claim));
		if (!session->claim)
			return false;
		registry->claims++;
		session->claim_due_ms = registry->now_ms + ANSWER_MS;
		session->claim_against = cn->session;
	}
	*session->claim = *message;
	reg_send(registry, cn->session, &ping);
	return true;
}

bool reg_rival_stops(struct registry *registry, struct registry_session *session,
		     struct reg_cn *cn, const struct mlrp_message *message,
		     struct registry_time now)
{
	uint64_t wait_ms;

	if (cn->info.gone || is_itself(cn, session, &message->cn))
		return false;
	if (!cn->session) {
		wait_ms = kept_ms(registry, cn, &message->cn);
		if (wait_ms)
			keep(registry, session, cn, message, wait_ms);
		return wait_ms != 0;
	}
	if ((cn->contested_ms && now.ms - cn->contested_ms < CONTEST_MS) ||
	    !ask(registry, session, cn, message))
		refuse(registry, session, cn, message);
	return true;
}

/* ---- the outcome */

static struct mlrp_message *take_claim(struct registry *registry, struct registry_session *session)
{
	struct mlrp_message *claim = session->claim;

	session->claim = NULL;
	registry->claims -= claim != NULL;
	return claim;
}

void reg_rival_withdraw(struct registry *registry, struct registry_session *session)
{
	free(take_claim(registry, session));
}

/* Does the session wait for word of this CN? */
static bool waits_for(const struct registry_session *session, const struct reg_cn *cn)
{
	return cn && session->claim && strcmp(session->claim->cn.name, cn->info.name) == 0;
}

void reg_rival_heard(struct registry *registry, struct registry_session *session)
{
	struct registry_session *other;
	struct mlrp_message *claim;

	if (!registry->claims)
		return;
	DL_FOREACH(registry->sessions, other) {
		if (!waits_for(other, session->cn))
			continue;
		claim = take_claim(registry, other);
		refuse(registry, other, session->cn, claim);
		free(claim);
	}
}

/* The one that was asked is gone, or mute: the first that waits has the name from now on. */
static void decide(struct registry *registry, struct registry_session *session)
{
	struct mlrp_message *claim = take_claim(registry, session);
	struct reg_cn *cn = reg_find_cn_name(registry, claim->cn.name);

	if (session->cn && session->cn != cn)
		; /* it has another name meanwhile */
	else if (!cn || !cn->session || cn->session == session->claim_against)
		reg_admit(registry, session, claim);
	else
		refuse(registry, session, cn, claim);
	free(claim);
}

void reg_rival_closed(struct registry *registry, struct registry_session *session)
{
	struct registry_session *other;

	reg_rival_withdraw(registry, session);
	if (!registry->claims)
		return;
	DL_FOREACH(registry->sessions, other)
		if (waits_for(other, session->cn))
			decide(registry, other);
}

void reg_rival_tick(struct registry *registry)
{
	struct registry_session *session;

	if (!registry->claims)
		return;
	DL_FOREACH(registry->sessions, session)
		if (session->claim && registry->now_ms >= session->claim_due_ms)
			decide(registry, session);
}
