/* SPDX-License-Identifier: BSD-2-Clause */
/* The chains of nftables over netlink, the tables of iptables-legacy in /proc. See netfilter.h. */
#include "netfilter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "netlink_talk.h"

struct search {
	char *name;
	size_t size;
	bool found;
};

static int on_attribute(const struct nlattr *attr, void *arg)
{
	const struct nlattr **attributes = arg;

	if (mnl_attr_get_type(attr) <= NFTA_CHAIN_MAX)
		attributes[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static bool is_postrouting(const struct nlattr *hook)
{
	const struct nlattr *attr;
	uint32_t number; /* network byte order */

	mnl_attr_for_each_nested(attr, hook)
		if (netlink_read_u32(attr, NFTA_HOOK_HOOKNUM, &number))
			return ntohl(number) == NF_INET_POST_ROUTING;
	return false;
}

static bool concerns_ipv4(uint8_t family)
{
	return family == NFPROTO_IPV4 || family == NFPROTO_INET;
}

static int on_chain(const struct nlmsghdr *header, void *arg)
{
	const struct nlattr *attributes[NFTA_CHAIN_MAX + 1] = {NULL};
	const struct nfgenmsg *message = mnl_nlmsg_get_payload(header);
	struct search *search = arg;

	mnl_attr_parse(header, sizeof(*message), on_attribute, attributes);
	if (search->found || !concerns_ipv4(message->nfgen_family) ||
	    !attributes[NFTA_CHAIN_TYPE] || !attributes[NFTA_CHAIN_HOOK] ||
	    !attributes[NFTA_CHAIN_TABLE] || !attributes[NFTA_CHAIN_NAME] ||
	    !attributes[NFTA_CHAIN_USE])
		return MNL_CB_OK;
	/* `iptables -L' leaves a chain without rules. */
	if (strcmp(mnl_attr_get_str(attributes[NFTA_CHAIN_TYPE]), "nat") != 0 ||
	    !is_postrouting(attributes[NFTA_CHAIN_HOOK]) ||
	    !mnl_attr_get_u32(attributes[NFTA_CHAIN_USE]))
		return MNL_CB_OK;
	search->found = true;
	snprintf(search->name, search->size, "%s %s",
		 mnl_attr_get_str(attributes[NFTA_CHAIN_TABLE]),
		 mnl_attr_get_str(attributes[NFTA_CHAIN_NAME]));
	return MNL_CB_OK;
}

/* iptables-legacy: the file has the names of its tables. Their rules need its own interface. */
bool netfilter_has_old_table(const char *name)
{
	FILE *file = fopen("/proc/net/ip_tables_names", "re");
	char line[64];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found = strcmp(line, name) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

bool netfilter_is_absent(int error)
{
	return error == -EOPNOTSUPP || error == -EINVAL || error == -EPROTONOSUPPORT ||
	       error == -ENOENT;
}

int netfilter_find_nat(char *name, size_t size)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request =
		netlink_request(buffer, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_DUMP);
	struct nfgenmsg *message = mnl_nlmsg_put_extra_header(request, sizeof(*message));
	struct search search = {.name = name, .size = size};
	int error;

	message->nfgen_family = NFPROTO_UNSPEC;
	message->version = NFNETLINK_V0;
	error = netlink_talk(NETLINK_NETFILTER, request, on_chain, &search);
	if (!search.found && netfilter_has_old_table("nat")) {
		search.found = true;
		snprintf(name, size, "nat POSTROUTING, of iptables-legacy");
	}
	if (search.found)
		return 1;
	return netfilter_is_absent(error) ? 0 : error;
}
