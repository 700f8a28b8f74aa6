/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of nftables, and of iptables where it uses nftables, for core/firewall. A rule is a
 * list of expressions: some load a field of the packet into a register, others compare it. An
 * expression that this file does not know makes the rule one that asks for something else.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_conntrack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netfilter.h"
#include "netlink_talk.h"

#define TABLES_MAX 64 /* with forwarded packets */
#define TABLE_LEN 80
#define REGISTERS (NFT_REG32_15 + 1)
#define SOURCE_AT 12 /* in the IPv4 header (RFC 791, 3.1) */
#define DESTINATION_AT 16

/* What a register has. */
struct content {
	enum firewall_field field;
	uint8_t bits;
};

struct reading {
	struct firewall *firewall;
	char tables[TABLES_MAX][TABLE_LEN]; /* that forwarded packets pass */
	unsigned table_count;
	int error;
	/* of the rule that is read */
	const char *table;
	uint8_t family;
	struct firewall_rule rule;
	struct content registers[REGISTERS];
	const char *map; /* of verdicts, for the last condition; NULL: none */
};

/* ---- attributes */

#define ATTRIBUTES 32

struct attributes {
	const struct nlattr *at[ATTRIBUTES];
};

static int on_attribute(const struct nlattr *attr, void *arg)
{
	struct attributes *all = arg;

	if (mnl_attr_get_type(attr) < ATTRIBUTES)
		all->at[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static struct attributes parse_nested(const struct nlattr *nest)
{
	struct attributes all = {{NULL}};

	if (nest)
		mnl_attr_parse_nested(nest, on_attribute, &all);
	return all;
}

static struct attributes parse_message(const struct nlmsghdr *header)
{
	struct attributes all = {{NULL}};

	mnl_attr_parse(header, sizeof(struct nfgenmsg), on_attribute, &all);
	return all;
}

/* In network byte order there; `otherwise` if it is missing. */
static uint32_t number_of(const struct nlattr *attr, uint32_t otherwise)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 ? ntohl(mnl_attr_get_u32(attr)) :
								   otherwise;
}

static const char *text_of(const struct nlattr *attr)
{
	return attr && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attr) :
									  "";
}

/* The bytes of an NFTA_DATA_VALUE in a nest. NULL: there are none, or more than `max`. */
static const uint8_t *bytes_of(const struct nlattr *nest, size_t max, unsigned *len)
{
	const struct nlattr *value = parse_nested(nest).at[NFTA_DATA_VALUE];

	*len = value ? mnl_attr_get_payload_len(value) : 0;
	return value && *len && *len <= max ? mnl_attr_get_payload(value) : NULL;
}

static struct content *register_of(struct reading *reading, const struct nlattr *attr)
{
	uint32_t number = number_of(attr, REGISTERS);

	return number < REGISTERS ? &reading->registers[number] : NULL;
}

/* ---- expressions that load a register */

static void load(struct reading *reading, const struct nlattr *attr, enum firewall_field field,
		 unsigned bits)
{
	struct content *content = register_of(reading, attr);

	if (content)
		*content = (struct content){.field = field, .bits = (uint8_t)bits};
}

static void read_meta(struct reading *reading, const struct attributes *expr)
{
	static const enum firewall_field fields[] = {
		[NFT_META_IIF] = FIREWALL_IN, [NFT_META_OIF] = FIREWALL_OUT,
		[NFT_META_IIFNAME] = FIREWALL_IN_NAME, [NFT_META_OIFNAME] = FIREWALL_OUT_NAME,
		[NFT_META_NFPROTO] = FIREWALL_FAMILY,
	};
	uint32_t key = number_of(expr->at[NFTA_META_KEY], UINT32_MAX);
	bool known = key < sizeof(fields) / sizeof(fields[0]);

	load(reading, expr->at[NFTA_META_DREG], known ? fields[key] : FIREWALL_NO_FIELD, 0);
}

static void read_ct(struct reading *reading, const struct attributes *expr)
{
	bool state = number_of(expr->at[NFTA_CT_KEY], UINT32_MAX) == NFT_CT_STATE;

	load(reading, expr->at[NFTA_CT_DREG], state ? FIREWALL_STATE : FIREWALL_NO_FIELD,
	     UINT8_MAX);
}

