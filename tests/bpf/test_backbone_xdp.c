/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The XDP program of the backbone. The cases are frames that it must finish, with the bytes and
 * counters of the tc program. For every frame of the other tests, whole or cut short, both programs
 * must agree: XDP finishes the frame as tc would, or leaves it without a trace.
 */
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>

#include "world.h"

#define FINISHED(frame, ...) \
	WORLD_CASE(#frame, BACKBONE_XDP, "bb", frame, XDP_TX, __VA_ARGS__)

/* Packets for the station AWAY are held. */
static void held(void)
{
	struct tmip_addr key = world_addr(W_AWAY);
	struct tmip_config config = world_config();
	struct tmip_station station = world_station(W_AWAY);

	config.buffer_ifindex = world_ifindex("cell1"); /* any interface will do */
	world_set_config(&config);
	station.flags |= TMIP_STATION_F_HELD;
	assert_int_equal(slots_put(&world_slots, &key, &station), 0);
}

static void flags(uint8_t value)
{
	struct tmip_config config = world_config();

	config.flags = value;
	config.group_burst = 2;
	world_set_config(&config);
}

static void nothing(void)
{
	flags(0);
}

static void everything(void)
{
	flags(TMIP_CONFIG_FASTPATH | TMIP_CONFIG_FASTPATH_HOME | TMIP_CONFIG_DIRECT |
	      TMIP_CONFIG_GROUP_HOME);
}

static const struct bpf_case cases[] = {
	FINISHED(bb_away, ENCAP_VISITED),
	FINISHED(bb_away_ttl2, ENCAP_VISITED),
	FINISHED(bb_away_ttl255, ENCAP_VISITED),
	FINISHED(bb_away_checksum_feff, ENCAP_VISITED),
	FINISHED(bb_away_checksum_ff00, ENCAP_VISITED),
	FINISHED(bb_away_checksum_fffe, ENCAP_VISITED),
	FINISHED(bb_away_checksum_0001, ENCAP_VISITED),
	FINISHED(bb_away_options, ENCAP_VISITED),
	FINISHED(bb_away_segment, ENCAP_VISITED),
	FINISHED(bb_away_last_fragment, ENCAP_VISITED),
	FINISHED(past_tunnel, FORWARDED, .prepare = world_past),
	FINISHED(tunnel_from_away_to_away_same_cell, RELAY),
	FINISHED(tunnel_from_away_to_away_elsewhere, RELAY),
	FINISHED(tunnel_direct_to_elsewhere, RELAY, .prepare = world_direct),
	FINISHED(tunnel_direct_to_settled, RELAY, .prepare = world_direct),
	FINISHED(tunnel_from_away_to_away_same_cell, RELAY, .prepare = world_direct),
	FINISHED(tunnel_relay_next, RELAY, .event = TMIP_EVENT_STALE, .event_addr = W_ELSEWHERE,
		 .event_peer = W_CN2),
	FINISHED(narrow_away_fits, ENCAP_VISITED, .prepare = world_narrow),
	FINISHED(narrow_relay_fits, RELAY, .prepare = world_narrow),
};

/* ---- agreement */

static const char *const PEERS[] = {W_CN2, W_CN3, W_CN4, W_CN5, W_CN6, W_CN7};
#define PEER_COUNT (sizeof(PEERS) / sizeof(PEERS[0]))

/* All that a program has done with a frame. */
struct result {
	int error;
	bool sent;
	unsigned events;
	uint64_t reasons[TMIP_REASON_COUNT];
	uint64_t peers[PEER_COUNT][4]; /* as read_peer fills them */
	struct outcome out;
};

static void read_peer(const char *tunnel, uint64_t sum[4])
{
	int map = bpf_map__fd(world_bpf->maps.tmip_peer_stat);
	struct tmip_addr key = world_addr(tunnel);
	struct tmip_peer_stat each[128];

	memset(sum, 0, 4 * sizeof(*sum));
	assert_true(libbpf_num_possible_cpus() <= 128);
	if (bpf_map_lookup_elem(map, &key, each))
		return;
	for (int i = 0; i < libbpf_num_possible_cpus(); i++) {
		sum[0] += each[i].rx_packets;
		sum[1] += each[i].rx_bytes;
		sum[2] += each[i].tx_packets;
		sum[3] += each[i].tx_bytes;
	}
}

static void pass_through(struct result *result, enum program program, void (*prepare)(void),
			 const struct packet *packet, size_t len)
{
	memset(result, 0, sizeof(*result));
	world_reset();
	if (prepare)
		prepare();
	result->error = world_send(program, "bb", 0, packet->in, len, &result->out);
	result->sent = result->out.action == (program == BACKBONE_XDP ? XDP_TX : REDIRECT);
	for (uint32_t reason = 0; reason < TMIP_REASON_COUNT; reason++)
		result->reasons[reason] = world_count(reason);
	for (size_t i = 0; i < PEER_COUNT; i++)
		read_peer(PEERS[i], result->peers[i]);
	result->events = world_events(NULL);
}

static bool same_counts(const struct result *a, const struct result *b)
{
	return a->events == b->events && memcmp(a->reasons, b->reasons, sizeof(a->reasons)) == 0 &&
	       memcmp(a->peers, b->peers, sizeof(a->peers)) == 0;
}

static bool same_bytes(const struct outcome *out, const uint8_t *data, size_t len)
{
	return out->len == len && memcmp(out->data, data, len) == 0;
}

/* Did XDP leave the frame to tc as if XDP had not been there? */
static bool left_no_trace(const struct result *xdp, const struct packet *packet, size_t len)
{
	static const struct result none;

	return xdp->out.action == XDP_PASS && same_bytes(&xdp->out, packet->in, len) &&
	       same_counts(xdp, &none);
}

static bool same(const struct result *xdp, const struct result *tc)
{
	return tc->sent && same_bytes(&xdp->out, tc->out.data, tc->out.len) &&
	       same_counts(xdp, tc);
}

/* Fails if XDP and tc disagree about the frame. Returns 1 if XDP finished it, else 0. */
static int agree(const char *name, void (*prepare)(void), const struct packet *packet, size_t len)
{
	static struct result xdp, tc;

	pass_through(&xdp, BACKBONE_XDP, prepare, packet, len);
	if (xdp.error)
		fail_msg("%s, %zu bytes: test run failed: %d", name, len, xdp.error);
	if (!xdp.sent && !left_no_trace(&xdp, packet, len))
		fail_msg("%s, %zu bytes: action %d, but changed or counted", name, len,
			 xdp.out.action);
	if (!xdp.sent)
		return 0;
	pass_through(&tc, BACKBONE_IN, prepare, packet, len);
	if (tc.error || !same(&xdp, &tc))
		fail_msg("%s, %zu bytes: tc does it otherwise", name, len);
	return 1;
}

/* `least`: how many of all packets XDP must finish. It must leave three quarters of them. */
static void agree_all(void (*prepare)(void), int least)
{
	const size_t count = sizeof(all_packets) / sizeof(all_packets[0]);
	int finished = 0;

	for (size_t i = 0; i < count; i++) {
		const struct packet *packet = all_packets[i].packet;

		finished += agree(all_packets[i].name, prepare, packet, packet->in_len);
	}
	assert_in_range(finished, least, count / 4);
}

static void agrees_by_default(void **state)
{
	(void)state;
	agree_all(NULL, 10);
}

static void agrees_with_all_switches_on(void **state)
{
	(void)state;
	agree_all(everything, 15);
}

static void agrees_with_all_switches_off(void **state)
{
	(void)state;
	agree_all(nothing, 2);
}

static void held_is_left(void **state)
{
	(void)state;
	assert_int_equal(agree("bb_away, held", held, &bb_away, bb_away.in_len), 0);
	assert_int_equal(agree("bb_away", NULL, &bb_away, bb_away.in_len), 1);
	agree_all(held, 1);
}

static void headless(void)
{
	flags(TMIP_CONFIG_FASTPATH | TMIP_CONFIG_HEADLESS);
}

static void headless_is_left(void **state)
{
	(void)state;
	assert_int_equal(agree("bb_away, headless", headless, &bb_away, bb_away.in_len), 0);
}

static void agrees_when_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t len = 14; len < cases[i].packet->in_len; len++)
			assert_int_equal(agree(cases[i].name, everything, cases[i].packet, len), 0);
}

