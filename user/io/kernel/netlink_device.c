/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of the agent through libmnl. See netlink_device.h. */
#include "netlink_device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netlink_talk.h"
#include "sysctl.h"

#define NAMES_MAX 1000
#define LAST_METRIC 0xffffffff

static int talk(struct nlmsghdr *request, mnl_cb_t callback, void *arg)
{
	return netlink_talk(NETLINK_ROUTE, request, callback, arg);
}

/* ---- devices */

static int make_link(const char *name, const char *kind)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request =
		netlink_request(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *info;

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(request, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(request, IFLA_LINKINFO);
	mnl_attr_put_strz(request, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(request, info);
	return talk(request, NULL, NULL);
}

/* dummy is made for this; ifb is in kernels that lack it. */
static int make_any_link(const char *name)
{
	int error = make_link(name, "dummy");

	return error == -EOPNOTSUPP ? make_link(name, "ifb") : error;
}

static int switch_on(unsigned ifindex, const char *alias)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_NEWLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = (int)ifindex;
	link->ifi_flags = link->ifi_change = IFF_UP;
	mnl_attr_put_strz(request, IFLA_IFALIAS, alias);
	return talk(request, NULL, NULL);
}

int netlink_make_device(const char *prefix, const char *alias, unsigned *ifindex)
{
	char name[IF_NAMESIZE], setting[80];
	int error = -EEXIST;

	for (unsigned i = 0; error == -EEXIST && i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "%.11s%u", prefix, i);
		error = make_any_link(name);
	}
	if (error)
		return error;
	*ifindex = if_nametoindex(name);
	/* Fails in a kernel without IPv6, where there is nothing to silence. */
	snprintf(setting, sizeof(setting), "net/ipv6/conf/%s/disable_ipv6", name);
	sysctl_write(setting, "1");
	error = switch_on(*ifindex, alias);
	if (error)
		netlink_delete_device(*ifindex);
	return error;
}

int netlink_delete_device(unsigned ifindex)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_DELLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = (int)ifindex;
	return talk(request, NULL, NULL);
}

int netlink_set_mtu(unsigned ifindex, unsigned mtu)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_NEWLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = (int)ifindex;
	mnl_attr_put_u32(request, IFLA_MTU, mtu);
	return talk(request, NULL, NULL);
}

struct alias_search {
	const char *alias;
	void (*visit)(unsigned ifindex, const char *alias, void *arg);
	void *arg;
};

static int on_link(const struct nlmsghdr *header, void *arg)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(header);
	const struct alias_search *search = arg;
	const struct nlattr *attr;
	const char *alias = NULL;

	mnl_attr_for_each(attr, header, sizeof(*link))
		netlink_read_text(attr, IFLA_IFALIAS, &alias);
	if (alias && strncmp(alias, search->alias, strlen(search->alias)) == 0)
		search->visit((unsigned)link->ifi_index, alias, search->arg);
	return MNL_CB_OK;
}

int netlink_each_alias(const char *alias,
		       void (*visit)(unsigned ifindex, const char *alias, void *arg), void *arg)
{
	struct alias_search search = {alias, visit, arg};
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	return talk(request, on_link, &search);
}

/* ---- routes and addresses */

static int change_route(uint16_t type, uint16_t flags, unsigned ifindex,
			const struct prefix *subnet)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, type, flags);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof(*route));

	route->rtm_family = AF_INET;
	route->rtm_dst_len = subnet->len;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = RT_SCOPE_LINK;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(request, RTA_DST, htonl(addr_to_ipv4(&subnet->addr)));
	mnl_attr_put_u32(request, RTA_OIF, ifindex);
	mnl_attr_put_u32(request, RTA_PRIORITY, LAST_METRIC);
	return talk(request, NULL, NULL);
}

int netlink_put_last_route(unsigned ifindex, const struct prefix *subnet)
{
	return change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, ifindex, subnet);
}

int netlink_delete_last_route(unsigned ifindex, const struct prefix *subnet)
{
	return change_route(RTM_DELROUTE, 0, ifindex, subnet);
}

int netlink_set_address(unsigned ifindex, const struct tmip_addr *addr, uint8_t prefix_len,
			bool present)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request =
		netlink_request(buffer, present ? RTM_NEWADDR : RTM_DELADDR,
				present ? NLM_F_CREATE | NLM_F_REPLACE : 0);
	struct ifaddrmsg *address = mnl_nlmsg_put_extra_header(request, sizeof(*address));
	uint32_t ipv4 = htonl(addr_to_ipv4(addr));

	address->ifa_family = AF_INET;
	address->ifa_prefixlen = prefix_len;
	address->ifa_index = ifindex;
	address->ifa_scope = RT_SCOPE_UNIVERSE;
	mnl_attr_put_u32(request, IFA_LOCAL, ipv4);
	mnl_attr_put_u32(request, IFA_ADDRESS, ipv4);
	mnl_attr_put_u32(request, IFA_FLAGS, IFA_F_NOPREFIXROUTE);
	return talk(request, NULL, NULL);
}
