/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients with one client identifier on two MACs. See twins.h. */
#define HASH_NONFATAL_OOM 1
#include "twins.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#include "agent/station/trail.h"
#include "core/dhcp/dhcp.h"
#include "core/roam/roam.h"
#include "io/process/clock.h"

#define VERDICTS_MAX 4096
#define VERDICT_MS 30000 /* a client has its address by then, and its record says the rest */
#define WAITING_MAX 256

/* What was found out about a client. */
struct verdict {
	struct {
		struct tmip_mac mac;
		struct owner owner; /* all bytes behind its length are zero */
	} key;
	bool twin;
	bool beside;               /* its host uses this address by another MAC; else: */
	struct tmip_addr may_have; /* nobody uses this address; zero: none was found */
	uint64_t ms;
	UT_hash_handle hh;         /* oldest first */
};

/* A message that waits for a check of that address. */
struct waiting {
	struct dhcp_request request;
	struct tmip_addr addr;
	unsigned cell;
	struct waiting *prev, *next;
};

struct twins {
	struct twins_setup with;
	struct verdict *verdicts;
	struct waiting *waiting;
	unsigned waiting_count;
	struct twins_counts counts;
};

/* ---- verdicts */

static void forget(struct twins *twins, struct verdict *verdict)
{
	HASH_DEL(twins->verdicts, verdict);
	free(verdict);
}

static void forget_old(struct twins *twins)
{
	uint64_t now_ms = clock_ms();

	while (twins->verdicts && (now_ms - twins->verdicts->ms > VERDICT_MS ||
				   HASH_COUNT(twins->verdicts) >= VERDICTS_MAX))
		forget(twins, twins->verdicts);
}

static struct verdict *find(struct twins *twins, const struct tmip_mac *mac,
			    const struct owner *owner)
{
	struct verdict wanted = {.key = {.mac = *mac, .owner = *owner}}, *found;

	HASH_FIND(hh, twins->verdicts, &wanted.key, sizeof(wanted.key), found);
	return found && clock_ms() - found->ms <= VERDICT_MS ? found : NULL;
}

/* NULL: no memory. */
static struct verdict *renew(struct twins *twins, const struct tmip_mac *mac,
			     const struct owner *owner)
{
	struct verdict *verdict = find(twins, mac, owner);

	if (verdict)
		forget(twins, verdict);
	forget_old(twins);
	verdict = calloc(1, sizeof(*verdict));
	if (!verdict)
		return NULL;
	verdict->key.mac = *mac;
	verdict->key.owner = *owner;
	verdict->ms = clock_ms();
	HASH_ADD(hh, twins->verdicts, key, sizeof(verdict->key), verdict);
	if (verdict->hh.tbl)
		return verdict;
	free(verdict);
	return NULL;
}

/* ---- twins */

/* The owner that the identifier in the message stands for. False: it has none, or an identity. */
static bool identifier_of(const struct dhcp_request *request, struct owner *owner)
{
	struct dhcp_request plain = *request;

	plain.twin = false;
	dhcp_owner(&plain, owner);
	return !request->identity.len && !owner_is_mac(&request->mac, owner->id, owner->len);
}

static bool has_record(const struct twins *twins, const struct tmip_mac *mac,
		       const struct owner *owner)
{
	const struct replica_station *s = replica_find_mac(roam_replica(twins->with.roam), mac);

	while (s && (s->record.state != RECORD_BOUND ||
		     !owner_is(owner, mac, mac, s->record.client_id, s->record.client_id_len)))
		s = replica_next_mac(roam_replica(twins->with.roam), mac, s);
	return s;
}

void twins_mark(struct twins *twins, struct dhcp_request *request)
{
	const struct verdict *verdict;
	struct owner owner, twin;

	request->twin = false; /* and `beside` is as the association says */
	if (!identifier_of(request, &owner))
		return;
	verdict = find(twins, &request->mac, &owner);
	owner_make_twin(&twin, &owner, &request->mac);
	request->twin = (verdict && verdict->twin) || has_record(twins, &request->mac, &twin);
	request->beside = verdict && verdict->beside;
}

/* ---- checks */

