/* SPDX-License-Identifier: BSD-2-Clause */
/* Are the stations still there? See presence.h. */
#include "presence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/interface/cells.h"
#include "agent/state.h"
#include "core/cell/silence.h"
#include "io/datapath/frame.h"
#include "io/process/log.h"

#define ANSWER_MS 1000 /* for the first probe: a dozing station wakes up a few times a second */

struct presence {
	struct silence *silence;
	struct event *timer;
};

uint64_t presence_heard_ms(const struct agent *agent, const struct tmip_addr *addr)
{
	uint64_t heard_ms = datapath_heard_ms(agent->dp, addr), now_ms = agent_now_ms();

	return heard_ms < now_ms ? heard_ms : now_ms;
}

static uint64_t on_heard(const struct tmip_addr *addr, void *arg)
{
	return presence_heard_ms(arg, addr);
}

/* Its neighbours at home are behind this CN, and so is its gateway there: that is who asks. */
void presence_ask(struct agent *agent, const struct tmip_addr *addr, const struct tmip_mac *mac, unsigned ifindex)
{
	const struct cell_info *home = replica_find_cell(roam_replica(agent->roam), addr, NULL);
	struct cell_view cell;
	int error;

	if (!home || !cells_find(agent, ifindex, &cell))
		return;
	error = frame_ask(cell.port, addr, mac, &home->gateway, &cell.mac);
	if (error)
		log_debug("cell %s: ARP probe not sent: %s", cell.name, strerror(-error));
}

void presence_probe(struct agent *agent, const struct tmip_addr *addr)
{
	const struct replica_station *station = replica_find(roam_replica(agent->roam), addr);

	if (station)
		presence_ask(agent, addr, &station->record.mac, station->kernel.ifindex);
}

static void on_probe(const struct tmip_addr *addr, void *arg)
{
	presence_probe(arg, addr);
}

static void on_silent(const struct tmip_addr *addr, unsigned probes, uint64_t heard_ms, void *arg)
{
	struct agent *agent = arg;
	char how[96];

	snprintf(how, sizeof(how), "heard %llu s ago, %u probes without an answer", (unsigned long long)(agent_now_ms() - heard_ms) / 1000, probes);
	roam_silent(agent->roam, addr, how);
}

static struct silence_options options_of(const struct agent_config *config)
{
	return (struct silence_options){
		.idle_ms = config->probe_idle * 1000, .wait_ms = ANSWER_MS, .count = config->probe_count, .rate = config->probe_rate,
	};
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;
	struct presence *presence = agent->presence;

	(void)fd;
	(void)what;
	silence_tick(presence->silence, agent_now_ms());
	if (!silence_count(presence->silence))
		evtimer_del(presence->timer);
}

void presence_put(struct agent *agent, const struct tmip_addr *addr, const struct tmip_station *entry)
{
	struct presence *presence = agent->presence;
	struct timeval period = {.tv_usec = SILENCE_TICK_MS * 1000};
	bool watch = entry->ifindex && !(entry->flags & TMIP_STATION_F_SILENT);

	if (!watch) {
		silence_ignore(presence->silence, addr);
		return;
	}
	/* It has just arrived, or was there all the time: then only the kernel knows when it was heard. */
	if (silence_watches(presence->silence, addr) || silence_watch(presence->silence, addr, agent_now_ms()) < 0)
		return;
	if (!evtimer_pending(presence->timer, NULL))
		event_add(presence->timer, &period);
}

void presence_remove(struct agent *agent, const struct tmip_addr *addr)
{
	silence_ignore(agent->presence->silence, addr);
}

void presence_configure(struct agent *agent)
{
	struct silence_options options = options_of(&agent->config);

	silence_set_options(agent->presence->silence, &options);
}

int presence_start(struct agent *agent)
{
	const struct silence_calls calls = {.heard = on_heard, .probe = on_probe, .silent = on_silent, .arg = agent};
	struct silence_options options = options_of(&agent->config);
	struct presence *presence = calloc(1, sizeof(*presence));

	if (!presence)
		return -ENOMEM;
	agent->presence = presence;
	presence->silence = silence_create(&options, &calls);
	presence->timer = event_new(agent->base, -1, EV_PERSIST, on_timer, agent);
	return presence->silence && presence->timer ? 0 : -ENOMEM;
}

void presence_stop(struct agent *agent)
{
	struct presence *presence = agent->presence;

	if (!presence)
		return;
	if (presence->timer)
		event_free(presence->timer);
	silence_destroy(presence->silence);
	free(presence);
	agent->presence = NULL;
}
