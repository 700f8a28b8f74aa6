/* SPDX-License-Identifier: BSD-2-Clause */
/* The connections to the other CNs. See peers.h. */
#include "peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "core/roam/roam.h"
#include "io/link/mlrp_link.h"
#include "io/process/clock.h"
#include "io/process/log.h"
#include "io/process/timer.h"

#define RELISTEN_MS 5000
#define EARLY_MS 1000
#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 2000
#define HANDSHAKE_MS 3000
#define BACKLOG 64
#define ANNOUNCE_MAX 40 /* attempts to tell a CN, whose turn it is to connect, of a new address */
#define STRANGERS_MAX 64 /* accepted connections that have not said yet who they are */

struct peer {
	struct peers *peers;
	uint32_t id;             /* cn_id; 0: a stranger, accepted, has not said yet */
	struct tmip_addr tunnel; /* where it must come from, or is connected to */
	uint16_t port;
	struct mlrp_link *link;
	struct event *retry;     /* NULL: the other side connects */
	unsigned backoff_ms;
	bool logged;             /* the failure is in the log */
	unsigned announcements;  /* attempts that are left, if this CN connects only to tell news */
	struct peer *next;
	uint64_t up_ms; /* when it was connected last; 0: never */
	bool early;     /* its last connection ended as soon as it began */
};

/* What is known of the agent of a CN beyond a connection. */
struct acquaintance {
	uint32_t id;
	uint64_t instance;       /* as it said itself; only CNs and the register know it */
	struct tmip_addr moved;  /* where it has moved, unknown to the register; zero: nowhere */
	struct acquaintance *next;
};

struct peers {
	struct peers_setup with;
	struct evconnlistener *listener; /* NULL: it cannot listen now */
	struct event *relisten;
	struct peer *list;
	struct acquaintance *known;
};

static struct peer *find(const struct peers *peers, uint32_t id)
{
	struct peer *peer;

	LL_SEARCH_SCALAR(peers->list, peer, id, id);
	return peer;
}

static void free_peer(struct peer *peer)
{
	LL_DELETE(peer->peers->list, peer);
	mlrp_link_close(peer->link);
	if (peer->retry)
		event_free(peer->retry);
	free(peer);
}

static struct peer *new_peer(struct peers *peers)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->peers = peers;
	peer->backoff_ms = RETRY_MIN_MS;
	LL_PREPEND(peers->list, peer);
	return peer;
}

static const char *name_of(const struct peer *peer)
{
	const struct replica *replica = roam_replica(peer->peers->with.roam);
	const struct replica_cn *cn = replica_find_cn(replica, peer->id);

	return cn ? cn->info.name : "?";
}

static void raise_changed(const struct peers *peers)
{
	peers->with.calls.changed(peers->with.calls.arg);
}

/* ---- whom this CN knows, by a random number that the other agent keeps as long as it runs */

static struct acquaintance *find_known(const struct peers *peers, uint32_t id)
{
	struct acquaintance *known;

	LL_SEARCH_SCALAR(peers->known, known, id, id);
	return known;
}

static void remember(struct peers *peers, uint32_t id, const struct mlrp_message *hello)
{
	struct acquaintance *known = find_known(peers, id);

	if (hello->cn.id != id || !(hello->has & MLRP_HAS(MLRP_F_INSTANCE)))
		return;
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known)
			return;
		known->id = id;
		LL_PREPEND(peers->known, known);
	}
	if (known->instance != hello->instance)
		memset(&known->moved, 0, sizeof(known->moved));
	known->instance = hello->instance;
}

static void forget(struct peers *peers, struct acquaintance *known)
{
	if (!known)
		return;
	LL_DELETE(peers->known, known);
	free(known);
}

/*
 * Does a CN that this one knows connect from another address than the register has told? It proves
 * by its number that it is the same agent.
 */
