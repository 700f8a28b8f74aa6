/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One MLRP connection over a libevent bufferevent: framing, codec, the HELLO/WELCOME handshake, keep-alive.
 * Used by mlrd for its CNs and by tmip-agent for its register and its peers. Callbacks come from the event loop.
 * Whoever creates a link closes it; `closed` is called once when the link failed or the other side ended it
 * (not after mlrp_link_close) and the owner then calls mlrp_link_close. The process must ignore SIGPIPE.
 */
#ifndef TMIP_IO_LINK_MLRP_LINK_H
#define TMIP_IO_LINK_MLRP_LINK_H

#include <event2/event.h>
#include <event2/dns.h>
#include <event2/util.h>

#include "core/mlrp/mlrp.h"

struct mlrp_link;

struct mlrp_link_handler {
	/* Handshake done; `hello` is what the other side said of itself (its HELLO or WELCOME). */
	void (*up)(struct mlrp_link *link, const struct mlrp_message *hello, void *arg);
	void (*message)(struct mlrp_link *link, const struct mlrp_message *message, void *arg);
	/* `why` is readable text that names the cause (refused, timed out, protocol error at field and offset, ...). */
	void (*closed)(struct mlrp_link *link, const char *why, void *arg);
};

/* What we say of ourselves; copied. epoch is told by an MLR only (0: not sent). cn_id 0: not sent. */
struct mlrp_self {
	uint8_t role; /* enum mlrp_role */
	char network[NAME_LEN];
	char name[NAME_LEN];
	uint32_t cn_id;
	struct tmip_addr tunnel; /* a CN's; zero: not sent */
	struct version version;
};

/* Takes over an accepted, non-blocking socket; waits for HELLO, checks network and version, answers WELCOME or ERROR.
 * NULL with errno on failure (fd is then closed). */
struct mlrp_link *mlrp_link_accept(struct event_base *base, evutil_socket_t fd,
				   const struct mlrp_self *self,
				   const struct mlrp_link_handler *handler, void *arg);

/* Connects to host (name or address; names are looked up by `dns`, never blocking) and says HELLO. `source`: local
 * address to bind, NULL: any. The handshake must be done in timeout_ms. NULL with errno if it cannot even begin. */
struct mlrp_link *mlrp_link_connect(struct event_base *base, struct evdns_base *dns,
				    const char *host, uint16_t port, const struct tmip_addr *source,
				    int timeout_ms, const struct mlrp_self *self,
				    const struct mlrp_link_handler *handler, void *arg);

/* Queues a message. 0; -ENOTCONN before `up` or after `closed`; -ENOBUFS when the other side reads too slowly
 * (more than MLRP_LINK_QUEUE_MAX bytes wait): the link is then closed with that cause on the next turn of the loop. */
int mlrp_link_send(struct mlrp_link *link, const struct mlrp_message *message);
#define MLRP_LINK_QUEUE_MAX (64u << 20)

/* The same with a message that was encoded before, for those that go to many. */
int mlrp_link_send_encoded(struct mlrp_link *link, const uint8_t *bytes, size_t len);
size_t mlrp_link_queued(const struct mlrp_link *link); /* bytes that the other side has not taken yet */

/* From now on messages leave together, in the next turn of the loop: for who has many to send to many. */
void mlrp_link_gather(struct mlrp_link *link);

/* How long the link waits: for the end of the handshake; between two PINGs; in silence before it ends. Counted anew from
 * this call. The defaults suit a network: what mlrp_link_connect was given or 5 s, 5 s, 15 s. */
void mlrp_link_set_patience(struct mlrp_link *link, int handshake_ms, int ping_ms, int dead_ms);

bool mlrp_link_is_up(const struct mlrp_link *link);
const char *mlrp_link_peer(const struct mlrp_link *link); /* "10.0.0.1:6554", for logs */
uint64_t mlrp_link_sent(const struct mlrp_link *link);    /* messages */
uint64_t mlrp_link_received(const struct mlrp_link *link);

/* Sends what is queued as far as it goes at once, closes (the socket in the next turn of the loop), frees. NULL is allowed.
 * Allowed inside callbacks. */
void mlrp_link_close(struct mlrp_link *link);

#endif
