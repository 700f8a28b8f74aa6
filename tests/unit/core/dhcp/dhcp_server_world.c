/* SPDX-License-Identifier: BSD-2-Clause */
/* Two CNs, three leases and one server; see dhcp_server_world.h. */
#include "dhcp_server_world.h"

static const struct tmip_mac CN = {{2, 0, 0, 0, 2, 1}};

struct replica replica;
struct dhcp_server server;
struct dhcp_decision out;

static void put_cn(uint32_t id, uint32_t net)
{
	struct cn_info info = {
		.id = id, .tunnel = addr_from_ipv4(0xc0a80000 | id), .cell_count = 1,
	};

	snprintf(info.name, sizeof(info.name), "cn%u", id);
	info.cells[0] = (struct cell_info){
		.subnet = {addr_from_ipv4(net), 24}, .gateway = addr_from_ipv4(net | 1),
	};
	assert_non_null(replica_put_cn(&replica, &info));
}

struct replica_station *put_station(uint32_t addr, const struct tmip_mac *mac, uint8_t kind,
				    uint32_t parent)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct replica_station *station = replica_add(&replica, &key, mac);

	assert_non_null(station);
	station->record.kind = kind;
	station->record.state = RECORD_BOUND;
	station->record.parent = parent;
	station->record.version = (struct version){1, 1};
	return station;
}

int setup(void **state)
{
	(void)state;
	replica_init(&replica, 100, 10);
	put_cn(1, NET1);
	put_cn(2, NET2);
	put_station(HOME, &MAC, RECORD_DYNAMIC, 2);
	put_station(ROAMED, &ROAMER, RECORD_DYNAMIC, 1);
	put_station(OTHERS, &OTHER, RECORD_DYNAMIC, 1);
	server = (struct dhcp_server){
		.replica = &replica, .register_ready = true, .lease_time = LEASE,
		.domain_name = "example.org", .mac = CN,
	};
	server.cell = &replica_find_cn(&replica, 2)->info.cells[0];
	return 0;
}

int teardown(void **state)
{
	(void)state;
	replica_free(&replica);
	return 0;
}

struct dhcp_request client(uint8_t type, const struct tmip_mac *mac)
{
	return (struct dhcp_request){.type = type, .mac = *mac, .from = *mac};
}

void decide(const struct dhcp_request *request)
{
	memset(&out, 0xff, sizeof(out));
	dhcp_server_decide(&server, request, &out);
}

void expect_lease(enum dhcp_action action, uint8_t type, uint32_t addr, uint32_t gateway)
{
	assert_int_equal(out.action, action);
	assert_int_equal(out.addr, addr);
	assert_int_equal(out.reply.type, type);
	assert_int_equal(out.reply.yiaddr, addr);
	assert_int_equal(out.reply.server, gateway);
	assert_non_null(out.reply.cell);
	assert_int_equal(addr_to_ipv4(&out.reply.cell->gateway), gateway);
	assert_int_equal(out.reply.lease, out.lease);
	assert_true(mac_equal(&out.reply.from, &CN));
	assert_string_equal(out.reply.domain_name, "example.org");
}

void expect_nak(uint32_t name)
{
	assert_int_equal(out.action, DHCP_DO_REPLY);
	assert_int_equal(out.reply.type, DHCP_NAK);
	assert_int_equal(out.reply.yiaddr, 0);
	assert_int_equal(out.reply.lease, 0);
	assert_int_equal(out.reply.server, name);
	assert_null(out.reply.cell);
	assert_non_null(out.why);
}

void expect_nothing(const char *why)
{
	assert_int_equal(out.action, DHCP_DO_NOTHING);
	assert_non_null(out.why);
	if (!strstr(out.why, why))
		fail_msg("`%s' does not contain `%s'", out.why, why);
}

void expect_question(enum dhcp_action action, uint32_t addr)
{
	assert_int_equal(out.action, action);
	assert_int_equal(out.addr, addr);
	assert_int_equal(out.lease, LEASE);
}
