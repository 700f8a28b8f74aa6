/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbours that are no stations. See neighbours.h. */
#include "neighbours.h"

#include <event2/event.h>
#include <stdlib.h>
#include <utlist.h>

#include "agent/interface/cell_table.h"
#include "core/roam/roam.h"
#include "io/process/timer.h"

#define WANTED_MAX 128
#define GUEST_MAX 8  /* of those, for one guest */
#define CN_MAX 32    /* for one other CN */
#define REMOTE_MS 2500 /* for the answer of another CN */

/*
 * Questions in the cell, and the wait after each. The later ones are for hosts that sleep, and for
 * those of whom the programs have told a moment ago (tmip_config.event_interval_ns).
 */
static const unsigned WAITS_MS[] = {100, 400, 700, 500};
#define WAIT_COUNT (sizeof(WAITS_MS) / sizeof(WAITS_MS[0]))

/* The transactions of these questions have this bit; those of address_check.h do not. */
#define NEIGHBOUR_TRANSACTION 0x40000000u

/* A neighbour that a guest of this CN, or another CN, wants. */
struct wanted {
	struct neighbours *neighbours;
	struct tmip_addr addr;
	uint32_t cn;           /* that asks, or, for a guest, that is asked; this CN: none */
	uint32_t transaction;  /* with that CN */
	unsigned home_ifindex; /* the cell of this CN where it asks; 0: `cn` is asked */
	struct tmip_addr guest; /* all zero: `cn` asks */
	struct tmip_mac mac;
	unsigned ifindex;      /* the guest's cell */
	unsigned waits;        /* how many have begun */
	struct event *timer;
	struct wanted *prev, *next;
};

struct neighbours {
	struct neighbours_setup with;
	struct wanted *list;
	unsigned count;
	uint32_t transaction;
};

static void end(struct wanted *wanted)
{
	DL_DELETE(wanted->neighbours->list, wanted);
	wanted->neighbours->count--;
	event_free(wanted->timer);
	free(wanted);
}

static void ask(struct wanted *wanted)
{
	const struct neighbours_calls *calls = &wanted->neighbours->with.calls;

	calls->ask(&wanted->addr, wanted->home_ifindex, calls->arg);
	timer_arm(wanted->timer, WAITS_MS[wanted->waits++]);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct wanted *wanted = arg;

	(void)fd;
	(void)what;
	if (wanted->home_ifindex && wanted->waits < WAIT_COUNT)
		ask(wanted);
	else
		end(wanted); /* nobody has it */
}

/* NULL: too many are wanted, or there is no memory. */
static struct wanted *add(struct neighbours *neighbours, const struct tmip_addr *addr)
{
	struct wanted *wanted = neighbours->count < WANTED_MAX ? calloc(1, sizeof(*wanted)) : NULL;

	if (!wanted)
		return NULL;
	wanted->neighbours = neighbours;
	wanted->addr = *addr;
	wanted->timer = evtimer_new(neighbours->with.base, on_timer, wanted);
	if (!wanted->timer) {
		free(wanted);
		return NULL;
	}
	DL_APPEND(neighbours->list, wanted);
	neighbours->count++;
	return wanted;
}

/* The neighbour is there. */
static void found(struct wanted *wanted)
{
	const struct neighbours_calls *calls = &wanted->neighbours->with.calls;
	struct mlrp_message message = {.type = MLRP_RETURNED, .transaction = wanted->transaction,
				       .has = MLRP_HAS(MLRP_F_ADDR), .addr = wanted->addr};

	if (addr_is_zero(&wanted->guest))
		calls->send(wanted->cn, &message, calls->arg);
	else
		calls->tell(&wanted->addr, wanted->ifindex, &wanted->mac, &wanted->guest,
			    calls->arg);
	end(wanted);
}

/* The cell of this CN that has the subnet; 0: it is another CN's, or is not served. */
static unsigned own_cell(const struct neighbours *neighbours, const struct cell_info *home,
			 const struct replica_cn *cn)
{
	if (cn->info.id != roam_self(neighbours->with.roam))
		return 0;
	return cell_table_find_subnet(neighbours->with.cells, &home->subnet);
}

/* ---- as the CN of the guest */

/* The address by which the guest belongs to the subnet. NULL: it has left meanwhile. */
static const struct tmip_addr *guest_address(const struct replica *replica,
					     const struct tmip_event *event,
					     const struct prefix *subnet)
{
	const struct replica_station *station = replica_find_mac(replica, &event->mac);

	for (; station; station = replica_next_mac(replica, &event->mac, station))
		if (station->kernel.ifindex == event->ifindex &&
		    prefix_contains(subnet, &station->record.addr))
			return &station->record.addr;
	return NULL;
}

