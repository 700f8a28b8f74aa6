/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's life: start in the order in which things depend on one another, the event loop, the end. Whatever fails
 * at the start takes back what was done before it; whatever was adopted from a former agent stays as it was.
 */
#include "agent.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "actions.h"
#include "agent/control/commands.h"
#include "agent/control/report.h"
#include "agent/dhcp/dhcp.h"
#include "agent/interface/backbone.h"
#include "agent/interface/cells.h"
#include "agent/interface/settings.h"
#include "agent/network/outage.h"
#include "agent/network/peers.h"
#include "agent/station/address_check.h"
#include "agent/station/buffer.h"
#include "agent/station/greeting.h"
#include "agent/station/groups.h"
#include "agent/station/presence.h"
#include "agent/wifi/authenticator.h"
#include "agent/wifi/wifi.h"
#include "io/link/mlrp_link.h"
#include "io/process/console.h"
#include "io/process/control.h"
#include "io/process/daemon.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "io/process/priority.h"
#include "io/process/privilege.h"
#include "state.h"

#define REFUSED_MS 30000
#define BACK_MS 10000 /* the longest back-off of register.c, twice */
#define TRAIL_MACS 4096
#define STATUS_INTERVAL_MS 1000

/* ---- small things that all files of the agent use */

uint64_t agent_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

uint64_t agent_unix_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

uint32_t agent_random(uint32_t bound)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = agent_unix_us();
	return bound ? value % bound : 0;
}

void agent_log(struct agent *agent, int level, const struct tmip_mac *mac, const char *format, ...)
{
	char text[TRAIL_TEXT], whose[MAC_STRLEN];
	va_list args;

	if (!mac)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_at(level, "[%s] %s", mac_format(mac, whose), text);
	trail_add(agent->trail, mac, agent_unix_us(), text);
}

void agent_describe_self(const struct agent *agent, struct mlrp_self *self)
{
	memset(self, 0, sizeof(*self));
	self->role = MLRP_ROLE_CN;
	snprintf(self->network, sizeof(self->network), "%s", agent->config.network_name);
	snprintf(self->name, sizeof(self->name), "%s", agent->config.cn_name);
	self->cn_id = roam_self(agent->roam);
	self->tunnel = agent->tunnel;
}