static void read_payload(struct reading *reading, const struct attributes *expr)
{
	uint32_t base = number_of(expr->at[NFTA_PAYLOAD_BASE], UINT32_MAX);
	uint32_t offset = number_of(expr->at[NFTA_PAYLOAD_OFFSET], UINT32_MAX);
	uint32_t len = number_of(expr->at[NFTA_PAYLOAD_LEN], UINT32_MAX);
	enum firewall_field field = FIREWALL_NO_FIELD;

	if (base == NFT_PAYLOAD_NETWORK_HEADER && len >= 1 && len <= 4 && offset == SOURCE_AT)
		field = FIREWALL_SOURCE;
	if (base == NFT_PAYLOAD_NETWORK_HEADER && len >= 1 && len <= 4 && offset == DESTINATION_AT)
		field = FIREWALL_DESTINATION;
	load(reading, expr->at[NFTA_PAYLOAD_DREG], field, 8 * len);
}

/* The number of leading ones of a mask; -1: it has others. */
static int mask_bits(const uint8_t *mask, unsigned len)
{
	uint32_t value = 0;
	int bits = 0;

	for (unsigned i = 0; i < 4; i++)
		value = value << 8 | (i < len ? mask[i] : 0);
	for (; value & 0x80000000u; value <<= 1)
		bits++;
	return value ? -1 : bits;
}

static void read_bitwise(struct reading *reading, const struct attributes *expr)
{
	const struct content *from = register_of(reading, expr->at[NFTA_BITWISE_SREG]);
	struct content content = {FIREWALL_NO_FIELD, 0};
	unsigned len;
	const uint8_t *mask = bytes_of(expr->at[NFTA_BITWISE_MASK], 4, &len);
	int bits = mask ? mask_bits(mask, len) : -1;
	uint32_t states;

	/* With a mask the flips (NFTA_BITWISE_XOR) are zero, unless somebody inverts addresses. */
	if (from && from->field == FIREWALL_STATE && mask && len == sizeof(states)) {
		memcpy(&states, mask, sizeof(states));
		content = (struct content){FIREWALL_STATE, (uint8_t)states};
	}
	if (from && bits >= 0 &&
	    (from->field == FIREWALL_SOURCE || from->field == FIREWALL_DESTINATION))
		content = (struct content){from->field, (uint8_t)bits};
	load(reading, expr->at[NFTA_BITWISE_DREG], content.field, content.bits);
}

/* ---- expressions that compare a register */

/* A condition about what the register has. NULL: it is not one that firewall.h knows. */
static struct firewall_condition *add_condition(struct reading *reading, const struct nlattr *sreg,
						bool differs)
{
	const struct content *content = register_of(reading, sreg);
	struct firewall_rule *rule = &reading->rule;
	struct firewall_condition *condition = &rule->conditions[rule->count];

	if (!content || content->field == FIREWALL_NO_FIELD || rule->count == FIREWALL_CONDITIONS) {
		rule->other = true;
		return NULL;
	}
	*condition = (struct firewall_condition){.field = content->field, .bits = content->bits,
						 .differs = differs};
	rule->count++;
	return condition;
}

/* False: it has not the length of the other values, or there are too many. */
static bool add_value(struct firewall_condition *condition, const uint8_t *bytes, unsigned len)
{
	if (condition->count == FIREWALL_VALUES || (condition->count && condition->len != len))
		return false;
	condition->len = (uint8_t)len;
	memcpy(condition->values[condition->count++], bytes, len);
	return true;
}

static void drop_condition(struct firewall_rule *rule)
{
	rule->count--;
	rule->other = true;
}

static void read_compare(struct reading *reading, const struct attributes *expr)
{
	uint32_t operation = number_of(expr->at[NFTA_CMP_OP], UINT32_MAX);
	struct firewall_condition *condition;
	unsigned len;
	const uint8_t *bytes = bytes_of(expr->at[NFTA_CMP_DATA], FIREWALL_NAME, &len);

	if (!bytes || (operation != NFT_CMP_EQ && operation != NFT_CMP_NEQ)) {
		reading->rule.other = true;
		return;
	}
	condition = add_condition(reading, expr->at[NFTA_CMP_SREG], operation == NFT_CMP_NEQ);
	if (condition)
		add_value(condition, bytes, len);
}

