/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DHCP codec, compared with scapy (tests/vectors/dhcp.py): it understands scapy's frames of
 * clients, refuses broken frames with the reason, and makes the same replies, byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/dhcp/dhcp.h"
#include "vectors/dhcp.h"

#define MINE 0x0a0a0109u
#define GATEWAY 0x0a0a0101u
#define XID 0xdecafbadu
#define ID {1, 2, 0, 0x5e, 0x10, 0, 9}

static const struct tmip_mac MAC = {{2, 0, 0x5e, 0x10, 0, 9}}, CN = {{2, 0, 0, 0, 1, 1}};

struct frame {
	const char *name;
	const unsigned char *bytes;
	size_t len;
};
#define X(name) {#name, request_##name, sizeof(request_##name)},
static const struct frame requests[] = {REQUEST_NAMES(X)};
#undef X
#define X(name) {#name, fault_##name, sizeof(fault_##name)},
static const struct frame faults[] = {FAULT_NAMES(X)};
#undef X
#define X(name) {#name, reply_##name, sizeof(reply_##name)},
static const struct frame replies[] = {REPLY_NAMES(X)};
#undef X
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct frame *find(const struct frame *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	fail_msg("no frame is called %s", name);
	return NULL;
}

static struct dhcp_request decode(const char *name)
{
	const struct frame *frame = find(requests, COUNT(requests), name);
	struct dhcp_request out;
	struct dhcp_fault fault = {0};

	memset(&out, 0xff, sizeof(out));
	if (dhcp_decode(frame->bytes, frame->len, &out, &fault))
		fail_msg("%s: %s (option %u, offset %zu)", name, fault.what, fault.option,
			 fault.offset);
	assert_int_equal(out.xid, XID);
	assert_true(mac_equal(&out.mac, &MAC));
	assert_true(mac_equal(&out.from, &MAC));
	return out;
}

/* ---- requests */

