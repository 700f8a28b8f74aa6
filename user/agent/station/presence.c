/* SPDX-License-Identifier: BSD-2-Clause */
/* Are the stations still there? See presence.h. */
#include "presence.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/interface/cell_table.h"
#include "core/cell/silence.h"
#include "core/config/agent_config.h"
#include "core/roam/roam.h"
#include "io/datapath/datapath.h"
#include "io/datapath/frame.h"
#include "io/process/clock.h"
#include "io/process/log.h"

#define ANSWER_MS 1000 /* for the first probe: a dozing station wakes up a few times a second */

/*
 * A host with several MACs: when the one in use is gone, another one may be there, and the host may
 * say nothing by itself. The kernel notes once a second that it has heard the host.
 */
#define HOST_IDLE_MS 250
#define HOST_ANSWER_MS 100
#define HOST_PROBES 2

/* A host that is lost is looked for after 1, 2, 4 ... s: for about two minutes. */
#define LOST_IDLE_MS 1000
#define LOST_SEARCHES 8

enum { ONE_MAC, HOST, LOST_HOST, KINDS };

struct presence {
	struct presence_setup with;
	struct silence *watched[KINDS];
	struct event *timer;
};

uint64_t presence_heard_ms(const struct presence *presence, const struct tmip_addr *addr)
{
	uint64_t heard_ms = datapath_heard_ms(presence->with.dp, addr), now_ms = clock_ms();

	return heard_ms < now_ms ? heard_ms : now_ms;
}

/* ---- probes */

/*
 * The probe asks in the name of the station's gateway at home: the station believes that gateway to
 * be on its link, and answers it.
 */
void presence_probe_in(struct presence *presence, const struct tmip_addr *addr,
		       const struct tmip_mac *mac, unsigned ifindex)
{
	const struct replica *replica = roam_replica(presence->with.roam);
	const struct cell_info *home = replica_find_cell(replica, addr, NULL);
	const struct cell *cell = cell_table_find_served(presence->with.cells, ifindex);
	int error;

	if (!home || !cell)
		return;
	error = frame_probe(cell->port, addr, mac, &home->gateway, &cell->interface.mac);
	if (error)
		log_debug("cell %s: ARP probe not sent: %s", cell->name, strerror(-error));
}

void presence_probe(struct presence *presence, const struct tmip_addr *addr)
{
	const struct replica *replica = roam_replica(presence->with.roam);
	const struct replica_station *station = replica_find(replica, addr);

	if (station)
		presence_probe_in(presence, addr, replica_mac(station), station->kernel.ifindex);
}

/* ---- silence */

static uint64_t on_heard(const struct tmip_addr *addr, void *arg)
{
	return presence_heard_ms(arg, addr);
}

static void on_probe(const struct tmip_addr *addr, void *arg)
{
	presence_probe(arg, addr);
}

static void on_silent(const struct tmip_addr *addr, unsigned probes, uint64_t heard_ms, void *arg)
{
	struct presence *presence = arg;
	char how[96];

	snprintf(how, sizeof(how), "heard %llu s ago, %u probes without an answer",
		 (unsigned long long)(clock_ms() - heard_ms) / 1000, probes);
	roam_silent(presence->with.roam, addr, how);
}

static void on_search(const struct tmip_addr *addr, void *arg)
{
	struct presence *presence = arg;

	roam_search(presence->with.roam, addr);
}

static void on_given_up(const struct tmip_addr *addr, unsigned probes, uint64_t heard_ms, void *arg)
{
	(void)addr;
	(void)probes;
	(void)heard_ms;
	(void)arg;
}

/* probe_idle 0: nobody is probed. */
static struct silence_options options_of(const struct agent_config *config, int kind)
{
	static const unsigned idle_ms[] = {[HOST] = HOST_IDLE_MS, [LOST_HOST] = LOST_IDLE_MS};
	struct silence_options options = {
		.idle_ms = config->probe_idle * 1000, .wait_ms = ANSWER_MS,
		.count = config->probe_count, .rate = config->probe_rate,
	};

	if (kind == HOST) {
		options.wait_ms = HOST_ANSWER_MS;
		options.count = HOST_PROBES;
	} else if (kind == LOST_HOST) {
		options.count = LOST_SEARCHES;
	}
	if (kind != ONE_MAC && options.idle_ms > idle_ms[kind])
		options.idle_ms = idle_ms[kind];
	return options;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct presence *presence = arg;
	unsigned count = 0;

	(void)fd;
	(void)what;
	for (int kind = 0; kind < KINDS; kind++)
		silence_tick(presence->watched[kind], clock_ms());
	for (int kind = 0; kind < KINDS; kind++)
		count += silence_count(presence->watched[kind]);
	if (!count)
		evtimer_del(presence->timer);
}

/* KINDS: it is not watched, as one with one MAC that is silent. */
static int kind_of(const struct presence *presence, const struct tmip_addr *addr,
		   const struct tmip_station *entry)
{
	const struct replica_station *station =
		replica_find(roam_replica(presence->with.roam), addr);
	bool host = station && station->record.other_count;

	if (!entry->ifindex)
		return KINDS;
	if (entry->flags & TMIP_STATION_F_SILENT)
		return host ? LOST_HOST : KINDS;
	return host ? HOST : ONE_MAC;
}

void presence_put(struct presence *presence, const struct tmip_addr *addr,
		  const struct tmip_station *entry)
{
	struct timeval period = {.tv_usec = SILENCE_TICK_MS * 1000};
	int kind = kind_of(presence, addr, entry);
	struct silence *silence = kind < KINDS ? presence->watched[kind] : NULL;

	for (int other = 0; other < KINDS; other++)
		if (other != kind)
			silence_ignore(presence->watched[other], addr);
	/* It has just arrived, or was there before: then the kernel knows when it was heard. */
	if (!silence || silence_watches(silence, addr) ||
	    silence_watch(silence, addr, clock_ms()) < 0)
		return;
	if (!evtimer_pending(presence->timer, NULL))
		event_add(presence->timer, &period);
}

void presence_remove(struct presence *presence, const struct tmip_addr *addr)
{
	for (int kind = 0; kind < KINDS; kind++)
		silence_ignore(presence->watched[kind], addr);
}

/* ---- life */

void presence_configure(struct presence *presence)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct silence_options options = options_of(presence->with.config, kind);

		silence_set_options(presence->watched[kind], &options);
	}
}

int presence_create(struct presence **out, const struct presence_setup *setup)
{
	struct presence *presence = calloc(1, sizeof(*presence));
	const struct silence_calls calls = {.heard = on_heard, .probe = on_probe,
					    .silent = on_silent, .arg = presence};
	const struct silence_calls search = {.heard = on_heard, .probe = on_search,
					     .silent = on_given_up, .arg = presence};
	bool all = true;

	*out = presence;
	if (!presence)
		return -ENOMEM;
	presence->with = *setup;
	for (int kind = 0; kind < KINDS; kind++) {
		struct silence_options options = options_of(setup->config, kind);

		presence->watched[kind] =
			silence_create(&options, kind == LOST_HOST ? &search : &calls);
		all &= presence->watched[kind] != NULL;
	}
	presence->timer = event_new(setup->base, -1, EV_PERSIST, on_timer, presence);
	return all && presence->timer ? 0 : -ENOMEM;
}

void presence_destroy(struct presence *presence)
{
	if (!presence)
		return;
	if (presence->timer)
		event_free(presence->timer);
	for (int kind = 0; kind < KINDS; kind++)
		silence_destroy(presence->watched[kind]);
	free(presence);
}
