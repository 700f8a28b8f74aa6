/* SPDX-License-Identifier: BSD-2-Clause */
/* The cells of this CN. See cells.h; what the kernel needs for each is in settings.c. */
#include "cells.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/network/outage.h"
#include "agent/network/register.h"
#include "agent/state.h"
#include "agent/wifi/wifi.h"
#include "backbone.h"
#include "cell_check.h"
#include "io/datapath/frame.h"
#include "io/kernel/netlink.h"
#include "io/kernel/sysctl.h"
#include "io/process/log.h"
#include "settings.h"

#define REFRESH_MS 100 /* news of interfaces come in swarms */

struct cell {
	char name[CONFIG_IF_LEN];
	bool by_command; /* attached by a command, not by the configuration */
	bool told;       /* that it cannot be served now was logged */
	struct netlink_interface interface; /* ifindex 0: not served now */
	struct cell_info info;
	struct frame_port *port;
};

struct cells {
	struct cell list[CN_CELLS_MAX];
	unsigned count;
	struct sysctl_store *settings; /* former values */
	int monitor_fd;
	struct event *monitor, *refresh;
};

/* ---- from an interface to a cell */

__attribute__((format(printf, 3, 4))) static int unusable(const char *name, char why[CELLS_WHY], const char *format, ...)
{
	int used = snprintf(why, CELLS_WHY, "%s cannot be a cell: ", name);
	va_list args;

	va_start(args, format);
	vsnprintf(why + used, CELLS_WHY - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

/* Reads the interface and decides whether it can be a cell. */
static int examine(const struct agent *agent, const char *name, struct netlink_interface *interface, struct cell_info *info,
		   char why[CELLS_WHY])
{
	const struct cell_fault *fault = cell_check_interface(&agent->config, interface, netlink_get_interface(name, interface));
	char first[ADDR_STRLEN], last[ADDR_STRLEN], subnet[ADDR_STRLEN];

	if (fault)
		return unusable(name, why, "%s", fault->reason);
	if (!cell_check_describe(&agent->config, interface, info))
		return unusable(name, why, "the pool %s to %s does not lie in its subnet %s/%u (directive addr_pool)",
				addr_format(&info->pool_first, first), addr_format(&info->pool_last, last),
				addr_format(&info->subnet.addr, subnet), info->subnet.len);
	for (unsigned i = 0; i < agent->cells->count; i++) {
		const struct cell *other = &agent->cells->list[i];

		if (other->interface.ifindex && strcmp(other->name, name) != 0 && prefix_overlaps(&other->info.subnet, &info->subnet))
			return unusable(name, why, "its subnet overlaps that of %s", other->name);
	}
	return 0;
}

/* ---- taking up and giving up */

static int put_entry(struct agent *agent, const struct netlink_interface *interface)
{
	struct tmip_cell entry = {.mac = interface->mac, .prefix_len = interface->prefix_len, .gateway = interface->addr};

	memcpy(entry.name, interface->name, sizeof(entry.name));
	return datapath_put_cell(agent->dp, interface->ifindex, &entry);
}

static void withdraw(struct agent *agent, struct cell *cell)
{
	unsigned ifindex = cell->interface.ifindex;

	if (!ifindex)
		return;
	datapath_detach(agent->dp, ifindex);
	roam_remove_cell(agent->roam, ifindex);
	datapath_delete_cell(agent->dp, ifindex);
	settings_clear_cell(agent->cells->settings, &cell->interface);
	frame_close(cell->port);
	cell->port = NULL;
	cell->interface.ifindex = 0;
}

/* Serves a cell that is not served. Whatever fails takes back what was done before. */
static int serve(struct agent *agent, struct cell *cell, const struct netlink_interface *interface, const struct cell_info *info,
		 char why[CELLS_WHY])
{
	int error = -EIO;

	cell->port = frame_open(interface->name, why);
	if (!cell->port)
		return error;
	cell->interface = *interface;
	cell->info = *info;
	error = put_entry(agent, interface);
	if (!error)
		error = roam_put_cell(agent->roam, interface->ifindex, interface->name, &info->subnet);
	if (error)
		snprintf(why, CELLS_WHY, "%s: the table of cells: %s", cell->name, strerror(-error));
	if (!error)
		error = settings_set_cell(agent->cells->settings, interface, agent->backbone_mtu, why);
	if (!error)
		error = datapath_attach(agent->dp, interface->ifindex, DATAPATH_CELL, why);
	if (error)
		withdraw(agent, cell);
	else
		cell->told = false;
	wifi_start(agent); /* perhaps nl80211 is here only now */
	return error;
}

static bool same_interface(const struct netlink_interface *a, const struct netlink_interface *b)
{
	return a->ifindex == b->ifindex && mac_equal(&a->mac, &b->mac) && addr_equal(&a->addr, &b->addr) && a->prefix_len == b->prefix_len;
}

/* Brings a cell up to date with its interface and the configuration. True: what the network is told of it changed. */
static bool update_cell(struct agent *agent, struct cell *cell)
{
	struct netlink_interface now;
	struct cell_info info;
	char why[CELLS_WHY] = "";
	unsigned before = cell->interface.ifindex;
	bool same;
	int error = examine(agent, cell->name, &now, &info, why);

	same = !error && before && same_interface(&cell->interface, &now);
	if (same) {
		bool changed = memcmp(&cell->info, &info, sizeof(info)) != 0;

		cell->info = info;
		settings_set_route(&now, agent->backbone_mtu);
		return changed;
	}
	withdraw(agent, cell);
	if (!error)
		error = serve(agent, cell, &now, &info, why);
	if (!error)
		log_info("cell %s: served%s", cell->name, before ? " with its new address" : "");
	else if (!cell->told)
		log_warn("cell not served for the time being: %s", why);
	cell->told |= error != 0;
	return before || !error;
}

static void update_all(struct agent *agent)
{
	struct netlink_interface backbone;
	bool changed = false;

	if (netlink_get_interface(agent->config.cn_if, &backbone) == 0)
		backbone_update(agent, &backbone);
	for (unsigned i = 0; i < agent->cells->count; i++)
		changed |= update_cell(agent, &agent->cells->list[i]);
	if (changed)
		register_announce(agent);
	agent_changed(agent);
}

static void on_refresh(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	update_all(arg);
}

/* Asking about interfaces waits for a lock that the whole machine shares: only what concerns us is worth it. */
static void on_change(unsigned ifindex, const char *name, void *arg)
{
	struct agent *agent = arg;
	struct timeval when = {.tv_usec = REFRESH_MS * 1000};
	bool ours = !ifindex || ifindex == agent->backbone || strcmp(name, agent->config.cn_if) == 0;

	for (unsigned i = 0; !ours && i < agent->cells->count; i++) {
		const struct cell *cell = &agent->cells->list[i];

		ours = cell->interface.ifindex ? cell->interface.ifindex == ifindex : !*name || strcmp(cell->name, name) == 0;
	}
	if (ours && !evtimer_pending(agent->cells->refresh, NULL))
		evtimer_add(agent->cells->refresh, &when);
}

static void on_monitor(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	netlink_monitor_read(fd, on_change, arg);
}

/* ---- the list */

static struct cell *find_name(const struct agent *agent, const char *name)
{
	for (unsigned i = 0; i < agent->cells->count; i++)
		if (strcmp(agent->cells->list[i].name, name) == 0)
			return &agent->cells->list[i];
	return NULL;
}

static struct cell *find_ifindex(const struct agent *agent, unsigned ifindex)
{
	int i = cells_index(agent, ifindex);

	return i < 0 ? NULL : &agent->cells->list[i];
}

int cells_index(const struct agent *agent, unsigned ifindex)
{
	for (unsigned i = 0; ifindex && i < agent->cells->count; i++)
		if (agent->cells->list[i].interface.ifindex == ifindex)
			return (int)i;
	return -1;
}

unsigned cells_count(const struct agent *agent)
{
	return agent->cells->count;
}

int cells_attach(struct agent *agent, const char *name, bool by_command, char why[CELLS_WHY])
{
	struct cells *cells = agent->cells;
	struct netlink_interface interface;
	struct cell_info info;
	struct cell *cell = find_name(agent, name);
	int error;

	if (cell && cell->interface.ifindex)
		return 0;
	if (!cell && cells->count == CN_CELLS_MAX) {
		snprintf(why, CELLS_WHY, "%s: a CN has at most %d cells", name, CN_CELLS_MAX);
		return -ENOSPC;
	}
	error = examine(agent, name, &interface, &info, why);
	if (error)
		return error;
	if (!cell) {
		cell = &cells->list[cells->count];
		memset(cell, 0, sizeof(*cell));
		snprintf(cell->name, sizeof(cell->name), "%s", name);
		cell->by_command = by_command;
	}
	error = serve(agent, cell, &interface, &info, why);
	if (error)
		return error;
	if (cell == &cells->list[cells->count])
		cells->count++;
	log_info("cell %s: served%s%s", name, interface.up ? "" : "; the interface is down", interface.deaf ? CELL_DEAF : "");
	register_announce(agent);
	return 0;
}

static void forget_cell(struct agent *agent, struct cell *cell)
{
	struct cells *cells = agent->cells;

	log_info("cell %s: no longer served", cell->name);
	withdraw(agent, cell);
	*cell = cells->list[--cells->count];
}

int cells_detach(struct agent *agent, const char *name, char why[CELLS_WHY])
{
	struct cell *cell = find_name(agent, name);

	if (!cell) {
		snprintf(why, CELLS_WHY, "%s is not a cell of this CN", name);
		return -ENOENT;
	}
	forget_cell(agent, cell);
	register_announce(agent);
	return 0;
}

static bool names(const struct agent_config *config, const char *cell)
{
	for (unsigned i = 0; i < config->cell_count; i++)
		if (strcmp(config->mobile_if[i], cell) == 0)
			return true;
	return false;
}

void cells_reconfigure(struct agent *agent, const struct agent_config *former)
{
	char why[CELLS_WHY];

	for (unsigned i = agent->cells->count; i-- > 0;) {
		struct cell *cell = &agent->cells->list[i];

		if (names(former, cell->name) && !cell->by_command && !names(&agent->config, cell->name))
			forget_cell(agent, cell);
	}
	for (unsigned i = 0; i < agent->config.cell_count; i++)
		if (!find_name(agent, agent->config.mobile_if[i]) && cells_attach(agent, agent->config.mobile_if[i], false, why) < 0)
			log_error("%s", why);
	update_all(agent);
	register_announce(agent);
}

/* ---- what others ask */

void cells_describe(const struct agent *agent, struct cn_info *out)
{
	memset(out, 0, sizeof(*out));
	out->id = roam_self(agent->roam);
	snprintf(out->name, sizeof(out->name), "%s", agent->config.cn_name);
	out->tunnel = agent->tunnel;
	out->port = (uint16_t)agent->config.port;
	for (unsigned i = 0; i < agent->cells->count; i++)
		if (agent->cells->list[i].interface.ifindex)
			out->cells[out->cell_count++] = agent->cells->list[i].info;
}

unsigned cells_find_subnet(const struct agent *agent, const struct prefix *subnet)
{
	for (unsigned i = 0; i < agent->cells->count; i++) {
		const struct cell *cell = &agent->cells->list[i];

		if (cell->interface.ifindex && cell->info.subnet.len == subnet->len && addr_equal(&cell->info.subnet.addr, &subnet->addr))
			return cell->interface.ifindex;
	}
	return 0;
}

bool cells_find(const struct agent *agent, unsigned ifindex, struct cell_view *out)
{
	const struct cell *cell = find_ifindex(agent, ifindex);

	if (!cell)
		return false;
	*out = (struct cell_view){.name = cell->name, .info = &cell->info, .mac = cell->interface.mac, .port = cell->port};
	return true;
}

void cells_announce(struct agent *agent, unsigned ifindex, const struct tmip_addr *addr, const struct tmip_mac *mac)
{
	const struct cell *cell = find_ifindex(agent, ifindex);
	const struct tmip_mac *own = cell ? &cell->interface.mac : NULL;
	int error = cell ? frame_announce(cell->port, own, addr, mac_is_zero(mac) ? own : mac) : 0;

	if (error)
		log_debug("cell %s: gratuitous ARP not sent: %s", cell->name, strerror(-error));
}

static json_t *pool_report(const struct cell_info *info)
{
	char first[ADDR_STRLEN], last[ADDR_STRLEN];

	if (addr_is_zero(&info->pool_first))
		return json_null();
	return json_pack("[s, s]", addr_format(&info->pool_first, first), addr_format(&info->pool_last, last));
}

static json_t *cell_report(const struct agent *agent, const struct cell *cell, unsigned stations)
{
	char addr[ADDR_STRLEN], subnet[ADDR_STRLEN + 4] = "", gateway[ADDR_STRLEN] = "";

	if (cell->interface.ifindex) {
		snprintf(subnet, sizeof(subnet), "%s/%u", addr_format(&cell->info.subnet.addr, addr), cell->info.subnet.len);
		addr_format(&cell->info.gateway, gateway);
	}
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:i}", "interface", cell->name, "subnet", subnet, "gateway", gateway, "pool",
			 pool_report(&cell->info), "hook", cell->interface.ifindex ? datapath_hook(agent->dp) : "not served now",
			 "stations", (int)stations);
}