static bool has_moved(const struct peer *peer, const struct mlrp_message *hello)
{
	const struct peers *peers = peer->peers;
	const struct replica_cn *cn = replica_find_cn(roam_replica(peers->with.roam), hello->cn.id);
	const struct acquaintance *known = find_known(peers, hello->cn.id);

	return cn && known && hello->role == MLRP_ROLE_CN && hello->instance &&
	       hello->instance == known->instance && strcmp(cn->info.name, hello->name) == 0 &&
	       addr_equal(&hello->cn.tunnel, &peer->tunnel) &&
	       !addr_equal(&cn->info.tunnel, &peer->tunnel);
}

static void note_move(struct peer *peer, const struct mlrp_message *hello)
{
	const struct peers_calls *calls = &peer->peers->with.calls;
	struct tmip_addr tunnel = peer->tunnel;
	uint32_t id = hello->cn.id;
	char addr[ADDR_STRLEN];

	log_info("CN %s has moved to %s, as it says itself", hello->name,
		 addr_format(&tunnel, addr));
	find_known(peer->peers, id)->moved = tunnel;
	calls->moved(id, &tunnel, calls->arg);
}

void peers_correct(struct peers *peers, struct cn_info *info)
{
	struct acquaintance *known = find_known(peers, info->id);

	if (!known || addr_is_zero(&known->moved))
		return;
	if (!info->gone && peers_connected(peers, info->id) &&
	    !addr_equal(&known->moved, &info->tunnel))
		info->tunnel = known->moved;
	else
		memset(&known->moved, 0, sizeof(known->moved));
}

/* Is it this CN that connects to the one with that number? */
static bool connects_to(const struct peers *peers, uint32_t id)
{
	return roam_self(peers->with.roam) < id;
}

/* ---- the connection */

static void retry_later(struct peer *peer)
{
	unsigned half_ms = peer->backoff_ms / 2;

	peer->backoff_ms *= 2;
	if (peer->backoff_ms > RETRY_MAX_MS)
		peer->backoff_ms = RETRY_MAX_MS;
	timer_arm(peer->retry, half_ms + random_below(half_ms + 1));
}

/*
 * One line until the CN is connected again. A connection that ends as soon as it begins is no
 * reason to warn: the register may name a CN to one side a moment before it does to the other.
 */
static void log_lost(struct peer *peer, const char *why)
{
	bool early = !peer->early && clock_ms() - peer->up_ms < EARLY_MS;
	int level = early ? LOG_LEVEL_INFO : LOG_LEVEL_WARN;

	if (!peer->logged)
		log_at(level, "CN %s (%s): connection lost: %s", name_of(peer),
		       mlrp_link_peer(peer->link), why);
	peer->logged |= !early;
	peer->early = early;
}

static void on_closed(struct mlrp_link *link, const char *why, void *arg)
{
	struct peer *peer = arg;

	if (!peer->id) { /* an evaluation that is done, as a rule */
		log_info("connection from %s ended: %s", mlrp_link_peer(link), why);
		free_peer(peer);
		return;
	}
	log_lost(peer, why);
	mlrp_link_close(link);
	peer->link = NULL;
	raise_changed(peer->peers);
	if (peer->retry && (connects_to(peer->peers, peer->id) ||
			    (peer->announcements && --peer->announcements)))
		retry_later(peer);
	else
		free_peer(peer); /* the other side connects, or its next description makes us */
}

/* A CN that the register knows by this name and tunnel address, and whose turn it is to connect? */
static bool is_known(const struct peer *peer, const struct mlrp_message *hello)
{
	const struct roam *roam = peer->peers->with.roam;
	const struct replica_cn *cn = replica_find_cn(roam_replica(roam), hello->cn.id);

	return cn && hello->role == MLRP_ROLE_CN && strcmp(cn->info.name, hello->name) == 0 &&
	       addr_equal(&cn->info.tunnel, &peer->tunnel) && cn->info.id < roam_self(roam);
}

