/* SPDX-License-Identifier: BSD-2-Clause */
/* hostapds and the identities that they tell. See authenticator.h. */
#define HASH_NONFATAL_OOM 1
#include "authenticator.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "agent/dhcp/dhcp.h"
#include "agent/state.h"
#include "agent/station/address_check.h"
#include "io/process/log.h"
#include "io/wifi/hostapd_link.h"
#include "wifi.h"

#define KNOWN_MAX 8192
#define WAITING_MAX 64
#define WAIT_MS 1000 /* for hostapd; then the client is served without an identity */

struct authenticator {
	struct agent *agent;
	struct config_hostapd config;
	struct hostapd_link *link;
	struct authenticator *next;
};

/* A station that is associated. */
struct known {
	struct tmip_mac mac;
	const struct authenticator *by;
	struct identity identity;  /* may be none */
	bool shared;               /* another station with this identity has its address and uses it */
	struct tmip_addr may_take; /* nobody uses this address of the identity */
	UT_hash_handle hh;
};

/* A client's message that cannot be answered yet. */
struct waiting {
	struct agent *agent;
	struct dhcp_request request;
	unsigned cell;
	unsigned answers;          /* of hostapds that are still to come; 0: it waits for news of the holder of `addr` */
	struct tmip_addr addr;
	struct event *timer;       /* NULL as above */
	struct waiting *prev, *next;
};

struct authenticators {
	struct authenticator *list;
	struct known *known;
	struct waiting *waiting;
	unsigned waiting_count;
	uint64_t unusable, overflow, taken, shared;
};

static unsigned cell_of(const struct authenticator *authenticator)
{
	return wifi_cell(authenticator->agent, if_nametoindex(authenticator->config.interface));
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

static struct known *ensure(struct authenticators *all, const struct tmip_mac *mac)
{
	struct known *known = find(all, mac);

	if (known)
		return known;
	known = HASH_COUNT(all->known) < KNOWN_MAX ? calloc(1, sizeof(*known)) : NULL;
	if (known) {
		known->mac = *mac;
		HASH_ADD(hh, all->known, mac, sizeof(known->mac), known);
		if (known->hh.tbl)
			return known;
		free(known);
	}
	all->overflow++;
	return NULL;
}

static void learn(struct authenticator *authenticator, const struct hostapd_station *station)
{
	struct agent *agent = authenticator->agent;
	struct authenticators *all = agent->authenticators;
	struct known *known = station->authorized ? ensure(all, &station->mac) : NULL;
	char text[IDENTITY_STRLEN];

	if (!known || (known->by == authenticator && identity_equal(&station->identity, known->identity.id, known->identity.len)))
		return;
	known->by = authenticator;
	known->identity = station->identity;
	known->shared = false;
	memset(&known->may_take, 0, sizeof(known->may_take));
	all->unusable += station->unusable;
	if (station->unusable)
		agent_log(agent, LOG_LEVEL_INFO, &station->mac, "its identity at %s is longer than %zu bytes and does not count",
			   authenticator->config.interface, (size_t)IDENTITY_NAME_MAX);
	else if (station->identity.len)
		agent_log(agent, LOG_LEVEL_INFO, &station->mac, "its identity at %s: %s", authenticator->config.interface,
			   identity_format(&station->identity, text));
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
	struct authenticators *all = waiting->agent->authenticators;

	DL_DELETE(all->waiting, waiting);
	all->waiting_count--;
	if (waiting->timer)
		event_free(waiting->timer);
	free(waiting);
}

static void put_identity(const struct authenticators *all, struct dhcp_request *request)
{
	const struct known *known = find(all, &request->mac);

	memset(&request->identity, 0, sizeof(request->identity));
	if (known && !known->shared)
		request->identity = known->identity;
}

static void serve(struct waiting *waiting)
{
	struct agent *agent = waiting->agent;
	struct dhcp_request request = waiting->request;
	unsigned cell = waiting->cell;

	end_waiting(waiting);
	put_identity(agent->authenticators, &request);
	dhcp_serve(agent, cell, &request);
}

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	serve(arg);
}

/* NULL: the client repeats its message. */
static struct waiting *begin_waiting(struct agent *agent, unsigned cell, const struct dhcp_request *request)
{
	struct authenticators *all = agent->authenticators;
	struct waiting *waiting = NULL;

