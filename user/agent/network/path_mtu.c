/* SPDX-License-Identifier: BSD-2-Clause */
/* The MTU of the path to each other CN. See path_mtu.h. */
#define HASH_NONFATAL_OOM 1
#include "path_mtu.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "io/datapath/datapath.h"
#include "io/datapath/probe_socket.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "io/process/timer.h"

#define RATE 500        /* probes in a second, over all paths; less than SENT of probe_socket.c */
#define LOOK_MS 2000    /* between two looks at the counters of paths that no station needs */
#define ACTIVE_MS 30000 /* such a path is in use for so long after a packet */
#define NEWS_MAX 256    /* pieces of news in one turn of the event loop */

struct path {
	uint32_t cn;
	struct tmip_addr tunnel;
	unsigned stations;   /* that need the tunnel */
	uint64_t sent;       /* packets into the tunnel, when last looked at */
	uint64_t active_ms;  /* when packets were last seen; 0: not yet */
	unsigned told;       /* the MTU that the caller knows, */
	unsigned logged;     /* and the log, which waits for the end of a search */
	struct pmtu pmtu;
	UT_hash_handle hh;   /* by cn */
};

struct path_mtus {
	struct path_mtu_setup with;
	struct probe_socket *socket;
	struct event *readable, *timer;
	struct path *paths;
	unsigned least;      /* that the caller knows */
	uint64_t look_ms;    /* when to look at the counters again */
	uint64_t window_ms;  /* start of the current second of the limit */
	unsigned sent;       /* in that second */
};

static struct path *find(const struct path_mtus *paths, uint32_t cn)
{
	struct path *path;

	HASH_FIND(hh, paths->paths, &cn, sizeof(cn), path);
	return path;
}

static struct path *find_tunnel(const struct path_mtus *paths, const struct tmip_addr *tunnel)
{
	struct path *path = paths->paths;

	while (path && !addr_equal(&path->tunnel, tunnel))
		path = path->hh.next;
	return path;
}

static bool is_used(const struct path *path)
{
	return path->pmtu.state != PMTU_DISABLED;
}

/* ---- what the caller learns */

static void log_mtu(struct path *path)
{
	static const char *const how[] = {[PMTU_ROUTE] = "as large as the backbone takes",
					  [PMTU_ICMP] = "as a router says",
					  [PMTU_PROBE] = "as probes show"};
	char addr[ADDR_STRLEN];

	if (path->logged == path->pmtu.mtu || path->pmtu.checking)
		return;
	path->logged = path->pmtu.mtu;
	log_info("the path to the CN at %s takes packets of %u bytes, %s",
		 addr_format(&path->tunnel, addr), path->logged, how[pmtu_source(&path->pmtu)]);
}

/* The MTU of the path, if it is known; else 0: the route's, whatever the kernel believes of it. */
static unsigned known_mtu(const struct path *path)
{
	const struct pmtu *pmtu = &path->pmtu;

	return pmtu->mtu < pmtu->top || pmtu->state == PMTU_COMPLETE ? pmtu->mtu : 0;
}

static void tell(struct path_mtus *paths, struct path *path)
{
	const struct path_mtu_calls *calls = &paths->with.calls;

	log_mtu(path);
	if (path->told == known_mtu(path))
		return;
	path->told = known_mtu(path);
	calls->changed(path->cn, calls->arg);
}

static void tell_all(struct path_mtus *paths)
{
	const struct path_mtu_calls *calls = &paths->with.calls;
	unsigned least;

	for (struct path *path = paths->paths; path; path = path->hh.next)
		tell(paths, path);
	least = path_mtu_least(paths);
	if (least == paths->least)
		return;
	paths->least = least;
	calls->least(calls->arg);
}

/* ---- use */

static void update_use(struct path *path, uint64_t now_ms)
{
	bool active = path->active_ms && now_ms - path->active_ms < ACTIVE_MS;

	pmtu_set_used(&path->pmtu, path->stations || active, now_ms);
}

