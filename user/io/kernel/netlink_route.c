/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes through libmnl. See netlink_route.h. */
#include "netlink_route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink.h"
#include "netlink_talk.h"

#define METRICS_MAX 512 /* bytes */

static int talk(struct nlmsghdr *request, mnl_cb_t callback, void *arg)
{
	return netlink_talk(NETLINK_ROUTE, request, callback, arg);
}

/* ---- the way to an address */

static void read_mtu(const struct nlattr *metrics, uint32_t *mtu)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, metrics)
		netlink_read_u32(attr, RTAX_MTU, mtu);
}

static int on_way(const struct nlmsghdr *header, void *arg)
{
	struct netlink_way *way = arg;
	const struct nlattr *attr;
	uint32_t gateway = 0;

	mnl_attr_for_each(attr, header, sizeof(struct rtmsg)) {
		netlink_read_u32(attr, RTA_OIF, &way->ifindex);
		netlink_read_u32(attr, RTA_GATEWAY, &gateway);
		if (mnl_attr_get_type(attr) == RTA_METRICS)
			read_mtu(attr, &way->mtu);
	}
	if (gateway)
		way->gateway = addr_from_ipv4(ntohl(gateway));
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *header, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct ifinfomsg))
		netlink_read_u32(attr, IFLA_MTU, arg);
	return MNL_CB_OK;
}

static int get_link_mtu(unsigned ifindex, unsigned *mtu)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, 0);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof(*link));

	link->ifi_index = (int)ifindex;
	return talk(request, on_link, mtu);
}

int netlink_get_way(const struct tmip_addr *from, const struct tmip_addr *to,
		    struct netlink_way *out)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETROUTE, 0);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof(*route));
	unsigned mtu = 0;
	int error;

	memset(out, 0, sizeof(*out));
	route->rtm_family = AF_INET;
	route->rtm_dst_len = route->rtm_src_len = 32;
	mnl_attr_put_u32(request, RTA_DST, htonl(addr_to_ipv4(to)));
	mnl_attr_put_u32(request, RTA_SRC, htonl(addr_to_ipv4(from)));
	error = talk(request, on_way, out);
	if (!error)
		error = get_link_mtu(out->ifindex, &mtu);
	if (!error && (!out->mtu || mtu < out->mtu))
		out->mtu = mtu;
	return error;
}

/* ---- the connected route of an interface */

struct connected {
	uint32_t subnet; /* network byte order */
	unsigned ifindex;
	uint8_t prefix_len;
	/*
	 * The priority is a part of the route's identity, and some network managers set it. The
	 * metrics are attributes as in the message.
	 */
	uint32_t priority, mtu;
	_Alignas(struct nlattr) uint8_t metrics[METRICS_MAX];
	size_t metrics_len;
};

static void keep_metrics(struct connected *wanted, const struct nlattr *metrics)
{
	size_t len = metrics ? mnl_attr_get_payload_len(metrics) : 0;

	wanted->metrics_len = len <= METRICS_MAX ? len : 0;
	wanted->mtu = 0;
	if (!metrics)
		return;
	memcpy(wanted->metrics, mnl_attr_get_payload(metrics), wanted->metrics_len);
	read_mtu(metrics, &wanted->mtu);
}

static int on_route(const struct nlmsghdr *header, void *arg)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(header);
	struct connected *wanted = arg;
	uint32_t subnet = 0, priority = 0, ifindex = 0;
	const struct nlattr *attr, *metrics = NULL;

	if (route->rtm_dst_len != wanted->prefix_len || route->rtm_protocol != RTPROT_KERNEL ||
	    route->rtm_table != RT_TABLE_MAIN)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, header, sizeof(*route)) {
		netlink_read_u32(attr, RTA_DST, &subnet);
		netlink_read_u32(attr, RTA_OIF, &ifindex);
		netlink_read_u32(attr, RTA_PRIORITY, &priority);
		if (mnl_attr_get_type(attr) == RTA_METRICS)
			metrics = attr;
	}
	if (subnet != wanted->subnet || ifindex != wanted->ifindex)
		return MNL_CB_OK;
	wanted->priority = priority;
	keep_metrics(wanted, metrics);
	return MNL_CB_OK;
}

