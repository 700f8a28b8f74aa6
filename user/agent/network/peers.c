/* SPDX-License-Identifier: BSD-2-Clause */
/* The other CNs: connections and map entries. See peers.h. */
#include "peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/interface/cells.h"
#include "agent/state.h"
#include "agent/station/address_check.h"
#include "io/link/mlrp_link.h"
#include "io/process/log.h"

#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 2000
#define HANDSHAKE_MS 3000
#define STRANGERS_MAX 64 /* accepted connections that have not said yet who they are */

struct peer {
	struct agent *agent;
	uint32_t id;             /* 0: accepted, has not said yet */
	struct tmip_addr tunnel; /* where it must come from, or is connected to */
	uint16_t port;
	struct mlrp_link *link;
	struct event *retry;
	unsigned backoff_ms;
	bool told;               /* the failure was logged */
	struct peer *next;
};

static void connect_peer(struct peer *peer);

static struct peer **find_slot(struct agent *agent, uint32_t id)
{
	struct peer **slot = &agent->peers;

	while (*slot && (*slot)->id != id)
		slot = &(*slot)->next;
	return slot;
}

static void free_peer(struct peer *peer)
{
	struct peer **slot = &peer->agent->peers;

	while (*slot && *slot != peer)
		slot = &(*slot)->next;
	if (*slot)
		*slot = peer->next;
	mlrp_link_close(peer->link);
	if (peer->retry)
		event_free(peer->retry);
	free(peer);
}

static struct peer *new_peer(struct agent *agent)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->agent = agent;
	peer->backoff_ms = RETRY_MIN_MS;
	peer->next = agent->peers;
	agent->peers = peer;
	return peer;
}

static const char *peer_name(const struct peer *peer)
{
	const struct replica_cn *cn = replica_find_cn(roam_replica(peer->agent->roam), peer->id);

	return cn ? cn->info.name : "?";
}

static bool connects(const struct peer *peer)
{
	return roam_self(peer->agent->roam) < peer->id;
}

/* ---- the connection */

static void retry_later(struct peer *peer)
{
	unsigned wait_ms = peer->backoff_ms / 2 + agent_random(peer->backoff_ms / 2 + 1);
	struct timeval when = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};

	peer->backoff_ms = peer->backoff_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : peer->backoff_ms * 2;
	event_add(peer->retry, &when);
}

static void closed(struct mlrp_link *link, const char *why, void *arg)
{
	struct peer *peer = arg;

	if (!peer->told)
		log_warn("CN %s (%s): connection lost: %s", peer_name(peer), mlrp_link_peer(link), why);
	peer->told = true;
	mlrp_link_close(link);
	peer->link = NULL;
	agent_changed(peer->agent);
	if (peer->retry && connects(peer))
		retry_later(peer);
	else
		free_peer(peer); /* the other side comes again, or its next description makes us connect */
}

/* An accepted connection said who it is. Right: a CN that the register knows, from its own tunnel address, in its turn to connect. */
static bool accept_as(struct peer *peer, const struct mlrp_message *hello)
{
	const struct replica_cn *cn = replica_find_cn(roam_replica(peer->agent->roam), hello->cn.id);

	if (hello->role == MLRP_ROLE_PROBE)
		return true;
	if (!cn || hello->role != MLRP_ROLE_CN || strcmp(cn->info.name, hello->name) != 0 ||
	    !addr_equal(&cn->info.tunnel, &peer->tunnel) || cn->info.id > roam_self(peer->agent->roam)) {
		log_info("connection from %s, which calls itself %s, refused: the register does not know it so", mlrp_link_peer(peer->link), hello->name);
		return false;
	}
	struct peer **former = find_slot(peer->agent, cn->info.id);

	if (*former)
		free_peer(*former); /* it started anew */
	peer->id = cn->info.id;
	return true;
}

static void up(struct mlrp_link *link, const struct mlrp_message *hello, void *arg)
{
	struct peer *peer = arg;

	if (!peer->id && !accept_as(peer, hello)) {
		free_peer(peer);
		return;
	}
	if (!peer->id)
		return;
	peer->backoff_ms = RETRY_MIN_MS;
	peer->told = false;
	log_info("CN %s (%s): connected", peer_name(peer), mlrp_link_peer(link));
	roam_cn_up(peer->agent->roam, peer->id);
	agent_changed(peer->agent);
}

