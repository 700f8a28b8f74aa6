/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control interface of a hostapd: a connected datagram socket, so that only that process can answer. Nothing here
 * waits: questions are sent one after the other, answers and events come through callbacks out of the event loop. A hostapd
 * that is not there, ends or says nothing is tried again, for as long as the link is open.
 */
#ifndef TMIP_IO_WIFI_HOSTAPD_LINK_H
#define TMIP_IO_WIFI_HOSTAPD_LINK_H

#include "core/wifi/hostapd_message.h"

struct event_base;
struct hostapd_link;

struct hostapd_calls {
	void (*up)(bool up, void *arg); /* false: all that it said of stations is void */
	void (*event)(const struct hostapd_event *event, void *arg);
	/* An answer about a station; NULL: hostapd does not have it. Also without a question, of those there when it came up. */
	void (*station)(const struct tmip_mac *mac, const struct hostapd_station *found, void *arg);
	void *arg;
};

/* path: hostapd's socket; own: where ours is made, removed in the end. NULL: no memory. */
struct hostapd_link *hostapd_open(struct event_base *base, const char *path, const char *own,
				  const struct hostapd_calls *calls);
void hostapd_close(struct hostapd_link *link); /* NULL is allowed */

bool hostapd_is_up(const struct hostapd_link *link);
/* 0; -ENOTCONN; -ENOBUFS: too many wait. */
int hostapd_ask(struct hostapd_link *link, const struct tmip_mac *mac);
/* Forgets the station in hostapd and in the kernel, without a frame to it: it is elsewhere. */
int hostapd_drop(struct hostapd_link *link, const struct tmip_mac *mac);

#endif
