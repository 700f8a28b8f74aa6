/* SPDX-License-Identifier: BSD-2-Clause */
/* The cells of this CN in service. See cells.h; what the kernel needs for each is in settings.c. */
#include "cells.h"

#include <errno.h>
#include <event2/event.h>
#include <net/if.h>
#include <stdarg.h>
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

#define REFRESH_MS 100 /* one change of an interface brings several messages */
#define BACKBONE_MS 20 /* of the backbone, whose packets go astray meanwhile */
#define REMAINS_MAX (CN_CELLS_MAX * 4)

struct cells {
	struct cells_setup with;
	struct cell_table table;
	struct sysctl_store *settings; /* former values */
	unsigned path_mtu;             /* as in cells_set_path_mtu() */
	int monitor_fd;
	struct event *monitor, *refresh;
};

/* Interfaces that carry programs of a former agent, by the pins of the network. */
struct remains {
	unsigned ifindex[REMAINS_MAX];
	enum datapath_role role[REMAINS_MAX];
	int count;
};

static void announce_description(struct cells *cells)
{
	cells->with.calls.described(cells->with.calls.arg);
}

/* ---- from an interface to a cell */

__attribute__((format(printf, 3, 4)))
static int unusable(const char *name, char why[CELLS_WHY], const char *format, ...)
{
	int used = snprintf(why, CELLS_WHY, "%s cannot be a cell: ", name);
	va_list args;

	va_start(args, format);
	vsnprintf(why + used, CELLS_WHY - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

/* Reads the interface and decides whether it can be a cell. */
static int examine(const struct cells *cells, const char *name, struct netlink_interface *interface,
		   struct cell_info *info, char why[CELLS_WHY])
{
	const struct agent_config *config = cells->with.config;
	int error = netlink_get_interface(name, interface);
	const struct cell_fault *fault = cell_check_interface(config, interface, error);
	char first[ADDR_STRLEN], last[ADDR_STRLEN], subnet[ADDR_STRLEN];
	const struct cell *other;

	if (fault)
		return unusable(name, why, "%s", fault->reason);
	if (!cell_check_describe(config, interface, info))
		return unusable(name, why,
				"the pool %s to %s does not lie in its subnet %s/%u "
				"(directive addr_pool)",
				addr_format(&info->pool_first, first),
				addr_format(&info->pool_last, last),
				addr_format(&info->subnet.addr, subnet), info->subnet.len);
	other = cell_table_find_overlap(&cells->table, name, &info->subnet);
	if (other)
		return unusable(name, why, "its subnet overlaps that of %s", other->name);
	return 0;
}

/* ---- into service and out of it */

/* The largest outer packet that fits into every tunnel. */
static unsigned tunnel_mtu(const struct cells *cells)
{
	unsigned mtu = cells->with.backbone->mtu;

	return cells->path_mtu && cells->path_mtu < mtu ? cells->path_mtu : mtu;
}

static int put_entry(struct cells *cells, const struct netlink_interface *interface)
{
	struct tmip_cell entry = {.mac = interface->mac, .prefix_len = interface->prefix_len,
				  .gateway = interface->addr};

	memcpy(entry.name, interface->name, sizeof(entry.name));
	return datapath_put_cell(cells->with.dp, interface->ifindex, &entry);
}

static void withdraw(struct cells *cells, struct cell *cell)
{
	unsigned ifindex = cell->interface.ifindex;

	if (!ifindex)
		return;
	datapath_detach(cells->with.dp, ifindex);
	roam_remove_cell(cells->with.roam, ifindex);
	datapath_delete_cell(cells->with.dp, ifindex);
	settings_clear_cell(cells->settings, &cell->interface);
	frame_close(cell->port);
	cell->port = NULL;
	cell->interface.ifindex = 0;
}

/* Puts a cell into service. A failure undoes what was done before it. */
static int serve(struct cells *cells, struct cell *cell, const struct netlink_interface *interface,
		 const struct cell_info *info, char why[CELLS_WHY])
{
	const struct cells_setup *with = &cells->with;
	unsigned ifindex = interface->ifindex;
	int error = -EIO;

	cell->port = frame_open(interface->name, why);
	if (!cell->port)
		return error;
	cell->interface = *interface;
	cell->info = *info;
	error = put_entry(cells, interface);
	if (!error)
		error = roam_put_cell(with->roam, ifindex, interface->name, &info->subnet);
	if (error)
		snprintf(why, CELLS_WHY, "%s: the table of cells: %s", cell->name,
			 strerror(-error));
	if (!error)
		error = settings_set_cell(cells->settings, interface, tunnel_mtu(cells), why);
	if (!error)
		error = datapath_attach(with->dp, ifindex, DATAPATH_CELL, why);
	if (error) {
		withdraw(cells, cell);
		return error;
	}
	cell->logged = false;
	with->calls.served(with->calls.arg);
	return 0;
}

static bool same_interface(const struct netlink_interface *a, const struct netlink_interface *b)
{
	return a->ifindex == b->ifindex && mac_equal(&a->mac, &b->mac) &&
	       addr_equal(&a->addr, &b->addr) && a->prefix_len == b->prefix_len;
}

/*
 * Brings a cell up to date with its interface and the configuration. Returns whether what the
 * network knows of the cell changed.
 */
static bool update_cell(struct cells *cells, struct cell *cell)
{
	struct netlink_interface now;
	struct cell_info info;
	char why[CELLS_WHY] = "";
	unsigned before = cell->interface.ifindex;
	bool changed;
	int error = examine(cells, cell->name, &now, &info, why);

	if (!error && before && same_interface(&cell->interface, &now)) {
		changed = memcmp(&cell->info, &info, sizeof(info)) != 0;
		cell->interface = now;
		cell->info = info;
		settings_set_route(cells->settings, &now, tunnel_mtu(cells));
		return changed;
	}
	withdraw(cells, cell);
	if (!error)
		error = serve(cells, cell, &now, &info, why);
	if (!error)
		log_info("cell %s: served%s", cell->name, before ? " with its new address" : "");
	else if (!cell->logged)
		log_warn("cell not served for the time being: %s", why);
	cell->logged |= error != 0;
	return before || !error;
}

static void update_all(struct cells *cells)
{
	const struct cells_setup *with = &cells->with;
	struct netlink_interface backbone;
	bool changed = false;

	if (netlink_get_interface(with->config->cn_if, &backbone) == 0)
		backbone_update(with->backbone, &backbone);
	for (unsigned i = 0; i < cells->table.count; i++)
		changed |= update_cell(cells, &cells->table.list[i]);
	if (changed)
		announce_description(cells);
	with->calls.changed(with->calls.arg);
}

/* ---- changes of interfaces */

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

		if (cell->interface.ifindex ? cell->interface.ifindex == ifindex :
					      !*name || strcmp(cell->name, name) == 0)
			return true;
	}
	return false;
}

