/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two maps of stations. The programs read a station's slot. They ask tmip_station if the slot
 * is being changed, if its words contradict each other, or if other stations have taken it.
 * world_run checks for each of its cases that the programs do the same with both maps.
 */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define CROWD 4 /* stations with the same slots, of which there are two */

static struct tmip_addr mapped(uint32_t host_order)
{
	struct tmip_addr addr = {.prefix = {[10] = 0xff, [11] = 0xff}};
	uint32_t ipv4 = htonl(host_order);

	memcpy(addr.v4, &ipv4, sizeof(ipv4));
	return addr;
}

static struct tmip_station guest(void)
{
	return (struct tmip_station){
		.mac = world_mac(W_VISITOR_MAC), .state = TMIP_STATION_VISITING,
		.ifindex = world_ifindex("cell0"), .parent = world_addr(W_CN2),
		.current = world_addr(W_TUNNEL),
	};
}

static void put(const struct tmip_addr *addr)
{
	const struct tmip_station station = guest();

	assert_int_equal(slots_put(&world_slots, addr, &station), 0);
}

/* Changes tmip_station alone and not the slot, so that a test sees which of the two was read. */
static void put_map_alone(const struct tmip_addr *addr, uint8_t state)
{
	int map = bpf_map__fd(world_bpf->maps.tmip_station);
	struct tmip_station station = guest();

	station.state = state;
	assert_int_equal(bpf_map_update_elem(map, addr, &station, BPF_ANY), 0);
}

static struct tmip_slot *slot_of(const struct tmip_addr *addr)
{
	for (uint32_t i = 0; i < world_slots.count; i++)
		if (memcmp(world_slots.slot[i].v4, addr->v4, 4) == 0)
			return &world_slots.slot[i];
	return NULL;
}

static uint32_t index_of(const struct tmip_addr *addr)
{
	uint32_t ipv4;

	memcpy(&ipv4, addr->v4, sizeof(ipv4));
	return TMIP_SLOT_INDEX(ntohl(ipv4), world_slots.count);
}

/* Does a packet of the station go the way of a guest's? */
static bool is_guest(const struct tmip_addr *addr)
{
	const struct tmip_mac mac = world_mac(W_VISITOR_MAC);
	uint64_t before = world_count(TMIP_REASON_ENCAP_PARENT);
	struct outcome out;
	uint8_t frame[2048];

	memcpy(frame, visitor_to_server.in, visitor_to_server.in_len);
	memcpy(frame + 6, &mac, sizeof(mac));
	memcpy(frame + 26, addr->v4, 4);
	assert_int_equal(world_send(CELL_IN, "cell0", 0, frame, visitor_to_server.in_len, &out), 0);
	return world_count(TMIP_REASON_ENCAP_PARENT) > before;
}

static int reset(void **state)
{
	(void)state;
	world_reset();
	return 0;
}

static void the_slot_is_read(void **state)
{
	struct tmip_addr addr = mapped(0x0a020063);

	(void)state;
	put(&addr);
	assert_non_null(slot_of(&addr));
	put_map_alone(&addr, TMIP_STATION_BLOCKED);
	assert_true(is_guest(&addr));
}

static void a_closed_slot_is_not_read(void **state)
{
	struct tmip_addr addr = mapped(0x0a020063);

	(void)state;
	put(&addr);
	slot_of(&addr)->state = 0;
	assert_true(is_guest(&addr));
	put_map_alone(&addr, TMIP_STATION_BLOCKED);
	assert_false(is_guest(&addr));
}

static void words_of_two_turns_are_not_read(void **state)
{
	const size_t turns[] = {
		offsetof(struct tmip_slot, turn), offsetof(struct tmip_slot, turn_mac),
		offsetof(struct tmip_slot, turn_home), offsetof(struct tmip_slot, turn_here),
	};
	struct tmip_addr addr = mapped(0x0a020063);

	(void)state;
	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		put(&addr);
		put_map_alone(&addr, TMIP_STATION_BLOCKED);
		assert_true(is_guest(&addr));
		((uint8_t *)slot_of(&addr))[turns[i]]++;
		assert_false(is_guest(&addr));
	}
}

