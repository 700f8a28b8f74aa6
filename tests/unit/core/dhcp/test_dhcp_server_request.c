/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decisions of the DHCP server on REQUEST, for each state of a client in RFC 2131: at home and
 * after roaming, with the register up and down.
 */
#include "dhcp_server_world.h"

/* ---- SELECTING */

static void test_selecting(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);
	struct station_record record = {
		.addr = addr_from_ipv4(FREE), .mac = NEW, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .parent = 2,
	};

	(void)state;
	r.server = GATEWAY2;
	r.requested = FREE; /* just offered: only the register knows of it */
	decide(&r);
	expect_question(DHCP_DO_BIND, FREE);
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, &record, &out);
	expect_lease(DHCP_DO_REPLY, DHCP_ACK, FREE, GATEWAY2);
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, NULL, &out);
	expect_nak(GATEWAY2);
	record.state = RECORD_OFFERED; /* an answer to another question confirms nothing */
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
	r.server = GATEWAY1; /* the other CN of the network: the whole network is one server */
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
	expect_nak(GATEWAY1); /* in the name of the server that the client chose */
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
	r.requested = HOME; /* of another station: only the register may refuse it */
	decide(&r);
	expect_nothing("register is away");
}

/* ---- INIT-REBOOT */

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
	r.requested = FOREIGN; /* the client was in another network before */
	decide(&r);
	expect_nak(GATEWAY2);
	r.requested = OTHERS;
	decide(&r);
	expect_nak(GATEWAY2);
	r.requested = FREE; /* the lease has ended, but the address may still be free */
	decide(&r);
	expect_question(DHCP_DO_BIND, FREE);
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, NULL, &out);
	expect_nak(GATEWAY2);
}

/*
 * Without the register a CN may lack cells and the newest allocations. It stays silent then, and
 * sends no NAK for an address that may be right.
 */
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

/* ---- RENEWING and REBINDING: only the frames differ */

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
	r.server = GATEWAY1; /* some clients send it, though RFC 2131 forbids it here */
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
	struct station_record record = {
		.addr = addr_from_ipv4(FREE), .mac = MAC, .state = RECORD_BOUND,
		.kind = RECORD_DYNAMIC,
	};

	(void)state;
	r.ciaddr = OTHERS;
	decide(&r);
	expect_nak(GATEWAY2);
	r.ciaddr = FREE; /* the lease has ended, and the address is free again */
	decide(&r);
	expect_question(DHCP_DO_BIND, FREE);
	dhcp_server_conclude(&server, &r, DHCP_DO_BIND, &record, &out);
	expect_lease(DHCP_DO_REPLY, DHCP_ACK, FREE, GATEWAY2);
	r.ciaddr = FOREIGN;
	decide(&r);
	expect_nak(GATEWAY2);
	r.ciaddr = 0;
	decide(&r);
	expect_nothing("names no address");
}

/* ---- a cell that has got another subnet */

#define FORMER 0x0a0a0900u

static void end_former_cell(void)
{
	const struct prefix subnet = {addr_from_ipv4(FORMER), 24};
	const struct tmip_addr gateway = addr_from_ipv4(FORMER | 1);

	replica_note_former(&replica, &subnet, &gateway);
}

/* The NAK comes in the name of the server that gave the lease: some clients take no other. */
static void test_addresses_of_a_former_cell(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);

	(void)state;
	end_former_cell();
	r.requested = FORMER | 9; /* INIT-REBOOT */
	decide(&r);
	expect_nak(FORMER | 1);
	r = client(DHCP_REQUEST, &NEW);
	r.ciaddr = r.source = FORMER | 9; /* REBINDING */
	r.target = 0xffffffff;
	decide(&r);
	expect_nak(FORMER | 1);
	server.register_ready = false; /* perhaps the CN has only not come back yet */
	decide(&r);
	expect_nothing("the register is away");
}

/* The client says by the packet where it has its lease from. */
static void test_renewing_at_another_gateway(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &MAC);

	(void)state;
	r.ciaddr = r.source = OTHERS;
	r.target = GATEWAY1;
	decide(&r);
	expect_nak(GATEWAY1);
	r.target = NET1 | 255;
	decide(&r);
	expect_nak(GATEWAY2);
}

/* The register has the record still, so the cell may be back soon. */
static void test_a_cell_that_is_not_there_now(void **state)
{
	struct dhcp_request r = client(DHCP_REQUEST, &NEW);

	(void)state;
	put_station(FORMER | 9, &NEW, RECORD_DYNAMIC, 1);
	r.ciaddr = r.source = FORMER | 9;
	decide(&r);
	expect_nothing("no CN serves the cell");
	r = client(DHCP_REQUEST, &MAC); /* nor has it another station's address */
	r.ciaddr = FORMER | 9;
	decide(&r);
	assert_int_equal(out.reply.type, DHCP_NAK);
	r = client(DHCP_DISCOVER, &NEW); /* it needs one now */
	decide(&r);
	expect_question(DHCP_DO_ALLOCATE, 0);
}

/* ---- a host with several MACs */

static void test_another_mac_of_the_host(void **state)
{
	const struct tmip_mac cable = {{2, 0, 0, 0, 0, 0x10}};
	struct dhcp_request r = client(DHCP_REQUEST, &cable);
	struct tmip_addr addr = addr_from_ipv4(ROAMED);
	struct replica_station *station = replica_find(&replica, &addr);

	(void)state;
	r.requested = ROAMED;
	decide(&r);
	expect_nak(GATEWAY2);
	station->record.kind = RECORD_RESERVED;
	station->record.others[0] = cable;
	station->record.other_count = 1;
	assert_int_equal(replica_set_macs(&replica, station, &station->record), 0);
	decide(&r); /* INIT-REBOOT */
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, ROAMED, GATEWAY1);
	r = client(DHCP_REQUEST, &cable);
	r.ciaddr = ROAMED; /* RENEWING */
	decide(&r);
	expect_lease(DHCP_DO_RENEW, DHCP_ACK, ROAMED, GATEWAY1);
	r = client(DHCP_DISCOVER, &cable);
	decide(&r);
	expect_lease(DHCP_DO_REPLY, DHCP_OFFER, ROAMED, GATEWAY1);
	r = client(DHCP_DECLINE, &cable); /* it has heard the other interface */
	r.requested = ROAMED;
	decide(&r);
	expect_nothing("another of its MACs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_selecting), CASE(test_selecting_what_it_has),
		CASE(test_selecting_a_borrowed_address), CASE(test_selecting_another_server),
		CASE(test_selecting_what_that_gateway_does_not_give),
		CASE(test_selecting_while_register_is_away), CASE(test_init_reboot_after_roaming),
		CASE(test_init_reboot_refused), CASE(test_init_reboot_while_register_is_away),
		CASE(test_renewing), CASE(test_renewing_what_is_not_its_own),
		CASE(test_addresses_of_a_former_cell), CASE(test_renewing_at_another_gateway),
		CASE(test_a_cell_that_is_not_there_now),
		CASE(test_another_mac_of_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
