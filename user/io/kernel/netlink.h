/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of the agent to rtnetlink: an interface and its first IPv4 address, whether it hears all
 * frames, the VLANs on it, the MAC of a neighbour, and news of interfaces; for routes see
 * netlink_route.h. Each request blocks until the kernel's answer. Functions return 0 or -errno
 * where no comment says otherwise.
 */
#ifndef TMIP_IO_KERNEL_NETLINK_H
#define TMIP_IO_KERNEL_NETLINK_H

#include <stdbool.h>

#include "core/base/addr.h"

struct netlink_interface {
	unsigned ifindex;
	char name[16];
	char kind[16];         /* "veth", "bridge", ...; empty: it has hardware */
	struct tmip_mac mac;
	unsigned mtu;          /* bytes */
	bool up;               /* administratively: IFF_UP */
	bool carrier;          /* and it can carry frames now: IFF_LOWER_UP, a bridge by a port */
	bool ethernet;         /* its packets have Ethernet headers */
	bool promiscuous;      /* IFF_PROMISC is set */
	/*
	 * A macvlan in any mode except passthru: it gets no frames for unknown MACs, not even with
	 * IFF_PROMISC.
	 */
	bool deaf;
	unsigned port_of;      /* ifindex of the bridge or bond that takes its frames; 0: none */
	struct tmip_addr addr; /* the first global IPv4 address; zero: none */
	uint8_t prefix_len;    /* of addr, in bits */
};

/* -ENODEV: there is no such interface. */
int netlink_get_interface(const char *name, struct netlink_interface *out);
int netlink_get_interface_at(unsigned ifindex, struct netlink_interface *out);

/* Is this an IPv4 address of this machine? True if that is unknown. */
bool netlink_has_address(const struct tmip_addr *addr);

/*
 * Sets or clears IFF_PROMISC. It must outlive this process, so it is not the membership of a packet
 * socket.
 */
int netlink_set_promiscuous(unsigned ifindex, bool on);

/*
 * Returns whether a VLAN interface lies on this one, in this network namespace. True if that is
 * unknown: the agent then rather goes without XDP.
 */
bool netlink_has_vlan(unsigned ifindex);

/* Has an interface in this network namespace the MAC? */
bool netlink_has_mac(const struct tmip_mac *mac);

/* Returns the ifindex of the bridge whose port the interface is; 0: none. */
unsigned netlink_get_master(unsigned ifindex);

/* Frames since the interface was made. */
struct netlink_counts {
	uint64_t sent, received;
	uint64_t sent_dropped, received_dropped; /* by the device or its queue, errors included */
	uint64_t unsent;                         /* of sent_dropped: without an error */
};

int netlink_get_counts(unsigned ifindex, struct netlink_counts *counts);
/* Sets *dropped to the number of leaving frames that the interface has dropped. */
int netlink_get_dropped(unsigned ifindex, uint64_t *dropped);

/*
 * Gives the kernel's neighbour entry of the address another MAC, which the kernel verifies when it
 * uses the entry next. -ENOENT: there is no entry.
 */
int netlink_put_neighbour(unsigned ifindex, const struct tmip_addr *addr,
			  const struct tmip_mac *mac);

/*
 * Opens a socket that becomes readable when an interface or an IPv4 address changes. Returns the
 * descriptor or -errno.
 */
int netlink_monitor_open(void);
/*
 * Reads all changes. Calls `changed` for each one with the interface and its name, or "" if the
 * news has no name; for a VLAN also with the interface below it, for a port with its bridge; and
 * with ifindex 0 if the kernel dropped news.
 */
void netlink_monitor_read(int fd, void (*changed)(unsigned ifindex, const char *name, void *arg),
			  void *arg);

#endif