/* An accepted connection said who it is. Returns whether it may go on. */
static bool admit(struct peer *peer, const struct mlrp_message *hello)
{
	struct peer *former;

	if (hello->role == MLRP_ROLE_PROBE)
		return true;
	if (has_moved(peer, hello)) {
		note_move(peer, hello);
		if (connects_to(peer->peers, hello->cn.id))
			return false; /* to the new address, which is under way */
	}
	if (!is_known(peer, hello)) {
		log_info("connection from %s, which calls itself %s, refused: "
			 "the register does not know it so",
			 mlrp_link_peer(peer->link), hello->name);
		return false;
	}
	former = find(peer->peers, hello->cn.id);
	if (former)
		free_peer(former); /* the CN started anew */
	peer->id = hello->cn.id;
	return true;
}

static void on_up(struct mlrp_link *link, const struct mlrp_message *hello, void *arg)
{
	struct peer *peer = arg;
	const struct peers_calls *calls = &peer->peers->with.calls;

	if (!peer->id && !admit(peer, hello)) {
		free_peer(peer);
		return;
	}
	if (!peer->id)
		return;
	if (peer->announcements)
		return; /* the other side knows now, and connects in its turn */
	remember(peer->peers, peer->id, hello);
	peer->backoff_ms = RETRY_MIN_MS;
	peer->logged = false;
	peer->up_ms = clock_ms();
	log_info("CN %s (%s): connected", name_of(peer), mlrp_link_peer(link));
	calls->up(peer->id, calls->arg);
	raise_changed(peer->peers);
}

static void on_message(struct mlrp_link *link, const struct mlrp_message *message, void *arg)
{
	struct peer *peer = arg;
	const struct peers_calls *calls = &peer->peers->with.calls;

	(void)link;
	if (!peer->id)
		return; /* an evaluation: the link itself answers its PINGs */
	log_debug("CN %s: %s transaction %u", name_of(peer), mlrp_type_name(message->type),
		  message->transaction);
	calls->message(peer->id, message, calls->arg);
}

static const struct mlrp_link_handler handler = {.up = on_up, .message = on_message,
						 .closed = on_closed};

static void connect_peer(struct peer *peer)
{
	const struct peers_setup *with = &peer->peers->with;
	struct mlrp_self self;
	char host[ADDR_STRLEN];

	with->calls.describe_self(&self, with->calls.arg);
	peer->link = mlrp_link_connect(with->base, with->dns, addr_format(&peer->tunnel, host),
				       peer->port, &with->tunnel, HANDSHAKE_MS, &self, &handler,
				       peer);
	if (!peer->link)
		retry_later(peer);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	connect_peer(arg);
}

/* A connection that this CN opens, now and after each loss. */
static void open_peer(struct peers *peers, const struct cn_info *info, unsigned announcements)
{
	struct peer *peer = new_peer(peers);

	if (!peer)
		return;
	peer->id = info->id;
	peer->tunnel = info->tunnel;
	peer->port = info->port;
	peer->announcements = announcements;
	peer->logged = announcements != 0;
	peer->retry = evtimer_new(peers->with.base, on_retry, peer);
	if (peer->retry)
		connect_peer(peer);
	else
		free_peer(peer);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
		      int len, void *arg)
{
	struct peers *peers = arg;
	const struct peers_setup *with = &peers->with;
	struct sockaddr_in *address = (struct sockaddr_in *)from;
	struct mlrp_self self;
	struct peer *peer;
	int strangers = 0;

	(void)listener;
	LL_FOREACH(peers->list, peer)
		strangers += !peer->id;
	peer = NULL;
	if (len >= (int)sizeof(*address) && from->sa_family == AF_INET && strangers < STRANGERS_MAX)
		peer = new_peer(peers);
	if (!peer) {
		evutil_closesocket(fd);
		return;
	}
	peer->tunnel = addr_from_ipv4(ntohl(address->sin_addr.s_addr));
	with->calls.describe_self(&self, with->calls.arg);
	if (!replica_find_cn_tunnel(roam_replica(with->roam), &peer->tunnel))
		self.instance = 0; /* what proves who this CN is, is for CNs only */
	peer->link = mlrp_link_accept(with->base, fd, &self, &handler, peer);
	if (!peer->link)
		free_peer(peer);
}

