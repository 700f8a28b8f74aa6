/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stations at access points. See wifi.h. Each station that is associated somewhere here has an
 * entry with one timer: an entry waits for one thing at a time.
 */
#define HASH_NONFATAL_OOM 1
#include "wifi.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "agent/interface/cell_table.h"
#include "core/roam/roam.h"
#include "io/kernel/netlink.h"
#include "io/kernel/nl80211.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "io/process/timer.h"

#define ASSOCIATIONS_MAX 8192
#define CLOCK_MS 20 /* how far the kernel's idea of when it heard a station may be off */
#define TRIES 4

enum waiting {
	NOTHING,
	LETTING_IN, /* authenticated, which proves nothing: until the station is authorised */
	LEAVING,    /* removed, as 1 to 20 ms before an access point lets a station in anew */
	STALE,      /* at another CN: until it is clear that the station has not come back */
};

/* Milliseconds before each look; 0: there is no further one. */
static const unsigned WAITS_MS[][TRIES] = {
	[LETTING_IN] = {100, 300, 1000, 3000},
	[LEAVING] = {50},
	[STALE] = {250, 1000, 4000, 16000},
};

struct key {
	struct tmip_mac mac;
	uint8_t pad[2];
	uint32_t ifindex; /* of the access point */
};

struct association {
	struct wifi *wifi;
	struct key key;
	enum waiting waiting;
	unsigned tries;
	uint64_t since_ms; /* when the waiting began */
	struct event *timer;
	UT_hash_handle hh;
};

struct wifi {
	struct wifi_setup with;
	struct nl80211 *nl;
	struct event *readable;
	struct association *associations;
	struct wifi_counts counts;
};

/* ---- the table */

static struct association *find(const struct wifi *wifi, const struct tmip_mac *mac,
				unsigned ifindex)
{
	struct key key = {.mac = *mac, .ifindex = ifindex};
	struct association *found;

	HASH_FIND(hh, wifi->associations, &key, sizeof(key), found);
	return found;
}

static void forget(struct wifi *wifi, struct association *association)
{
	HASH_DEL(wifi->associations, association);
	event_free(association->timer);
	free(association);
}

static void on_timer(evutil_socket_t fd, short what, void *arg);

/* NULL: no memory. */
static struct association *make(struct wifi *wifi, const struct tmip_mac *mac, unsigned ifindex)
{
	struct association *association = calloc(1, sizeof(*association));

	if (!association)
		return NULL;
	association->wifi = wifi;
	association->key = (struct key){.mac = *mac, .ifindex = ifindex};
	association->timer = evtimer_new(wifi->with.base, on_timer, association);
	if (association->timer) {
		HASH_ADD(hh, wifi->associations, key, sizeof(association->key), association);
		if (association->hh.tbl)
			return association;
		event_free(association->timer);
	}
	free(association);
	return NULL;
}

static struct association *add(struct wifi *wifi, const struct tmip_mac *mac, unsigned ifindex)
{
	struct association *association = NULL;

	if (HASH_COUNT(wifi->associations) < ASSOCIATIONS_MAX)
		association = make(wifi, mac, ifindex);
	if (!association)
		wifi->counts.overflow++;
	return association;
}

/* Waits for the next look. False: there is no further one. */
static bool wait_again(struct association *association)
{
	unsigned ms = 0;

	if (association->tries < TRIES)
		ms = WAITS_MS[association->waiting][association->tries++];
	if (!ms)
		return false;
	timer_arm(association->timer, ms);
	return true;
}

static void wait_for(struct association *association, enum waiting waiting)
{
	association->waiting = waiting;
	association->tries = 0;
	association->since_ms = clock_ms();
	wait_again(association);
}

/* ---- what the network knows of a station */

unsigned wifi_cell_of(const struct cell_table *cells, unsigned ifindex)
{
	if (ifindex && !cell_table_find(cells, ifindex))
		ifindex = netlink_get_master(ifindex);
	return cell_table_find(cells, ifindex) ? ifindex : 0;
}

static unsigned cell_of(const struct association *association)
{
	return wifi_cell_of(association->wifi->with.cells, association->key.ifindex);
}

static const struct replica_station *find_mac(const struct wifi *wifi, const struct tmip_mac *mac)
{
	return replica_find_mac(roam_replica(wifi->with.roam), mac);
}

/* Is a station with this MAC in that cell, as far as the network knows? */
static bool is_in(const struct wifi *wifi, const struct tmip_mac *mac, unsigned cell)
{
	const struct replica_station *station = find_mac(wifi, mac);

	for (; station; station = replica_next_mac(roam_replica(wifi->with.roam), mac, station))
		if (cell && station->kernel.ifindex == cell)
			return true;
	return false;
}

/* Is this association one of the MAC, in that cell, and not about to end? */
static bool is_of(const struct association *association, const struct tmip_mac *mac, unsigned cell)
{
	return mac_equal(&association->key.mac, mac) && association->waiting != LEAVING &&
	       cell_of(association) == cell;
}

bool wifi_associated(const struct wifi *wifi, const struct tmip_mac *mac, unsigned cell)
{
	const struct association *each;

	for (each = wifi->associations; each; each = each->hh.next)
		if (is_of(each, mac, cell))
			return true;
	return false;
}

/* ---- the looks: each returns whether there is no more to do */

/*
 * As a rule the layer-2 update, which the kernel sends when it authorises the station, has done
 * this before.
 */
