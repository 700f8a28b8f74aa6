/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of hostapd's control interface. Its datagram socket is connected, so that only that
 * hostapd can answer. No function blocks: the link sends one request after the other, and the event
 * loop calls back with answers and events. While the link is open it connects again to a hostapd
 * that is not there, ends, or does not answer.
 */
#ifndef TMIP_IO_WIFI_HOSTAPD_LINK_H
#define TMIP_IO_WIFI_HOSTAPD_LINK_H

#include "core/wifi/hostapd_message.h"

struct event_base;
struct hostapd_link;

struct hostapd_calls {
	/*
	 * The connection is up or down. Down: all that the caller knows of hostapd's stations is
	 * void.
	 */
	void (*up)(bool up, void *arg);
	void (*event)(const struct hostapd_event *event, void *arg);
	/*
	 * The answer about a station; `found` NULL: hostapd does not have it. After `up` the link
	 * also calls it for each station that hostapd has.
	 */
	void (*station)(const struct tmip_mac *mac, const struct hostapd_station *found, void *arg);
	void *arg;
};

/*
 * Opens a link. `path` is hostapd's socket; the link makes its own socket at `own`, and removes it
 * at the end. NULL: no memory.
 */
struct hostapd_link *hostapd_open(struct event_base *base, const char *path, const char *own,
				  const struct hostapd_calls *calls);
/* Calls no callback. NULL is allowed. */
void hostapd_close(struct hostapd_link *link);

bool hostapd_is_up(const struct hostapd_link *link);
/* Asks about a station. Returns 0; -ENOTCONN; -ENOBUFS: too many requests wait. */
int hostapd_request(struct hostapd_link *link, const struct tmip_mac *mac);
/*
 * Makes hostapd and its kernel forget the station, without a frame to it, since it is elsewhere.
 * Returns as hostapd_request.
 */
int hostapd_drop(struct hostapd_link *link, const struct tmip_mac *mac);

#endif
