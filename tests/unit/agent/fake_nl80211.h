/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stations at access points as a test wants them. It takes the place of io/kernel/nl80211.h.
 * &fake_nl80211 is the one there is.
 */
#ifndef TMIP_TESTS_AGENT_FAKE_NL80211_H
#define TMIP_TESTS_AGENT_FAKE_NL80211_H

#include "io/kernel/nl80211.h"

#define FAKE_STATIONS 16
#define FAKE_NEWS 16

struct nl80211 {
	int open_error, list_error; /* what these return; 0: they succeed */
	int drop_error;             /* nl80211_drop_station() */
	bool open;
	bool lost;                  /* the next nl80211_read() says that news were lost */
	unsigned gets;              /* calls of nl80211_get_station() */
	unsigned station_count;
	struct nl80211_station stations[FAKE_STATIONS]; /* that are there now */
	unsigned news_count;
	struct nl80211_station news[FAKE_NEWS]; /* not read yet */
	int fd;
};

extern struct nl80211 fake_nl80211;

void fake_nl80211_reset(void);

/* The kernel has the station, and says this when it is asked. inactive_ms: since it was heard. */
void fake_nl80211_has(unsigned ifindex, const struct tmip_mac *mac, bool authorized,
		      uint32_t inactive_ms);
void fake_nl80211_forgets(unsigned ifindex, const struct tmip_mac *mac);

/* News to be read when the loop turns. */
void fake_nl80211_tells(enum nl80211_news news, unsigned ifindex, const struct tmip_mac *mac);
void fake_nl80211_loses(void); /* some that never come */

#endif
