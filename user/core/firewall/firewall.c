/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules, and what becomes of a packet. See firewall.h. A chain has an outcome: what may become of
 * the packet there, and what becomes of it if no rule that asks for something else matches.
 */
#define HASH_NONFATAL_OOM 1
#include "firewall.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define FAMILY_IPV4 2 /* NFPROTO_IPV4 */


enum fate { NEXT, ACCEPT, DROP, BACK }; /* BACK: to the chain that called this one */

struct outcome {
	bool may[BACK + 1];
	enum fate otherwise;            /* if no rule that asks for something else matches */
	const struct chain *culprit;    /* `otherwise` is DROP: it is done here, */
	unsigned rule;                  /* by this rule; 0: by the policy */
};

struct chain {
	char *key; /* "TABLE CHAIN" */
	bool base, drops;
	struct firewall_rule *rules; /* with targets of their own */
	unsigned count, room;
	unsigned asked; /* the question that the outcome answers */
	struct outcome outcome;
	UT_hash_handle hh;
};

struct firewall {
	struct chain *chains;
	unsigned rules, question;
};

/* ---- rules */

struct firewall *firewall_create(void)
{
	return calloc(1, sizeof(struct firewall));
}

static void free_chain(struct chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		free((char *)chain->rules[i].target);
	free(chain->rules);
	free(chain->key);
	free(chain);
}

void firewall_destroy(struct firewall *firewall)
{
	struct chain *chain, *next;

	if (!firewall)
		return;
	HASH_ITER(hh, firewall->chains, chain, next) {
		HASH_DEL(firewall->chains, chain);
		free_chain(chain);
	}
	free(firewall);
}

static struct chain *find_chain(const struct firewall *firewall, const char *table,
				const char *name)
{
	struct chain *chain = NULL;
	char *key;

	if (asprintf(&key, "%s %s", table, name) < 0)
		return NULL;
	HASH_FIND_STR(firewall->chains, key, chain);
	free(key);
	return chain;
}

int firewall_add_chain(struct firewall *firewall, const char *table, const char *name, bool base,
		       bool drops)
{
	struct chain *chain = calloc(1, sizeof(*chain));

	if (!chain)
		return -ENOMEM;
	if (asprintf(&chain->key, "%s %s", table, name) < 0) {
		free(chain);
		return -ENOMEM;
	}
	chain->base = base;
	chain->drops = drops;
	HASH_ADD_KEYPTR(hh, firewall->chains, chain->key, strlen(chain->key), chain);
	if (chain->hh.tbl)
		return 0;
	free_chain(chain);
	return -ENOMEM;
}

/* Returns a place for one more rule, or NULL. */
static struct firewall_rule *make_room(struct chain *chain)
{
	unsigned room = chain->room ? 2 * chain->room : 4;
	struct firewall_rule *grown;

	if (chain->count == chain->room) {
		grown = reallocarray(chain->rules, room, sizeof(*grown));
		if (!grown)
			return NULL;
		chain->rules = grown;
		chain->room = room;
	}
	return &chain->rules[chain->count];
}

int firewall_add_rule(struct firewall *firewall, const char *table, const char *name,
		      const struct firewall_rule *rule)
{
	struct chain *chain = find_chain(firewall, table, name);
	struct firewall_rule *place;

	if (!chain)
		return 0;
	if (firewall->rules == FIREWALL_RULES_MAX)
		return -E2BIG;
	place = make_room(chain);
	if (!place)
		return -ENOMEM;
	*place = *rule;
	if (rule->target) {
		/* In the same table. */
		if (asprintf((char **)&place->target, "%s %s", table, rule->target) < 0)
			return -ENOMEM;
	}
	chain->count++;
	firewall->rules++;
	return 0;
}

/* ---- does a rule match? */

enum match { NO, MAYBE, YES };

static enum match match_name(const char *name, const uint8_t *value, unsigned len)
{
	char padded[FIREWALL_NAME] = "";

	snprintf(padded, sizeof(padded), "%s", name);
	return memcmp(padded, value, len) == 0 ? YES : NO;
}

