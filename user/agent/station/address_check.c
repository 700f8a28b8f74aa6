/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of addresses that another station wants. See address_check.h. */
#include "address_check.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <tmip/event.h>
#include <utlist.h>

#include "io/datapath/datapath.h"
#include "io/process/timer.h"

#define CHECKS_MAX 128
#define CN_CHECKS_MAX 32 /* for one other CN */
#define REMOTE_MS 2500 /* for the answer of another CN */
#define KNOCK_MS 200   /* for that of its data path */
#define KNOCKS 2
#define ASKER_MS 40    /* it has just sent a message, so it hears */
#define ASKER_TRIES 4
#define SEARCH_TRY 2   /* a host may have other MACs: looks for them before it counts as mute */

#define WAIT_COUNT 6
/* Any host has answered by then, however busy, unless it sleeps for long at an access point. */
static const unsigned WAITS_MS[WAIT_COUNT] = {5, 15, 60, 120, 180, 220};
/* A station that dozes wakes up a few times a second. */
static const unsigned DOZE_MS[WAIT_COUNT] = {30, 120, 250, 300, 400, 400};

struct check {
	struct address_checks *checks;
	struct station_record record;
	/* `done` NULL: the CN that asked, and its transaction. Else, if remote: the CN asked. */
	uint32_t cn, transaction;
	bool remote;              /* another CN finds out */
	struct tunnel_probe *knock; /* that CN does not answer: is its data path there? */
	unsigned knocks;
	struct address_check_asker asker; /* ifindex 0: none */
	bool same;                /* it has the address, too */
	bool there;               /* the station is: only the asker's answer is missing */
	unsigned asked;           /* how often it was asked since */
	uint64_t heard_ms;        /* when the station was last heard before the check */
	unsigned tries;
	const unsigned *waits_ms; /* between the probes */
	address_check_done *done; /* NULL: another CN asks */
	void *arg;
	struct event *timer;
	struct check *prev, *next;
};

struct address_checks {
	struct address_check_setup with;
	struct check *list;
	unsigned count;
	uint32_t transaction; /* the last one, of the PROBEs of this CN */
};

static void end(struct check *check)
{
	DL_DELETE(check->checks->list, check);
	check->checks->count--;
	if (check->knock)
		check->checks->with.calls.end_knock(check->knock, check->checks->with.calls.arg);
	event_free(check->timer);
	free(check);
}

static void reply(const struct check *check, bool there)
{
	const struct address_check_calls *calls = &check->checks->with.calls;
	struct mlrp_message message = {.type = there ? MLRP_RETURNED : MLRP_DEPARTED,
				       .transaction = check->transaction,
				       .has = MLRP_HAS(MLRP_F_ADDR), .addr = check->record.addr};

	calls->send(check->cn, &message, calls->arg);
}

static void conclude(struct check *check, enum roam_holder answer)
{
	struct station_record record = check->record;
	address_check_done *done = check->done;
	void *arg = check->arg;

	if (!done)
		reply(check, answer == ROAM_HOLDER_THERE);
	end(check);
	if (done)
		done(answer, &record, arg);
}

static void probe_asker(struct check *check)
{
	const struct address_check_calls *calls = &check->checks->with.calls;

	if (check->asker.ifindex && !check->same)
		calls->probe_asker(&check->record.addr, &check->asker, calls->arg);
}

/* The station is there. What does that mean for the MAC that asks? */
static void found_there(struct check *check)
{
	check->there = true;
	if (check->same)
		conclude(check, ROAM_HOLDER_SAME);
	else if (!check->asker.ifindex || check->asked++ == ASKER_TRIES)
		conclude(check, ROAM_HOLDER_THERE);
	else {
		probe_asker(check);
		timer_arm(check->timer, ASKER_MS);
	}
}

static void probe_again(struct check *check)
{
	const struct address_check_calls *calls = &check->checks->with.calls;

	calls->probe(&check->record.addr, calls->arg);
	if (check->tries == SEARCH_TRY)
		roam_search(check->checks->with.roam, &check->record.addr);
	timer_arm(check->timer, check->waits_ms[check->tries++]);
}

/*
 * The next step. The station may have moved on, or come back, meanwhile. One whose packets are held
 * though it is not silent has just come back.
 */
static void go_on(struct check *check)
{
	const struct address_check_setup *with = &check->checks->with;
	const struct tmip_addr *addr = &check->record.addr;
	const struct replica_station *station = replica_find(roam_replica(with->roam), addr);

	if (!station || !station_has_mac(&station->record, &check->record.mac) ||
	    replica_silent(station)) {
		conclude(check, ROAM_HOLDER_MUTE);
	} else if (replica_current(station) != roam_self(with->roam) || station->held ||
		   datapath_heard_ms(with->dp, addr) != check->heard_ms) {
		found_there(check);
	} else if (check->tries == WAIT_COUNT) {
		roam_silent(with->roam, addr,
			    "another asks for its address, and it answers no probe");
		conclude(check, ROAM_HOLDER_MUTE);
	} else {
		probe_again(check);
	}
}

/*
 * The other CN does not answer. If its agent is away for a while only, its programs go on
 * forwarding, and the station loses nothing.
 */