struct elements {
	struct firewall_condition *condition;
	bool all; /* the condition has all of them */
};

static int on_elements(const struct nlmsghdr *header, void *arg)
{
	const struct nlattr *list = parse_message(header).at[NFTA_SET_ELEM_LIST_ELEMENTS], *attr;
	struct elements *elements = arg;
	struct attributes element;
	const uint8_t *bytes;
	unsigned len;

	if (!list)
		return MNL_CB_OK;
	mnl_attr_for_each_nested(attr, list) {
		element = parse_nested(attr);
		bytes = bytes_of(element.at[NFTA_SET_ELEM_KEY], FIREWALL_NAME, &len);
		if (!bytes || element.at[NFTA_SET_ELEM_FLAGS] ||
		    !add_value(elements->condition, bytes, len)) {
			elements->all = false;
			return MNL_CB_STOP;
		}
	}
	return MNL_CB_OK;
}

static int dump_set(const struct reading *reading, const char *set, mnl_cb_t callback, void *arg)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(
		buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, NLM_F_DUMP);
	struct nfgenmsg *message = mnl_nlmsg_put_extra_header(request, sizeof(*message));

	message->nfgen_family = reading->family;
	mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_TABLE, reading->table);
	mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, set);
	return netlink_talk(NETLINK_NETFILTER, request, callback, arg);
}

/* The values of a small set of interfaces or states. False: it has something else. */
static bool read_set(const struct reading *reading, const char *set,
		     struct firewall_condition *condition)
{
	struct elements elements = {.condition = condition, .all = true};

	return dump_set(reading, set, on_elements, &elements) == 0 && elements.all &&
	       condition->count;
}

/* A map: of verdicts, which on_rule() makes rules of, or of something else. */
static void read_map(struct reading *reading, const struct attributes *expr)
{
	struct firewall_condition *condition =
		add_condition(reading, expr->at[NFTA_LOOKUP_SREG], false);

	if (number_of(expr->at[NFTA_LOOKUP_DREG], REGISTERS) != NFT_REG_VERDICT)
		load(reading, expr->at[NFTA_LOOKUP_DREG], FIREWALL_NO_FIELD, 0);
	else if (condition && condition->field != FIREWALL_SOURCE &&
		 condition->field != FIREWALL_DESTINATION)
		reading->map = text_of(expr->at[NFTA_LOOKUP_SET]);
	else
		reading->rule.verdict = FIREWALL_UNKNOWN;
	if (condition && !reading->map)
		drop_condition(&reading->rule);
}

static void read_lookup(struct reading *reading, const struct attributes *expr)
{
	bool differs = number_of(expr->at[NFTA_LOOKUP_FLAGS], 0) & NFT_LOOKUP_F_INV;
	struct firewall_condition *condition;

	if (expr->at[NFTA_LOOKUP_DREG]) {
		read_map(reading, expr);
		return;
	}
	condition = add_condition(reading, expr->at[NFTA_LOOKUP_SREG], differs);
	if (!condition)
		return;
	if (condition->field == FIREWALL_SOURCE || condition->field == FIREWALL_DESTINATION ||
	    !read_set(reading, text_of(expr->at[NFTA_LOOKUP_SET]), condition))
		drop_condition(&reading->rule);
}

/* ---- expressions that decide */

/* data: NFTA_IMMEDIATE_DATA or the like. False: it is no verdict. */
static bool read_verdict(const struct nlattr *nest, struct firewall_rule *rule)
{
	struct attributes data = parse_nested(nest);
	struct attributes verdict = parse_nested(data.at[NFTA_DATA_VERDICT]);
	int code = (int)number_of(verdict.at[NFTA_VERDICT_CODE], 0);

	if (!data.at[NFTA_DATA_VERDICT])
		return false;
	rule->target = NULL;
	rule->verdict = code == NF_ACCEPT    ? FIREWALL_ACCEPT :
			code == NF_DROP      ? FIREWALL_DROP :
			code == NFT_RETURN   ? FIREWALL_RETURN :
			code == NFT_JUMP     ? FIREWALL_JUMP :
			code == NFT_GOTO     ? FIREWALL_GOTO :
			code == NFT_CONTINUE ? FIREWALL_NEXT : FIREWALL_UNKNOWN;
	if (code == NFT_JUMP || code == NFT_GOTO)
		rule->target = text_of(verdict.at[NFTA_VERDICT_CHAIN]);
	return true;
}

