/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of the agent to rtnetlink about routes: the way to another CN, the default route, and
 * the MTU of a cell's connected route. Each request blocks until the kernel's answer. Functions
 * return 0 or -errno.
 */
#ifndef TMIP_IO_KERNEL_NETLINK_ROUTE_H
#define TMIP_IO_KERNEL_NETLINK_ROUTE_H

#include "core/base/addr.h"

struct netlink_interface;

/* Where the kernel sends packets for an address. */
struct netlink_way {
	unsigned ifindex;
	struct tmip_addr gateway; /* zero: none */
	unsigned mtu;             /* bytes: of the route, or else of the interface */
};

int netlink_get_way(const struct tmip_addr *from, const struct tmip_addr *to,
		    struct netlink_way *out);

/* The interface of the default route of the main table. -ENOENT: there is none. */
int netlink_get_default(unsigned *ifindex);

/*
 * The MTU, in bytes, of the connected route that the kernel made for the interface's address; 0:
 * that of the interface. Setting it leaves the route's other metrics as they are, and makes no
 * route where there is none.
 */
int netlink_get_route_mtu(const struct netlink_interface *interface, unsigned *mtu);
int netlink_set_route_mtu(const struct netlink_interface *interface, unsigned mtu);

#endif
