/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tunnel probe (include/tmip/event.h): an IPv4-in-IPv4 packet to another CN, whose backbone program sends it back at
 * its full length. Blocking, with a deadline; needs CAP_NET_RAW. Never fragmented, so that it also measures the path MTU.
 */
#ifndef TMIP_IO_DATAPATH_TUNNEL_PROBE_H
#define TMIP_IO_DATAPATH_TUNNEL_PROBE_H

#include "core/base/addr.h"

#define PROBE_SIZE_MIN 68 /* RFC 791: what every path must carry */

struct probe;

int probe_open(struct probe **out, const struct tmip_addr *local, const struct tmip_addr *remote); /* 0 or -errno */
void probe_close(struct probe *probe); /* NULL is allowed */

/* Sends a probe of `size` bytes (the whole outer packet) up to `tries` times, waiting timeout_ms for each. 0 with the
 * round trip; -ETIMEDOUT; -EMSGSIZE: too long for an interface or a router of the path; -EPROTONOSUPPORT: the other host says that
 * it does not take tunnel packets (no agent there); -EHOSTUNREACH and other -errno as the kernel has them. */
int probe_send(struct probe *probe, unsigned size, int tries, int timeout_ms,
	       unsigned *round_trip_us);

/* The largest size from PROBE_SIZE_MIN to `high` that comes back, by bisection. 0: none. */
unsigned probe_largest(struct probe *probe, unsigned high, int timeout_ms);

#endif
