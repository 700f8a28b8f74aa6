/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doors of the modules that handle stations: what each gets, and whom its calls reach. See
 * state.h; the doors to the network are in wiring.c.
 */
#include <errno.h>

#include "control/problems.h"
#include "dhcp/dhcp.h"
#include "dhcp/twins.h"
#include "interface/cells.h"
#include "io/datapath/tunnel_probe.h"
#include "io/process/clock.h"
#include "network/peers.h"
#include "state.h"
#include "station/address_check.h"
#include "station/buffer.h"
#include "station/farewell.h"
#include "station/greeting.h"
#include "station/groups.h"
#include "station/impostors.h"
#include "station/neighbours.h"
#include "station/places.h"
#include "station/presence.h"
#include "wifi/authenticator.h"
#include "wifi/wifi.h"

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

static bool is_associated(const struct tmip_mac *mac, unsigned ifindex, void *arg)
{
	const struct agent *agent = arg;

	return agent->wifi && wifi_associated(agent->wifi, mac, ifindex);
}

/* The other MACs of a host may be there as before. */
static void probe_others_in(struct agent *agent, const struct replica_station *station,
			    unsigned ifindex)
{
	const struct station_record *record = &station->record;

	for (int i = -1; i < record->other_count; i++) {
		const struct tmip_mac *mac = i < 0 ? &record->mac : &record->others[i];

		if (replica_is_other_mac(station, mac))
			presence_probe_in(agent->presence, &record->addr, mac, ifindex);
	}
}

/*
 * Not by an access point: the card of a station acknowledges frames for it wherever it is, and the
 * access point would believe that the station is still there.
 */
static void probe_in(const struct tmip_addr *addr, unsigned ifindex, void *arg)
{
	struct agent *agent = arg;
	const struct replica_station *station = replica_find(roam_replica(agent->roam), addr);

	if (station && !is_associated(replica_mac(station), ifindex, agent))
		presence_probe_in(agent->presence, addr, replica_mac(station), ifindex);
	if (station)
		probe_others_in(agent, station, ifindex);
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

static void on_cn_asked(const struct tmip_addr *addr, uint32_t cn, bool there, void *arg)
{
	struct agent *agent = arg;

	roam_cn_asked(agent->roam, addr, cn, there, clock_ms());
}

static int create_places(struct agent *agent)
{
	const struct places_setup setup = {
		.base = agent->base, .tunnel = agent->backbone.tunnel, .roam = agent->roam,
		.calls = {.asked = on_cn_asked, .arg = agent},
	};

	return places_create(&agent->places, &setup);
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

static void probe_asker(const struct tmip_addr *addr, const struct address_check_asker *asker,
			void *arg)
{
	struct agent *agent = arg;

	datapath_forget_seen(agent->dp, &asker->mac); /* its answer is news */
	presence_probe_in(agent->presence, addr, &asker->mac, asker->ifindex);
}

static int create_checks(struct agent *agent)
{
	const struct address_check_setup setup = {
		.base = agent->base, .dp = agent->dp, .roam = agent->roam,
		.calls = {.probe = probe, .probe_asker = probe_asker, .send = send_to_cn,
			  .is_connected = is_connected, .knock = knock,
			  .is_answered = is_answered, .end_knock = end_knock,
			  .dozes = is_associated, .arg = agent},
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

	authenticators_checked(agent->authenticators, answer, record);
	twins_checked(agent->twins, answer, record);
}

static int check(const struct station_record *record, const struct tmip_mac *mac, unsigned cell,
		 void *arg)
{
	const struct address_check_asker asker = {.mac = *mac, .ifindex = cell};
	struct agent *agent = arg;

	return address_check_begin(agent->checks, record, &asker, on_checked, agent);
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
		.problems = agent->problems,
	};
}

static int create_problems(struct agent *agent)
{
	const struct problems_setup setup = {
		.config = &agent->config, .backbone = &agent->backbone,
		.cells = cells_table(agent->cells),
		.impostors = agent->impostors = impostors_create(),
	};

	agent->problems = problems_create(&setup);
	return agent->impostors && agent->problems ? 0 : -ENOMEM;
}

int wiring_create_stations(struct agent *agent)
{
	int (*const steps[])(struct agent *) = {
		create_presence, create_greetings, create_farewells, create_neighbours,
		create_places,   create_checks,    create_buffer,    create_groups,
		create_twins,    create_dhcp,      create_authenticators, create_problems,
	};
	int error = 0;

	for (size_t i = 0; !error && i < sizeof(steps) / sizeof(steps[0]); i++)
		error = steps[i](agent);
	if (!error)
		fill_report(agent);
	return error;
}
