/* SPDX-License-Identifier: BSD-2-Clause */
/* The stations of access points, over the generic netlink family nl80211. See nl80211.h. */
#include "nl80211.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink_talk.h"

#define ACCESS_POINTS_MAX 64

struct nl80211 {
	int fd;
	uint16_t family;
	uint32_t group; /* the multicast group of news about stations */
};

/* ---- the family */

static void read_group(const struct nlattr *group, struct nl80211 *nl)
{
	const struct nlattr *attr;
	const char *name = "";
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, group) {
		netlink_read_text(attr, CTRL_ATTR_MCAST_GRP_NAME, &name);
		netlink_read_u32(attr, CTRL_ATTR_MCAST_GRP_ID, &id);
	}
	if (strcmp(name, NL80211_MULTICAST_GROUP_MLME) == 0)
		nl->group = id;
}

static int on_family(const struct nlmsghdr *header, void *arg)
{
	struct nl80211 *nl = arg;
	const struct nlattr *attr, *group;

	mnl_attr_for_each(attr, header, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			nl->family = mnl_attr_get_u16(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, attr)
				read_group(group, nl);
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *begin(char *buffer, uint16_t family, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *request = netlink_request(buffer, family, flags);
	struct genlmsghdr *which = mnl_nlmsg_put_extra_header(request, sizeof(*which));

	which->cmd = command;
	return request;
}

static int find_family(struct nl80211 *nl)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = begin(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	int error;

	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, NL80211_GENL_NAME);
	error = netlink_talk(NETLINK_GENERIC, request, on_family, nl);
	return error ? error : nl->family && nl->group ? 0 : -ENOENT;
}

static int join(struct nl80211 *nl)
{
	nl->fd = netlink_listen(NETLINK_GENERIC, 0);
	if (nl->fd < 0)
		return nl->fd;
	if (setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->group,
		       sizeof(nl->group)) < 0)
		return -errno;
	return 0;
}

int nl80211_open(struct nl80211 **out)
{
	struct nl80211 *nl = calloc(1, sizeof(*nl));
	int error;

	*out = NULL;
	if (!nl)
		return -ENOMEM;
	nl->fd = -1;
	error = find_family(nl);
	if (!error)
		error = join(nl);
	if (error)
		nl80211_close(nl);
	else
		*out = nl;
	return error;
}

void nl80211_close(struct nl80211 *nl)
{
	if (nl && nl->fd >= 0)
		close(nl->fd);
	free(nl);
}

int nl80211_fd(const struct nl80211 *nl)
{
	return nl->fd;
}

/* ---- messages */

static void read_flags(const struct nlattr *attr, struct nl80211_station *out)
{
	struct nl80211_sta_flag_update flags;

	if (mnl_attr_get_payload_len(attr) < sizeof(flags))
		return;
	memcpy(&flags, mnl_attr_get_payload(attr), sizeof(flags));
	out->authorized = flags.mask & flags.set & 1u << NL80211_STA_FLAG_AUTHORIZED;
}

static void read_info(const struct nlattr *info, struct nl80211_station *out)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		if (mnl_attr_get_type(attr) == NL80211_STA_INFO_STA_FLAGS)
			read_flags(attr, out);
		netlink_read_u32(attr, NL80211_STA_INFO_INACTIVE_TIME, &out->inactive_ms);
	}
}

