/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doors of the modules that join this CN to the network: what each gets, and whom its calls
 * reach. See state.h; the doors of those that handle stations are in wiring_stations.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dhcp/dhcp.h"
#include "interface/cells.h"
#include "io/link/mlrp_link.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "network/cns.h"
#include "network/outage.h"
#include "network/path_mtu.h"
#include "network/peers.h"
#include "network/register.h"
#include "state.h"
#include "station/places.h"

static void on_changed(void *arg)
{
	agent_changed(arg);
}

/* ---- this CN, described */

static const char *own_name(const struct agent *agent)
{
	return agent->name[0] ? agent->name : agent->config.cn_name;
}

/* `mlrd rename-cn': the other CNs know this one by its new name from now on. */
void wiring_note_name(struct agent *agent, const struct cn_info *cn)
{
	if (cn->gone || cn->id != roam_self(agent->roam) || strcmp(cn->name, own_name(agent)) == 0)
		return;
	log_warn("the register calls this CN %s now: write `cn_name %s' in the configuration, "
		 "which has %s", cn->name, cn->name, agent->config.cn_name);
	memcpy(agent->name, cn->name, sizeof(agent->name));
}

void wiring_describe_cn(struct agent *agent, struct cn_info *out)
{
	memset(out, 0, sizeof(*out));
	out->id = roam_self(agent->roam);
	snprintf(out->name, sizeof(out->name), "%s", own_name(agent));
	out->tunnel = agent->backbone.tunnel;
	out->port = (uint16_t)agent->config.port;
	cell_table_describe(cells_table(agent->cells), out);
}

static void describe_cn(struct cn_info *out, void *arg)
{
	wiring_describe_cn(arg, out);
}

static void describe_self(struct mlrp_self *self, void *arg)
{
	const struct agent *agent = arg;

	memset(self, 0, sizeof(*self));
	self->role = MLRP_ROLE_CN;
	snprintf(self->network, sizeof(self->network), "%s", agent->config.network_name);
	snprintf(self->name, sizeof(self->name), "%s", own_name(agent));
	self->cn_id = roam_self(agent->roam);
	self->tunnel = agent->backbone.tunnel;
	self->instance = agent->instance;
}

static void put_self(struct agent *agent)
{
	struct cn_info self;

	wiring_describe_cn(agent, &self);
	if (self.id)
		cns_put(agent->cns, &self);
	else
		cns_put_own_subnets(agent->cns, &self);
}

/* A cell came, changed or went. */
static void on_described(void *arg)
{
	struct agent *agent = arg;

	put_self(agent); /* without what the register refuses, until it says otherwise */
	if (!register_is_registered(agent->reg))
		return;
	cells_ask_again(agent->cells);
	register_announce(agent->reg);
}

void wiring_move_tunnel(struct agent *agent)
{
	const struct tmip_addr *tunnel = &agent->backbone.tunnel;

	apply_map(agent);
	put_self(agent);
	path_mtu_move(agent->paths, tunnel);
	if (agent->places)
		places_move(agent->places, tunnel);
	peers_move(agent->peers, tunnel);
	/* The connection to the register came from the former address, perhaps. */
	register_restart(agent->reg);
	agent_changed(agent);
}

/* ---- the register */

static void on_registered(const struct cn_info *cn, void *arg)
{
	struct agent *agent = arg;
	uint32_t before = roam_self(agent->roam);

	if (before && before != cn->id)
		log_warn("the register now calls this CN number %u, before %u", cn->id, before);
	roam_set_self(agent->roam, cn->id);
	wiring_note_name(agent, cn);
	cns_put(agent->cns, cn);
}

static void on_synchronising(void *arg)
{
	struct agent *agent = arg;

	roam_set_clock(agent->roam, register_clock_ahead_ms(agent->reg));
	cns_expect(agent->cns);
}

static void on_synchronised(void *arg)
{
	struct agent *agent = arg;

	if (register_has_lost(agent->reg) || roam_sync_lacks(agent->roam))
		cns_keep_unnamed(agent->cns);
	cns_drop_unnamed(agent->cns);
	outage_report_leases(agent->outage);
	roam_sync_end(agent->roam, clock_ms());
	cns_sweep(agent->cns);
}

static void on_in_step(void *arg)
{
	struct agent *agent = arg;
	struct register_view reg;

	outage_request_blocks(agent->outage);
	register_view(agent->reg, &reg);
	log_info("register in step at version %u.%llu, %u stations", reg.version.epoch,
		 (unsigned long long)reg.version.seq,
		 HASH_COUNT(roam_replica(agent->roam)->stations));
	agent_ready(agent);
}

static void on_register_lost(void *arg)
{
	struct agent *agent = arg;

	roam_register_lost(agent->roam);
	dhcp_register_lost(agent->dhcp);
	outage_register_lost(agent->outage);
}

static void on_register_down(void *arg)
{
	struct agent *agent = arg;

	outage_begin(agent->outage);
	agent_ready(agent);
}

/*
 * The others have what the register has accepted of this CN: so has this CN. A cell that is not
 * part of that is like one of a stranger, whose hosts may be guests.
 */
