/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's view of the stations of access points (nl80211): news of stations, and requests
 * about one. The kernel answers a request within the system call, so a request blocks. Functions
 * return 0 or -errno where no comment says otherwise; -ENOENT: the kernel has no nl80211, or there
 * is no such station.
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
	enum nl80211_news news; /* ADDED in an answer */
	unsigned ifindex;       /* the access point's device */
	struct tmip_mac mac;
	bool authorized;        /* only in an answer: the station may send */
	uint32_t inactive_ms;   /* only in an answer: since the kernel heard the station */
};

typedef void nl80211_each(const struct nl80211_station *station, void *arg);

int nl80211_open(struct nl80211 **out);
void nl80211_close(struct nl80211 *nl); /* NULL is allowed */
/* The descriptor, which is readable while there are news. */
int nl80211_fd(const struct nl80211 *nl);
/* Reads all news. Returns false if the kernel has dropped news. */
bool nl80211_read(struct nl80211 *nl, nl80211_each *each, void *arg);

int nl80211_get_station(const struct nl80211 *nl, unsigned ifindex, const struct tmip_mac *mac,
			struct nl80211_station *out);
/* Makes the kernel forget the station. hostapd gets no notice of that. */
int nl80211_drop_station(const struct nl80211 *nl, unsigned ifindex, const struct tmip_mac *mac);
/* Calls `each` for all stations of all access points of this network namespace. */
int nl80211_list(const struct nl80211 *nl, nl80211_each *each, void *arg);

/* Decodes one message of the family and sets all of *out. News OTHER: it is about no station. */
void nl80211_decode(const struct nlmsghdr *header, struct nl80211_station *out);

#endif
