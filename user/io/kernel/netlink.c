/* SPDX-License-Identifier: BSD-2-Clause */
/* rtnetlink through libmnl. See netlink.h. */
#include "netlink.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "netlink_talk.h"

static int talk(struct nlmsghdr *request, mnl_cb_t callback, void *arg)
{
	return netlink_talk(NETLINK_ROUTE, request, callback, arg);
}

/*
 * Reads the kind of the interface, and of its master if it is a port. The names are those of the
 * kernel's rtnl_link_ops. A VRF is a master, too, but it does not take the interface's frames.
 */
static void read_kind(const struct nlattr *linkinfo, struct netlink_interface *out)
{
	const struct nlattr *attr, *data;
	const char *kind = "", *master_kind = "";
	uint32_t mode;

	mnl_attr_for_each_nested(attr, linkinfo) {
		if (netlink_read_text(attr, IFLA_INFO_KIND, &kind))
			out->deaf = strcmp(kind, "macvlan") == 0;
		else if (netlink_read_text(attr, IFLA_INFO_SLAVE_KIND, &master_kind) &&
			 strcmp(master_kind, "vrf") == 0)
			out->port_of = 0;
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA && strcmp(kind, "macvlan") == 0)
			mnl_attr_for_each_nested(data, attr)
				if (netlink_read_u32(data, IFLA_MACVLAN_MODE, &mode))
					out->deaf = mode != MACVLAN_MODE_PASSTHRU;
	}
	snprintf(out->kind, sizeof(out->kind), "%s", kind);
}

/* Returns "vlan", "veth" and the like, in the message; "" if the interface has no kind. */
static const char *kind_of(const struct nlattr *linkinfo)
{
	const struct nlattr *attr;
	const char *kind = "";

	mnl_attr_for_each_nested(attr, linkinfo)
		if (netlink_read_text(attr, IFLA_INFO_KIND, &kind))
			return kind;
	return kind;
}

static int on_link(const struct nlmsghdr *header, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	struct netlink_interface *out = arg;
	const struct nlattr *attr, *linkinfo = NULL;
	const char *name = "";

	out->ifindex = (unsigned)info->ifi_index;
	out->up = info->ifi_flags & IFF_UP;
	out->carrier = out->up && info->ifi_flags & IFF_LOWER_UP;
	out->promiscuous = info->ifi_flags & IFF_PROMISC;
	out->ethernet = info->ifi_type == ARPHRD_ETHER || info->ifi_type == ARPHRD_LOOPBACK;
	mnl_attr_for_each(attr, header, sizeof(*info)) {
		netlink_read_bytes(attr, IFLA_ADDRESS, &out->mac, sizeof(out->mac));
		netlink_read_u32(attr, IFLA_MTU, &out->mtu);
		netlink_read_u32(attr, IFLA_MASTER, &out->port_of);
		netlink_read_text(attr, IFLA_IFNAME, &name);
		if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			linkinfo = attr;
	}
	snprintf(out->name, sizeof(out->name), "%s", name);
	if (linkinfo)
		read_kind(linkinfo, out);
	return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *header, void *arg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(header);
	struct netlink_interface *out = arg;
	const struct nlattr *attr;
	uint32_t local; /* network byte order */

	if (info->ifa_index != out->ifindex || info->ifa_family != AF_INET ||
	    info->ifa_scope != RT_SCOPE_UNIVERSE || !addr_is_zero(&out->addr) ||
	    info->ifa_flags & IFA_F_SECONDARY)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, header, sizeof(*info))
		if (netlink_read_u32(attr, IFA_LOCAL, &local)) {
			out->addr = addr_from_ipv4(ntohl(local));
			out->prefix_len = info->ifa_prefixlen;
		}
	return MNL_CB_OK;
}

static int on_master(const struct nlmsghdr *header, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct ifinfomsg))
		netlink_read_u32(attr, IFLA_MASTER, arg);
	return MNL_CB_OK;
}

