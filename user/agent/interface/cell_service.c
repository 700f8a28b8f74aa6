/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One cell: from its interface into service, out of it, and through all that happens to the
 * interface meanwhile. See cells_internal.h.
 */
#include "cells_internal.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backbone.h"
#include "cell_check.h"
#include "core/roam/roam.h"
#include "io/datapath/datapath.h"
#include "io/datapath/frame.h"
#include "io/process/log.h"
#include "io/process/timer.h"
#include "settings.h"

/* ---- from an interface to a cell */

int cell_unusable(const char *name, char why[CELLS_WHY], const char *format, ...)
{
	int used = snprintf(why, CELLS_WHY, "%s cannot be a cell: ", name);
	va_list args;

	va_start(args, format);
	vsnprintf(why + used, CELLS_WHY - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

/* An interface that is a cell already stays one without its address: the cell keeps its subnet. */
static void keep_address(const struct cell *cell, struct cell_look *look)
{
	struct netlink_interface *interface = &look->interface;

	look->bare = false;
	if (!cell || cell->interface.ifindex != interface->ifindex ||
	    !addr_is_zero(&interface->addr))
		return;
	interface->addr = cell->interface.addr;
	interface->prefix_len = cell->interface.prefix_len;
	look->bare = true;
}

int cell_describe(const struct agent_config *config, const char *name,
		  const struct netlink_interface *interface, struct cell_info *info,
		  char why[CELLS_WHY])
{
	char first[ADDR_STRLEN], last[ADDR_STRLEN], subnet[ADDR_STRLEN];

	if (cell_check_describe(config, name, interface, info))
		return 0;
	return cell_unusable(name, why,
			     "the pool %s to %s does not lie in its subnet %s/%u "
			     "(directive addr_pool)",
			     addr_format(&info->pool_first, first),
			     addr_format(&info->pool_last, last),
			     addr_format(&info->subnet.addr, subnet), info->subnet.len);
}

/* Decides whether the interface that was read, with this result, can be the cell. */
static int judge(const struct agent_config *config, const char *name, const struct cell *cell,
		 int error, struct cell_look *look, char why[CELLS_WHY])
{
	struct netlink_interface *interface = &look->interface;
	const struct cell_fault *fault;

	if (!error)
		keep_address(cell, look);
	fault = cell_check_interface(config, interface, error);
	if (fault) {
		cell_unusable(name, why, "%s", fault->reason);
		return fault->passes ? -EAGAIN : -EINVAL;
	}
	return cell_describe(config, name, interface, &look->info, why);
}

/*
 * An interface that is a cell already stays it under another name, as long as no other interface
 * takes the name and can be the cell. -EBUSY: the kernel did not answer.
 */
static int find_interface(const struct agent_config *config, const char *name,
			  const struct cell *cell, struct cell_look *look, char why[CELLS_WHY])
{
	int found = netlink_get_interface(name, &look->interface);
	int error = judge(config, name, cell, found, look, why), again;
	char not_this[CELLS_WHY];

	if (!error || !cell || !cell->served)
		return error;
	again = netlink_get_interface_at(cell->interface.ifindex, &look->interface);
	if (again && again != -ENODEV)
		return -EBUSY;
	if (again || (!found && strcmp(look->interface.name, name) == 0))
		return error;
	return judge(config, name, cell, 0, look, not_this) < 0 ? error : 0;
}

int cell_examine(const struct cells *cells, const struct agent_config *config, const char *name,
		 const struct cell *cell, struct cell_look *look, char why[CELLS_WHY])
{
	int error = find_interface(config, name, cell, look, why);
	const struct cell *other;

	if (error || config != cells->with.config) /* cells_check() compares all of a new one */
		return error;
	other = cell_table_find_overlap(&cells->table, cell ? cell->name : name,
					&look->info.subnet);
	return other ? cell_unusable(name, why, "its subnet overlaps that of %s", other->name) : 0;
}

/* ---- what the data path and the stand-in need to know */

/* The largest outer packet that fits into every tunnel. */
static unsigned tunnel_mtu(const struct cells *cells)
{
	unsigned mtu = cells->with.backbone->mtu;

	return cells->path_mtu && cells->path_mtu < mtu ? cells->path_mtu : mtu;
}

static int put_entry(struct cells *cells, const struct cell *cell)
{
	const struct netlink_interface *interface = &cell->interface;
	unsigned key = interface->ifindex, stand_in = cell->stand_in.ifindex;
	struct tmip_cell entry = {.mac = interface->mac, .prefix_len = interface->prefix_len,
				  .gateway = interface->addr, .stand_in = stand_in,
				  .number = cell->number,
				  .flags = cell_is_down(cell) ? TMIP_CELL_F_DOWN : 0,
				  .ifindex = cell->served || key == stand_in ? key : 0};
	int error;

	memcpy(entry.name, cell->name, sizeof(entry.name));
	error = datapath_put_cell(cells->with.dp, key, &entry);
	if (error || !stand_in || stand_in == key)
		return error;
	entry.ifindex = key;
	return datapath_put_cell(cells->with.dp, stand_in, &entry);
}

/* After every change of the cell, and of the size of tunnel packets. */
static void update_stand_in(struct cells *cells, struct cell *cell)
{
	stand_in_set(&cell->stand_in, &cell->info.subnet, tunnel_mtu(cells) - TUNNEL_OVERHEAD);
	stand_in_lend(&cell->stand_in, &cell->info, cell_is_down(cell) || cell->bare);
}

/* The cell may have got another address while no agent ran. */
static void forget_former(struct cells *cells, struct cell *cell)
{
	struct netlink_interface was = {0};
	struct cell_info info;

	if (!cell->stand_in.former ||
	    !settings_recall_cell(cells->settings, cell->name, &was.addr, &was.prefix_len))
		return;
	cell_check_describe(cells->with.config, cell->name, &was, &info);
	if (addr_equal(&info.gateway, &cell->info.gateway) &&
	    info.subnet.len == cell->info.subnet.len)
		return;
	stand_in_set(&cell->stand_in, &info.subnet, tunnel_mtu(cells) - TUNNEL_OVERHEAD);
	stand_in_lend(&cell->stand_in, &info, false);
}

/* Without one, the cell's stations that are elsewhere depend on the cell's interface. */
static void make_stand_in(struct cells *cells, struct cell *cell)
{
	const struct agent_config *config = cells->with.config;
	char why[CELLS_WHY];
	int error;

	if (cell->stand_in.ifindex)
		return;
	error = stand_in_open(&cell->stand_in, config->network_name, cell->name, why);
	if (!error && datapath_attach(cells->with.dp, cell->stand_in.ifindex, DATAPATH_STAND_IN,
				      why) < 0)
		stand_in_close(&cell->stand_in);
	if (!cell->stand_in.ifindex)
		log_warn("%s: its stations elsewhere lose their packets while it is down", why);
	else
		forget_former(cells, cell);
}

static void delete_stand_in(struct cells *cells, struct cell *cell)
{
	unsigned ifindex = cell->stand_in.ifindex;

	if (!ifindex)
		return;
	datapath_detach(cells->with.dp, ifindex);
	datapath_delete_cell(cells->with.dp, ifindex);
	stand_in_close(&cell->stand_in);
}

/* ---- into service and out of it */

/* The settings of the interface have come along under its new name. */
static void follow_name(struct cells *cells, struct cell *cell, const char *name)
{
	struct netlink_interface *interface = &cell->interface;

	if (strcmp(interface->name, name) == 0)
		return;
	settings_rename_cell(cells->settings, interface->name, name);
	snprintf(interface->name, sizeof(interface->name), "%s", name);
}

/* Takes the programs off the interface. The cell stays in the tables. */
static void release_interface(struct cells *cells, struct cell *cell)
{
	struct netlink_interface now;

	if (!cell->served)
		return;
	if (netlink_get_interface_at(cell->interface.ifindex, &now) == 0)
		follow_name(cells, cell, now.name);
	datapath_detach(cells->with.dp, cell->interface.ifindex);
	settings_clear_cell(cells->settings, &cell->interface);
	frame_close(cell->port);
	cell->port = NULL;
	cell->served = false;
}

void cell_update_mtu(struct cells *cells, struct cell *cell)
{
	if (cell->served)
		settings_set_route(cells->settings, &cell->interface, tunnel_mtu(cells));
	if (cell->interface.ifindex)
		update_stand_in(cells, cell);
}

void cell_withdraw(struct cells *cells, struct cell *cell)
{
	unsigned key = cell->interface.ifindex;

	release_interface(cells, cell);
	if (key) {
		roam_remove_cell(cells->with.roam, key);
		datapath_delete_cell(cells->with.dp, key);
	}
	delete_stand_in(cells, cell);
	cell->interface.ifindex = 0;
}

void cell_lose(struct cells *cells, struct cell *cell, const char *why)
{
	if (!cell->logged)
		log_warn("cell not served for the time being: %s", why);
	cell->logged = true;
	snprintf(cell->why, sizeof(cell->why), "%s", why);
	if (!cell->interface.ifindex)
		return;
	release_interface(cells, cell);
	put_entry(cells, cell);
	update_stand_in(cells, cell);
}

/* ---- the tables */

struct key_search {
	const struct cell *cell;
	unsigned key;
};

static int on_entry(unsigned key, const struct tmip_cell *entry, void *arg)
{
	struct key_search *search = arg;

	if (key != search->cell->stand_in.ifindex &&
	    strncmp(entry->name, search->cell->name, sizeof(entry->name)) == 0)
		search->key = key;
	return search->key != 0;
}

/* The key under which a former agent has the cell in the maps, or else the stand-in's ifindex. */
static unsigned find_key(const struct cells *cells, const struct cell *cell)
{
	struct key_search search = {.cell = cell};

	datapath_each_cell(cells->with.dp, on_entry, &search);
	return search.key ? search.key : cell->stand_in.ifindex;
}

/*
 * All tables have the cell under the ifindex of its interface from now on, and no more under
 * `former`. On failure they are as they were.
 */
static int put_key(struct cells *cells, const struct cell *cell, unsigned former)
{
	unsigned key = cell->interface.ifindex;
	bool moved = former && former != key;
	int error = put_entry(cells, cell);

	if (error && moved)
		datapath_delete_cell(cells->with.dp, key);
	if (error)
		return error;
	if (moved) {
		roam_move_cell(cells->with.roam, former, key);
		if (former != cell->stand_in.ifindex)
			datapath_delete_cell(cells->with.dp, former);
	}
	return roam_put_cell(cells->with.roam, key, cell->name, &cell->info.subnet);
}

/*
 * Somebody may have deleted the device, or switched it off: then its route is gone. Returns whether
 * the cell has another key now.
 */
static bool check_stand_in(struct cells *cells, struct cell *cell)
{
	unsigned former = cell->stand_in.ifindex;
	struct netlink_interface device;

	if (!former || !cell->stand_in.doubted)
		return false;
	cell->stand_in.doubted = false;
	if (netlink_get_interface_at(former, &device) == 0 && device.up)
		return false;
	log_warn("cell %s: its stand-in was deleted or switched off, and is made anew", cell->name);
	delete_stand_in(cells, cell);
	make_stand_in(cells, cell);
	if (cell->interface.ifindex == former && cell->stand_in.ifindex)
		cell->interface.ifindex = cell->stand_in.ifindex;
	put_key(cells, cell, former);
	update_stand_in(cells, cell);
	return cell->interface.ifindex == cell->stand_in.ifindex;
}

/* ---- an interface becomes a cell, and changes */

static void announce_cell(struct cells *cells, const struct cell *cell)
{
	const struct netlink_interface *interface = &cell->interface;

	cells_announce(cells, interface->ifindex, &interface->addr, &interface->mac);
	roam_announce_cell(cells->with.roam, interface->ifindex);
}

int cell_serve(struct cells *cells, struct cell *cell, const struct cell_look *look,
	       char why[CELLS_WHY])
{
	const struct netlink_interface *interface = &look->interface;
	const struct cells_setup *with = &cells->with;
	unsigned former = cell->interface.ifindex;
	struct frame_port *port = frame_open(interface->name, why);
	int error;

	if (!port)
		return -EIO;
	release_interface(cells, cell);
	cell->port = port;
	cell->interface = *interface;
	cell->info = look->info;
	cell->bare = look->bare;
	cell->served = true;
	make_stand_in(cells, cell);
	error = put_key(cells, cell, former ? former : find_key(cells, cell));
	if (error) {
		snprintf(why, CELLS_WHY, "%s: the table of cells: %s", cell->name,
			 strerror(-error));
		cell->interface.ifindex = former ? former : interface->ifindex;
	}
	if (!error)
		error = settings_set_cell(cells->settings, interface, tunnel_mtu(cells), why);
	if (!error)
		error = datapath_attach(with->dp, interface->ifindex, DATAPATH_CELL, why);
	if (error) {
		release_interface(cells, cell);
		put_entry(cells, cell);
		update_stand_in(cells, cell);
		return error;
	}
	update_stand_in(cells, cell);
	settings_remember_cell(cells->settings, cell->name, &interface->addr,
			       interface->prefix_len);
	cell->logged = false;
	cell->why[0] = '\0';
	with->calls.served(with->calls.arg);
	announce_cell(cells, cell);
	return 0;
}

static void log_change(const struct cell *cell, const struct cell_look *look)
{
	const struct netlink_interface *now = &look->interface;
	char mac[MAC_STRLEN];

	if (strcmp(cell->interface.name, now->name) != 0)
		log_warn("cell %s: its interface is called %s now", cell->name, now->name);
	if (!mac_equal(&cell->interface.mac, &now->mac))
		log_info("cell %s: its MAC is %s now%s", cell->name, mac_format(&now->mac, mac),
			 cell_check_is_empty(now) ? ": it has no port" : "");
	if (cell->interface.up != now->up)
		log_info("cell %s: the interface is %s", cell->name, now->up ? "up" : "down");
	if (cell->bare != look->bare)
		log_info("cell %s: the interface has %s", cell->name,
			 look->bare ? "lost its address" : "its address again");
}

static bool same_address(const struct netlink_interface *a, const struct netlink_interface *b)
{
	return addr_equal(&a->addr, &b->addr) && a->prefix_len == b->prefix_len;
}

/*
 * The cell has the same interface as before, which may have changed. Returns whether what the
 * network knows of the cell changed.
 */
static bool follow(struct cells *cells, struct cell *cell, const struct cell_look *look)
{
	const struct netlink_interface before = cell->interface, *now = &look->interface;
	bool described = memcmp(&cell->info, &look->info, sizeof(look->info)) != 0;
	bool moved = !same_address(&before, now), news = !mac_equal(&before.mac, &now->mac);
	bool back = (now->up && !before.up) || (cell->bare && !look->bare);

	log_change(cell, look);
	follow_name(cells, cell, now->name);
	cell->interface = *now;
	cell->info = look->info;
	cell->bare = look->bare;
	if (moved || news || before.up != now->up)
		put_entry(cells, cell);
	if (moved) {
		roam_put_cell(cells->with.roam, now->ifindex, cell->name, &cell->info.subnet);
		settings_remember_cell(cells->settings, cell->name, &now->addr, now->prefix_len);
		log_info("cell %s: served with its new address", cell->name);
	}
	settings_set_route(cells->settings, now, tunnel_mtu(cells));
	update_stand_in(cells, cell);
	if (moved || news || back)
		announce_cell(cells, cell);
	return described;
}

bool cell_update(struct cells *cells, struct cell *cell)
{
	struct cell_look look;
	char why[CELLS_WHY] = "";
	bool moved = check_stand_in(cells, cell);
	int error = cell_examine(cells, cells->with.config, cell->name, cell, &look, why);

	if (error == -EBUSY) {
		timer_arm_idle(cells->refresh, CELLS_REFRESH_MS);
		return moved;
	}
	if (!error && cell->served && cell->interface.ifindex == look.interface.ifindex)
		return follow(cells, cell, &look);
	if (!error)
		error = cell_serve(cells, cell, &look, why);
	if (error)
		cell_lose(cells, cell, why);
	else
		log_info("cell %s: served again", cell->name);
	return moved || !error;
}

/* ---- a cell whose interface is not there at the start */

void cell_recall(struct cells *cells, struct cell *cell)
{
	const struct agent_config *config = cells->with.config;
	struct netlink_interface *interface = &cell->interface;

	if (!settings_recall_cell(cells->settings, cell->name, &interface->addr,
				  &interface->prefix_len) ||
	    !cell_check_describe(config, cell->name, interface, &cell->info) ||
	    cell_table_find_overlap(&cells->table, cell->name, &cell->info.subnet))
		return;
	snprintf(interface->name, sizeof(interface->name), "%s", cell->name);
	make_stand_in(cells, cell);
	interface->ifindex = find_key(cells, cell);
	if (!interface->ifindex || put_key(cells, cell, 0) < 0) {
		cell_withdraw(cells, cell);
		return;
	}
	update_stand_in(cells, cell);
	log_info("cell %s: its interface is awaited; this CN goes on for its stations elsewhere",
		 cell->name);
}
