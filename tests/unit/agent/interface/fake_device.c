/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of the agent in memory. See fake_device.h. */
#include "fake_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../calls.h"
#include "../fake_netlink.h"

struct fake_devices fake_devices;

void fake_devices_reset(void)
{
	memset(&fake_devices, 0, sizeof(fake_devices));
}

/* ---- the test's side */

struct fake_device *fake_device_find(const char *end)
{
	for (unsigned i = 0; i < fake_devices.count; i++) {
		struct fake_device *device = &fake_devices.list[i];
		size_t len = strlen(device->alias);

		if (len >= strlen(end) && strcmp(device->alias + len - strlen(end), end) == 0)
			return device;
	}
	return NULL;
}

static struct fake_device *find_index(unsigned ifindex)
{
	for (unsigned i = 0; i < fake_devices.count; i++)
		if (fake_devices.list[i].ifindex == ifindex)
			return &fake_devices.list[i];
	return NULL;
}

/* ---- the agent's side */

int netlink_make_device(const char *prefix, const char *alias, unsigned *ifindex)
{
	struct fake_device *device = &fake_devices.list[fake_devices.count];
	char name[32];

	calls_note("netlink_make_device %s", alias);
	if (fake_devices.make_error)
		return fake_devices.make_error;
	if (fake_devices.count++ == FAKE_DEVICES)
		abort();
	memset(device, 0, sizeof(*device));
	snprintf(device->alias, sizeof(device->alias), "%s", alias);
	*ifindex = device->ifindex = FAKE_DEVICE_FIRST + fake_devices.made;
	snprintf(name, sizeof(name), "%s%u", prefix, fake_devices.made++);
	fake_interface_add(device->ifindex, name, NULL);
	return 0;
}

int netlink_delete_device(unsigned ifindex)
{
	struct fake_device *device = find_index(ifindex);
	struct netlink_interface interface;

	calls_note("netlink_delete_device %u", ifindex);
	if (!device)
		return -ENODEV;
	if (netlink_get_interface_at(ifindex, &interface) == 0)
		fake_interface_remove(interface.name);
	*device = fake_devices.list[--fake_devices.count];
	return 0;
}

int netlink_set_mtu(unsigned ifindex, unsigned mtu)
{
	struct fake_device *device = find_index(ifindex);

	calls_note("netlink_set_mtu %u %u", ifindex, mtu);
	if (!device)
		return -ENODEV;
	if (!fake_devices.mtu_error)
		device->mtu = mtu;
	return fake_devices.mtu_error;
}

int netlink_each_alias(const char *alias,
		       void (*visit)(unsigned ifindex, const char *alias, void *arg), void *arg)
{
	const struct fake_devices all = fake_devices;

	for (unsigned i = 0; i < all.count; i++)
		if (strncmp(all.list[i].alias, alias, strlen(alias)) == 0)
			visit(all.list[i].ifindex, all.list[i].alias, arg);
	return 0;
}

int netlink_put_last_route(unsigned ifindex, const struct prefix *subnet)
{
	struct fake_device *device = find_index(ifindex);
	char addr[ADDR_STRLEN];

	calls_note("netlink_put_last_route %u %s/%u", ifindex, addr_format(&subnet->addr, addr),
		   subnet->len);
	if (!device)
		return -ENODEV;
	if (!fake_devices.route_error)
		device->route = *subnet;
	return fake_devices.route_error;
}

int netlink_delete_last_route(unsigned ifindex, const struct prefix *subnet)
{
	struct fake_device *device = find_index(ifindex);
	char addr[ADDR_STRLEN];

	calls_note("netlink_delete_last_route %u %s/%u", ifindex,
		   addr_format(&subnet->addr, addr), subnet->len);
	if (!device || !addr_equal(&device->route.addr, &subnet->addr))
		return -ESRCH;
	device->route.len = 0;
	return 0;
}

int netlink_set_address(unsigned ifindex, const struct tmip_addr *addr, uint8_t prefix_len,
			bool present)
{
	struct fake_device *device = find_index(ifindex);
	char text[ADDR_STRLEN];

	calls_note("netlink_set_address %u %s/%u %d", ifindex, addr_format(addr, text), prefix_len,
		   present);
	if (!device)
		return -ENODEV;
	if (fake_devices.address_error)
		return fake_devices.address_error;
	if (!present && !addr_equal(&device->address, addr))
		return -EADDRNOTAVAIL;
	memset(&device->address, 0, sizeof(device->address));
	device->prefix_len = 0;
	if (present) {
		device->address = *addr;
		device->prefix_len = prefix_len;
	} else {
		device->route.len = 0; /* so does the kernel, with a device's last address */
	}
	return 0;
}
