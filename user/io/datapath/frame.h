/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole Ethernet frames out of an interface, through libpcap. They bypass the queueing discipline, and so the data
 * path's egress program: what the agent sends is sent as it is.
 */
#ifndef TMIP_IO_DATAPATH_FRAME_H
#define TMIP_IO_DATAPATH_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/addr.h"

#define FRAME_WHY 256

struct frame_port;

struct frame_port *frame_open(const char *interface, char why[FRAME_WHY]); /* NULL: `why` says what failed */
void frame_close(struct frame_port *port); /* NULL is allowed */
int frame_send(struct frame_port *port, const uint8_t *frame, size_t len); /* 0 or -errno */
/*
 * A gratuitous ARP request (RFC 5944, 4.6): "addr is at mac", to everybody in the cell. `from` is the interface's own MAC: the
 * bridges of the cell learn from the frame where that one is, and must not learn it of a station that has a port of its own.
 */
int frame_announce(struct frame_port *port, const struct tmip_mac *from,
		   const struct tmip_addr *addr, const struct tmip_mac *mac);
/* An ARP request to `mac` alone (RFC 1122, 2.3.2.1): "are you still at addr? Tell from, who is at from_mac." */
int frame_ask(struct frame_port *port, const struct tmip_addr *addr, const struct tmip_mac *mac,
	      const struct tmip_addr *from, const struct tmip_mac *from_mac);

#endif
