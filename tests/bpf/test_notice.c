/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notices to the agent: DHCP frames come whole, events come once, and both have limits. Also the
 * counters, and the trail of drops for `tmip-agent why`.
 */
#include "world.h"

#include <string.h>

static struct outcome out;

static void send_in(const struct packet *packet)
{
	world_send_packet(CELL_IN, "cell0", packet, &out);
}

static void send_backbone(const struct packet *packet)
{
	world_send_packet(BACKBONE_IN, "bb", packet, &out);
}

/* Sends the packet as from another station, whose MAC ends in that number. */
static void send_as(const struct packet *packet, uint16_t number)
{
	uint8_t frame[2048];

	memcpy(frame, packet->in, packet->in_len);
	memcpy(frame + 10, &number, sizeof(number));
	assert_int_equal(world_send(CELL_IN, "cell0", 0, frame, packet->in_len, &out), 0);
}

static void limit(uint64_t interval_ns, uint32_t event_burst, uint32_t dhcp_burst)
{
	struct tmip_config config = world_config();

	config.event_interval_ns = interval_ns;
	config.event_burst = event_burst;
	config.dhcp_burst = dhcp_burst;
	world_set_config(&config);
}

static int reset(void **state)
{
	(void)state;
	world_reset();
	return 0;
}

static void dhcp_is_given_whole(void **state)
{
	struct tmip_punt punt;

	(void)state;
	send_in(&dhcp_discover);
	assert_int_equal(world_punts(&punt), 1);
	assert_int_equal(punt.type, TMIP_PUNT_DHCP);
	assert_int_equal(punt.ifindex, world_ifindex("cell0"));
	assert_int_equal(punt.length, dhcp_discover.in_len);
	assert_memory_equal(punt.data, dhcp_discover.in, dhcp_discover.in_len);
}

static void dhcp_is_limited_per_mac(void **state)
{
	(void)state;
	limit(1000000000000ull, 1000, 3);
	for (int i = 0; i < 5; i++)
		send_in(&dhcp_discover);
	assert_int_equal(world_count(TMIP_REASON_DHCP_TAKEN), 3);
	assert_int_equal(world_count(TMIP_REASON_DHCP_RATE), 2);
	send_as(&dhcp_discover, 7);
	assert_int_equal(world_count(TMIP_REASON_DHCP_TAKEN), 4);
	assert_int_equal(world_punts(NULL), 4);
}

static void a_full_ring_is_counted(void **state)
{
	uint64_t taken;

	(void)state;
	for (uint16_t i = 0; !world_count(TMIP_REASON_DHCP_RING_FULL) && i < 1000; i++)
		send_as(&dhcp_discover, i);
	assert_int_equal(world_count(TMIP_REASON_DHCP_RING_FULL), 1);
	taken = world_count(TMIP_REASON_DHCP_TAKEN);
	assert_int_equal(world_punts(NULL), taken);
	send_as(&dhcp_discover, 1000);
	assert_int_equal(world_count(TMIP_REASON_DHCP_TAKEN), taken + 1);
}

static void an_event_comes_once(void **state)
{
	(void)state;
	send_in(&elsewhere_to_server);
	send_in(&elsewhere_to_server);
	assert_int_equal(world_events(NULL), 1);
}

static void an_event_comes_again_on_change(void **state)
{
	struct tmip_event event;
	struct tmip_addr stranger2 = world_addr(W_STRANGER2);

	(void)state;
	send_in(&stranger_home);
	send_in(&stranger_of_cn2);
	assert_int_equal(world_events(&event), 2);
	assert_memory_equal(&event.addr, &stranger2, sizeof(stranger2));
	/* The same address in another cell raises an event, too. */
	world_send_packet(CELL_IN, "cell1", &stranger_of_cn2, &out);
	assert_int_equal(world_events(&event), 1);
	assert_int_equal(event.ifindex, world_ifindex("cell1"));
}

static void an_event_comes_again_after_the_interval(void **state)
{
	(void)state;
	limit(1, 1000, 10);
	send_in(&elsewhere_to_server);
	send_in(&elsewhere_to_server);
	assert_int_equal(world_events(NULL), 2);
}

/* Sends the packet as from another source address, whose last byte is that. */
static void send_from(const struct packet *packet, uint8_t host)
{
	uint8_t frame[2048];

	memcpy(frame, packet->in, packet->in_len);
	frame[29] = host;
	assert_int_equal(world_send(CELL_IN, "cell0", 0, frame, packet->in_len, &out), 0);
}

