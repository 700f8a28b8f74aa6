/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions of the DHCP server at CN 2 (cell 10.10.2.0/24) of a network whose other CN has 10.10.1.0/24: what a client
 * in each state of RFC 2131 is answered, at home and after roaming, with the register there and away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/dhcp_server.h"

#define NET1 0x0a0a0100u
#define NET2 0x0a0a0200u
#define GATEWAY1 (NET1 | 1)
#define GATEWAY2 (NET2 | 1)
#define HOME (NET2 | 9)   /* leased to MAC, of the cell it asks in */
#define ROAMED (NET1 | 9) /* leased to ROAMER, of the other CN's cell */
#define OTHERS (NET1 | 7) /* leased to somebody else */
#define FREE (NET2 | 77)
#define FOREIGN 0xc0a80105u
#define LEASE 3600

static const struct tmip_mac MAC = {{2, 0, 0, 0, 0, 9}}, ROAMER = {{2, 0, 0, 0, 0, 1}}, OTHER = {{2, 0, 0, 0, 0, 7}},
	NEW = {{2, 0, 0, 0, 0, 0x77}}, CN = {{2, 0, 0, 0, 2, 1}};

static struct replica replica;
static struct dhcp_server server;
static struct dhcp_decision out;

static void put_cn(uint32_t id, uint32_t net)
{
	struct cn_info info = {.id = id, .tunnel = addr_from_ipv4(0xc0a80000 | id), .cell_count = 1};

	snprintf(info.name, sizeof(info.name), "cn%u", id);
	info.cells[0] = (struct cell_info){.subnet = {addr_from_ipv4(net), 24}, .gateway = addr_from_ipv4(net | 1)};
	assert_non_null(replica_put_cn(&replica, &info));
}

static struct replica_station *put_station(uint32_t addr, const struct tmip_mac *mac, uint8_t kind, uint32_t parent)
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

static int setup(void **state)
{
	(void)state;
	replica_init(&replica, 100, 10);
	put_cn(1, NET1);
	put_cn(2, NET2);
	put_station(HOME, &MAC, RECORD_DYNAMIC, 2);
	put_station(ROAMED, &ROAMER, RECORD_DYNAMIC, 1);
	put_station(OTHERS, &OTHER, RECORD_DYNAMIC, 1);
	server = (struct dhcp_server){.replica = &replica, .register_ready = true, .lease_time = LEASE, .domain_name = "example.org", .mac = CN};
	server.cell = &replica_find_cn(&replica, 2)->info.cells[0];
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	replica_free(&replica);
	return 0;
}

static struct dhcp_request client(uint8_t type, const struct tmip_mac *mac)
{
	return (struct dhcp_request){.type = type, .mac = *mac, .from = *mac};
}

static void decide(const struct dhcp_request *request)
{
	memset(&out, 0xff, sizeof(out));
	dhcp_server_decide(&server, request, &out);
}

static void expect_lease(enum dhcp_action action, uint8_t type, uint32_t addr, uint32_t gateway)
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

static void expect_nak(uint32_t name)
{
	assert_int_equal(out.action, DHCP_DO_REPLY);
	assert_int_equal(out.reply.type, DHCP_NAK);
	assert_int_equal(out.reply.yiaddr, 0);
	assert_int_equal(out.reply.lease, 0);
	assert_int_equal(out.reply.server, name);
	assert_null(out.reply.cell);
	assert_non_null(out.why);
}

static void expect_nothing(const char *why)
{
	assert_int_equal(out.action, DHCP_DO_NOTHING);
	assert_non_null(out.why);
	if (!strstr(out.why, why))
		fail_msg("`%s' does not contain `%s'", out.why, why);
}

static void expect_question(enum dhcp_action action, uint32_t addr)
{
	assert_int_equal(out.action, action);
	assert_int_equal(out.addr, addr);
	assert_int_equal(out.lease, LEASE);
}

/* ---- DISCOVER */

static void test_discover(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &MAC);

	(void)state;
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, HOME, GATEWAY2);
	assert_int_equal(out.lease, LEASE);
	r.requested = FREE; /* it keeps what it has */
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, HOME, GATEWAY2);
	r = client(DHCP_DISCOVER, &ROAMER); /* and after roaming too */
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, ROAMED, GATEWAY1);
	r = client(DHCP_DISCOVER, &NEW);
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, 0);
	r.requested = FREE;
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, FREE);
}

