/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The evaluation of the cells: interfaces, pools, rules of netfilter between them and the backbone.
 * See evaluation.h.
 */
#include <stdio.h>
#include <string.h>

#include "agent/interface/cell_check.h"
#include "agent/interface/forwarding.h"
#include "evaluation.h"
#include "io/kernel/netfilter.h"

/* ---- cells and their pools */

static struct prefix subnet_of(const struct netlink_interface *interface)
{
	return (struct prefix){interface->addr, interface->prefix_len};
}

static bool overlaps_earlier_cell(const struct evaluation *e, unsigned i)
{
	struct prefix subnet = subnet_of(&e->cells[i]);

	for (unsigned k = 0; k < i; k++) {
		struct prefix other = subnet_of(&e->cells[k]);

		if (e->cells[k].ifindex && prefix_overlaps(&subnet, &other))
			return true;
	}
	return false;
}

static const struct cell_fault *find_cell_fault(struct evaluation *e, unsigned i)
{
	static const struct cell_fault down = {
		.reason = "the interface is down",
		.advice = "switch it on: ip link set INTERFACE up",
	};
	static const struct cell_fault empty = {
		.reason = "the bridge is empty: none of its ports carries frames",
		.advice = "give it a port that is up: ip link set PORT master BRIDGE up",
	};
	static const struct cell_fault overlap = {
		.reason = "its subnet overlaps that of another cell",
		.advice = "give each cell a subnet of its own",
	};
	struct netlink_interface *cell = &e->cells[i];
	int error = netlink_get_interface(e->config.mobile_if[i], cell);
	const struct cell_fault *fault = cell_check_interface(&e->config, cell, error);

	if (fault)
		return fault;
	if (!cell->up)
		return &down;
	if (!cell_check_has_port(cell))
		return &empty;
	return overlaps_earlier_cell(e, i) ? &overlap : NULL;
}

static void check_cell(struct evaluation *e, unsigned i)
{
	const struct cell_fault *fault = find_cell_fault(e, i);
	struct netlink_interface *cell = &e->cells[i];
	const char *name = e->config.mobile_if[i];
	char addr[ADDR_STRLEN];

	if (fault) {
		evaluation_fail(e, "cell", name, fault->advice, "%s", fault->reason);
		cell->ifindex = 0;
		return;
	}
	addr_format(&cell->addr, addr);
	if (!cell->carrier)
		evaluation_warn(e, "cell", name, "up, gateway %s, but no carrier: no cable, or an "
				"access point that does not run", addr);
	else if (cell->deaf)
		evaluation_warn(e, "cell", name, "up, gateway %s" CELL_DEAF, addr);
	else
		evaluation_pass(e, "cell", name, "up, gateway %s", addr);
}

/* Skips a cell without a pool, and an interface that check_cell() has reported as no cell. */
static void check_pool(struct evaluation *e, const struct netlink_interface *cell)
{
	const char *advice = "correct addr_pool; `*' stands for the first or last of the subnet";
	char from[ADDR_STRLEN], to[ADDR_STRLEN];
	struct cell_info info;
	bool inside;

	if (!cell->ifindex)
		return;
	inside = cell_check_describe(&e->config, cell->name, cell, &info);
	if (addr_is_zero(&info.pool_first))
		return;
	addr_format(&info.pool_first, from);
	addr_format(&info.pool_last, to);
	if (inside)
		evaluation_pass(e, "pool", cell->name, "%s to %s in the subnet", from, to);
	else
		evaluation_fail(e, "pool", cell->name, advice, "%s to %s is not in the subnet",
				from, to);
}

void evaluate_cells(struct evaluation *evaluation)
{
	const struct agent_config *config = &evaluation->config;

	for (unsigned i = 0; i < config->cell_count; i++)
		check_cell(evaluation, i);
	for (unsigned i = 0; i < config->cell_count; i++)
		check_pool(evaluation, &evaluation->cells[i]);
}

/* ---- rules */

/*
 * Packets that the data path forwards itself bypass the rules of netfilter. The check passes, since
 * the rules may be meant for other hosts; but the operator may want them for stations.
 */
static void check_nat(struct evaluation *e)
{
	bool home = e->config.fastpath == AGENT_FASTPATH_HOME;
	char chain[128];

	if (!home && !e->config.route_optimisation)
		return;
	if (netfilter_find_nat(chain, sizeof(chain)) <= 0)
		return;
	if (home)
		evaluation_warn(e, "NAT", "fastpath",
				"warning: rules of %s do not see the packets of stations (fastpath "
				"home): if they are to translate these, say fastpath away", chain);
	if (e->config.route_optimisation)
		evaluation_warn(e, "NAT", "route_optimisation",
				"warning: rules of %s do not see packets between two stations once "
				"one has roamed: if they translate these, say route_optimisation "
				"off in all CNs", chain);
}

static void on_found(bool certain, const char *cell, const char *text, void *arg)
{
	const char *advice = "let netfilter accept packets between cells and backbone, and "
			     "answers: nft list ruleset shows the rules";

	if (certain)
		evaluation_fail(arg, "firewall", cell, advice, "%s", text);
	else
		evaluation_warn(arg, "firewall", cell, "%s", text);
}

static void check_forwarding(struct evaluation *e)
{
	struct forwarding_setup setup = {.config = &e->config,
					 .backbone_ifindex = e->backbone.ifindex,
					 .found = on_found, .arg = e};
	int error;

	for (unsigned i = 0; i < e->config.cell_count; i++)
		if (e->cells[i].ifindex)
			setup.cells[setup.cell_count++] = &e->cells[i];
	error = e->backbone.ifindex ? forwarding_check(&setup) : 0;
	if (error)
		evaluation_warn(e, "firewall", "rules", "they cannot be read: %s",
				strerror(-error));
	if (netfilter_has_old_table("filter"))
		evaluation_warn(e, "firewall", "iptables-legacy",
				"it has a filter table, which is not checked: "
				"iptables-legacy -S FORWARD shows its rules");
}

void evaluate_rules(struct evaluation *evaluation)
{
	check_nat(evaluation);
	check_forwarding(evaluation);
}
