/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces that a test defines. See fake_netlink.h. */
#include "fake_netlink.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "calls.h"

#define CHANGES 32

struct fake_netlink fake_netlink;

static struct change {
	unsigned ifindex;
	char name[16];
} changes[CHANGES];
static unsigned change_count;
static int descriptor = -1;

void fake_netlink_reset(void)
{
	memset(&fake_netlink, 0, sizeof(fake_netlink));
	change_count = 0;
	descriptor = -1;
}

/* ---- the test's side */

struct fake_interface *fake_interface_add(unsigned ifindex, const char *name, const char *address)
{
	struct fake_interface *interface = &fake_netlink.list[fake_netlink.count++];
	char addr[ADDR_STRLEN];
	unsigned len;

	if (fake_netlink.count > FAKE_INTERFACES)
		abort();
	memset(interface, 0, sizeof(*interface));
	interface->is = (struct netlink_interface){
		.ifindex = ifindex, .mtu = 1500, .up = true, .ethernet = true,
		.mac = {{2, 0, 0, 0, 0, (uint8_t)ifindex}},
	};
	snprintf(interface->is.name, sizeof(interface->is.name), "%s", name);
	if (!address)
		return interface;
	if (sscanf(address, "%45[^/]/%u", addr, &len) != 2 || addr_parse(addr, &interface->is.addr))
		abort();
	interface->is.prefix_len = (uint8_t)len;
	return interface;
}

struct fake_interface *fake_interface_find(const char *name)
{
	for (unsigned i = 0; i < fake_netlink.count; i++)
		if (strcmp(fake_netlink.list[i].is.name, name) == 0)
			return &fake_netlink.list[i];
	return NULL;
}

static struct fake_interface *find_index(unsigned ifindex)
{
	for (unsigned i = 0; i < fake_netlink.count; i++)
		if (fake_netlink.list[i].is.ifindex == ifindex)
			return &fake_netlink.list[i];
	return NULL;
}

void fake_interface_remove(const char *name)
{
	struct fake_interface *interface = fake_interface_find(name);

	if (!interface)
		abort();
	*interface = fake_netlink.list[--fake_netlink.count];
}

void fake_netlink_changes(unsigned ifindex, const char *name)
{
	struct change *change = &changes[change_count++];
	uint64_t one = 1;

	if (change_count > CHANGES)
		abort();
	change->ifindex = ifindex;
	snprintf(change->name, sizeof(change->name), "%s", name);
	if (descriptor >= 0 && write(descriptor, &one, sizeof(one)) < 0)
		abort();
}

/* ---- the agent's side */

int netlink_get_interface(const char *name, struct netlink_interface *out)
{
	const struct fake_interface *interface = fake_interface_find(name);

	fake_netlink.gets++;
	memset(out, 0, sizeof(*out));
	if (fake_netlink.get_error)
		return fake_netlink.get_error;
	if (!interface)
		return -ENODEV;
	*out = interface->is;
	return 0;
}

int netlink_get_interface_at(unsigned ifindex, struct netlink_interface *out)
{
	const struct fake_interface *interface = find_index(ifindex);

	fake_netlink.gets++;
	memset(out, 0, sizeof(*out));
	if (fake_netlink.get_error)
		return fake_netlink.get_error;
	if (!interface)
		return -ENODEV;
	*out = interface->is;
	return 0;
}

bool netlink_has_address(const struct tmip_addr *addr)
{
	if (!addr_is_zero(&fake_netlink.more) && addr_equal(&fake_netlink.more, addr))
		return true;
	for (unsigned i = 0; i < fake_netlink.count; i++)
		if (addr_equal(&fake_netlink.list[i].is.addr, addr))
			return true;
	return false;
}

int netlink_set_promiscuous(unsigned ifindex, bool on)
{
	struct fake_interface *interface = find_index(ifindex);

	calls_note("netlink_set_promiscuous %u %d", ifindex, on);
	if (fake_netlink.promiscuous_error)
		return fake_netlink.promiscuous_error;
	if (!interface)
		return -ENODEV;
	interface->is.promiscuous = on;
	return 0;
}