static enum match match_ifindex(unsigned ifindex, const uint8_t *value, unsigned len)
{
	uint32_t wanted;

	if (len != sizeof(wanted) || !ifindex)
		return MAYBE;
	memcpy(&wanted, value, sizeof(wanted));
	return wanted == ifindex ? YES : NO;
}

/* The packet has some address of its prefix. */
static enum match match_address(const struct prefix *packet, const uint8_t *value, unsigned bits)
{
	struct prefix rule = {.len = (uint8_t)bits};
	uint32_t addr = 0;

	for (unsigned i = 0; i < 4; i++)
		addr = addr << 8 | value[i];
	rule.addr = addr_from_ipv4(addr);
	if (!packet->len || !prefix_overlaps(packet, &rule))
		return packet->len ? NO : MAYBE;
	return rule.len <= packet->len ? YES : MAYBE;
}

static enum match match_state(enum firewall_state state, const struct firewall_condition *condition,
			      const uint8_t *value)
{
	uint32_t wanted;

	if (condition->len != sizeof(wanted) || state == FIREWALL_ANY_STATE)
		return MAYBE;
	memcpy(&wanted, value, sizeof(wanted));
	return (state & condition->bits) == wanted ? YES : NO;
}

static enum match match_value(const struct firewall_condition *condition, const uint8_t *value,
			      const struct firewall_packet *packet)
{
	unsigned len = condition->len;

	switch (condition->field) {
	case FIREWALL_IN_NAME:
		return match_name(packet->in, value, len);
	case FIREWALL_OUT_NAME:
		return match_name(packet->out, value, len);
	case FIREWALL_IN:
		return match_ifindex(packet->in_ifindex, value, len);
	case FIREWALL_OUT:
		return match_ifindex(packet->out_ifindex, value, len);
	case FIREWALL_SOURCE:
		return match_address(&packet->source, value, condition->bits);
	case FIREWALL_DESTINATION:
		return match_address(&packet->destination, value, condition->bits);
	case FIREWALL_FAMILY:
		return value[0] == FAMILY_IPV4 ? YES : NO;
	case FIREWALL_STATE:
		return match_state(packet->state, condition, value);
	case FIREWALL_NO_FIELD:
		break;
	}
	return MAYBE;
}

static enum match match_condition(const struct firewall_condition *condition,
				  const struct firewall_packet *packet)
{
	enum match best = NO, one;

	for (unsigned i = 0; i < condition->count; i++) {
		one = match_value(condition, condition->values[i], packet);
		best = one > best ? one : best;
	}
	return condition->differs ? (enum match)(YES - best) : best;
}

static enum match match_rule(const struct firewall_rule *rule, const struct firewall_packet *packet)
{
	enum match least = rule->other ? MAYBE : YES, one;

	for (unsigned i = 0; i < rule->count; i++) {
		one = match_condition(&rule->conditions[i], packet);
		least = one < least ? one : least;
	}
	return least;
}

/* ---- what becomes of a packet */

static const struct outcome *ask_chain(struct firewall *firewall, struct chain *chain,
				       const struct firewall_packet *packet);

static struct outcome certain(enum fate fate)
{
	struct outcome outcome = {.otherwise = fate};

	outcome.may[fate] = true;
	return outcome;
}

static struct outcome called(struct firewall *firewall, const struct firewall_rule *rule,
			     const struct firewall_packet *packet)
{
	struct outcome outcome = certain(NEXT);
	struct chain *target = NULL;

	if (rule->target)
		HASH_FIND_STR(firewall->chains, rule->target, target);
	if (!target)
		return outcome;
	outcome = *ask_chain(firewall, target, packet);
	if (rule->verdict == FIREWALL_GOTO)
		return outcome;
	outcome.may[NEXT] = outcome.may[BACK];
	outcome.may[BACK] = false;
	if (outcome.otherwise == BACK)
		outcome.otherwise = NEXT;
	return outcome;
}