static void test_discover_with_several_addresses(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW);

	(void)state;
	put_station(NET1 | 50, &NEW, RECORD_STATIC, 1);
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, 0); /* an address that it has by itself is no lease */
	put_station(NET1 | 51, &NEW, RECORD_DYNAMIC, 1);
	put_station(NET2 | 52, &NEW, RECORD_RESERVED, 2);
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, NET1 | 51, GATEWAY1);
	r.requested = NET2 | 52;
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, NET2 | 52, GATEWAY2);
}

static void test_discover_while_register_is_away(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &ROAMER);

	(void)state;
	server.register_ready = false;
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, ROAMED, GATEWAY1);
	r = client(DHCP_DISCOVER, &NEW);
	decide(&r);
	expect_nothing("register is away");
}

static void test_offer_of_the_register(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW);
	struct station_record record = {.addr = addr_from_ipv4(NET1 | 30), .mac = NEW, .kind = RECORD_DYNAMIC, .state = RECORD_OFFERED, .parent = 1};

	(void)state;
	dhcp_server_conclude(&server, &r, DHCP_DO_ALLOCATE, &record, &out); /* borrowed from the neighbour's pool */
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, NET1 | 30, GATEWAY1);
	dhcp_server_conclude(&server, &r, DHCP_DO_ALLOCATE, NULL, &out);
	expect_nothing("no address to offer");
	record.addr = addr_from_ipv4(FOREIGN);
	dhcp_server_conclude(&server, &r, DHCP_DO_ALLOCATE, &record, &out);
	expect_nothing("not known yet");
}

/* ---- REQUEST, SELECTING */

static void test_selecting(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);
	struct station_record record = {.addr = addr_from_ipv4(FREE), .mac = NEW, .kind = RECORD_DYNAMIC, .state = RECORD_BOUND, .parent = 2};

	(void)state;
	r.server = GATEWAY2;
	r.requested = FREE; /* just offered: only the register knows */
	decide(&r);
	expect_question(DHCP_DO_BIND, FREE);
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, &record, &out);
	expect_lease(DHCP_DO_REPLY, DHCP_ACK, FREE, GATEWAY2);
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, NULL, &out);
	expect_nak(GATEWAY2);
	record.state = RECORD_OFFERED; /* an answer that does not say what was asked is no reason to confirm */
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, &record, &out);
	expect_nak(GATEWAY2);
	record.state = RECORD_BOUND;
	record.mac = OTHER;
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, &record, &out);
	expect_nak(GATEWAY2);
	record.mac = NEW;
	record.addr = addr_from_ipv4(FREE + 1);
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, &record, &out);
	expect_nak(GATEWAY2);
}

static void test_selecting_what_it_has(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &ROAMER);

	(void)state;
	r.server = GATEWAY1; /* of another CN of this network: the whole network is one server */
	r.requested = ROAMED;
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, ROAMED, GATEWAY1);
	server.register_ready = false;
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, ROAMED, GATEWAY1);
}

static void test_selecting_a_borrowed_address(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);

	(void)state;
	r.server = GATEWAY1;
	r.requested = NET1 | 30;
	decide(&r);
	expect_question(DHCP_DO_BIND, NET1 | 30);
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, NULL, &out);
	expect_nak(GATEWAY1); /* under the name that the client chose */
}

static void test_selecting_another_server(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &MAC);

	(void)state;
	r.server = 0xc0a80101;
	r.requested = FOREIGN;
	decide(&r);
	expect_nothing("another server");
	r.requested = HOME;
	decide(&r);
	expect_nothing("another server");
	r.server = NET2 | 200; /* an address of ours that is no gateway */
	decide(&r);
	expect_nothing("another server");
}

static void test_selecting_what_that_gateway_does_not_give(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);

	(void)state;
	r.server = GATEWAY1;
	r.requested = FREE;
	decide(&r);
	expect_nak(GATEWAY1);
	r.requested = FOREIGN;
	decide(&r);
	expect_nak(GATEWAY1);
}