json_t *cells_report(const struct agent *agent, const unsigned *stations_by_cell)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < agent->cells->count; i++)
		json_array_append_new(list, cell_report(agent, &agent->cells->list[i], stations_by_cell[i]));
	return list;
}

/* ---- life */

/* Links of a former agent on interfaces that are not ours any more. */
static void detach_former(struct agent *agent)
{
	unsigned ifindexes[CN_CELLS_MAX * 4];
	enum datapath_role roles[CN_CELLS_MAX * 4];
	char dir[CONFIG_PATH_LEN + NAME_LEN];
	int count;

	agent_config_pins(&agent->config, dir);
	count = datapath_attached(dir, ifindexes, roles, CN_CELLS_MAX * 4);
	for (int i = 0; i < count && i < CN_CELLS_MAX * 4; i++) {
		if (roles[i] == DATAPATH_CELL ? cells_index(agent, ifindexes[i]) >= 0 : ifindexes[i] == agent->backbone)
			continue;
		datapath_detach(agent->dp, ifindexes[i]);
		datapath_delete_cell(agent->dp, ifindexes[i]);
	}
}

static int watch(struct agent *agent)
{
	struct cells *cells = agent->cells;

	cells->monitor_fd = netlink_monitor_open();
	if (cells->monitor_fd < 0)
		return cells->monitor_fd;
	cells->refresh = evtimer_new(agent->base, on_refresh, agent);
	cells->monitor = event_new(agent->base, cells->monitor_fd, EV_READ | EV_PERSIST, on_monitor, agent);
	return cells->refresh && cells->monitor && event_add(cells->monitor, NULL) == 0 ? 0 : -ENOMEM;
}

