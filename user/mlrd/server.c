/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the register: start in the order in which things depend on one another, event loop,
 * reload, end. See server.h.
 */
#include "server.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config/config_fixed.h"
#include "io/process/clock.h"
#include "io/process/console.h"
#include "io/process/control.h"
#include "io/process/daemon.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "io/process/written.h"

#define PAUSE_MS 10000 /* without a tick: the process or the machine stood still */
#define MARK_S 60 /* at most so long without a mark of the clock in the database */

void server_stop(struct server *server)
{
	event_base_loopbreak(server->base);
}

/* ---- registry and store */

static void act(const struct registry_action *action, void *arg)
{
	struct server *server = arg;

	if (action->type == REGISTRY_LOG)
		log_at(action->level, "%s", action->text);
	else
		links_act(server, action);
}

static void registry_options_of(const struct mlrd_config *config, uint32_t epoch,
				struct registry_options *options)
{
	*options = (struct registry_options){.epoch = epoch,
					     .stations_max = config->stations_max,
					     .cns_max = config->cns_max,
					     .offer_s = config->offer_time,
					     .decline_s = config->decline_time,
					     .grace_s = config->lease_grace,
					     .flap_moves = config->flap_moves,
					     .flap_window_s = config->flap_window,
					     .flap_hold_s = config->flap_hold,
					     .mac_addresses = config->mac_addresses,
					     .mac_declines = config->mac_declines,
					     .cell_claims = config->cell_claims};
}

static int put_station(const struct station_record *record, uint64_t number, bool urgent, void *arg)
{
	return store_put_station(arg, record, number, urgent);
}

static int erase_station(const struct station_record *record, uint64_t number, void *arg)
{
	return store_erase_station(arg, &record->addr, number);
}

static int put_cn(const struct cn_info *info, uint64_t number, void *arg)
{
	return store_put_cn(arg, info, number);
}

static struct registry *create_registry(struct server *server, uint32_t epoch)
{
	struct registry_store store = {.put_station = put_station, .erase_station = erase_station,
				       .put_cn = put_cn, .arg = server->store};
	struct registry_options options;

	registry_options_of(&server->config, epoch, &options);
	return registry_create(&options, &store, act, server);
}

static int on_load_cn(const struct cn_info *info, void *arg)
{
	struct server *server = arg;

	return registry_load_cn(server->registry, info);
}

static int on_load_station(const struct station_record *record, void *arg)
{
	struct server *server = arg;

	return registry_load_station(server->registry, record, server_now());
}

static void on_stored(uint64_t number, bool ok, const char *why, void *arg)
{
	struct server *server = arg;

	if (!ok && !server->store_failing)
		log_error("the database cannot be written: %s; trying again every second", why);
	else if (ok && server->store_failing)
		log_info("the database is written again, nothing is lost");
	server->store_failing = !ok;
	if (!ok)
		snprintf(server->store_fault, sizeof(server->store_fault), "%s", why);
	registry_stored(server->registry, number, ok);
	if (server->store_anew && registry_is_stored(server->registry)) {
		server->store_anew = false;
		log_info("the new database has everything that this register knows");
	}
	server->changed = true;
}

/* What this process knows counts, and goes to a new file; an older copy needs a start. */
static void on_lost(const char *why, void *arg)
{
	struct server *server = arg;

	log_error("the database is lost: %s; this register writes everything that it knows to a "
		  "new one", why);
	snprintf(server->store_loss, sizeof(server->store_loss), "%s", why);
	server->store_lost_s = clock_unix_us() / 1000000;
	server->store_anew = true;
	server->changed = true;
	registry_store_lost(server->registry);
	store_mark_clock(server->store);
	event_active(server->tick, 0, 0); /* there may be more to hand over */
}

static const struct store_handler STORE_HANDLER = {
	.cn = on_load_cn, .station = on_load_station, .stored = on_stored, .lost = on_lost};

static int open_store(struct server *server)
{
	char path[CONFIG_PATH_LEN + NAME_LEN + 16], why[STORE_ERROR] = "no memory";
	uint32_t epoch = 0;
	int error = file_make_dir(server->config.state_dir, 0750);

	if (error) {
		log_error("state_dir %s: %s", server->config.state_dir, strerror(-error));
		return error;
	}
	snprintf(path, sizeof(path), "%s/%s.mlrd.db", server->config.state_dir,
		 server->config.network_name);
	error = store_open(&server->store, path, &epoch, why);
	if (!error)
		error = server_start_clock(server->store, why);
	if (!error) {
		server->registry = create_registry(server, epoch);
		error = server->registry ? 0 : -ENOMEM;
	}
	if (!error)
		error = store_load(server->store, &STORE_HANDLER, server, why);
	if (!error)
		error = registry_load_end(server->registry, server_now());
	if (!error)
		error = registry_set_hosts(server->registry, server->config.hosts,
					   server->config.host_count);
	if (!error)
		error = store_start(server->store, server->base, &STORE_HANDLER, server);
	if (error)
		log_error("%s", why);
	return error;
}