static void test_selecting_while_register_is_away(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);

	(void)state;
	server.register_ready = false;
	r.server = GATEWAY2;
	r.requested = FREE;
	decide(&r);
	expect_nothing("register is away");
	r.requested = HOME; /* somebody else's: the register must say so */
	decide(&r);
	expect_nothing("register is away");
}

/* ---- REQUEST, INIT-REBOOT */

static void test_init_reboot_after_roaming(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &ROAMER);

	(void)state;
	r.requested = ROAMED;
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, ROAMED, GATEWAY1);
	assert_int_equal(out.reply.cell->subnet.len, 24);
	server.register_ready = false;
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, ROAMED, GATEWAY1);
}

static void test_init_reboot_refused(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);

	(void)state;
	r.requested = FOREIGN; /* it was in another network before */
	decide(&r);
	expect_nak(GATEWAY2);
	r.requested = OTHERS;
	decide(&r);
	expect_nak(GATEWAY2);
	r.requested = FREE; /* its lease ended, perhaps the address is still free */
	decide(&r);
	expect_question(DHCP_DO_BIND, FREE);
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, NULL, &out);
	expect_nak(GATEWAY2);
}

/* Without the register we may not know every cell, and not the newest allocations: silence, no NAK for what may be right. */
static void test_init_reboot_while_register_is_away(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);

	(void)state;
	server.register_ready = false;
	r.requested = FOREIGN;
	decide(&r);
	expect_nothing("register is away");
	r.requested = FREE;
	decide(&r);
	expect_nothing("register is away");
}

/* ---- REQUEST, RENEWING and REBINDING: the frames differ, the question is the same */

/* ---- a station is who its association says (station_identity association) */

static struct identity identity_of(const char *name)
{
	struct identity identity;

	assert_int_equal(identity_make(&identity, IDENTITY_8021X, name, strlen(name)), 0);
	return identity;
}

static void give_identity(uint32_t addr, const struct identity *identity)
{
	struct tmip_addr key = addr_from_ipv4(addr);
	struct station_record *record = &replica_find(&replica, &key)->record;

	record->client_id_len = identity->len;
	memcpy(record->client_id, identity->id, sizeof(record->client_id));
}

static void test_identity_with_another_mac(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);
	struct identity alice = identity_of("alice");

	(void)state;
	give_identity(HOME, &alice);
	r.requested = HOME;
	r.identity = alice;
	decide(&r); /* INIT-REBOOT: the register has the last word */
	expect_question(DHCP_DO_BIND, HOME);
	r.server = GATEWAY2;
	decide(&r);
	expect_question(DHCP_DO_BIND, HOME);
	r.server = 0;
	r.identity = identity_of("bob");
	decide(&r);
	expect_nak(GATEWAY2);
	r.type = DHCP_DISCOVER;
	r.identity = alice;
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, HOME);
}

static void test_mac_that_changed_hands(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &MAC);
	struct identity alice = identity_of("alice");

	(void)state;
	r.identity = identity_of("bob");
	decide(&r); /* a record without an identity is whose MAC it has */
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, HOME, GATEWAY2);
	give_identity(HOME, &alice);
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, 0);
	r.type = DHCP_REQUEST;
	r.requested = HOME;
	decide(&r);
	expect_nak(GATEWAY2);
	r.server = GATEWAY2;
	decide(&r);
	expect_question(DHCP_DO_BIND, HOME); /* which the register refuses */
	r.server = 0;
	r.identity = alice;
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, HOME, GATEWAY2);
	r.identity.len = 0; /* not known: the MAC counts */
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, HOME, GATEWAY2);
}

static void test_owner_of_a_request(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &MAC);
	struct identity alice = identity_of("alice");
	uint8_t len;

	(void)state;
	dhcp_owner(&r, &len);
	assert_int_equal(len, 0);
	r.client_id_len = 3;
	memcpy(r.client_id, "\0ab", 3);
	assert_ptr_equal(dhcp_owner(&r, &len), r.client_id);
	assert_int_equal(len, 3);
	r.client_id_len = alice.len; /* a client that says to be alice */
	memcpy(r.client_id, alice.id, alice.len);
	dhcp_owner(&r, &len);
	assert_int_equal(len, 0);
	r.identity = identity_of("bob");
	assert_ptr_equal(dhcp_owner(&r, &len), r.identity.id);
	assert_int_equal(len, r.identity.len);
}

