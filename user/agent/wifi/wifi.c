/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stations at access points. See wifi.h. Each that is associated somewhere here has an entry, with one timer: it waits for
 * one thing at a time.
 */
#define HASH_NONFATAL_OOM 1
#include "wifi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "agent/interface/cells.h"
#include "agent/state.h"
#include "authenticator.h"
#include "io/kernel/netlink.h"
#include "io/kernel/nl80211.h"
#include "io/process/log.h"

#define ASSOCIATIONS_MAX 8192
#define CLOCK_MS 20 /* how far the kernel's idea of when a station was heard may be off */

enum waiting {
	NOTHING,
	LETTING_IN, /* it has authenticated, which proves nothing: until it is authorised */
	LEAVING,    /* it was removed: an access point that takes a station in anew removes it first, 1 to 20 ms before */
	STALE,      /* it is at another CN: until it is clear that it has not come back */
};

static const unsigned WAITS[][4] = { /* ms */
	[LETTING_IN] = {100, 300, 1000, 3000}, [LEAVING] = {50}, [STALE] = {250, 1000, 4000, 16000},
};

struct key {
	struct tmip_mac mac;
	uint8_t pad[2];
	uint32_t ifindex; /* of the access point */
};

struct association {
	struct agent *agent;
	struct key key;
	enum waiting waiting;
	unsigned tries;
	uint64_t since_ms; /* of what is waited for */
	struct event *timer;
	UT_hash_handle hh;
};

struct wifi {
	struct nl80211 *nl;
	struct event *readable;
	struct association *associations;
	uint64_t arrived, departed, dropped, overflow;
};

/* ---- the table */

static struct association *find(const struct wifi *wifi, const struct tmip_mac *mac, unsigned ifindex)
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

static struct association *add(struct agent *agent, const struct tmip_mac *mac, unsigned ifindex)
{
	struct wifi *wifi = agent->wifi;
	struct association *association = HASH_COUNT(wifi->associations) < ASSOCIATIONS_MAX ? calloc(1, sizeof(*association)) : NULL;

	if (!association) {
		wifi->overflow++;
		return NULL;
	}
	association->agent = agent;
	association->key = (struct key){.mac = *mac, .ifindex = ifindex};
	association->timer = evtimer_new(agent->base, on_timer, association);
	if (association->timer) {
		HASH_ADD(hh, wifi->associations, key, sizeof(association->key), association);
		if (association->hh.tbl)
			return association;
		event_free(association->timer);
	}
	free(association);
	wifi->overflow++;
	return NULL;
}

/* False: all its time is over. */
static bool wait_on(struct association *association)
{
	unsigned ms = association->tries < 4 ? WAITS[association->waiting][association->tries++] : 0;
	struct timeval when = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (!ms)
		return false;
	evtimer_add(association->timer, &when);
	return true;
}

static void wait_for(struct association *association, enum waiting waiting)
{
	association->waiting = waiting;
	association->tries = 0;
	association->since_ms = agent_now_ms();
	if (waiting == NOTHING)
		evtimer_del(association->timer);
	else
		wait_on(association);
}

/* ---- what the network knows of it */

unsigned wifi_cell(const struct agent *agent, unsigned ifindex)
{
	if (ifindex && cells_index(agent, ifindex) < 0)
		ifindex = netlink_get_master(ifindex);
	return cells_index(agent, ifindex) < 0 ? 0 : ifindex;
}

/* Is a station with this MAC in that cell, as far as the network knows? */
static bool is_in(const struct agent *agent, const struct tmip_mac *mac, unsigned cell)
{
	const struct replica_station *station = replica_find_mac(roam_replica(agent->roam), mac);

	for (; station; station = station->mac_next)
		if (cell && station->kernel.ifindex == cell)
			return true;
	return false;
}

static bool is_associated_in(const struct agent *agent, const struct tmip_mac *mac, unsigned cell)
{
	const struct association *other;

	for (other = agent->wifi->associations; other; other = other->hh.next)
		if (mac_equal(&other->key.mac, mac) && other->waiting != LEAVING && wifi_cell(agent, other->key.ifindex) == cell)
			return true;
	return false;
}

/* ---- what is waited for */

/* The layer-2 update, which the kernel sends for it when it is authorised, has been here before as a rule. */
static bool let_in(struct association *association)
{
	struct agent *agent = association->agent;
	unsigned cell = wifi_cell(agent, association->key.ifindex);
	struct nl80211_station station;
	int error;

	if (!cell || !replica_find_mac(roam_replica(agent->roam), &association->key.mac) || is_in(agent, &association->key.mac, cell))
		return true;
	error = nl80211_get_station(agent->wifi->nl, association->key.ifindex, &association->key.mac, &station);
	if (error || !station.authorized)
		return error != 0;
	agent->wifi->arrived++;
	roam_associated(agent->roam, &association->key.mac, cell, "association", agent_now_ms());
	agent_arm_roam(agent);
	return true;
}

