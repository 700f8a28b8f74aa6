/* SPDX-License-Identifier: BSD-2-Clause */
/* hostapds for which the test speaks. See fake_hostapd.h. */
#include "fake_hostapd.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fake_hostapds fake_hostapds;

/* ---- the test's side */

void fake_hostapds_reset(void)
{
	memset(&fake_hostapds, 0, sizeof(fake_hostapds));
}

unsigned fake_hostapds_open(void)
{
	unsigned open = 0;

	for (unsigned i = 0; i < fake_hostapds.count; i++)
		open += !fake_hostapds.list[i].closed;
	return open;
}

static void assert_open(const struct hostapd_link *link)
{
	if (link->closed)
		fail_msg("a closed link (%s) is used", link->path);
}

void fake_hostapd_comes_up(struct hostapd_link *link, bool up)
{
	assert_open(link);
	link->up = up;
	link->calls.up(up, link->calls.arg);
}

void fake_hostapd_tells(struct hostapd_link *link, enum hostapd_news news,
			const struct tmip_mac *mac)
{
	struct hostapd_event event = {.news = news, .mac = *mac};

	assert_open(link);
	link->calls.event(&event, link->calls.arg);
}

void fake_hostapd_answers(struct hostapd_link *link, const struct tmip_mac *mac, const char *name)
{
	struct hostapd_station station = {.mac = *mac, .authorized = true};

	assert_open(link);
	if (name)
		station.unusable = identity_make(&station.identity, IDENTITY_8021X, name,
						 strlen(name)) < 0;
	link->calls.station(mac, &station, link->calls.arg);
}

void fake_hostapd_knows_nothing(struct hostapd_link *link, const struct tmip_mac *mac)
{
	assert_open(link);
	link->calls.station(mac, NULL, link->calls.arg);
}

/* ---- the agent's side */

struct hostapd_link *hostapd_open(struct event_base *base, const char *path, const char *own,
				  const struct hostapd_calls *calls)
{
	struct hostapd_link *link = &fake_hostapds.list[fake_hostapds.count];

	assert_non_null(base);
	if (fake_hostapds.no_memory)
		return NULL;
	assert_true(fake_hostapds.count++ < FAKE_HOSTAPDS);
	memset(link, 0, sizeof(*link));
	snprintf(link->path, sizeof(link->path), "%s", path);
	snprintf(link->own, sizeof(link->own), "%s", own);
	link->calls = *calls;
	return link;
}

void hostapd_close(struct hostapd_link *link)
{
	if (!link)
		return;
	assert_open(link);
	link->closed = true;
}

bool hostapd_is_up(const struct hostapd_link *link)
{
	assert_open(link);
	return link->up;
}

int hostapd_request(struct hostapd_link *link, const struct tmip_mac *mac)
{
	assert_open(link);
	if (!link->up)
		return -ENOTCONN;
	if (link->ask_error)
		return link->ask_error;
	link->asked++;
	link->asked_about = *mac;
	return 0;
}

int hostapd_drop(struct hostapd_link *link, const struct tmip_mac *mac)
{
	assert_open(link);
	if (!link->up)
		return -ENOTCONN;
	link->dropped++;
	link->dropped_mac = *mac;
	return link->drop_error;
}
