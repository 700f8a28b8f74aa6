/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings of the kernel that forwarding for stations needs: forwarding on, ICMP redirects off,
 * cells promiscuous. The connected route of a cell gets an MTU that leaves room for the tunnel
 * header, so that what the kernel routes to a station fits into a tunnel once the station roams.
 * It never gets a greater MTU than it had from others.
 * rp_filter needs no change: packets out of a tunnel enter the kernel through the station's home
 * cell. Former values are in files in state_dir; a later agent can restore them as well. cells.c
 * calls all of this.
 */
#ifndef TMIP_AGENT_INTERFACE_SETTINGS_H
#define TMIP_AGENT_INTERFACE_SETTINGS_H

#include "core/config/agent_config.h"
#include "io/kernel/netlink.h"

#define SETTINGS_WHY 320
#define TUNNEL_OVERHEAD 20 /* bytes: the outer IPv4 header (RFC 2003) */

struct sysctl_store;

/* Opens the file of former values of the cells' settings. NULL with `why` on failure. */
struct sysctl_store *settings_open(const struct agent_config *config, char why[SETTINGS_WHY]);

/*
 * Call `call` for each file below /proc/sys and the value that it needs: of the whole machine and
 * the backbone, or of a cell. Return the first result that is not 0.
 */
typedef int settings_call(const char *name, const char *value, void *arg);
int settings_each_of_machine(const struct agent_config *config, settings_call *call, void *arg);
int settings_each_of_cell(const char *cell, settings_call *call, void *arg);

/* The settings that all cells share, and those of the backbone. 0, or -errno with `why`. */
int settings_set_machine(const struct agent_config *config, char why[SETTINGS_WHY]);
/* Restores them, unless the agent of another network needs them. */
void settings_clear_machine(const struct agent_config *config);

/*
 * The settings of a cell, and its route. tunnel_mtu: bytes of the largest outer packet. 0, or
 * -errno with `why`.
 */
int settings_set_cell(struct sysctl_store *store, const struct netlink_interface *cell,
		      unsigned tunnel_mtu, char why[SETTINGS_WHY]);
void settings_clear_cell(struct sysctl_store *store, const struct netlink_interface *cell);
/* The interface has another name now, and its settings with it. */
void settings_rename_cell(struct sysctl_store *store, const char *from, const char *to);

/*
 * The address of a cell, so that a later agent knows the subnet when the interface is not there.
 * `name`: of the cell in the configuration. recall returns false if there is none.
 */
void settings_remember_cell(struct sysctl_store *store, const char *name,
			    const struct tmip_addr *addr, uint8_t prefix_len);
bool settings_recall_cell(const struct sysctl_store *store, const char *name,
			  struct tmip_addr *addr, uint8_t *prefix_len);
void settings_forget_cell(struct sysctl_store *store, const char *name);

/*
 * Sets the MTU of the cell's route. To be called again when tunnel_mtu changes, and when the
 * interface has been down, since the kernel then makes the route anew.
 */
void settings_set_route(struct sysctl_store *store, const struct netlink_interface *cell,
			unsigned tunnel_mtu);

#endif
