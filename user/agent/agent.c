/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's life: start in the order in which things depend on one another, the event loop, the end. Whatever fails
 * at the start takes back what was done before it; whatever was adopted from a former agent stays as it was.
 */
#include "agent.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "actions.h"
#include "cells.h"
#include "commands.h"
#include "dhcp.h"
#include "io/daemon.h"
#include "io/log.h"
#include "io/mlrp_link.h"
#include "io/netlink.h"
#include "io/privilege.h"
#include "peers.h"
#include "state.h"
#include "status.h"

#define REFUSED_MS 30000
#define TRAIL_MACS 4096
#define STATUS_INTERVAL_MS 1000

/* ---- small things that all files of the agent use */

uint64_t agent_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

uint64_t agent_unix_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

uint32_t agent_random(uint32_t bound)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = agent_unix_us();
	return bound ? value % bound : 0;
}

void agent_describe_self(const struct agent *agent, struct mlrp_self *self)
{
	memset(self, 0, sizeof(*self));
	self->role = MLRP_ROLE_CN;
	snprintf(self->network, sizeof(self->network), "%s", agent->config.network_name);
	snprintf(self->name, sizeof(self->name), "%s", agent->config.cn_name);
	self->cn_id = roam_self(agent->roam);
	self->tunnel = agent->tunnel;
}

static struct timeval after_ms(uint64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

void agent_arm_roam(struct agent *agent)
{
	uint64_t due = roam_next_due(agent->roam), now = agent_now_ms();
	struct timeval when = after_ms(due > now ? due - now : 0);

	if (due)
		evtimer_add(agent->roam_timer, &when);
	else
		evtimer_del(agent->roam_timer);
}

void agent_changed(struct agent *agent)
{
	struct timeval when = after_ms(STATUS_INTERVAL_MS);

	if (agent->status_timer && !evtimer_pending(agent->status_timer, NULL))
		evtimer_add(agent->status_timer, &when);
}

void agent_ready(struct agent *agent)
{
	if (agent->was_ready)
		return;
	agent->was_ready = true;
	if (agent->ready)
		agent->ready(agent->ready_arg);
}

void agent_stop(struct agent *agent, bool tear_down)
{
	agent->tear_down |= tear_down;
	event_base_loopbreak(agent->base);
}