unsigned netlink_get_master(unsigned ifindex)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, 0);
	struct ifinfomsg *which = mnl_nlmsg_put_extra_header(request, sizeof(*which));
	unsigned master = 0;

	which->ifi_index = (int)ifindex;
	return talk(request, on_master, &master) == 0 ? master : 0;
}

static int on_port(const struct nlmsghdr *header, void *arg)
{
	unsigned *wanted = arg, master = 0;

	on_master(header, &master);
	if (master != *wanted)
		return MNL_CB_OK;
	*wanted = 0; /* found */
	return MNL_CB_STOP;
}

/* A new bridge says that it has a carrier, even without ports. */
static bool has_port(unsigned bridge)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, NLM_F_DUMP);
	unsigned wanted = bridge;

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(request, IFLA_MASTER, bridge);
	return talk(request, on_port, &wanted) < 0 || !wanted;
}

/* The request asks for the link. */
static int get_interface(struct nlmsghdr *request, struct netlink_interface *out)
{
	struct ifaddrmsg *filter;
	char buffer[NETLINK_BUFFER];
	int error;

	memset(out, 0, sizeof(*out));
	error = talk(request, on_link, out);
	if (error)
		return error;
	if (out->carrier && strcmp(out->kind, "bridge") == 0)
		out->carrier = has_port(out->ifindex);
	request = netlink_request(buffer, RTM_GETADDR, NLM_F_DUMP);
	filter = mnl_nlmsg_put_extra_header(request, sizeof(*filter));
	filter->ifa_family = AF_INET;
	return talk(request, on_address, out);
}

int netlink_get_interface(const char *name, struct netlink_interface *out)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, 0);

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	return get_interface(request, out);
}

int netlink_get_interface_at(unsigned ifindex, struct netlink_interface *out)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = (int)ifindex;
	return get_interface(request, out);
}

struct address_search {
	struct tmip_addr addr;
	bool found;
};

static int on_any_address(const struct nlmsghdr *header, void *arg)
{
	struct address_search *search = arg;
	struct tmip_addr addr;
	const struct nlattr *attr;
	uint32_t local; /* network byte order */

	mnl_attr_for_each(attr, header, sizeof(struct ifaddrmsg))
		if (netlink_read_u32(attr, IFA_LOCAL, &local)) {
			addr = addr_from_ipv4(ntohl(local));
			search->found |= addr_equal(&addr, &search->addr);
		}
	return MNL_CB_OK;
}

bool netlink_has_address(const struct tmip_addr *addr)
{
	struct address_search search = {.addr = *addr};
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *filter = mnl_nlmsg_put_extra_header(request, sizeof(*filter));

	filter->ifa_family = AF_INET;
	return talk(request, on_any_address, &search) < 0 || search.found;
}

static int on_statistics(const struct nlmsghdr *header, void *arg)
{
	struct netlink_counts *counts = arg;
	struct rtnl_link_stats64 all;
	const struct nlattr *attr;
	size_t len;

	mnl_attr_for_each(attr, header, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) != IFLA_STATS64)
			continue;
		len = mnl_attr_get_payload_len(attr);
		memset(&all, 0, sizeof(all)); /* an older kernel sends fewer counters */
		memcpy(&all, mnl_attr_get_payload(attr), len < sizeof(all) ? len : sizeof(all));
		*counts = (struct netlink_counts){
			.sent = all.tx_packets, .received = all.rx_packets,
			.sent_dropped = all.tx_dropped + all.tx_errors,
			.received_dropped = all.rx_dropped + all.rx_errors + all.rx_missed_errors,
			.unsent = all.tx_dropped,
		};
	}
	return MNL_CB_OK;
}

int netlink_get_counts(unsigned ifindex, struct netlink_counts *counts)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	memset(counts, 0, sizeof(*counts));
	link->ifi_index = (int)ifindex;
	return talk(request, on_statistics, counts);
}

