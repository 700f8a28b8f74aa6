/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket of tunnel probes (include/tmip/event.h) to any CN, and what comes back: answers, and
 * the routers' ICMP about tunnel packets. A probe has DF, and may be as long as the interface
 * allows, whatever the kernel believes about the path. The kernel learns nothing from ICMP through
 * this socket, because it would believe any ICMP, forged or not (RFC 5927); the caller decides.
 * Only opening it needs CAP_NET_RAW. Functions do not block; 0 or -errno where no comment says
 * otherwise.
 */
#ifndef TMIP_IO_DATAPATH_PROBE_SOCKET_H
#define TMIP_IO_DATAPATH_PROBE_SOCKET_H

#include <stdbool.h>

#include "core/base/addr.h"

#define PROBE_SIZE_MIN 68 /* bytes that every path must carry (RFC 791) */

struct probe_socket;

enum probe_news_type {
	PROBE_BACK,    /* a probe came back */
	PROBE_TOO_BIG, /* a router says that a packet is too big for the next link */
	PROBE_FAILED,  /* a router, the other host or the kernel says something else: `error` */
};

struct probe_news {
	enum probe_news_type type;
	struct tmip_addr remote; /* where the packet was sent */
	unsigned size;           /* bytes of the packet, the outer header included */
	uint32_t number;         /* PROBE_BACK: of the probe */
	unsigned mtu;            /* PROBE_TOO_BIG: of the next link; 0: the router names none */
	/*
	 * PROBE_TOO_BIG: the ICMP quotes one of the last probes, random numbers included. It is not
	 * from somebody who does not see them.
	 */
	bool proved;
	int error;               /* -errno; -EPROTONOSUPPORT: the host takes no tunnel packets */
};

/* `local`: the tunnel address that probes come from. */
int probe_socket_open(struct probe_socket **out, const struct tmip_addr *local);
void probe_socket_close(struct probe_socket *socket); /* NULL is allowed */
/* The descriptor, which is readable while news wait. */
int probe_socket_fd(const struct probe_socket *socket);

/* Sends a probe of `size` bytes. -EMSGSIZE: the interface does not take it. */
int probe_socket_send(struct probe_socket *socket, const struct tmip_addr *remote, unsigned size);
/*
 * Sends a probe about a station, TMIP_PROBE_HERE or TMIP_PROBE_WHERE, and sets *number. An answer
 * comes back as PROBE_BACK with that number.
 */
int probe_socket_ask(struct probe_socket *socket, const struct tmip_addr *remote, uint8_t kind,
		     const struct tmip_addr *station, uint32_t *number);
/* Reads one piece of news. False: none waits. */
bool probe_socket_read(struct probe_socket *socket, struct probe_news *news);

#endif