void nl80211_decode(const struct nlmsghdr *header, struct nl80211_station *out)
{
	const struct genlmsghdr *which = mnl_nlmsg_get_payload(header);
	const struct nlattr *attr;
	bool whose = false;

	memset(out, 0, sizeof(*out));
	if (mnl_nlmsg_get_payload_len(header) < sizeof(*which))
		return;
	/* Attributes end where the message does; mnl_attr_for_each() goes on into its padding. */
	mnl_attr_for_each_payload(mnl_nlmsg_get_payload_offset(header, GENL_HDRLEN),
				  mnl_nlmsg_get_payload_len(header) - GENL_HDRLEN) {
		netlink_read_u32(attr, NL80211_ATTR_IFINDEX, &out->ifindex);
		whose |= netlink_read_bytes(attr, NL80211_ATTR_MAC, &out->mac, sizeof(out->mac));
		if (mnl_attr_get_type(attr) == NL80211_ATTR_STA_INFO)
			read_info(attr, out);
	}
	if (whose && out->ifindex && which->cmd == NL80211_CMD_NEW_STATION)
		out->news = NL80211_ADDED;
	else if (whose && out->ifindex && which->cmd == NL80211_CMD_DEL_STATION)
		out->news = NL80211_REMOVED;
}

struct reader {
	nl80211_each *each;
	void *arg;
};

static int on_message(const struct nlmsghdr *header, void *arg)
{
	const struct reader *reader = arg;
	struct nl80211_station station;

	nl80211_decode(header, &station);
	if (station.news != NL80211_OTHER)
		reader->each(&station, reader->arg);
	return MNL_CB_OK;
}

bool nl80211_read(struct nl80211 *nl, nl80211_each *each, void *arg)
{
	struct reader reader = {each, arg};

	return netlink_read_news(nl->fd, on_message, &reader);
}

/* ---- requests */

static int talk(const struct nl80211 *nl, uint8_t command, uint16_t flags, unsigned ifindex,
		const struct tmip_mac *mac, mnl_cb_t callback, void *arg)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *request = begin(buffer, nl->family, command, flags);

	if (ifindex)
		mnl_attr_put_u32(request, NL80211_ATTR_IFINDEX, ifindex);
	if (mac)
		mnl_attr_put(request, NL80211_ATTR_MAC, sizeof(*mac), mac);
	return netlink_talk(NETLINK_GENERIC, request, callback, arg);
}

static int on_answer(const struct nlmsghdr *header, void *arg)
{
	nl80211_decode(header, arg);
	return MNL_CB_OK;
}

int nl80211_get_station(const struct nl80211 *nl, unsigned ifindex, const struct tmip_mac *mac,
			struct nl80211_station *out)
{
	int error;

	memset(out, 0, sizeof(*out));
	error = talk(nl, NL80211_CMD_GET_STATION, 0, ifindex, mac, on_answer, out);
	return error ? error : out->news == NL80211_ADDED ? 0 : -ENOENT;
}

int nl80211_drop_station(const struct nl80211 *nl, unsigned ifindex, const struct tmip_mac *mac)
{
	return talk(nl, NL80211_CMD_DEL_STATION, 0, ifindex, mac, NULL, NULL);
}

struct access_points {
	unsigned count, ifindex[ACCESS_POINTS_MAX];
};

static int on_interface(const struct nlmsghdr *header, void *arg)
{
	struct access_points *found = arg;
	const struct nlattr *attr;
	uint32_t ifindex = 0, type = 0;

	mnl_attr_for_each(attr, header, GENL_HDRLEN) {
		netlink_read_u32(attr, NL80211_ATTR_IFINDEX, &ifindex);
		netlink_read_u32(attr, NL80211_ATTR_IFTYPE, &type);
	}
	if (ifindex && (type == NL80211_IFTYPE_AP || type == NL80211_IFTYPE_AP_VLAN) &&
	    found->count < ACCESS_POINTS_MAX)
		found->ifindex[found->count++] = ifindex;
	return MNL_CB_OK;
}

int nl80211_list(const struct nl80211 *nl, nl80211_each *each, void *arg)
{
	struct access_points found = {0};
	struct reader reader = {each, arg};
	int error;

	error = talk(nl, NL80211_CMD_GET_INTERFACE, NLM_F_DUMP, 0, NULL, on_interface, &found);
	for (unsigned i = 0; !error && i < found.count; i++)
		error = talk(nl, NL80211_CMD_GET_STATION, NLM_F_DUMP, found.ifindex[i], NULL,
			     on_message, &reader);
	return error;
}
