/* SPDX-License-Identifier: BSD-2-Clause */
/* The interface to the other CNs. See backbone.h. */
#include "backbone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/state.h"
#include "io/kernel/ethtool.h"
#include "io/kernel/netlink.h"
#include "io/process/log.h"

int backbone_find(struct agent *agent)
{
	const struct agent_config *config = &agent->config;
	struct netlink_interface interface;
	int error = netlink_get_interface(config->cn_if, &interface);

	if (error) {
		log_error("backbone %s: %s (directive cn_if)", config->cn_if, strerror(-error));
		return error;
	}
	agent->backbone = interface.ifindex;
	agent->backbone_mtu = interface.mtu;
	agent->backbone_headless = !interface.ethernet;
	agent->tunnel = addr_is_zero(&config->tunnel_addr) ? interface.addr : config->tunnel_addr;
	if (!addr_is_zero(&agent->tunnel))
		return 0;
	log_error("backbone %s has no IPv4 address for the ends of tunnels (directive tunnel_addr names one)", config->cn_if);
	return -EADDRNOTAVAIL;
}

/* ---- XDP */

/* Why XDP cannot be; empty: it may be tried. */
static void find_objection(const struct agent *agent, const struct netlink_interface *now, char why[DATAPATH_WHY])
{
	why[0] = '\0';
	if (agent->config.xdp == AGENT_XDP_OFF)
		snprintf(why, DATAPATH_WHY, "directive xdp");
	else if (!now->ethernet)
		snprintf(why, DATAPATH_WHY, "no Ethernet headers");
	else if (agent->config.xdp == AGENT_XDP_AUTO && now->kind[0])
		snprintf(why, DATAPATH_WHY, "no hardware (%s)", now->kind);
	/* It would take their frames for the interface's own. */
	else if (netlink_has_vlan(now->ifindex) && (now->kind[0] || ethtool_strips_tags(now->name)))
		snprintf(why, DATAPATH_WHY, "it has VLANs, and XDP does not see their tags (directive xdp)");
}

static void tell(const struct agent *agent, const char *former)
{
	const struct agent_config *config = &agent->config;
	const char *why = agent->xdp.why;

	if (agent->xdp.ifindex)
		log_info("backbone %s: native XDP", config->cn_if);
	else if (strcmp(former, why) != 0 && config->xdp == AGENT_XDP_ON)
		log_warn("backbone %s: no XDP, tc does all: %s", config->cn_if, why);
	else if (strcmp(former, why) != 0)
		log_debug("backbone %s: no XDP: %s", config->cn_if, why);
}

/* tc does all that XDP does not: where XDP cannot be, nothing is missing but speed. */
static void update_xdp(struct agent *agent, const struct netlink_interface *now)
{
	char former[DATAPATH_WHY], why[DATAPATH_WHY];
	unsigned before = agent->xdp.ifindex;

	find_objection(agent, now, why);
	if (!why[0] && before == now->ifindex)
		return;
	if (!why[0] && datapath_attach_xdp(agent->dp, now->ifindex, why) == 0)
		why[0] = '\0';
	else
		datapath_detach_xdp(agent->dp, now->ifindex);
	memcpy(former, agent->xdp.why, sizeof(former));
	memcpy(agent->xdp.why, why, sizeof(why));
	agent->xdp.ifindex = why[0] ? 0 : now->ifindex;
	tell(agent, former);
}

/* ---- both */

int backbone_attach(struct agent *agent, char why[DATAPATH_WHY])
{
	struct netlink_interface now;
	int error = datapath_attach(agent->dp, agent->backbone, DATAPATH_BACKBONE, why);

	if (!error && netlink_get_interface(agent->config.cn_if, &now) == 0)
		update_xdp(agent, &now);
	return error;
}

static void replace(struct agent *agent, const struct netlink_interface *now)
{
	char why[DATAPATH_WHY];

	log_warn("backbone %s: it is a new interface now", now->name);
	datapath_detach(agent->dp, agent->backbone);
	agent->backbone = now->ifindex;
	agent->backbone_headless = !now->ethernet;
	agent_put_config(agent);
	if (datapath_attach(agent->dp, agent->backbone, DATAPATH_BACKBONE, why) < 0)
		log_error("backbone: %s", why);
}

void backbone_update(struct agent *agent, const struct netlink_interface *now)
{
	if (agent->backbone != now->ifindex)
		replace(agent, now);
	if (agent->backbone_mtu != now->mtu) {
		agent->backbone_mtu = now->mtu;
		agent_put_config(agent);
	}
	update_xdp(agent, now);
}