	if (find_waiting(all, &request->mac))
		return NULL;
	if (all->waiting_count < WAITING_MAX)
		waiting = calloc(1, sizeof(*waiting));
	if (!waiting) {
		all->overflow++;
		return NULL;
	}
	waiting->agent = agent;
	waiting->request = *request;
	waiting->cell = cell;
	DL_APPEND(all->waiting, waiting);
	all->waiting_count++;
	return waiting;
}

static unsigned ask(const struct authenticators *all, unsigned cell, const struct tmip_mac *mac)
{
	const struct authenticator *each;
	unsigned asked = 0;

	LL_FOREACH(all->list, each)
		if (hostapd_is_up(each->link) && cell_of(each) == cell && hostapd_ask(each->link, mac) == 0)
			asked++;
	return asked;
}

bool authenticator_identify(struct agent *agent, unsigned cell, struct dhcp_request *request)
{
	struct timeval patience = {.tv_sec = WAIT_MS / 1000};
	struct authenticators *all = agent->authenticators;
	struct waiting *waiting;
	unsigned asked;

	if (!all || !agent->config.by_association)
		return true;
	put_identity(all, request);
	asked = find(all, &request->mac) ? 0 : ask(all, cell, &request->mac);
	if (!asked)
		return true;
	waiting = begin_waiting(agent, cell, request);
	if (!waiting)
		return false;
	waiting->answers = asked;
	waiting->timer = evtimer_new(agent->base, on_patience, waiting);
	if (waiting->timer && event_add(waiting->timer, &patience) == 0)
		return false;
	end_waiting(waiting);
	return true;
}

static struct waiting *find_taker(const struct authenticators *all, const struct tmip_addr *addr)
{
	struct waiting *waiting;

	DL_FOREACH(all->waiting, waiting)
		if (!waiting->answers && addr_equal(&waiting->addr, addr))
			return waiting;
	return NULL;
}

static void on_holder(bool there, const struct station_record *record, void *arg)
{
	struct agent *agent = arg;
	struct authenticators *all = agent->authenticators;
	struct waiting *waiting = all ? find_taker(all, &record->addr) : NULL;
	struct known *known;
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	if (!waiting)
		return;
	known = find(all, &waiting->request.mac);
	if (known && there)
		known->shared = true;
	else if (known)
		known->may_take = record->addr;
	all->taken += !there;
	all->shared += there;
	agent_log(agent, LOG_LEVEL_INFO, &waiting->request.mac,
		   there ? "%s of the same identity is with station %s, which uses it: this one is another" :
		   "%s of the same identity was with station %s, which is not there any more", addr_format(&record->addr, addr),
		   mac_format(&record->mac, mac));
	serve(waiting);
}

bool authenticator_may_take(struct agent *agent, unsigned cell, const struct dhcp_request *request, const struct station_record *record)
{
	const struct known *known;
	struct waiting *waiting;

	if (!agent->authenticators || record->state != RECORD_BOUND || mac_equal(&record->mac, &request->mac) ||
	    !identity_equal(&request->identity, record->client_id, record->client_id_len))
		return true;
	known = find(agent->authenticators, &request->mac);
	if (known && addr_equal(&known->may_take, &record->addr))
		return true;
	waiting = begin_waiting(agent, cell, request);
	if (!waiting)
		return false;
	waiting->addr = record->addr;
	if (holder_ask(agent, record, on_holder, agent) < 0)
		end_waiting(waiting);
	return false;
}

/* ---- what hostapd says */

static void forget_all_of(const struct authenticator *authenticator)
{
	struct authenticators *all = authenticator->agent->authenticators;
	struct known *known, *next;

	HASH_ITER(hh, all->known, known, next)
		if (known->by == authenticator)
			forget(all, known);
}

static void on_up(bool up, void *arg)
{
	struct authenticator *authenticator = arg;

	log_info("hostapd of %s (%s): %s", authenticator->config.interface, authenticator->config.socket, up ? "connected" : "connection lost");
	if (!up)
		forget_all_of(authenticator);
}

static void on_event(const struct hostapd_event *event, void *arg)
{
	struct authenticator *authenticator = arg;
	struct agent *agent = authenticator->agent;
	struct known *known = find(agent->authenticators, &event->mac);

	if (known && (known->by == authenticator || event->news == HOSTAPD_CONNECTED))
		forget(agent->authenticators, known);
	if (event->news != HOSTAPD_CONNECTED)
		return;
	hostapd_ask(authenticator->link, &event->mac);
	roam_associated(agent->roam, &event->mac, cell_of(authenticator), "association", agent_now_ms());
	agent_arm_roam(agent);
}

