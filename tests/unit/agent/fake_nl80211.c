/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations at access points as a test wants them. See fake_nl80211.h. */
#include "fake_nl80211.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "calls.h"

struct nl80211 fake_nl80211 = {.fd = -1};

void fake_nl80211_reset(void)
{
	memset(&fake_nl80211, 0, sizeof(fake_nl80211));
	fake_nl80211.fd = -1;
}

/* ---- the test's side */

static struct nl80211_station *find(unsigned ifindex, const struct tmip_mac *mac)
{
	for (unsigned i = 0; i < fake_nl80211.station_count; i++) {
		struct nl80211_station *station = &fake_nl80211.stations[i];

		if (station->ifindex == ifindex && mac_equal(&station->mac, mac))
			return station;
	}
	return NULL;
}

void fake_nl80211_has(unsigned ifindex, const struct tmip_mac *mac, bool authorized,
		      uint32_t inactive_ms)
{
	struct nl80211_station *station = find(ifindex, mac);

	if (!station) {
		assert_true(fake_nl80211.station_count < FAKE_STATIONS);
		station = &fake_nl80211.stations[fake_nl80211.station_count++];
	}
	*station = (struct nl80211_station){.news = NL80211_ADDED, .ifindex = ifindex, .mac = *mac,
					    .authorized = authorized, .inactive_ms = inactive_ms};
}

void fake_nl80211_forgets(unsigned ifindex, const struct tmip_mac *mac)
{
	struct nl80211_station *station = find(ifindex, mac);

	if (station)
		*station = fake_nl80211.stations[--fake_nl80211.station_count];
}

static void wake(void)
{
	uint64_t one = 1;

	assert_true(fake_nl80211.open);
	assert_int_equal(write(fake_nl80211.fd, &one, sizeof(one)), sizeof(one));
}

void fake_nl80211_tells(enum nl80211_news news, unsigned ifindex, const struct tmip_mac *mac)
{
	assert_true(fake_nl80211.news_count < FAKE_NEWS);
	fake_nl80211.news[fake_nl80211.news_count++] =
		(struct nl80211_station){.news = news, .ifindex = ifindex, .mac = *mac};
	wake();
}

void fake_nl80211_loses(void)
{
	fake_nl80211.lost = true;
	wake();
}

/* ---- the agent's side */

int nl80211_open(struct nl80211 **out)
{
	if (fake_nl80211.open_error)
		return fake_nl80211.open_error;
	fake_nl80211.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(fake_nl80211.fd >= 0);
	fake_nl80211.open = true;
	*out = &fake_nl80211;
	return 0;
}

void nl80211_close(struct nl80211 *nl)
{
	if (!nl)
		return;
	close(nl->fd);
	nl->fd = -1;
	nl->open = false;
}

int nl80211_fd(const struct nl80211 *nl)
{
	return nl->fd;
}

bool nl80211_read(struct nl80211 *nl, nl80211_each *each, void *arg)
{
	unsigned count = nl->news_count;
	bool lost = nl->lost;
	uint64_t wakes;

	assert_int_equal(read(nl->fd, &wakes, sizeof(wakes)), sizeof(wakes));
	nl->news_count = 0;
	nl->lost = false;
	for (unsigned i = 0; i < count; i++)
		each(&nl->news[i], arg);
	return !lost;
}

int nl80211_get_station(const struct nl80211 *nl, unsigned ifindex, const struct tmip_mac *mac,
			struct nl80211_station *out)
{
	const struct nl80211_station *station = find(ifindex, mac);

	assert_true(nl->open);
	fake_nl80211.gets++;
	if (!station)
		return -ENOENT;
	*out = *station;
	return 0;
}

int nl80211_drop_station(const struct nl80211 *nl, unsigned ifindex, const struct tmip_mac *mac)
{
	char text[MAC_STRLEN];

	assert_true(nl->open);
	calls_note("nl80211_drop_station %u %s", ifindex, mac_format(mac, text));
	if (!nl->drop_error)
		fake_nl80211_forgets(ifindex, mac);
	return nl->drop_error;
}

int nl80211_list(const struct nl80211 *nl, nl80211_each *each, void *arg)
{
	if (nl->list_error)
		return nl->list_error;
	for (unsigned i = 0; i < nl->station_count; i++)
		each(&nl->stations[i], arg);
	return 0;
}

void nl80211_decode(const struct nlmsghdr *header, struct nl80211_station *out)
{
	(void)header;
	*out = (struct nl80211_station){.news = NL80211_OTHER};
}
