/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host with several MACs: its frames count as the station's, whichever of them they come from,
 * and show the agent where the others are. The visitor has the stranger's MAC as well.
 */
#include "world.h"

#include <bpf/bpf.h>
#include <string.h>

static struct outcome out;

static int macs(void)
{
	return bpf_map__fd(world_bpf->maps.tmip_macs);
}

static int dock(void **state)
{
	struct tmip_addr visitor = world_addr(W_VISITOR);
	struct tmip_macs both = {.mac = {world_mac(W_VISITOR_MAC), world_mac(W_STRANGER_MAC)}};

	(void)state;
	world_reset();
	return bpf_map_update_elem(macs(), &visitor, &both, BPF_ANY);
}

static int undock(void **state)
{
	struct tmip_addr visitor = world_addr(W_VISITOR);

	(void)state;
	return bpf_map_delete_elem(macs(), &visitor);
}

static void expect_event(uint32_t type)
{
	struct tmip_addr visitor = world_addr(W_VISITOR);
	struct tmip_mac mac = world_mac(W_STRANGER_MAC);
	struct tmip_event event;

	assert_int_equal(world_events(&event), 1);
	assert_int_equal(event.type, type);
	assert_memory_equal(&event.addr, &visitor, sizeof(visitor));
	assert_memory_equal(&event.mac, &mac, sizeof(mac));
}

/* The entry in the map stays as it is: the agent decides. */
static void expect_entry(const struct tmip_station *before)
{
	struct tmip_station after = world_station(W_VISITOR);

	assert_memory_equal(&after, before, sizeof(after));
}

static void what_it_sends_is_forwarded(void **state)
{
	struct tmip_station before = world_station(W_VISITOR);

	(void)state;
	world_send_packet(CELL_IN, "cell0", &visitor_wrong_mac, &out);
	assert_int_equal(world_count(TMIP_REASON_ENCAP_PARENT), 1);
	expect_event(TMIP_EVENT_SEEN);
	expect_entry(&before);
}

/*
 * The MAC in use has just gone to another CN, and this one goes on sending here: its packets must
 * not tell the parent that the station is back.
 */
static void what_it_sends_is_no_handover(void **state)
{
	struct tmip_addr visitor = world_addr(W_VISITOR);
	struct tmip_station gone = world_station(W_VISITOR);
	uint16_t id;

	(void)state;
	gone.state = TMIP_STATION_ELSEWHERE;
	gone.ifindex = 0;
	gone.current = world_addr(W_CN3);
	gone.flags = TMIP_STATION_F_FRESH;
	assert_int_equal(slots_put(&world_slots, &visitor, &gone), 0);
	world_send_packet(CELL_IN, "cell0", &visitor_wrong_mac, &out);
	assert_int_equal(world_count(TMIP_REASON_ENCAP_PARENT), 1);
	memcpy(&id, out.data + 14 + 4, sizeof(id));
	assert_int_not_equal(id, __builtin_bswap16(TMIP_HANDOVER_ID));
	expect_entry(&gone);
}

static void it_gets_the_mac_of_its_gateway(void **state)
{
	(void)state;
	world_send_packet(CELL_IN, "cell0", &arp_wrong_mac_asks, &out);
	assert_int_equal(world_count(TMIP_REASON_ARP_ANSWERED), 1);
	expect_event(TMIP_EVENT_SEEN);
}

static void an_announcement_is_a_use(void **state)
{
	(void)state;
	world_send_packet(CELL_IN, "cell0", &arp_wrong_mac, &out);
	assert_int_equal(world_count(TMIP_REASON_OTHER_MAC), 1);
	expect_event(TMIP_EVENT_SEEN);
}

static void an_answer_is_none(void **state)
{
	struct tmip_mac mac = world_mac(W_STRANGER_MAC);
	uint8_t frame[64];

	(void)state;
	assert_true(arp_reply_of_guest.in_len <= sizeof(frame));
	memcpy(frame, arp_reply_of_guest.in, arp_reply_of_guest.in_len);
	memcpy(frame + 6, &mac, sizeof(mac));
	memcpy(frame + 22, &mac, sizeof(mac));
	assert_int_equal(world_send(CELL_IN, "cell0", 0, frame, arp_reply_of_guest.in_len, &out),
			 0);
	assert_int_equal(world_count(TMIP_REASON_OTHER_MAC), 1);
	expect_event(TMIP_EVENT_ANSWERED);
}

static void a_third_mac_is_a_stranger(void **state)
{
	uint8_t frame[2048];

	(void)state;
	memcpy(frame, visitor_wrong_mac.in, visitor_wrong_mac.in_len);
	frame[11] ^= 0x55;
	assert_int_equal(world_send(CELL_IN, "cell0", 0, frame, visitor_wrong_mac.in_len, &out), 0);
	assert_int_equal(world_count(TMIP_REASON_WRONG_MAC), 1);
}

#define DOCKED(name) cmocka_unit_test_setup_teardown(name, dock, undock)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOCKED(what_it_sends_is_forwarded),
		DOCKED(what_it_sends_is_no_handover),
		DOCKED(it_gets_the_mac_of_its_gateway),
		DOCKED(an_announcement_is_a_use),
		DOCKED(an_answer_is_none),
		DOCKED(a_third_mac_is_a_stranger),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
