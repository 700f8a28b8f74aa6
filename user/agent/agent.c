/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's life: start in the order in which things depend on one another, the event loop, the
 * end. A failure at the start undoes what was done before it; what the agent adopted from a
 * former one stays as it was.
 */
#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "control/problems.h"
#include "control/status_file.h"
#include "dhcp/dhcp.h"
#include "dhcp/twins.h"
#include "interface/cells.h"
#include "io/link/resolver.h"
#include "io/process/clock.h"
#include "io/process/console.h"
#include "io/process/control.h"
#include "io/process/daemon.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "io/process/priority.h"
#include "io/process/privilege.h"
#include "io/process/timer.h"
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
#include "station/impostors.h"
#include "station/neighbours.h"
#include "station/places.h"
#include "station/presence.h"
#include "station/trail.h"
#include "wifi/authenticator.h"
#include "wifi/wifi.h"

#define TRAIL_MACS 4096
#define MANY_EVENTS 2000 /* about half of what the ring has room for */

/* ---- what the root itself is asked for */

void agent_changed(struct agent *agent)
{
	if (agent->status_file)
		status_file_changed(agent->status_file);
}

/* The programs should wait only for an agent that can decide. */
static void write_alive(struct agent *agent)
{
	datapath_put_alive(agent->dp, roam_self(agent->roam) ? clock_us() * 1000 : 1);
}

void agent_ready(struct agent *agent)
{
	write_alive(agent);
	if (agent->was_ready)
		return;
	agent->was_ready = true;
	if (agent->ready)
		agent->ready(agent->ready_arg);
}

void agent_refused(struct agent *agent, const char *why)
{
	if (agent->was_ready || agent->was_refused)
		return;
	agent->was_refused = true;
	if (agent->refused)
		agent->refused(why, agent->ready_arg);
}

void agent_stop(struct agent *agent, bool tear_down)
{
	agent->tear_down |= tear_down;
	event_base_loopbreak(agent->base);
}

/* ---- events of the data path */

/*
 * A frame without an address from a station that is associated in this cell, as nl80211 says, such
 * as the layer-2 update: a Wi-Fi station is at one access point only.
 */
static bool is_associated(const struct agent *agent, const struct tmip_event *event)
{
	return event->type == TMIP_EVENT_SEEN && addr_is_zero(&event->addr) && agent->wifi &&
	       wifi_associated(agent->wifi, &event->mac, event->ifindex);
}

/* A cell that is about to leave serves nobody new. */
static bool is_new_to_leaving_cell(const struct agent *agent, unsigned ifindex,
				   const struct tmip_mac *mac)
{
	const struct cell *cell = cell_table_find(cells_table(agent->cells), ifindex);

	return cell && cell->leaving && !replica_find_mac(roam_replica(agent->roam), mac);
}

/* A station that has left a cell may be back, or a host still be there by its other MAC. */
static void note_heard(struct agent *agent, const struct tmip_event *event)
{
	const struct replica_station *station =
		replica_find(roam_replica(agent->roam), &event->addr);

	if (station && replica_is_other_mac(station, &event->mac))
		farewell_other_heard(agent->farewells, &event->addr, event->ifindex);
	else
		farewell_heard(agent->farewells, &event->addr, event->ifindex);
}