static void read_immediate(struct reading *reading, const struct attributes *expr)
{
	if (!read_verdict(expr->at[NFTA_IMMEDIATE_DATA], &reading->rule))
		load(reading, expr->at[NFTA_IMMEDIATE_DREG], FIREWALL_NO_FIELD, 0);
}

static void read_reject(struct reading *reading, const struct attributes *expr)
{
	(void)expr;
	reading->rule.verdict = FIREWALL_DROP;
}

static void read_queue(struct reading *reading, const struct attributes *expr)
{
	(void)expr;
	reading->rule.verdict = FIREWALL_UNKNOWN;
}

/* `-m conntrack --ctstate', if it asks for nothing else. */
static bool read_conntrack(struct reading *reading, const struct attributes *expr)
{
	const struct nlattr *attr = expr->at[NFTA_MATCH_INFO];
	struct firewall_condition *condition;
	struct xt_conntrack_mtinfo3 info;
	const uint32_t none = 0;

	if (strcmp(text_of(expr->at[NFTA_MATCH_NAME]), "conntrack") != 0 ||
	    number_of(expr->at[NFTA_MATCH_REV], 0) < 2 || !attr ||
	    mnl_attr_get_payload_len(attr) < sizeof(struct xt_conntrack_mtinfo2) ||
	    reading->rule.count == FIREWALL_CONDITIONS)
		return false;
	memset(&info, 0, sizeof(info));
	memcpy(&info, mnl_attr_get_payload(attr), sizeof(struct xt_conntrack_mtinfo2));
	if (info.match_flags != XT_CONNTRACK_STATE)
		return false;
	condition = &reading->rule.conditions[reading->rule.count++];
	*condition = (struct firewall_condition){
		.field = FIREWALL_STATE, .bits = (uint8_t)info.state_mask,
		.differs = !(info.invert_flags & XT_CONNTRACK_STATE),
	};
	return add_value(condition, (const uint8_t *)&none, sizeof(none));
}

/* A match of iptables. */
static void read_match(struct reading *reading, const struct attributes *expr)
{
	if (strcmp(text_of(expr->at[NFTA_MATCH_NAME]), "comment") != 0 &&
	    !read_conntrack(reading, expr))
		reading->rule.other = true;
}

/* A target of iptables. */
static void read_target(struct reading *reading, const struct attributes *expr)
{
	static const char *const going_on[] = {
		"LOG", "NFLOG", "ULOG", "TRACE", "MARK", "CONNMARK", "CT", "TCPMSS", "TEE", "SET",
		"DSCP", "TOS", "TTL", "CLASSIFY", "AUDIT", "CHECKSUM", "SECMARK", "CONNSECMARK",
	};
	const char *name = text_of(expr->at[NFTA_TARGET_NAME]);

	for (size_t i = 0; i < sizeof(going_on) / sizeof(going_on[0]); i++)
		if (strcmp(name, going_on[i]) == 0)
			return;
	reading->rule.verdict = strcmp(name, "REJECT") == 0 ? FIREWALL_DROP : FIREWALL_UNKNOWN;
}

static void read_nothing(struct reading *reading, const struct attributes *expr)
{
	(void)reading;
	(void)expr;
}

