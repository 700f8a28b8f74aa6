/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CNs: REGISTER with its checks, their numbers, forgetting one. A CN's number stays with its
 * name for ever, also after the register forgot the CN, because records and logs may name it.
 */
#include "registry_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/config.h"

#define POOL_MAX (1u << 24)
#define CN_ID_MAX (1u << 24) /* of a number that a CN brings */

struct reg_cn *reg_find_cn(const struct registry *registry, uint32_t id)
{
	struct reg_cn *cn;

	HASH_FIND(hh, registry->cns, &id, sizeof(id), cn);
	return cn;
}

struct reg_cn *reg_find_cn_name(const struct registry *registry, const char *name)
{
	struct reg_cn *cn;

	HASH_FIND(hh_name, registry->cns_by_name, name, strlen(name), cn);
	return cn;
}

static struct reg_cn *add_cn(struct registry *registry, uint32_t id, const char *name)
{
	struct reg_cn *cn = calloc(1, sizeof(*cn));

	if (!cn)
		return NULL;
	cn->info.id = id;
	snprintf(cn->info.name, sizeof(cn->info.name), "%s", name);
	HASH_ADD(hh, registry->cns, info.id, sizeof(cn->info.id), cn);
	if (cn->hh.tbl) {
		HASH_ADD_KEYPTR(hh_name, registry->cns_by_name, cn->info.name,
				strlen(cn->info.name), cn);
		if (cn->hh_name.tbl) {
			if (id > registry->last_cn_id)
				registry->last_cn_id = id;
			return cn;
		}
		HASH_DELETE(hh, registry->cns, cn);
	}
	free(cn);
	return NULL;
}

bool reg_name_cn(struct registry *registry, struct reg_cn *cn, const char *name)
{
	char before[NAME_LEN];

	memcpy(before, cn->info.name, sizeof(before));
	HASH_DELETE(hh_name, registry->cns_by_name, cn);
	snprintf(cn->info.name, sizeof(cn->info.name), "%s", name);
	HASH_ADD_KEYPTR(hh_name, registry->cns_by_name, cn->info.name, strlen(cn->info.name), cn);
	if (cn->hh_name.tbl)
		return true;
	memcpy(cn->info.name, before, sizeof(before));
	HASH_ADD_KEYPTR(hh_name, registry->cns_by_name, cn->info.name, strlen(cn->info.name), cn);
	return false;
}

static void remove_cn(struct registry *registry, struct reg_cn *cn)
{
	HASH_DELETE(hh, registry->cns, cn);
	HASH_DELETE(hh_name, registry->cns_by_name, cn);
	free(cn);
}

void reg_free_cns(struct registry *registry)
{
	struct reg_cn *cn, *next;

	HASH_ITER(hh, registry->cns, cn, next)
		remove_cn(registry, cn);
}

int registry_load_cn(struct registry *registry, const struct cn_info *info)
{
	bool twice = reg_find_cn(registry, info->id) || reg_find_cn_name(registry, info->name);
	struct reg_cn *cn = twice ? NULL : add_cn(registry, info->id, info->name);

	if (!cn)
		return -ENOMEM;
	cn->info = *info;
	registry->counts.cns += !info->gone;
	return 0;
}

/* ---- checks of a description */

/* Says why, and returns `result`. */
__attribute__((format(printf, 4, 5)))
static int explain(int result, char *why, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return result;
}

static bool cell_is_sound(const struct cell_info *cell)
{
	const struct prefix *subnet = &cell->subnet;
	bool pool = !addr_is_zero(&cell->pool_first) || !addr_is_zero(&cell->pool_last);

	if (!addr_is_ipv4(&subnet->addr) || subnet->len < 8 || subnet->len > 32 ||
	    !prefix_contains(subnet, &cell->gateway))
		return false;
	if (!pool)
		return true;
	return prefix_contains(subnet, &cell->pool_first) &&
	       prefix_contains(subnet, &cell->pool_last) &&
	       addr_compare(&cell->pool_first, &cell->pool_last) <= 0 &&
	       addr_to_ipv4(&cell->pool_last) - addr_to_ipv4(&cell->pool_first) < POOL_MAX;
}

static bool cells_are_sound(const struct cn_info *info, char *why, size_t size)
{
	char text[ADDR_STRLEN];

	for (int i = 0; i < info->cell_count; i++) {
		const struct prefix *subnet = &info->cells[i].subnet;

		addr_format(&subnet->addr, text);
		if (!cell_is_sound(&info->cells[i]))
			return explain(false, why, size,
				       "subnet, gateway and pool of its cell %s/%u "
				       "do not fit together", text, subnet->len);
		for (int k = 0; k < i; k++)
			if (prefix_overlaps(subnet, &info->cells[k].subnet))
				return explain(false, why, size, "two of its cells overlap at %s",
					       text);
	}
	return true;
}

