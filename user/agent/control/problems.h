/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is wrong at this CN now, in texts for people: cells and backbone that cannot be used, rules
 * of netfilter in the way, hosts with the gateway's address. What needs many questions to the
 * kernel is remembered for a while.
 */
#ifndef TMIP_AGENT_CONTROL_PROBLEMS_H
#define TMIP_AGENT_CONTROL_PROBLEMS_H

#include <jansson.h>

struct agent_config;
struct backbone;
struct cell_table;
struct impostors;
struct problems;

/* What it looks at. */
struct problems_setup {
	const struct agent_config *config;
	const struct backbone *backbone;
	const struct cell_table *cells;
	const struct impostors *impostors;
};

struct problems *problems_create(const struct problems_setup *setup); /* NULL: no memory */
void problems_destroy(struct problems *problems); /* NULL is allowed */

/* A new array of texts. NULL is allowed. */
json_t *problems_json(struct problems *problems);

#endif
