/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tunnel probes (probe_socket.h) to one CN, whose backbone program sends them back at full length,
 * one at a time. No router may fragment one, so a probe also measures the path MTU. Functions block
 * up to a deadline where no comment says otherwise; tunnel_probe_open needs CAP_NET_RAW.
 */
#ifndef TMIP_IO_DATAPATH_TUNNEL_PROBE_H
#define TMIP_IO_DATAPATH_TUNNEL_PROBE_H

#include <stdbool.h>

#include "probe_socket.h"

struct tunnel_probe;

/* `local` and `remote` are tunnel addresses. Returns 0 or -errno. */
int tunnel_probe_open(struct tunnel_probe **out, const struct tmip_addr *local,
		      const struct tmip_addr *remote);
void tunnel_probe_close(struct tunnel_probe *probe); /* NULL is allowed */

/*
 * Sends a probe of `size` bytes, the outer header included, up to `tries` times, and waits
 * timeout_ms for each. Returns 0 and sets *round_trip_us; -ETIMEDOUT; -EMSGSIZE: an interface or a
 * router of the path says that it is too long; -EPROTONOSUPPORT: the other host refuses tunnel
 * packets, so no agent runs there; -EHOSTUNREACH or another -errno of the kernel.
 */
int tunnel_probe_send(struct tunnel_probe *probe, unsigned size, int tries, int timeout_ms,
		      unsigned *round_trip_us);

/* Sends one probe and does not wait. Returns 0 or -errno. */
int tunnel_probe_ask(struct tunnel_probe *probe, unsigned size);
/* Has the probe come back that tunnel_probe_ask sent last? Does not wait. */
bool tunnel_probe_is_answered(struct tunnel_probe *probe, unsigned size);

/*
 * Returns the largest size in bytes, from PROBE_SIZE_MIN to `high`, whose probe comes back;
 * 0: none. It searches by bisection.
 */
unsigned tunnel_probe_largest(struct tunnel_probe *probe, unsigned high, int timeout_ms);

#endif