static bool is_sound(const struct cn_info *info, char *why, size_t size)
{
	if (!config_is_name(info->name))
		return explain(false, why, size,
			       "its name is no name of letters, digits, '.', '-' and '_'");
	if (!addr_is_ipv4(&info->tunnel) || !addr_to_ipv4(&info->tunnel))
		return explain(false, why, size, "it has no tunnel address");
	if (!info->port)
		return explain(false, why, size, "it names no port for MLRP");
	return cells_are_sound(info, why, size);
}

/* What the operator needs to know of a CN that is in the way. */
static const char *absence(const struct reg_cn *cn)
{
	return cn->session ? "" : ", which is not connected";
}

/* The cell of `info` that overlaps one of the CN; NULL: none does, but for one that moves. */
static const struct prefix *find_overlap(const struct registry *registry,
					 const struct cn_info *info, const struct reg_cn *cn,
					 char *why, size_t size)
{
	const struct cn_info *other = &cn->info;
	char ours[ADDR_STRLEN], theirs[ADDR_STRLEN], here[ADDR_STRLEN], there[ADDR_STRLEN];

	for (int i = 0; i < info->cell_count; i++)
		for (int k = 0; k < other->cell_count; k++) {
			const struct prefix *a = &info->cells[i].subnet,
					    *b = &other->cells[k].subnet;

			if (!prefix_overlaps(a, b) ||
			    reg_change_grants(registry, info, &info->cells[i], cn))
				continue;
			snprintf(why, size, "its cell %s/%u (tunnel %s) overlaps %s/%u of CN %s "
				 "(tunnel %s)%s",
				 addr_format(&a->addr, ours), a->len,
				 addr_format(&info->tunnel, here), addr_format(&b->addr, theirs),
				 b->len, other->name, addr_format(&other->tunnel, there),
				 absence(cn));
			return a;
		}
	return NULL;
}

/* *subnet: of the cell that collides; NULL: something else does. */
static bool collides(const struct registry *registry, const struct cn_info *info,
		     const struct prefix **subnet, char *why, size_t size)
{
	char text[ADDR_STRLEN];

	*subnet = NULL;

	for (const struct reg_cn *cn = registry->cns; cn; cn = cn->hh.next) {
		if (cn->info.gone || strcmp(cn->info.name, info->name) == 0)
			continue;
		if (addr_equal(&cn->info.tunnel, &info->tunnel)) {
			snprintf(why, size, "its tunnel address %s is that of CN %s%s",
				 addr_format(&info->tunnel, text), cn->info.name, absence(cn));
			return true;
		}
		*subnet = find_overlap(registry, info, cn, why, size);
		if (*subnet)
			return true;
	}
	return false;
}

/* ---- REGISTER */

static bool dns_equal(const struct cell_info *a, const struct cell_info *b)
{
	return a->dns_count == b->dns_count &&
	       memcmp(a->dns, b->dns, a->dns_count * sizeof(a->dns[0])) == 0;
}

static bool same_description(const struct cn_info *a, const struct cn_info *b)
{
	bool same = !a->gone && !b->gone && addr_equal(&a->tunnel, &b->tunnel) &&
		    a->port == b->port && a->cell_count == b->cell_count;

	for (int i = 0; same && i < a->cell_count; i++) {
		const struct cell_info *x = &a->cells[i], *y = &b->cells[i];

		same = prefix_equal(&x->subnet, &y->subnet) &&
		       addr_equal(&x->gateway, &y->gateway) &&
		       addr_equal(&x->pool_first, &y->pool_first) &&
		       addr_equal(&x->pool_last, &y->pool_last) && dns_equal(x, y);
	}
	return same;
}

/* Records of a subnet that went to another CN have a new parent. */
static void adopt_records(struct registry *registry)
{
	struct version until = registry->version;
	struct reg_station *station = registry->changes, *next;

	for (; station && version_compare(station->record.version, until) <= 0; station = next) {
		const struct reg_cell *cell = reg_find_cell(registry, &station->record.addr);

		next = station->change_next;
		if (!cell || station->record.parent == cell->cn->info.id)
			continue;
		reg_set_parent(registry, station, cell->cn->info.id);
		if (station->record.state != RECORD_OFFERED)
			reg_commit(registry, station, NULL, false);
	}
}