static void left(struct association *association)
{
	struct agent *agent = association->agent;
	struct tmip_mac mac = association->key.mac;
	unsigned cell = wifi_cell(agent, association->key.ifindex);

	forget(agent->wifi, association);
	if (!cell || !is_in(agent, &mac, cell) || is_associated_in(agent, &mac, cell))
		return;
	agent->wifi->departed += roam_departed(agent->roam, &mac, cell);
	agent_arm_roam(agent);
}

/* Not one that has come back, or was heard since it is said to be elsewhere. True: there is no more to do. */
static bool drop_stale(struct association *association)
{
	struct agent *agent = association->agent;
	const struct key *key = &association->key;
	uint64_t gone_ms = agent_now_ms() - association->since_ms;
	struct nl80211_station station;
	char mac[MAC_STRLEN];
	int error;

	if (is_in(agent, &key->mac, wifi_cell(agent, key->ifindex)))
		return true;
	error = nl80211_get_station(agent->wifi->nl, key->ifindex, &key->mac, &station);
	if (error || station.inactive_ms + CLOCK_MS < gone_ms)
		return error != 0;
	/* hostapd first: what is removed in the kernel alone is still there for it. */
	if (!authenticator_drop(agent, key->ifindex, &key->mac))
		error = nl80211_drop_station(agent->wifi->nl, key->ifindex, &key->mac);
	agent->wifi->dropped += error == 0;
	log_info("[%s] it is at another CN: %s", mac_format(&key->mac, mac), error ? strerror(-error) : "dropped by its access point here");
	return true;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct association *association = arg;
	enum waiting waiting = association->waiting;

	(void)fd;
	(void)what;
	if (waiting == LEAVING)
		left(association);
	else if ((waiting == LETTING_IN ? let_in(association) : drop_stale(association)) || !wait_on(association))
		association->waiting = NOTHING;
}

/* ---- news */

static void on_news(const struct nl80211_station *station, void *arg)
{
	struct agent *agent = arg;
	struct association *association = find(agent->wifi, &station->mac, station->ifindex);
	char mac[MAC_STRLEN];

	log_trace("access point %u: station %s %s", station->ifindex, mac_format(&station->mac, mac),
		  station->news == NL80211_ADDED ? "added" : "removed");
	if (station->news == NL80211_REMOVED) {
		if (association)
			wait_for(association, LEAVING);
		return;
	}
	if (!association)
		association = add(agent, &station->mac, station->ifindex);
	if (association)
		wait_for(association, LETTING_IN);
}

/* Those there already. What is elsewhere by now was not seen to go. */
static void on_listed(const struct nl80211_station *station, void *arg)
{
	struct agent *agent = arg;

	if (!find(agent->wifi, &station->mac, station->ifindex))
		add(agent, &station->mac, station->ifindex);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;

	(void)fd;
	(void)what;
	if (nl80211_read(agent->wifi->nl, on_news, agent))
		return;
	/* Some were lost: those who are there now count. */
	while (agent->wifi->associations)
		forget(agent->wifi, agent->wifi->associations);
	nl80211_list(agent->wifi->nl, on_listed, agent);
}

void wifi_gone(struct agent *agent, const struct tmip_mac *mac, unsigned cell)
{
	struct association *association = agent->wifi ? agent->wifi->associations : NULL;

	for (; association; association = association->hh.next)
		if (mac_equal(&association->key.mac, mac) && association->waiting != LEAVING &&
		    wifi_cell(agent, association->key.ifindex) == cell)
			wait_for(association, STALE);
}

/* ---- life */

void wifi_start(struct agent *agent)
{
	struct wifi *wifi = agent->wifi ? NULL : calloc(1, sizeof(*wifi));
	int error;

	if (agent->wifi)
		return;
	error = wifi ? nl80211_open(&wifi->nl) : -ENOMEM;

	if (error) {
		log_debug("no news of stations at access points: %s", strerror(-error));
		free(wifi);
		return;
	}
	agent->wifi = wifi;
	wifi->readable = event_new(agent->base, nl80211_fd(wifi->nl), EV_READ | EV_PERSIST, on_readable, agent);
	if (!wifi->readable || event_add(wifi->readable, NULL) < 0) {
		wifi_stop(agent);
		return;
	}
	error = nl80211_list(wifi->nl, on_listed, agent);
	if (error)
		log_warn("the stations at access points cannot be listed: %s", strerror(-error));
}

void wifi_stop(struct agent *agent)
{
	struct wifi *wifi = agent->wifi;

	if (!wifi)
		return;
	while (wifi->associations)
		forget(wifi, wifi->associations);
	if (wifi->readable)
		event_free(wifi->readable);
	nl80211_close(wifi->nl);
	free(wifi);
	agent->wifi = NULL;
}

json_t *wifi_report(const struct agent *agent)
{
	const struct wifi *wifi = agent->wifi;

	if (!wifi)
		return json_null();
	return json_pack("{s:i, s:I, s:I, s:I, s:I}", "associated", (int)HASH_COUNT(wifi->associations), "arrived", (json_int_t)wifi->arrived,
			 "departed", (json_int_t)wifi->departed, "dropped", (json_int_t)wifi->dropped, "overflow", (json_int_t)wifi->overflow);
}