/* ---- configuration */

static void warn_carbon_copy(const struct mlrd_config *config)
{
	if (config->copy_count || config->grant_count)
		log_warn("`cc_mlr' and `grant' are read, but this version makes no carbon copy: "
			 "this register stands alone");
}

/* What cannot change while the register runs. */
#define FIXED_MEMBER(member) CONFIG_FIXED(struct mlrd_config, member)
static const struct config_fixed FIXED[] = {
	FIXED_MEMBER(network_name),   FIXED_MEMBER(port),    FIXED_MEMBER(listen),
	FIXED_MEMBER(control_socket), FIXED_MEMBER(run_dir), FIXED_MEMBER(state_dir),
};

static void note_restart(const char *directive, void *arg)
{
	log_warn("directive `%s': the change takes effect when the register is started anew",
		 directive);
	json_array_append_new(arg, json_string(directive));
}

/* Returns the names of the directives that wanted another value. */
static json_t *keep_fixed(struct mlrd_config *fresh, const struct mlrd_config *present)
{
	json_t *restart = json_array();

	config_keep_fixed(FIXED, sizeof(FIXED) / sizeof(FIXED[0]), present, fresh, note_restart,
			  restart);
	fresh->foreground = present->foreground; /* -F may say otherwise than the file */
	return restart;
}

static int read_config(const char *path, struct mlrd_config *config, char errors[CONFIG_ERRORS])
{
	char *text = NULL;
	size_t len = 0;
	int error = file_read(path, &text, &len);

	if (error) {
		snprintf(errors, CONFIG_ERRORS, "configuration %s: %s", path, strerror(-error));
		return error;
	}
	error = mlrd_config_read(config, path, text, len, errors) ? -EINVAL : 0;
	free(text);
	return error;
}

static const char *log_file_of(const struct mlrd_config *config)
{
	return config->log && config->log_file[0] ? config->log_file : NULL;
}

/* All or nothing. */
static int apply(struct server *server, struct mlrd_config *fresh, char errors[CONFIG_ERRORS])
{
	bool foreground = server->config.foreground;
	struct registry_options options;
	int error = log_open(log_file_of(fresh), foreground);

	if (error) {
		snprintf(errors, CONFIG_ERRORS, "log_file %s: %s", fresh->log_file,
			 strerror(-error));
		return error;
	}
	error = registry_set_hosts(server->registry, fresh->hosts, fresh->host_count);
	if (error) {
		log_open(log_file_of(&server->config), foreground);
		snprintf(errors, CONFIG_ERRORS, "%s", strerror(-error));
		return error;
	}
	registry_options_of(fresh, 0, &options);
	registry_set_options(server->registry, &options);
	log_set_level((int)fresh->debug);
	mlrd_config_free(&server->config);
	server->config = *fresh;
	return 0;
}

int server_reload(struct server *server, json_t **result, char errors[CONFIG_ERRORS])
{
	json_t *restart = NULL;
	struct mlrd_config fresh;
	int error = read_config(server->config_path, &fresh, errors);

	if (!error) {
		restart = keep_fixed(&fresh, &server->config);
		error = apply(server, &fresh, errors);
		if (error)
			mlrd_config_free(&fresh);
	}
	if (error) {
		json_decref(restart);
		log_error("the configuration was not read again, all stays as it was: %s", errors);
		return error;
	}
	*result = json_pack("{s:o}", "restart", restart);
	log_info("configuration %s read again", server->config_path);
	warn_carbon_copy(&server->config);
	server->changed = true;
	return 0;
}

/* ---- events */

static void on_hangup(evutil_socket_t fd, short what, void *arg)
{
	char errors[CONFIG_ERRORS];
	json_t *result = NULL;

	(void)fd;
	(void)what;
	log_reopen();
	server_reload(arg, &result, errors);
	json_decref(result);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	log_info("signal %d: mlrd ends", (int)fd);
	server_stop(arg);
}

/* Bounds how much longer leases last after a failure of the machine: see register.md in docs. */
static void mark_clock(struct server *server)
{
	if (++server->ticks % MARK_S == 0)
		store_mark_clock(server->store);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct timeval at_once = {0}, second = {.tv_sec = 1};
	struct registry_time now = server_now();
	bool more;

	(void)fd;
	(void)what;
	if (server->ticked_ms && now.ms - server->ticked_ms > PAUSE_MS)
		registry_resume(server->registry, now);
	server->ticked_ms = now.ms;
	more = registry_tick(server->registry, now);
	if (evtimer_add(server->tick, more ? &at_once : &second) < 0)
		event_active(server->tick, 0, 0); /* no memory for the timer */
	if (more)
		return;
	mark_clock(server);
	if (server->changed || server->ticks % WRITTEN_EVERY_S == 0)
		status_write(server->status_file, false);
}

