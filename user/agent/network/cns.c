/* SPDX-License-Identifier: BSD-2-Clause */
/* The CNs of the network. See cns.h. */
#include "cns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/interface/cell_table.h"
#include "core/roam/roam.h"
#include "io/datapath/datapath.h"
#include "io/process/log.h"
#include "path_mtu.h"
#include "peers.h"

#define MAPPED_BITS 96 /* in front of an IPv4 address in struct tmip_addr */

struct cns {
	struct cns_setup with;
};

static const struct replica *replica_of(const struct cns *cns)
{
	return roam_replica(cns->with.roam);
}

static bool is_self(const struct cns *cns, uint32_t cn_id)
{
	return cn_id == roam_self(cns->with.roam);
}

/* ---- subnets */

static struct tmip_subnet_key subnet_key(const struct prefix *prefix)
{
	return (struct tmip_subnet_key){
		.prefix_len = MAPPED_BITS + prefix->len,
		.addr = prefix->addr,
	};
}

static bool is_of_a_cn(const struct cns *cns, const struct tmip_subnet_key *key)
{
	for (const struct replica_cn *cn = replica_of(cns)->cns; cn; cn = cn->hh.next)
		for (int i = 0; i < cn->info.cell_count; i++) {
			struct tmip_subnet_key known = subnet_key(&cn->info.cells[i].subnet);

			if (memcmp(&known, key, sizeof(known)) == 0)
				return true;
		}
	return false;
}

static void put_subnets(struct cns *cns, const struct cn_info *info)
{
	for (int i = 0; i < info->cell_count; i++) {
		const struct prefix *prefix = &info->cells[i].subnet;
		struct tmip_subnet_key key = subnet_key(prefix);
		struct tmip_subnet subnet = {.parent = info->tunnel, .prefix_len = prefix->len,
					     .gateway = info->cells[i].gateway};

		if (is_self(cns, info->id))
			subnet.ifindex = cell_table_find_subnet(cns->with.cells, prefix);
		datapath_put_subnet(cns->with.dp, &key, &subnet);
	}
}

void cns_put_own_subnets(struct cns *cns, const struct cn_info *self)
{
	put_subnets(cns, self);
}

/* ---- a CN */

/*
 * Deletes what the maps had of a CN and belongs to nobody any more. Another CN may have it by now:
 * a register that lost its store gives new numbers.
 */
static void delete_former(struct cns *cns, const struct cn_info *former)
{
	for (int i = 0; i < former->cell_count; i++) {
		struct tmip_subnet_key key = subnet_key(&former->cells[i].subnet);

		if (!is_of_a_cn(cns, &key))
			datapath_delete_subnet(cns->with.dp, &key);
	}
	if (!replica_find_cn_tunnel(replica_of(cns), &former->tunnel))
		datapath_delete_peer(cns->with.dp, &former->tunnel);
}

void cns_put_peer_entry(struct cns *cns, uint32_t cn_id)
{
	const struct replica_cn *cn = replica_find_cn(replica_of(cns), cn_id);
	struct tmip_peer entry = {0};
	int error;

	if (!cn || is_self(cns, cn_id))
		return;
	datapath_read_peer(cns->with.dp, &cn->info.tunnel, &entry);
	path_mtu_put(cns->with.paths, cn_id, &cn->info.tunnel, cn->stations, entry.mtu);
	entry = (struct tmip_peer){.mtu = path_mtu_of(cns->with.paths, cn_id)};
	memcpy(entry.name, cn->info.name, sizeof(entry.name));
	entry.cn_id = cn->info.id;
	entry.tunnel = cn->tunnel;
	entry.stations = cn->stations;
	error = datapath_put_peer(cns->with.dp, &cn->info.tunnel, &entry);
	if (error)
		log_error("map tmip_peer: %s: %s", cn->info.name, strerror(-error));
	cns->with.changed(cns->with.arg);
}

static void log_change(const struct cn_info *info, const struct cn_info *former)
{
	if (!former->id && !info->gone)
		log_info("CN %s is number %u of the network", info->name, info->id);
	if (former->id && info->gone)
		log_info("CN %s was forgotten by the register", former->name);
}

