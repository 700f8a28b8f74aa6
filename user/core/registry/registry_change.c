/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of the network that its operator makes: a CN gets another name, a subnet goes to another
 * CN, a cell gets another subnet. Names that a CN had and subnets that are to move are in memory
 * only: a register that starts again forgets them.
 */
#include "registry_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/config/config.h"

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

static bool is_name(const char *text)
{
	return strlen(text) < NAME_LEN && config_is_name(text);
}

/* ---- what would be cut */

static void count(struct registry_cut *cut, const struct station_record *record, uint32_t id)
{
	bool home = record->parent == id;

	if (record->state != RECORD_BOUND || (!home && record->current != id))
		return;
	cut->stations += home;
	cut->leases += home && record->kind == RECORD_DYNAMIC;
	cut->away += home && record->current && record->current != id;
	cut->guests += !home;
}

void reg_change_count_cn(const struct registry *registry, uint32_t id, struct registry_cut *cut)
{
	const struct reg_station *station;

	memset(cut, 0, sizeof(*cut));
	DL_FOREACH2(registry->changes, station, change_next)
		count(cut, &station->record, id);
}

static void count_subnet(const struct registry *registry, const struct prefix *subnet,
			 uint32_t id, struct registry_cut *cut)
{
	const struct reg_station *station;

	memset(cut, 0, sizeof(*cut));
	DL_FOREACH2(registry->changes, station, change_next)
		if (prefix_contains(subnet, &station->record.addr))
			count(cut, &station->record, id);
}

/* ---- a CN gets another name */

/* A CN that was forgotten gives up its name, and keeps its number: "~7" is no name of a CN. */
static bool take_name(struct registry *registry, struct reg_cn *gone)
{
	char name[NAME_LEN];

	snprintf(name, sizeof(name), "~%u", gone->info.id);
	if (!reg_name_cn(registry, gone, name))
		return false;
	reg_store_cn(registry, gone);
	return true;
}

static void send_cn(struct registry *registry, struct registry_session *session,
		    const struct reg_cn *cn)
{
	struct mlrp_message message = {.type = MLRP_CN, .has = MLRP_HAS(MLRP_F_CN),
				       .cn = cn->info};

	reg_send(registry, session, &message);
}

static void push_cn(struct registry *registry, const struct reg_cn *cn)
{
	struct mlrp_message message = {.type = MLRP_CN, .has = MLRP_HAS(MLRP_F_CN),
				       .cn = cn->info};
	struct registry_action push = {.type = REGISTRY_PUSH, .message = &message};

	registry->act(&push, registry->arg);
}

/* Subnets that are to move to the CN, or have. */
static void rename_moves(struct registry *registry, const char *name, const char *to)
{
	for (int i = 0; i < REG_MOVES_MAX; i++)
		if (strcmp(registry->moves[i].to, name) == 0)
			snprintf(registry->moves[i].to, NAME_LEN, "%s", to);
}

int registry_rename_cn(struct registry *registry, const char *name, const char *to, char *why,
		       size_t size)
{
	struct reg_cn *cn = reg_find_cn_name(registry, name), *other;

	if (!cn || cn->info.gone)
		return explain(-ENOENT, why, size, "no CN %s is known", name);
	if (!is_name(to))
		return explain(-EINVAL, why, size,
			       "a name has letters, digits, '.', '-' and '_' only, up to %d",
			       NAME_LEN - 1);
	other = reg_find_cn_name(registry, to);
	if (other && !other->info.gone)
		return explain(-EEXIST, why, size,
			       "CN %s is known, too, as number %u: forget it first", to,
			       other->info.id);
	if ((other && !take_name(registry, other)) || !reg_name_cn(registry, cn, to))
		return explain(-ENOMEM, why, size, "no memory");
	snprintf(cn->former, sizeof(cn->former), "%s", name);
	cn->former_told = false;
	rename_moves(registry, name, to);
	reg_store_cn(registry, cn);
	push_cn(registry, cn);
	reg_log(registry, LOG_LEVEL_INFO, "CN %s, number %u, is called %s now", name, cn->info.id,
		to);
	return 0;
}

/* The CN that had this name, with the same tunnel address: another machine is another CN. */
static struct reg_cn *find_former(const struct registry *registry, const struct cn_info *info)
{
	struct reg_cn *cn = registry->cns;