/* As people count, from 1. */
static unsigned number_of(const struct chain *chain, unsigned index)
{
	unsigned number = 0;

	for (unsigned i = 0; i <= index; i++)
		number += !chain->rules[i].more;
	return number;
}

/* The rule matches. */
static struct outcome ask_rule(struct firewall *firewall, struct chain *chain, unsigned index,
			       const struct firewall_packet *packet)
{
	const struct firewall_rule *rule = &chain->rules[index];
	struct outcome outcome = certain(NEXT);

	switch (rule->verdict) {
	case FIREWALL_NEXT:
		break;
	case FIREWALL_ACCEPT:
		return certain(ACCEPT);
	case FIREWALL_RETURN:
		return certain(BACK);
	case FIREWALL_DROP:
		outcome = certain(DROP);
		outcome.culprit = chain;
		outcome.rule = number_of(chain, index);
		break;
	case FIREWALL_JUMP:
	case FIREWALL_GOTO:
		return called(firewall, rule, packet);
	case FIREWALL_UNKNOWN:
		outcome.may[ACCEPT] = outcome.may[DROP] = outcome.may[BACK] = true;
		break;
	}
	return outcome;
}

static void add_outcome(struct outcome *all, const struct outcome *one, enum match match)
{
	all->may[ACCEPT] |= one->may[ACCEPT];
	all->may[DROP] |= one->may[DROP];
	all->may[BACK] |= one->may[BACK];
	if (match == YES && all->otherwise == NEXT && one->otherwise != NEXT) {
		all->otherwise = one->otherwise;
		all->culprit = one->culprit;
		all->rule = one->rule;
	}
}

/* Once for each chain and question, however often it is called: the packet is the same. */
static const struct outcome *ask_chain(struct firewall *firewall, struct chain *chain,
				       const struct firewall_packet *packet)
{
	struct outcome all = {.otherwise = NEXT};
	bool goes_on = true;

	if (chain->asked == firewall->question)
		return &chain->outcome;
	chain->asked = firewall->question;
	chain->outcome = certain(BACK); /* the kernel refuses chains that call themselves */
	for (unsigned i = 0; goes_on && i < chain->count; i++) {
		enum match match = match_rule(&chain->rules[i], packet);
		struct outcome one;

		if (match == NO)
			continue;
		one = ask_rule(firewall, chain, i, packet);
		add_outcome(&all, &one, match);
		goes_on = match != YES || one.may[NEXT];
	}
	all.may[BACK] |= goes_on;
	if (all.otherwise == NEXT)
		all.otherwise = BACK;
	chain->outcome = all;
	return &chain->outcome;
}

static enum firewall_answer ask_base(struct firewall *firewall, struct chain *chain,
				     const struct firewall_packet *packet,
				     char where[FIREWALL_WHERE])
{
	struct outcome outcome = *ask_chain(firewall, chain, packet);
	bool by_policy = outcome.otherwise == BACK && chain->drops;

	if (outcome.may[BACK] && !chain->drops)
		outcome.may[ACCEPT] = true;
	if (!by_policy && outcome.otherwise != DROP)
		return FIREWALL_PASSES;
	if (by_policy)
		snprintf(where, FIREWALL_WHERE, "the policy of chain %.120s", chain->key);
	else
		snprintf(where, FIREWALL_WHERE, "rule %u of chain %.120s", outcome.rule,
			 outcome.culprit->key);
	return outcome.may[ACCEPT] ? FIREWALL_DEPENDS : FIREWALL_DROPS;
}

enum firewall_answer firewall_ask(struct firewall *firewall, const struct firewall_packet *packet,
				  char where[FIREWALL_WHERE])
{
	enum firewall_answer worst = FIREWALL_PASSES, one;
	char here[FIREWALL_WHERE];

	firewall->question++;
	where[0] = '\0';
	for (struct chain *chain = firewall->chains; chain; chain = chain->hh.next) {
		if (!chain->base)
			continue;
		one = ask_base(firewall, chain, packet, here);
		if (one > worst)
			memcpy(where, here, FIREWALL_WHERE);
		worst = one > worst ? one : worst;
	}
	return worst;
}
