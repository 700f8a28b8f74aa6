/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of hostapd's control interface: events of stations, and the answer about a station.
 * Pure. hostapd is not trusted, and it repeats bytes that stations sent: a text has a length and no
 * NUL, and only the first line with a name counts.
 */
#ifndef TMIP_CORE_WIFI_HOSTAPD_MESSAGE_H
#define TMIP_CORE_WIFI_HOSTAPD_MESSAGE_H

#include "core/base/identity.h"

enum hostapd_news {
	HOSTAPD_OTHER,
	HOSTAPD_CONNECTED,    /* the station may send: associated and, where needed, authorised */
	HOSTAPD_DISCONNECTED,
};

struct hostapd_event {
	enum hostapd_news news;
	struct tmip_mac mac;
};

struct hostapd_station {
	struct tmip_mac mac;
	bool authorized;
	bool unusable;            /* hostapd names an identity that is too long */
	struct identity identity; /* the 802.1X name, else the name of the key; may be none */
};

/* Decodes an event and sets all of *out. False: the text is not an event but an answer. */
bool hostapd_decode_event(const char *text, size_t len, struct hostapd_event *out);
/*
 * Decodes the answer to STA, STA-FIRST or STA-NEXT and sets all of *out. False: there is no such
 * station.
 */
bool hostapd_decode_station(const char *text, size_t len, struct hostapd_station *out);

#endif
