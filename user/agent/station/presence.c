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

struct presence {
	struct presence_setup with;
	struct silence *silence; /* stations with one MAC */
	struct silence *hosts;   /* those with several */
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

static struct silence_options options_of(const struct agent_config *config)
{
	return (struct silence_options){
		.idle_ms = config->probe_idle * 1000, .wait_ms = ANSWER_MS,
		.count = config->probe_count, .rate = config->probe_rate,
	};
}

/* probe_idle 0: nobody is probed. */
static struct silence_options host_options_of(const struct agent_config *config)
{
	struct silence_options options = options_of(config);

	options.wait_ms = HOST_ANSWER_MS;
	options.count = HOST_PROBES;
	if (options.idle_ms > HOST_IDLE_MS)
		options.idle_ms = HOST_IDLE_MS;
	return options;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct presence *presence = arg;

	(void)fd;
	(void)what;
	silence_tick(presence->silence, clock_ms());
	silence_tick(presence->hosts, clock_ms());
	if (!silence_count(presence->silence) && !silence_count(presence->hosts))
		evtimer_del(presence->timer);
}

void presence_put(struct presence *presence, const struct tmip_addr *addr,
		  const struct tmip_station *entry)
{
	struct timeval period = {.tv_usec = SILENCE_TICK_MS * 1000};
	const struct replica_station *station =
		replica_find(roam_replica(presence->with.roam), addr);
	bool watch = entry->ifindex && !(entry->flags & TMIP_STATION_F_SILENT);
	bool host = station && station->record.other_count;
	struct silence *silence = host ? presence->hosts : presence->silence;

	silence_ignore(host ? presence->silence : presence->hosts, addr);
	if (!watch) {
		silence_ignore(silence, addr);
		return;
	}
	/* It has just arrived, or was there before: then the kernel knows when it was heard. */
	if (silence_watches(silence, addr) || silence_watch(silence, addr, clock_ms()) < 0)
		return;
	if (!evtimer_pending(presence->timer, NULL))
		event_add(presence->timer, &period);
}

void presence_remove(struct presence *presence, const struct tmip_addr *addr)
{
	silence_ignore(presence->silence, addr);
	silence_ignore(presence->hosts, addr);
}

/* ---- life */

void presence_configure(struct presence *presence)
{
	struct silence_options options = options_of(presence->with.config);

	silence_set_options(presence->silence, &options);
	options = host_options_of(presence->with.config);
	silence_set_options(presence->hosts, &options);
}

int presence_create(struct presence **out, const struct presence_setup *setup)
{
	struct silence_options options = options_of(setup->config);
	struct presence *presence = calloc(1, sizeof(*presence));
	const struct silence_calls calls = {.heard = on_heard, .probe = on_probe,
					    .silent = on_silent, .arg = presence};

	*out = presence;
	if (!presence)
		return -ENOMEM;
	presence->with = *setup;
	presence->silence = silence_create(&options, &calls);
	options = host_options_of(setup->config);
	presence->hosts = silence_create(&options, &calls);
	presence->timer = event_new(setup->base, -1, EV_PERSIST, on_timer, presence);
	return presence->silence && presence->hosts && presence->timer ? 0 : -ENOMEM;
}

void presence_destroy(struct presence *presence)
{
	if (!presence)
		return;
	if (presence->timer)
		event_free(presence->timer);
	silence_destroy(presence->silence);
	silence_destroy(presence->hosts);
	free(presence);
}