/* ---- padding behind a packet that is shorter than the least Ethernet frame */

static void padding_is_kept(void **state)
{
	uint8_t frame[128] = {0};
	struct packet packet = {frame, bb_away_short.in_len + 10, NULL, 0};

	(void)state;
	memcpy(frame, bb_away_short.in, bb_away_short.in_len);
	memset(frame + bb_away_short.in_len, 0xee, 10);
	assert_int_equal(agree("padded", NULL, &packet, packet.in_len), 1);
}

/* Attaches the program, because test runs need a device with queues for XDP. */
static int begin(void **state)
{
	int error = world_begin(state), program;

	if (error)
		return error;
	program = bpf_program__fd(world_bpf->progs.tmip_bb_xdp);
	return bpf_xdp_attach((int)world_ifindex("bb"), program, XDP_FLAGS_DRV_MODE, NULL);
}

static void finishes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("           %s\n", cases[i].name);
		world_run(&cases[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finishes),
		cmocka_unit_test(agrees_by_default),
		cmocka_unit_test(agrees_with_all_switches_on),
		cmocka_unit_test(agrees_with_all_switches_off),
		cmocka_unit_test(held_is_left),
		cmocka_unit_test(headless_is_left),
		cmocka_unit_test(agrees_when_cut),
		cmocka_unit_test(padding_is_kept),
	};

	return cmocka_run_group_tests_name("XDP on the backbone", tests, begin, world_end);
}
