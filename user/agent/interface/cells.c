/* SPDX-License-Identifier: BSD-2-Clause */
/* The cells of this CN in service. See cells.h; what the kernel needs for each is in settings.c. */
#include "cells_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backbone.h"
#include "cell_check.h"
#include "core/roam/roam.h"
#include "io/datapath/frame.h"
#include "io/kernel/sysctl.h"
#include "io/process/log.h"
#include "io/process/timer.h"
#include "settings.h"

#define BACKBONE_MS 20  /* of the backbone, whose packets go astray meanwhile */
#define LEAVING_MS 1000 /* between looks at whether anybody still needs a cell that leaves */

static void announce_description(struct cells *cells)
{
	cells->with.calls.described(cells->with.calls.arg);
}

/* ---- changes of interfaces */

static void update_all(struct cells *cells)
{
	const struct cells_setup *with = &cells->with;
	struct netlink_interface backbone;
	bool changed = false;

	if (netlink_get_interface(with->config->cn_if, &backbone) == 0)
		backbone_update(with->backbone, &backbone);
	else
		backbone_gone(with->backbone);
	for (unsigned i = 0; i < cells->table.count; i++)
		changed |= cell_update(cells, &cells->table.list[i]);
	if (changed)
		announce_description(cells);
	with->calls.changed(with->calls.arg);
}

static void on_refresh(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	update_all(arg);
}

/* Is a change of this interface one of the backbone, or of a cell? ifindex 0: changes were lost. */
static bool concerns(const struct cells *cells, unsigned ifindex, const char *name)
{
	if (!ifindex || ifindex == cells->with.backbone->ifindex ||
	    strcmp(name, cells->with.config->cn_if) == 0)
		return true;
	if (!addr_is_zero(&cells->with.config->tunnel_addr) && !*name)
		return true; /* an address, perhaps that one */
	for (unsigned i = 0; i < cells->table.count; i++) {
		const struct cell *cell = &cells->table.list[i];

		if (cell->interface.ifindex == ifindex || strcmp(cell->name, name) == 0 ||
		    cell->stand_in.ifindex == ifindex || (!cell->served && !*name))
			return true;
	}
	return false;
}

/* It is the stand-in of a cell, or may be: changes were lost. */
static void doubt_stand_in(struct cells *cells, unsigned ifindex)
{
	for (unsigned i = 0; i < cells->table.count; i++)
		if (!ifindex || cells->table.list[i].stand_in.ifindex == ifindex)
			cells->table.list[i].stand_in.doubted = true;
}

/* A question about an interface waits for a lock of the whole machine: ask only when needed. */
static void on_change(unsigned ifindex, const char *name, void *arg)
{
	struct cells *cells = arg;

	doubt_stand_in(cells, ifindex);
	if (concerns(cells, ifindex, name))
		timer_arm_idle(cells->refresh, ifindex == cells->with.backbone->ifindex ?
				       BACKBONE_MS : CELLS_REFRESH_MS);
}

static void on_monitor(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	netlink_monitor_read(fd, on_change, arg);
}

/* ---- attach and detach */

static bool is_taken(const struct cell_table *table, unsigned number)
{
	for (unsigned i = 0; i < table->count; i++)
		if (table->list[i].number == number)
			return true;
	return false;
}

/* A new line of the table, which counts when table->count is raised. NULL: there is no room. */
static struct cell *new_cell(struct cell_table *table, const char *name, bool by_command,
			     char why[CELLS_WHY])
{
	struct cell *cell = &table->list[table->count];

	if (table->count == CN_CELLS_MAX) {
		cells_no_room(name, why);
		return NULL;
	}
	memset(cell, 0, sizeof(*cell));
	snprintf(cell->name, sizeof(cell->name), "%s", name);
	while (is_taken(table, cell->number))
		cell->number++;
	cell->by_command = by_command;
	return cell;
}

/*
 * A cell without its interface goes on by another one that has its subnet now, such as a bridge
 * that has got the address and the former interface as a port. NULL: there is no such cell.
 */
static struct cell *find_predecessor(struct cells *cells, const char *name)
{
	struct netlink_interface now;
	struct cell_info info;

	if (netlink_get_interface(name, &now) || addr_is_zero(&now.addr))
		return NULL;
	cell_check_describe(cells->with.config, name, &now, &info);
	for (unsigned i = 0; i < cells->table.count; i++) {
		struct cell *cell = &cells->table.list[i];

		if (!cell->served && cell->interface.ifindex &&
		    prefix_equal(&cell->info.subnet, &info.subnet))
			return cell;
	}
	return NULL;
}

static void rename_cell(struct cells *cells, struct cell *cell, const char *name)
{
	log_info("cell %s: goes on as %s", cell->name, name);
	settings_forget_cell(cells->settings, cell->name);
	snprintf(cell->name, sizeof(cell->name), "%s", name);
}