static void on_sighting(const struct tmip_event *event, void *arg)
{
	struct agent *agent = arg;
	char mac[MAC_STRLEN], addr[ADDR_STRLEN];

	log_trace("event %u: MAC %s, address %s, interface %u", event->type,
		  mac_format(&event->mac, mac), addr_format(&event->addr, addr), event->ifindex);
	if (cell_table_has_mac(cells_table(agent->cells), &event->mac))
		return; /* a loop has brought back an ARP packet of this CN */
	if (is_new_to_leaving_cell(agent, event->ifindex, &event->mac))
		return;
	impostors_seen(agent->impostors, roam_replica(agent->roam), cells_table(agent->cells),
		       event, clock_ms());
	if (is_associated(agent, event))
		roam_associated(agent->roam, &event->mac, event->ifindex, "association",
				clock_ms());
	switch (event->type) {
	case TMIP_EVENT_SEEN:
	case TMIP_EVENT_ARRIVED:
		neighbours_seen(agent->neighbours, event);
		note_heard(agent, event);
		roam_seen(agent->roam, event, clock_ms());
		break;
	case TMIP_EVENT_ANSWERED:
		note_heard(agent, event);
		roam_answered(agent->roam, event, clock_ms());
		break;
	case TMIP_EVENT_ASKED:
		roam_asked(agent->roam, event);
		break;
	case TMIP_EVENT_WANTED:
		neighbours_wanted(agent->neighbours, event);
		break;
	case TMIP_EVENT_CONFLICT:
		if (!address_check_heard(agent->checks, event))
			roam_conflict(agent->roam, event, clock_ms());
		break;
	case TMIP_EVENT_STALE:
		roam_stale(agent->roam, event);
		break;
	case TMIP_EVENT_FOLLOWED:
		roam_followed(agent->roam, event, clock_ms());
		break;
	}
}

static void on_punt(const struct tmip_punt *punt, void *arg)
{
	struct agent *agent = arg;

	if (punt->type == TMIP_PUNT_DHCP)
		dhcp_frame(agent->dhcp, punt);
}

/*
 * A program has put the station there, and the event about that may have found no room in the ring:
 * another one takes its place. When the station came is not known.
 */
static int look_again(const struct tmip_addr *addr, const struct tmip_station *station, void *arg)
{
	struct tmip_event event = {
		.time_ns = 1, .addr = *addr, .mac = station->mac, .type = TMIP_EVENT_ARRIVED,
		.ifindex = station->ifindex,
	};

	if (!(station->flags & TMIP_STATION_F_FRESH))
		return 0;
	if (!station->ifindex) {
		event.type = TMIP_EVENT_FOLLOWED;
		event.peer = station->current;
		event.time_ns = clock_ms() * 1000000;
	}
	on_sighting(&event, arg);
	return 0;
}

/* The ring may have been full if the agent stood still. */
static void on_rings(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;

	(void)fd;
	(void)what;
	if (datapath_poll(agent->dp) >= MANY_EVENTS)
		datapath_each_station(agent->dp, look_again, agent);
}

static void on_alive(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	write_alive(arg);
}

static void on_roam_timer(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;

	(void)fd;
	(void)what;
	roam_tick(agent->roam, clock_ms());
	timer_arm_at(agent->roam_timer, roam_next_due(agent->roam));
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct agent *agent = arg;
	json_t *result = NULL;
	char *errors = NULL;

	(void)what;
	if (number != SIGHUP) {
		log_info("signal %d: ending, forwarding goes on", (int)number);
		agent_stop(agent, false);
	} else if (!agent->config_path) {
		log_reopen();
	} else {
		apply_reload(agent, &result, &errors);
		json_decref(result);
		free(errors);
	}
}

/* ---- commands */

static int on_attach(const char *interface, char why[COMMANDS_WHY], void *arg)
{
	struct agent *agent = arg;

	return cells_attach(agent->cells, interface, true, why);
}

/* All cells go with the agent: counts who depends on them. */
static void count_users(const struct agent *agent, struct commands_users *users)
{
	const struct cell_table *table = cells_table(agent->cells);

	for (unsigned i = 0; i < table->count; i++) {
		struct roam_users of_cell =
			roam_cell_users(agent->roam, table->list[i].interface.ifindex);

		users->away += of_cell.away;
		users->guests += of_cell.guests;
	}
}

static int on_detach(const char *interface, bool now, struct commands_users *users,
		     char why[COMMANDS_WHY], void *arg)
{
	struct agent *agent = arg;
	struct roam_users of_cell = {0};
	int error = 0;

	if (!interface)
		count_users(agent, users);
	else
		error = cells_detach(agent->cells, interface, now, &of_cell, why);
	users->away += of_cell.away;
	users->guests += of_cell.guests;
	return error;
}