int cells_start(struct agent *agent, char why[CELLS_WHY])
{
	int error = 0;

	agent->cells = calloc(1, sizeof(*agent->cells));
	if (!agent->cells)
		return -ENOMEM;
	agent->cells->monitor_fd = -1;
	agent->cells->settings = settings_open(&agent->config, why);
	if (!agent->cells->settings)
		return -EIO;
	for (unsigned i = 0; !error && i < agent->config.cell_count; i++)
		error = cells_attach(agent, agent->config.mobile_if[i], false, why);
	if (!error)
		error = settings_set_machine(&agent->config, why);
	if (!error) {
		error = watch(agent);
		if (error)
			snprintf(why, CELLS_WHY, "cannot watch the interfaces: %s", strerror(-error));
	}
	if (!error)
		detach_former(agent);
	return error;
}

void cells_stop(struct agent *agent)
{
	struct cells *cells = agent->cells;

	if (!cells)
		return;
	for (unsigned i = 0; i < cells->count; i++) {
		if (agent->tear_down)
			withdraw(agent, &cells->list[i]);
		frame_close(cells->list[i].port);
	}
	if (agent->tear_down && cells->settings) {
		sysctl_restore(cells->settings, "");
		settings_clear_machine(&agent->config);
	}
	sysctl_close(cells->settings);
	if (cells->monitor)
		event_free(cells->monitor);
	if (cells->refresh)
		event_free(cells->refresh);
	if (cells->monitor_fd >= 0)
		evutil_closesocket(cells->monitor_fd);
	free(cells);
	agent->cells = NULL;
}

int cells_remove_remains(const struct agent_config *config)
{
	unsigned ifindexes[CN_CELLS_MAX * 4];
	enum datapath_role roles[CN_CELLS_MAX * 4];
	char dir[CONFIG_PATH_LEN + NAME_LEN], name[IF_NAMESIZE], why[CELLS_WHY];
	struct sysctl_store *settings = settings_open(config, why);
	struct netlink_interface interface;
	int count;

	if (!settings) {
		log_error("%s", why);
		return -EIO;
	}
	agent_config_pins(config, dir);
	count = datapath_attached(dir, ifindexes, roles, CN_CELLS_MAX * 4);
	for (int i = 0; i < count && i < CN_CELLS_MAX * 4; i++)
		if (roles[i] == DATAPATH_CELL && if_indextoname(ifindexes[i], name) && netlink_get_interface(name, &interface) == 0)
			settings_clear_cell(settings, &interface);
	sysctl_restore(settings, "");
	sysctl_close(settings);
	settings_clear_machine(config);
	away_remove_file(config);
	return datapath_remove(dir);
}
