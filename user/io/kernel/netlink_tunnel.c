/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's own tunnels. See netlink_tunnel.h. */
#include "netlink_tunnel.h"

#include <arpa/inet.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "netlink_talk.h"

struct visitor {
	void (*visit)(const struct netlink_tunnel *tunnel, void *arg);
	void *arg;
};

static void read_end(const struct nlattr *attr, uint16_t type, struct tmip_addr *end)
{
	uint32_t ipv4 = 0;

	if (netlink_read_bytes(attr, type, &ipv4, sizeof(ipv4)) && ipv4)
		*end = addr_from_ipv4(ntohl(ipv4));
}

/* Protocol 0 stands for all that an interface of the kind can take. */
static bool read_data(const struct nlattr *data, struct netlink_tunnel *tunnel)
{
	const struct nlattr *attr;
	uint8_t protocol = IPPROTO_IPIP;

	mnl_attr_for_each_nested(attr, data) {
		read_end(attr, IFLA_IPTUN_LOCAL, &tunnel->local);
		read_end(attr, IFLA_IPTUN_REMOTE, &tunnel->remote);
		netlink_read_bytes(attr, IFLA_IPTUN_PROTO, &protocol, sizeof(protocol));
	}
	return !protocol || protocol == IPPROTO_IPIP;
}

/* Returns whether it is a tunnel that takes packets of protocol 4. */
static bool read_kind(const struct nlattr *info, struct netlink_tunnel *tunnel)
{
	const struct nlattr *attr, *data = NULL;
	const char *kind = "";

	mnl_attr_for_each_nested(attr, info) {
		netlink_read_text(attr, IFLA_INFO_KIND, &kind);
		if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			data = attr;
	}
	return (strcmp(kind, "ipip") == 0 || strcmp(kind, "sit") == 0) && data &&
	       read_data(data, tunnel);
}

static int on_link(const struct nlmsghdr *header, void *arg)
{
	const struct visitor *visitor = arg;
	struct netlink_tunnel tunnel = {0};
	const struct nlattr *attr;
	const char *name = "";
	bool found = false;

	mnl_attr_for_each(attr, header, sizeof(struct ifinfomsg)) {
		netlink_read_text(attr, IFLA_IFNAME, &name);
		if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			found = read_kind(attr, &tunnel);
	}
	if (!found)
		return MNL_CB_OK;
	snprintf(tunnel.name, sizeof(tunnel.name), "%s", name);
	visitor->visit(&tunnel, visitor->arg);
	return MNL_CB_OK;
}

int netlink_each_tunnel(void (*visit)(const struct netlink_tunnel *tunnel, void *arg), void *arg)
{
	struct visitor visitor = {.visit = visit, .arg = arg};
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = netlink_request(buffer, RTM_GETLINK, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	return netlink_talk(NETLINK_ROUTE, request, on_link, &visitor);
}