/* Two addresses in turn, or in two cells: each time it is news. */
static void one_mac_does_not_raise_many(void **state)
{
	(void)state;
	limit(1000000000000ull, 100, 10);
	for (int i = 0; i < 100; i++)
		send_from(&stranger_home, 200 + i % 2);
	/* More than the limit come only if a second ends meanwhile. */
	assert_in_range(world_events(NULL), TMIP_EVENTS_OF_MAC, 2 * TMIP_EVENTS_OF_MAC);
	world_reset();
	limit(1000000000000ull, TMIP_EVENTS_PART * 2 * TMIP_EVENTS_OF_MAC, 10);
	for (int i = 0; i < 100; i++)
		send_from(&stranger_home, 200 + i % 2);
	assert_in_range(world_events(NULL), 2 * TMIP_EVENTS_OF_MAC, 4 * TMIP_EVENTS_OF_MAC);
	world_reset();
	limit(1000000000000ull, 100, 10);
	for (int i = 0; i < 100; i++)
		world_send_packet(CELL_IN, i % 2 ? "cell1" : "cell0", &stranger_of_cn2, &out);
	assert_in_range(world_events(NULL), TMIP_EVENTS_OF_MAC, 2 * TMIP_EVENTS_OF_MAC);
}

/* A host that may be a guest probes an address of a subnet elsewhere that no station has. */
static void a_probe_for_no_station_is_told(void **state)
{
	struct tmip_event event;
	struct tmip_addr addr = world_addr("10.2.0.77");

	(void)state;
	send_in(&arp_probe_for_unknown);
	assert_int_equal(out.action, NEXT);
	assert_int_equal(world_events(&event), 2); /* of the MAC, and of the address */
	assert_int_equal(event.type, TMIP_EVENT_WANTED);
	assert_memory_equal(&event.addr, &addr, sizeof(addr));
}

/* No host has such a MAC. */
static void a_frame_of_no_host_is_dropped(void **state)
{
	uint8_t frame[2048];

	(void)state;
	memcpy(frame, elsewhere_to_server.in, elsewhere_to_server.in_len);
	for (int i = 0; i < 2; i++) {
		memset(frame + 6, 0, 6);
		frame[6] = (uint8_t)i; /* zero, and a group's */
		assert_int_equal(world_send(CELL_IN, "cell0", 0, frame,
					    elsewhere_to_server.in_len, &out), 0);
		assert_int_equal(out.action, DROP);
	}
	assert_int_equal(world_count(TMIP_REASON_MALFORMED), 2);
	assert_int_equal(world_events(NULL), 0);
}

/* However many strangers there are, a station is noticed. */
static void strangers_leave_room_for_stations(void **state)
{
	struct tmip_event event;

	(void)state;
	limit(1000000000000ull, 5, 10);
	for (uint16_t i = 0; i < 50; i++)
		send_as(&stranger_home, i);
	assert_in_range(world_events(NULL), 5, 10);
	send_in(&elsewhere_to_server);
	assert_int_equal(world_events(&event), 1);
	assert_int_equal(event.type, TMIP_EVENT_SEEN);
}

static void a_forgotten_mac_raises_an_event(void **state)
{
	struct tmip_mac mac = world_mac(W_ELSEWHERE_MAC);

	(void)state;
	send_in(&elsewhere_to_server);
	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(world_bpf->maps.tmip_seen), &mac), 0);
	send_in(&elsewhere_to_server);
	assert_int_equal(world_events(NULL), 2);
}

static void events_have_a_budget(void **state)
{
	(void)state;
	limit(1000000000000ull, 5, 10);
	for (uint16_t i = 0; i < 50; i++)
		send_as(&stranger_home, i);
	/* More than 5 come only if a second ends meanwhile. */
	assert_in_range(world_events(NULL), 5, 10);
}

static void an_event_that_found_no_room_comes_later(void **state)
{
	const uint32_t many = 10000; /* the ring holds about 5000 */
	unsigned got;

	(void)state;
	limit(1000000000000ull, many, 10);
	for (uint16_t i = 0; i < many; i++)
		send_as(&stranger_home, i);
	got = world_events(NULL);
	assert_true(got < many);
	world_reset_budget();
	send_as(&stranger_home, (uint16_t)(many - 1));
	assert_int_equal(world_events(NULL), 1);
}