static unsigned on_cell_count(void *arg)
{
	const struct agent *agent = arg;

	return cells_table(agent->cells)->count;
}

static int on_departed(const struct tmip_mac *mac, void *arg)
{
	struct agent *agent = arg;

	if (!replica_find_mac(roam_replica(agent->roam), mac))
		return -ENOENT;
	return (int)roam_departed(agent->roam, mac, 0);
}

static int on_reload(json_t **result, char **errors, void *arg)
{
	return apply_reload(arg, result, errors);
}

static void on_stop(bool tear_down, void *arg)
{
	agent_stop(arg, tear_down);
}

/* ---- start */

static int open_loop(struct agent *agent)
{
	static const int signals[] = {SIGHUP, SIGTERM, SIGINT};

	agent->base = event_base_new();
	if (!agent->base)
		return -ENOMEM;
	agent->dns = resolver_open(agent->base);
	agent->roam_timer = evtimer_new(agent->base, on_roam_timer, agent);
	if (!agent->dns || !agent->roam_timer)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		agent->signals[i] = evsignal_new(agent->base, signals[i], on_signal, agent);
		if (!agent->signals[i] || event_add(agent->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	return 0;
}

static uint64_t random_instance(void)
{
	uint64_t number = 0;

	return getrandom(&number, sizeof(number), 0) == sizeof(number) ? number : 0;
}

/* One agent for each network and run_dir. */
static int lock_pidfile(struct agent *agent)
{
	const struct agent_config *config = &agent->config;
	char path[CONFIG_PATH_LEN + NAME_LEN + 8];
	int running = 0, error = file_make_dir(config->run_dir, 0755);

	if (error) {
		log_error("run_dir %s: %s", config->run_dir, strerror(-error));
		return error;
	}
	snprintf(path, sizeof(path), "%s/%s.pid", config->run_dir, config->network_name);
	error = pidfile_open(path, &running);
	if (error == -EEXIST)
		log_error("an agent of network %s runs here already: process %d (%s)",
			  config->network_name, running, path);
	else if (error)
		log_error("%s: %s", path, strerror(-error));
	return error;
}

static int open_tables(struct agent *agent)
{
	struct roam_options options = apply_roam_options(agent);

	agent->roam = roam_create(&options, actions_apply, agent);
	agent->trail = trail_create(TRAIL_MACS);
	return agent->roam && agent->trail ? wiring_create_network(agent) : -ENOMEM;
}

static int open_control(struct agent *agent)
{
	char path[CONFIG_PATH_LEN];
	int error;

	agent->commands = (struct commands){
		.report = &agent->report,
		.calls = {.attach = on_attach, .detach = on_detach, .cell_count = on_cell_count,
			  .departed = on_departed, .reload = on_reload, .stop = on_stop,
			  .arg = agent},
	};
	agent_config_socket(&agent->config, path);
	error = control_open(&agent->control, agent->base, path, commands_handle, &agent->commands);
	if (error)
		log_error("control_socket %s: %s", path, strerror(-error));
	return error;
}

static int open_sockets(struct agent *agent)
{
	char addr[ADDR_STRLEN];
	int error = wiring_create_peers(agent);

	if (error) {
		log_error("cannot listen on %s, TCP port %u: %s",
			  addr_format(&agent->backbone.tunnel, addr), agent->config.port,
			  strerror(-error));
		return error;
	}
	return open_control(agent);
}

static int open_datapath(struct agent *agent)
{
	const struct agent_config *config = &agent->config;
	char dir[CONFIG_PATH_LEN + NAME_LEN], why[DATAPATH_WHY] = "";
	struct datapath_options options = {
		.dir = dir, .stations_max = config->stations_max, .peers_max = config->peers_max,
		.seen_max = config->seen_max, .event = on_sighting, .punt = on_punt, .arg = agent,
	};
	int error;

	agent_config_pin_dir(config, dir);
	error = datapath_open(&agent->dp, &options, &agent->adopted, why);
	if (error) {
		log_error("%s", why);
		return error;
	}
	agent->dp_event = event_new(agent->base, datapath_events_fd(agent->dp),
				    EV_READ | EV_PERSIST, on_rings, agent);
	return agent->dp_event && event_add(agent->dp_event, NULL) == 0 ? 0 : -ENOMEM;
}

static int show_alive(struct agent *agent)
{
	struct timeval period = {.tv_usec = TMIP_ALIVE_MS * 1000};

	write_alive(agent);
	agent->alive = event_new(agent->base, -1, EV_PERSIST, on_alive, agent);
	return agent->alive && event_add(agent->alive, &period) == 0 ? 0 : -ENOMEM;
}

static int adopt_station(const struct tmip_addr *addr, const struct tmip_station *station,
			 void *arg)
{
	struct agent *agent = arg;
	struct tmip_macs macs;

	roam_adopt(agent->roam, addr, station);
	if (datapath_read_macs(agent->dp, addr, &macs) == 0)
		roam_adopt_macs(agent->roam, addr, &macs);
	presence_put(agent->presence, addr, station);
	groups_put(agent->groups, addr, station);
	return 0;
}

/* The backbone's interface is another one, or takes larger or smaller packets. */
static void on_backbone_changed(void *arg)
{
	struct agent *agent = arg;

	path_mtu_set_top(agent->paths, agent->backbone.mtu);
	cells_set_path_mtu(agent->cells, path_mtu_least(agent->paths));
	apply_map(agent);
}

static void on_backbone_moved(void *arg)
{
	wiring_move_tunnel(arg);
}

static int attach_programs(struct agent *agent)
{
	const struct backbone_calls calls = {.changed = on_backbone_changed,
					     .moved = on_backbone_moved, .arg = agent};
	char why[CELLS_WHY] = "no memory";
	int error = cells_start(agent->cells, why);

	if (!error)
		error = backbone_attach(&agent->backbone, agent->dp, &calls, why);
	if (error)
		log_error("%s", why);
	return error;
}

static int drop_rights(const struct agent *agent)
{
	int error = agent->config.realtime ? priority_raise() : 0;

	if (error)
		log_info("no real-time scheduling (directive realtime): %s", strerror(-error));
	error = privilege_drop();
	if (error)
		log_error("cannot give up rights: %s", strerror(-error));
	return error;
}

/* Programs and maps last: a mistake that is found before leaves the kernel untouched. */
static int start_serving(struct agent *agent)
{
	int error = wiring_create_cells(agent);

	if (!error)
		error = wiring_create_stations(agent);
	if (error)
		return error;
	agent->status_file = status_file_create(agent->base, &agent->report);
	if (!agent->status_file)
		return -ENOMEM;
	apply_config(agent);
	if (agent->adopted) {
		datapath_each_station(agent->dp, adopt_station, agent);
		groups_sweep(agent->groups);
	}
	error = attach_programs(agent);
	if (error)
		return error;
	wiring_create_wifi(agent);
	authenticators_configure(agent->authenticators);
	error = drop_rights(agent);
	if (!error)
		error = show_alive(agent);
	if (!error)
		register_connect(agent->reg);
	return error;
}

static int start(struct agent *agent)
{
	int error = open_loop(agent);

	if (!error)
		error = lock_pidfile(agent);
	if (!error)
		error = backbone_find(&agent->backbone, &agent->config);
	if (!error)
		error = open_tables(agent);
	if (!error)
		error = open_sockets(agent);
	if (!error)
		error = open_datapath(agent);
	if (!error) {
		error = start_serving(agent);
		agent->tear_down = error && !agent->adopted;
	}
	return error;
}

static int start_and_log(struct agent *agent, bool foreground)
{
	int error = start(agent);

	if (!error && foreground) {
		agent->console = console_open(agent->base, commands_line, &agent->commands);
		error = agent->console ? 0 : -errno;
	}
	if (error == -ENOMEM)
		log_error("no memory");
	else if (!error)
		log_info("CN %s of network %s: %s, %s", agent->config.cn_name,
			 agent->config.network_name, datapath_hook(agent->dp),
			 agent->adopted ? "took over from a former agent" : "maps made anew");
	return error;
}

/* ---- end */

/* Frees a module; actions of the roaming machine that come later find it gone. */
#define FREE(agent, member, destroy, ...) \
	do { \
		destroy((agent)->member __VA_OPT__(,) __VA_ARGS__); \
		(agent)->member = NULL; \
	} while (0)

static void stop_connections(struct agent *agent)
{
	console_close(agent->console);
	FREE(agent, reg, register_destroy);
	FREE(agent, peers, peers_destroy);
	FREE(agent, wifi, wifi_destroy);
	FREE(agent, neighbours, neighbours_destroy);
	FREE(agent, checks, address_checks_destroy);
	FREE(agent, authenticators, authenticators_destroy);
	FREE(agent, dhcp, dhcp_destroy);
	FREE(agent, twins, twins_destroy);
	FREE(agent, outage, outage_destroy, agent->tear_down);
}

static void stop_stations(struct agent *agent)
{
	FREE(agent, status_file, status_file_destroy);
	if (agent->buffer) {
		FREE(agent, buffer, buffer_destroy);
		apply_map(agent); /* which says that nothing is held any more */
	}
	FREE(agent, farewells, farewells_destroy);
	FREE(agent, places, places_destroy);
	FREE(agent, cells, cells_destroy, agent->tear_down);
	greetings_destroy(agent->greetings);
	presence_destroy(agent->presence);
	groups_destroy(agent->groups);
	impostors_destroy(agent->impostors);
	problems_destroy(agent->problems);
	cns_destroy(agent->cns);
	path_mtus_destroy(agent->paths);
	roam_destroy(agent->roam);
	trail_destroy(agent->trail);
}

static void stop_events(struct agent *agent)
{
	for (size_t i = 0; i < sizeof(agent->signals) / sizeof(agent->signals[0]); i++)
		if (agent->signals[i])
			event_free(agent->signals[i]);
	if (agent->roam_timer)
		event_free(agent->roam_timer);
	if (agent->dns)
		evdns_base_free(agent->dns, 0);
}

static void stop(struct agent *agent)
{
	stop_connections(agent);
	stop_stations(agent);
	if (agent->dp_event)
		event_free(agent->dp_event);
	if (agent->alive) {
		event_free(agent->alive);
		datapath_put_alive(agent->dp, 1); /* the programs are on their own from now on */
	}
	if (agent->tear_down)
		datapath_destroy(agent->dp);
	else
		datapath_close(agent->dp);
	stop_events(agent);
	/* A program that waits for the end of this agent, to start another, sees it here. */
	pidfile_close();
	control_close(agent->control);
	if (!agent->base)
		return;
	/* libevent frees connections that were just closed in one more turn of the loop. */
	event_base_loop(agent->base, EVLOOP_NONBLOCK);
	event_base_free(agent->base);
}

int agent_run(const struct agent_options *options)
{
	struct agent agent = {
		.config = options->config, .config_path = options->config_path,
		.started_ms = clock_ms(), .instance = random_instance(),
		.ready = options->ready, .refused = options->refused,
		.ready_arg = options->ready_arg, .attached = options->attached,
	};

	agent.status = start_and_log(&agent, options->foreground) ? 1 : 0;
	if (!agent.status && event_base_dispatch(agent.base) < 0) {
		log_error("the event loop failed");
		agent.status = 1;
	}
	if (!agent.status)
		status_file_end(agent.status_file, !agent.tear_down);
	stop(&agent);
	return agent.status;
}
