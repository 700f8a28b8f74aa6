/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MTU of the path to each other CN (core/pmtu): sends tunnel probes, reads what comes back and
 * what routers say, and notifies the caller of changes. Only paths in use are probed: those whose
 * tunnel stations need, or that carried packets lately (route optimisation).
 */
#ifndef TMIP_AGENT_NETWORK_PATH_MTU_H
#define TMIP_AGENT_NETWORK_PATH_MTU_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/pmtu/pmtu.h"

struct datapath;
struct event_base;
struct path_mtus;

struct path_mtu_calls {
	/* The MTU of the path to that CN is another one now. Not raised by path_mtu_put(). */
	void (*changed)(uint32_t cn, void *arg);
	/* path_mtu_least() is another value now. */
	void (*least)(void *arg);
	void *arg;
};

struct path_mtu_setup {
	struct event_base *base;
	struct datapath *dp;
	struct tmip_addr tunnel; /* of this CN */
	unsigned top;            /* bytes of the largest packet that the backbone takes */
	unsigned paths_max;
	struct path_mtu_calls calls;
};

/* Opens the socket for probes, which needs CAP_NET_RAW. 0 or -errno; *out is NULL then. */
int path_mtus_create(struct path_mtus **out, const struct path_mtu_setup *setup);
void path_mtus_destroy(struct path_mtus *paths); /* NULL is allowed */

/* There is such a CN. mtu: of its path as a former agent knew it, 0: unknown; for a new CN only. */
void path_mtu_put(struct path_mtus *paths, uint32_t cn, const struct tmip_addr *tunnel,
		  unsigned stations, unsigned mtu);
void path_mtu_remove(struct path_mtus *paths, uint32_t cn);
/* The path to the CN may be another one now; cn 0: all paths. */
void path_mtu_restart(struct path_mtus *paths, uint32_t cn);
/* This CN's end of the tunnels is another address now. */
void path_mtu_move(struct path_mtus *paths, const struct tmip_addr *tunnel);
void path_mtu_set_top(struct path_mtus *paths, unsigned top);

/* Bytes of the largest outer packet to the CN; 0: not known, as large as the backbone takes. */
unsigned path_mtu_of(const struct path_mtus *paths, uint32_t cn);
/* How that is known. */
enum pmtu_source path_mtu_source(const struct path_mtus *paths, uint32_t cn);
/* The least of the paths in use; 0: no path is narrower than the backbone. */
unsigned path_mtu_least(const struct path_mtus *paths);

#endif
