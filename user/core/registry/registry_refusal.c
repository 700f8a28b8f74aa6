/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CNs that are refused. Such a CN asks again every few seconds: the log says so once, and the views
 * show those of the last minute. The table is small, and the oldest entry gives way.
 */
#include "registry_internal.h"

#include <stdio.h>
#include <string.h>

#define REFUSAL_MS 60000 /* a refused CN that asks no more is of no interest then */
#define LINES_MAX 32     /* of the log, in that time */

static bool is_about(const struct reg_refusal *refusal, const struct cn_info *info)
{
	return refusal->last_ms && strcmp(refusal->name, info->name) == 0 &&
	       addr_equal(&refusal->tunnel, &info->tunnel);
}

/* A CN may have several cells that are refused, one after the other. */
static struct reg_refusal *find_refusal(struct registry *registry, const struct cn_info *info,
					const struct prefix *subnet)
{
	for (int i = 0; i < REG_REFUSALS; i++)
		if (is_about(&registry->refusals[i], info) &&
		    prefix_equal(&registry->refusals[i].subnet, subnet))
			return &registry->refusals[i];
	return NULL;
}

/* The oldest entry gives way. */
static struct reg_refusal *add_refusal(struct registry *registry, const struct cn_info *info,
				       const struct prefix *subnet)
{
	struct reg_refusal *refusal = &registry->refusals[0];

	for (int i = 1; i < REG_REFUSALS; i++)
		if (registry->refusals[i].last_ms < refusal->last_ms)
			refusal = &registry->refusals[i];
	memset(refusal, 0, sizeof(*refusal));
	snprintf(refusal->name, sizeof(refusal->name), "%s", info->name);
	refusal->tunnel = info->tunnel;
	refusal->subnet = *subnet;
	return refusal;
}

void reg_forget_refusal(struct registry *registry, const struct cn_info *info)
{
	for (int i = 0; i < REG_REFUSALS; i++) {
		struct reg_refusal *refusal = &registry->refusals[i];

		if (is_about(refusal, info) &&
		    (!refusal->subnet.len || cn_has_subnet(info, &refusal->subnet)))
			memset(refusal, 0, sizeof(*refusal));
	}
}

static void log_refusal(struct registry *registry, const struct reg_refusal *refusal)
{
	if (registry->now_ms - registry->refusals_since_ms >= REFUSAL_MS) {
		registry->refusals_since_ms = registry->now_ms;
		registry->refusal_lines = 0;
	}
	if (registry->refusal_lines++ < LINES_MAX)
		reg_log(registry, LOG_LEVEL_WARN,
			"CN %s from %s is refused, as often as it asks again: %s", refusal->name,
			refusal->peer, refusal->why);
	else if (registry->refusal_lines == LINES_MAX + 1)
		reg_log(registry, LOG_LEVEL_WARN,
			"more CNs are refused: no more lines about that for a minute");
}

static void note_refusal(struct registry *registry, const struct registry_session *session,
			 const struct cn_info *info, const struct prefix *subnet, const char *why)
{
	struct reg_refusal *refusal = find_refusal(registry, info, subnet);
	bool news = !refusal || strcmp(refusal->why, why) != 0 ||
		    registry->now_ms - refusal->last_ms >= REFUSAL_MS;

	if (!refusal)
		refusal = add_refusal(registry, info, subnet);
	snprintf(refusal->peer, sizeof(refusal->peer), "%s", session->peer);
	snprintf(refusal->why, sizeof(refusal->why), "%s", why);
	refusal->last_ms = registry->now_ms;
	refusal->count++;
	if (news)
		log_refusal(registry, refusal);
}

/*
 * A first REGISTER that is refused ends the connection: such a CN has no other business here, and
 * tries again after a while.
 */
static void refuse_as(struct registry *registry, struct registry_session *session,
		      const struct mlrp_message *message, struct mlrp_message *answer,
		      const char *why)
{
	struct registry_action action = {
		.type = REGISTRY_CLOSE, .session = session, .text = "it could not be registered"};

	answer->type = MLRP_ERROR;
	answer->transaction = message->transaction;
	answer->has |= MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT);
	snprintf(answer->text, sizeof(answer->text), "%s", why);
	registry->counts.refused++;
	note_refusal(registry, session, &message->cn, &answer->subnet, answer->text);
	reg_send(registry, session, answer);
	if (!session->registered)
		registry->act(&action, registry->arg);
}

void reg_refuse_cn(struct registry *registry, struct registry_session *session,
		   const struct mlrp_message *message, uint16_t code, const char *why,
		   uint64_t wait_ms)
{
	struct mlrp_message answer = {.code = code, .wait = (uint32_t)wait_ms,
				      .has = wait_ms ? MLRP_HAS(MLRP_F_WAIT) : 0};

	refuse_as(registry, session, message, &answer, why);
}

void reg_refuse_cell(struct registry *registry, struct registry_session *session,
		     const struct mlrp_message *message, const struct prefix *subnet,
		     const char *why)
{
	struct mlrp_message answer = {.code = MLRP_E_CONFLICT};

	if (subnet) {
		answer.has = MLRP_HAS(MLRP_F_SUBNET);
		answer.subnet = *subnet;
	}
	refuse_as(registry, session, message, &answer, why);
}

void registry_each_refusal(const struct registry *registry,
			   void (*each)(const struct registry_refusal_view *refusal, void *arg),
			   void *arg)
{
	for (int i = 0; i < REG_REFUSALS; i++) {
		const struct reg_refusal *refusal = &registry->refusals[i];
		struct registry_refusal_view view = {
			.name = refusal->name, .tunnel = &refusal->tunnel, .peer = refusal->peer,
			.why = refusal->why, .count = refusal->count};

		if (refusal->last_ms && registry->now_ms - refusal->last_ms < REFUSAL_MS)
			each(&view, arg);
	}
}