/* Addresses that all have the slots 100 and 101. */
static void find_crowd(struct tmip_addr crowd[CROWD])
{
	int count = 0;

	for (uint32_t ipv4 = 0x0a020100; count < CROWD; ipv4++) {
		crowd[count] = mapped(ipv4);
		if (index_of(&crowd[count]) == 100)
			count++;
	}
}

static void a_crowd_is_served_without_slots(void **state)
{
	struct tmip_addr crowd[CROWD], stranger = {0};

	(void)state;
	find_crowd(crowd);
	for (int i = 0; i < CROWD - 1; i++)
		put(&crowd[i]);
	assert_ptr_equal(slot_of(&crowd[0]), &world_slots.slot[100]);
	assert_ptr_equal(slot_of(&crowd[1]), &world_slots.slot[101]);
	assert_null(slot_of(&crowd[2]));
	assert_int_equal(world_slots.slot[100].others, 1);
	for (int i = 0; i < CROWD - 1; i++)
		assert_true(is_guest(&crowd[i]));
	stranger = crowd[CROWD - 1];
	assert_false(is_guest(&stranger));
	put(&crowd[2]); /* it is counted once only */
	assert_int_equal(world_slots.slot[100].others, 1);
}

static void a_crowd_goes(void **state)
{
	struct tmip_addr crowd[CROWD];

	(void)state;
	find_crowd(crowd);
	for (int i = 0; i < CROWD; i++)
		put(&crowd[i]);
	assert_int_equal(slots_delete(&world_slots, &crowd[0]), 0);
	assert_false(is_guest(&crowd[0]));
	for (int i = 1; i < CROWD; i++)
		assert_true(is_guest(&crowd[i]));
	put(&crowd[0]); /* into the slot that it had */
	assert_ptr_equal(slot_of(&crowd[0]), &world_slots.slot[100]);
	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(slots_delete(&world_slots, &crowd[i]), 0);
		assert_int_equal(slots_delete(&world_slots, &crowd[i]), 0);
		assert_false(is_guest(&crowd[i]));
	}
	assert_int_equal(world_slots.slot[100].others, 0);
	for (int i = 0; i < CROWD; i++)
		assert_null(slot_of(&crowd[i]));
}

static void a_full_count_stays(void **state)
{
	struct tmip_addr crowd[CROWD];

	(void)state;
	find_crowd(crowd);
	world_slots.slot[100].others = 254;
	for (int i = 0; i < CROWD; i++)
		put(&crowd[i]);
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(slots_delete(&world_slots, &crowd[i]), 0);
	assert_int_equal(world_slots.slot[100].others, 255);
	world_slots.slot[100].others = 0;
}

static void a_full_map_leaves_no_trace(void **state)
{
	struct tmip_addr addr = mapped(0x0a030000);
	const struct tmip_station station = guest();
	uint32_t number = 0;
	int error;

	(void)state;
	do {
		addr = mapped(0x0a030000 + number++);
		error = slots_put(&world_slots, &addr, &station);
	} while (!error && number < 100000);
	assert_int_equal(error, -E2BIG);
	assert_null(slot_of(&addr));
	addr = mapped(0x0a030000);
	assert_true(is_guest(&addr));
}

/*
 * A program that moves a station shuts the station's slot. The slot opens again when the agent puts
 * the entry. The turn grows, so that an agent that was about to fill the slot does not open it.
 */