static void test_client_states(void **state)
{
	static const struct {
		const char *name;
		uint8_t type;
		uint32_t source, ciaddr, requested, server;
		bool id;
	} want[] = {
		{"discover", DHCP_DISCOVER, 0, 0, MINE, 0, false},
		{"discover_udhcpc", DHCP_DISCOVER, 0, 0, 0, 0, true},
		{"selecting", DHCP_REQUEST, 0, 0, MINE, GATEWAY, true},
		{"init_reboot", DHCP_REQUEST, 0, 0, MINE, 0, false},
		{"renewing", DHCP_REQUEST, MINE, MINE, 0, 0, false},
		{"rebinding", DHCP_REQUEST, MINE, MINE, 0, 0, false},
		{"decline", DHCP_DECLINE, 0, 0, MINE, GATEWAY, false},
		{"release", DHCP_RELEASE, MINE, MINE, 0, GATEWAY, false},
		{"inform", DHCP_INFORM, MINE, MINE, 0, 0, false},
		{"ip_options", DHCP_DISCOVER, 0, 0, 0, 0, false},
		{"ethernet_padding", DHCP_DISCOVER, 0, 0, 0, 0, false},
		{"no_checksum", DHCP_DISCOVER, 0, 0, 0, 0, false},
		{"udp_shorter", DHCP_DISCOVER, 0, 0, 0, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		struct dhcp_request r = decode(want[i].name);

		assert_int_equal(r.type, want[i].type);
		assert_int_equal(r.source, want[i].source);
		assert_int_equal(r.ciaddr, want[i].ciaddr);
		assert_int_equal(r.requested, want[i].requested);
		assert_int_equal(r.server, want[i].server);
		assert_int_equal(r.giaddr, 0);
		assert_int_equal(r.client_id_len, want[i].id ? 7 : 0);
		if (want[i].id)
			assert_memory_equal(r.client_id, ((uint8_t[])ID), 7);
	}
}

static void test_small_fields(void **state)
{
	struct dhcp_request r = decode("discover");

	(void)state;
	assert_int_equal(r.secs, 3);
	assert_int_equal(r.flags, DHCP_BROADCAST);
	assert_string_equal(r.host_name, "laptop");
	assert_int_equal(r.lease, 0);
	r = decode("discover_udhcpc");
	assert_int_equal(r.lease, 600);
	assert_int_equal(r.flags, 0);
	assert_string_equal(r.host_name, "");
	assert_int_equal(decode("relayed").giaddr, 0x0a630001);
}

static void test_overload(void **state)
{
	struct dhcp_request r = decode("overload_both");

	(void)state;
	assert_int_equal(r.type, DHCP_DISCOVER);
	assert_int_equal(r.requested, MINE);
	assert_int_equal(r.client_id_len, 7);
	assert_memory_equal(r.client_id, ((uint8_t[])ID), 7);
	assert_int_equal(decode("overload_file").requested, 0);
	assert_int_equal(decode("overload_sname").requested, 0);
	assert_int_equal(decode("no_overload").requested, 0);
}

/* RFC 2132, 9.14 and 9.2; a wish, and where other options are: nobody needs them. */
static void test_options_that_are_no_fault(void **state)
{
	(void)state;
	assert_int_equal(decode("id_1").client_id_len, 0);
	assert_int_equal(decode("id_1").type, DHCP_DISCOVER);
	assert_int_equal(decode("lease_0").lease, 0);
	assert_int_equal(decode("overload_4").type, DHCP_DISCOVER);
}

static void test_split_options(void **state)
{
	struct dhcp_request r = decode("split");

	(void)state;
	assert_int_equal(r.client_id_len, 7);
	assert_memory_equal(r.client_id, ((uint8_t[])ID), 7);
	assert_string_equal(r.host_name, "laptop");
	r = decode("long_id");
	assert_int_equal(r.client_id_len, 0); /* of more than 255 bytes: nobody could echo it */
	r = decode("id_200");
	assert_int_equal(r.client_id_len, 200); /* whole, for the echo (RFC 6842) */
	assert_int_equal(r.client_id[0], 0xff);
	assert_int_equal(r.client_id[199], 199);
}

static void test_pad_and_end(void **state)
{
	(void)state;
	assert_int_equal(decode("pads_no_end").requested, MINE);
	assert_int_equal(decode("after_end").requested, 0);
}

static void test_host_name_is_printable(void **state)
{
	struct dhcp_request r = decode("ugly_name");

	(void)state;
	assert_string_equal(r.host_name, "a?[2Jb??c");
	assert_string_equal(decode("empty_name").host_name, "");
}

static void test_faults(void **state)
{
	static const struct { const char *name, *what; unsigned option; } want[] = {
		{"arp", "not an IPv4 packet", 0},
		{"ipv6", "not an IPv4 packet", 0},
		{"other_port", "not to the server's port", 0},
		{"tcp", "not a whole UDP datagram", 0},
		{"first_fragment", "not a whole UDP datagram", 0},
		{"later_fragment", "not a whole UDP datagram", 0},
		{"ihl_4", "IPv4 length is wrong", 0},
		{"ihl_15", "", 0}, /* any reason will do */
		{"ip_too_long", "IPv4 length is wrong", 0},
		{"ip_too_short", "IPv4 length is wrong", 0},
		{"udp_too_long", "UDP length is wrong", 0},
		{"udp_too_short", "UDP length is wrong", 0},
		{"bootp", "no DHCP message", 0},
		{"cookie", "no DHCP message", 0},
		{"a_reply", "not a request of an Ethernet client", 0},
		{"token_ring", "not a request of an Ethernet client", 0},
		{"hlen_16", "not a request of an Ethernet client", 0},
		{"no_type", "no DHCP message type", 53},
		{"type_0", "no DHCP message type", 53},
		{"type_9", "no DHCP message type", 53},
		{"type_long", "option of wrong length or value", 53},
		{"type_twice", "option of wrong length or value", 53},
		{"requested_3", "option of wrong length or value", 50},
		{"server_5", "option of wrong length or value", 54},
		{"cut_length", "option is cut short", 50},
		{"cut_value", "option is longer than the message", 50},
		{"cut_in_file", "option is longer than the message", 50},
	};
	struct dhcp_request out;

	(void)state;
	assert_int_equal(COUNT(want), COUNT(faults));
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct frame *frame = find(faults, COUNT(faults), want[i].name);
		struct dhcp_fault fault = {0};

		if (dhcp_decode(frame->bytes, frame->len, &out, &fault) != -EPROTO)
			fail_msg("%s was accepted", want[i].name);
		if (*want[i].what && strcmp(fault.what, want[i].what) != 0)
			fail_msg("%s: `%s', not `%s'", want[i].name, fault.what, want[i].what);
		assert_int_equal(fault.option, want[i].option);
		assert_true(fault.offset < frame->len);
	}
}

/*
 * Each frame is cut at each length, so that it is shorter than its headers say. The decoder must
 * never read beyond its end, and must always refuse it.
 */
static void test_every_truncation(void **state)
{
	struct dhcp_request out;

	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		size_t whole = 14u + requests[i].bytes[16] * 256u + requests[i].bytes[17];

		for (size_t len = 0; len < whole; len++) {
			uint8_t *copy = malloc(len ? len : 1);
			struct dhcp_fault fault = {0};

			assert_non_null(copy);
			memcpy(copy, requests[i].bytes, len);
			assert_int_equal(dhcp_decode(copy, len, &out, &fault), -EPROTO);
			assert_non_null(fault.what);
			free(copy);
		}
	}
}

/* ---- replies */

static struct cell_info cell(void)
{
	return (struct cell_info){
		.subnet = {addr_from_ipv4(0x0a0a0100), 24}, .gateway = addr_from_ipv4(GATEWAY),
		.dns = {addr_from_ipv4(0x0a000507), addr_from_ipv4(0x09090909)}, .dns_count = 2,
	};
}

