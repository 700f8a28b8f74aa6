/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet frames that leave through an interface, by libpcap. They bypass the queueing discipline,
 * and so the data path's egress program: the agent's frames leave unchanged.
 */
#ifndef TMIP_IO_DATAPATH_FRAME_H
#define TMIP_IO_DATAPATH_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/addr.h"

#define FRAME_WHY 256 /* bytes of `why`, with the NUL */

struct frame_port;

/* NULL on failure; `why` then has the cause. */
struct frame_port *frame_open(const char *interface, char why[FRAME_WHY]);
void frame_close(struct frame_port *port); /* NULL is allowed */
/* Sends a frame of `len` bytes with its Ethernet header. Returns 0 or -errno, as all below. */
int frame_send(struct frame_port *port, const uint8_t *frame, size_t len);
/*
 * Broadcasts a gratuitous ARP request (RFC 5944, 4.6): "addr is at mac". The frame's source is
 * `from`, the interface's own MAC: the bridges of the cell learn the place of the source, and must
 * not learn a wrong place of the station.
 */
int frame_announce(struct frame_port *port, const struct tmip_mac *from,
		   const struct tmip_addr *addr, const struct tmip_mac *mac);
/*
 * Tells `to`, which uses addr, by an ARP reply: "addr is at mac" (RFC 5227, 2.4). The frame's
 * source is `from`, as above.
 */
int frame_defend(struct frame_port *port, const struct tmip_mac *to, const struct tmip_mac *from,
		 const struct tmip_addr *addr, const struct tmip_mac *mac);
/* Answers a question by ARP of `to`, whose address is to_addr: "addr is at `from`". */
int frame_answer(struct frame_port *port, const struct tmip_mac *to,
		 const struct tmip_addr *to_addr, const struct tmip_mac *from,
		 const struct tmip_addr *addr);
/*
 * Probes a station: sends an ARP request for addr to `mac` alone (RFC 1122, 2.3.2.1). Its sender
 * addresses are `from` and `from_mac`.
 */
int frame_probe(struct frame_port *port, const struct tmip_addr *addr, const struct tmip_mac *mac,
	      const struct tmip_addr *from, const struct tmip_mac *from_mac);

#endif
