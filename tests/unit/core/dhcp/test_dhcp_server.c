/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions of the DHCP server on all messages except REQUEST: DISCOVER with its offers and lease
 * times, DECLINE, RELEASE, INFORM, and messages that are not for it. REQUEST is in
 * test_dhcp_server_request.c.
 */
#include "dhcp_server_world.h"

static void test_discover(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &MAC);

	(void)state;
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, HOME, GATEWAY2);
	assert_int_equal(out.lease, LEASE);
	r.requested = FREE; /* the client keeps the address that it has */
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, HOME, GATEWAY2);
	r = client(DHCP_DISCOVER, &ROAMER); /* also after roaming */
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
	expect_question(DHCP_DO_ALLOCATE, 0); /* a static address is no lease */
	put_station(NET1 | 51, &NEW, RECORD_DYNAMIC, 1);
	put_station(NET2 | 52, &NEW, RECORD_RESERVED, 2);
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, NET1 | 51, GATEWAY1);
	r.requested = NET2 | 52;
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, NET2 | 52, GATEWAY2);
}

static void test_declined_record_is_no_lease(void **state)
{
	struct dhcp_request r = client(DHCP_DISCOVER, &NEW);

	(void)state;
	put_station(FREE, &NEW, RECORD_DYNAMIC, 2)->record.state = RECORD_DECLINED;
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, 0);
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
	struct station_record record = {
		.addr = addr_from_ipv4(NET1 | 30), .mac = NEW, .kind = RECORD_DYNAMIC,
		.state = RECORD_OFFERED, .parent = 1,
	};

	(void)state;
	/* The register gives an address of the neighbour's pool. */
	dhcp_server_conclude(&server, &r, DHCP_DO_ALLOCATE, &record, &out);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, NET1 | 30, GATEWAY1);
	dhcp_server_conclude(&server, &r, DHCP_DO_ALLOCATE, NULL, &out);
	expect_nothing("no address to offer");
	record.addr = addr_from_ipv4(FOREIGN);
	dhcp_server_conclude(&server, &r, DHCP_DO_ALLOCATE, &record, &out);
	expect_nothing("not known yet");
}

static void test_lease_times(void **state)
{
	static const struct { uint32_t asked, ours, given; } cases[] = {
		{0, 3600, 3600}, {600, 3600, 600}, {7200, 3600, 3600}, {0xffffffff, 3600, 3600},
		{1, 3600, 60}, {1, 10, 10}, {30, 20, 20},
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
	r.server = 0xc0a84d01; /* 192.168.77.1 */
	decide(&r);
	expect_nothing("another server");
	r.server = 0;
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
	/* A static address away from home gets the options of its own subnet. */
	r.ciaddr = NET1 | 99;
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
	/* It does not say which address it has: the packet does, or the register. */
	r.ciaddr = 0;
	r.source = NET1 | 99;
	decide(&r);
	assert_int_equal(out.action, DHCP_DO_REPLY);
	assert_int_equal(out.reply.server, GATEWAY1);
	r.source = 0;
	decide(&r);
	expect_nothing("no cell");
	r = client(DHCP_INFORM, &MAC);
	decide(&r);
	assert_int_equal(out.action, DHCP_DO_REPLY);
	assert_int_equal(out.reply.type, DHCP_ACK);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_discover), CASE(test_discover_with_several_addresses),
		CASE(test_declined_record_is_no_lease), CASE(test_discover_while_register_is_away),
		CASE(test_offer_of_the_register), CASE(test_lease_times),
		CASE(test_decline_and_release), CASE(test_inform), CASE(test_not_for_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
