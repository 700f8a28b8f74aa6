/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register damps a station that moves back and forth too fast: it keeps the station where it is
 * for a while (the hold), so that one station cannot keep the whole network busy. A station costs a
 * counter of moves; a damped one has a note of its own. After the hold the register watches the
 * station: it grants one move, and damps the station again if it goes on at once. Two stations with
 * one MAC (twins) look like this, too; the difference is that both of their CNs go on hearing it.
 */
#include "registry_internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { PLACE_KEPT, PLACE_OTHER };

static uint64_t window_ms(const struct registry *registry)
{
	return registry->options.flap_window_s * 1000ull;
}

static struct reg_damped **list_of(struct registry *registry, const struct reg_damped *damped)
{
	return damped->watched ? &registry->watched : &registry->damped;
}

void reg_flap_forget(struct registry *registry, struct reg_station *station)
{
	struct reg_damped *damped = station->damped;

	station->moves = 0;
	if (!damped)
		return;
	registry->counts.damped -= !damped->watched;
	DL_DELETE(*list_of(registry, damped), damped);
	station->damped = NULL;
	free(damped);
}

static void log_end(struct registry *registry, const struct reg_station *station, const char *why)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN];

	reg_log(registry, LOG_LEVEL_INFO, "%s (%s) is damped no more: %s",
		addr_format(&station->record.addr, addr), mac_format(&station->record.mac, mac),
		why);
}

/* The hold is over. */
static void watch(struct registry *registry, struct reg_damped *damped, struct registry_time now)
{
	DL_DELETE(registry->damped, damped);
	registry->counts.damped--;
	damped->watched = true;
	damped->until_ms = now.ms + window_ms(registry);
	damped->station->moves = 0;
	DL_APPEND(registry->watched, damped);
	log_end(registry, damped->station, "its time is over");
}

static void settle(struct registry *registry, struct reg_damped *damped, struct registry_time now)
{
	if (damped->until_ms > now.ms)
		return;
	if (damped->watched)
		reg_flap_forget(registry, damped->station);
	else
		watch(registry, damped, now);
}

void reg_flap_tick(struct registry *registry, struct registry_time now)
{
	while (registry->damped && registry->damped->until_ms <= now.ms)
		settle(registry, registry->damped, now);
	while (registry->watched && registry->watched->until_ms <= now.ms)
		settle(registry, registry->watched, now);
}

/* ---- counting */

/* One move more. False: it is one too many. */
static bool count_move(struct registry *registry, struct reg_station *station,
		       struct registry_time now)
{
	uint32_t at = (uint32_t)now.ms; /* may wrap: only differences matter */

	if (station->damped && !station->moves) { /* the one move after the hold */
		station->window_at = at;
		station->moves = registry->options.flap_moves;
		station->damped->until_ms = now.ms + window_ms(registry);
		DL_DELETE(registry->watched, station->damped);
		DL_APPEND(registry->watched, station->damped);
		return true;
	}
	if (!station->moves || at - station->window_at >= window_ms(registry)) {
		station->window_at = at;
		station->moves = 0;
	}
	if (station->moves < UINT16_MAX)
		station->moves++;
	return station->moves <= registry->options.flap_moves;
}

static struct reg_damped *damp(struct registry *registry, struct reg_station *station,
			       uint32_t asker)
{
	struct reg_damped *damped = station->damped;

	if (damped) {
		/* The CN that it left asks for it again, right after its move was granted. */
		damped->twins |= damped->places[PLACE_KEPT] == asker &&
				 damped->places[PLACE_OTHER] == station->record.current;
		DL_DELETE(registry->watched, damped);
		damped->watched = false;
	} else {
		damped = calloc(1, sizeof(*damped));
		if (!damped)
			return NULL;
		damped->station = station;
		station->damped = damped;
	}
	DL_APPEND(registry->damped, damped);
	registry->counts.damped++;
	registry->counts.dampings++;
	return damped;
}

/* ---- refusing */

static const char *place_name(const struct registry *registry, uint32_t id)
{
	const char *name = registry_cn_name(registry, id);

	return name ? name : "nowhere";
}

static void describe_damping(const struct registry *registry, const struct reg_station *station,
			     char *why, size_t size)
{
	const struct reg_damped *damped = station->damped;

	if (damped->twins)
		snprintf(why, size,
			 "two stations seem to have this MAC: %s and %s; it is kept at %s",
			 place_name(registry, damped->places[PLACE_KEPT]),
			 place_name(registry, damped->places[PLACE_OTHER]),
			 place_name(registry, station->record.current));
	else
		snprintf(why, size, "it moved more than %u times in %u s: it is kept at %s",
			 registry->options.flap_moves, registry->options.flap_window_s,
			 place_name(registry, station->record.current));
}

