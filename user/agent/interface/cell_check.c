/* SPDX-License-Identifier: BSD-2-Clause */
/* From an interface to a cell. See cell_check.h. */
#include "cell_check.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* A bridge or bond takes the frames of its port before addresses and routes of the port count. */
static const struct cell_fault *port_fault(unsigned master)
{
	static char reason[96];
	static const struct cell_fault port = {
		.reason = reason,
		.advice = "name that instead; the gateway's address belongs there, too",
	};
	char name[IF_NAMESIZE] = "?";

	if_indextoname(master, name);
	snprintf(reason, sizeof(reason), "it is a port of %s, which would be the cell: attach %s",
		 name, name);
	return &port;
}

static const struct cell_fault *missing_fault(int error)
{
	static struct cell_fault missing;

	missing.reason = error == -ENODEV ? "there is no such interface" : strerror(-error);
	missing.advice = "name an interface that exists: mobile_if";
	missing.passes = true;
	return &missing;
}

const struct cell_fault *cell_check_interface(const struct agent_config *config,
					      const struct netlink_interface *interface, int error)
{
	static const struct cell_fault backbone = {
		.reason = "it is the backbone (directive cn_if)",
		.advice = "name another interface: mobile_if",
	};
	static const struct cell_fault headless = {
		.reason = "it is not like Ethernet",
		.advice = "use Ethernet, Wi-Fi, a bridge or veth",
	};
	static const struct cell_fault no_mac = {
		.reason = "it is not like Ethernet: it has no MAC of its own",
		.advice = "use Ethernet, Wi-Fi, a bridge or veth",
	};
	/* It gets packets for its own addresses only, and stations send to all the world. */
	static const struct cell_fault shared_mac = {
		.reason = "it has no MAC of its own: an ipvlan has that of the interface below it",
		.advice = "use that interface, or a macvlan in mode passthru",
	};
	static const struct cell_fault no_addr = {
		.reason = "it has no IPv4 address, which would be the stations' gateway",
		.advice = "give it the gateway's address: "
			  "ip address add ADDRESS/LENGTH dev INTERFACE",
		.passes = true,
	};
	static const struct cell_fault narrow = {
		.reason = "its subnet has no room for stations",
		.advice = "use a prefix length of 30 or less",
	};

	if (error)
		return missing_fault(error);
	if (strcmp(interface->name, config->cn_if) == 0)
		return &backbone;
	if (!interface->ethernet)
		return &headless;
	if (mac_is_zero(&interface->mac) && !cell_check_is_empty(interface))
		return &no_mac;
	if (strcmp(interface->kind, "ipvlan") == 0)
		return &shared_mac;
	if (interface->port_of)
		return port_fault(interface->port_of);
	if (addr_is_zero(&interface->addr))
		return &no_addr;
	return interface->prefix_len > 30 ? &narrow : NULL;
}

static const struct config_pool *find_pool(const struct agent_config *config, const char *name)
{
	for (unsigned i = 0; i < config->pool_count; i++)
		if (strcmp(config->pools[i].interface, name) == 0)
			return &config->pools[i];
	return NULL;
}

/* The bounds of the configuration; where it has `*`, the first or last address of hosts. */
static void set_pool(struct cell_info *info, const struct config_pool *pool)
{
	uint32_t network = addr_to_ipv4(&info->subnet.addr);
	uint32_t broadcast = network | ~prefix_mask(info->subnet.len);

	info->pool_first = pool->first;
	info->pool_last = pool->last;
	if (addr_is_zero(&pool->first))
		info->pool_first = addr_from_ipv4(network + 1);
	if (addr_is_zero(&pool->last))
		info->pool_last = addr_from_ipv4(broadcast - 1);
}

bool cell_check_has_port(const struct netlink_interface *interface)
{
	return interface->carrier || strcmp(interface->kind, "bridge") != 0;
}

bool cell_check_is_empty(const struct netlink_interface *interface)
{
	return mac_is_zero(&interface->mac) && strcmp(interface->kind, "bridge") == 0;
}

bool cell_check_describe(const struct agent_config *config, const char *name,
			 const struct netlink_interface *interface, struct cell_info *info)
{
	const struct config_pool *pool = find_pool(config, name);
	uint32_t network = addr_to_ipv4(&interface->addr) & prefix_mask(interface->prefix_len);

	memset(info, 0, sizeof(*info));
	info->subnet = (struct prefix){addr_from_ipv4(network), interface->prefix_len};
	info->gateway = interface->addr;
	info->dns_count = (uint8_t)config->dns_count;
	memcpy(info->dns, config->dns, sizeof(info->dns));
	if (!pool)
		return true;
	set_pool(info, pool);
	return prefix_contains(&info->subnet, &info->pool_first) &&
	       prefix_contains(&info->subnet, &info->pool_last) &&
	       addr_compare(&info->pool_first, &info->pool_last) <= 0;
}
