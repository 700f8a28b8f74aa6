/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own tunnels for IPv4 in IPv4, in this network namespace: those of other people,
 * since TMip needs none. evaluate_host.c lists them.
 */
#ifndef TMIP_IO_KERNEL_NETLINK_TUNNEL_H
#define TMIP_IO_KERNEL_NETLINK_TUNNEL_H

#include "core/base/addr.h"

struct netlink_tunnel {
	char name[16]; /* of the interface */
	struct tmip_addr local, remote; /* zero: any */
};

/*
 * Calls `visit` for each interface whose tunnel takes packets of protocol 4 (ipip; sit in a mode
 * that takes them, too). Returns 0 or -errno.
 */
int netlink_each_tunnel(void (*visit)(const struct netlink_tunnel *tunnel, void *arg), void *arg);

#endif