static void refuse(struct registry *registry, struct registry_session *session,
		   const struct mlrp_message *question, const struct reg_station *station,
		   struct registry_time now)
{
	struct mlrp_message message = {.type = MLRP_ERROR,
				       .transaction = question->transaction,
				       .code = MLRP_E_DAMPED,
				       .station = station->record,
				       .has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT) |
					      MLRP_HAS(MLRP_F_STATION) | MLRP_HAS(MLRP_F_WAIT)};

	message.wait = (uint32_t)(station->damped->until_ms - now.ms);
	describe_damping(registry, station, message.text, sizeof(message.text));
	registry->counts.refused++;
	reg_send(registry, session, &message);
}

static void log_begin(struct registry *registry, const struct reg_station *station)
{
	char addr[ADDR_STRLEN], mac[MAC_STRLEN], why[MLRP_TEXT_LEN];

	describe_damping(registry, station, why, sizeof(why));
	reg_log(registry, LOG_LEVEL_WARN, "%s (%s) is damped for %u s: %s",
		addr_format(&station->record.addr, addr), mac_format(&station->record.mac, mac),
		registry->options.flap_hold_s, why);
}

/*
 * A station that stays at the CN that asked gets there after the hold; if yet another CN asks, the
 * station goes on flapping, and the hold begins anew.
 */
static void note_attempt(struct registry *registry, struct reg_station *station, uint32_t asker,
			 struct registry_time now)
{
	struct reg_damped *damped = station->damped;
	bool moves_on = asker != damped->places[PLACE_OTHER];

	if (!moves_on)
		return;
	damped->places[PLACE_KEPT] = station->record.current;
	damped->places[PLACE_OTHER] = asker;
	damped->until_ms = now.ms + registry->options.flap_hold_s * 1000ull;
	DL_DELETE(registry->damped, damped);
	DL_APPEND(registry->damped, damped);
}

bool reg_flap_refuses(struct registry *registry, struct registry_session *session,
		      struct reg_station *station, const struct mlrp_message *question,
		      struct registry_time now)
{
	uint32_t asker = session->cn->info.id;
	bool fresh = false;

	if (station->damped)
		settle(registry, station->damped, now);
	if (!registry->options.flap_moves) {
		reg_flap_forget(registry, station);
		return false;
	}
	if (!station->damped || station->damped->watched) {
		if (count_move(registry, station, now))
			return false;
		fresh = true;
		if (!damp(registry, station, asker))
			return false;
	}
	note_attempt(registry, station, asker, now);
	if (fresh) {
		station->damped->until_ms = now.ms + registry->options.flap_hold_s * 1000ull;
		log_begin(registry, station);
	}
	refuse(registry, session, question, station, now);
	return true;
}

void reg_flap_count(struct registry *registry, struct reg_station *station,
		    struct registry_time now)
{
	if (!registry->options.flap_moves)
		return;
	if (station->damped)
		settle(registry, station->damped, now);
	/* The hold of a station that is damped goes on. */
	if (!station->damped || station->damped->watched)
		count_move(registry, station, now);
}

/*
 * A CN that has the station asks for it only after another CN announced its move: so both go on
 * hearing it.
 */
void reg_flap_heard(struct registry *registry, struct reg_station *station,
		    struct registry_time now)
{
	struct reg_damped *damped = station->damped;

	if (!damped || damped->watched || damped->twins || damped->until_ms <= now.ms)
		return;
	damped->twins = true;
	log_begin(registry, station);
}

/* ---- commands and views */

static bool clear(struct registry *registry, struct reg_damped *list, const struct tmip_mac *mac,
		  const struct tmip_addr *addr)
{
	struct reg_damped *damped, *next;
	bool found = false;

	DL_FOREACH_SAFE(list, damped, next) {
		struct reg_station *station = damped->station;

		if (mac ? !station_has_mac(&station->record, mac) :
			  !addr_equal(&station->record.addr, addr))
			continue;
		log_end(registry, station, "by command");
		reg_flap_forget(registry, station);
		/* The new version makes the CN that waits ask again. */
		reg_commit(registry, station, NULL, false);
		found = true;
	}
	return found;
}

int registry_clear_damped(struct registry *registry, const struct tmip_mac *mac,
			  const struct tmip_addr *addr)
{
	bool damped = clear(registry, registry->damped, mac, addr),
	     watched = clear(registry, registry->watched, mac, addr);

	return damped || watched ? 0 : -1;
}

void registry_view_flap(const struct registry *registry, const struct tmip_addr *addr,
			struct registry_time now, struct registry_flap_view *view)
{
	const struct reg_station *station = reg_find(registry, addr);

	*view = (struct registry_flap_view){0};
	if (!station || !registry->options.flap_moves)
		return;
	if ((uint32_t)now.ms - station->window_at < window_ms(registry))
		view->moves = station->moves;
	if (!station->damped || station->damped->watched || station->damped->until_ms <= now.ms)
		return;
	view->damped = true;
	view->twins = station->damped->twins;
	view->left_ms = station->damped->until_ms - now.ms;
	describe_damping(registry, station, view->why, sizeof(view->why));
}
