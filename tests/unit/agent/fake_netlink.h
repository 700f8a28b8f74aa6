/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces and routes that a test defines. It takes the place of io/kernel/netlink.h and
 * netlink_route.h, and of the C library's if_indextoname() and if_nametoindex().
 */
#ifndef TMIP_TESTS_AGENT_FAKE_NETLINK_H
#define TMIP_TESTS_AGENT_FAKE_NETLINK_H

#include "io/kernel/netlink.h"
#include "io/kernel/netlink_route.h"

#define FAKE_INTERFACES 64
#define FAKE_WAYS 8

struct fake_interface {
	struct netlink_interface is;
	bool has_vlan;
	unsigned route_mtu; /* as netlink_set_route_mtu() was asked for; 0: the interface's own */
	uint64_t dropped;
};

struct fake_way {
	struct tmip_addr to;
	struct netlink_way is;
};

struct fake_netlink {
	int get_error;         /* netlink_get_interface() and ..._at() return it */
	int promiscuous_error; /* netlink_set_promiscuous() */
	int route_error;       /* netlink_set_route_mtu() */
	int monitor_error;     /* netlink_monitor_open() */
	struct tmip_addr more; /* an address of the machine besides those of the interfaces */
	unsigned gets;         /* calls of those two */
	unsigned count;
	struct fake_interface list[FAKE_INTERFACES];
	unsigned way_count;
	struct fake_way ways[FAKE_WAYS];
};

extern struct fake_netlink fake_netlink;

void fake_netlink_reset(void); /* no interfaces, no errors */
/*
 * An interface that is up, like Ethernet, with the MAC 02:00:00:00:00:IFINDEX and an MTU of 1500.
 * address: "10.1.1.1/24"; NULL: it has none. The result can be changed, until one is removed.
 */
struct fake_interface *fake_interface_add(unsigned ifindex, const char *name, const char *address);
void fake_interface_remove(const char *name);
struct fake_interface *fake_interface_find(const char *name); /* NULL: there is none */
/* The way to that address is over interface 2, and has this MTU. The result can be changed. */
struct netlink_way *fake_way_put(const struct tmip_addr *to, unsigned mtu);
/* The next netlink_monitor_read() tells of this change. */
void fake_netlink_changes(unsigned ifindex, const char *name);

#endif
