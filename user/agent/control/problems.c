/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong at this CN now. See problems.h. */
#include "problems.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/interface/backbone.h"
#include "agent/interface/cell_check.h"
#include "agent/interface/cell_table.h"
#include "agent/interface/forwarding.h"
#include "agent/station/impostors.h"
#include "core/config/agent_config.h"
#include "io/process/clock.h"

#define REMEMBER_MS 10000 /* the rules of netfilter, and the backbone */

struct problems {
	struct problems_setup at;
	json_t *asked;    /* of the kernel, as texts; NULL: never */
	uint64_t asked_ms;
};

struct problems *problems_create(const struct problems_setup *setup)
{
	struct problems *problems = calloc(1, sizeof(*problems));

	if (problems)
		problems->at = *setup;
	return problems;
}

void problems_destroy(struct problems *problems)
{
	if (problems)
		json_decref(problems->asked);
	free(problems);
}

/* ---- cells, of which the agent hears by itself */

static const char *cell_problem(const struct cell *cell)
{
	const struct netlink_interface *interface = &cell->interface;

	if (!cell->served)
		return cell->why[0] ? cell->why : "it is not served";
	if (!interface->up)
		return "the interface is down";
	if (cell->bare)
		return "the interface has lost its address";
	if (!cell_check_has_port(interface))
		return "the bridge is empty: none of its ports carries frames";
	return interface->carrier ? NULL : "no carrier: no cable, or an access point that does not "
					   "run";
}

static void list_cells(const struct problems_setup *at, json_t *texts)
{
	for (unsigned i = 0; i < at->cells->count; i++) {
		const struct cell *cell = &at->cells->list[i];
		const char *problem = cell_problem(cell);

		if (problem)
			json_array_append_new(texts,
					      json_sprintf("cell %s: %s", cell->name, problem));
	}
}

/* ---- the backbone */

static void list_fault(const struct problems_setup *at, json_t *texts)
{
	if (at->backbone->fault[0])
		json_array_append_new(texts, json_sprintf("backbone %s: %s", at->config->cn_if,
							  at->backbone->fault));
}

/* ---- what the kernel must be asked */

static void list_backbone(const struct problems_setup *at, json_t *texts)
{
	const char *name = at->config->cn_if;
	struct netlink_interface now;
	int error = netlink_get_interface(name, &now);

	/* What the agent itself has noticed is in list_fault(). */
	if (!error && now.up && !now.carrier)
		json_array_append_new(texts, json_sprintf("backbone %s: no carrier", name));
}

static void on_found(bool certain, const char *cell, const char *text, void *arg)
{
	json_array_append_new(arg, json_sprintf("firewall, cell %s: %s%s", cell,
						certain ? "" : "perhaps: ", text));
}

static void list_rules(const struct problems_setup *at, json_t *texts)
{
	struct forwarding_setup setup = {
		.config = at->config, .backbone_ifindex = at->backbone->ifindex,
		.found = on_found, .arg = texts,
	};

	for (unsigned i = 0; i < at->cells->count; i++)
		if (at->cells->list[i].served)
			setup.cells[setup.cell_count++] = &at->cells->list[i].interface;
	forwarding_check(&setup); /* without the right to ask, nothing is known of rules */
}

static json_t *ask(struct problems *problems)
{
	uint64_t now_ms = clock_ms();

	if (problems->asked && now_ms - problems->asked_ms < REMEMBER_MS)
		return problems->asked;
	json_decref(problems->asked);
	problems->asked = json_array();
	problems->asked_ms = now_ms;
	list_backbone(&problems->at, problems->asked);
	list_rules(&problems->at, problems->asked);
	return problems->asked;
}

json_t *problems_json(struct problems *problems)
{
	json_t *texts = json_array();

	if (!problems)
		return texts;
	list_cells(&problems->at, texts);
	list_fault(&problems->at, texts);
	json_array_extend(texts, ask(problems));
	impostors_list(problems->at.impostors, clock_ms(), texts);
	return texts;
}