int reg_change_cn(struct registry *registry, struct reg_cn *cn, const struct cn_info *info)
{
	struct cn_info before = cn->info, wanted = *info;
	struct mlrp_message message = {.type = MLRP_CN, .has = MLRP_HAS(MLRP_F_CN)};
	struct registry_action push = {
		.type = REGISTRY_PUSH, .session = cn->session, .message = &message};

	memcpy(wanted.name, before.name, sizeof(wanted.name)); /* the key of a table */
	cn->info = wanted;
	cn->info.id = before.id;
	if (reg_rebuild_cells(registry) < 0) {
		cn->info = before;
		return -ENOMEM;
	}
	reg_store_cn(registry, cn);
	message.cn = cn->info;
	registry->act(&push, registry->arg);
	adopt_records(registry);
	reg_change_withdraw(registry, cn, &before);
	return 0;
}

static void replace_session(struct registry *registry, struct reg_cn *cn,
			    struct registry_session *session)
{
	struct registry_action action = {.type = REGISTRY_CLOSE, .session = cn->session,
					 .text = "replaced by a newer connection of this CN"};
	struct mlrp_message reason = {.type = MLRP_ERROR, .code = MLRP_E_REFUSED,
				      .has = MLRP_HAS(MLRP_F_CODE) | MLRP_HAS(MLRP_F_TEXT)};

	if (!cn->session || cn->session == session)
		return;
	reg_log(registry, LOG_LEVEL_WARN,
		"CN %s at %s registers again from %s: the older connection ends", cn->info.name,
		cn->session->peer, session->peer);
	snprintf(reason.text, sizeof(reason.text), "mute for too long: its name is now that of "
		 "another agent, from %s", session->peer);
	if (session->instance != cn->session->instance)
		reg_send(registry, cn->session, &reason);
	cn->session->cn = NULL;
	cn->session->registered = false;
	cn->session = NULL;
	registry->counts.connected--;
	registry->act(&action, registry->arg);
}

/* ---- REGISTER, from its checks to the answer */

/*
 * A CN that the database has lost keeps its number, unless another one has got it meanwhile:
 * records name CNs by it.
 */
static struct reg_cn *new_cn(struct registry *registry, const struct cn_info *info)
{
	uint32_t id = registry->last_cn_id + 1;

	if (registry->counts.cns >= registry->options.cns_max)
		return NULL;
	if (info->id && info->id <= CN_ID_MAX && !reg_find_cn(registry, info->id))
		id = info->id;
	return add_cn(registry, id, info->name);
}

static void join(struct registry *registry, struct registry_session *session, struct reg_cn *cn)
{
	snprintf(session->name, sizeof(session->name), "%s", cn->info.name);
	if (session->cn == cn)
		return;
	session->cn = cn;
	cn->session = session;
	cn->instance = session->instance;
	cn->seen = true;
	cn->away_ms = 0;
	registry->counts.connected++;
	reg_list_cells(registry, cn);
}

void reg_admit(struct registry *registry, struct registry_session *session,
	       const struct mlrp_message *message)
{
	const struct cn_info *info = &message->cn;
	struct reg_cn *cn = reg_find_cn_name(registry, info->name), *fresh = NULL;
	bool changed = !cn || !same_description(&cn->info, info), back = cn && !cn->info.gone;
	bool repeated = cn && cn->session == session && !changed;
	const struct prefix *subnet;
	char why[MLRP_TEXT_LEN];

	reg_rival_withdraw(registry, session);
	if (changed && collides(registry, info, &subnet, why, sizeof(why))) {
		reg_refuse_cell(registry, session, message, subnet, why);
		return;
	}
	if (!cn)
		cn = fresh = new_cn(registry, info);
	if (!cn || (!back && registry->counts.cns >= registry->options.cns_max)) {
		registry->counts.full++;
		reg_refuse_cn(registry, session, message, MLRP_E_FULL,
			      "the register's table of CNs is full (cns_max)", 0);
		return;
	}
	replace_session(registry, cn, session);
	if (changed && (reg_change_take(registry, info) < 0 ||
			reg_change_cn(registry, cn, info) < 0)) {
		if (fresh)
			remove_cn(registry, fresh);
		reg_refuse_cn(registry, session, message, MLRP_E_FULL,
			      "the register has no memory", 0);
		return;
	}
	registry->counts.cns += !back;
	reg_change_finish(registry, info);
	join(registry, session, cn);
	reg_forget_refusal(registry, info);
	reg_log(registry, repeated ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
		"CN %s registered from %s as number %u, %u cells%s", cn->info.name, session->peer,
		cn->info.id, cn->info.cell_count, fresh ? ", new" : changed ? ", changed" : "");
	reg_answer_stored(registry, session, message->transaction, NULL, cn->number);
}

