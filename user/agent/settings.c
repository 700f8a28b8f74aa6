/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel settings that forwarding for stations needs. See settings.h. */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/file.h"
#include "io/log.h"
#include "io/sysctl.h"

struct sysctl_store *settings_open(const struct agent_config *config, char why[SETTINGS_WHY])
{
	char path[CONFIG_PATH_LEN + NAME_LEN + 32];
	int error = file_make_dir(config->state_dir, 0755);
	struct sysctl_store *store = NULL;

	snprintf(path, sizeof(path), "%s/%s.settings.json", config->state_dir, config->network_name);
	if (!error)
		store = sysctl_open(path);
	if (!store)
		snprintf(why, SETTINGS_WHY, "%.250s: %s", error ? config->state_dir : path, strerror(error ? -error : errno));
	return store;
}

static int set(struct sysctl_store *store, const char *name, const char *value, char why[SETTINGS_WHY])
{
	int error = sysctl_set(store, name, value);

	if (error)
		snprintf(why, SETTINGS_WHY, "cannot set %s to %s: %s", name, value, strerror(-error));
	return error;
}

static int set_interface(struct sysctl_store *store, const char *interface, const char *name, const char *value, char why[SETTINGS_WHY])
{
	char path[128];

	snprintf(path, sizeof(path), "net/ipv4/conf/%s/%s", interface, name);
	return set(store, path, value, why);
}

int settings_set_machine(struct sysctl_store *store, const char *backbone, char why[SETTINGS_WHY])
{
	int error = set(store, "net/ipv4/ip_forward", "1", why);

	if (!error)
		error = set_interface(store, "all", "send_redirects", "0", why);
	if (!error)
		error = set_interface(store, backbone, "forwarding", "1", why);
	return error;
}

void settings_set_route(const struct netlink_interface *cell, unsigned backbone_mtu)
{
	unsigned mtu = backbone_mtu - TUNNEL_OVERHEAD;
	int error = cell->up ? netlink_set_route_mtu(cell, mtu < cell->mtu ? mtu : 0) : 0;

	if (error)
		log_warn("cell %s: the MTU of its route cannot be set: %s; what is too big for a tunnel may get lost", cell->name, strerror(-error));
}

int settings_set_cell(struct sysctl_store *store, const struct netlink_interface *cell, unsigned backbone_mtu, char why[SETTINGS_WHY])
{
	int error = set_interface(store, cell->name, "forwarding", "1", why);

	if (!error)
		error = set_interface(store, cell->name, "send_redirects", "0", why);
	if (!error)
		settings_set_route(cell, backbone_mtu);
	return error;
}

void settings_clear_cell(struct sysctl_store *store, const struct netlink_interface *cell)
{
	char prefix[64];

	if (cell->up)
		netlink_set_route_mtu(cell, 0); /* fails where the interface is gone, and its route with it */
	snprintf(prefix, sizeof(prefix), "net/ipv4/conf/%s/", cell->name);
	sysctl_restore(store, prefix);
}
