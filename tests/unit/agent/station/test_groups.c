/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of broadcasts and multicasts: of which frames, to whom, and what did not leave. */
#include "agent/station/groups.h"
#include "station_world.h"

#define HEADERS 34 /* Ethernet and IPv4 */
#define COPIES_MAX 16

static struct groups *groups;
static bool has_device;
static int inject_error;
static unsigned injected;
static struct {
	size_t len;
	uint8_t head[HEADERS];
} copies[COPIES_MAX];

static int on_inject(const uint8_t *frame, size_t len, void *arg)
{
	(void)arg;
	if (inject_error)
		return inject_error;
	assert_true(injected < COPIES_MAX);
	copies[injected].len = len;
	memcpy(copies[injected++].head, frame, HEADERS);
	return 0;
}

static bool on_has_device(void *arg)
{
	(void)arg;
	return has_device;
}

static void on_put(const struct tmip_addr *addr, const struct tmip_station *entry)
{
	groups_put(groups, addr, entry);
}

static void on_remove(const struct tmip_addr *addr)
{
	groups_remove(groups, addr);
}

static int create(void **state)
{
	struct groups_setup setup;

	world_setup(state);
	injected = 0;
	inject_error = 0;
	has_device = true;
	w->config.multicast_home = true;
	w->config.multicast_copies = 1000;
	setup = (struct groups_setup){
		.config = &w->config, .cells = &w->cells, .dp = &fake_datapath, .roam = w->roam,
		.calls = {.inject = on_inject, .has_device = on_has_device},
	};
	groups = groups_create(&setup);
	if (!groups)
		return -1;
	groups_configure(groups);
	w->put = on_put;
	w->remove = on_remove;
	return 0;
}

static int destroy(void **state)
{
	w->put = NULL;
	w->remove = NULL;
	groups_destroy(groups);
	return world_teardown(state);
}

/* An IPv4 packet of `packet` bytes in a frame of `len`, from `source`. */
static bool copy_sized(struct tmip_addr source, struct tmip_addr destination, unsigned packet,
		       size_t len)
{
	uint8_t frame[256] = {[12] = 0x08, [14] = 0x45};

	memset(frame, 0xff, 6);
	frame[16] = (uint8_t)(packet >> 8);
	frame[17] = (uint8_t)packet;
	memcpy(frame + 26, source.v4, 4);
	memcpy(frame + 30, destination.v4, 4);
	return groups_copy(groups, frame, len);
}

static bool copy(struct tmip_addr source, struct tmip_addr destination)
{
	return copy_sized(source, destination, 86, 100);
}

static struct tmip_addr broadcast(void)
{
	return addr_from_ipv4(UINT32_MAX);
}

static struct groups_counts counts_of(void)
{
	struct groups_counts counts;

	groups_count(groups, &counts);
	return counts;
}

static struct tmip_group_key key_of(uint32_t parent, unsigned ifindex)
{
	struct tmip_group_key key = {.parent = tunnel_of(parent), .ifindex = ifindex};

	return key;
}

static bool in_map(uint32_t parent, unsigned ifindex)
{
	struct tmip_group_key key = key_of(parent, ifindex);

	return fake_datapath_group(&key) != NULL;
}

/* ---- to stations of this CN's subnet that are elsewhere */

static void each_cn_with_stations_of_the_subnet_gets_one_copy(void **state)
{
	static const uint8_t to_cn2[6] = {2, 0, 192, 168, 0, CN2};
	static const uint8_t to_cn3[6] = {2, 0, 192, 168, 0, CN3};
	bool second_first;

	(void)state;
	station_at(1, 7, CN2);
	station_at(1, 8, CN2);
	station_at(1, 9, CN3);
	assert_true(copy(ip(1, 50), broadcast()));
	assert_int_equal(injected, 2);
	second_first = memcmp(copies[0].head, to_cn3, 6) == 0;
	assert_memory_equal(copies[second_first].head, to_cn2, 6);
	assert_memory_equal(copies[!second_first].head, to_cn3, 6);
	assert_int_equal(copies[0].len, 100);
	assert_int_equal(fake_frames.count, 0);
	assert_int_equal(counts_of().fanout.to_cns, 2);
}

static void a_station_in_another_cell_here_gets_a_frame(void **state)
{
	struct tmip_mac its = mac(9), cell = {{2, 0, 0, 0, 0, WLAN1}};
	const struct fake_frame *frame;

	(void)state;
	station_in(1, 9, WLAN1);
	assert_true(copy(ip(1, 50), ip(1, 255)));
	assert_int_equal(injected, 0);
	frame = fake_frames_last(FRAME_SENT);
	assert_non_null(frame);
	assert_string_equal(frame->interface, "wlan1");
	assert_memory_equal(frame->data, &its, 6);
	assert_memory_equal(frame->data + 6, &cell, 6);
	assert_int_equal(frame->len, 100);
}