	while (cn && (cn->info.gone || strcmp(cn->former, info->name) != 0 ||
		      !addr_equal(&cn->info.tunnel, &info->tunnel)))
		cn = cn->hh.next;
	return cn;
}

/* Is this the CN, perhaps, that has corrected what the log said of it? Else it is a stranger. */
static bool speaks_for(const struct registry_session *session, const struct reg_cn *cn)
{
	return !cn->session || cn->session == session;
}

/* The agent of a renamed CN may come back before its configuration has the new name. */
static void apply_name(struct registry *registry, const struct registry_session *session,
		       struct cn_info *info)
{
	struct reg_cn *cn = reg_find_cn_name(registry, info->name);

	if (cn && !cn->info.gone) {
		cn->former_told &= !speaks_for(session, cn);
		return;
	}
	cn = info->name[0] ? find_former(registry, info) : NULL;
	if (!cn)
		return;
	if (!cn->former_told)
		reg_log(registry, LOG_LEVEL_WARN,
			"CN %s registers under its former name %s: correct its cn_name",
			cn->info.name, info->name);
	cn->former_told = true;
	snprintf(info->name, sizeof(info->name), "%s", cn->info.name);
}

/* ---- a subnet goes to another CN */

static struct reg_move *find_move(struct registry *registry, const struct prefix *subnet)
{
	for (int i = 0; i < REG_MOVES_MAX; i++)
		if (registry->moves[i].to[0] && prefix_equal(&registry->moves[i].subnet, subnet))
			return &registry->moves[i];
	return NULL;
}

/* The oldest one that is done gives way. */
static struct reg_move *free_move(struct registry *registry)
{
	struct reg_move *moves = registry->moves;

	for (int i = 0; i < REG_MOVES_MAX; i++)
		if (!moves[i].to[0])
			return &moves[i];
	for (int i = 0; i < REG_MOVES_MAX; i++) {
		if (!moves[i].done)
			continue;
		memmove(&moves[i], &moves[i + 1], (REG_MOVES_MAX - 1 - i) * sizeof(moves[0]));
		return &moves[REG_MOVES_MAX - 1];
	}
	return NULL;
}

/* A CN that was refused the subnet does not ask again on the same connection. */
static void call_again(struct registry *registry, const char *name)
{
	const struct reg_cn *cn = reg_find_cn_name(registry, name);
	struct registry_action action = {.type = REGISTRY_CLOSE,
					 .text = "it may register a subnet that moves to it"};

	if (!cn || !cn->session)
		return;
	action.session = cn->session;
	registry->act(&action, registry->arg);
}

int registry_move_subnet(struct registry *registry, const struct prefix *subnet, const char *to,
			 struct registry_cut *cut, char *from, char *why, size_t size)
{
	const struct reg_cell *cell = reg_find_cell(registry, &subnet->addr);
	struct reg_move *move = find_move(registry, subnet);
	char text[ADDR_STRLEN];

	addr_format(&subnet->addr, text);
	if (!cell || !prefix_equal(&cell->info->subnet, subnet))
		return explain(-ENOENT, why, size, "%s/%u is no cell of the network", text,
			       subnet->len);
	if (strcmp(cell->cn->info.name, to) == 0)
		return explain(-EEXIST, why, size, "CN %s has %s/%u already", to, text,
			       subnet->len);
	if (!is_name(to))
		return explain(-EINVAL, why, size, "`%s' is no name of a CN", to);
	move = move ? move : free_move(registry);
	if (!move)
		return explain(-ENOSPC, why, size, "%d subnets are to move already",
			       REG_MOVES_MAX);
	*move = (struct reg_move){.subnet = *subnet, .from = cell->cn->info.id};
	snprintf(move->to, sizeof(move->to), "%s", to);
	count_subnet(registry, subnet, move->from, cut);
	snprintf(from, NAME_LEN, "%s", cell->cn->info.name);
	reg_log(registry, LOG_LEVEL_INFO,
		"%s/%u goes from CN %s to CN %s as soon as that registers it", text, subnet->len,
		from, to);
	call_again(registry, to);
	return 0;
}

static void drop_cell(struct cn_info *info, const struct prefix *subnet)
{
	for (int i = info->cell_count; i-- > 0;) {
		if (!prefix_equal(&info->cells[i].subnet, subnet))
			continue;
		info->cell_count--;
		memmove(&info->cells[i], &info->cells[i + 1],
			(size_t)(info->cell_count - i) * sizeof(info->cells[0]));
		memset(&info->cells[info->cell_count], 0, sizeof(info->cells[0]));
	}
}