static void expect_frame(const char *name, const struct dhcp_request *request,
			 const struct dhcp_reply *reply)
{
	const struct frame *want = find(replies, COUNT(replies), name);
	uint8_t *frame = malloc(DHCP_FRAME_MAX);
	long len;

	assert_non_null(frame);
	len = dhcp_encode(request, reply, frame, DHCP_FRAME_MAX);
	if (len != (long)want->len)
		fail_msg("%s: %ld bytes, scapy makes %zu", name, len, want->len);
	for (size_t i = 0; i < want->len; i++)
		if (frame[i] != want->bytes[i])
			fail_msg("%s: byte %zu is %02x, scapy makes it %02x", name, i, frame[i],
				 want->bytes[i]);
	free(frame);
}

static void expect_reply(const char *name, const char *request_name, uint8_t type, uint32_t yiaddr,
			 uint32_t lease, const char *domain)
{
	struct dhcp_request request = decode(request_name);
	struct cell_info home = cell();
	struct dhcp_reply reply = {
		.type = type, .yiaddr = yiaddr, .server = GATEWAY, .lease = lease,
		.domain_name = domain, .from = CN, .cell = type == DHCP_NAK ? NULL : &home,
	};

	expect_frame(name, &request, &reply);
}

static void test_replies(void **state)
{
	(void)state;
	expect_reply("offer", "discover", DHCP_OFFER, MINE, 3600, "example.org");
	expect_reply("offer_unicast", "discover_udhcpc", DHCP_OFFER, MINE, 601, "example.org");
	expect_reply("ack_selecting", "selecting", DHCP_ACK, MINE, 3600, NULL);
	expect_reply("ack_renewing", "renewing", DHCP_ACK, MINE, 3600, "");
	expect_reply("ack_renewing", "rebinding", DHCP_ACK, MINE, 3600, "");
	expect_reply("ack_inform", "inform", DHCP_ACK, 0, 0, "example.org");
	expect_reply("nak", "init_reboot", DHCP_NAK, 0, 0, NULL);
	expect_reply("nak_renewing", "renewing", DHCP_NAK, 0, 0, NULL);
	expect_reply("nak_id", "selecting", DHCP_NAK, 0, 0, NULL);
	expect_reply("ack_long", "selecting", DHCP_ACK, MINE, 86400,
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

/* Each reply has at least 300 bytes of BOOTP. */
static void test_smallest_reply(void **state)
{
	struct dhcp_request request = decode("init_reboot");
	struct dhcp_reply nak = {.type = DHCP_NAK, .server = GATEWAY, .from = CN};
	uint8_t frame[DHCP_FRAME_MAX];

	(void)state;
	assert_int_equal(dhcp_encode(&request, &nak, frame, sizeof(frame)), 14 + 20 + 8 + 300);
}

/*
 * The server does not echo an identifier that the decoder has cut, as it cannot do so in the way of
 * RFC 6842. The largest reply fits into the frame.
 */
static void test_limits_of_replies(void **state)
{
	struct dhcp_request request = decode("id_200");
	struct cell_info home = cell();
	struct dhcp_reply reply = {
		.type = DHCP_ACK, .yiaddr = MINE, .server = GATEWAY, .lease = 60,
		.cell = &home, .from = CN,
	};
	uint8_t frame[DHCP_FRAME_MAX];
	char domain[300];
	long with, without;

	(void)state;
	memset(domain, 'd', sizeof(domain));
	domain[255] = '\0';
	reply.domain_name = domain;
	home.dns_count = CELL_DNS_MAX;
	request.client_id_len = 0;
	without = dhcp_encode(&request, &reply, frame, sizeof(frame));
	request.client_id_len = 255;
	with = dhcp_encode(&request, &reply, frame, sizeof(frame));
	assert_int_equal(with - without, 2 + 255);
	memset(domain, 'd', sizeof(domain) - 1);
	domain[256] = '\0';
	assert_int_equal(dhcp_encode(&request, &reply, frame, sizeof(frame)), with - 257);
	assert_int_equal(dhcp_encode(&request, &reply, frame, sizeof(frame) - 1), -ENOSPC);
	request.giaddr = 1;
	assert_int_equal(dhcp_encode(&request, &reply, frame, sizeof(frame)), -EINVAL);
}

static void test_type_names(void **state)
{
	(void)state;
	assert_string_equal(dhcp_type_name(DHCP_DISCOVER), "DISCOVER");
	assert_string_equal(dhcp_type_name(DHCP_INFORM), "INFORM");
	assert_string_equal(dhcp_type_name(0), "?");
	assert_string_equal(dhcp_type_name(9), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_states),
		cmocka_unit_test(test_small_fields),
		cmocka_unit_test(test_overload),
		cmocka_unit_test(test_options_that_are_no_fault),
		cmocka_unit_test(test_split_options),
		cmocka_unit_test(test_pad_and_end),
		cmocka_unit_test(test_host_name_is_printable),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_smallest_reply),
		cmocka_unit_test(test_limits_of_replies),
		cmocka_unit_test(test_type_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