static void on_station(const struct tmip_mac *mac, const struct hostapd_station *found, void *arg)
{
	struct authenticator *authenticator = arg;
	struct authenticators *all = authenticator->agent->authenticators;
	struct waiting *waiting;

	if (found)
		learn(authenticator, found);
	waiting = find_waiting(all, mac);
	if (waiting && waiting->answers && (--waiting->answers == 0 || find(all, mac)))
		serve(waiting);
}

bool authenticator_drop(struct agent *agent, unsigned ifindex, const struct tmip_mac *mac)
{
	struct authenticator *each;

	if (agent->authenticators)
		LL_FOREACH(agent->authenticators->list, each)
			if (if_nametoindex(each->config.interface) == ifindex && hostapd_is_up(each->link))
				return hostapd_drop(each->link, mac) == 0;
	return false;
}

/* ---- life */

static void open_link(struct agent *agent, const struct config_hostapd *config)
{
	struct authenticator *authenticator = calloc(1, sizeof(*authenticator));
	const struct hostapd_calls calls = {.up = on_up, .event = on_event, .station = on_station, .arg = authenticator};
	char own[CONFIG_PATH_LEN + NAME_LEN + 64];

	if (!authenticator)
		return;
	authenticator->agent = agent;
	authenticator->config = *config;
	snprintf(own, sizeof(own), "%s/%s.%s.hostapd", agent->config.run_dir, agent->config.network_name, config->interface);
	if (strlen(own) >= CONFIG_SOCKET_LEN)
		log_error("hostapd of %s: the path of the agent's socket is too long (directive run_dir): %s", config->interface, own);
	else
		authenticator->link = hostapd_open(agent->base, config->socket, own, &calls);
	if (authenticator->link)
		LL_PREPEND(agent->authenticators->list, authenticator);
	else
		free(authenticator);
}

static void close_link(struct agent *agent, struct authenticator *authenticator)
{
	LL_DELETE(agent->authenticators->list, authenticator);
	forget_all_of(authenticator);
	hostapd_close(authenticator->link);
	free(authenticator);
}

static bool is_wanted(const struct agent_config *config, const struct config_hostapd *hostapd)
{
	for (unsigned i = 0; i < config->hostapd_count; i++)
		if (memcmp(&config->hostapd[i], hostapd, sizeof(*hostapd)) == 0)
			return true;
	return false;
}

static bool is_open(const struct authenticators *all, const struct config_hostapd *hostapd)
{
	const struct authenticator *each;

	LL_FOREACH(all->list, each)
		if (memcmp(&each->config, hostapd, sizeof(*hostapd)) == 0)
			return true;
	return false;
}

void authenticators_configure(struct agent *agent)
{
	struct authenticator *each, *next;

	if (!agent->authenticators)
		agent->authenticators = calloc(1, sizeof(*agent->authenticators));
	if (!agent->authenticators)
		return;
	LL_FOREACH_SAFE(agent->authenticators->list, each, next)
		if (!is_wanted(&agent->config, &each->config))
			close_link(agent, each);
	for (unsigned i = 0; i < agent->config.hostapd_count; i++)
		if (!is_open(agent->authenticators, &agent->config.hostapd[i]))
			open_link(agent, &agent->config.hostapd[i]);
}

void authenticators_stop(struct agent *agent)
{
	struct authenticators *all = agent->authenticators;

	if (!all)
		return;
	while (all->list)
		close_link(agent, all->list);
	while (all->waiting)
		end_waiting(all->waiting);
	while (all->known)
		forget(all, all->known);
	free(all);
	agent->authenticators = NULL;
}

json_t *authenticators_report(const struct agent *agent)
{
	const struct authenticators *all = agent->authenticators;
	const struct authenticator *each;
	json_t *list = json_array();

	if (!all)
		return list;
	LL_FOREACH(all->list, each)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "interface", each->config.interface, "socket", each->config.socket, "state",
						      hostapd_is_up(each->link) ? "connected" : "not connected"));
	return json_pack("{s:o, s:i, s:I, s:I, s:I, s:I}", "links", list, "known", (int)HASH_COUNT(all->known), "unusable", (json_int_t)all->unusable,
			 "overflow", (json_int_t)all->overflow, "taken", (json_int_t)all->taken, "shared", (json_int_t)all->shared);
}
