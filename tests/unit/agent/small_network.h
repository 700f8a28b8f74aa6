/* SPDX-License-Identifier: BSD-2-Clause */
/* The network of several tests: CNs by number, and the roaming machine of this one. */
#ifndef TMIP_TESTS_AGENT_SMALL_NETWORK_H
#define TMIP_TESTS_AGENT_SMALL_NETWORK_H

#include "core/roam/roam.h"

#define NET_CNS_MAX 6 /* of the roaming machine */

struct tmip_addr net_tunnel(uint32_t id);         /* 192.168.0.ID */
struct tmip_addr net_address(uint32_t id, int host); /* 10.10.ID.HOST: of its cell */
struct cn_info net_cn(uint32_t id);               /* "cnID", port 6554, one cell with a pool */

/*
 * A roaming machine that knows no CN. What it wants is in the list of calls: "put ADDRESS", "delete
 * ADDRESS", "to CN: TYPE ADDRESS", "to register: TYPE ADDRESS".
 */
struct roam *net_roam(uint32_t self);
void net_learns(struct roam *roam, uint32_t id); /* of that CN */

#endif