static void a_program_shuts_the_slot(void **state)
{
	struct tmip_addr addr = mapped(0x0a020063);
	struct tmip_config config = world_config();
	struct tmip_station elsewhere = guest();
	uint8_t turn;

	(void)state;
	config.flags |= TMIP_CONFIG_FAST_HANDOVER;
	world_set_config(&config);
	elsewhere.state = TMIP_STATION_ELSEWHERE;
	elsewhere.ifindex = 0;
	elsewhere.current = world_addr(W_CN3);
	assert_int_equal(slots_put(&world_slots, &addr, &elsewhere), 0);
	assert_int_equal(slot_of(&addr)->state, TMIP_STATION_ELSEWHERE);
	turn = slot_of(&addr)->turn;
	assert_true(is_guest(&addr));
	assert_int_equal(slot_of(&addr)->state, 0);
	assert_int_equal(slot_of(&addr)->turn, turn + 1);
	put(&addr);
	assert_int_equal(slot_of(&addr)->state, TMIP_STATION_VISITING);
	assert_int_equal(slot_of(&addr)->turn, turn + 2);
	put_map_alone(&addr, TMIP_STATION_BLOCKED);
	assert_true(is_guest(&addr));
}

/* A station whose fields contradict its state, and a station that has no IPv4 address. */
static void a_station_that_fits_no_slot_is_in_the_map(void **state)
{
	struct tmip_addr addr = mapped(0x0a020063);
	struct tmip_addr v6 = {.prefix = {0x20, 1}, .v4 = {10, 2, 0, 98}};
	struct tmip_station station = guest();

	(void)state;
	station.home_ifindex = world_ifindex("cell1");
	assert_int_equal(slots_put(&world_slots, &addr, &station), 0);
	assert_int_equal(slot_of(&addr)->state, 0);
	put(&v6);
	assert_null(slot_of(&v6));
	assert_int_equal(slots_delete(&world_slots, &v6), 0);
}

/* The next frame shows, however soon it comes. */
static void check_rearmed(const struct tmip_addr *addr)
{
	uint32_t heard = slots_heard(&world_slots, addr), rearmed;

	slots_rearm_heard(&world_slots, addr);
	rearmed = slots_heard(&world_slots, addr);
	assert_in_range(rearmed, heard - 2, heard - 1);
	slots_rearm_heard(&world_slots, addr); /* it is old enough already */
	assert_int_equal(slots_heard(&world_slots, addr), rearmed);
	assert_true(is_guest(addr));
	assert_true(slots_heard(&world_slots, addr) > rearmed);
}

static void check_heard(const struct tmip_addr *addr)
{
	struct tmip_station silent = guest();

	assert_int_equal(slots_heard(&world_slots, addr), 0);
	assert_true(is_guest(addr));
	assert_true(slots_heard(&world_slots, addr) > 0);
	put(addr); /* a change, but not a departure */
	assert_true(slots_heard(&world_slots, addr) > 0);
	check_rearmed(addr);
	silent.flags = TMIP_STATION_F_SILENT;
	assert_int_equal(slots_put(&world_slots, addr, &silent), 0);
	assert_int_equal(slots_heard(&world_slots, addr), 0);
}

static void heard_is_noted_with_and_without_a_slot(void **state)
{
	struct tmip_addr crowd[CROWD];

	(void)state;
	find_crowd(crowd);
	for (int i = 0; i < CROWD; i++)
		put(&crowd[i]);
	check_heard(&crowd[0]); /* has a slot */
	check_heard(&crowd[2]); /* has none */
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, reset)
	const struct CMUnitTest tests[] = {
		CASE(the_slot_is_read),
		CASE(a_closed_slot_is_not_read),
		CASE(words_of_two_turns_are_not_read),
		CASE(a_crowd_is_served_without_slots),
		CASE(a_crowd_goes),
		CASE(a_full_count_stays),
		CASE(a_full_map_leaves_no_trace),
		CASE(a_program_shuts_the_slot),
		CASE(a_station_that_fits_no_slot_is_in_the_map),
		CASE(heard_is_noted_with_and_without_a_slot),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