static void received(struct mlrp_link *link, const struct mlrp_message *message, void *arg)
{
	struct peer *peer = arg;

	(void)link;
	if (!peer->id)
		return; /* an evaluation: its PINGs are answered by the link itself */
	log_debug("CN %s: %s transaction %u", peer_name(peer), mlrp_type_name(message->type), message->transaction);
	if (!holder_answered(peer->agent, peer->id, message))
		roam_cn_message(peer->agent->roam, peer->id, message, agent_now_ms());
	agent_arm_roam(peer->agent);
}

static const struct mlrp_link_handler handler = {.up = up, .message = received, .closed = closed};

static void connect_peer(struct peer *peer)
{
	struct agent *agent = peer->agent;
	struct mlrp_self self;
	char host[ADDR_STRLEN];

	agent_describe_self(agent, &self);
	peer->link = mlrp_link_connect(agent->base, agent->dns, addr_format(&peer->tunnel, host), peer->port, &agent->tunnel,
				       HANDSHAKE_MS, &self, &handler, peer);
	if (!peer->link)
		retry_later(peer);
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	connect_peer(arg);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int len, void *arg)
{
	struct agent *agent = arg;
	struct mlrp_self self;
	struct peer *peer;
	int strangers = 0;

	(void)listener;
	for (peer = agent->peers; peer; peer = peer->next)
		strangers += !peer->id;
	peer = len >= (int)sizeof(struct sockaddr_in) && from->sa_family == AF_INET && strangers < STRANGERS_MAX ? new_peer(agent) : NULL;
	if (!peer) {
		evutil_closesocket(fd);
		return;
	}
	peer->tunnel = addr_from_ipv4(ntohl(((struct sockaddr_in *)from)->sin_addr.s_addr));
	agent_describe_self(agent, &self);
	peer->link = mlrp_link_accept(agent->base, fd, &self, &handler, peer);
	if (!peer->link)
		free_peer(peer);
}

int peers_start(struct agent *agent)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(agent->config.port),
				   .sin_addr.s_addr = htonl(addr_to_ipv4(&agent->tunnel))};

	agent->listener = evconnlistener_new_bind(agent->base, on_accept, agent, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
						  64, (struct sockaddr *)&here, sizeof(here));
	return agent->listener ? 0 : -errno;
}

void peers_stop(struct agent *agent)
{
	while (agent->peers)
		free_peer(agent->peers);
	if (agent->listener)
		evconnlistener_free(agent->listener);
	agent->listener = NULL;
}

/* ---- what the data path must know of a CN */

static struct tmip_subnet_key subnet_key(const struct prefix *prefix)
{
	return (struct tmip_subnet_key){.prefix_len = 96 + prefix->len, .addr = prefix->addr};
}

static bool is_of_a_cn(const struct agent *agent, const struct tmip_subnet_key *key)
{
	for (const struct replica_cn *cn = roam_replica(agent->roam)->cns; cn; cn = cn->hh.next)
		for (int i = 0; i < cn->info.cell_count; i++) {
			struct tmip_subnet_key known = subnet_key(&cn->info.cells[i].subnet);

			if (memcmp(&known, key, sizeof(known)) == 0)
				return true;
		}
	return false;
}

/*
 * Takes out what was known of a CN and is nobody's any more. Another CN may have it by now: a register that lost its
 * store gives new numbers.
 */
static void delete_former(struct agent *agent, const struct cn_info *former)
{
	for (int i = 0; i < former->cell_count; i++) {
		struct tmip_subnet_key key = subnet_key(&former->cells[i].subnet);

		if (!is_of_a_cn(agent, &key))
			datapath_delete_subnet(agent->dp, &key);
	}
	if (!replica_find_cn_tunnel(roam_replica(agent->roam), &former->tunnel))
		datapath_delete_peer(agent->dp, &former->tunnel);
}

static void put_subnets(struct agent *agent, const struct cn_info *info)
{
	for (int i = 0; i < info->cell_count; i++) {
		struct tmip_subnet_key key = subnet_key(&info->cells[i].subnet);
		struct tmip_subnet subnet = {.parent = info->tunnel, .prefix_len = info->cells[i].subnet.len};

		if (info->id == roam_self(agent->roam))
			subnet.ifindex = cells_find_subnet(agent, &info->cells[i].subnet);
		datapath_put_subnet(agent->dp, &key, &subnet);
	}
}

void peers_put_own_subnets(struct agent *agent, const struct cn_info *self)
{
	put_subnets(agent, self);
}

