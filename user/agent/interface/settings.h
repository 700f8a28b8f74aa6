/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel must be told so that it forwards for stations: forwarding on, no ICMP redirects, that a cell hears all
 * frames (promiscuous), and the MTU of a cell's connected route, so that what is routed to a station fits into a tunnel
 * once it roams. Former values are kept in state_dir and put back. rp_filter needs no change: packets out of a tunnel enter the kernel through the station's home cell.
 */
#ifndef TMIP_AGENT_SETTINGS_H
#define TMIP_AGENT_SETTINGS_H

#include "core/config/agent_config.h"
#include "io/kernel/netlink.h"

#define SETTINGS_WHY 320
#define TUNNEL_OVERHEAD 20 /* bytes: the outer IPv4 header (RFC 2003) */

struct sysctl_store;

/* The store of former values. NULL with `why` on failure. */
struct sysctl_store *settings_open(const struct agent_config *config, char why[SETTINGS_WHY]);

/* 0 or -errno with `why`. */
int settings_set_machine(const struct agent_config *config, char why[SETTINGS_WHY]);
int settings_set_cell(struct sysctl_store *store, const struct netlink_interface *cell, unsigned backbone_mtu, char why[SETTINGS_WHY]);

/* Also when the cell is served already: the kernel makes the connected route anew when an interface was down. */
void settings_set_route(const struct netlink_interface *cell, unsigned backbone_mtu);
void settings_clear_machine(const struct agent_config *config); /* unless another network needs them */
void settings_clear_cell(struct sysctl_store *store, const struct netlink_interface *cell);

#endif
