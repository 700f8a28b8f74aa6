/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of the agent to rtnetlink about devices of its own: one that takes packets and sends
 * none, its addresses, and the routes that lead to it. An alias (ip link show) says whose device it
 * is. Each request blocks until the kernel's answer. Functions return 0 or -errno where no comment
 * says otherwise.
 */
#ifndef TMIP_IO_KERNEL_NETLINK_DEVICE_H
#define TMIP_IO_KERNEL_NETLINK_DEVICE_H

#include <stdbool.h>

#include "core/base/addr.h"

#define NETLINK_ALIAS 128 /* bytes of an alias, with the NUL */

/*
 * Makes a device with the first free name of `prefix` and a number, and switches it on. The kernel
 * asks for no MAC behind it, and speaks no IPv6 there. -EOPNOTSUPP: the kernel has no suitable kind
 * of device (dummy or ifb).
 */
int netlink_make_device(const char *prefix, const char *alias, unsigned *ifindex);
int netlink_delete_device(unsigned ifindex);
int netlink_set_mtu(unsigned ifindex, unsigned mtu);

/* Calls `visit` for each device whose alias begins with `alias`. */
int netlink_each_alias(const char *alias,
		       void (*visit)(unsigned ifindex, const char *alias, void *arg), void *arg);

/*
 * Sends packets for the subnet to the device, as far as no route with a better metric leads away.
 * The kernel deletes the route when the device loses its last address.
 */
int netlink_put_last_route(unsigned ifindex, const struct prefix *subnet);
int netlink_delete_last_route(unsigned ifindex, const struct prefix *subnet);

/* Gives the device an address, or takes it away. The kernel makes no route for its subnet. */
int netlink_set_address(unsigned ifindex, const struct tmip_addr *addr, uint8_t prefix_len,
			bool present);

#endif
