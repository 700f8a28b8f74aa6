/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CNs of the network as the register names them, this one included: into the roaming machine,
 * the data path (maps tmip_peer, tmip_subnet) and the connections (peers.h).
 */
#ifndef TMIP_AGENT_NETWORK_CNS_H
#define TMIP_AGENT_NETWORK_CNS_H

#include <stdint.h>

#include "core/base/station.h"

struct cell_table;
struct cns;
struct datapath;
struct path_mtus;
struct peers;
struct roam;

struct cns_setup {
	struct roam *roam;
	struct datapath *dp;
	struct peers *peers;
	struct path_mtus *paths;
	const struct cell_table *cells;  /* of this CN */
	void (*changed)(void *arg);      /* the state that people see changed */
	void *arg;
};

int cns_create(struct cns **out, const struct cns_setup *setup); /* 0 or -ENOMEM */
void cns_destroy(struct cns *cns);                               /* NULL is allowed */

/* A CN appeared, changed or is gone; it may be this one. */
void cns_put(struct cns *cns, const struct cn_info *info);
/* The register refuses a change of this CN: it is again what `self` says. */
void cns_take_back(struct cns *cns, const struct cn_info *self);
/* Before the register has given this CN a number: the subnets of its own cells are at home here. */
void cns_put_own_subnets(struct cns *cns, const struct cn_info *self);
/* Writes the map entry of the CN: the tunnel to it, or the MTU of the path, has changed. */
void cns_put_peer_entry(struct cns *cns, uint32_t cn_id);

/* The register is about to name all CNs anew; cns_drop_unnamed() drops those it has not named. */
void cns_expect(struct cns *cns);
void cns_drop_unnamed(struct cns *cns);
/* Instead: the register has lost them, and they stay until they are back there. */
void cns_keep_unnamed(struct cns *cns);
/* Deletes map entries that a former agent left and the register does not know. */
void cns_sweep(struct cns *cns);

#endif