/* The CN that gave the subnet away may still have it in its configuration. */
static void apply_move(struct registry *registry, const struct registry_session *session,
		       struct reg_move *move, struct cn_info *info)
{
	const struct reg_cn *from = reg_find_cn(registry, move->from);
	const struct reg_cn *to = reg_find_cn_name(registry, move->to);
	char text[ADDR_STRLEN];

	if (!move->done || !from || strcmp(info->name, from->info.name) != 0)
		return;
	if (!cn_has_subnet(info, &move->subnet)) {
		move->told &= !speaks_for(session, from);
		return;
	}
	if (!to || to == from || to->info.gone || !cn_has_subnet(&to->info, &move->subnet))
		return;
	drop_cell(info, &move->subnet);
	if (move->told)
		return;
	move->told = true;
	reg_log(registry, LOG_LEVEL_WARN,
		"CN %s names %s/%u, which went to CN %s: take it out of its configuration",
		info->name, addr_format(&move->subnet.addr, text), move->subnet.len,
		to->info.name);
}

void reg_change_describe(struct registry *registry, const struct registry_session *session,
			 struct cn_info *info)
{
	apply_name(registry, session, info);
	for (int i = 0; i < REG_MOVES_MAX; i++)
		if (registry->moves[i].to[0])
			apply_move(registry, session, &registry->moves[i], info);
}

/* Does the move give the subnet to the CN that describes itself so? */
static bool grants(const struct reg_move *move, const struct cn_info *info)
{
	return move->to[0] && !move->done && strcmp(move->to, info->name) == 0 &&
	       cn_has_subnet(info, &move->subnet);
}

bool reg_change_grants(const struct registry *registry, const struct cn_info *info,
		       const struct cell_info *cell, const struct reg_cn *cn)
{
	for (int i = 0; i < REG_MOVES_MAX; i++) {
		const struct reg_move *move = &registry->moves[i];

		if (move->from == cn->info.id && grants(move, info) &&
		    prefix_equal(&move->subnet, &cell->subnet) &&
		    cn_has_subnet(&cn->info, &cell->subnet))
			return true;
	}
	return false;
}

/* 0 or -ENOMEM: as before. */
static int take_subnet(struct registry *registry, const struct reg_move *move,
		       const struct cn_info *info)
{
	struct reg_cn *from = reg_find_cn(registry, move->from);
	struct cn_info without;
	char text[ADDR_STRLEN];

	if (!from || from->info.gone || !cn_has_subnet(&from->info, &move->subnet) ||
	    strcmp(from->info.name, info->name) == 0)
		return 0; /* that CN has it not any more, or is the one that has got the name */
	without = from->info;
	drop_cell(&without, &move->subnet);
	if (reg_change_cn(registry, from, &without) < 0)
		return -ENOMEM;
	if (from->session && from->session->registered)
		send_cn(registry, from->session, from);
	reg_log(registry, LOG_LEVEL_INFO, "%s/%u goes from CN %s to CN %s",
		addr_format(&move->subnet.addr, text), move->subnet.len, from->info.name,
		info->name);
	return 0;
}

int reg_change_take(struct registry *registry, const struct cn_info *info)
{
	int error = 0;

	for (int i = 0; !error && i < REG_MOVES_MAX; i++)
		if (grants(&registry->moves[i], info))
			error = take_subnet(registry, &registry->moves[i], info);
	return error;
}

void reg_change_finish(struct registry *registry, const struct cn_info *info)
{
	for (int i = 0; i < REG_MOVES_MAX; i++)
		registry->moves[i].done |= grants(&registry->moves[i], info);
}

/* ---- a cell gets another subnet */

/* From this CN to another one, which has not registered it yet. */
static bool is_moving(const struct registry *registry, const struct reg_cn *cn,
		      const struct tmip_addr *addr)
{
	for (int i = 0; i < REG_MOVES_MAX; i++) {
		const struct reg_move *move = &registry->moves[i];

		if (move->to[0] && !move->done && move->from == cn->info.id &&
		    prefix_contains(&move->subnet, addr))
			return true;
	}
	return false;
}

static bool has_gone(const struct reg_cn *cn, const struct prefix *subnet)
{
	for (int i = 0; i < cn->gone_count; i++)
		if (prefix_equal(&cn->gone[i].subnet, subnet))
			return true;
	return false;
}

