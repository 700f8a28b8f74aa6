/* SPDX-License-Identifier: BSD-2-Clause */
/* hostapds, and the identities that they report. See authenticator.h. */
#define HASH_NONFATAL_OOM 1
#include "authenticator.h"

#include <event2/event.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "agent/station/trail.h"
#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "io/process/timer.h"
#include "io/wifi/hostapd_link.h"
#include "wifi.h"

#define KNOWN_MAX 8192
#define WAITING_MAX 64
#define WAIT_MS 1000 /* for hostapd; then the client is served without an identity */

struct authenticator {
	struct authenticators *all;
	struct config_hostapd config;
	struct hostapd_link *link;
	struct authenticator *next;
};

/* A station that is associated. */
struct known {
	struct tmip_mac mac;
	const struct authenticator *by;
	struct identity identity;  /* may be none */
	bool shared;               /* another station of this identity uses its address */
	struct tmip_addr may_have; /* nobody uses this address of the identity; or, if beside: */
	bool beside;               /* the same host does, by another MAC */
	UT_hash_handle hh;
};

/* A client's message that cannot be handled yet. */
struct waiting {
	struct authenticators *all;
	struct dhcp_request request;
	unsigned cell;
	unsigned answers;      /* of hostapds, that are still to come; 0: a check of `addr` is */
	struct tmip_addr addr;
	struct event *timer;   /* NULL: a check, which ends by itself */
	struct waiting *prev, *next;
};

struct authenticators {
	struct authenticators_setup with;
	struct authenticator *list;
	struct known *known;
	struct waiting *waiting;
	unsigned waiting_count;
	struct authenticator_counts counts;
};

static unsigned cell_of(const struct authenticator *authenticator)
{
	return wifi_cell_of(authenticator->all->with.cells,
			    if_nametoindex(authenticator->config.interface));
}

/* ---- identities */

static struct known *find(const struct authenticators *all, const struct tmip_mac *mac)
{
	struct known *known;

	HASH_FIND(hh, all->known, mac, sizeof(*mac), known);
	return known;
}

static void forget(struct authenticators *all, struct known *known)
{
	HASH_DEL(all->known, known);
	free(known);
}

/* NULL: there are too many, or no memory. */
static struct known *add(struct authenticators *all, const struct tmip_mac *mac)
{
	struct known *known = NULL;

	if (HASH_COUNT(all->known) < KNOWN_MAX)
		known = calloc(1, sizeof(*known));
	if (known) {
		known->mac = *mac;
		HASH_ADD(hh, all->known, mac, sizeof(known->mac), known);
		if (known->hh.tbl)
			return known;
		free(known);
	}
	all->counts.overflow++;
	return NULL;
}

static void log_identity(const struct authenticator *authenticator,
			 const struct hostapd_station *station)
{
	struct trail *trail = authenticator->all->with.trail;
	const char *interface = authenticator->config.interface;
	char text[IDENTITY_STRLEN];

	if (station->unusable)
		trail_log(trail, LOG_LEVEL_INFO, &station->mac,
			  "its identity at %s is longer than %zu bytes and does not count",
			  interface, (size_t)IDENTITY_NAME_MAX);
	else if (station->identity.len)
		trail_log(trail, LOG_LEVEL_INFO, &station->mac, "its identity at %s: %s", interface,
			  identity_format(&station->identity, text));
}

static void learn(struct authenticator *authenticator, const struct hostapd_station *station)
{
	struct authenticators *all = authenticator->all;
	const struct identity *identity = &station->identity;
	struct known *known = NULL;

	if (station->authorized) {
		known = find(all, &station->mac);
		known = known ? known : add(all, &station->mac);
	}
	if (!known || (known->by == authenticator &&
		       identity_equal(identity, known->identity.id, known->identity.len)))
		return;
	known->by = authenticator;
	known->identity = *identity;
	known->shared = known->beside = false;
	memset(&known->may_have, 0, sizeof(known->may_have));
	all->counts.unusable += station->unusable;
	log_identity(authenticator, station);
}

static void put_identity(const struct authenticators *all, struct dhcp_request *request)
{
	const struct known *known = find(all, &request->mac);

	memset(&request->identity, 0, sizeof(request->identity));
	if (known && !known->shared)
		request->identity = known->identity;
	request->beside = known && known->beside;
}

/* ---- messages that wait */

static struct waiting *find_waiting(const struct authenticators *all, const struct tmip_mac *mac)
{
	struct waiting *waiting;

	DL_FOREACH(all->waiting, waiting)
		if (mac_equal(&waiting->request.mac, mac))
			return waiting;
	return NULL;
}

static void end_waiting(struct waiting *waiting)
{
	struct authenticators *all = waiting->all;

	DL_DELETE(all->waiting, waiting);
	all->waiting_count--;
	if (waiting->timer)
		event_free(waiting->timer);
	free(waiting);
}

