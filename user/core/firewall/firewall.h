/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rules of netfilter do with packets that this host forwards, as far as their interfaces
 * and addresses tell. A rule that also asks for something else (a port, the state of a connection)
 * may match or not. io/kernel/netfilter.h reads the rules; the evaluation and the status ask. Pure.
 */
#ifndef TMIP_CORE_FIREWALL_FIREWALL_H
#define TMIP_CORE_FIREWALL_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/station.h"

#define FIREWALL_NAME 16       /* bytes of an interface's name, with the NUL */
#define FIREWALL_CONDITIONS 5  /* of one rule; a rule with more has `other` ones */
#define FIREWALL_VALUES 8      /* of one condition */
#define FIREWALL_WHERE 160     /* bytes of the name of a rule or policy, with the NUL */
#define FIREWALL_RULES_MAX 20000

enum firewall_field {
	FIREWALL_NO_FIELD,
	FIREWALL_IN_NAME, FIREWALL_OUT_NAME,  /* padded with NULs; a shorter value is a prefix */
	FIREWALL_IN, FIREWALL_OUT,            /* ifindex, in the byte order of the host */
	FIREWALL_SOURCE, FIREWALL_DESTINATION, /* IPv4, in network byte order */
	FIREWALL_FAMILY,                      /* NFPROTO_IPV4 and the like, one byte */
	FIREWALL_STATE, /* of the connection; 32 bits in the byte order of the host */
};

/* As netfilter numbers them. */
enum firewall_state {
	FIREWALL_ANY_STATE = 0,
	FIREWALL_ESTABLISHED = 2,
	FIREWALL_NEW = 8,
};

/* The field has one of the values, or none of them (`differs`). */
struct firewall_condition {
	enum firewall_field field;
	bool differs;
	uint8_t len;  /* bytes of each value */
	uint8_t bits; /* of an address: the length of its prefix; of a state: those that count */
	unsigned count;
	uint8_t values[FIREWALL_VALUES][FIREWALL_NAME];
};

enum firewall_verdict {
	FIREWALL_NEXT, /* none: the next rule decides */
	FIREWALL_ACCEPT,
	FIREWALL_DROP,
	FIREWALL_JUMP, /* to the chain `target`, and back behind this rule */
	FIREWALL_GOTO,
	FIREWALL_RETURN,
	FIREWALL_UNKNOWN, /* any of them */
};

struct firewall_rule {
	unsigned count;
	struct firewall_condition conditions[FIREWALL_CONDITIONS];
	bool other; /* it asks for more than its conditions */
	bool more;  /* for people it is the same rule as the one before it */
	enum firewall_verdict verdict;
	const char *target; /* firewall_add_rule() copies it */
};

struct firewall_packet {
	const char *in, *out;              /* interfaces */
	unsigned in_ifindex, out_ifindex;
	struct prefix source, destination; /* len 0: any address */
	enum firewall_state state;
};

enum firewall_answer {
	FIREWALL_PASSES,  /* unless a rule finds something else about it */
	FIREWALL_DEPENDS, /* it is dropped unless a rule finds something else about it */
	FIREWALL_DROPS,
};

struct firewall;

struct firewall *firewall_create(void); /* NULL: no memory */
void firewall_destroy(struct firewall *firewall); /* NULL is allowed */

/*
 * table: its family and name, as a text that people can read. `base`: all forwarded packets enter
 * here, and what no rule decides is dropped (`drops`) or accepted. 0 or -ENOMEM.
 */
int firewall_add_chain(struct firewall *firewall, const char *table, const char *name, bool base,
		       bool drops);
/*
 * The next rule of that chain; a rule of an unknown chain is left out. 0; -ENOMEM; -E2BIG: there
 * are more than FIREWALL_RULES_MAX.
 */
int firewall_add_rule(struct firewall *firewall, const char *table, const char *chain,
		      const struct firewall_rule *rule);

/* What becomes of the packet; unless it passes, `where` names the rule or policy that drops it. */
enum firewall_answer firewall_ask(struct firewall *firewall, const struct firewall_packet *packet,
				  char where[FIREWALL_WHERE]);

#endif