/* Subnets that the CN never had before. */
static int count_new(const struct reg_cn *cn, const struct cn_info *before)
{
	int count = 0;

	for (int i = 0; i < cn->info.cell_count; i++)
		count += !cn_has_subnet(before, &cn->info.cells[i].subnet) &&
			 !has_gone(cn, &cn->info.cells[i].subnet);
	return count;
}

/* Neither does the CN have it, nor has it gone to another one, or is about to. */
static bool is_gone(const struct registry *registry, const struct reg_cn *cn,
		    const struct prefix *subnet)
{
	const struct reg_cell *cell = reg_find_cell(registry, &subnet->addr);

	return !cn_has_subnet(&cn->info, subnet) && (!cell || cell->cn == cn) &&
	       !is_moving(registry, cn, &subnet->addr);
}

/* Returns how many of them are gone since an earlier change; those of this one come after them. */
static int update_gone(const struct registry *registry, struct reg_cn *cn,
		       const struct cn_info *before)
{
	int earlier = 0;

	for (int i = 0; i < cn->gone_count; i++)
		if (is_gone(registry, cn, &cn->gone[i].subnet))
			cn->gone[earlier++] = cn->gone[i];
	cn->gone_count = earlier;
	cn->changes++;
	for (int i = 0; i < before->cell_count; i++) {
		if (!is_gone(registry, cn, &before->cells[i].subnet))
			continue;
		if (cn->gone_count == CN_CELLS_MAX) { /* the oldest one is forgotten, and stands */
			memmove(cn->gone, cn->gone + 1, --cn->gone_count * sizeof(cn->gone[0]));
			earlier -= earlier > 0;
		}
		cn->gone[cn->gone_count++] = (struct reg_gone){before->cells[i].subnet,
							       cn->changes};
	}
	return earlier;
}

/* Its subnet, one of those from `first` on, is gone, and its CN has another one. */
static bool is_over(const struct registry *registry, const struct reg_station *station,
		    const struct reg_cn *cn, int first)
{
	const struct station_record *record = &station->record;

	if (record->parent != cn->info.id || record->state == RECORD_FREE ||
	    record->state == RECORD_OFFERED || reg_find_cell(registry, &record->addr))
		return false;
	while (first < cn->gone_count && !prefix_contains(&cn->gone[first].subnet, &record->addr))
		first++;
	return first < cn->gone_count;
}

static void withdraw(struct registry *registry, const struct reg_cn *cn, int first)
{
	struct version until = registry->version;
	struct reg_station *station = registry->changes, *next;
	uint64_t withdrawn = registry->counts.withdrawn;

	for (; station && version_compare(station->record.version, until) <= 0; station = next) {
		next = station->change_next;
		if (!is_over(registry, station, cn, first))
			continue;
		registry->counts.withdrawn += station->record.state == RECORD_BOUND;
		reg_cut(registry, station);
		reg_commit(registry, station, NULL, false);
	}
	withdrawn = registry->counts.withdrawn - withdrawn;
	if (withdrawn)
		reg_log(registry, LOG_LEVEL_WARN,
			"CN %s has another subnet now: %llu stations with addresses of the former "
			"one lose them", cn->info.name, (unsigned long long)withdrawn);
}

/*
 * A cell may get another subnet in two steps: the former one goes, then the new one comes. So each
 * new subnet that takes the place of none in this change takes that of the last one that went. Of
 * some that went together nobody knows which one it is: all of them may still come back.
 */
static int find_replaced(const struct reg_cn *cn, int earlier, int fresh)
{
	int first = earlier, left = fresh - (cn->gone_count - earlier), begin;

	while (first > 0) {
		for (begin = first; begin > 0; begin--)
			if (cn->gone[begin - 1].change != cn->gone[first - 1].change)
				break;
		if (first - begin > left)
			break;
		left -= first - begin;
		first = begin;
	}
	return first;
}

void reg_change_withdraw(struct registry *registry, struct reg_cn *cn, const struct cn_info *before)
{
	int fresh = count_new(cn, before), earlier = update_gone(registry, cn, before), first;

	if (!fresh)
		return;
	first = find_replaced(cn, earlier, fresh);
	if (first < cn->gone_count)
		withdraw(registry, cn, first);
	cn->gone_count = first;
}