/* It was about to leave. */
static void keep(struct cells *cells, struct cell *cell)
{
	log_info("cell %s: it stays", cell->name);
	cell->leaving = false;
	announce_description(cells); /* with its pool again */
}

/* Serves a new line of the table. */
static int serve_new(struct cells *cells, const char *name, bool by_command,
		     const struct cell_look *look, char why[CELLS_WHY])
{
	struct cell *cell = new_cell(&cells->table, name, by_command, why);
	int error;

	if (!cell)
		return -ENOSPC;
	cells->table.count++;
	error = cell_serve(cells, cell, look, why);
	if (!error)
		return 0;
	cell_withdraw(cells, cell);
	cells->table.count--;
	return error;
}

int cells_attach(struct cells *cells, const char *name, bool by_command, char why[CELLS_WHY])
{
	struct cell_table *table = &cells->table;
	struct cell *known = cell_table_find_name(table, name);
	struct cell *former = known ? NULL : find_predecessor(cells, name);
	struct cell_look look;
	int error;

	if (known && known->leaving)
		keep(cells, known);
	if (known && known->served)
		return 0;
	if (!known && !former && table->count == CN_CELLS_MAX)
		return cells_no_room(name, why);
	error = cell_examine(cells, cells->with.config, name, known ? known : former, &look, why);
	if (error)
		return error;
	if (former)
		rename_cell(cells, former, name);
	error = known || former ? cell_serve(cells, known ? known : former, &look, why) :
				  serve_new(cells, name, by_command, &look, why);
	if (error)
		return error;
	if (former)
		former->leaving = false;
	log_info("cell %s: served%s%s", name, look.interface.up ? "" : "; the interface is down",
		 look.interface.deaf ? CELL_DEAF : "");
	announce_description(cells);
	return 0;
}

/* A cell of the configuration, whose interface may come later. 0, or -errno with `why`. */
static int attach_configured(struct cells *cells, const char *name, char why[CELLS_WHY])
{
	int error = cells_attach(cells, name, false, why);
	char reason[CELLS_WHY];
	struct cell *cell;

	if (error != -EAGAIN || cells->with.by_command)
		return error;
	cell = new_cell(&cells->table, name, false, reason);
	if (!cell)
		return error;
	cells->table.count++;
	cell_lose(cells, cell, why);
	cell_recall(cells, cell);
	announce_description(cells);
	return 0;
}

/* Looks every now and then whether somebody still needs the cell. */
static void begin_leaving(struct cells *cells, struct cell *cell, const struct roam_users *users)
{
	log_info("cell %s: it leaves when nobody needs it any more: %u of its stations are "
		 "elsewhere, %u guests are in it", cell->name, users->away, users->guests);
	cell->leaving = true;
	timer_arm_idle(cells->leaving, LEAVING_MS);
}

static void forget_cell(struct cells *cells, struct cell *cell)
{
	log_info("cell %s: no longer served", cell->name);
	settings_forget_cell(cells->settings, cell->name);
	cell_withdraw(cells, cell);
	*cell = cells->table.list[--cells->table.count];
}

static bool is_needed(const struct cells *cells, const struct cell *cell)
{
	struct roam_users users = roam_cell_users(cells->with.roam, cell->interface.ifindex);

	return users.away || users.guests;
}

static void on_leaving(evutil_socket_t fd, short what, void *arg)
{
	struct cells *cells = arg;
	bool more = false, gone = false;

	(void)fd;
	(void)what;
	for (unsigned i = cells->table.count; i-- > 0;) {
		struct cell *cell = &cells->table.list[i];

		if (cell->leaving && is_needed(cells, cell)) {
			more = true;
		} else if (cell->leaving) {
			forget_cell(cells, cell);
			gone = true;
		}
	}
	if (more)
		timer_arm_idle(cells->leaving, LEAVING_MS);
	if (!gone)
		return;
	announce_description(cells);
	cells->with.calls.left(cells->with.calls.arg);
}

int cells_detach(struct cells *cells, const char *name, bool now, struct roam_users *users,
		 char why[CELLS_WHY])
{
	struct cell *cell = cell_table_find_name(&cells->table, name);

	if (!cell) {
		snprintf(why, CELLS_WHY, "%s is not a cell of this CN", name);
		return -ENOENT;
	}
	*users = roam_cell_users(cells->with.roam, cell->interface.ifindex);
	if (now || (!users->away && !users->guests))
		forget_cell(cells, cell);
	else
		begin_leaving(cells, cell, users);
	announce_description(cells);
	return 0;
}

/* Not a cell yet, or one that was about to leave. */
static bool is_to_attach(struct cell_table *table, const char *name)
{
	const struct cell *cell = cell_table_find_name(table, name);

	return !cell || cell->leaving;
}

static void attach_listed(struct cells *cells, bool successors_only)
{
	const struct agent_config *config = cells->with.config;
	char why[CELLS_WHY];

	for (unsigned i = 0; i < config->cell_count; i++) {
		const char *name = config->mobile_if[i];

		if (!is_to_attach(&cells->table, name) ||
		    (successors_only && !find_predecessor(cells, name)))
			continue;
		if (attach_configured(cells, name, why) < 0)
			log_error("%s", why);
	}
}

