/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostapds for which the test speaks. It takes the place of io/wifi/hostapd_link.h. A link that its
 * owner has closed stays in the list; an owner that uses it then fails the test.
 */
#ifndef TMIP_TESTS_AGENT_FAKE_HOSTAPD_H
#define TMIP_TESTS_AGENT_FAKE_HOSTAPD_H

#include "io/wifi/hostapd_link.h"

#define FAKE_HOSTAPDS 64

struct hostapd_link {
	char path[256], own[512];
	struct hostapd_calls calls;
	bool up, closed;
	unsigned asked, dropped;     /* calls of hostapd_request() and hostapd_drop() */
	struct tmip_mac asked_about; /* the newest */
	struct tmip_mac dropped_mac;
	int ask_error, drop_error;   /* what these return; 0: they succeed */
};

struct fake_hostapds {
	bool no_memory; /* hostapd_open() fails */
	unsigned count;
	struct hostapd_link list[FAKE_HOSTAPDS];
};

extern struct fake_hostapds fake_hostapds;

void fake_hostapds_reset(void);
unsigned fake_hostapds_open(void); /* links that are not closed */

/* The other side. */
void fake_hostapd_comes_up(struct hostapd_link *link, bool up);
void fake_hostapd_tells(struct hostapd_link *link, enum hostapd_news news,
			const struct tmip_mac *mac);
/* An answer: that station, authorised, with this name of an 802.1X session (NULL: none). */
void fake_hostapd_answers(struct hostapd_link *link, const struct tmip_mac *mac, const char *name);
/* An answer: it does not have that station. */
void fake_hostapd_knows_nothing(struct hostapd_link *link, const struct tmip_mac *mac);

#endif