static void read_expression(struct reading *reading, const struct nlattr *attr)
{
	static const struct {
		const char *name;
		void (*read)(struct reading *reading, const struct attributes *expr);
	} known[] = {
		{"meta", read_meta}, {"ct", read_ct}, {"payload", read_payload},
		{"bitwise", read_bitwise}, {"cmp", read_compare}, {"lookup", read_lookup},
		{"immediate", read_immediate},
		{"reject", read_reject}, {"queue", read_queue}, {"match", read_match},
		{"target", read_target}, {"counter", read_nothing}, {"log", read_nothing},
		{"notrack", read_nothing}, {"last", read_nothing}, {"flow_offload", read_nothing},
	};
	struct attributes expr = parse_nested(attr);
	const char *name = text_of(expr.at[NFTA_EXPR_NAME]);

	expr = parse_nested(expr.at[NFTA_EXPR_DATA]);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0) {
			known[i].read(reading, &expr);
			return;
		}
	reading->rule.other = true;
}

/* ---- chains and rules */

static bool concerns_ipv4(uint8_t family)
{
	return family == NFPROTO_IPV4 || family == NFPROTO_INET;
}

static void format_table(uint8_t family, const char *table, char out[TABLE_LEN])
{
	snprintf(out, TABLE_LEN, "%s %s", family == NFPROTO_INET ? "inet" : "ip", table);
}

static bool has_table(const struct reading *reading, const char *table)
{
	for (unsigned i = 0; i < reading->table_count; i++)
		if (strcmp(reading->tables[i], table) == 0)
			return true;
	return false;
}

static bool is_forward(const struct nlattr *hook)
{
	return number_of(parse_nested(hook).at[NFTA_HOOK_HOOKNUM], NF_INET_NUMHOOKS) ==
	       NF_INET_FORWARD;
}

/* First the tables, since most of the others have nothing to do with forwarded packets. */
static int on_table_of_chain(const struct nlmsghdr *header, void *arg)
{
	const struct nfgenmsg *message = mnl_nlmsg_get_payload(header);
	struct attributes chain = parse_message(header);
	struct reading *reading = arg;
	char table[TABLE_LEN];

	format_table(message->nfgen_family, text_of(chain.at[NFTA_CHAIN_TABLE]), table);
	if (!concerns_ipv4(message->nfgen_family) || !chain.at[NFTA_CHAIN_HOOK] ||
	    !is_forward(chain.at[NFTA_CHAIN_HOOK]) || has_table(reading, table) ||
	    reading->table_count == TABLES_MAX)
		return MNL_CB_OK;
	memcpy(reading->tables[reading->table_count++], table, TABLE_LEN);
	return MNL_CB_OK;
}

/* The chains of a dormant table are asleep. */
static int on_table(const struct nlmsghdr *header, void *arg)
{
	const struct nfgenmsg *message = mnl_nlmsg_get_payload(header);
	struct attributes table = parse_message(header);
	struct reading *reading = arg;
	char name[TABLE_LEN];

	format_table(message->nfgen_family, text_of(table.at[NFTA_TABLE_NAME]), name);
	if (!concerns_ipv4(message->nfgen_family) ||
	    !(number_of(table.at[NFTA_TABLE_FLAGS], 0) & NFT_TABLE_F_DORMANT))
		return MNL_CB_OK;
	for (unsigned i = reading->table_count; i-- > 0;)
		if (strcmp(reading->tables[i], name) == 0)
			memmove(reading->tables[i], reading->tables[--reading->table_count],
				TABLE_LEN);
	return MNL_CB_OK;
}

static int on_chain(const struct nlmsghdr *header, void *arg)
{
	const struct nfgenmsg *message = mnl_nlmsg_get_payload(header);
	struct attributes chain = parse_message(header);
	struct reading *reading = arg;
	char table[TABLE_LEN];
	bool base = chain.at[NFTA_CHAIN_HOOK] && is_forward(chain.at[NFTA_CHAIN_HOOK]);
	bool drops = number_of(chain.at[NFTA_CHAIN_POLICY], NF_ACCEPT) == NF_DROP;

	format_table(message->nfgen_family, text_of(chain.at[NFTA_CHAIN_TABLE]), table);
	if (concerns_ipv4(message->nfgen_family) && has_table(reading, table) && !reading->error)
		reading->error = firewall_add_chain(reading->firewall, table,
						    text_of(chain.at[NFTA_CHAIN_NAME]), base,
						    drops);
	return MNL_CB_OK;
}

/* A rule for each element of a map of verdicts; for people they are one. */
struct map {
	struct reading *reading;
	const char *table, *chain;
	int error;
};