/* A question about an interface waits for a lock of the whole machine: ask only when needed. */
static void on_change(unsigned ifindex, const char *name, void *arg)
{
	struct cells *cells = arg;

	if (concerns(cells, ifindex, name))
		timer_arm_idle(cells->refresh, ifindex == cells->with.backbone->ifindex ?
				       BACKBONE_MS : REFRESH_MS);
}

static void on_monitor(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	netlink_monitor_read(fd, on_change, arg);
}

/* ---- attach and detach */

int cells_attach(struct cells *cells, const char *name, bool by_command, char why[CELLS_WHY])
{
	struct cell_table *table = &cells->table;
	struct cell *cell = cell_table_find_name(table, name);
	struct netlink_interface interface;
	struct cell_info info;
	int error;

	if (cell && cell->interface.ifindex)
		return 0;
	if (!cell && table->count == CN_CELLS_MAX) {
		snprintf(why, CELLS_WHY, "%s: a CN has at most %d cells", name, CN_CELLS_MAX);
		return -ENOSPC;
	}
	error = examine(cells, name, &interface, &info, why);
	if (error)
		return error;
	if (!cell) {
		cell = &table->list[table->count];
		memset(cell, 0, sizeof(*cell));
		snprintf(cell->name, sizeof(cell->name), "%s", name);
		cell->by_command = by_command;
	}
	error = serve(cells, cell, &interface, &info, why);
	if (error)
		return error;
	if (cell == &table->list[table->count])
		table->count++;
	log_info("cell %s: served%s%s", name, interface.up ? "" : "; the interface is down",
		 interface.deaf ? CELL_DEAF : "");
	announce_description(cells);
	return 0;
}

static void forget_cell(struct cells *cells, struct cell *cell)
{
	log_info("cell %s: no longer served", cell->name);
	withdraw(cells, cell);
	*cell = cells->table.list[--cells->table.count];
}

int cells_detach(struct cells *cells, const char *name, char why[CELLS_WHY])
{
	struct cell *cell = cell_table_find_name(&cells->table, name);

	if (!cell) {
		snprintf(why, CELLS_WHY, "%s is not a cell of this CN", name);
		return -ENOENT;
	}
	forget_cell(cells, cell);
	announce_description(cells);
	return 0;
}

static bool names(const struct agent_config *config, const char *cell)
{
	for (unsigned i = 0; i < config->cell_count; i++)
		if (strcmp(config->mobile_if[i], cell) == 0)
			return true;
	return false;
}

void cells_reconfigure(struct cells *cells, const struct agent_config *former)
{
	const struct agent_config *config = cells->with.config;
	char why[CELLS_WHY];

	for (unsigned i = cells->table.count; i-- > 0;) {
		struct cell *cell = &cells->table.list[i];

		if (names(former, cell->name) && !cell->by_command && !names(config, cell->name))
			forget_cell(cells, cell);
	}
	for (unsigned i = 0; i < config->cell_count; i++)
		if (!cell_table_find_name(&cells->table, config->mobile_if[i]) &&
		    cells_attach(cells, config->mobile_if[i], false, why) < 0)
			log_error("%s", why);
	update_all(cells);
	announce_description(cells);
}

