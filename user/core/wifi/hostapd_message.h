/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What hostapd says through its control interface: events of stations, and its answer about one station. Pure. hostapd is
 * a stranger, and repeats what stations told it: texts have a length, and only the first line with a name counts.
 */
#ifndef TMIP_CORE_WIFI_HOSTAPD_MESSAGE_H
#define TMIP_CORE_WIFI_HOSTAPD_MESSAGE_H

#include "core/base/identity.h"

enum hostapd_news {
	HOSTAPD_OTHER,
	HOSTAPD_CONNECTED,    /* the station may send: associated, and authorised where that is asked for */
	HOSTAPD_DISCONNECTED,
};

struct hostapd_event {
	enum hostapd_news news;
	struct tmip_mac mac;
};

struct hostapd_station {
	struct tmip_mac mac;
	bool authorized;
	bool unusable;            /* it has an identity that is too long */
	struct identity identity; /* of 802.1X, else of the key; may be none */
};

/* False: the text is no event, but an answer. */
bool hostapd_decode_event(const char *text, size_t len, struct hostapd_event *out);
/* The answer to STA, STA-FIRST and STA-NEXT. False: there is no such station. */
bool hostapd_decode_station(const char *text, size_t len, struct hostapd_station *out);

#endif