void reg_register(struct registry *registry, struct registry_session *session,
		  const struct mlrp_message *message, struct registry_time now)
{
	const struct cn_info *info = &message->cn;
	struct reg_cn *cn = reg_find_cn_name(registry, info->name);
	char why[MLRP_TEXT_LEN] = "it cannot be forgotten by itself";

	/* The last word counts; who asks for the same name again waits no longer for that. */
	if (session->claim && strcmp(session->claim->cn.name, info->name) != 0)
		reg_rival_withdraw(registry, session);
	if (session->cn && session->cn != cn)
		reg_refuse_cn(registry, session, message, MLRP_E_REFUSED,
			      "a CN cannot change its name within a connection", 0);
	else if (!is_sound(info, why, sizeof(why)) || info->gone)
		reg_refuse_cn(registry, session, message, MLRP_E_REFUSED, why, 0);
	else if (!cn || !reg_rival_stops(registry, session, cn, message, now))
		reg_admit(registry, session, message);
}

void reg_send_cns(struct registry *registry, struct registry_session *session)
{
	struct mlrp_message message = {.type = MLRP_CN, .has = MLRP_HAS(MLRP_F_CN)};

	for (const struct reg_cn *cn = registry->cns; cn; cn = cn->hh.next) {
		if (cn->info.gone || cn == session->cn)
			continue;
		message.cn = cn->info;
		reg_send(registry, session, &message);
	}
}

/* ---- forgetting */

static void free_records_of(struct registry *registry, uint32_t id)
{
	struct version until = registry->version;
	struct reg_station *station = registry->changes, *next;

	for (; station && version_compare(station->record.version, until) <= 0; station = next) {
		next = station->change_next;
		if (station->record.parent != id || station->record.state == RECORD_FREE ||
		    station->record.state == RECORD_OFFERED)
			continue;
		reg_cut(registry, station);
		reg_commit(registry, station, NULL, false);
	}
}

/* Says what it would cut. */
static int refuse_to_cut(const struct reg_cn *cn, const struct registry_cut *cut, char *why,
			 size_t size)
{
	char guests[80] = "";

	if (cut->guests)
		snprintf(guests, sizeof(guests), "; %u stations of other CNs are in its cells",
			 cut->guests);
	return explain(-EBUSY, why, size,
		       "%u stations have addresses of CN %s (%u leases; %u are at other CNs and "
		       "would be cut off)%s: --force frees these addresses", cut->stations,
		       cn->info.name, cut->leases, cut->away, guests);
}

int registry_forget_cn(struct registry *registry, const char *name, bool force,
		       struct registry_cut *cut, char *why, size_t size)
{
	struct reg_cn *cn = reg_find_cn_name(registry, name);
	struct cn_info info;

	memset(cut, 0, sizeof(*cut));
	if (!cn || cn->info.gone)
		return explain(-ENOENT, why, size, "no CN %s is known", name);
	if (cn->session)
		return explain(-EBUSY, why, size, "CN %s is connected from %s: end its agent first",
			       name, cn->session->peer);
	reg_change_count_cn(registry, cn->info.id, cut);
	if ((cut->stations || cut->guests) && !force)
		return refuse_to_cut(cn, cut, why, size);
	free_records_of(registry, cn->info.id);
	info = cn->info;
	info.gone = true;
	if (reg_change_cn(registry, cn, &info) < 0)
		return explain(-ENOMEM, why, size, "no memory");
	registry->counts.cns--;
	reg_log(registry, LOG_LEVEL_INFO,
		"CN %s, number %u, was forgotten; %u stations with addresses of it lose them",
		cn->info.name, info.id, cut->stations);
	return 0;
}

/* ---- views */

void registry_each_cn(const struct registry *registry,
		      void (*each)(const struct registry_cn_view *cn, void *arg), void *arg)
{
	for (const struct reg_cn *cn = registry->cns; cn; cn = cn->hh.next) {
		struct registry_cn_view view = {.info = &cn->info,
						.peer = cn->session ? cn->session->peer : NULL,
						.stations = cn->stations,
						.registered = cn->session &&
							      cn->session->registered,
						.here = cn->here};

		if (!cn->info.gone)
			each(&view, arg);
	}
}

const char *registry_cn_name(const struct registry *registry, uint32_t id)
{
	const struct reg_cn *cn = reg_find_cn(registry, id);

	return cn ? cn->info.name : NULL;
}

void registry_count_pool(const struct registry *registry, const struct cell_info *info,
			 uint64_t *unused, uint64_t *freed)
{
	const struct reg_cell *cell = reg_find_cell(registry, &info->subnet.addr);

	*unused = cell ? cell->unused : 0;
	*freed = cell ? cell->freed_count : 0;
}