static void resume(struct waiting *waiting)
{
	struct authenticators *all = waiting->all;
	struct dhcp_request request = waiting->request;
	unsigned cell = waiting->cell;

	end_waiting(waiting);
	put_identity(all, &request);
	all->with.calls.resume(cell, &request, all->with.calls.arg);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	resume(arg);
}

/* NULL: the client repeats its message. */
static struct waiting *begin_waiting(struct authenticators *all, unsigned cell,
				     const struct dhcp_request *request)
{
	struct waiting *waiting = NULL;

	if (find_waiting(all, &request->mac))
		return NULL;
	if (all->waiting_count < WAITING_MAX)
		waiting = calloc(1, sizeof(*waiting));
	if (!waiting) {
		all->counts.overflow++;
		return NULL;
	}
	waiting->all = all;
	waiting->request = *request;
	waiting->cell = cell;
	DL_APPEND(all->waiting, waiting);
	all->waiting_count++;
	return waiting;
}

/* Asks all hostapds of the cell. Returns how many. */
static unsigned ask(const struct authenticators *all, unsigned cell, const struct tmip_mac *mac)
{
	const struct authenticator *each;
	unsigned asked = 0;

	LL_FOREACH(all->list, each)
		if (hostapd_is_up(each->link) && cell_of(each) == cell &&
		    hostapd_request(each->link, mac) == 0)
			asked++;
	return asked;
}

bool authenticators_identify(struct authenticators *all, unsigned cell,
			     struct dhcp_request *request)
{
	struct waiting *waiting;
	unsigned asked;

	if (!all->with.config->by_association)
		return true;
	put_identity(all, request);
	asked = find(all, &request->mac) ? 0 : ask(all, cell, &request->mac);
	if (!asked)
		return true;
	waiting = begin_waiting(all, cell, request);
	if (!waiting)
		return false;
	waiting->answers = asked;
	waiting->timer = evtimer_new(all->with.base, on_timeout, waiting);
	if (waiting->timer && timer_arm(waiting->timer, WAIT_MS) == 0)
		return false;
	end_waiting(waiting);
	return true;
}

/* ---- checks of addresses */

static struct waiting *find_check(const struct authenticators *all, const struct tmip_addr *addr)
{
	struct waiting *waiting;

	DL_FOREACH(all->waiting, waiting)
		if (!waiting->answers && addr_equal(&waiting->addr, addr))
			return waiting;
	return NULL;
}

static const char *describe(enum roam_holder answer)
{
	return answer == ROAM_HOLDER_MUTE ? "is not there any more" :
	       answer == ROAM_HOLDER_SAME ? "is the same host" :
					    "uses it: this one is another";
}

void authenticators_checked(struct authenticators *all, enum roam_holder answer,
			    const struct station_record *record)
{
	bool gone = answer == ROAM_HOLDER_MUTE, shared = !gone && answer != ROAM_HOLDER_SAME;
	struct waiting *waiting = find_check(all, &record->addr);
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	struct known *known;

	if (!waiting)
		return;
	known = find(all, &waiting->request.mac);
	if (known && shared)
		known->shared = true;
	else if (known)
		known->may_have = record->addr;
	if (known)
		known->beside = answer == ROAM_HOLDER_SAME;
	all->counts.taken += gone;
	all->counts.shared += shared;
	trail_log(all->with.trail, LOG_LEVEL_INFO, &waiting->request.mac,
		  "%s of the same identity %s with station %s, which %s",
		  addr_format(&record->addr, addr), gone ? "was" : "is",
		  mac_format(&record->mac, mac), describe(answer));
	resume(waiting);
}

bool authenticators_may_have(struct authenticators *all, unsigned cell,
			     const struct dhcp_request *request,
			     const struct station_record *record)
{
	const struct known *known = find(all, &request->mac);
	struct waiting *waiting;

	if (record->state != RECORD_BOUND || station_has_mac(record, &request->mac) ||
	    !identity_equal(&request->identity, record->client_id, record->client_id_len))
		return true;
	if (known && addr_equal(&known->may_have, &record->addr))
		return true;
	waiting = begin_waiting(all, cell, request);
	if (!waiting)
		return false;
	waiting->addr = record->addr;
	if (all->with.calls.check(record, &request->mac, cell, all->with.calls.arg) < 0)
		end_waiting(waiting);
	return false;
}

/* ---- what hostapd says */

static void forget_all_of(const struct authenticator *authenticator)
{
	struct authenticators *all = authenticator->all;
	struct known *known, *next;

	HASH_ITER(hh, all->known, known, next)
		if (known->by == authenticator)
			forget(all, known);
}

