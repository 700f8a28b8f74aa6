/* SPDX-License-Identifier: BSD-2-Clause */
/* What rules of netfilter do with packets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/firewall/firewall.h"

#define TABLE "inet t"

static struct firewall *firewall;
static struct firewall_packet packet;

static int begin(void **state)
{
	(void)state;
	firewall = firewall_create();
	packet = (struct firewall_packet){.in = "w0", .out = "bb0", .in_ifindex = 4,
					  .out_ifindex = 2};
	packet.source = (struct prefix){addr_from_ipv4(0x0a010001), 24};
	return firewall_add_chain(firewall, TABLE, "forward", true, false);
}

static int end(void **state)
{
	(void)state;
	firewall_destroy(firewall);
	return 0;
}

static void add(const char *chain, struct firewall_rule rule)
{
	assert_int_equal(firewall_add_rule(firewall, TABLE, chain, &rule), 0);
}

static struct firewall_rule rule_of(enum firewall_verdict verdict)
{
	return (struct firewall_rule){.verdict = verdict};
}

static void ask(struct firewall_rule *rule, enum firewall_field field, bool differs,
		const void *value, unsigned len, unsigned bits)
{
	struct firewall_condition *condition = &rule->conditions[rule->count++];

	*condition = (struct firewall_condition){.field = field, .differs = differs,
						 .len = (uint8_t)len, .bits = (uint8_t)bits,
						 .count = 1};
	memcpy(condition->values[0], value, len);
}

static struct firewall_rule from(const char *name, enum firewall_verdict verdict)
{
	struct firewall_rule rule = rule_of(verdict);
	char padded[FIREWALL_NAME] = "";

	strncpy(padded, name, sizeof(padded) - 1);
	ask(&rule, FIREWALL_IN_NAME, false, padded, sizeof(padded), 0);
	return rule;
}

static void expect(enum firewall_answer answer, const char *place)
{
	char where[FIREWALL_WHERE];

	assert_int_equal(firewall_ask(firewall, &packet, where), answer);
	assert_string_equal(where, place);
}

static void without_rules_the_policy_counts(void **state)
{
	(void)state;
	expect(FIREWALL_PASSES, "");
	assert_int_equal(firewall_add_chain(firewall, "ip g", "strict", true, true), 0);
	expect(FIREWALL_DROPS, "the policy of chain ip g strict");
}

static void a_rule_without_conditions_ends_the_chain(void **state)
{
	(void)state;
	add("forward", rule_of(FIREWALL_NEXT));
	add("forward", rule_of(FIREWALL_DROP));
	add("forward", rule_of(FIREWALL_ACCEPT));
	expect(FIREWALL_DROPS, "rule 2 of chain inet t forward");
}

static void names_and_their_beginnings(void **state)
{
	struct firewall_rule rule = rule_of(FIREWALL_DROP);

	(void)state;
	add("forward", from("w1", FIREWALL_DROP));
	add("forward", from("w", FIREWALL_DROP));
	expect(FIREWALL_PASSES, "");
	ask(&rule, FIREWALL_OUT_NAME, false, "bb", 2, 0);
	add("forward", rule);
	expect(FIREWALL_DROPS, "rule 3 of chain inet t forward");
}

static void interfaces_by_number(void **state)
{
	struct firewall_rule rule = rule_of(FIREWALL_DROP);
	uint32_t other = 5, same = 4;

	(void)state;
	ask(&rule, FIREWALL_IN, false, &other, sizeof(other), 0);
	add("forward", rule);
	expect(FIREWALL_PASSES, "");
	rule = rule_of(FIREWALL_DROP);
	ask(&rule, FIREWALL_IN, false, &same, sizeof(same), 0);
	add("forward", rule);
	expect(FIREWALL_DROPS, "rule 2 of chain inet t forward");
	packet.in_ifindex = 0; /* not known: it may be */
	expect(FIREWALL_PASSES, "");
}

static void addresses(void **state)
{
	static const uint8_t wide[] = {10, 1}, half[] = {10, 1, 0, 0}, other[] = {10, 2};
	struct firewall_rule rule = rule_of(FIREWALL_DROP);

	(void)state;
	ask(&rule, FIREWALL_SOURCE, false, other, 2, 16);
	add("forward", rule);
	expect(FIREWALL_PASSES, "");
	rule = rule_of(FIREWALL_DROP);
	ask(&rule, FIREWALL_SOURCE, false, half, 4, 25); /* some of the packets */
	add("forward", rule);
	expect(FIREWALL_PASSES, "");
	rule = rule_of(FIREWALL_DROP);
	ask(&rule, FIREWALL_SOURCE, true, other, 2, 16); /* all others */
	add("forward", rule);
	expect(FIREWALL_DROPS, "rule 3 of chain inet t forward");
	packet.source.len = 0;
	expect(FIREWALL_PASSES, "");
	packet.source.len = 24;
	rule = rule_of(FIREWALL_ACCEPT);
	ask(&rule, FIREWALL_SOURCE, false, wide, 2, 16);
	add("forward", rule);
	expect(FIREWALL_DROPS, "rule 3 of chain inet t forward");
}

static void one_of_several_values(void **state)
{
	struct firewall_rule rule = from("w7", FIREWALL_DROP);

	(void)state;
	memcpy(rule.conditions[0].values[rule.conditions[0].count++], "w0\0\0", 4);
	add("forward", rule);
	expect(FIREWALL_DROPS, "rule 1 of chain inet t forward");
}

