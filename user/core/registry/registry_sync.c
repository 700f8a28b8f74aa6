/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing a CN up to date: all records in the order of their versions, from the first one that the
 * CN does not have. They go out in slices; a record that changes meanwhile moves to the end of the
 * order and is pushed, so that the CN has everything when SYNC_END comes.
 */
#include "registry_internal.h"

/*
 * What the CN has is a version of this run, and every tombstone since then is still there. The
 * epoch alone does not show the run if the database has gone back to an older copy.
 */
static bool delta_is_enough(const struct registry *registry,
			    const struct registry_session *session, struct version has)
{
	return session->cn->synced && has.epoch == registry->version.epoch &&
	       has.seq <= registry->version.seq &&
	       version_compare(has, registry->forgotten) >= 0;
}

/* The first record that is newer. CNs miss little, so the search begins at the end. */
static struct reg_station *first_newer(const struct registry *registry, struct version than)
{
	struct reg_station *last = registry->changes ? registry->changes->change_prev : NULL,
			   *found = NULL;

	while (last && version_compare(last->record.version, than) > 0) {
		found = last;
		last = last == registry->changes ? NULL : last->change_prev;
	}
	return found;
}

void reg_sync_begin(struct registry *registry, struct registry_session *session,
		    const struct mlrp_message *message)
{
	bool delta = delta_is_enough(registry, session, message->version);
	struct mlrp_message start = {.type = MLRP_SYNC_START,
				     .transaction = message->transaction,
				     .full = !delta,
				     .has = MLRP_HAS(MLRP_F_FULL) | MLRP_HAS(MLRP_F_VERSION)};

	reg_restore_seen(registry, session, message->version);
	start.version = registry->version;
	reg_sync_end(registry, session);
	reg_send(registry, session, &start);
	session->syncing = true;
	session->sync_transaction = message->transaction;
	session->sync_until = registry->version;
	session->sync_at = delta ? first_newer(registry, message->version) : registry->changes;
	DL_APPEND2(registry->syncing, session, sync_prev, sync_next);
	registry->counts.deltas += delta;
	registry->counts.snapshots += !delta;
	reg_log(registry, LOG_LEVEL_INFO, "CN %s is brought up to date by a %s", session->name,
		delta ? "delta" : "snapshot");
}

void reg_sync_end(struct registry *registry, struct registry_session *session)
{
	if (!session->syncing)
		return;
	session->syncing = false;
	session->sync_at = NULL;
	DL_DELETE2(registry->syncing, session, sync_prev, sync_next);
}

void reg_sync_skip(struct registry *registry, const struct reg_station *station)
{
	struct registry_session *session;

	DL_FOREACH2(registry->syncing, session, sync_next)
		if (session->sync_at == station)
			session->sync_at = station->change_next;
}

/*
 * An offer, or a block, lies over the tombstone of the address's former use: the CN may not have
 * heard of its end yet.
 */
static void send_record(struct registry *registry, struct registry_session *session,
			const struct station_record *record)
{
	struct mlrp_message message = {
		.type = MLRP_STATION, .has = MLRP_HAS(MLRP_F_STATION), .station = *record};

	if (record->state == RECORD_OFFERED || record->state == RECORD_IN_BLOCK)
		message.station.state = RECORD_FREE;
	reg_send(registry, session, &message);
}

bool registry_sync_continue(struct registry *registry, struct registry_session *session,
			    unsigned count)
{
	struct mlrp_message end = {.type = MLRP_SYNC_END,
				   .has = MLRP_HAS(MLRP_F_VERSION),
				   .transaction = session->sync_transaction};

	if (!session->syncing)
		return false;
	while (session->sync_at &&
	       version_compare(session->sync_at->record.version, session->sync_until) <= 0) {
		struct reg_station *station = session->sync_at;

		if (!count--)
			return true;
		session->sync_at = station->change_next;
		send_record(registry, session, &station->record);
	}
	end.version = registry->version;
	if (session->cn) /* not replaced meanwhile */
		session->cn->synced = true;
	reg_sync_end(registry, session);
	reg_send(registry, session, &end);
	return false;
}

bool registry_session_syncing(const struct registry_session *session)
{
	return session->syncing;
}