static void on_up(bool up, void *arg)
{
	struct authenticator *authenticator = arg;

	log_info("hostapd of %s (%s): %s", authenticator->config.interface,
		 authenticator->config.socket, up ? "connected" : "connection lost");
	if (!up)
		forget_all_of(authenticator);
}

static void on_event(const struct hostapd_event *event, void *arg)
{
	struct authenticator *authenticator = arg;
	struct authenticators *all = authenticator->all;
	struct known *known = find(all, &event->mac);

	if (known && (known->by == authenticator || event->news == HOSTAPD_CONNECTED))
		forget(all, known);
	if (event->news != HOSTAPD_CONNECTED)
		return;
	hostapd_request(authenticator->link, &event->mac);
	roam_associated(all->with.roam, &event->mac, cell_of(authenticator), "association",
			clock_ms());
}

static void on_station(const struct tmip_mac *mac, const struct hostapd_station *found, void *arg)
{
	struct authenticator *authenticator = arg;
	struct authenticators *all = authenticator->all;
	struct waiting *waiting;

	if (found)
		learn(authenticator, found);
	waiting = find_waiting(all, mac);
	if (waiting && waiting->answers && (--waiting->answers == 0 || find(all, mac)))
		resume(waiting);
}

bool authenticators_drop(struct authenticators *all, unsigned ifindex, const struct tmip_mac *mac)
{
	struct authenticator *each;

	LL_FOREACH(all->list, each)
		if (if_nametoindex(each->config.interface) == ifindex && hostapd_is_up(each->link))
			return hostapd_drop(each->link, mac) == 0;
	return false;
}

/* ---- life */

static struct hostapd_link *connect_to(struct authenticator *authenticator)
{
	const struct hostapd_calls calls = {.up = on_up, .event = on_event, .station = on_station,
					    .arg = authenticator};
	const struct agent_config *config = authenticator->all->with.config;
	const struct config_hostapd *hostapd = &authenticator->config;
	char own[CONFIG_HOSTAPD_OWN];

	agent_config_hostapd_socket(config, hostapd, own);
	if (strlen(own) < CONFIG_SOCKET_LEN)
		return hostapd_open(authenticator->all->with.base, hostapd->socket, own, &calls);
	log_error("hostapd of %s: the path of the agent's socket is too long "
		  "(directive run_dir): %s", hostapd->interface, own);
	return NULL;
}

static void open_link(struct authenticators *all, const struct config_hostapd *config)
{
	struct authenticator *authenticator = calloc(1, sizeof(*authenticator));

	if (!authenticator)
		return;
	authenticator->all = all;
	authenticator->config = *config;
	authenticator->link = connect_to(authenticator);
	if (authenticator->link)
		LL_PREPEND(all->list, authenticator);
	else
		free(authenticator);
}

static void close_link(struct authenticators *all, struct authenticator *authenticator)
{
	LL_DELETE(all->list, authenticator);
	forget_all_of(authenticator);
	hostapd_close(authenticator->link);
	free(authenticator);
}

static bool same(const struct config_hostapd *a, const struct config_hostapd *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool is_wanted(const struct agent_config *config, const struct config_hostapd *hostapd)
{
	for (unsigned i = 0; i < config->hostapd_count; i++)
		if (same(&config->hostapd[i], hostapd))
			return true;
	return false;
}

static bool is_open(const struct authenticators *all, const struct config_hostapd *hostapd)
{
	const struct authenticator *each;

	LL_FOREACH(all->list, each)
		if (same(&each->config, hostapd))
			return true;
	return false;
}

void authenticators_configure(struct authenticators *all)
{
	const struct agent_config *config = all->with.config;
	struct authenticator *each, *next;

	LL_FOREACH_SAFE(all->list, each, next)
		if (!is_wanted(config, &each->config))
			close_link(all, each);
	for (unsigned i = 0; i < config->hostapd_count; i++)
		if (!is_open(all, &config->hostapd[i]))
			open_link(all, &config->hostapd[i]);
}

struct authenticators *authenticators_create(const struct authenticators_setup *setup)
{
	struct authenticators *all = calloc(1, sizeof(*all));

	if (all)
		all->with = *setup;
	return all;
}

void authenticators_destroy(struct authenticators *all)
{
	if (!all)
		return;
	while (all->list)
		close_link(all, all->list);
	while (all->waiting)
		end_waiting(all->waiting);
	while (all->known)
		forget(all, all->known);
	free(all);
}

/* ---- for those who look */

void authenticators_count(const struct authenticators *all, struct authenticator_counts *counts)
{
	*counts = all->counts;
	counts->known = HASH_COUNT(all->known);
}

void authenticators_each(const struct authenticators *all,
			 void (*visit)(const struct config_hostapd *config, bool connected,
				       void *arg), void *arg)
{
	const struct authenticator *each;

	LL_FOREACH(all->list, each)
		visit(&each->config, hostapd_is_up(each->link), arg);
}