/* ---- from another CN, to its guests here */

static void each_guest_gets_a_frame_of_its_own(void **state)
{
	(void)state;
	station_in(2, 7, WLAN0);
	station_in(2, 8, WLAN0);
	station_in(3, 9, WLAN0); /* of another subnet */
	assert_true(copy(ip(2, 50), broadcast()));
	assert_int_equal(fake_frames.count, 2);
	assert_int_equal(injected, 0);
	assert_int_equal(counts_of().fanout.to_stations, 2);
}

static void the_sender_gets_no_copy(void **state)
{
	struct tmip_addr sender = station_in(2, 7, WLAN0);

	(void)state;
	station_in(2, 8, WLAN1);
	assert_true(copy(sender, broadcast()));
	assert_int_equal(fake_frames.count, 1);
	assert_string_equal(fake_frames_last(FRAME_SENT)->interface, "wlan1");
}

/* ---- which frames */

static void only_groups_of_subnets_of_the_network_are_copied(void **state)
{
	(void)state;
	station_at(1, 9, CN2);
	assert_false(copy(ip(9, 50), broadcast()));   /* no cell of the network */
	assert_false(copy(ip(1, 50), ip(1, 9)));      /* a station */
	assert_false(copy(ip(1, 50), ip(4, 255)));    /* the broadcast of another subnet */
	assert_int_equal(injected, 0);
	assert_true(copy(ip(1, 50), ip(1, 255)));
	assert_true(copy(ip(1, 50), addr_from_ipv4(0xe00000fb))); /* 224.0.0.251 */
	assert_true(copy(ip(1, 50), addr_from_ipv4(0xefffffff)));
	assert_false(copy(ip(1, 50), addr_from_ipv4(0xf0000001)));
	assert_int_equal(injected, 3);
}

static void what_fills_up_a_short_frame_is_left_out(void **state)
{
	(void)state;
	station_at(1, 9, CN2);
	assert_true(copy_sized(ip(1, 50), broadcast(), 30, 60));
	assert_int_equal(copies[0].len, 14 + 30);
	assert_true(copy_sized(ip(1, 50), broadcast(), 500, 60)); /* it says more than there is */
	assert_int_equal(copies[1].len, 60);
}

static void a_packet_for_nobody_is_counted(void **state)
{
	(void)state;
	assert_true(copy(ip(1, 50), broadcast()));
	assert_int_equal(counts_of().fanout.nobody, 1);
}

/* ---- lost, and counted */

/* A packet from the subnet of CN 1 for the cell wlan1, which takes 1500 bytes. */
static void copy_large(unsigned packet, uint8_t flags)
{
	struct tmip_addr source = ip(1, 50), destination = broadcast();
	uint8_t frame[4096] = {[12] = 0x08, [14] = 0x45, [20] = flags};

	frame[16] = (uint8_t)(packet >> 8);
	frame[17] = (uint8_t)packet;
	memcpy(frame + 26, source.v4, 4);
	memcpy(frame + 30, destination.v4, 4);
	assert_true(groups_copy(groups, frame, 14 + packet));
}

static void a_copy_too_big_for_the_cell_is_fragmented(void **state)
{
	struct tmip_mac its = mac(9), cell = {{2, 0, 0, 0, 0, WLAN1}};

	(void)state;
	station_in(1, 9, WLAN1);
	copy_large(1500, 0);
	assert_int_equal(fake_frames.count, 1);
	copy_large(3000, 0);
	assert_int_equal(fake_frames.count, 4); /* 1480, 1480 and 20 bytes of data */
	for (unsigned i = 1; i < 4; i++) {
		assert_memory_equal(fake_frames.list[i].data, &its, 6);
		assert_memory_equal(fake_frames.list[i].data + 6, &cell, 6);
		assert_int_equal(fake_frames.list[i].len, i < 3 ? 1514 : 54);
	}
	assert_int_equal(counts_of().not_sent, 0);
}

static void one_that_must_not_be_fragmented_is_counted(void **state)
{
	(void)state;
	station_in(1, 9, WLAN1);
	copy_large(1501, 0x40);
	assert_int_equal(fake_frames.count, 0);
	assert_int_equal(counts_of().not_sent, 1);
}

static void what_does_not_leave_is_counted(void **state)
{
	(void)state;
	station_at(1, 9, CN2);
	station_in(1, 8, WLAN1);
	inject_error = -ENOBUFS;
	fake_frames.send_error = -ENETDOWN;
	assert_true(copy(ip(1, 50), broadcast()));
	assert_int_equal(counts_of().not_sent, 2);
}

