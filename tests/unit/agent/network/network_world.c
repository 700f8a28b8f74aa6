/* SPDX-License-Identifier: BSD-2-Clause */
/* CNs by number, and the roaming machine of this one. See network_world.h. */
#include "network_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../calls.h"

struct tmip_addr tunnel_of(uint32_t id)
{
	return addr_from_ipv4(0xc0a80000u + id);
}

struct tmip_addr address(uint32_t id, int host)
{
	return addr_from_ipv4(0x0a0a0000u + (id << 8) + (uint32_t)host);
}

struct cn_info cn_of(uint32_t id)
{
	struct cn_info info = {.id = id, .tunnel = tunnel_of(id), .port = 6554, .cell_count = 1};

	snprintf(info.name, sizeof(info.name), "cn%u", id);
	info.cells[0] = (struct cell_info){
		.subnet = {address(id, 0), 24}, .gateway = address(id, 1),
		.pool_first = address(id, 10), .pool_last = address(id, 99),
	};
	return info;
}

static const char *about(const struct mlrp_message *message, char text[ADDR_STRLEN])
{
	bool record = message->has & MLRP_HAS(MLRP_F_STATION);

	return addr_format(record ? &message->station.addr : &message->addr, text);
}

static void act(const struct roam_action *action, void *arg)
{
	char addr[ADDR_STRLEN];

	(void)arg;
	if (action->type == ROAM_PUT)
		calls_note("put %s", addr_format(&action->addr, addr));
	else if (action->type == ROAM_DELETE)
		calls_note("delete %s", addr_format(&action->addr, addr));
	else if (action->type == ROAM_TO_CN)
		calls_note("to %u: %s %s", action->cn, mlrp_type_name(action->message->type),
			   about(action->message, addr));
	else if (action->type == ROAM_TO_REGISTER)
		calls_note("to register: %s %s", mlrp_type_name(action->message->type),
			   about(action->message, addr));
}

struct roam *roam_begin(uint32_t self)
{
	const struct roam_options options = {.stations_max = 16, .cns_max = CNS_MAX,
					     .timeout_ms = 1000, .refused_ms = 5000};
	struct roam *roam = roam_create(&options, act, NULL);

	assert_non_null(roam);
	roam_set_self(roam, self);
	return roam;
}

void roam_learns(struct roam *roam, uint32_t id)
{
	struct cn_info info = cn_of(id);

	assert_int_equal(roam_put_cn(roam, &info), 0);
}