static int on_map(const struct nlmsghdr *header, void *arg)
{
	const struct nlattr *list = parse_message(header).at[NFTA_SET_ELEM_LIST_ELEMENTS], *attr;
	struct map *map = arg;
	struct firewall_rule *rule = &map->reading->rule;
	struct firewall_condition *key = &rule->conditions[rule->count - 1];
	struct attributes element;
	const uint8_t *bytes;
	unsigned len;

	if (!list)
		return MNL_CB_OK;
	mnl_attr_for_each_nested(attr, list) {
		element = parse_nested(attr);
		bytes = bytes_of(element.at[NFTA_SET_ELEM_KEY], FIREWALL_NAME, &len);
		key->count = 0;
		if (!bytes || element.at[NFTA_SET_ELEM_FLAGS] || !add_value(key, bytes, len) ||
		    !read_verdict(element.at[NFTA_SET_ELEM_DATA], rule)) {
			key->field = FIREWALL_NO_FIELD; /* any packet may match */
			rule->other = true;
			rule->verdict = FIREWALL_UNKNOWN;
		}
		if (!map->error)
			map->error = firewall_add_rule(map->reading->firewall, map->table,
						       map->chain, rule);
		rule->more = true;
	}
	return MNL_CB_OK;
}

static int add_map(struct reading *reading, const char *table, const char *chain)
{
	struct map map = {.reading = reading, .table = table, .chain = chain};
	int error = dump_set(reading, reading->map, on_map, &map);

	if (error || map.error)
		return error ? error : map.error;
	if (reading->rule.more) /* it had elements */
		return 0;
	reading->rule.verdict = FIREWALL_NEXT;
	return firewall_add_rule(reading->firewall, table, chain, &reading->rule);
}

static int on_rule(const struct nlmsghdr *header, void *arg)
{
	const struct nfgenmsg *message = mnl_nlmsg_get_payload(header);
	struct attributes rule = parse_message(header);
	struct reading *reading = arg;
	const struct nlattr *attr;
	char table[TABLE_LEN];

	reading->table = text_of(rule.at[NFTA_RULE_TABLE]);
	reading->family = message->nfgen_family;
	format_table(reading->family, reading->table, table);
	if (!concerns_ipv4(reading->family) || !has_table(reading, table) || reading->error)
		return MNL_CB_OK;
	memset(&reading->rule, 0, sizeof(reading->rule));
	memset(reading->registers, 0, sizeof(reading->registers));
	reading->map = NULL;
	if (rule.at[NFTA_RULE_EXPRESSIONS])
		mnl_attr_for_each_nested(attr, rule.at[NFTA_RULE_EXPRESSIONS])
			read_expression(reading, attr);
	reading->error = reading->map ?
		add_map(reading, table, text_of(rule.at[NFTA_RULE_CHAIN])) :
		firewall_add_rule(reading->firewall, table, text_of(rule.at[NFTA_RULE_CHAIN]),
				  &reading->rule);
	return MNL_CB_OK;
}

static int dump(struct reading *reading, unsigned type, mnl_cb_t callback)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(
		buffer, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_DUMP);
	struct nfgenmsg *message = mnl_nlmsg_put_extra_header(request, sizeof(*message));
	int error;

	message->nfgen_family = NFPROTO_UNSPEC;
	message->version = NFNETLINK_V0;
	error = netlink_talk(NETLINK_NETFILTER, request, callback, reading);
	return error ? error : reading->error;
}

int netfilter_read_forward(struct firewall *firewall)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	int error = reading ? dump(reading, NFT_MSG_GETCHAIN, on_table_of_chain) : -ENOMEM;

	if (reading)
		reading->firewall = firewall;
	if (!error && reading->table_count)
		error = dump(reading, NFT_MSG_GETTABLE, on_table);
	if (!error && reading->table_count)
		error = dump(reading, NFT_MSG_GETCHAIN, on_chain);
	if (!error && reading->table_count)
		error = dump(reading, NFT_MSG_GETRULE, on_rule);
	free(reading);
	return netfilter_is_absent(error) ? 0 : error;
}
