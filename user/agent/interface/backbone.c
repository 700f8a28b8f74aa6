/* SPDX-License-Identifier: BSD-2-Clause */
/* The interface to the other CNs. See backbone.h. */
#include "backbone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/config/agent_config.h"
#include "io/kernel/ethtool.h"
#include "io/kernel/netlink.h"
#include "io/process/log.h"

int backbone_find(struct backbone *backbone, const struct agent_config *config)
{
	struct netlink_interface interface;
	int error = netlink_get_interface(config->cn_if, &interface);

	if (error) {
		log_error("backbone %s: %s (directive cn_if)", config->cn_if, strerror(-error));
		return error;
	}
	backbone->config = config;
	backbone->ifindex = interface.ifindex;
	backbone->mtu = interface.mtu;
	backbone->headless = !interface.ethernet;
	backbone->tunnel = config->tunnel_addr;
	if (addr_is_zero(&backbone->tunnel))
		backbone->tunnel = interface.addr;
	if (!addr_is_zero(&backbone->tunnel))
		return 0;
	log_error("backbone %s has no IPv4 address for the ends of tunnels "
		  "(directive tunnel_addr names one)", config->cn_if);
	return -EADDRNOTAVAIL;
}

/* ---- XDP */

/* Why XDP cannot be used; empty: it may be tried. */
static void find_objection(const struct backbone *backbone, const struct netlink_interface *now,
			   char why[DATAPATH_WHY])
{
	why[0] = '\0';
	if (backbone->config->xdp == AGENT_XDP_OFF)
		snprintf(why, DATAPATH_WHY, "directive xdp");
	else if (!now->ethernet)
		snprintf(why, DATAPATH_WHY, "no Ethernet headers");
	else if (backbone->config->xdp == AGENT_XDP_AUTO && now->kind[0])
		snprintf(why, DATAPATH_WHY, "no hardware (%s)", now->kind);
	/* XDP would take the frames of a VLAN for the interface's own. */
	else if (netlink_has_vlan(now->ifindex) && (now->kind[0] || ethtool_strips_tags(now->name)))
		snprintf(why, DATAPATH_WHY,
			 "it has VLANs, and XDP does not see their tags (directive xdp)");
}

static void log_xdp(const struct backbone *backbone, const char *former)
{
	const struct agent_config *config = backbone->config;
	const char *why = backbone->xdp_why;

	if (backbone->xdp)
		log_info("backbone %s: native XDP", config->cn_if);
	else if (strcmp(former, why) != 0 && config->xdp == AGENT_XDP_ON)
		log_warn("backbone %s: no XDP, tc does all: %s", config->cn_if, why);
	else if (strcmp(former, why) != 0)
		log_debug("backbone %s: no XDP: %s", config->cn_if, why);
}

/* Without XDP nothing is missing but speed: tc does all that XDP does. */
static void update_xdp(struct backbone *backbone, const struct netlink_interface *now)
{
	char former[DATAPATH_WHY], why[DATAPATH_WHY];

	find_objection(backbone, now, why);
	if (!why[0] && backbone->xdp == now->ifindex)
		return;
	if (!why[0] && datapath_attach_xdp(backbone->dp, now->ifindex, why) == 0)
		why[0] = '\0';
	else
		datapath_detach_xdp(backbone->dp, now->ifindex);
	memcpy(former, backbone->xdp_why, sizeof(former));
	memcpy(backbone->xdp_why, why, sizeof(why));
	backbone->xdp = why[0] ? 0 : now->ifindex;
	log_xdp(backbone, former);
}

/* ---- both programs */

int backbone_attach(struct backbone *backbone, struct datapath *dp,
		    const struct backbone_calls *calls, char why[DATAPATH_WHY])
{
	struct netlink_interface now;
	int error;

	backbone->dp = dp;
	backbone->calls = *calls;
	error = datapath_attach(dp, backbone->ifindex, DATAPATH_BACKBONE, why);
	if (!error && netlink_get_interface(backbone->config->cn_if, &now) == 0)
		update_xdp(backbone, &now);
	return error;
}

static void replace(struct backbone *backbone, const struct netlink_interface *now)
{
	char why[DATAPATH_WHY];

	log_warn("backbone %s: it is a new interface now", now->name);
	datapath_detach(backbone->dp, backbone->ifindex);
	backbone->ifindex = now->ifindex;
	backbone->headless = !now->ethernet;
	backbone->calls.changed(backbone->calls.arg);
	if (datapath_attach(backbone->dp, backbone->ifindex, DATAPATH_BACKBONE, why) < 0)
		log_error("backbone: %s", why);
}

/* ---- the address */

/*
 * Where tunnels have to end; zero: this machine has no such address. An address that goes on being
 * there stays in use, whichever is the first one of the interface.
 */
static struct tmip_addr find_tunnel(const struct backbone *backbone,
				    const struct netlink_interface *now)
{
	if (netlink_has_address(&backbone->tunnel))
		return backbone->tunnel;
	return addr_is_zero(&backbone->config->tunnel_addr) ? now->addr : (struct tmip_addr){0};
}

/* One line when the fault begins, or is another one, and one when it is over. */
static void set_fault(struct backbone *backbone, const char *fault)
{
	const char *name = backbone->config->cn_if;

	if (strcmp(backbone->fault, fault) == 0)
		return;
	if (*fault)
		log_error("backbone %s: %s", name, fault);
	else
		log_info("backbone %s: it is in order again", name);
	snprintf(backbone->fault, sizeof(backbone->fault), "%s", fault);
}

static void find_fault(const struct backbone *backbone, const struct netlink_interface *now,
		       const struct tmip_addr *tunnel, char fault[BACKBONE_FAULT])
{
	bool fixed = !addr_is_zero(&backbone->config->tunnel_addr);
	char addr[ADDR_STRLEN];

	addr_format(&backbone->tunnel, addr);
	fault[0] = '\0';
	if (!now->up)
		snprintf(fault, BACKBONE_FAULT, "it is down");
	else if (addr_is_zero(tunnel) && fixed)
		snprintf(fault, BACKBONE_FAULT, "tunnel_addr %s is no address of this machine now",
			 addr);
	else if (addr_is_zero(tunnel))
		snprintf(fault, BACKBONE_FAULT, "it has no IPv4 address now; tunnels ended at %s",
			 addr);
}

static void update_address(struct backbone *backbone, const struct netlink_interface *now)
{
	struct tmip_addr tunnel = find_tunnel(backbone, now);
	char from[ADDR_STRLEN], to[ADDR_STRLEN], fault[BACKBONE_FAULT];

	find_fault(backbone, now, &tunnel, fault);
	set_fault(backbone, fault);
	if (addr_is_zero(&tunnel) || addr_equal(&tunnel, &backbone->tunnel))
		return;
	log_warn("backbone %s: tunnels end at %s from now on, and no longer at %s",
		 backbone->config->cn_if, addr_format(&tunnel, to),
		 addr_format(&backbone->tunnel, from));
	backbone->tunnel = tunnel;
	backbone->calls.moved(backbone->calls.arg);
}

void backbone_gone(struct backbone *backbone)
{
	set_fault(backbone, "there is no such interface now");
}

/* ---- all of it */

void backbone_update(struct backbone *backbone, const struct netlink_interface *now)
{
	if (backbone->ifindex != now->ifindex)
		replace(backbone, now);
	if (backbone->mtu != now->mtu) {
		backbone->mtu = now->mtu;
		backbone->calls.changed(backbone->calls.arg);
	}
	update_address(backbone, now);
	update_xdp(backbone, now);
}