/* A CN that the register had lost has come back there under another number. */
static void drop_renumbered(struct cns *cns, const struct cn_info *info)
{
	for (const struct replica_cn *cn = replica_of(cns)->cns; cn; cn = cn->hh.next) {
		struct cn_info former = cn->info;

		if (!cn->kept || info->gone || cn->info.id == info->id ||
		    (strcmp(cn->info.name, info->name) != 0 &&
		     !addr_equal(&cn->info.tunnel, &info->tunnel)))
			continue;
		former.gone = true;
		path_mtu_remove(cns->with.paths, former.id);
		peers_put(cns->with.peers, &former, false);
	}
}

void cns_put(struct cns *cns, const struct cn_info *info)
{
	const struct replica_cn *known = replica_find_cn(replica_of(cns), info->id);
	struct cn_info former = known ? known->info : (struct cn_info){0};
	bool self = is_self(cns, info->id);
	bool moved = known && (!addr_equal(&former.tunnel, &info->tunnel) ||
			       former.port != info->port);

	drop_renumbered(cns, info);
	/* The peer is in the map before any station leads to it. */
	if (!info->gone)
		put_subnets(cns, info);
	if (roam_put_cn(cns->with.roam, info) < 0) {
		log_error("CN %s: the table of CNs is full (peers_max): it is not served",
			  info->name);
		delete_former(cns, info);
		return;
	}
	if (former.id)
		delete_former(cns, &former);
	if (self)
		return;
	if (info->gone)
		path_mtu_remove(cns->with.paths, info->id);
	cns_put_peer_entry(cns, info->id);
	peers_put(cns->with.peers, info, moved);
	log_change(info, &former);
}

/* ---- all of them */

void cns_expect(struct cns *cns)
{
	roam_expect_cns(cns->with.roam);
}

static const struct replica_cn *find_unnamed(const struct cns *cns)
{
	const struct replica_cn *cn = replica_of(cns)->cns;

	while (cn && (!cn->stale || cn->kept))
		cn = cn->hh.next;
	return cn;
}

/* One CN may have put its own in the place of another's. */
static void put_all(struct cns *cns)
{
	for (const struct replica_cn *cn = replica_of(cns)->cns; cn; cn = cn->hh.next) {
		put_subnets(cns, &cn->info);
		cns_put_peer_entry(cns, cn->info.id);
	}
}

void cns_take_back(struct cns *cns, const struct cn_info *self)
{
	cns_put(cns, self);
	put_all(cns);
}

void cns_drop_unnamed(struct cns *cns)
{
	const struct replica_cn *cn;
	bool dropped = false;

	while ((cn = find_unnamed(cns))) {
		struct cn_info gone = cn->info;

		gone.gone = true;
		cns_put(cns, &gone);
		dropped = true;
	}
	/* A CN that has a new number lost tunnel and subnets together with its former number. */
	if (dropped)
		put_all(cns);
}

void cns_keep_unnamed(struct cns *cns)
{
	roam_keep_cns(cns->with.roam);
}

static int sweep_peer(const struct tmip_addr *tunnel, const struct tmip_peer *entry, void *arg)
{
	struct cns *cns = arg;
	const struct replica_cn *cn = replica_find_cn_tunnel(replica_of(cns), tunnel);

	(void)entry;
	if (!cn || is_self(cns, cn->info.id))
		datapath_delete_peer(cns->with.dp, tunnel);
	return 0;
}

static int sweep_subnet(const struct tmip_subnet_key *key, const struct tmip_subnet *entry,
			void *arg)
{
	struct cns *cns = arg;
	struct prefix subnet = {.addr = key->addr, .len = entry->prefix_len};

	if (is_of_a_cn(cns, key))
		return 0;
	roam_note_former(cns->with.roam, &subnet, &entry->gateway);
	datapath_delete_subnet(cns->with.dp, key);
	return 0;
}

void cns_sweep(struct cns *cns)
{
	datapath_each_peer(cns->with.dp, sweep_peer, cns);
	datapath_each_subnet(cns->with.dp, sweep_subnet, cns);
}

int cns_create(struct cns **out, const struct cns_setup *setup)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->with = *setup;
	return 0;
}

void cns_destroy(struct cns *cns)
{
	free(cns);
}
