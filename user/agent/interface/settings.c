/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of the kernel that forwarding for stations needs. See settings.h. */
#include "settings.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/kernel/netlink_route.h"
#include "io/kernel/sysctl.h"
#include "io/process/file.h"
#include "io/process/log.h"

#define MACHINE_PATH (CONFIG_PATH_LEN + NAME_LEN + 64)

struct sysctl_store *settings_open(const struct agent_config *config, char why[SETTINGS_WHY])
{
	char path[CONFIG_PATH_LEN + NAME_LEN + 32];
	int error = file_make_dir(config->state_dir, 0755);
	struct sysctl_store *store = NULL;

	snprintf(path, sizeof(path), "%s/%s.settings.json", config->state_dir,
		 config->network_name);
	if (!error)
		store = sysctl_open(path);
	if (!store)
		snprintf(why, SETTINGS_WHY, "%.250s: %s", error ? config->state_dir : path,
			 strerror(error ? -error : errno));
	return store;
}

static int set(struct sysctl_store *store, const char *name, const char *value,
	       char why[SETTINGS_WHY])
{
	int error = sysctl_set(store, name, value);

	if (error)
		snprintf(why, SETTINGS_WHY, "cannot set %s to %s: %s", name, value,
			 strerror(-error));
	return error;
}

static int call_for(const char *interface, const char *name, const char *value,
		    settings_call *call, void *arg)
{
	char path[128];

	snprintf(path, sizeof(path), "net/ipv4/conf/%s/%s", interface, name);
	return call(path, value, arg);
}

int settings_each_of_machine(const struct agent_config *config, settings_call *call, void *arg)
{
	int error = call("net/ipv4/ip_forward", "1", arg);

	if (!error)
		error = call_for("all", "send_redirects", "0", call, arg);
	return error ? error : call_for(config->cn_if, "forwarding", "1", call, arg);
}

int settings_each_of_cell(const char *cell, settings_call *call, void *arg)
{
	int error = call_for(cell, "forwarding", "1", call, arg);

	return error ? error : call_for(cell, "send_redirects", "0", call, arg);
}

struct setting {
	struct sysctl_store *store;
	char *why;
};

static int set_one(const char *name, const char *value, void *arg)
{
	const struct setting *setting = arg;

	return set(setting->store, name, value, setting->why);
}

/*
 * Agents of several networks may share a network namespace and its settings. The former values are
 * in one file; each agent keeps an empty file beside it while it needs the settings, and the last
 * agent to leave restores the former values.
 */
static void format_machine_path(const struct agent_config *config, const char *what,
				char path[MACHINE_PATH])
{
	struct stat net = {0};

	stat("/proc/self/ns/net", &net);
	snprintf(path, MACHINE_PATH, "%s/machine-%llu.%s", config->state_dir,
		 (unsigned long long)net.st_ino, what);
}

/* The empty file of the agent of that network. */
static void format_user_path(const struct agent_config *config, const char *network,
			     char path[MACHINE_PATH])
{
	char what[NAME_LEN + 8];

	snprintf(what, sizeof(what), "%s.user", network);
	format_machine_path(config, what, path);
}

static int open_machine(const struct agent_config *config, struct sysctl_store **store)
{
	char path[MACHINE_PATH];

	format_machine_path(config, "settings.json", path);
	*store = sysctl_open(path);
	return *store ? 0 : -errno;
}

int settings_set_machine(const struct agent_config *config, char why[SETTINGS_WHY])
{
	struct sysctl_store *store = NULL;
	struct setting setting;
	char path[MACHINE_PATH];
	int error;

	format_user_path(config, config->network_name, path);
	error = file_replace(path, "", 0, 0600);
	if (!error)
		error = open_machine(config, &store);
	if (error) {
		snprintf(why, SETTINGS_WHY, "%.250s: %s", path, strerror(-error));
		return error;
	}
	setting = (struct setting){store, why};
	error = settings_each_of_machine(config, set_one, &setting);
	sysctl_close(store);
	return error;
}

void settings_clear_machine(const struct agent_config *config)
{
	struct sysctl_store *store;
	char path[MACHINE_PATH];
	glob_t users = {0};

	format_user_path(config, config->network_name, path);
	unlink(path);
	format_user_path(config, "*", path);
	if (glob(path, 0, NULL, &users) == 0) {
		log_info("the settings of the whole machine stay as they are: "
			 "%zu more networks are served here", users.gl_pathc);
	} else if (open_machine(config, &store) == 0) {
		sysctl_restore(store, "");
		sysctl_close(store);
	}
	globfree(&users);
}

/* ---- the MTU of a cell's route */

/* The MTU that the route had, and the one that it got last; 0: none. */
struct route_note {
	unsigned former, set;
};

/* The note's name in the store: it is no file below /proc/sys. */
static void format_route(const struct netlink_interface *cell, char name[64])
{
	snprintf(name, 64, "route/%s/mtu", cell->name);
}

static bool read_note(const struct sysctl_store *store, const struct netlink_interface *cell,
		      struct route_note *note)
{
	const char *text;
	char name[64];

	format_route(cell, name);
	text = sysctl_note_of(store, name);
	return text && sscanf(text, "%u %u", &note->former, &note->set) == 2;
}

static int write_note(struct sysctl_store *store, const struct netlink_interface *cell,
		      const struct route_note *note)
{
	char name[64], text[32];

	format_route(cell, name);
	snprintf(text, sizeof(text), "%u %u", note->former, note->set);
	return sysctl_noted(store, name, text) ? 0 : sysctl_renote(store, name, text);
}

