/* SPDX-License-Identifier: BSD-2-Clause */
/* The doors of all modules: what each gets, and whom its calls reach. See state.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dhcp/dhcp.h"
#include "dhcp/twins.h"
#include "interface/cells.h"
#include "io/datapath/tunnel_probe.h"
#include "io/link/mlrp_link.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "network/cns.h"
#include "network/outage.h"
#include "network/path_mtu.h"
#include "network/peers.h"
#include "network/register.h"
#include "state.h"
#include "station/address_check.h"
#include "station/buffer.h"
#include "station/farewell.h"
#include "station/greeting.h"
#include "station/groups.h"
#include "station/neighbours.h"
#include "station/presence.h"
#include "wifi/authenticator.h"
#include "wifi/wifi.h"

static void on_changed(void *arg)
{
	agent_changed(arg);
}

/* ---- this CN, described */

void wiring_describe_cn(struct agent *agent, struct cn_info *out)
{
	memset(out, 0, sizeof(*out));
	out->id = roam_self(agent->roam);
	snprintf(out->name, sizeof(out->name), "%s", agent->config.cn_name);
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
	snprintf(self->name, sizeof(self->name), "%s", agent->config.cn_name);
	self->cn_id = roam_self(agent->roam);
	self->tunnel = agent->backbone.tunnel;
}

/* A cell came, changed or went. */
static void on_described(void *arg)
{
	struct agent *agent = arg;
	struct cn_info self;

	register_announce(agent->reg);
	wiring_describe_cn(agent, &self);
	if (self.id)
		cns_put(agent->cns, &self);
	else
		cns_put_own_subnets(agent->cns, &self);
}

/* ---- the register */

static void on_registered(const struct cn_info *cn, void *arg)
{
	struct agent *agent = arg;
	uint32_t before = roam_self(agent->roam);

	if (before && before != cn->id)
		log_warn("the register now calls this CN number %u, before %u", cn->id, before);
	roam_set_self(agent->roam, cn->id);
	cns_put(agent->cns, cn);
}

static void on_synchronising(void *arg)
{
	struct agent *agent = arg;

	cns_expect(agent->cns);
}

