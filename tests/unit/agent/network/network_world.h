/* SPDX-License-Identifier: BSD-2-Clause */
/* The network that the tests of this folder share: CNs by number, and the roaming machine of this one. */
#ifndef TMIP_TESTS_AGENT_NETWORK_WORLD_H
#define TMIP_TESTS_AGENT_NETWORK_WORLD_H

#include "core/roam/roam.h"

#define CNS_MAX 6 /* of the roaming machine */

struct tmip_addr tunnel_of(uint32_t id);         /* 192.168.0.ID */
struct tmip_addr address(uint32_t id, int host); /* 10.10.ID.HOST: of its cell */
struct cn_info cn_of(uint32_t id);               /* "cnID", port 6554, one cell with a pool */

/*
 * A roaming machine that knows no CN. What it wants is in the list of calls: "put ADDRESS", "delete
 * ADDRESS", "to CN: TYPE ADDRESS", "to register: TYPE ADDRESS".
 */
struct roam *roam_begin(uint32_t self);
void roam_learns(struct roam *roam, uint32_t id); /* of that CN */

#endif
