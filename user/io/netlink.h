/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent asks of the kernel's routing: interfaces, the connected route of a cell, neighbours, the MTU on the
 * way to an address, and news of links and addresses. Requests are synchronous and short. 0 or -errno.
 */
#ifndef TMIP_IO_NETLINK_H
#define TMIP_IO_NETLINK_H

#include <event2/event.h>
#include <net/if.h>

#include "core/addr.h"

struct netlink_interface {
	unsigned ifindex;
	char name[IF_NAMESIZE];
	unsigned type;           /* ARPHRD_ETHER ... */
	struct tmip_mac mac;     /* zero: not an Ethernet-like interface */
	unsigned mtu;
	bool up;                 /* administratively */
	bool running;            /* carrier */
	struct tmip_addr addr;   /* its first global IPv4 address; zero: it has none */
	uint8_t prefix_len;
};

int netlink_get_interface(const char *name, struct netlink_interface *out); /* -ENODEV: no such interface */
int netlink_get_interface_by_index(unsigned ifindex, struct netlink_interface *out);

/* The route that the kernel made for the subnet of an interface (scope link, preferred source `source`): gives it this
 * MTU. 0: takes the MTU away again. Restores the route if it is missing. */
int netlink_set_connected_mtu(unsigned ifindex, const struct prefix *subnet, const struct tmip_addr *source, unsigned mtu);
int netlink_delete_neighbour(unsigned ifindex, const struct tmip_addr *addr); /* 0 also if there was none */
/* MTU of the route that packets to `to` take now, and its interface (may be NULL). -ENETUNREACH: no route. */
int netlink_route_mtu(const struct tmip_addr *to, unsigned *mtu, unsigned *ifindex);

enum netlink_change {
	NETLINK_LINK = 1,  /* an interface came, went up or down, changed MAC or MTU */
	NETLINK_GONE,      /* an interface was removed */
	NETLINK_ADDRESS,   /* an IPv4 address came or went */
	NETLINK_LOST,      /* news were lost: look at everything again; ifindex 0 */
};

struct netlink_monitor;
typedef void netlink_changed(enum netlink_change what, unsigned ifindex, const char *name, void *arg);

int netlink_monitor_open(struct netlink_monitor **out, struct event_base *base, netlink_changed *changed, void *arg);
void netlink_monitor_close(struct netlink_monitor *monitor); /* NULL is allowed */

#endif