/* Nothing is set if there is no such route. */
static int find_connected(const struct netlink_interface *interface, struct connected *out)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof(*route));

	memset(out, 0, sizeof(*out));
	out->ifindex = interface->ifindex;
	out->prefix_len = interface->prefix_len;
	out->subnet = htonl(addr_to_ipv4(&interface->addr) & prefix_mask(interface->prefix_len));
	route->rtm_family = AF_INET;
	return talk(request, on_route, out);
}

int netlink_get_route_mtu(const struct netlink_interface *interface, unsigned *mtu)
{
	struct connected found;
	int error = find_connected(interface, &found);

	*mtu = found.mtu;
	return error;
}

/* The metrics that the route has, with another MTU. */
/* ---- the default route */

struct default_search {
	unsigned ifindex;  /* 0: none yet */
	uint32_t priority; /* the lowest counts */
};

static int on_default(const struct nlmsghdr *header, void *arg)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(header);
	uint32_t priority = 0, ifindex = 0;
	struct default_search *search = arg;
	const struct nlattr *attr;

	if (route->rtm_dst_len || route->rtm_table != RT_TABLE_MAIN ||
	    route->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	mnl_attr_for_each(attr, header, sizeof(*route)) {
		netlink_read_u32(attr, RTA_PRIORITY, &priority);
		netlink_read_u32(attr, RTA_OIF, &ifindex);
	}
	if (ifindex && (!search->ifindex || priority < search->priority))
		*search = (struct default_search){ifindex, priority};
	return MNL_CB_OK;
}

int netlink_get_default(unsigned *ifindex)
{
	struct default_search search = {0};
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETROUTE, NLM_F_DUMP);
	struct rtmsg *filter = mnl_nlmsg_put_extra_header(request, sizeof(*filter));
	int error;

	filter->rtm_family = AF_INET;
	error = talk(request, on_default, &search);
	*ifindex = search.ifindex;
	if (error)
		return error;
	return search.ifindex ? 0 : -ENOENT;
}

/* ---- setting the MTU of a route */

static void put_metrics(struct nlmsghdr *request, const struct connected *found, unsigned mtu)
{
	struct nlattr *metrics = mnl_attr_nest_start(request, RTA_METRICS);
	const void *former = found->metrics;
	const struct nlattr *attr;

	mnl_attr_for_each_payload(former, found->metrics_len)
		if (mnl_attr_get_type(attr) != RTAX_MTU)
			mnl_attr_put(request, mnl_attr_get_type(attr),
				     mnl_attr_get_payload_len(attr), mnl_attr_get_payload(attr));
	if (mtu)
		mnl_attr_put_u32(request, RTAX_MTU, mtu);
	mnl_attr_nest_end(request, metrics);
}

int netlink_set_route_mtu(const struct netlink_interface *interface, unsigned mtu)
{
	char buffer[NETLINK_BUFFER];
	struct connected found;
	int error = find_connected(interface, &found);
	struct nlmsghdr *request = netlink_request(buffer, RTM_NEWROUTE, NLM_F_REPLACE);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof(*route));

	if (error)
		return error;
	route->rtm_family = AF_INET;
	route->rtm_dst_len = interface->prefix_len;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_KERNEL;
	route->rtm_scope = RT_SCOPE_LINK;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(request, RTA_DST, found.subnet);
	mnl_attr_put_u32(request, RTA_OIF, interface->ifindex);
	mnl_attr_put_u32(request, RTA_PREFSRC, htonl(addr_to_ipv4(&interface->addr)));
	if (found.priority)
		mnl_attr_put_u32(request, RTA_PRIORITY, found.priority);
	put_metrics(request, &found, mtu);
	error = talk(request, NULL, NULL);
	return error == -ENOENT ? 0 : error; /* the address is gone, and its route with it */
}
