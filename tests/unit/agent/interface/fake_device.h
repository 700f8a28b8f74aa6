/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices of the agent in memory, with their routes and addresses. It takes the place of
 * io/kernel/netlink_device.h. Each is an interface of fake_netlink.h as well, so that its ifindex
 * has a name.
 */
#ifndef TMIP_TESTS_AGENT_FAKE_DEVICE_H
#define TMIP_TESTS_AGENT_FAKE_DEVICE_H

#include "io/kernel/netlink_device.h"

#define FAKE_DEVICES 32
#define FAKE_DEVICE_FIRST 500 /* the ifindex of the first one; the others follow */

struct fake_device {
	unsigned ifindex;
	char alias[NETLINK_ALIAS];
	unsigned mtu;
	struct prefix route;      /* its last route; length 0: none */
	struct tmip_addr address; /* zero: none */
	uint8_t prefix_len;       /* of the address */
};

struct fake_devices {
	int make_error;    /* netlink_make_device() returns it */
	int mtu_error, route_error, address_error;
	unsigned count, made; /* there are, and were ever made */
	struct fake_device list[FAKE_DEVICES];
};

extern struct fake_devices fake_devices;

void fake_devices_reset(void);
/* The device whose alias ends like this; NULL: there is none. */
struct fake_device *fake_device_find(const char *end);

#endif