bool netlink_has_vlan(unsigned ifindex)
{
	const struct fake_interface *interface = find_index(ifindex);

	return interface && interface->has_vlan;
}

unsigned netlink_get_master(unsigned ifindex)
{
	const struct fake_interface *interface = find_index(ifindex);

	return interface ? interface->is.port_of : 0;
}

int netlink_get_dropped(unsigned ifindex, uint64_t *dropped)
{
	const struct fake_interface *interface = find_index(ifindex);

	if (!interface)
		return -ENODEV;
	*dropped = interface->dropped;
	return 0;
}

int netlink_get_counts(unsigned ifindex, struct netlink_counts *counts)
{
	const struct fake_interface *interface = find_index(ifindex);

	memset(counts, 0, sizeof(*counts));
	if (!interface)
		return -ENODEV;
	counts->sent_dropped = counts->unsent = interface->dropped;
	return 0;
}

int netlink_get_default(unsigned *ifindex)
{
	*ifindex = 0;
	return -ENOENT;
}

int netlink_get_route_mtu(const struct netlink_interface *asked, unsigned *mtu)
{
	const struct fake_interface *interface = find_index(asked->ifindex);

	if (fake_netlink.route_error)
		return fake_netlink.route_error;
	*mtu = interface ? interface->route_mtu : 0;
	return 0;
}

int netlink_get_way(const struct tmip_addr *from, const struct tmip_addr *to,
		    struct netlink_way *out)
{
	const struct fake_way *way = NULL;

	(void)from;
	for (unsigned i = 0; i < fake_netlink.way_count && !way; i++)
		if (addr_equal(&fake_netlink.ways[i].to, to))
			way = &fake_netlink.ways[i];
	if (!way)
		return -ENETUNREACH;
	*out = way->is;
	return 0;
}

struct netlink_way *fake_way_put(const struct tmip_addr *to, unsigned mtu)
{
	for (unsigned i = 0; i < fake_netlink.way_count; i++)
		if (addr_equal(&fake_netlink.ways[i].to, to)) {
			fake_netlink.ways[i].is.mtu = mtu;
			return &fake_netlink.ways[i].is;
		}
	if (fake_netlink.way_count == FAKE_WAYS)
		abort();
	fake_netlink.ways[fake_netlink.way_count] =
		(struct fake_way){.to = *to, .is = {.ifindex = 2, .mtu = mtu}};
	return &fake_netlink.ways[fake_netlink.way_count++].is;
}

int netlink_set_route_mtu(const struct netlink_interface *asked, unsigned mtu)
{
	struct fake_interface *interface = find_index(asked->ifindex);

	calls_note("netlink_set_route_mtu %s %u", asked->name, mtu);
	if (fake_netlink.route_error)
		return fake_netlink.route_error;
	if (!interface)
		return -ENODEV;
	interface->route_mtu = mtu;
	return 0;
}

int netlink_monitor_open(void)
{
	calls_note("netlink_monitor_open");
	if (fake_netlink.monitor_error)
		return fake_netlink.monitor_error;
	descriptor = eventfd(change_count, EFD_CLOEXEC | EFD_NONBLOCK);
	return descriptor;
}

void netlink_monitor_read(int fd, void (*changed)(unsigned ifindex, const char *name, void *arg),
			  void *arg)
{
	uint64_t value;

	if (fd != descriptor || (read(fd, &value, sizeof(value)) < 0 && errno != EAGAIN))
		abort();
	for (unsigned i = 0; i < change_count; i++)
		changed(changes[i].ifindex, changes[i].name, arg);
	change_count = 0;
}

/* ---- the C library's */

char *if_indextoname(unsigned ifindex, char name[IF_NAMESIZE])
{
	const struct fake_interface *interface = find_index(ifindex);

	if (interface)
		return strcpy(name, interface->is.name);
	errno = ENXIO;
	return NULL;
}

unsigned if_nametoindex(const char *name)
{
	const struct fake_interface *interface = fake_interface_find(name);

	if (interface)
		return interface->is.ifindex;
	errno = ENODEV;
	return 0;
}
