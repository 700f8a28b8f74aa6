/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netfilter between the cells and the way out: the default route's interface, which need not be the
 * backbone. See forwarding.h. The packets of stations at home pass it both ways, unless `fastpath
 * home` says otherwise. What comes out of a tunnel enters by the cell, or by its stand-in while the
 * cell cannot be used.
 */
#include "forwarding.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "io/kernel/netfilter.h"
#include "io/kernel/netlink_route.h"
#include "stand_in.h"

struct way {
	const struct forwarding_setup *setup;
	struct firewall *firewall;
	const struct netlink_interface *cell;
	char out[IF_NAMESIZE];
	unsigned out_ifindex;
	bool bypassed; /* most packets do not pass netfilter, or not this way */
};

static void report(const struct way *way, bool certain, const char *text)
{
	way->setup->found(certain && !way->bypassed, way->cell->name, text, way->setup->arg);
}

/* A firewall need not let in more than answers. */
static void check_answers(const struct way *way, const struct firewall_packet *out)
{
	const struct firewall_packet back = {
		.in = out->out, .out = out->in, .in_ifindex = out->out_ifindex,
		.out_ifindex = out->in_ifindex, .destination = out->source,
		.state = FIREWALL_ESTABLISHED,
	};
	char where[FIREWALL_WHERE], text[FORWARDING_WHY];

	if (firewall_ask(way->firewall, &back, where) != FIREWALL_DROPS)
		return;
	snprintf(text, sizeof(text), "packets from %s to %s are dropped, answers as well: by %s",
		 back.in, back.out, where);
	report(way, true, text);
}

static void check_stand_in(const struct way *way, struct firewall_packet packet)
{
	char where[FIREWALL_WHERE], text[FORWARDING_WHY];

	packet.in = STAND_IN_NAME "0";
	packet.in_ifindex = 0;
	if (firewall_ask(way->firewall, &packet, where) == FIREWALL_PASSES)
		return;
	snprintf(text, sizeof(text), "packets of its stations elsewhere come from " STAND_IN_NAME
		 "0 or the like while it is down, and are dropped then: by %s", where);
	report(way, false, text);
}

static void check_cell(const struct way *way)
{
	const struct netlink_interface *cell = way->cell;
	const struct firewall_packet packet = {
		.in = cell->name, .in_ifindex = cell->ifindex,
		.out = way->out, .out_ifindex = way->out_ifindex,
		.source = {cell->addr, cell->prefix_len}, .state = FIREWALL_NEW,
	};
	char where[FIREWALL_WHERE], text[FORWARDING_WHY];
	enum firewall_answer answer = firewall_ask(way->firewall, &packet, where);

	if (answer == FIREWALL_PASSES)
		check_stand_in(way, packet);
	if (answer != FIREWALL_PASSES) {
		snprintf(text, sizeof(text), "packets from %s to %s are dropped%s: by %s",
			 packet.in, packet.out,
			 answer == FIREWALL_DROPS ? "" : " unless a rule with conditions accepts "
							 "them", where);
		report(way, answer == FIREWALL_DROPS, text);
	}
	check_answers(way, &packet);
}

static void check_way(struct way *way, unsigned out_ifindex)
{
	way->out_ifindex = out_ifindex;
	if (!if_indextoname(out_ifindex, way->out))
		return; /* gone by now */
	for (unsigned i = 0; i < way->setup->cell_count; i++) {
		way->cell = way->setup->cells[i];
		if (way->cell->ifindex != out_ifindex)
			check_cell(way);
	}
}

int forwarding_check(const struct forwarding_setup *setup)
{
	struct way way = {.setup = setup, .firewall = firewall_create(),
			  .bypassed = setup->config->fastpath == AGENT_FASTPATH_HOME};
	int error = way.firewall ? netfilter_read_forward(way.firewall) : -ENOMEM;
	unsigned uplink = setup->backbone_ifindex;

	if (!error)
		netlink_get_default(&uplink);
	if (!error)
		check_way(&way, uplink ? uplink : setup->backbone_ifindex);
	way.bypassed = true; /* there may be nobody on the backbone but CNs */
	if (!error && uplink && uplink != setup->backbone_ifindex)
		check_way(&way, setup->backbone_ifindex);
	firewall_destroy(way.firewall);
	return error;
}