static void test_renewing(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &MAC);

	(void)state;
	r.ciaddr = r.source = HOME;
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, HOME, GATEWAY2);
	r = client(DHCP_REQUEST, &ROAMER);
	r.ciaddr = r.source = ROAMED;
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, ROAMED, GATEWAY1);
	r.server = GATEWAY1; /* RFC 2131 forbids it here, some clients do it */
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, ROAMED, GATEWAY1);
	r.server = 0xc0a80101;
	decide(&r);
	expect_nothing("another server");
	r.server = 0;
	server.register_ready = false;
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, ROAMED, GATEWAY1);
}

static void test_renewing_what_is_not_its_own(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &MAC);

	(void)state;
	r.ciaddr = OTHERS;
	decide(&r);
	expect_nak(GATEWAY2);
	r.ciaddr = FREE; /* ran out and was freed */
	decide(&r);
	expect_question(DHCP_DO_BIND, FREE);
	struct station_record record = {.addr = addr_from_ipv4(FREE), .mac = MAC, .state = RECORD_BOUND, .kind = RECORD_DYNAMIC};
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, &record, &out);
	expect_lease(DHCP_DO_REPLY, DHCP_ACK, FREE, GATEWAY2);
	r.ciaddr = FOREIGN;
	decide(&r);
	expect_nak(GATEWAY2);
	r.ciaddr = 0;
	decide(&r);
	expect_nothing("names no address");
}

static void test_lease_times(void **state)
{
	static const struct { uint32_t asked, ours, given; } cases[] = {
		{0, 3600, 3600}, {600, 3600, 600}, {7200, 3600, 3600}, {0xffffffff, 3600, 3600}, {1, 3600, 60}, {1, 10, 10}, {30, 20, 20},
	};
	struct dhcp_request r = client(DHCP_DISCOVER, &MAC);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r.lease = cases[i].asked;
		server.lease_time = cases[i].ours;
		decide(&r);
		assert_int_equal(out.lease, cases[i].given);
		assert_int_equal(out.reply.lease, cases[i].given);
	}
}

/* ---- the rest */

static void test_decline_and_release(void **state)
{
	struct dhcp_request r = client(DHCP_DECLINE, &MAC);

	(void)state;
	r.requested = HOME;
	decide(&r);
	assert_int_equal(out.action, DHCP_DO_DECLINE);
	assert_int_equal(out.addr, HOME);
	r.requested = OTHERS;
	decide(&r);
	expect_nothing("not this station's");
	r = client(DHCP_RELEASE, &ROAMER);
	r.ciaddr = ROAMED;
	r.server = GATEWAY1;
	decide(&r);
	assert_int_equal(out.action, DHCP_DO_RELEASE);
	assert_int_equal(out.addr, ROAMED);
	r.ciaddr = HOME;
	decide(&r);
	expect_nothing("not this station's");
	r.ciaddr = FREE;
	decide(&r);
	expect_nothing("not this station's");
}

static void test_inform(void **state)
{
	struct dhcp_request r = client(DHCP_INFORM, &NEW);

	(void)state;
	r.ciaddr = NET1 | 99; /* a static address, away from home: the options of its own subnet */
	decide(&r);
	assert_int_equal(out.action, DHCP_DO_REPLY);
	assert_int_equal(out.reply.type, DHCP_ACK);
	assert_int_equal(out.reply.yiaddr, 0);
	assert_int_equal(out.reply.lease, 0);
	assert_int_equal(out.reply.server, GATEWAY1);
	assert_int_equal(addr_to_ipv4(&out.reply.cell->gateway), GATEWAY1);
	r.ciaddr = FOREIGN;
	decide(&r);
	expect_nothing("no cell");
}

static void test_not_for_us(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &MAC);

	(void)state;
	r.giaddr = 0x0a630001;
	decide(&r);
	expect_nothing("relay agent");
	r = client(DHCP_OFFER, &MAC);
	decide(&r);
	expect_nothing("not a message of a client");
}

static void test_declined_record_is_no_lease(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW);

	(void)state;
	put_station(FREE, &NEW, RECORD_DYNAMIC, 2)->record.state = RECORD_DECLINED;
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, 0);
}

/* ---- the CN's own block, while the register is away */

static struct block block;

