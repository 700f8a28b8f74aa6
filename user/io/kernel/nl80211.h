/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel knows of stations at access points (nl80211): news of them, and questions about one. A question is
 * answered by the kernel within the system call, so that nothing is won by not waiting for it. Functions return 0 or -errno;
 * -ENOENT: this kernel has no nl80211, or there is no such station.
 */
#ifndef TMIP_IO_KERNEL_NL80211_H
#define TMIP_IO_KERNEL_NL80211_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/addr.h"

struct nl80211;
struct nlmsghdr;

enum nl80211_news { NL80211_OTHER, NL80211_ADDED, NL80211_REMOVED };

struct nl80211_station {
	enum nl80211_news news; /* of an answer: ADDED */
	unsigned ifindex;
	struct tmip_mac mac;
	bool authorized;        /* an answer: it may send */
	uint32_t inactive_ms;   /* an answer: since it was heard */
};

typedef void nl80211_each(const struct nl80211_station *station, void *arg);

int nl80211_open(struct nl80211 **out);
void nl80211_close(struct nl80211 *nl); /* NULL is allowed */
int nl80211_fd(const struct nl80211 *nl); /* readable: there is news */
/* Empties it. False: news were lost. */
bool nl80211_read(struct nl80211 *nl, nl80211_each *each, void *arg);

int nl80211_get_station(const struct nl80211 *nl, unsigned ifindex, const struct tmip_mac *mac,
			struct nl80211_station *out);
/* The kernel forgets it. A hostapd does not hear of that. */
int nl80211_drop_station(const struct nl80211 *nl, unsigned ifindex, const struct tmip_mac *mac);
/* All stations of all access points of this network namespace. */
int nl80211_list(const struct nl80211 *nl, nl80211_each *each, void *arg);

/* One message of the family; news OTHER: it is about no station. */
void nl80211_decode(const struct nlmsghdr *header, struct nl80211_station *out);

#endif
