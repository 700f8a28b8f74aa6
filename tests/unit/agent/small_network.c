/* SPDX-License-Identifier: BSD-2-Clause */
/* CNs by number, and the roaming machine of this one. See small_network.h. */
#include "small_network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "calls.h"

struct tmip_addr net_tunnel(uint32_t id)
{
	return addr_from_ipv4(0xc0a80000u + id);
}

struct tmip_addr net_address(uint32_t id, int host)
{
	return addr_from_ipv4(0x0a0a0000u + (id << 8) + (uint32_t)host);
}

struct cn_info net_cn(uint32_t id)
{
	struct cn_info info = {.id = id, .tunnel = net_tunnel(id), .port = 6554, .cell_count = 1};

	snprintf(info.name, sizeof(info.name), "cn%u", id);
	info.cells[0] = (struct cell_info){
		.subnet = {net_address(id, 0), 24}, .gateway = net_address(id, 1),
		.pool_first = net_address(id, 10), .pool_last = net_address(id, 99),
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

struct roam *net_roam(uint32_t self)
{
	const struct roam_options options = {.stations_max = 16, .cns_max = NET_CNS_MAX,
					     .timeout_ms = 1000, .refused_ms = 5000};
	struct roam *roam = roam_create(&options, act, NULL);

	assert_non_null(roam);
	roam_set_self(roam, self);
	return roam;
}

void net_learns(struct roam *roam, uint32_t id)
{
	struct cn_info info = net_cn(id);

	assert_int_equal(roam_put_cn(roam, &info), 0);
}
