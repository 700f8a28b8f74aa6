/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of a change to the store, and the answers that wait until it is durable there.
 *
 * A change that the store refuses needs no memory. The list `changes` has all stations in the order
 * of their last change, and `unstored` points to the first one that the store lacks: it lacks all
 * after it as well, because a refused change holds back all newer ones. CNs have a list of their
 * own; the older change of the two goes out next.
 *
 * Up to `handed` the store has every change, and the register acknowledges no number above it. A
 * station that changes again before the store has it moves to the end of the list, and its earlier
 * number is a gap: `handed` stays below it until the store has the later change (`gap`).
 */
#include "registry_internal.h"

#include <stdlib.h>
#include <string.h>

#define HAND_OVER_MAX 2000 /* changes in one call, so that the event loop is not held up */

/* ---- handing over */

static bool store_has_all(const struct registry *registry)
{
	return !registry->unstored && !registry->unstored_cns;
}

static int give_station(struct registry *registry, uint64_t number, bool urgent)
{
	struct reg_station *station = registry->unstored;
	struct station_record record = station->record;
	int error;

	if (record.state == RECORD_OFFERED)
		record.state = RECORD_FREE; /* as it was committed: offers are not stored */
	error = registry->store.put_station(&record, number, urgent, registry->store.arg);
	if (!error)
		registry->unstored = station->change_next;
	return error;
}

static int give_cn(struct registry *registry, uint64_t number)
{
	struct reg_cn *cn = registry->unstored_cns;
	int error = registry->store.put_cn(&cn->info, number, registry->store.arg);

	if (!error) {
		DL_DELETE2(registry->unstored_cns, cn, unstored_prev, unstored_next);
		cn->unstored = 0;
	}
	return error;
}

/* The number of the change, and one above all others where there is none. */
static uint64_t station_number(const struct reg_station *station)
{
	return station ? station->number : UINT64_MAX;
}

static uint64_t cn_number(const struct reg_cn *cn)
{
	return cn ? cn->unstored : UINT64_MAX;
}