static void look_for_cn(struct check *check)
{
	const struct address_check_calls *calls = &check->checks->with.calls;

	if (check->knock && calls->is_answered(check->knock, calls->arg)) {
		conclude(check, ROAM_HOLDER_UNKNOWN);
		return;
	}
	if (check->knocks < KNOCKS)
		check->knock = calls->knock(check->cn, check->knock, calls->arg);
	if (check->knock && check->knocks++ < KNOCKS)
		timer_arm(check->timer, KNOCK_MS);
	else
		conclude(check, ROAM_HOLDER_UNREACHABLE);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct check *check = arg;

	(void)fd;
	(void)what;
	if (check->there)
		found_there(check);
	else if (check->remote)
		look_for_cn(check);
	else
		go_on(check);
}

static bool dozes(const struct address_checks *checks, const struct station_record *record)
{
	const struct address_check_calls *calls = &checks->with.calls;
	const struct replica_station *station =
		replica_find(roam_replica(checks->with.roam), &record->addr);

	return station && calls->dozes(replica_mac(station), station->kernel.ifindex, calls->arg);
}

/* NULL: there are too many, or no memory. */
static struct check *add(struct address_checks *checks, const struct station_record *record)
{
	struct check *check = checks->count < CHECKS_MAX ? calloc(1, sizeof(*check)) : NULL;

	if (!check)
		return NULL;
	check->checks = checks;
	check->record = *record;
	check->waits_ms = dozes(checks, record) ? DOZE_MS : WAITS_MS;
	datapath_rearm_heard(checks->with.dp, &record->addr);
	check->heard_ms = datapath_heard_ms(checks->with.dp, &record->addr);
	check->timer = evtimer_new(checks->with.base, on_timer, check);
	if (!check->timer) {
		free(check);
		return NULL;
	}
	DL_APPEND(checks->list, check);
	checks->count++;
	return check;
}

static struct check *find_own(const struct address_checks *checks, const struct tmip_addr *addr)
{
	struct check *check;

	DL_FOREACH(checks->list, check)
		if (check->done && addr_equal(&check->record.addr, addr))
			return check;
	return NULL;
}

static void ask(struct check *check)
{
	const struct address_check_calls *calls = &check->checks->with.calls;
	struct mlrp_message message = {.type = MLRP_PROBE,
				       .has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_MAC),
				       .addr = check->record.addr, .mac = check->record.mac};

	if (!++check->checks->transaction)
		check->checks->transaction = 1;
	message.transaction = check->transaction = check->checks->transaction;
	calls->send(check->cn, &message, calls->arg);
	timer_arm(check->timer, calls->is_connected(check->cn, calls->arg) ? REMOTE_MS : 0);
}

int address_check_begin(struct address_checks *checks, const struct station_record *record,
			const struct address_check_asker *asker, address_check_done *done,
			void *arg)
{
	struct check *check;

	if (find_own(checks, &record->addr))
		return -EEXIST;
	check = add(checks, record);
	if (!check)
		return -EBUSY;
	check->done = done;
	check->arg = arg;
	check->cn = record->current;
	check->remote = record->current != roam_self(checks->with.roam);
	if (asker)
		check->asker = *asker;
	probe_asker(check);
	if (check->remote)
		ask(check);
	else
		timer_arm(check->timer, 0);
	return 0;
}

bool address_check_heard(struct address_checks *checks, const struct tmip_event *event)
{
	struct check *check = find_own(checks, &event->addr);

	if (!check || check->asker.ifindex != event->ifindex ||
	    !mac_equal(&check->asker.mac, &event->mac))
		return false;
	check->same = true;
	if (check->there)
		found_there(check);
	return true;
}

/* One question about an address is enough, and a CN that asks about many waits. */
static bool may_ask(const struct address_checks *checks, uint32_t cn, const struct tmip_addr *addr)
{
	const struct check *check;
	unsigned count = 0;

	DL_FOREACH(checks->list, check) {
		if (check->done || check->cn != cn)
			continue;
		if (addr_equal(&check->record.addr, addr))
			return false;
		count++;
	}
	return count < CN_CHECKS_MAX;
}

void address_check_probed(struct address_checks *checks, uint32_t from,
			  const struct mlrp_message *message)
{
	const struct replica *replica = roam_replica(checks->with.roam);
	const struct replica_station *station = replica_find(replica, &message->addr);
	struct check *check;

	if (!station || !may_ask(checks, from, &message->addr))
		return;
	check = add(checks, &station->record);
	if (!check)
		return;
	check->cn = from;
	check->transaction = message->transaction;
	timer_arm(check->timer, 0);
}

bool address_check_answered(struct address_checks *checks, uint32_t from,
			    const struct mlrp_message *message)
{
	struct check *check;

	if (!message->transaction ||
	    (message->type != MLRP_DEPARTED && message->type != MLRP_RETURNED))
		return false;
	DL_FOREACH(checks->list, check)
		if (check->remote && check->cn == from &&
		    check->transaction == message->transaction) {
			if (message->type == MLRP_RETURNED)
				found_there(check);
			else
				conclude(check, ROAM_HOLDER_MUTE);
			break;
		}
	return true;
}

struct address_checks *address_checks_create(const struct address_check_setup *setup)
{
	struct address_checks *checks = calloc(1, sizeof(*checks));

	if (checks)
		checks->with = *setup;
	return checks;
}

void address_checks_destroy(struct address_checks *checks)
{
	if (!checks)
		return;
	while (checks->list)
		end(checks->list);
	free(checks);
}