void peers_show(struct agent *agent, uint32_t cn_id)
{
	const struct replica_cn *cn = replica_find_cn(roam_replica(agent->roam), cn_id);
	struct tmip_peer entry = {0};
	int error;

	if (!cn || cn_id == roam_self(agent->roam))
		return;
	memcpy(entry.name, cn->info.name, sizeof(entry.name));
	entry.cn_id = cn->info.id;
	entry.tunnel = cn->tunnel;
	entry.stations = cn->stations;
	error = datapath_put_peer(agent->dp, &cn->info.tunnel, &entry);
	if (error)
		log_error("map tmip_peer: %s: %s", cn->info.name, strerror(-error));
	agent_changed(agent);
}

static void put_link(struct agent *agent, const struct cn_info *info, bool moved)
{
	struct peer *peer = *find_slot(agent, info->id);

	if (peer && (moved || info->gone)) {
		free_peer(peer);
		peer = NULL;
	}
	if (peer || info->gone || roam_self(agent->roam) >= info->id)
		return;
	peer = new_peer(agent);
	if (!peer)
		return;
	peer->id = info->id;
	peer->tunnel = info->tunnel;
	peer->port = info->port;
	peer->retry = evtimer_new(agent->base, on_retry, peer);
	if (peer->retry)
		connect_peer(peer);
	else
		free_peer(peer);
}

void peers_put_cn(struct agent *agent, const struct cn_info *info)
{
	const struct replica_cn *known = replica_find_cn(roam_replica(agent->roam), info->id);
	struct cn_info former = known ? known->info : (struct cn_info){0};
	bool self = info->id == roam_self(agent->roam);
	bool moved = known && (!addr_equal(&former.tunnel, &info->tunnel) || former.port != info->port);

	/* The peer is in the map before any station leads to it. */
	if (!info->gone)
		put_subnets(agent, info);
	if (roam_put_cn(agent->roam, info) < 0)
		log_error("CN %s: the table of CNs is full (peers_max): it is not served", info->name);
	if (former.id)
		delete_former(agent, &former);
	if (self)
		return;
	peers_show(agent, info->id);
	put_link(agent, info, moved);
	if (!known && !info->gone)
		log_info("CN %s is number %u of the network", info->name, info->id);
	if (info->gone && known)
		log_info("CN %s was forgotten by the register", former.name);
}

void peers_expect(struct agent *agent)
{
	roam_expect_cns(agent->roam);
}

static const struct replica_cn *find_unnamed(const struct agent *agent)
{
	const struct replica_cn *cn = roam_replica(agent->roam)->cns;

	while (cn && !cn->stale)
		cn = cn->hh.next;
	return cn;
}

void peers_drop_unnamed(struct agent *agent)
{
	const struct replica_cn *cn;
	bool dropped = false;

	while ((cn = find_unnamed(agent))) {
		struct cn_info gone = cn->info;

		gone.gone = true;
		peers_put_cn(agent, &gone);
		dropped = true;
	}
	/* One that has a new number now took tunnel and subnets of the other with it. */
	for (cn = roam_replica(agent->roam)->cns; dropped && cn; cn = cn->hh.next) {
		put_subnets(agent, &cn->info);
		peers_show(agent, cn->info.id);
	}
}

static int sweep_peer(const struct tmip_addr *tunnel, const struct tmip_peer *entry, void *arg)
{
	struct agent *agent = arg;
	const struct replica_cn *cn = replica_find_cn_tunnel(roam_replica(agent->roam), tunnel);

	(void)entry;
	if (!cn || cn->info.id == roam_self(agent->roam))
		datapath_delete_peer(agent->dp, tunnel);
	return 0;
}

static int sweep_subnet(const struct tmip_subnet_key *key, const struct tmip_subnet *entry, void *arg)
{
	struct agent *agent = arg;

	(void)entry;
	if (!is_of_a_cn(agent, key))
		datapath_delete_subnet(agent->dp, key);
	return 0;
}

void peers_sweep(struct agent *agent)
{
	datapath_each_peer(agent->dp, sweep_peer, agent);
	datapath_each_subnet(agent->dp, sweep_subnet, agent);
}

void peers_send(struct agent *agent, uint32_t cn_id, const struct mlrp_message *message)
{
	struct peer *peer = *find_slot(agent, cn_id);

	if (!peer || !peer->link || mlrp_link_send(peer->link, message) < 0)
		log_debug("CN %u: %s not sent, no connection", cn_id, mlrp_type_name(message->type));
}

bool peers_connected(const struct agent *agent, uint32_t cn_id)
{
	struct peer *peer = *find_slot((struct agent *)agent, cn_id);

	return peer && peer->link && mlrp_link_is_up(peer->link);
}