/* Not twice for the same address, and a guest that asks for many waits. */
static bool may_want(const struct neighbours *neighbours, const struct tmip_event *event)
{
	const struct wanted *wanted;
	unsigned count = 0;

	DL_FOREACH(neighbours->list, wanted) {
		if (addr_is_zero(&wanted->guest) || !mac_equal(&wanted->mac, &event->mac))
			continue;
		if (addr_equal(&wanted->addr, &event->addr))
			return false;
		count++;
	}
	return count < GUEST_MAX;
}

static void ask_cn(struct wanted *wanted)
{
	const struct neighbours_calls *calls = &wanted->neighbours->with.calls;
	struct mlrp_message message = {.type = MLRP_PROBE,
				       .has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_MAC),
				       .addr = wanted->addr};

	wanted->transaction = NEIGHBOUR_TRANSACTION | wanted->neighbours->transaction++;
	message.transaction = wanted->transaction;
	calls->send(wanted->cn, &message, calls->arg);
	timer_arm(wanted->timer, REMOTE_MS);
}

void neighbours_wanted(struct neighbours *neighbours, const struct tmip_event *event)
{
	const struct replica *replica = roam_replica(neighbours->with.roam);
	const struct replica_cn *cn = NULL;
	const struct cell_info *home = replica_find_cell(replica, &event->addr, &cn);
	const struct tmip_addr *guest =
		home ? guest_address(replica, event, &home->subnet) : NULL;
	unsigned ifindex = home ? own_cell(neighbours, home, cn) : 0;
	struct wanted *wanted;

	if (!guest || !may_want(neighbours, event))
		return;
	wanted = add(neighbours, &event->addr);
	if (!wanted)
		return;
	wanted->guest = *guest;
	wanted->mac = event->mac;
	wanted->ifindex = event->ifindex;
	wanted->home_ifindex = ifindex;
	wanted->cn = cn->info.id;
	if (ifindex)
		ask(wanted);
	else
		ask_cn(wanted);
}

bool neighbours_answered(struct neighbours *neighbours, uint32_t from,
			 const struct mlrp_message *message)
{
	struct wanted *wanted;

	if (!(message->transaction & NEIGHBOUR_TRANSACTION) || message->type != MLRP_RETURNED)
		return false;
	DL_FOREACH(neighbours->list, wanted)
		if (!wanted->home_ifindex && wanted->cn == from &&
		    wanted->transaction == message->transaction) {
			found(wanted);
			break;
		}
	return true;
}

/* ---- as the CN of the subnet */

static bool may_ask(const struct neighbours *neighbours, uint32_t cn)
{
	const struct wanted *wanted;
	unsigned count = 0;

	DL_FOREACH(neighbours->list, wanted)
		count += addr_is_zero(&wanted->guest) && wanted->cn == cn;
	return count < CN_MAX;
}

void neighbours_probed(struct neighbours *neighbours, uint32_t from,
		       const struct mlrp_message *message)
{
	const struct replica_cn *cn = NULL;
	const struct cell_info *home =
		replica_find_cell(roam_replica(neighbours->with.roam), &message->addr, &cn);
	unsigned ifindex = home ? own_cell(neighbours, home, cn) : 0;
	struct wanted *wanted =
		ifindex && may_ask(neighbours, from) ? add(neighbours, &message->addr) : NULL;

	if (!wanted)
		return;
	wanted->cn = from;
	wanted->transaction = message->transaction;
	wanted->home_ifindex = ifindex;
	ask(wanted);
}

void neighbours_seen(struct neighbours *neighbours, const struct tmip_event *event)
{
	struct wanted *wanted, *next;

	DL_FOREACH_SAFE(neighbours->list, wanted, next)
		if (wanted->home_ifindex == event->ifindex &&
		    addr_equal(&wanted->addr, &event->addr))
			found(wanted);
}

/* ---- life */

struct neighbours *neighbours_create(const struct neighbours_setup *setup)
{
	struct neighbours *neighbours = calloc(1, sizeof(*neighbours));

	if (neighbours)
		neighbours->with = *setup;
	return neighbours;
}

void neighbours_destroy(struct neighbours *neighbours)
{
	if (!neighbours)
		return;
	while (neighbours->list)
		end(neighbours->list);
	free(neighbours);
}