static int add_events(struct server *server)
{
	static const struct {
		int number;
		event_callback_fn call;
	} signals[3] = {{SIGHUP, on_hangup}, {SIGTERM, on_end}, {SIGINT, on_end}};
	struct timeval second = {.tv_sec = 1};

	for (int i = 0; i < 3; i++) {
		server->signals[i] = evsignal_new(server->base, signals[i].number, signals[i].call,
						  server);
		if (!server->signals[i] || event_add(server->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	server->tick = evtimer_new(server->base, on_tick, server);
	return server->tick && evtimer_add(server->tick, &second) == 0 ? 0 : -ENOMEM;
}

/* ---- begin and end */

static int lock_pidfile(const struct server *server)
{
	char path[CONFIG_PATH_LEN + NAME_LEN + 16];
	int running = 0, error = file_make_dir(server->config.run_dir, 0755);

	if (error) {
		log_error("run_dir %s: %s", server->config.run_dir, strerror(-error));
		return error;
	}
	snprintf(path, sizeof(path), "%s/%s.mlrd.pid", server->config.run_dir,
		 server->config.network_name);
	error = pidfile_open(path, &running);
	if (error == -EEXIST)
		log_error("a register of network %s runs already, as process %d (%s)",
			  server->config.network_name, running, path);
	else if (error)
		log_error("pid file %s: %s", path, strerror(-error));
	return error;
}

static int bind_port(struct server *server)
{
	bool any = addr_is_zero(&server->config.listen);
	char text[ADDR_STRLEN];
	int error = links_bind(server);

	if (error)
		log_error("port %u%s%s: %s", server->config.port, any ? "" : " of ",
			  any ? "" : addr_format(&server->config.listen, text), strerror(-error));
	return error;
}

static int open_control(struct server *server)
{
	char path[CONFIG_PATH_LEN];
	int error;

	mlrd_config_socket(&server->config, path);
	error = control_open(&server->control, server->base, path, commands_handle, server);
	if (error)
		log_error("control socket %s: %s", path, strerror(-error));
	return error;
}

static int start(struct server *server, bool commands)
{
	int error = lock_pidfile(server);

	if (!error)
		error = bind_port(server);
	if (!error)
		error = open_store(server);
	if (!error)
		error = add_events(server);
	if (!error) {
		server->status_file = status_open(server);
		error = server->status_file ? open_control(server) : -ENOMEM;
	}
	if (!error) {
		error = links_open(server);
		if (error)
			log_error("port %u: %s", server->config.port, strerror(-error));
	}
	if (!error && commands) {
		server->console = console_open(server->base, commands_console, server);
		error = server->console ? 0 : -errno;
	}
	return error;
}

/* Makes a last attempt to get all changes on the disk. */
static void close_store(struct server *server)
{
	char why[STORE_ERROR] = "";
	int error = 0;

	if (server->store && server->registry && store_stop(server->store))
		registry_store_lost(server->registry);
	if (server->registry)
		error = registry_flush(server->registry);
	if (error)
		log_error("the last changes are lost, the store did not take them: %s",
			  strerror(-error));
	if (store_close(server->store, why))
		log_error("the last changes are lost, the database cannot be written: %s", why);
}

static void stop(struct server *server)
{
	console_close(server->console);
	control_close(server->control);
	links_close(server);
	status_close(server->status_file);
	close_store(server);
	registry_destroy(server->registry);
	for (int i = 0; i < 3; i++)
		if (server->signals[i])
			event_free(server->signals[i]);
	if (server->tick)
		event_free(server->tick);
	if (server->base) {
		/* libevent frees connections that were just closed in one more turn of the loop. */
		event_base_loop(server->base, EVLOOP_NONBLOCK);
		event_base_free(server->base);
	}
	pidfile_close();
	mlrd_config_free(&server->config);
}

static void log_start(const struct server *server)
{
	struct registry_counts counts;

	registry_count(server->registry, &counts);
	log_info("mlrd %s: register of network %s, port %u, epoch %u; "
		 "%u CNs, %u stations, %zu reserved hosts",
		 TMIP_VERSION, server->config.network_name, server->config.port,
		 registry_version(server->registry).epoch, counts.cns, counts.states[RECORD_BOUND],
		 server->config.host_count);
	warn_carbon_copy(&server->config);
}

/* The changelist saves the system calls for interest that comes and goes within one turn. */
static struct event_base *make_base(void)
{
	struct event_config *settings = event_config_new();
	struct event_base *base = NULL;

	if (settings && event_config_set_flag(settings, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
		base = event_base_new_with_config(settings);
	if (settings)
		event_config_free(settings);
	return base;
}

int server_run(const struct mlrd_config *config, const char *config_path, bool commands)
{
	struct server server = {.config = *config, .config_path = config_path, .listen_fd = -1};
	int error;

	server.started_ms = server_now().ms;
	server.base = make_base();
	error = server.base ? start(&server, commands) : -ENOMEM;
	if (!error) {
		log_start(&server);
		status_write(server.status_file, false);
		daemon_ready();
		if (event_base_dispatch(server.base) < 0)
			error = -EIO;
		status_write(server.status_file, true);
	}
	stop(&server);
	if (!error)
		log_info("mlrd has ended");
	return error ? 1 : 0;
}