static bool let_in(struct association *association)
{
	struct wifi *wifi = association->wifi;
	const struct key *key = &association->key;
	unsigned cell = cell_of(association);
	struct nl80211_station station;
	int error;

	if (!cell || !find_mac(wifi, &key->mac) || is_in(wifi, &key->mac, cell))
		return true;
	error = nl80211_get_station(wifi->nl, key->ifindex, &key->mac, &station);
	if (error || !station.authorized)
		return error != 0;
	wifi->counts.arrived++;
	roam_associated(wifi->with.roam, &key->mac, cell, "association", clock_ms());
	return true;
}

/* Frees the association. */
static void leave(struct association *association)
{
	struct wifi *wifi = association->wifi;
	struct tmip_mac mac = association->key.mac;
	unsigned cell = cell_of(association);

	forget(wifi, association);
	if (cell && is_in(wifi, &mac, cell) && !wifi_associated(wifi, &mac, cell))
		wifi->counts.departed += roam_departed(wifi->with.roam, &mac, cell);
}

/* hostapd first: a station that only the kernel has removed is still there for hostapd. */
static int drop(struct wifi *wifi, const struct key *key)
{
	const struct wifi_calls *calls = &wifi->with.calls;

	if (calls->drop(key->ifindex, &key->mac, calls->arg))
		return 0;
	return nl80211_drop_station(wifi->nl, key->ifindex, &key->mac);
}

/* A station that has come back, or was heard since it moved, stays. */
static bool drop_stale(struct association *association)
{
	struct wifi *wifi = association->wifi;
	const struct key *key = &association->key;
	uint64_t gone_ms = clock_ms() - association->since_ms;
	struct nl80211_station station;
	char mac[MAC_STRLEN];
	int error;

	if (is_in(wifi, &key->mac, cell_of(association)))
		return true;
	error = nl80211_get_station(wifi->nl, key->ifindex, &key->mac, &station);
	if (error || station.inactive_ms + CLOCK_MS < gone_ms)
		return error != 0;
	error = drop(wifi, key);
	wifi->counts.dropped += error == 0;
	log_info("[%s] it is at another CN: %s", mac_format(&key->mac, mac),
		 error ? strerror(-error) : "dropped by its access point here");
	return true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct association *association = arg;
	bool done;

	(void)fd;
	(void)what;
	if (association->waiting == LEAVING) {
		leave(association);
		return;
	}
	done = association->waiting == LETTING_IN ? let_in(association) : drop_stale(association);
	if (done || !wait_again(association))
		association->waiting = NOTHING;
}

/* ---- news of the kernel */

static void on_news(const struct nl80211_station *station, void *arg)
{
	struct wifi *wifi = arg;
	struct association *association = find(wifi, &station->mac, station->ifindex);
	bool added = station->news == NL80211_ADDED;
	char mac[MAC_STRLEN];

	log_trace("access point %u: station %s %s", station->ifindex,
		  mac_format(&station->mac, mac), added ? "added" : "removed");
	if (added && !association)
		association = add(wifi, &station->mac, station->ifindex);
	if (association)
		wait_for(association, station->news == NL80211_REMOVED ? LEAVING : LETTING_IN);
}

/* Stations that are there already. Those that are elsewhere by now were not seen to leave. */
static void on_listed(const struct nl80211_station *station, void *arg)
{
	struct wifi *wifi = arg;

	if (!find(wifi, &station->mac, station->ifindex))
		add(wifi, &station->mac, station->ifindex);
}

/* When news were lost, the stations that are there now count. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct wifi *wifi = arg;

	(void)fd;
	(void)what;
	if (nl80211_read(wifi->nl, on_news, wifi))
		return;
	while (wifi->associations)
		forget(wifi, wifi->associations);
	nl80211_list(wifi->nl, on_listed, wifi);
}

void wifi_gone(struct wifi *wifi, const struct tmip_mac *mac, unsigned cell)
{
	struct association *each;

	for (each = wifi->associations; each; each = each->hh.next)
		if (is_of(each, mac, cell))
			wait_for(each, STALE);
}

/* ---- life */

static int start(struct wifi *wifi)
{
	int error = nl80211_open(&wifi->nl);

	if (error) {
		log_debug("no news of stations at access points: %s", strerror(-error));
		return error;
	}
	wifi->readable = event_new(wifi->with.base, nl80211_fd(wifi->nl), EV_READ | EV_PERSIST,
				   on_readable, wifi);
	if (!wifi->readable || event_add(wifi->readable, NULL) < 0)
		return -ENOMEM;
	error = nl80211_list(wifi->nl, on_listed, wifi);
	if (error)
		log_warn("the stations at access points cannot be listed: %s", strerror(-error));
	return 0;
}

struct wifi *wifi_create(const struct wifi_setup *setup)
{
	struct wifi *wifi = calloc(1, sizeof(*wifi));

	if (!wifi)
		return NULL;
	wifi->with = *setup;
	if (start(wifi) == 0)
		return wifi;
	wifi_destroy(wifi);
	return NULL;
}

void wifi_destroy(struct wifi *wifi)
{
	if (!wifi)
		return;
	while (wifi->associations)
		forget(wifi, wifi->associations);
	if (wifi->readable)
		event_free(wifi->readable);
	nl80211_close(wifi->nl);
	free(wifi);
}

void wifi_count(const struct wifi *wifi, struct wifi_counts *counts)
{
	*counts = wifi->counts;
	counts->associated = HASH_COUNT(wifi->associations);
}
