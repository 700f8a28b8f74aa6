/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running register: joins registry (core/registry/registry.h), store and connections in one
 * event loop. server.c starts and ends it, links.c has the connections of CNs, commands.c the
 * commands of people, status.c the status file, time.c the clock.
 */
#ifndef TMIP_MLRD_SERVER_H
#define TMIP_MLRD_SERVER_H

#include <event2/event.h>
#include <jansson.h>

#include "core/config/mlrd_config.h"
#include "core/registry/registry.h"
#include "io/store/store.h"

#define SERVER_STRANGERS_MAX 256 /* connections that have not registered */

struct evconnlistener;
struct link;
struct status_file;

struct server {
	struct mlrd_config config;
	const char *config_path;
	struct event_base *base;
	struct event *signals[3];
	struct event *tick;          /* once a second */
	struct registry *registry;
	struct store *store;
	bool store_failing;
	char store_fault[STORE_ERROR]; /* why it failed last */
	bool store_anew;             /* its file is a new one, and does not have everything yet */
	char store_loss[STORE_ERROR]; /* how its file was lost last */
	uint64_t store_lost_s;       /* Unix time of that; 0: it was not */
	struct control_server *control;
	struct console *console;
	struct evconnlistener *listener;
	int listen_fd;               /* bound, before the listener has it */
	struct link *links;
	unsigned strangers;
	uint64_t strangers_refused;
	struct event *sync;          /* sends the next slices of snapshots */
	struct event *reap;          /* ends connections that the registry has closed */
	uint64_t started_ms;
	struct status_file *status_file;
	unsigned ticks;
	uint64_t ticked_ms;          /* the last tick */
	bool changed;                /* the status file is out of date */
	int status;                  /* exit status */
};

/* Takes over the configuration, and runs until the end. Returns the exit status. */
int server_run(const struct mlrd_config *config, const char *config_path, bool commands);

void server_stop(struct server *server);
/*
 * Reads the configuration again. 0 with the result, {"restart": [DIRECTIVE ...]}; or -errno and the
 * errors: then nothing has changed.
 */
int server_reload(struct server *server, json_t **result, char errors[CONFIG_ERRORS]);

/* links.c */
int links_bind(struct server *server); /* takes the port, and lets nobody in yet. 0 or -errno */
int links_open(struct server *server);
void links_close(struct server *server);
void links_act(struct server *server, const struct registry_action *action); /* SEND, PUSH, CLOSE */

/* commands.c */
json_t *commands_handle(json_t *request, void *arg);
void commands_console(char *line, void *arg);

/* status.c */
/* NULL: no memory. */
struct status_file *status_open(struct server *server);
/* Waits for a write that is under way. NULL is allowed. */
void status_close(struct status_file *status);
void status_write(struct status_file *status, bool ended); /* ended: the register ends now */

/* time.c */
/* Steps of the wall clock do not move it: core/base/net_clock.h. */
struct registry_time server_now(void);
/* Starts it by what the database knows. 0, or -errno and the cause. */
int server_start_clock(struct store *store, char why[STORE_ERROR]);
/* An end by that clock as the wall clock now shows it; 0: none. */
uint64_t server_wall_end(uint64_t lease_end);

#endif