static void look(struct path_mtus *paths, uint64_t now_ms)
{
	struct tmip_peer_stat stat;

	if (now_ms < paths->look_ms)
		return;
	paths->look_ms = now_ms + LOOK_MS;
	for (struct path *path = paths->paths; path; path = path->hh.next) {
		memset(&stat, 0, sizeof(stat));
		datapath_read_peer_stat(paths->with.dp, &path->tunnel, &stat);
		if (stat.tx_packets != path->sent)
			path->active_ms = now_ms;
		path->sent = stat.tx_packets;
		update_use(path, now_ms);
	}
}

/* ---- probes */

static bool may_send(struct path_mtus *paths, uint64_t now_ms)
{
	if (now_ms - paths->window_ms >= 1000) {
		paths->window_ms = now_ms;
		paths->sent = 0;
	}
	return paths->sent < RATE;
}

/* False: no more probes in this second. */
static bool probe(struct path_mtus *paths, struct path *path, uint64_t now_ms)
{
	unsigned size;

	while (may_send(paths, now_ms)) {
		size = pmtu_next(&path->pmtu, now_ms);
		if (!size)
			return true;
		paths->sent++;
		if (probe_socket_send(paths->socket, &path->tunnel, size) == -EMSGSIZE)
			pmtu_too_big(&path->pmtu, size, 0);
	}
	return false;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* Sends what is due on all paths, and arms the timer for what is due next. */
static void advance(struct path_mtus *paths)
{
	uint64_t now_ms = clock_ms(), due_ms = 0;
	bool limited = false;

	look(paths, now_ms);
	for (struct path *path = paths->paths; path; path = path->hh.next) {
		if (!limited)
			limited = !probe(paths, path, now_ms);
		due_ms = sooner(due_ms, pmtu_due(&path->pmtu));
	}
	tell_all(paths);
	if (!paths->paths)
		return;
	if (limited)
		due_ms = paths->window_ms + 1000;
	timer_arm_at(paths->timer, sooner(due_ms, paths->look_ms));
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	advance(arg);
}

static void handle(struct path_mtus *paths, const struct probe_news *news)
{
	struct path *path = find_tunnel(paths, &news->remote);

	if (!path)
		return;
	if (news->type == PROBE_BACK)
		pmtu_came_back(&path->pmtu, news->size);
	else if (news->type == PROBE_TOO_BIG && news->proved)
		pmtu_too_big(&path->pmtu, news->size, news->mtu);
	else if (news->type == PROBE_TOO_BIG)
		pmtu_hint(&path->pmtu, news->mtu, clock_ms());
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct path_mtus *paths = arg;
	struct probe_news news;

	(void)fd;
	(void)what;
	for (int i = 0; i < NEWS_MAX && probe_socket_read(paths->socket, &news); i++)
		handle(paths, &news);
	advance(paths);
}

/* ---- the CNs */

static struct path *add(struct path_mtus *paths, uint32_t cn, unsigned mtu)
{
	struct path *path = HASH_COUNT(paths->paths) < paths->with.paths_max ?
				    calloc(1, sizeof(*path)) : NULL;

	if (!path)
		return NULL;
	path->cn = cn;
	HASH_ADD(hh, paths->paths, cn, sizeof(path->cn), path);
	if (!path->hh.tbl) {
		free(path);
		return NULL;
	}
	pmtu_init(&path->pmtu, paths->with.top, mtu, clock_ms());
	path->told = known_mtu(path);
	path->logged = path->pmtu.mtu;
	return path;
}

void path_mtu_put(struct path_mtus *paths, uint32_t cn, const struct tmip_addr *tunnel,
		  unsigned stations, unsigned mtu)
{
	struct path *path = find(paths, cn);
	bool moved;

	if (!path)
		path = add(paths, cn, mtu);
	if (!path)
		return; /* the programs take the route's MTU */
	moved = !addr_equal(&path->tunnel, tunnel);
	if (moved && !addr_is_zero(&path->tunnel))
		pmtu_restart(&path->pmtu);
	path->tunnel = *tunnel;
	path->stations = stations;
	update_use(path, clock_ms());
	timer_arm(paths->timer, 0);
}

void path_mtu_remove(struct path_mtus *paths, uint32_t cn)
{
	struct path *path = find(paths, cn);

	if (!path)
		return;
	HASH_DEL(paths->paths, path);
	free(path);
	timer_arm(paths->timer, 0);
}

void path_mtu_restart(struct path_mtus *paths, uint32_t cn)
{
	for (struct path *path = paths->paths; path; path = path->hh.next)
		if (!cn || path->cn == cn)
			pmtu_restart(&path->pmtu);
	timer_arm(paths->timer, 0);
}

void path_mtu_set_top(struct path_mtus *paths, unsigned top)
{
	paths->with.top = top;
	for (struct path *path = paths->paths; path; path = path->hh.next)
		pmtu_set_top(&path->pmtu, top);
	timer_arm(paths->timer, 0);
}

unsigned path_mtu_of(const struct path_mtus *paths, uint32_t cn)
{
	const struct path *path = find(paths, cn);

	return path ? known_mtu(path) : 0;
}

enum pmtu_source path_mtu_source(const struct path_mtus *paths, uint32_t cn)
{
	const struct path *path = find(paths, cn);

	return path ? pmtu_source(&path->pmtu) : PMTU_ROUTE;
}

unsigned path_mtu_least(const struct path_mtus *paths)
{
	unsigned least = 0;

	for (const struct path *path = paths->paths; path; path = path->hh.next)
		if (is_used(path) && path->pmtu.mtu < path->pmtu.top &&
		    (!least || path->pmtu.mtu < least))
			least = path->pmtu.mtu;
	return least;
}

/* ---- life */

static void close_socket(struct path_mtus *paths)
{
	if (paths->readable)
		event_free(paths->readable);
	probe_socket_close(paths->socket);
}

static int open_socket(struct path_mtus *paths, const struct tmip_addr *tunnel)
{
	struct probe_socket *socket = NULL;
	int error = probe_socket_open(&socket, tunnel);
	struct event *readable;

	if (error)
		return error;
	readable = event_new(paths->with.base, probe_socket_fd(socket), EV_READ | EV_PERSIST,
			     on_readable, paths);
	if (!readable || event_add(readable, NULL) < 0) {
		if (readable)
			event_free(readable);
		probe_socket_close(socket);
		return -ENOMEM;
	}
	close_socket(paths);
	paths->socket = socket;
	paths->readable = readable;
	return 0;
}

void path_mtu_move(struct path_mtus *paths, const struct tmip_addr *tunnel)
{
	char addr[ADDR_STRLEN];
	int error = open_socket(paths, tunnel);

	if (error)
		log_error("no socket for tunnel probes from %s: %s", addr_format(tunnel, addr),
			  strerror(-error));
	path_mtu_restart(paths, 0);
}

static int open_all(struct path_mtus *paths)
{
	paths->timer = evtimer_new(paths->with.base, on_timer, paths);
	return paths->timer ? open_socket(paths, &paths->with.tunnel) : -ENOMEM;
}

int path_mtus_create(struct path_mtus **out, const struct path_mtu_setup *setup)
{
	struct path_mtus *paths = calloc(1, sizeof(*paths));
	int error;

	*out = NULL;
	if (!paths)
		return -ENOMEM;
	paths->with = *setup;
	error = open_all(paths);
	if (error)
		path_mtus_destroy(paths);
	else
		*out = paths;
	return error;
}

void path_mtus_destroy(struct path_mtus *paths)
{
	struct path *path, *next;

	if (!paths)
		return;
	HASH_ITER(hh, paths->paths, path, next) {
		HASH_DEL(paths->paths, path);
		free(path);
	}
	close_socket(paths);
	if (paths->timer)
		event_free(paths->timer);
	free(paths);
}
