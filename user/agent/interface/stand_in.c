/* SPDX-License-Identifier: BSD-2-Clause */
/* The device that takes a cell's place. See stand_in.h. */
#include "stand_in.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "io/kernel/netlink_device.h"
#include "io/kernel/sysctl.h"
#include "io/process/log.h"

static void format_alias(const char *network, const char *cell, char alias[NETLINK_ALIAS])
{
	snprintf(alias, NETLINK_ALIAS, "TMip: network %s, stands in for cell %s", network, cell);
}

/* ---- the device */

struct search {
	char alias[NETLINK_ALIAS];
	unsigned ifindex;
};

static void on_found(unsigned ifindex, const char *alias, void *arg)
{
	struct search *search = arg;

	if (strcmp(alias, search->alias) == 0)
		search->ifindex = ifindex;
}

/* New devices have the defaults of the network namespace, which need not be those of a router. */
static void make_forwarding(unsigned ifindex)
{
	static const char *const settings[][2] = {{"forwarding", "1"}, {"send_redirects", "0"}};
	char name[IF_NAMESIZE], path[80];

	if (!if_indextoname(ifindex, name))
		return;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(path, sizeof(path), "net/ipv4/conf/%s/%s", name, settings[i][0]);
		sysctl_write(path, settings[i][1]);
	}
}

int stand_in_open(struct stand_in *stand_in, const char *network, const char *cell,
		  char why[STAND_IN_WHY])
{
	struct search search = {.ifindex = 0};
	int error = 0;

	memset(stand_in, 0, sizeof(*stand_in));
	format_alias(network, cell, search.alias);
	netlink_each_alias(search.alias, on_found, &search);
	stand_in->former = search.ifindex;
	if (!search.ifindex)
		error = netlink_make_device(STAND_IN_NAME, search.alias, &search.ifindex);
	if (error) {
		snprintf(why, STAND_IN_WHY, "cell %s: no device can stand in for it (%s)", cell,
			 error == -EOPNOTSUPP ? "the kernel has neither dummy nor ifb" :
						strerror(-error));
		return error;
	}
	make_forwarding(search.ifindex);
	stand_in->ifindex = search.ifindex;
	return 0;
}

void stand_in_close(struct stand_in *stand_in)
{
	if (stand_in->ifindex)
		netlink_delete_device(stand_in->ifindex);
	memset(stand_in, 0, sizeof(*stand_in));
}

#define REMAINS_TRIES 8

/* To be deleted after the dump: a device that goes meanwhile spoils it. */
struct remains {
	unsigned ifindex[CN_CELLS_MAX * 2];
	unsigned count;
};

static void on_remains(unsigned ifindex, const char *alias, void *arg)
{
	struct remains *remains = arg;

	(void)alias;
	if (remains->count < sizeof(remains->ifindex) / sizeof(remains->ifindex[0]))
		remains->ifindex[remains->count++] = ifindex;
}

void stand_in_close_all(const char *network)
{
	char alias[NETLINK_ALIAS];
	int error = -EINTR;

	format_alias(network, "", alias);
	/* The kernel breaks off a dump while other devices come and go. */
	for (int i = 0; error == -EINTR && i < REMAINS_TRIES; i++) {
		struct remains remains = {.count = 0};

		error = netlink_each_alias(alias, on_remains, &remains);
		for (unsigned k = 0; k < remains.count; k++)
			netlink_delete_device(remains.ifindex[k]);
	}
}

/* ---- its route and address */

static void complain(const char *what, int error)
{
	if (error)
		log_warn("the %s of a stand-in cannot be set: %s", what, strerror(-error));
}

void stand_in_set(struct stand_in *stand_in, const struct prefix *subnet, unsigned mtu)
{
	unsigned ifindex = stand_in->ifindex;

	if (!ifindex)
		return;
	if (stand_in->mtu != mtu)
		complain("MTU", netlink_set_mtu(ifindex, mtu));
	stand_in->mtu = mtu;
	if (prefix_equal(&stand_in->subnet, subnet))
		return;
	if (stand_in->subnet.len)
		netlink_delete_last_route(ifindex, &stand_in->subnet);
	complain("route", netlink_put_last_route(ifindex, subnet));
	stand_in->subnet = *subnet;
}

/* With a device's last address, the kernel deletes its routes as well. */
static void take_back(struct stand_in *stand_in, const struct tmip_addr *addr, uint8_t len)
{
	netlink_set_address(stand_in->ifindex, addr, len, false);
	if (stand_in->subnet.len)
		complain("route", netlink_put_last_route(stand_in->ifindex, &stand_in->subnet));
}

void stand_in_lend(struct stand_in *stand_in, const struct cell_info *cell, bool lent)
{
	if (!stand_in->ifindex || (lent && addr_equal(&stand_in->gateway, &cell->gateway) &&
				   stand_in->gateway_len == cell->subnet.len))
		return;
	if (!addr_is_zero(&stand_in->gateway))
		take_back(stand_in, &stand_in->gateway, stand_in->gateway_len);
	else if (stand_in->former && !lent)
		take_back(stand_in, &cell->gateway, cell->subnet.len);
	stand_in->former = false;
	memset(&stand_in->gateway, 0, sizeof(stand_in->gateway));
	if (!lent)
		return;
	complain("address", netlink_set_address(stand_in->ifindex, &cell->gateway,
						cell->subnet.len, true));
	stand_in->gateway = cell->gateway;
	stand_in->gateway_len = cell->subnet.len;
}