static bool on_register_refused(const struct register_refusal *refusal, void *arg)
{
	struct agent *agent = arg;
	bool left_out = refusal->subnet && cells_refuse(agent->cells, refusal->subnet);

	if (register_is_registered(agent->reg))
		cns_take_back(agent->cns, register_accepted(agent->reg));
	if (!refusal->for_now)
		agent_refused(agent, refusal->why);
	return left_out;
}

static void on_register_anew(void *arg)
{
	struct agent *agent = arg;

	cells_ask_again(agent->cells);
}

static int create_register(struct agent *agent)
{
	const struct register_setup setup = {
		.base = agent->base, .dns = agent->dns, .config = &agent->config,
		.calls = {.describe_self = describe_self, .describe_cn = describe_cn,
			  .registered = on_registered, .synchronising = on_synchronising,
			  .synchronised = on_synchronised, .in_step = on_in_step,
			  .lost = on_register_lost, .down = on_register_down,
			  .refused = on_register_refused, .anew = on_register_anew,
			  .changed = on_changed, .arg = agent},
		.subscriptions = MESSAGES_OF_REGISTER,
		.subscription_count = MESSAGES_OF_REGISTER_COUNT,
	};

	return register_create(&agent->reg, &setup);
}

static void put_cn(const struct cn_info *info, void *arg)
{
	struct agent *agent = arg;

	cns_put(agent->cns, info);
}

static int create_outage(struct agent *agent)
{
	const struct outage_setup setup = {
		.base = agent->base, .config = &agent->config, .roam = agent->roam,
		.reg = agent->reg,
		.calls = {.describe_cn = describe_cn, .put_cn = put_cn, .arg = agent},
	};

	return outage_create(&agent->outage, &setup);
}

int wiring_create_network(struct agent *agent)
{
	int error = create_register(agent);

	return error ? error : create_outage(agent);
}

/* ---- the other CNs */

static void on_peer_up(uint32_t cn, void *arg)
{
	struct agent *agent = arg;

	roam_cn_up(agent->roam, cn);
	path_mtu_restart(agent->paths, cn);
}

/* It says so itself, and the register may be away. */
static void on_peer_moved(uint32_t cn, const struct tmip_addr *tunnel, void *arg)
{
	struct agent *agent = arg;
	const struct replica_cn *known = replica_find_cn(roam_replica(agent->roam), cn);
	struct cn_info info;

	if (!known)
		return;
	info = known->info;
	info.tunnel = *tunnel;
	cns_put(agent->cns, &info);
	outage_cns_changed(agent->outage);
}

int wiring_create_peers(struct agent *agent)
{
	const struct peers_setup setup = {
		.base = agent->base, .dns = agent->dns, .roam = agent->roam,
		.tunnel = agent->backbone.tunnel, .port = (uint16_t)agent->config.port,
		.calls = {.describe_self = describe_self, .up = on_peer_up,
			  .message = messages_from_cn, .moved = on_peer_moved,
			  .changed = on_changed, .arg = agent},
	};

	return peers_create(&agent->peers, &setup);
}

static void on_path_changed(uint32_t cn, void *arg)
{
	struct agent *agent = arg;

	cns_put_peer_entry(agent->cns, cn);
}

static void on_least_path(void *arg)
{
	struct agent *agent = arg;

	cells_set_path_mtu(agent->cells, path_mtu_least(agent->paths));
	apply_map(agent);
}

static int create_paths(struct agent *agent)
{
	const struct path_mtu_setup setup = {
		.base = agent->base, .dp = agent->dp, .tunnel = agent->backbone.tunnel,
		.top = agent->backbone.mtu, .paths_max = agent->config.peers_max,
		.calls = {.changed = on_path_changed, .least = on_least_path, .arg = agent},
	};
	int error = path_mtus_create(&agent->paths, &setup);

	if (error && error != -ENOMEM)
		log_error("no socket for tunnel probes: %s", strerror(-error));
	return error;
}

static int create_cns(struct agent *agent)
{
	const struct cns_setup setup = {.roam = agent->roam, .dp = agent->dp,
					.peers = agent->peers, .paths = agent->paths,
					.cells = cells_table(agent->cells),
					.changed = on_changed, .arg = agent};

	return cns_create(&agent->cns, &setup);
}

/* ---- cells */

/* nl80211 may be there since now only. */
static void on_served(void *arg)
{
	wiring_create_wifi(arg);
}

/* With the last cell the agent ends. */
static void on_left(void *arg)
{
	struct agent *agent = arg;

	if (cells_table(agent->cells)->count == 0)
		agent_stop(agent, true);
}

static int create_cells(struct agent *agent)
{
	const struct cells_setup setup = {
		.base = agent->base, .config = &agent->config, .backbone = &agent->backbone,
		.dp = agent->dp, .roam = agent->roam, .by_command = agent->attached,
		.calls = {.described = on_described, .served = on_served, .left = on_left,
			  .changed = on_changed, .arg = agent},
	};

	agent->cells = cells_create(&setup);
	return agent->cells ? 0 : -ENOMEM;
}

int wiring_create_cells(struct agent *agent)
{
	int error = create_cells(agent);

	if (!error)
		error = create_paths(agent);
	return error ? error : create_cns(agent);
}