static void states_of_connections(void **state)
{
	static const uint32_t none = 0, new = FIREWALL_NEW;
	struct firewall_rule rule = rule_of(FIREWALL_ACCEPT);

	(void)state;
	ask(&rule, FIREWALL_STATE, true, &none, sizeof(none), FIREWALL_ESTABLISHED | 4);
	add("forward", rule); /* established or related */
	rule = rule_of(FIREWALL_DROP);
	ask(&rule, FIREWALL_STATE, false, &new, sizeof(new), UINT8_MAX);
	add("forward", rule);
	packet.state = FIREWALL_NEW;
	expect(FIREWALL_DROPS, "rule 2 of chain inet t forward");
	packet.state = FIREWALL_ESTABLISHED;
	expect(FIREWALL_PASSES, "");
	packet.state = FIREWALL_ANY_STATE;
	expect(FIREWALL_PASSES, "");
}

static void a_map_is_one_rule(void **state)
{
	struct firewall_rule rule = from("w7", FIREWALL_ACCEPT);

	(void)state;
	add("forward", rule_of(FIREWALL_NEXT));
	add("forward", rule);
	rule = from("w0", FIREWALL_DROP);
	rule.more = true;
	add("forward", rule);
	expect(FIREWALL_DROPS, "rule 2 of chain inet t forward");
}

static void rules_of_other_families_do_not_match(void **state)
{
	static const uint8_t ipv6 = 10;
	struct firewall_rule rule = rule_of(FIREWALL_DROP);

	(void)state;
	ask(&rule, FIREWALL_FAMILY, false, &ipv6, 1, 0);
	add("forward", rule);
	expect(FIREWALL_PASSES, "");
}

static void what_asks_for_more_may_accept(void **state)
{
	struct firewall_rule rule = rule_of(FIREWALL_ACCEPT);

	(void)state;
	rule.other = true;
	add("forward", rule);
	add("forward", from("w0", FIREWALL_DROP));
	expect(FIREWALL_DEPENDS, "rule 2 of chain inet t forward");
}

static void an_unknown_verdict_may_be_any(void **state)
{
	(void)state;
	add("forward", rule_of(FIREWALL_UNKNOWN));
	add("forward", rule_of(FIREWALL_DROP));
	expect(FIREWALL_DEPENDS, "rule 2 of chain inet t forward");
}

static void chains_call_others(void **state)
{
	struct firewall_rule jump = rule_of(FIREWALL_JUMP);

	(void)state;
	jump.target = "some";
	assert_int_equal(firewall_add_chain(firewall, TABLE, "some", false, false), 0);
	add("some", from("w0", FIREWALL_RETURN));
	add("some", rule_of(FIREWALL_DROP));
	add("forward", jump);
	expect(FIREWALL_PASSES, "");
	add("forward", jump);
	add("forward", rule_of(FIREWALL_DROP));
	expect(FIREWALL_DROPS, "rule 3 of chain inet t forward");
	packet.in = "w1";
	expect(FIREWALL_DROPS, "rule 2 of chain inet t some");
}

static void goto_does_not_come_back(void **state)
{
	struct firewall_rule jump = rule_of(FIREWALL_GOTO);

	(void)state;
	jump.target = "some";
	assert_int_equal(firewall_add_chain(firewall, TABLE, "some", false, false), 0);
	add("forward", jump);
	add("forward", rule_of(FIREWALL_DROP));
	expect(FIREWALL_PASSES, "");
}

static void a_call_on_a_condition_decides_nothing(void **state)
{
	struct firewall_rule jump = rule_of(FIREWALL_JUMP);

	(void)state;
	jump.target = "some";
	jump.other = true;
	assert_int_equal(firewall_add_chain(firewall, TABLE, "some", false, false), 0);
	add("some", rule_of(FIREWALL_DROP));
	add("forward", jump);
	expect(FIREWALL_PASSES, "");
}

static void chains_in_a_circle_end(void **state)
{
	struct firewall_rule jump = rule_of(FIREWALL_JUMP);

	(void)state;
	jump.target = "forward";
	add("forward", jump);
	jump.target = "nowhere";
	add("forward", jump);
	expect(FIREWALL_PASSES, "");
}

static void the_number_of_rules_is_bounded(void **state)
{
	struct firewall_rule rule = rule_of(FIREWALL_NEXT);
	int error = 0, count = 0;

	(void)state;
	while (!error && count <= FIREWALL_RULES_MAX) {
		error = firewall_add_rule(firewall, TABLE, "forward", &rule);
		count += !error;
	}
	assert_int_equal(error, -E2BIG);
	assert_int_equal(count, FIREWALL_RULES_MAX);
	assert_int_equal(firewall_add_rule(firewall, TABLE, "elsewhere", &rule), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_rules_the_policy_counts),
		TEST(a_rule_without_conditions_ends_the_chain),
		TEST(names_and_their_beginnings),
		TEST(interfaces_by_number),
		TEST(addresses),
		TEST(one_of_several_values),
		TEST(states_of_connections),
		TEST(a_map_is_one_rule),
		TEST(rules_of_other_families_do_not_match),
		TEST(what_asks_for_more_may_accept),
		TEST(an_unknown_verdict_may_be_any),
		TEST(chains_call_others),
		TEST(goto_does_not_come_back),
		TEST(a_call_on_a_condition_decides_nothing),
		TEST(chains_in_a_circle_end),
		TEST(the_number_of_rules_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