/* Of those that the file names no more. One that is leaving already may do so in peace. */
static unsigned forget_unlisted(struct cells *cells, const struct agent_config *former,
				struct cells_cut cut[CN_CELLS_MAX])
{
	unsigned count = 0;

	for (unsigned i = cells->table.count; i-- > 0;) {
		struct cell *cell = &cells->table.list[i];
		struct roam_users users =
			roam_cell_users(cells->with.roam, cell->interface.ifindex);

		if (!agent_config_has_cell(former, cell->name) || cell->by_command ||
		    agent_config_has_cell(cells->with.config, cell->name) || cell->leaving)
			continue;
		if (users.away || users.guests) {
			snprintf(cut[count].name, sizeof(cut[count].name), "%s", cell->name);
			cut[count++].users = users;
			log_warn("cell %s: it leaves with the file, which cuts %u of its stations "
				 "elsewhere, %u guests", cell->name, users.away, users.guests);
		}
		forget_cell(cells, cell);
	}
	return count;
}

unsigned cells_reconfigure(struct cells *cells, const struct agent_config *former,
			   struct cells_cut cut[CN_CELLS_MAX])
{
	unsigned count = 0;

	if (!cells->with.by_command) {
		attach_listed(cells, true); /* they take over cells that would be forgotten */
		count = forget_unlisted(cells, former, cut);
		attach_listed(cells, false);
	}
	update_all(cells);
	announce_description(cells);
	return count;
}

bool cells_refuse(struct cells *cells, const struct prefix *subnet)
{
	const struct cell_table *table = &cells->table;
	unsigned refused = cell_table_find_subnet(table, subnet);
	struct cn_info left;

	cell_table_describe(table, &left);
	if (!refused || left.cell_count < 2)
		return false;
	for (unsigned i = 0; i < table->count; i++)
		if (table->list[i].interface.ifindex == refused)
			cells->table.list[i].refused = true;
	return true;
}

void cells_ask_again(struct cells *cells)
{
	for (unsigned i = 0; i < cells->table.count; i++)
		cells->table.list[i].refused = false;
}

void cells_set_path_mtu(struct cells *cells, unsigned mtu)
{
	cells->path_mtu = mtu;
	for (unsigned i = 0; i < cells->table.count; i++)
		cell_update_mtu(cells, &cells->table.list[i]);
}

const struct cell_table *cells_table(const struct cells *cells)
{
	return &cells->table;
}

/* ---- life */

static int watch(struct cells *cells)
{
	cells->monitor_fd = netlink_monitor_open();
	if (cells->monitor_fd < 0)
		return cells->monitor_fd;
	cells->refresh = evtimer_new(cells->with.base, on_refresh, cells);
	cells->leaving = evtimer_new(cells->with.base, on_leaving, cells);
	cells->monitor = event_new(cells->with.base, cells->monitor_fd, EV_READ | EV_PERSIST,
				   on_monitor, cells);
	if (!cells->refresh || !cells->leaving || !cells->monitor ||
	    event_add(cells->monitor, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int cells_start(struct cells *cells, char why[CELLS_WHY])
{
	const struct agent_config *config = cells->with.config;
	int error = 0;

	cells->settings = settings_open(config, why);
	if (!cells->settings)
		return -EIO;
	for (unsigned i = 0; !error && i < config->cell_count; i++)
		error = attach_configured(cells, config->mobile_if[i], why);
	if (!error)
		error = settings_set_machine(config, why);
	if (!error) {
		error = watch(cells);
		if (error)
			snprintf(why, CELLS_WHY, "cannot watch the interfaces: %s",
				 strerror(-error));
	}
	if (!error)
		cells_detach_former(cells);
	return error;
}

struct cells *cells_create(const struct cells_setup *setup)
{
	struct cells *cells = calloc(1, sizeof(*cells));

	if (!cells)
		return NULL;
	cells->with = *setup;
	cells->monitor_fd = -1;
	return cells;
}

void cells_destroy(struct cells *cells, bool tear_down)
{
	if (!cells)
		return;
	for (unsigned i = 0; i < cells->table.count; i++) {
		if (tear_down)
			cell_withdraw(cells, &cells->table.list[i]);
		frame_close(cells->table.list[i].port);
	}
	if (tear_down && cells->settings) {
		sysctl_restore(cells->settings, "");
		settings_clear_machine(cells->with.config);
	}
	sysctl_close(cells->settings);
	if (cells->monitor)
		event_free(cells->monitor);
	if (cells->refresh)
		event_free(cells->refresh);
	if (cells->leaving)
		event_free(cells->leaving);
	if (cells->monitor_fd >= 0)
		evutil_closesocket(cells->monitor_fd);
	free(cells);
}
