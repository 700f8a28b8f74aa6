/* SPDX-License-Identifier: BSD-2-Clause */
/* Stations whose address is asked for. See holder.h. */
#include "address_check.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "agent/network/peers.h"
#include "agent/state.h"
#include "presence.h"

#define CHECKS_MAX 128
#define REMOTE_MS 2500

/* The data path notes in which second it heard a station: the last question is asked in the next one. */
static const unsigned WAITS_MS[] = {150, 250, 300, 400, 400};

struct holder {
	struct agent *agent;
	struct station_record record;
	uint32_t cn, transaction; /* whose question it is, or (transaction of this CN) who is asked */
	bool remote;              /* another CN finds it out */
	uint64_t heard_ms;        /* as it was noted when it was asked for */
	unsigned tries;
	holder_done *done;        /* NULL: the question is of another CN */
	void *arg;
	struct event *timer;
	struct holder *prev, *next;
};

static void end(struct holder *holder)
{
	DL_DELETE(holder->agent->holders, holder);
	event_free(holder->timer);
	free(holder);
}

static void answer(struct holder *holder, bool there)
{
	struct mlrp_message message = {.type = there ? MLRP_RETURNED : MLRP_DEPARTED, .transaction = holder->transaction,
				       .has = MLRP_HAS(MLRP_F_ADDR), .addr = holder->record.addr};

	peers_send(holder->agent, holder->cn, &message);
}

static void conclude(struct holder *holder, bool there)
{
	struct station_record record = holder->record;
	holder_done *done = holder->done;
	void *arg = holder->arg;

	if (!done)
		answer(holder, there);
	end(holder);
	if (done)
		done(there, &record, arg);
}

static void wait_ms(struct holder *holder, unsigned ms)
{
	struct timeval when = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(holder->timer, &when);
}

/* It may have moved on, or come back, meanwhile. */
static void probe(struct holder *holder)
{
	struct agent *agent = holder->agent;
	const struct replica_station *station = replica_find(roam_replica(agent->roam), &holder->record.addr);

	if (!station || !mac_equal(&station->record.mac, &holder->record.mac) || replica_silent(station)) {
		conclude(holder, false);
	} else if (replica_current(station) != roam_self(agent->roam) || datapath_heard_ms(agent->dp, &holder->record.addr) != holder->heard_ms) {
		conclude(holder, true);
	} else if (holder->tries == sizeof(WAITS_MS) / sizeof(WAITS_MS[0])) {
		roam_silent(agent->roam, &holder->record.addr, "its identity asks for its address elsewhere, and it answers no probe");
		agent_arm_roam(agent);
		conclude(holder, false);
	} else {
		presence_probe(agent, &holder->record.addr);
		wait_ms(holder, WAITS_MS[holder->tries++]);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct holder *holder = arg;

	(void)fd;
	(void)what;
	if (holder->remote)
		conclude(holder, true);
	else
		probe(holder);
}

static struct holder *begin(struct agent *agent, const struct station_record *record)
{
	struct holder *holder;
	unsigned count;

	DL_COUNT(agent->holders, holder, count);
	holder = count < CHECKS_MAX ? calloc(1, sizeof(*holder)) : NULL;
	if (!holder)
		return NULL;
	holder->agent = agent;
	holder->record = *record;
	holder->heard_ms = datapath_heard_ms(agent->dp, &record->addr);
	holder->timer = evtimer_new(agent->base, on_timer, holder);
	if (!holder->timer) {
		free(holder);
		return NULL;
	}
	DL_APPEND(agent->holders, holder);
	return holder;
}

static struct holder *find_own(const struct agent *agent, const struct tmip_addr *addr)
{
	struct holder *holder;

	DL_FOREACH(agent->holders, holder)
		if (holder->done && addr_equal(&holder->record.addr, addr))
			return holder;
	return NULL;
}

int holder_ask(struct agent *agent, const struct station_record *record, holder_done *done, void *arg)
{
	static uint32_t transaction;
	struct mlrp_message message = {.type = MLRP_PROBE, .has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_MAC), .addr = record->addr,
				       .mac = record->mac};
	struct holder *holder = find_own(agent, &record->addr) ? NULL : begin(agent, record);

	if (!holder)
		return -EBUSY;
	holder->done = done;
	holder->arg = arg;
	holder->cn = record->current;
	holder->remote = record->current != roam_self(agent->roam);
	if (!holder->remote) {
		wait_ms(holder, 0);
		return 0;
	}
	message.transaction = holder->transaction = ++transaction ? transaction : ++transaction;
	peers_send(agent, holder->cn, &message);
	wait_ms(holder, peers_connected(agent, holder->cn) ? REMOTE_MS : 0);
	return 0;
}

void holder_probed(struct agent *agent, uint32_t from, const struct mlrp_message *message)
{
	const struct replica_station *station = replica_find(roam_replica(agent->roam), &message->addr);
	struct holder *holder = station ? begin(agent, &station->record) : NULL;

	if (!holder)
		return;
	holder->cn = from;
	holder->transaction = message->transaction;
	wait_ms(holder, 0);
}

bool holder_answered(struct agent *agent, uint32_t from, const struct mlrp_message *message)
{
	struct holder *holder;

	if (!message->transaction || (message->type != MLRP_DEPARTED && message->type != MLRP_RETURNED))
		return false;
	DL_FOREACH(agent->holders, holder)
		if (holder->remote && holder->cn == from && holder->transaction == message->transaction) {
			conclude(holder, message->type == MLRP_RETURNED);
			break;
		}
	return true;
}

void holder_stop(struct agent *agent)
{
	while (agent->holders)
		end(agent->holders);
}
