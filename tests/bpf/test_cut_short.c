/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every frame of the other tests, cut off at every length, through every tc program. Each frame
 * must end with one counted reason.
 */
#include "world.h"

#include <string.h>

#define ETHERNET 14
#define IPV4 20
#define IPV6 40
#define LONGEST 160 /* all headers end before this */

static const struct { enum program program; const char *interface; } hooks[] = {
	{CELL_IN, "cell0"}, {CELL_OUT, "cell0"}, {BACKBONE_IN, "bb"}, {HOLD_IN, "hold"},
};

/*
 * A cut frame may pass, be dropped, or be answered. But it never grows by more than an outer
 * header.
 */
static void check(const char *name, size_t len, const struct outcome *out, uint64_t counted)
{
	if (out->action != NEXT && out->action != DROP && out->action != REDIRECT)
		fail_msg("%s cut to %zu: action %d", name, len, out->action);
	if (counted != 1)
		fail_msg("%s cut to %zu: %llu reasons", name, len, (unsigned long long)counted);
	if (out->len > len + 20)
		fail_msg("%s cut to %zu: %zu bytes came out", name, len, out->len);
}

static void cut(const char *name, const struct packet *packet, size_t hook)
{
	static struct outcome out;
	size_t end = packet->in_len < LONGEST ? packet->in_len : LONGEST;
	size_t network = packet->in[12] == 0x86 && packet->in[13] == 0xdd ? IPV6 : IPV4;
	uint64_t before = world_count_all();

	for (size_t len = ETHERNET; len <= end; len++) {
		int error = world_send(hooks[hook].program, hooks[hook].interface, 0, packet->in,
				       len, &out);
		uint64_t now = world_count_all();

		/*
		 * The kernel's test run refuses a frame that ends before its network header does.
		 * Such a frame would not arrive, either.
		 */
		if (error && len >= ETHERNET + network)
			fail_msg("%s cut to %zu: test run failed: %d", name, len, error);
		if (!error)
			check(name, len, &out, now - before);
		before = now;
	}
}

static void each_prefix_has_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all_packets) / sizeof(all_packets[0]); i++) {
		world_reset();
		world_group();
		for (size_t hook = 0; hook < sizeof(hooks) / sizeof(hooks[0]); hook++)
			cut(all_packets[i].name, all_packets[i].packet, hook);
		world_events(NULL);
		world_punts(NULL);
	}
}

/*
 * A packet that claims to be longer than it is does not go into a tunnel, or out of one. From a
 * cell it is dropped; on the backbone the program leaves a frame that it cannot parse to the
 * kernel.
 */
static void a_cut_packet_is_malformed(void **state)
{
	static struct outcome out;
	int error;

	(void)state;
	for (size_t len = ETHERNET + IPV4; len < visitor_to_server.in_len; len++) {
		world_reset();
		error = world_send(CELL_IN, "cell0", 0, visitor_to_server.in, len, &out);
		assert_int_equal(error, 0);
		assert_int_equal(out.action, DROP);
		assert_int_equal(world_count(TMIP_REASON_MALFORMED), 1);
	}
	for (size_t len = ETHERNET + 41; len < tunnel_to_visitor.in_len; len++) {
		world_reset();
		error = world_send(BACKBONE_IN, "bb", 0, tunnel_to_visitor.in, len, &out);
		assert_int_equal(error, 0);
		assert_int_equal(out.action, NEXT);
		assert_int_equal(world_count(TMIP_REASON_NOT_OURS), 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_prefix_has_a_reason),
		cmocka_unit_test(a_cut_packet_is_malformed),
	};

	return cmocka_run_group_tests_name("frames cut short", tests, world_begin, world_end);
}