void cells_set_path_mtu(struct cells *cells, unsigned mtu)
{
	cells->path_mtu = mtu;
	for (unsigned i = 0; i < cells->table.count; i++) {
		const struct netlink_interface *interface = &cells->table.list[i].interface;

		if (interface->ifindex)
			settings_set_route(cells->settings, interface, tunnel_mtu(cells));
	}
}

const struct cell_table *cells_table(const struct cells *cells)
{
	return &cells->table;
}

void cells_announce(struct cells *cells, unsigned ifindex, const struct tmip_addr *addr,
		    const struct tmip_mac *mac)
{
	const struct cell *cell = cell_table_find(&cells->table, ifindex);
	const struct tmip_mac *own = cell ? &cell->interface.mac : NULL;
	int error = 0;

	if (cell)
		error = frame_announce(cell->port, own, addr, mac_is_zero(mac) ? own : mac);
	if (error)
		log_debug("cell %s: gratuitous ARP not sent: %s", cell->name, strerror(-error));
}

void cells_defend(struct cells *cells, unsigned ifindex, const struct tmip_addr *addr,
		  const struct tmip_mac *to, const struct tmip_mac *mac)
{
	const struct cell *cell = cell_table_find(&cells->table, ifindex);
	const struct tmip_mac *own = cell ? &cell->interface.mac : NULL;
	int error = 0;

	if (cell)
		error = frame_defend(cell->port, to, own, addr, mac_is_zero(mac) ? own : mac);
	if (error)
		log_debug("cell %s: ARP defence not sent: %s", cell->name, strerror(-error));
}

void cells_answer(struct cells *cells, unsigned ifindex, const struct tmip_addr *addr,
		  const struct tmip_mac *to, const struct tmip_addr *to_addr)
{
	const struct cell *cell = cell_table_find(&cells->table, ifindex);
	int error = 0;

	if (cell)
		error = frame_answer(cell->port, to, to_addr, &cell->interface.mac, addr);
	if (error)
		log_debug("cell %s: ARP answer not sent: %s", cell->name, strerror(-error));
}

/* ---- what a former agent left */

static void find_remains(const struct agent_config *config, struct remains *remains)
{
	char dir[CONFIG_PATH_LEN + NAME_LEN];

	agent_config_pin_dir(config, dir);
	remains->count = datapath_attached(dir, remains->ifindex, remains->role, REMAINS_MAX);
	if (remains->count > REMAINS_MAX)
		remains->count = REMAINS_MAX;
}

/* The kernel settings of an interface that was a cell. */
static void clear_former(struct sysctl_store *settings, unsigned ifindex)
{
	struct netlink_interface interface;
	char name[IF_NAMESIZE];

	if (if_indextoname(ifindex, name) && netlink_get_interface(name, &interface) == 0)
		settings_clear_cell(settings, &interface);
}

/* Links on interfaces that are neither cell nor backbone any more. */
static void detach_former(struct cells *cells)
{
	struct remains remains;

	find_remains(cells->with.config, &remains);
	for (int i = 0; i < remains.count; i++) {
		unsigned ifindex = remains.ifindex[i];
		bool is_cell = remains.role[i] == DATAPATH_CELL;

		if (is_cell ? cell_table_find(&cells->table, ifindex) != NULL :
			      ifindex == cells->with.backbone->ifindex)
			continue;
		datapath_detach(cells->with.dp, ifindex);
		datapath_delete_cell(cells->with.dp, ifindex);
		if (remains.role[i] == DATAPATH_CELL)
			clear_former(cells->settings, ifindex);
	}
}

int cells_remove_remains(const struct agent_config *config)
{
	char dir[CONFIG_PATH_LEN + NAME_LEN], why[CELLS_WHY];
	struct sysctl_store *settings = settings_open(config, why);
	struct remains remains;

	if (!settings) {
		log_error("%s", why);
		return -EIO;
	}
	find_remains(config, &remains);
	for (int i = 0; i < remains.count; i++)
		if (remains.role[i] == DATAPATH_CELL)
			clear_former(settings, remains.ifindex[i]);
	sysctl_restore(settings, "");
	sysctl_close(settings);
	settings_clear_machine(config);
	agent_config_pin_dir(config, dir);
	return datapath_remove(dir);
}

/* ---- life */

static int watch(struct cells *cells)
{
	cells->monitor_fd = netlink_monitor_open();
	if (cells->monitor_fd < 0)
		return cells->monitor_fd;
	cells->refresh = evtimer_new(cells->with.base, on_refresh, cells);
	cells->monitor = event_new(cells->with.base, cells->monitor_fd, EV_READ | EV_PERSIST,
				   on_monitor, cells);
	if (!cells->refresh || !cells->monitor || event_add(cells->monitor, NULL) < 0)
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
		error = cells_attach(cells, config->mobile_if[i], false, why);
	if (!error)
		error = settings_set_machine(config, why);
	if (!error) {
		error = watch(cells);
		if (error)
			snprintf(why, CELLS_WHY, "cannot watch the interfaces: %s",
				 strerror(-error));
	}
	if (!error)
		detach_former(cells);
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
			withdraw(cells, &cells->table.list[i]);
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
	if (cells->monitor_fd >= 0)
		evutil_closesocket(cells->monitor_fd);
	free(cells);
}