int netlink_get_dropped(unsigned ifindex, uint64_t *dropped)
{
	struct netlink_counts counts;
	int error = netlink_get_counts(ifindex, &counts);

	*dropped = counts.unsent;
	return error;
}

int netlink_set_promiscuous(unsigned ifindex, bool on)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));

	info->ifi_index = (int)ifindex;
	info->ifi_flags = on ? IFF_PROMISC : 0;
	info->ifi_change = IFF_PROMISC;
	return talk(request, NULL, NULL);
}

struct vlan_search {
	unsigned below;
	bool found;
};

static int on_any_link(const struct nlmsghdr *header, void *arg)
{
	struct vlan_search *search = arg;
	unsigned below = 0;
	bool is_vlan = false;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct ifinfomsg)) {
		netlink_read_u32(attr, IFLA_LINK, &below);
		if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			is_vlan = strcmp(kind_of(attr), "vlan") == 0;
	}
	search->found |= is_vlan && below == search->below;
	return MNL_CB_OK;
}

bool netlink_has_vlan(unsigned ifindex)
{
	struct vlan_search search = {.below = ifindex};
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	return talk(request, on_any_link, &search) < 0 || search.found;
}

struct mac_search {
	const struct tmip_mac *mac;
	bool found;
};

static int on_link_with_mac(const struct nlmsghdr *header, void *arg)
{
	struct mac_search *search = arg;
	const struct nlattr *attr;
	struct tmip_mac mac;

	mnl_attr_for_each(attr, header, sizeof(struct ifinfomsg))
		if (netlink_read_bytes(attr, IFLA_ADDRESS, &mac, sizeof(mac)))
			search->found |= mac_equal(&mac, search->mac);
	return MNL_CB_OK;
}

bool netlink_has_mac(const struct tmip_mac *mac)
{
	struct mac_search search = {.mac = mac};
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	return talk(request, on_link_with_mac, &search) == 0 && search.found;
}

int netlink_put_neighbour(unsigned ifindex, const struct tmip_addr *addr,
			  const struct tmip_mac *mac)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_NEWNEIGH, NLM_F_REPLACE);
	struct ndmsg *neighbour = mnl_nlmsg_put_extra_header(request, sizeof(*neighbour));

	neighbour->ndm_family = AF_INET;
	neighbour->ndm_ifindex = (int)ifindex;
	neighbour->ndm_state = NUD_STALE;
	mnl_attr_put(request, NDA_DST, sizeof(addr->v4), addr->v4);
	mnl_attr_put(request, NDA_LLADDR, sizeof(mac->octet), mac->octet);
	return talk(request, NULL, NULL);
}

int netlink_monitor_open(void)
{
	return netlink_listen(NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_IFADDR);
}

struct news {
	void (*changed)(unsigned ifindex, const char *name, void *arg);
	void *arg;
};

static int on_news(const struct nlmsghdr *header, void *arg)
{
	const struct news *news = arg;
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(header);
	const struct ifaddrmsg *address = mnl_nlmsg_get_payload(header);
	const char *name = "", *kind = "";
	const struct nlattr *attr;
	unsigned below = 0, master = 0;

	switch (header->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		mnl_attr_for_each(attr, header, sizeof(*link)) {
			netlink_read_text(attr, IFLA_IFNAME, &name);
			netlink_read_u32(attr, IFLA_LINK, &below);
			netlink_read_u32(attr, IFLA_MASTER, &master);
			if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
				kind = kind_of(attr);
		}
		if (master)
			news->changed(master, "", news->arg);
		news->changed((unsigned)link->ifi_index, name, news->arg);
		if (strcmp(kind, "vlan") == 0)
			news->changed(below, "", news->arg);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		news->changed(address->ifa_index, "", news->arg);
		break;
	}
	return MNL_CB_OK;
}

void netlink_monitor_read(int fd, void (*changed)(unsigned ifindex, const char *name, void *arg),
			  void *arg)
{
	struct news news = {changed, arg};

	if (!netlink_read_news(fd, on_news, &news))
		changed(0, "", arg);
}