/* ---- life */

/* NULL with errno. */
static struct evconnlistener *listen_on(struct peers *peers, const struct tmip_addr *tunnel)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(peers->with.port),
				   .sin_addr.s_addr = htonl(addr_to_ipv4(tunnel))};
	unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
	struct evconnlistener *listener;

	listener = evconnlistener_new_bind(peers->with.base, on_accept, peers, flags, BACKLOG,
					   (struct sockaddr *)&here, sizeof(here));
	if (listener)
		mlrp_link_prepare(evconnlistener_get_fd(listener));
	return listener;
}

/* At the address of now. If it is not there yet, or no descriptor is free, tries again. */
static void listen_again(struct peers *peers)
{
	char addr[ADDR_STRLEN];

	peers->listener = listen_on(peers, &peers->with.tunnel);
	if (peers->listener)
		return;
	log_error("cannot listen on %s, TCP port %u: %s; trying again",
		  addr_format(&peers->with.tunnel, addr), peers->with.port, strerror(errno));
	timer_arm(peers->relisten, RELISTEN_MS);
}

static void on_relisten(evutil_socket_t fd, short what, void *arg)
{
	struct peers *peers = arg;

	(void)fd;
	(void)what;
	if (!peers->listener)
		listen_again(peers);
}

int peers_create(struct peers **out, const struct peers_setup *setup)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	*out = peers;
	if (!peers)
		return -ENOMEM;
	peers->with = *setup;
	peers->relisten = evtimer_new(setup->base, on_relisten, peers);
	if (!peers->relisten)
		return -ENOMEM;
	peers->listener = listen_on(peers, &setup->tunnel);
	return peers->listener ? 0 : -errno;
}

void peers_destroy(struct peers *peers)
{
	if (!peers)
		return;
	while (peers->list)
		free_peer(peers->list);
	while (peers->known)
		forget(peers, peers->known);
	if (peers->listener)
		evconnlistener_free(peers->listener);
	if (peers->relisten)
		event_free(peers->relisten);
	free(peers);
}

void peers_put(struct peers *peers, const struct cn_info *info, bool moved)
{
	struct peer *peer = find(peers, info->id);

	if (peer && (moved || info->gone)) {
		free_peer(peer);
		peer = NULL;
	}
	if (info->gone)
		forget(peers, find_known(peers, info->id));
	if (!peer && !info->gone && connects_to(peers, info->id))
		open_peer(peers, info, 0);
}

void peers_move(struct peers *peers, const struct tmip_addr *tunnel)
{
	const struct replica_cn *cn = roam_replica(peers->with.roam)->cns;
	struct evconnlistener *former = peers->listener;

	peers->with.tunnel = *tunnel;
	listen_again(peers);
	if (former)
		evconnlistener_free(former);
	while (peers->list)
		free_peer(peers->list);
	for (; cn; cn = cn->hh.next)
		if (cn->info.id != roam_self(peers->with.roam))
			open_peer(peers, &cn->info,
				  connects_to(peers, cn->info.id) ? 0 : ANNOUNCE_MAX);
	raise_changed(peers);
}

void peers_send(struct peers *peers, uint32_t cn, const struct mlrp_message *message)
{
	struct peer *peer = find(peers, cn);

	if (!peer || !peer->link || mlrp_link_send(peer->link, message) < 0)
		log_debug("CN %u: %s not sent, no connection", cn, mlrp_type_name(message->type));
}

bool peers_connected(const struct peers *peers, uint32_t cn)
{
	const struct peer *peer = find(peers, cn);

	return peer && peer->link && mlrp_link_is_up(peer->link);
}