static struct timeval after_ms(uint64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

void agent_arm_roam(struct agent *agent)
{
	uint64_t due = roam_next_due(agent->roam), now = agent_now_ms();
	struct timeval when = after_ms(due > now ? due - now : 0);

	if (due)
		evtimer_add(agent->roam_timer, &when);
	else
		evtimer_del(agent->roam_timer);
}

void agent_changed(struct agent *agent)
{
	struct timeval when = after_ms(STATUS_INTERVAL_MS);

	if (agent->config.status_file[0] && agent->status_timer && !evtimer_pending(agent->status_timer, NULL))
		evtimer_add(agent->status_timer, &when);
}

void agent_ready(struct agent *agent)
{
	if (agent->was_ready)
		return;
	agent->was_ready = true;
	if (agent->ready)
		agent->ready(agent->ready_arg);
}

void agent_stop(struct agent *agent, bool tear_down)
{
	agent->tear_down |= tear_down;
	event_base_loopbreak(agent->base);
}

/* ---- the configuration, as the machine and the data path have it */

static struct roam_options roam_options_of(const struct agent *agent)
{
	const struct agent_config *config = &agent->config;

	return (struct roam_options){
		.stations_max = config->stations_max,
		.cns_max = config->peers_max,
		.timeout_ms = config->handover_timeout,
		.refused_ms = REFUSED_MS,
		.back_ms = BACK_MS,
		.accept_static = config->static_stations,
		.hold = buffer_usable(agent),
	};
}

static uint16_t mss_of(const struct agent *agent)
{
	unsigned fits = agent->backbone_mtu - TUNNEL_OVERHEAD - 40; /* IPv4 and TCP headers without options */

	return (uint16_t)(agent->config.mss == AGENT_MSS_AUTO ? fits : agent->config.mss);
}

void agent_put_config(struct agent *agent)
{
	const struct agent_config *config = &agent->config;
	struct tmip_config entry = {
		.backbone_ifindex = agent->backbone,
		.tunnel = agent->tunnel,
		.event_interval_ns = config->event_interval * 1000000ull,
		.event_burst = config->event_burst,
		.dhcp_burst = config->dhcp_burst,
		.mss = mss_of(agent),
		.outer_ttl = (uint8_t)config->tunnel_ttl,
		.flags = (config->fastpath >= AGENT_FASTPATH_AWAY ? TMIP_CONFIG_FASTPATH : 0) |
			 (config->fastpath == AGENT_FASTPATH_HOME ? TMIP_CONFIG_FASTPATH_HOME : 0) |
			 (config->multicast_home ? TMIP_CONFIG_GROUP_HOME : 0) | (config->route_optimisation ? TMIP_CONFIG_DIRECT : 0) |
			 (config->fast_handover ? TMIP_CONFIG_FAST_HANDOVER : 0) | (agent->backbone_headless ? TMIP_CONFIG_HEADLESS : 0),
		.buffer_ifindex = buffer_ifindex(agent),
		.group_burst = config->multicast_burst,
	};
	int error = datapath_put_config(agent->dp, &entry);

	if (error)
		log_error("map tmip_config: %s", strerror(-error));
}

void agent_apply_config(struct agent *agent)
{
	struct roam_options options;

	buffer_configure(agent);
	options = roam_options_of(agent);
	roam_set_options(agent->roam, &options);
	agent_put_config(agent);
	presence_configure(agent);
	groups_configure(agent);
}

/* ---- events */

static void on_sighting(const struct tmip_event *event, void *arg)
{
	struct agent *agent = arg;
	char mac[MAC_STRLEN], addr[ADDR_STRLEN];

	log_trace("event %u: MAC %s, address %s, interface %u", event->type, mac_format(&event->mac, mac), addr_format(&event->addr, addr),
		  event->ifindex);
	if (event->type == TMIP_EVENT_SEEN || event->type == TMIP_EVENT_ARRIVED)
		roam_seen(agent->roam, event, agent_now_ms());
	else if (event->type == TMIP_EVENT_CONFLICT)
		roam_conflict(agent->roam, event, agent_now_ms());
	else if (event->type == TMIP_EVENT_STALE)
		roam_stale(agent->roam, event);
	else if (event->type == TMIP_EVENT_FOLLOWED)
		roam_followed(agent->roam, event, agent_now_ms());
}

static void on_frame(const struct tmip_punt *punt, void *arg)
{
	if (punt->type == TMIP_PUNT_DHCP)
		dhcp_frame(arg, punt);
}

static void on_rings(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;

	(void)fd;
	(void)what;
	datapath_poll(agent->dp);
	agent_arm_roam(agent);
}

static void on_roam_timer(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;

	(void)fd;
	(void)what;
	roam_tick(agent->roam, agent_now_ms());
	agent_arm_roam(agent);
}

/* A file takes its time: not while stations wait for a handover. */
static void on_status_timer(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;

	(void)fd;
	(void)what;
	if (roam_pending(agent->roam))
		agent_changed(agent);
	else
		report_write_file(agent);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct agent *agent = arg;
	char *errors;

	(void)what;
	if (number != SIGHUP) {
		log_info("signal %d: ending, forwarding goes on", (int)number);
		agent_stop(agent, false);
	} else if (!agent->config_path) {
		log_reopen();
	} else if (commands_reload(agent, &errors) < 0) {
		log_error("configuration not taken over: %s", errors ? errors : "no memory");
		free(errors);
	}
}

/* ---- start */

static int open_loop(struct agent *agent)
{
	static const int signals[] = {SIGHUP, SIGTERM, SIGINT};

	agent->base = event_base_new();
	if (!agent->base)
		return -ENOMEM;
	/* Without a usable resolv.conf addresses still work. */
	agent->dns = evdns_base_new(agent->base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!agent->dns)
		agent->dns = evdns_base_new(agent->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	agent->roam_timer = evtimer_new(agent->base, on_roam_timer, agent);
	agent->status_timer = evtimer_new(agent->base, on_status_timer, agent);
	if (!agent->dns || !agent->roam_timer || !agent->status_timer)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		agent->signals[i] = evsignal_new(agent->base, signals[i], on_signal, agent);
		if (!agent->signals[i] || event_add(agent->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	return 0;
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
		log_error("an agent of network %s runs here already: process %d (%s)", config->network_name, running, path);
	else if (error)
		log_error("%s: %s", path, strerror(-error));
	return error;
}

static int open_sockets(struct agent *agent)
{
	char path[CONFIG_PATH_LEN], addr[ADDR_STRLEN];
	int error = peers_start(agent);

	if (error) {
		log_error("cannot listen on %s, TCP port %u: %s", addr_format(&agent->tunnel, addr), agent->config.port, strerror(-error));
		return error;
	}
	agent_config_socket(&agent->config, path);
	error = control_open(&agent->control, agent->base, path, commands_handle, agent);
	if (error)
		log_error("control_socket %s: %s", path, strerror(-error));
	return error;
}

static int adopt_station(const struct tmip_addr *addr, const struct tmip_station *station, void *arg)
{
	struct agent *agent = arg;

	roam_adopt(agent->roam, addr, station);
	presence_put(agent, addr, station);
	groups_put(agent, addr, station);
	return 0;
}

static int open_datapath(struct agent *agent)
{
	const struct agent_config *config = &agent->config;
	char dir[CONFIG_PATH_LEN + NAME_LEN], why[DATAPATH_WHY] = "";
	struct datapath_options options = {
		.dir = dir, .stations_max = config->stations_max, .peers_max = config->peers_max, .seen_max = config->seen_max,
		.event = on_sighting, .punt = on_frame, .arg = agent,
	};
	int error;

	agent_config_pins(config, dir);
	error = datapath_open(&agent->dp, &options, &agent->adopted, why);
	if (error) {
		log_error("%s", why);
		return error;
	}
	agent->dp_event = event_new(agent->base, datapath_events_fd(agent->dp), EV_READ | EV_PERSIST, on_rings, agent);
	return agent->dp_event && event_add(agent->dp_event, NULL) == 0 ? 0 : -ENOMEM;
}

static int open_tables(struct agent *agent)
{
	struct roam_options options = roam_options_of(agent);

	agent->roam = roam_create(&options, actions_perform, agent);
	agent->trail = trail_create(TRAIL_MACS);
	if (!agent->roam || !agent->trail || presence_start(agent) < 0 || groups_start(agent) < 0 || away_start(agent) < 0)
		return -ENOMEM;
	return dhcp_start(agent);
}

/* Programs and maps last: a mistake found before leaves the kernel untouched. */
static int serve(struct agent *agent)
{
	char why[CELLS_WHY] = "no memory";
	int error;

	agent_apply_config(agent);
	if (agent->adopted) {
		datapath_each_station(agent->dp, adopt_station, agent);
		groups_sweep(agent);
	}
	error = cells_start(agent, why);
	if (!error)
		error = backbone_attach(agent, why);
	if (error) {
		log_error("%s", why);
		return error;
	}
	if (agent->config.realtime && (error = priority_raise()) < 0)
		log_info("no real-time scheduling (directive realtime): %s", strerror(-error));
	wifi_start(agent);
	authenticators_configure(agent);
	error = privilege_drop();
	if (error)
		log_error("cannot give up rights: %s", strerror(-error));
	return error ? error : register_start(agent);
}

static int start(struct agent *agent, bool foreground)
{
	int error = open_loop(agent);

	if (!error)
		error = lock_pidfile(agent);
	if (!error)
		error = backbone_find(agent);
	if (!error)
		error = open_tables(agent);
	if (!error)
		error = open_sockets(agent);
	if (!error)
		error = open_datapath(agent);
	if (!error) {
		error = serve(agent);
		agent->tear_down = error && !agent->adopted;
	}
	if (!error && foreground) {
		agent->console = console_open(agent->base, commands_line, agent);
		error = agent->console ? 0 : -errno;
	}
	if (error == -ENOMEM)
		log_error("no memory");
	else if (!error)
		log_info("CN %s of network %s: %s, %s", agent->config.cn_name, agent->config.network_name, datapath_hook(agent->dp),
			 agent->adopted ? "took over from a former agent" : "maps made anew");
	return error;
}

static void stop(struct agent *agent)
{
	console_close(agent->console);
	register_stop(agent);
	peers_stop(agent);
	wifi_stop(agent);
	holder_stop(agent);
	authenticators_stop(agent);
	dhcp_stop(agent);
	away_stop(agent);
	if (agent->buffer) {
		buffer_stop(agent);
		agent_put_config(agent); /* which says that nothing is held any more */
	}
	cells_stop(agent);
	greeting_stop(agent);
	presence_stop(agent);
	groups_stop(agent);
	roam_destroy(agent->roam);
	trail_destroy(agent->trail);
	if (agent->dp_event)
		event_free(agent->dp_event);
	if (agent->tear_down)
		datapath_destroy(agent->dp);
	else
		datapath_close(agent->dp);
	for (size_t i = 0; i < sizeof(agent->signals) / sizeof(agent->signals[0]); i++)
		if (agent->signals[i])
			event_free(agent->signals[i]);
	if (agent->roam_timer)
		event_free(agent->roam_timer);
	if (agent->status_timer)
		event_free(agent->status_timer);
	if (agent->dns)
		evdns_base_free(agent->dns, 0);
	/* Whoever waits for the end of this agent, to start another, sees it when nobody listens here any more. */
	pidfile_close();
	control_close(agent->control);
	if (agent->base)
		event_base_free(agent->base);
}

int agent_run(const struct agent_options *options)
{
	struct agent agent = {
		.config = options->config, .config_path = options->config_path, .started_ms = agent_now_ms(),
		.ready = options->ready, .ready_arg = options->ready_arg,
		.attached = options->attached,
	};

	agent.status = start(&agent, options->foreground) ? 1 : 0;
	if (!agent.status && event_base_dispatch(agent.base) < 0) {
		log_error("the event loop failed");
		agent.status = 1;
	}
	if (!agent.status)
		report_write_file(&agent);
	stop(&agent);
	return agent.status;
}
