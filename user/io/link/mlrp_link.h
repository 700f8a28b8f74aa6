/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One MLRP connection over a bufferevent of libevent: framing, codec, handshake (HELLO, WELCOME)
 * and keep-alive. mlrd uses it for its CNs, tmip-agent for its register and the other CNs.
 * Callbacks come from the event loop. The process must ignore SIGPIPE.
 *
 * The caller that opens a link owns it and closes it with mlrp_link_close. The link calls `closed`
 * once if it fails or the other side ends it, and never after mlrp_link_close; the owner then still
 * calls mlrp_link_close.
 */
#ifndef TMIP_IO_LINK_MLRP_LINK_H
#define TMIP_IO_LINK_MLRP_LINK_H

#include <event2/event.h>
#include <event2/dns.h>
#include <event2/util.h>

#include "core/mlrp/mlrp.h"

struct mlrp_link;

struct mlrp_link_handler {
	/* The handshake is done; `hello` is the HELLO or WELCOME of the other side. */
	void (*up)(struct mlrp_link *link, const struct mlrp_message *hello, void *arg);
	/* Any message except PING and the PONG to a PING of the link (transaction 0). */
	void (*message)(struct mlrp_link *link, const struct mlrp_message *message, void *arg);
	/*
	 * `why` is a text for people: refused, timed out, protocol error at field and offset, ...
	 */
	void (*closed)(struct mlrp_link *link, const char *why, void *arg);
};

/* This side, as its HELLO or WELCOME describes it. The link copies it. */
struct mlrp_self {
	uint8_t role;            /* enum mlrp_role */
	char network[NAME_LEN];
	char name[NAME_LEN];
	uint32_t cn_id;          /* 0: the message has no field CN */
	struct tmip_addr tunnel; /* of the CN, if cn_id is not 0 */
	uint64_t instance;       /* of the CN's agent; 0: the message has none */
	struct version version;  /* only an MLR sends it, */
	uint64_t clock;          /* and this; */
	char trouble[MLRP_TEXT_LEN]; /* what is, or was, wrong with its database; empty: nothing */
	bool failing;            /* it is */
};

/*
 * Owns an accepted, non-blocking socket from now on. Waits for HELLO, checks network and version,
 * and answers WELCOME or ERROR. NULL with errno on failure; the socket is then closed.
 */
/*
 * For the socket of a listener: connections have small segments, so that a path that loses large
 * packets without a word does not keep MLRP from working.
 */
void mlrp_link_prepare(evutil_socket_t fd);
struct mlrp_link *mlrp_link_accept(struct event_base *base, evutil_socket_t fd,
				   const struct mlrp_self *self,
				   const struct mlrp_link_handler *handler, void *arg);

/*
 * Connects to a host and sends HELLO. `host` is an address, or a name that `dns` looks up without
 * blocking. `source` is the local address; NULL: any. The link ends if the handshake is not done in
 * timeout_ms. NULL with errno if it cannot begin.
 */
struct mlrp_link *mlrp_link_connect(struct event_base *base, struct evdns_base *dns,
				    const char *host, uint16_t port, const struct tmip_addr *source,
				    int timeout_ms, const struct mlrp_self *self,
				    const struct mlrp_link_handler *handler, void *arg);

#define MLRP_LINK_QUEUE_MAX (64u << 20) /* bytes that may wait for the other side */

/*
 * Queues a message. Returns 0; -ENOTCONN: before `up` or after `closed`; -ENOBUFS: the other side
 * reads too slowly, MLRP_LINK_QUEUE_MAX is exceeded, and the link ends with that cause in the next
 * turn of the loop; another -errno of mlrp_encode.
 */
int mlrp_link_send(struct mlrp_link *link, const struct mlrp_message *message);
/* As mlrp_link_send, for a message that the caller has encoded, to send it to many links. */
int mlrp_link_send_encoded(struct mlrp_link *link, const uint8_t *bytes, size_t len);
/* The bytes that wait for the other side. */
size_t mlrp_link_queued(const struct mlrp_link *link);

/*
 * From now on messages leave together, in the next turn of the loop. For an owner that sends many
 * messages to many links.
 */
void mlrp_link_gather(struct mlrp_link *link);

/*
 * Sets the time for the handshake, the time between two PINGs, and the silence that ends the link.
 * The times begin at this call. The defaults are timeout_ms of mlrp_link_connect or 5 s, 5 s, and
 * 15 s.
 */
void mlrp_link_set_patience(struct mlrp_link *link, int handshake_ms, int ping_ms, int dead_ms);

bool mlrp_link_is_up(const struct mlrp_link *link);
/* The other side has refused the handshake: in `closed`, `why` is its reason. */
bool mlrp_link_is_refused(const struct mlrp_link *link);
/* "10.0.0.1:6554", for the log. The link owns it. */
const char *mlrp_link_peer(const struct mlrp_link *link);
/* The numbers of messages so far. */
uint64_t mlrp_link_sent(const struct mlrp_link *link);
uint64_t mlrp_link_received(const struct mlrp_link *link);

/*
 * Sends at once as much of the queue as the socket accepts, closes the link and frees it. The
 * socket is closed in the next turn of the loop. NULL is allowed; a callback may call it.
 */
void mlrp_link_close(struct mlrp_link *link);

#endif