/* An MTU that is not ours is somebody else's, or the kernel has made the route anew. */
static int set_route(struct sysctl_store *store, const struct netlink_interface *cell,
		     unsigned wanted)
{
	struct route_note note = {0};
	unsigned now;
	bool noted = read_note(store, cell, &note);
	int error = netlink_get_route_mtu(cell, &now);

	if (error)
		return error;
	if (!noted || now != note.set)
		note.former = now;
	note.set = !wanted || (note.former && note.former < wanted) ? note.former : wanted;
	error = write_note(store, cell, &note);
	if (!error && now != note.set)
		error = netlink_set_route_mtu(cell, note.set);
	if (error) { /* the route is as it was */
		note.set = now;
		write_note(store, cell, &note);
	}
	return error;
}

void settings_set_route(struct sysctl_store *store, const struct netlink_interface *cell,
			unsigned tunnel_mtu)
{
	unsigned mtu = tunnel_mtu - TUNNEL_OVERHEAD;
	int error = cell->up ? set_route(store, cell, mtu < cell->mtu ? mtu : 0) : 0;

	if (error)
		log_warn("cell %s: the MTU of its route cannot be set: %s; "
			 "what is too big for a tunnel may get lost", cell->name, strerror(-error));
}

static void restore_route(struct sysctl_store *store, const struct netlink_interface *cell)
{
	struct route_note note = {0};
	unsigned now = 0;
	bool noted = read_note(store, cell, &note);
	char name[64];

	/* These fail if the interface is gone, with its route. */
	if (cell->up && netlink_get_route_mtu(cell, &now) == 0 && now != note.former &&
	    (!noted || now == note.set))
		netlink_set_route_mtu(cell, note.former);
	format_route(cell, name);
	sysctl_restore(store, name);
}

/* ---- a cell */

/* The flag's name in the store: it is no file below /proc/sys. */
static void format_promiscuous(const struct netlink_interface *cell, char name[64])
{
	snprintf(name, 64, "link/%s/promiscuous", cell->name);
}

/*
 * A station that arrives sends to the MACs that its gateway and its neighbours had in its former
 * cell. Network cards and bridges pass frames for foreign MACs to this host only in promiscuous
 * mode.
 */
static int set_promiscuous(struct sysctl_store *store, const struct netlink_interface *cell,
			   char why[SETTINGS_WHY])
{
	char name[64];
	int error;

	if (cell->promiscuous || cell->deaf)
		return 0;
	format_promiscuous(cell, name);
	error = sysctl_note(store, name, "0");
	if (!error)
		error = netlink_set_promiscuous(cell->ifindex, true);
	if (error)
		snprintf(why, SETTINGS_WHY, "cannot make %s promiscuous: %s", cell->name,
			 strerror(-error));
	return error;
}

static void restore_promiscuous(struct sysctl_store *store, const struct netlink_interface *cell)
{
	char name[64];

	format_promiscuous(cell, name);
	if (sysctl_noted(store, name, "0"))
		netlink_set_promiscuous(cell->ifindex, false);
	sysctl_restore(store, name);
}

int settings_set_cell(struct sysctl_store *store, const struct netlink_interface *cell,
		      unsigned tunnel_mtu, char why[SETTINGS_WHY])
{
	struct setting setting = {store, why};
	int error = settings_each_of_cell(cell->name, set_one, &setting);

	if (!error)
		error = set_promiscuous(store, cell, why);
	if (!error)
		settings_set_route(store, cell, tunnel_mtu);
	return error;
}

void settings_clear_cell(struct sysctl_store *store, const struct netlink_interface *cell)
{
	char prefix[64];

	restore_route(store, cell);
	restore_promiscuous(store, cell);
	snprintf(prefix, sizeof(prefix), "net/ipv4/conf/%s/", cell->name);
	sysctl_restore(store, prefix);
}

void settings_rename_cell(struct sysctl_store *store, const char *from, const char *to)
{
	static const char *const folders[] = {"net/ipv4/conf", "link", "route"};
	char former[64], now[64];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(former, sizeof(former), "%s/%s/", folders[i], from);
		snprintf(now, sizeof(now), "%s/%s/", folders[i], to);
		sysctl_rename(store, former, now);
	}
}

/* ---- the address that a cell had last */

/* The note's name in the store: it is no file below /proc/sys. */
static void format_memory(const char *cell, char name[64])
{
	snprintf(name, 64, "cell/%s/address", cell);
}

void settings_remember_cell(struct sysctl_store *store, const char *name,
			    const struct tmip_addr *addr, uint8_t prefix_len)
{
	char note[64], value[ADDR_STRLEN + 8], text[ADDR_STRLEN];
	int error = 0;

	format_memory(name, note);
	snprintf(value, sizeof(value), "%s %u", addr_format(addr, text), prefix_len);
	if (!sysctl_noted(store, note, value))
		error = sysctl_renote(store, note, value);
	if (error)
		log_warn("the address of cell %s cannot be kept: %s", name, strerror(-error));
}

bool settings_recall_cell(const struct sysctl_store *store, const char *name,
			  struct tmip_addr *addr, uint8_t *prefix_len)
{
	char note[64], text[ADDR_STRLEN];
	const char *value;
	unsigned len;

	format_memory(name, note);
	value = sysctl_note_of(store, note);
	if (!value || sscanf(value, "%45s %u", text, &len) != 2 || len > 30 ||
	    addr_parse(text, addr) < 0)
		return false;
	*prefix_len = (uint8_t)len;
	return true;
}

void settings_forget_cell(struct sysctl_store *store, const char *name)
{
	char note[64];

	format_memory(name, note);
	sysctl_restore(store, note);
}