static void a_guest_in_a_cell_that_is_gone_is_counted(void **state)
{
	struct tmip_addr addr = ip(2, 9);
	struct tmip_station entry = {.mac = mac(9), .state = TMIP_STATION_VISITING, .ifindex = 99,
				     .parent = tunnel_of(CN2), .current = tunnel_of(CN1)};

	(void)state;
	groups_put(groups, &addr, &entry);
	assert_true(copy(ip(2, 50), broadcast()));
	assert_int_equal(fake_frames.count, 0);
	assert_int_equal(counts_of().not_sent, 1);
}

/* Only its interface is gone: the cell keeps its key, and has no port for frames. */
static void a_guest_in_a_lost_cell_is_counted(void **state)
{
	struct cell *cell = &w->cells.list[1];

	(void)state;
	station_in(1, 9, cell->interface.ifindex);
	frame_close(cell->port);
	cell->port = NULL;
	cell->served = false;
	assert_true(copy(ip(1, 50), broadcast()));
	assert_int_equal(fake_frames.count, 0);
	assert_int_equal(counts_of().not_sent, 1);
}

static void copies_are_limited(void **state)
{
	(void)state;
	w->config.multicast_copies = 3;
	groups_configure(groups);
	station_at(1, 9, CN2);
	for (int i = 0; i < 5; i++)
		copy(ip(1, 50), broadcast());
	assert_int_equal(injected, 3);
	assert_int_equal(counts_of().fanout.over_limit, 2);
	fake_now_ms += 1000;
	copy(ip(1, 50), broadcast());
	assert_int_equal(injected, 4);
}

/* ---- the map that tells the programs where there is something to copy */

static void the_map_names_the_homes_with_stations_elsewhere(void **state)
{
	struct tmip_addr addr = station_at(1, 9, CN2);
	struct station_record back = record_of(addr, CN1);

	(void)state;
	assert_true(in_map(CN1, WLAN0));
	assert_false(in_map(CN1, WLAN1));
	commit(&back, WLAN0);
	assert_false(in_map(CN1, WLAN0));
}

static void the_map_names_the_cns_with_guests_here(void **state)
{
	struct tmip_addr addr = station_in(2, 9, WLAN0);
	struct station_record gone = record_of(addr, CN2);

	(void)state;
	assert_true(in_map(CN2, 0));
	gone.state = RECORD_FREE;
	commit(&gone, 0);
	assert_false(in_map(CN2, 0));
}

static void a_map_that_refuses_is_logged(void **state)
{
	(void)state;
	fake_datapath.put_error = -E2BIG;
	station_at(1, 9, CN2);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "map tmip_group"), 1);
}

static void entries_of_a_former_agent_are_swept_away(void **state)
{
	struct tmip_group_key former = key_of(CN3, 0);

	(void)state;
	station_at(1, 9, CN2);
	datapath_put_group(&fake_datapath, &former);
	groups_sweep(groups);
	assert_false(in_map(CN3, 0));
	assert_true(in_map(CN1, WLAN0));
}

static void the_end_leaves_the_map(void **state)
{
	(void)state;
	station_at(1, 9, CN2);
	w->put = NULL;
	groups_destroy(groups);
	groups = NULL;
	w->remove = NULL;
	assert_true(in_map(CN1, WLAN0));
}

static void copies_need_a_device_and_the_configuration(void **state)
{
	(void)state;
	assert_true(counts_of().usable);
	has_device = false;
	assert_false(counts_of().usable);
	has_device = true;
	w->config.multicast_home = false;
	assert_false(counts_of().usable);
}

int main(void)
{
#define GROUPS_CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)
	const struct CMUnitTest tests[] = {
		GROUPS_CASE(each_cn_with_stations_of_the_subnet_gets_one_copy),
		GROUPS_CASE(a_station_in_another_cell_here_gets_a_frame),
		GROUPS_CASE(each_guest_gets_a_frame_of_its_own),
		GROUPS_CASE(the_sender_gets_no_copy),
		GROUPS_CASE(only_groups_of_subnets_of_the_network_are_copied),
		GROUPS_CASE(what_fills_up_a_short_frame_is_left_out),
		GROUPS_CASE(a_packet_for_nobody_is_counted),
		GROUPS_CASE(a_copy_too_big_for_the_cell_is_fragmented),
		GROUPS_CASE(one_that_must_not_be_fragmented_is_counted),
		GROUPS_CASE(what_does_not_leave_is_counted),
		GROUPS_CASE(a_guest_in_a_cell_that_is_gone_is_counted),
		GROUPS_CASE(a_guest_in_a_lost_cell_is_counted),
		GROUPS_CASE(copies_are_limited),
		GROUPS_CASE(the_map_names_the_homes_with_stations_elsewhere),
		GROUPS_CASE(the_map_names_the_cns_with_guests_here),
		GROUPS_CASE(a_map_that_refuses_is_logged),
		GROUPS_CASE(entries_of_a_former_agent_are_swept_away),
		GROUPS_CASE(the_end_leaves_the_map),
		GROUPS_CASE(copies_need_a_device_and_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