static void start_block(void)
{
	const struct tmip_addr addrs[] = {addr_from_ipv4(NET2 | 200), addr_from_ipv4(NET2 | 201)};
	const struct prefix subnet = {addr_from_ipv4(NET2), 24};
	bool changed;

	block_free(&block);
	assert_int_equal(block_replace(&block, &subnet, addrs, 2, &changed), 0);
	assert_true(changed);
	assert_int_equal(block_replace(&block, &subnet, addrs, 2, &changed), 0);
	assert_false(changed);
	server.register_ready = false;
	server.register_away = true;
	server.block = &block;
	server.now_ms = 1000;
}

static void test_own_block(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW), other = client(DHCP_DISCOVER, &(struct tmip_mac){{2, 0, 0, 0, 0, 0x78}});
	struct tmip_addr first = addr_from_ipv4(NET2 | 200);

	(void)state;
	start_block();
	decide(&r);
	expect_lease(DHCP_DO_LOCAL_OFFER, DHCP_OFFER, NET2 | 200, GATEWAY2);
	block_take(block_find(&block, &first), BLOCK_OFFERED, &r);
	block_find(&block, &first)->until_ms = 2000;
	decide(&other);
	expect_lease(DHCP_DO_LOCAL_OFFER, DHCP_OFFER, NET2 | 201, GATEWAY2);
	decide(&r);
	assert_int_equal(out.addr, NET2 | 200); /* the same again */
	r.type = DHCP_REQUEST;
	r.server = GATEWAY2;
	r.requested = NET2 | 200;
	decide(&r);
	expect_lease(DHCP_DO_LOCAL_BIND, DHCP_ACK, NET2 | 200, GATEWAY2);
	other.type = DHCP_REQUEST;
	other.requested = NET2 | 200;
	other.server = GATEWAY2;
	decide(&other);
	expect_nothing("has not that address for it");
	other.requested = FREE; /* of the pool, but not of the block */
	decide(&other);
	expect_nothing("has not that address for it");
	server.register_away = false; /* it is just coming back */
	decide(&r);
	expect_nothing("the register is away");
	block_free(&block);
}

static void test_own_block_is_used_up(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW);
	struct tmip_addr addrs[] = {addr_from_ipv4(NET2 | 200), addr_from_ipv4(NET2 | 201)}, list[4];
	const struct prefix subnet = {addr_from_ipv4(NET2), 24};
	struct replica_station *known;
	bool changed;

	(void)state;
	start_block();
	block_take(block_find(&block, &addrs[0]), BLOCK_GIVEN, &(struct dhcp_request){.mac = OTHER});
	known = put_station(NET2 | 201, &OTHER, RECORD_STATIC, 2); /* whatever the block says */
	decide(&r);
	expect_nothing("used up");
	/* What was given out stays in the block until the register has the record. */
	assert_int_equal(block_replace(&block, &subnet, NULL, 0, &changed), 0);
	assert_int_equal(block_list(&block, &subnet, list, 4), 1);
	assert_int_equal(block_given(&block), 1);
	assert_false(block_shrink(&block, &subnet, 0));
	known = put_station(NET2 | 200, &OTHER, RECORD_DYNAMIC, 2);
	known->record.version = (struct version){0};
	assert_false(block_settle(&block, &replica));
	known->record.version = (struct version){1, 2};
	assert_true(block_settle(&block, &replica));
	assert_int_equal(block.count, 0);
	block_free(&block);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_discover), T(test_discover_with_several_addresses), T(test_discover_while_register_is_away), T(test_offer_of_the_register),
		T(test_selecting), T(test_selecting_what_it_has), T(test_selecting_a_borrowed_address), T(test_selecting_another_server),
		T(test_selecting_what_that_gateway_does_not_give), T(test_selecting_while_register_is_away),
		T(test_init_reboot_after_roaming), T(test_init_reboot_refused), T(test_init_reboot_while_register_is_away),
		T(test_identity_with_another_mac), T(test_mac_that_changed_hands), T(test_owner_of_a_request),
		T(test_renewing), T(test_renewing_what_is_not_its_own), T(test_lease_times), T(test_decline_and_release), T(test_inform),
		T(test_not_for_us), T(test_declined_record_is_no_lease),
		T(test_own_block), T(test_own_block_is_used_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
