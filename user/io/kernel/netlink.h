/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent asks of rtnetlink: an interface and its first IPv4 address, whether it hears all frames, the VLANs on it, the
 * MTU of a cell's connected route, and news of interfaces. Small synchronous requests. Functions return 0 or -errno.
 */
#ifndef TMIP_IO_KERNEL_NETLINK_H
#define TMIP_IO_KERNEL_NETLINK_H

#include <stdbool.h>

#include "core/base/addr.h"

struct netlink_interface {
	unsigned ifindex;
	char name[16];
	char kind[16];         /* veth, bridge, ...; empty: it has hardware */
	struct tmip_mac mac;
	unsigned mtu;
	bool up;
	bool ethernet;         /* its packets have Ethernet headers */
	bool promiscuous;      /* somebody has set that flag */
	bool deaf;             /* macvlan that gives it no frames for unknown MACs, flag or not: in any mode but passthru */
	unsigned port_of;      /* the bridge, bond, or the like that takes its frames; 0: none */
	struct tmip_addr addr; /* the first global IPv4 address; zero: none */
	uint8_t prefix_len;    /* bits */
};

int netlink_get_interface(const char *name, struct netlink_interface *out); /* -ENODEV: there is none */

/* Sets or clears the flag. What the interface hears must not end with this process, so it is no membership of a socket's. */
int netlink_set_promiscuous(unsigned ifindex, bool on);

/* Is there a VLAN interface on top of it, in this namespace? */
bool netlink_has_vlan(unsigned ifindex);

unsigned netlink_get_master(unsigned ifindex); /* of the bridge whose port it is; 0: none */

/* Frames that were to leave through this interface and found no room there. */
int netlink_get_dropped(unsigned ifindex, uint64_t *dropped);

/* The connected route of the address's subnet, as the kernel made it, gets this MTU; 0 takes it away again. */
int netlink_set_route_mtu(const struct netlink_interface *interface, unsigned mtu);

/* A socket that becomes readable when interfaces or IPv4 addresses change. The descriptor or -errno. */
int netlink_monitor_open(void);
/* Empties it. `changed` is called for each change with the interface, and its name where the news has it (else ""), and for
 * a VLAN also with the one below it; news that were lost, because there were too many, are one with ifindex 0. */
void netlink_monitor_read(int fd, void (*changed)(unsigned ifindex, const char *name, void *arg),
			  void *arg);

#endif