static void on_synchronised(void *arg)
{
	struct agent *agent = arg;

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

static int create_register(struct agent *agent)
{
	const struct register_setup setup = {
		.base = agent->base, .dns = agent->dns, .config = &agent->config,
		.calls = {.describe_self = describe_self, .describe_cn = describe_cn,
			  .registered = on_registered, .synchronising = on_synchronising,
			  .synchronised = on_synchronised, .in_step = on_in_step,
			  .lost = on_register_lost, .down = on_register_down,
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

int wiring_create_peers(struct agent *agent)
{
	const struct peers_setup setup = {
		.base = agent->base, .dns = agent->dns, .roam = agent->roam,
		.tunnel = agent->backbone.tunnel, .port = (uint16_t)agent->config.port,
		.calls = {.describe_self = describe_self, .up = on_peer_up,
			  .message = messages_from_cn, .changed = on_changed, .arg = agent},
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

static int create_cells(struct agent *agent)
{
	const struct cells_setup setup = {
		.base = agent->base, .config = &agent->config, .backbone = &agent->backbone,
		.dp = agent->dp, .roam = agent->roam,
		.calls = {.described = on_described, .served = on_served, .changed = on_changed,
			  .arg = agent},
	};

	agent->cells = cells_create(&setup);
	return agent->cells ? 0 : -ENOMEM;
}

/* ---- stations */

static void probe(const struct tmip_addr *addr, void *arg)
{
	struct agent *agent = arg;

	presence_probe(agent->presence, addr);
}

static int create_presence(struct agent *agent)
{
	const struct presence_setup setup = {.base = agent->base, .config = &agent->config,
					     .cells = cells_table(agent->cells), .dp = agent->dp,
					     .roam = agent->roam};

	return presence_create(&agent->presence, &setup);
}

static int create_greetings(struct agent *agent)
{
	const struct greeting_calls calls = {.probe = probe, .arg = agent};

	agent->greetings = greetings_create(agent->base, &calls);
	return agent->greetings ? 0 : -ENOMEM;
}

static void probe_in(const struct tmip_addr *addr, unsigned ifindex, void *arg)
{
	struct agent *agent = arg;
	const struct replica_station *station = replica_find(roam_replica(agent->roam), addr);

	if (station)
		presence_probe_in(agent->presence, addr, &station->record.mac, ifindex);
}

/* The station's arrival may wait in the ring. */
static bool is_back(const struct tmip_addr *addr, unsigned ifindex, void *arg)
{
	struct agent *agent = arg;
	const struct replica_station *station;

	datapath_poll(agent->dp);
	station = replica_find(roam_replica(agent->roam), addr);
	return !station || station->kernel.ifindex == ifindex;
}

static void announce(const struct tmip_addr *addr, unsigned ifindex, void *arg)
{
	static const struct tmip_mac own;
	struct agent *agent = arg;

	cells_announce(agent->cells, ifindex, addr, &own);
}

static int create_farewells(struct agent *agent)
{
	const struct farewell_calls calls = {.probe = probe_in, .is_back = is_back,
					     .announce = announce, .arg = agent};

	agent->farewells = farewells_create(agent->base, &calls);
	return agent->farewells ? 0 : -ENOMEM;
}

static void send_to_cn(uint32_t cn, const struct mlrp_message *message, void *arg)
{
	struct agent *agent = arg;

	peers_send(agent->peers, cn, message);
}

static void ask_all(const struct tmip_addr *addr, unsigned ifindex, void *arg)
{
	static const struct tmip_mac everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct agent *agent = arg;

	presence_probe_in(agent->presence, addr, &everybody, ifindex);
}

static void tell(const struct tmip_addr *addr, unsigned ifindex, const struct tmip_mac *mac,
		 const struct tmip_addr *guest, void *arg)
{
	struct agent *agent = arg;

	cells_answer(agent->cells, ifindex, addr, mac, guest);
}

static int create_neighbours(struct agent *agent)
{
	const struct neighbours_setup setup = {
		.base = agent->base, .cells = cells_table(agent->cells), .roam = agent->roam,
		.calls = {.send = send_to_cn, .ask = ask_all, .tell = tell, .arg = agent},
	};

	agent->neighbours = neighbours_create(&setup);
	return agent->neighbours ? 0 : -ENOMEM;
}

static bool is_connected(uint32_t cn, void *arg)
{
	const struct agent *agent = arg;

	return peers_connected(agent->peers, cn);
}

#define KNOCK_SIZE PROBE_SIZE_MIN

static void end_knock(struct tunnel_probe *knock, void *arg)
{
	(void)arg;
	tunnel_probe_close(knock);
}

static struct tunnel_probe *knock(uint32_t cn, struct tunnel_probe *before, void *arg)
{
	struct agent *agent = arg;
	const struct replica_cn *peer = replica_find_cn(roam_replica(agent->roam), cn);
	struct tunnel_probe *probe = before;
	int error = peer ? 0 : -ENOENT;

	if (!error && !probe)
		error = tunnel_probe_open(&probe, &agent->backbone.tunnel, &peer->info.tunnel);
	if (!error)
		error = tunnel_probe_ask(probe, KNOCK_SIZE);
	if (!error)
		return probe;
	tunnel_probe_close(probe);
	return NULL;
}

static bool is_answered(struct tunnel_probe *knock, void *arg)
{
	(void)arg;
	return tunnel_probe_is_answered(knock, KNOCK_SIZE);
}

static bool dozes(const struct tmip_mac *mac, unsigned ifindex, void *arg)
{
	const struct agent *agent = arg;

	return agent->wifi && wifi_associated(agent->wifi, mac, ifindex);
}

static int create_checks(struct agent *agent)
{
	const struct address_check_setup setup = {
		.base = agent->base, .dp = agent->dp, .roam = agent->roam,
		.calls = {.probe = probe, .send = send_to_cn, .is_connected = is_connected,
			  .knock = knock, .is_answered = is_answered, .end_knock = end_knock,
			  .dozes = dozes, .arg = agent},
	};

	agent->checks = address_checks_create(&setup);
	return agent->checks ? 0 : -ENOMEM;
}

static bool on_other_frame(uint8_t *frame, size_t len, void *arg)
{
	struct agent *agent = arg;

	return groups_copy(agent->groups, frame, len);
}

static int create_buffer(struct agent *agent)
{
	const struct buffer_setup setup = {
		.base = agent->base, .config = &agent->config, .dp = agent->dp,
		.roam = agent->roam, .trail = agent->trail,
		.calls = {.probe = probe, .other_frame = on_other_frame, .arg = agent},
	};

	agent->buffer = buffer_create(&setup);
	return agent->buffer ? 0 : -ENOMEM;
}

static int inject(const uint8_t *frame, size_t len, void *arg)
{
	struct agent *agent = arg;

	return buffer_inject(agent->buffer, frame, len);
}

static bool has_device(void *arg)
{
	const struct agent *agent = arg;

	return buffer_ifindex(agent->buffer);
}

static int create_groups(struct agent *agent)
{
	const struct groups_setup setup = {
		.config = &agent->config, .cells = cells_table(agent->cells), .dp = agent->dp,
		.roam = agent->roam,
		.calls = {.inject = inject, .has_device = has_device, .arg = agent},
	};

	agent->groups = groups_create(&setup);
	return agent->groups ? 0 : -ENOMEM;
}

/* ---- DHCP and Wi-Fi */

static bool identify(unsigned cell, struct dhcp_request *request, void *arg)
{
	struct agent *agent = arg;

	return authenticators_identify(agent->authenticators, cell, request);
}

static bool may_have(unsigned cell, const struct dhcp_request *request,
		     const struct station_record *record, void *arg)
{
	struct agent *agent = arg;

	return authenticators_may_have(agent->authenticators, cell, request, record) &&
	       twins_may_have(agent->twins, cell, request, record);
}

static int create_dhcp(struct agent *agent)
{
	const struct dhcp_setup setup = {
		.config = &agent->config, .cells = cells_table(agent->cells), .roam = agent->roam,
		.reg = agent->reg, .outage = agent->outage, .trail = agent->trail,
		.twins = agent->twins,
		.calls = {.identify = identify, .may_have = may_have, .arg = agent},
	};

	agent->dhcp = dhcp_create(&setup);
	return agent->dhcp ? 0 : -ENOMEM;
}

static void resume(unsigned cell, const struct dhcp_request *request, void *arg)
{
	struct agent *agent = arg;

	dhcp_handle(agent->dhcp, cell, request);
}

/* A CN that does not answer leaves the address with its station. */
static void on_checked(enum roam_holder answer, const struct station_record *record, void *arg)
{
	struct agent *agent = arg;

	authenticators_checked(agent->authenticators, answer != ROAM_HOLDER_MUTE, record);
	twins_checked(agent->twins, answer != ROAM_HOLDER_MUTE, record);
}

static int check(const struct station_record *record, void *arg)
{
	struct agent *agent = arg;

	return address_check_begin(agent->checks, record, on_checked, agent);
}

static int create_twins(struct agent *agent)
{
	const struct twins_setup setup = {.roam = agent->roam, .trail = agent->trail,
					  .calls = {.resume = resume, .check = check,
						    .arg = agent}};

	agent->twins = twins_create(&setup);
	return agent->twins ? 0 : -ENOMEM;
}

static int create_authenticators(struct agent *agent)
{
	const struct authenticators_setup setup = {
		.base = agent->base, .config = &agent->config,
		.cells = cells_table(agent->cells), .roam = agent->roam, .trail = agent->trail,
		.calls = {.resume = resume, .check = check, .arg = agent},
	};

	agent->authenticators = authenticators_create(&setup);
	return agent->authenticators ? 0 : -ENOMEM;
}

static bool drop(unsigned ifindex, const struct tmip_mac *mac, void *arg)
{
	struct agent *agent = arg;

	return authenticators_drop(agent->authenticators, ifindex, mac);
}

void wiring_create_wifi(struct agent *agent)
{
	const struct wifi_setup setup = {.base = agent->base, .cells = cells_table(agent->cells),
					 .roam = agent->roam,
					 .calls = {.drop = drop, .arg = agent}};

	if (!agent->wifi)
		agent->wifi = wifi_create(&setup);
	agent->report.wifi = agent->wifi;
}

/* ---- all that handles stations */

static void fill_report(struct agent *agent)
{
	agent->report = (struct report){
		.config = &agent->config, .started_ms = agent->started_ms,
		.adopted = agent->adopted, .backbone = &agent->backbone, .dp = agent->dp,
		.roam = agent->roam, .reg = agent->reg, .peers = agent->peers,
		.paths = agent->paths, .cells = cells_table(agent->cells),
		.presence = agent->presence, .trail = agent->trail,
		.buffer = agent->buffer, .groups = agent->groups, .dhcp = agent->dhcp,
		.authenticators = agent->authenticators,
	};
}

int wiring_create_stations(struct agent *agent)
{
	int (*const steps[])(struct agent *) = {
		create_cells,     create_paths,  create_cns,    create_presence, create_greetings,
		create_farewells, create_neighbours, create_checks, create_buffer, create_groups,
		create_twins,     create_dhcp,       create_authenticators,
	};
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(steps) / sizeof(steps[0]); i++)
		error = steps[i](agent);
	if (!error)
		fill_report(agent);
	return error;
}