static struct waiting *find_waiting(const struct twins *twins, const struct tmip_mac *mac,
				    const struct tmip_addr *addr)
{
	struct waiting *waiting;

	DL_FOREACH(twins->waiting, waiting)
		if (mac ? mac_equal(&waiting->request.mac, mac) :
			  addr_equal(&waiting->addr, addr))
			return waiting;
	return NULL;
}

static void end(struct twins *twins, struct waiting *waiting)
{
	DL_DELETE(twins->waiting, waiting);
	twins->waiting_count--;
	free(waiting);
}

/* NULL: an earlier message of the client waits already, or there is no room. */
static struct waiting *wait_for_check(struct twins *twins, unsigned cell,
				      const struct dhcp_request *request,
				      const struct tmip_addr *addr)
{
	struct waiting *waiting = NULL;

	if (find_waiting(twins, &request->mac, NULL))
		return NULL;
	if (twins->waiting_count < WAITING_MAX)
		waiting = calloc(1, sizeof(*waiting));
	twins->counts.overflow += !waiting;
	if (!waiting)
		return NULL;
	waiting->request = *request;
	waiting->addr = *addr;
	waiting->cell = cell;
	DL_APPEND(twins->waiting, waiting);
	twins->waiting_count++;
	return waiting;
}

bool twins_may_have(struct twins *twins, unsigned cell, const struct dhcp_request *request,
		    const struct station_record *record)
{
	const struct verdict *verdict;
	struct waiting *waiting;
	struct owner owner;

	if (record->state != RECORD_BOUND || station_has_mac(record, &request->mac) ||
	    request->twin || !identifier_of(request, &owner) ||
	    !owner_is(&owner, &request->mac, &record->mac, record->client_id,
		      record->client_id_len))
		return true;
	verdict = find(twins, &request->mac, &owner);
	if (verdict && addr_equal(&verdict->may_have, &record->addr))
		return true;
	waiting = wait_for_check(twins, cell, request, &record->addr);
	if (waiting &&
	    twins->with.calls.check(record, &request->mac, cell, twins->with.calls.arg) < 0)
		end(twins, waiting);
	return false;
}

static const char *describe(enum roam_holder answer)
{
	return answer == ROAM_HOLDER_MUTE ? "is not there any more" :
	       answer == ROAM_HOLDER_SAME ? "is the same host" :
					    "uses it: this one is another";
}

static void conclude(struct twins *twins, struct waiting *waiting, enum roam_holder answer,
		     const struct station_record *record)
{
	bool gone = answer == ROAM_HOLDER_MUTE, twin = !gone && answer != ROAM_HOLDER_SAME;
	struct dhcp_request request = waiting->request;
	unsigned cell = waiting->cell;
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];
	struct verdict *verdict;
	struct owner owner;

	end(twins, waiting);
	identifier_of(&request, &owner);
	verdict = renew(twins, &request.mac, &owner);
	if (!verdict)
		return; /* the client repeats its message */
	verdict->twin = twin;
	verdict->beside = answer == ROAM_HOLDER_SAME;
	if (!twin)
		verdict->may_have = record->addr;
	twins->counts.taken += gone;
	twins->counts.twins += twin;
	trail_log(twins->with.trail, LOG_LEVEL_INFO, &request.mac,
		  "%s of the same client identifier %s with station %s, which %s",
		  addr_format(&record->addr, addr), gone ? "was" : "is",
		  mac_format(&record->mac, mac), describe(answer));
	twins->with.calls.resume(cell, &request, twins->with.calls.arg);
}

void twins_checked(struct twins *twins, enum roam_holder answer,
		   const struct station_record *record)
{
	struct waiting *waiting;

	while ((waiting = find_waiting(twins, NULL, &record->addr)))
		conclude(twins, waiting, answer, record);
}

/* ---- life */

struct twins *twins_create(const struct twins_setup *setup)
{
	struct twins *twins = calloc(1, sizeof(*twins));

	if (twins)
		twins->with = *setup;
	return twins;
}

void twins_destroy(struct twins *twins)
{
	if (!twins)
		return;
	while (twins->waiting)
		end(twins, twins->waiting);
	while (twins->verdicts)
		forget(twins, twins->verdicts);
	free(twins);
}

void twins_count(const struct twins *twins, struct twins_counts *counts)
{
	*counts = twins->counts;
}