static void drops_leave_a_trail(void **state)
{
	int map = bpf_map__fd(world_bpf->maps.tmip_drop);
	struct tmip_addr addr = world_addr(W_VISITOR);
	struct tmip_drop drop;

	(void)state;
	for (int i = 0; i < 3; i++)
		send_in(&visitor_wrong_mac);
	send_in(&visitor_too_big_icmp_error);
	assert_int_equal(bpf_map_lookup_elem(map, &addr, &drop), 0);
	assert_int_equal(drop.trail[0].reason, TMIP_REASON_TOO_BIG);
	assert_int_equal(drop.trail[0].count, 1);
	assert_int_equal(drop.trail[1].reason, TMIP_REASON_WRONG_MAC);
	assert_int_equal(drop.trail[1].count, 3);
	assert_int_equal(drop.trail[1].ifindex, world_ifindex("cell0"));
	assert_true(drop.trail[0].time_ns > drop.trail[1].time_ns);
	assert_int_equal(drop.trail[2].count, 0);
	assert_int_equal(world_count(TMIP_REASON_WRONG_MAC), 3);
}

static void peers_are_counted(void **state)
{
	int cpus = libbpf_num_possible_cpus();
	int map = bpf_map__fd(world_bpf->maps.tmip_peer_stat);
	struct tmip_addr addr = world_addr(W_CN2);
	struct tmip_peer_stat each[64], sum = {0};

	(void)state;
	assert_in_range(cpus, 1, 64);
	send_in(&visitor_to_server);
	send_backbone(&tunnel_to_visitor);
	assert_int_equal(bpf_map_lookup_elem(map, &addr, each), 0);
	for (int i = 0; i < cpus; i++) {
		sum.rx_packets += each[i].rx_packets;
		sum.rx_bytes += each[i].rx_bytes;
		sum.tx_packets += each[i].tx_packets;
		sum.tx_bytes += each[i].tx_bytes;
	}
	assert_int_equal(sum.tx_packets, 1);
	assert_int_equal(sum.tx_bytes, visitor_to_server.out_len - 14);
	assert_int_equal(sum.rx_packets, 1);
	assert_int_equal(sum.rx_bytes, tunnel_to_visitor.in_len - 14);
}

/* A peer that is wrong raises one event, not one for each of its packets. */
static void a_stale_peer_raises_one_event(void **state)
{
	struct tmip_event event;

	(void)state;
	for (int i = 0; i < 3; i++)
		send_backbone(&tunnel_relay_next);
	assert_int_equal(world_events(&event), 1);
	assert_int_equal(event.type, TMIP_EVENT_STALE);
	assert_int_equal(world_count(TMIP_REASON_RELAY), 3);
}

/*
 * A storm of broadcasts does not leave its cell, and a storm in one subnet and direction does not
 * use up the limit of the others.
 */
static void groups_are_limited(void **state)
{
	(void)state;
	world_group();
	for (int i = 0; i < 5; i++) {
		send_in(&group_mdns);
		send_in(&group_at_home_mdns);
		send_backbone(&group_down_mdns);
		send_backbone(&group_home_mdns);
	}
	assert_int_equal(world_count(TMIP_REASON_GROUP_HOME), 2 + 2);
	assert_int_equal(world_count(TMIP_REASON_GROUP_TAKEN), 2);
	assert_int_equal(world_count(TMIP_REASON_GROUP_RATE), 3 + 3 + 3);
	assert_int_equal(world_count(TMIP_REASON_GROUP_COPIED), 2);
	assert_int_equal(world_count(TMIP_REASON_GROUP_NOT_COPIED), 3);
}

/* A frame that a program puts into a cell's ingress passes to the kernel, once. */
static void a_trusted_frame_passes(void **state)
{
	const struct packet *packet = &visitor_to_server;
	int error = world_send(CELL_IN, "cell0", MARK_TRUSTED, packet->in, packet->in_len, &out);

	(void)state;
	assert_int_equal(error, 0);
	assert_int_equal(out.action, NEXT);
	assert_int_equal(out.mark, 0);
	assert_int_equal(world_count_all(), 0);
}

#define TEST(function) cmocka_unit_test_setup(function, reset)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(dhcp_is_given_whole),
		TEST(dhcp_is_limited_per_mac),
		TEST(a_full_ring_is_counted),
		TEST(an_event_comes_once),
		TEST(an_event_comes_again_on_change),
		TEST(an_event_comes_again_after_the_interval),
		TEST(one_mac_does_not_raise_many),
		TEST(a_probe_for_no_station_is_told),
		TEST(a_frame_of_no_host_is_dropped),
		TEST(strangers_leave_room_for_stations),
		TEST(a_forgotten_mac_raises_an_event),
		TEST(events_have_a_budget),
		TEST(an_event_that_found_no_room_comes_later),
		TEST(drops_leave_a_trail),
		TEST(peers_are_counted),
		TEST(groups_are_limited),
		TEST(a_stale_peer_raises_one_event),
		TEST(a_trusted_frame_passes),
	};

	return cmocka_run_group_tests_name("notices to the agent", tests, world_begin, world_end);
}