static uint64_t older(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* With the oldest change that it lacks, the store has all that is older than the next one. */
static int give_next(struct registry *registry, bool urgent)
{
	const struct reg_station *station = registry->unstored;
	const struct reg_cn *cn = registry->unstored_cns;
	bool is_cn = cn_number(cn) < station_number(station);
	uint64_t given = is_cn ? cn->unstored : station->number;
	uint64_t next = is_cn ? older(cn_number(cn->unstored_next), station_number(station)) :
				older(cn_number(cn), station_number(station->change_next));
	uint64_t number = older(next - 1, registry->number);
	int error;

	if (given < registry->gap)
		number = registry->handed;
	error = is_cn ? give_cn(registry, number) : give_station(registry, number, urgent);
	if (!error)
		registry->handed = number;
	return error;
}

/* One line when an outage begins, and one when it ends. */
static void note_outcome(struct registry *registry, int error)
{
	if (error && !registry->refused) {
		registry->refused = true;
		reg_log(registry, LOG_LEVEL_ERROR,
			"the store takes no changes: %s; trying again", strerror(-error));
	} else if (!error && registry->refused && store_has_all(registry)) {
		registry->refused = false;
		reg_log(registry, LOG_LEVEL_INFO, "the store takes changes again");
	}
}

/* There are changes to hand over. 0, or the store's error. */
static int hand_over(struct registry *registry, bool urgent)
{
	int error = 0;

	for (int i = 0; i < HAND_OVER_MAX && !error && !store_has_all(registry); i++)
		error = give_next(registry, urgent || registry->refused);
	note_outcome(registry, error);
	return error;
}

void reg_store_station(struct registry *registry, struct reg_station *station, bool urgent)
{
	station->number = ++registry->number;
	if (!registry->unstored)
		registry->unstored = station;
	hand_over(registry, urgent);
}

/* A CN that waits already keeps its place: records of its stations may follow, and name it. */
void reg_store_cn(struct registry *registry, struct reg_cn *cn)
{
	cn->number = ++registry->number;
	if (!cn->unstored) {
		cn->unstored = cn->number;
		DL_APPEND2(registry->unstored_cns, cn, unstored_prev, unstored_next);
	}
	hand_over(registry, true);
}

bool reg_store_erase(struct registry *registry, const struct reg_station *station)
{
	int error;

	if (!store_has_all(registry))
		hand_over(registry, true);
	if (!store_has_all(registry))
		return false;
	error = registry->store.erase_station(&station->record, registry->number + 1,
					      registry->store.arg);
	if (!error)
		registry->handed = ++registry->number;
	note_outcome(registry, error);
	return !error;
}

void reg_store_skip(struct registry *registry, const struct reg_station *station)
{
	if (!registry->unstored || station->number < registry->unstored->number)
		return;
	registry->gap = registry->number + 1; /* its next change */
	if (registry->unstored == station)
		registry->unstored = station->change_next;
}

int registry_flush(struct registry *registry)
{
	int error = 0;

	while (!error && !store_has_all(registry))
		error = hand_over(registry, true);
	return error;
}

/* ---- answers that wait */

static void send_registered(struct registry *registry, struct registry_session *session,
			    uint32_t transaction)
{
	struct mlrp_message message = {.type = MLRP_REGISTERED, .transaction = transaction,
				       .has = MLRP_HAS(MLRP_F_CN)};
	bool first = !session->registered;

	if (!session->cn)
		return; /* replaced meanwhile */
	message.cn = session->cn->info;
	reg_send(registry, session, &message);
	session->registered = true;
	if (first)
		reg_send_cns(registry, session);
}

static void refuse_waiting(struct registry *registry, struct registry_session *session,
			   const struct reg_waiting *waiting)
{
	struct mlrp_message question = {.type = waiting->type, .transaction = waiting->transaction};
	struct registry_action close = {.type = REGISTRY_CLOSE, .session = session,
					.text = "it could not be registered: the disk failed"};

	reg_refuse(registry, session, &question, MLRP_E_STORE, NULL,
		   "the register's disk failed; see its log");
	if (waiting->type == MLRP_REGISTERED && !session->registered)
		registry->act(&close, registry->arg);
}

static void answer_waiting(struct registry *registry, struct registry_session *session,
			   const struct reg_waiting *waiting)
{
	if (waiting->type == MLRP_REGISTERED)
		send_registered(registry, session, waiting->transaction);
	else if (waiting->type == MLRP_BLOCK)
		reg_send_block(registry, session, waiting->transaction, &waiting->record);
	else
		reg_answer(registry, session, waiting->transaction, &waiting->record);
}

void reg_answer_stored(struct registry *registry, struct registry_session *session,
		       uint32_t transaction, const struct station_record *record, uint64_t number)
{
	uint8_t type = record ? MLRP_STATION : MLRP_REGISTERED;

	reg_answer_when_stored(registry, session, transaction, type, record, number);
}

void reg_answer_when_stored(struct registry *registry, struct registry_session *session,
			    uint32_t transaction, uint8_t type,
			    const struct station_record *record, uint64_t number)
{
	struct reg_waiting *waiting;

	if (type != MLRP_STATION && number <= registry->durable) {
		struct reg_waiting now = {.type = type, .transaction = transaction};

		if (record)
			now.record = *record;
		answer_waiting(registry, session, &now);
		return;
	}
	waiting = calloc(1, sizeof(*waiting));
	if (!waiting)
		return; /* no answer: the CN asks again or gives up */
	waiting->session = session;
	waiting->number = number;
	waiting->transaction = transaction;
	waiting->type = type;
	if (record)
		waiting->record = *record;
	DL_APPEND(registry->waiting, waiting);
	registry->counts.waiting++;
}

/* Ends the wait for the numbers from `first` to `last`. */
static void settle(struct registry *registry, uint64_t first, uint64_t last, bool ok)
{
	struct reg_waiting *waiting, *next;

	DL_FOREACH_SAFE(registry->waiting, waiting, next) {
		struct registry_session *session = waiting->session;

		if (waiting->number < first || waiting->number > last)
			continue; /* not in order: REGISTER may wait for an older number */
		DL_DELETE(registry->waiting, waiting);
		registry->counts.waiting--;
		if (session && ok)
			answer_waiting(registry, session, waiting);
		else if (session)
			refuse_waiting(registry, session, waiting);
		free(waiting);
	}
}

void registry_stored(struct registry *registry, uint64_t number, bool ok)
{
	if (number > registry->handed)
		number = registry->handed;
	if (ok && number > registry->durable)
		registry->durable = number;
	settle(registry, 0, number, ok);
}

/*
 * All changes get new numbers, as if they had come now and in the same order. Those who wait for
 * one wait for the last of them.
 */
void registry_store_lost(struct registry *registry)
{
	struct reg_station *station;
	struct reg_waiting *waiting;

	registry->handed = registry->durable = registry->number;
	registry->gap = 0;
	registry->unstored_cns = NULL;
	for (struct reg_cn *cn = registry->cns; cn; cn = cn->hh.next) {
		cn->number = cn->unstored = ++registry->number;
		DL_APPEND2(registry->unstored_cns, cn, unstored_prev, unstored_next);
	}
	registry->unstored = registry->changes;
	DL_FOREACH2(registry->changes, station, change_next)
		station->number = ++registry->number;
	DL_FOREACH(registry->waiting, waiting)
		waiting->number = registry->number;
	if (!store_has_all(registry))
		hand_over(registry, true);
}

bool registry_is_stored(const struct registry *registry)
{
	return store_has_all(registry) && registry->durable >= registry->handed;
}

bool reg_store_tick(struct registry *registry)
{
	if (store_has_all(registry))
		return false;
	if (hand_over(registry, true)) {
		settle(registry, registry->handed + 1, UINT64_MAX, false);
		return false;
	}
	return !store_has_all(registry);
}

uint64_t registry_last_number(const struct registry *registry)
{
	return registry->number;
}

bool registry_store_refuses(const struct registry *registry)
{
	return registry->refused;
}
