/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets held for a station that has left, and replayed when it appears: their order and pace, the
 * end of the holding, and what is lost, which is counted or logged.
 */
#include "agent/station/buffer.h"
#include "agent/station/trail.h"
#include "station_world.h"

#include <tmip/fragment.h>

#define BUFFER_MS 5000
#define PACE_MS 100
#define FRAME_LEN 60

static struct buffer *buffer;
static struct trail *trail;
static unsigned probes;
static unsigned others;       /* frames that nothing is held for */
static bool takes_others;     /* they are taken, not sent back */
static struct tmip_addr station; /* in wlan0 of CN 1 */
static unsigned slip_in;      /* frames that come while the entry's flag goes */

static void frame_for(const struct tmip_addr *addr, unsigned number)
{
	uint8_t frame[FRAME_LEN] = {[12] = 0x08, [14] = 0x45};

	memcpy(frame + 30, addr->v4, sizeof(addr->v4));
	memcpy(frame + 40, &number, sizeof(number));
	fake_tap_put(frame, sizeof(frame));
}

static unsigned number_of(unsigned i)
{
	unsigned number;

	assert_true(i < fake_tap.written_count);
	memcpy(&number, fake_tap.written[i].data + 40, sizeof(number));
	return number;
}

static void on_probe(const struct tmip_addr *addr, void *arg)
{
	(void)arg;
	assert_true(addr_equal(addr, &station));
	probes++;
}

static bool on_other(uint8_t *frame, size_t len, void *arg)
{
	(void)frame;
	(void)arg;
	assert_int_equal(len, FRAME_LEN);
	others++;
	return takes_others;
}

static void on_put(const struct tmip_addr *addr, const struct tmip_station *entry)
{
	while (!(entry->flags & TMIP_STATION_F_HELD) && slip_in)
		frame_for(addr, 1000 + --slip_in);
	buffer_put(buffer, addr, entry);
}

static void on_remove(const struct tmip_addr *addr)
{
	buffer_remove(buffer, addr);
}

static int create(void **state)
{
	struct buffer_setup setup;

	world_setup(state);
	probes = others = slip_in = 0;
	takes_others = false;
	w->config.buffer_bytes = 100000;
	w->config.buffer_total = 200000;
	w->config.buffer_time = BUFFER_MS;
	trail = trail_create(8);
	setup = (struct buffer_setup){
		.base = w->base, .config = &w->config, .dp = &fake_datapath, .roam = w->roam,
		.trail = trail, .calls = {.probe = on_probe, .other_frame = on_other},
	};
	buffer = buffer_create(&setup);
	if (!buffer || !trail)
		return -1;
	buffer_configure(buffer);
	w->put = on_put;
	w->remove = on_remove;
	station = station_in(1, 9, WLAN0);
	fake_log_forget();
	return 0;
}

static void end_buffer(void)
{
	w->put = NULL;
	w->remove = NULL;
	buffer_destroy(buffer);
	buffer = NULL;
}

static int destroy(void **state)
{
	end_buffer();
	trail_destroy(trail);
	return world_teardown(state);
}

static void leaves(void)
{
	struct tmip_mac its = mac(9);

	assert_int_equal(roam_departed(w->roam, &its, 0), 1);
}

static void appears(void)
{
	struct tmip_mac its = mac(9);

	seen_in(WLAN0, &station, &its);
}

static bool is_held(void)
{
	return entry_of(&station)->flags & TMIP_STATION_F_HELD;
}

/* Frames with the numbers first to last come out of the data path, and are read. */
static void frames(unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++)
		frame_for(&station, i);
	while (fake_tap_waiting())
		time_passes(0);
}

/* A turn of a millisecond: its pause is one of libevent's own. */
static void turn(void)
{
	fake_now_ms++;
	time_fires_others();
}

static void expect_written(unsigned first, unsigned count)
{
	assert_int_equal(fake_tap.written_count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(number_of(i), first + i);
}

static struct buffer_counts counts_of(void)
{
	struct buffer_counts counts;

	buffer_count(buffer, &counts);
	return counts;
}

/* ---- hold and replay */

static void held_packets_are_replayed_in_order(void **state)
{
	(void)state;
	leaves();
	assert_true(is_held());
	frames(1, 10);
	expect_written(1, 0);
	assert_int_equal(counts_of().hold.packets, 10);
	appears();
	assert_true(is_held()); /* until the last one has left */
	time_passes(0);
	expect_written(1, 10);
	assert_false(is_held());
	assert_int_equal(counts_of().hold.stations, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO,
					"[02:00:00:01:00:09] 10 packets that were held for it"), 1);
}

static void the_first_packet_asks_for_the_station(void **state)
{
	(void)state;
	leaves();
	frames(1, 5);
	assert_int_equal(probes, 1);
}

/* A burst of all of them would find no room in the station's socket. */
static void many_packets_leave_over_a_tenth_of_a_second(void **state)
{
	const unsigned all = 1200;
	unsigned before;

	(void)state;
	leaves();
	frames(1, all);
	appears();
	time_passes(0);
	assert_in_range(fake_tap.written_count, 1, 40);
	for (int i = 0; i < PACE_MS && is_held(); i++) {
		before = fake_tap.written_count;
		turn();
		assert_true(fake_tap.written_count - before <= 40);
	}
	expect_written(1, all);
	assert_false(is_held());
}

static void what_comes_meanwhile_lines_up_behind(void **state)
{
	(void)state;
	leaves();
	frames(1, 200);
	appears();
	time_passes(0);
	assert_true(fake_tap.written_count < 200);
	frames(201, 250);
	for (int i = 0; i < PACE_MS && is_held(); i++)
		turn();
	expect_written(1, 250);
	assert_false(is_held());
}

static void what_waits_in_the_device_is_read_before_the_holding_ends(void **state)
{
	(void)state;
	leaves();
	for (unsigned i = 1; i <= 700; i++)
		frame_for(&station, i);
	appears();
	time_passes(0);
	for (int i = 0; i < PACE_MS && is_held(); i++)
		turn();
	expect_written(1, 700);
	assert_false(is_held());
	assert_int_equal(others, 0);
}

/* The data path goes on putting packets here until it sees the new entry. */
static void what_slips_in_at_the_end_is_replayed(void **state)
{
	(void)state;
	leaves();
	frames(1, 3);
	slip_in = 2;
	appears();
	time_passes(0);
	assert_false(is_held());
	assert_int_equal(fake_tap.written_count, 5);
	assert_int_equal(number_of(3), 1001);
	assert_int_equal(number_of(4), 1000);
	assert_int_equal(others, 0);
}

static void a_station_that_leaves_again_keeps_the_rest(void **state)
{
	unsigned sent;

	(void)state;
	leaves();
	frames(1, 200);
	appears();
	time_passes(0);
	sent = fake_tap.written_count;
	leaves();
	for (int i = 0; i < 10; i++)
		turn();
	assert_int_equal(fake_tap.written_count, sent);
	frames(201, 202);
	appears();
	time_passes(0);
	for (int i = 0; i < PACE_MS && is_held(); i++)
		turn();
	expect_written(1, 202);
}

static void a_station_without_packets_is_released_at_once(void **state)
{
	(void)state;
	leaves();
	appears();
	time_passes(0);
	assert_false(is_held());
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "packets"), 0);
}

/* ---- lost, and said so */

static void a_station_that_does_not_appear_loses_its_packets(void **state)
{
	(void)state;
	leaves();
	frames(1, 7);
	time_passes(BUFFER_MS - 1);
	assert_true(is_held());
	time_passes(1);
	assert_false(is_held());
	expect_written(1, 0);
	assert_int_equal(counts_of().hold.expired, 7);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO,
					"[02:00:00:01:00:09] 7 packets that were held"), 1);
}

static void nothing_is_logged_of_no_packets(void **state)
{
	(void)state;
	leaves();
	time_passes(BUFFER_MS);
	assert_false(is_held());
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "dropped"), 0);
}

static void each_station_has_its_own_time(void **state)
{
	struct tmip_addr second = station_in(1, 8, WLAN0);
	struct tmip_mac its = mac(8);

	(void)state;
	leaves();
	time_passes(2000);
	roam_departed(w->roam, &its, 0);
	time_passes(BUFFER_MS - 2000);
	assert_false(is_held());
	assert_true(entry_of(&second)->flags & TMIP_STATION_F_HELD);
	time_passes(2000);
	assert_false(entry_of(&second)->flags & TMIP_STATION_F_HELD);
}

static void a_station_that_appears_at_the_last_moment_loses_nothing(void **state)
{
	(void)state;
	leaves();
	frames(1, 1000);
	time_passes(BUFFER_MS - 10);
	appears();
	for (int i = 0; i < PACE_MS && is_held(); i++) {
		time_passes(1);
		time_fires_others();
	}
	expect_written(1, 1000);
	assert_false(is_held());
	assert_int_equal(counts_of().hold.expired, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "dropped"), 0);
}

static void a_station_that_leaves_again_has_all_the_time_again(void **state)
{
	(void)state;
	leaves();
	frames(1, 200);
	time_passes(BUFFER_MS - 10);
	appears();
	time_passes(0);
	assert_true(is_held());
	leaves();
	time_passes(BUFFER_MS - 1);
	assert_true(is_held());
	assert_int_equal(counts_of().hold.expired, 0);
	time_passes(1);
	assert_false(is_held());
	assert_int_equal(counts_of().hold.expired, 200 - fake_tap.written_count);
}

static void what_finds_no_room_is_counted(void **state)
{
	(void)state;
	w->config.buffer_bytes = 10 * (FRAME_LEN + 16);
	buffer_configure(buffer);
	leaves();
	frames(1, 15);
	assert_int_equal(counts_of().hold.packets, 10);
	assert_int_equal(counts_of().hold.overflow, 5);
	appears();
	time_passes(0);
	expect_written(1, 10); /* the oldest ones */
}

static void what_the_kernel_does_not_take_back_is_counted(void **state)
{
	(void)state;
	leaves();
	frames(1, 3);
	fake_tap.write_error = -ENOBUFS;
	appears();
	time_passes(0);
	assert_int_equal(counts_of().not_sent, 3);
	assert_false(is_held());
}

static void what_found_no_room_in_the_device_is_counted(void **state)
{
	(void)state;
	fake_interface_add(FAKE_TAP_IFINDEX, "tmiphold0", NULL)->dropped = 12;
	assert_int_equal(counts_of().lost, 12);
	assert_true(counts_of().usable);
}

static void a_station_that_is_no_more_needs_no_packets(void **state)
{
	struct station_record record = record_of(station, CN1);

	(void)state;
	leaves();
	frames(1, 3);
	appears();
	record.state = RECORD_FREE;
	commit(&record, 0);
	time_passes(0);
	expect_written(1, 0);
	assert_int_equal(counts_of().hold.expired, 3);
	assert_int_equal(counts_of().hold.stations, 0);
}

/* ---- other frames */

static void a_frame_that_nothing_is_held_for_goes_back(void **state)
{
	(void)state;
	frames(1, 2);
	assert_int_equal(others, 2);
	expect_written(1, 2);
	takes_others = true;
	frames(3, 4);
	assert_int_equal(others, 4);
	expect_written(1, 2);
}

/* A station could choose MACs that mean something when its packet comes back. */
static void the_macs_of_a_frame_are_forgotten(void **state)
{
	static const uint8_t zeroes[12];
	uint8_t frame[FRAME_LEN] = {TMIP_FRAGMENT_LOCAL, TMIP_FRAGMENT_CN, 9, 9, 9, 9, 1, 2,
				    [12] = 0x08, [14] = 0x45};

	(void)state;
	leaves();
	memcpy(frame + 30, station.v4, sizeof(station.v4));
	fake_tap_put(frame, sizeof(frame));
	time_passes(0);
	appears();
	time_passes(0);
	assert_int_equal(fake_tap.written_count, 1);
	assert_memory_equal(fake_tap.written[0].data, zeroes, sizeof(zeroes));
}

/* ---- packets that are too big for their way */

static void put_too_big(size_t packet, uint8_t from, uint16_t mtu)
{
	struct tmip_fragment head = {.local = TMIP_FRAGMENT_LOCAL, .way = TMIP_FRAGMENT_CN,
				     .to = {192, 0, 2, 2}, .from = {from, 0, 0, from},
				     .protocol = {0x88, 0xb5}};
	uint8_t frame[256] = {[14] = 0x45};

	memcpy(head.mtu, &mtu, sizeof(mtu));
	memcpy(frame, &head, sizeof(head));
	frame[16] = (uint8_t)(packet >> 8);
	frame[17] = (uint8_t)packet;
	memcpy(frame + 30, station.v4, sizeof(station.v4));
	fake_tap_put(frame, 14 + packet);
	time_passes(0);
}

static void expect_header(unsigned i)
{
	static const uint8_t way[6] = {TMIP_FRAGMENT_LOCAL, TMIP_FRAGMENT_CN, 192, 0, 2, 2};

	assert_memory_equal(fake_tap.written[i].data, way, sizeof(way));
	assert_int_equal(fake_tap.written[i].data[12], 0x08);
	assert_int_equal(fake_tap.written[i].data[13], 0);
}

static void they_are_fragmented_and_go_on(void **state)
{
	(void)state;
	leaves(); /* what is held for its receiver is no matter */
	put_too_big(200, 0, 148);
	assert_int_equal(fake_tap.written_count, 2);
	assert_int_equal(fake_tap.written[0].len, 14 + 20 + 128);
	assert_int_equal(fake_tap.written[1].len, 14 + 20 + 52);
	expect_header(0);
	expect_header(1);
	assert_int_equal(others, 0);
	assert_int_equal(counts_of().hold.packets, 0);
}

static void their_senders_get_an_error(void **state)
{
	(void)state;
	put_too_big(200, 10, 148);
	assert_int_equal(fake_tap.written_count, 1);
	assert_int_equal(fake_tap.written[0].len, 14 + 96);
	expect_header(0);
	assert_int_equal(fake_tap.written[0].data[14 + 20], 3); /* unreachable */
	assert_int_equal(fake_tap.written[0].data[14 + 21], 4); /* fragmentation needed */
}

static void those_that_do_not_leave_are_counted(void **state)
{
	(void)state;
	put_too_big(200, 0, 20); /* no fragment fits */
	assert_int_equal(counts_of().not_sent, 1);
	put_too_big(60, 10, 48); /* too short for an error */
	assert_int_equal(counts_of().not_sent, 2);
	fake_tap.write_error = -ENOBUFS;
	put_too_big(200, 0, 148);
	assert_int_equal(counts_of().not_sent, 3);
	assert_int_equal(fake_tap.written_count, 0);
}

static void what_the_data_path_cannot_have_sent_is_ignored(void **state)
{
	uint8_t arp[FRAME_LEN] = {[12] = 0x08, [13] = 0x06}, cut[33] = {[12] = 0x08};

	(void)state;
	fake_tap_put(arp, sizeof(arp));
	fake_tap_put(cut, sizeof(cut));
	time_passes(0);
	assert_int_equal(fake_tap_waiting(), 0);
	assert_int_equal(others, 0);
	expect_written(1, 0);
}

static void a_frame_can_be_put_into_the_device(void **state)
{
	uint8_t frame[FRAME_LEN] = {0};

	(void)state;
	assert_int_equal(buffer_inject(buffer, frame, sizeof(frame)), 0);
	assert_int_equal(fake_tap.written_count, 1);
	fake_tap.write_error = -ENOBUFS;
	assert_int_equal(buffer_inject(buffer, frame, sizeof(frame)), -ENOBUFS);
}

/* ---- the device */

/* A buffer of its own, whose configuration has not been followed yet. */
static struct buffer *another(void)
{
	const struct buffer_setup setup = {
		.base = w->base, .config = &w->config, .dp = &fake_datapath, .roam = w->roam,
		.trail = trail, .calls = {.probe = on_probe, .other_frame = on_other},
	};

	end_buffer();
	fake_tap_reset();
	fake_datapath_reset();
	buffer = buffer_create(&setup);
	assert_non_null(buffer);
	return buffer;
}

static void the_device_is_made_when_it_is_first_needed(void **state)
{
	(void)state;
	w->config.buffer_bytes = 0;
	w->config.multicast_home = false;
	buffer_configure(another());
	assert_int_equal(fake_tap.opened, 0);
	assert_int_equal(buffer_ifindex(buffer), 0);
	w->config.buffer_bytes = 1000;
	buffer_configure(buffer);
	assert_int_equal(buffer_ifindex(buffer), FAKE_TAP_IFINDEX);
	assert_int_equal(fake_datapath.hold, FAKE_TAP_IFINDEX);
	assert_true(buffer_usable(buffer));
	buffer_configure(buffer);
	assert_int_equal(fake_tap.opened, 1);
}

static void copies_need_the_device_as_well(void **state)
{
	(void)state;
	w->config.buffer_bytes = 0;
	w->config.multicast_home = true;
	buffer_configure(another());
	assert_int_equal(buffer_ifindex(buffer), FAKE_TAP_IFINDEX);
	assert_false(buffer_usable(buffer)); /* nothing is held */
}

static void without_a_device_nothing_is_held(void **state)
{
	struct tmip_station entry = {.flags = TMIP_STATION_F_SILENT | TMIP_STATION_F_HELD};
	uint8_t frame[FRAME_LEN] = {0};

	(void)state;
	another();
	fake_tap.open_error = -EPERM;
	buffer_configure(buffer);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "are not held"), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "no device here"), 1);
	assert_false(buffer_usable(buffer));
	assert_int_equal(buffer_ifindex(buffer), 0);
	assert_int_equal(buffer_inject(buffer, frame, sizeof(frame)), -ENODEV);
	buffer_put(buffer, &station, &entry);
	assert_int_equal(counts_of().hold.stations, 0);
	assert_int_equal(time_armed(), 0);
	buffer_configure(buffer); /* it does not try for ever */
	assert_int_equal(fake_tap.opened, 1);
}

static void without_its_program_the_device_is_of_no_use(void **state)
{
	(void)state;
	another();
	fake_datapath.hold_error = -EINVAL;
	buffer_configure(buffer);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "refuses the program of held packets"), 1);
	assert_false(buffer_usable(buffer));
	assert_int_equal(buffer_ifindex(buffer), 0);
}

/* ---- the end of the agent */

static void what_is_on_its_way_leaves_before_the_end(void **state)
{
	(void)state;
	leaves();
	frames(1, 200);
	appears();
	time_passes(0);
	end_buffer();
	expect_written(1, 200);
}

static void what_waits_for_a_station_ends_with_the_agent(void **state)
{
	(void)state;
	leaves();
	frames(1, 5);
	end_buffer();
	expect_written(1, 0);
	buffer_destroy(NULL);
}

int main(void)
{
#define BUFFER_CASE(name) cmocka_unit_test_setup_teardown(name, create, destroy)
	const struct CMUnitTest tests[] = {
		BUFFER_CASE(held_packets_are_replayed_in_order),
		BUFFER_CASE(the_first_packet_asks_for_the_station),
		BUFFER_CASE(many_packets_leave_over_a_tenth_of_a_second),
		BUFFER_CASE(what_comes_meanwhile_lines_up_behind),
		BUFFER_CASE(what_waits_in_the_device_is_read_before_the_holding_ends),
		BUFFER_CASE(what_slips_in_at_the_end_is_replayed),
		BUFFER_CASE(a_station_that_leaves_again_keeps_the_rest),
		BUFFER_CASE(a_station_without_packets_is_released_at_once),
		BUFFER_CASE(a_station_that_does_not_appear_loses_its_packets),
		BUFFER_CASE(nothing_is_logged_of_no_packets),
		BUFFER_CASE(each_station_has_its_own_time),
		BUFFER_CASE(a_station_that_appears_at_the_last_moment_loses_nothing),
		BUFFER_CASE(a_station_that_leaves_again_has_all_the_time_again),
		BUFFER_CASE(what_finds_no_room_is_counted),
		BUFFER_CASE(what_the_kernel_does_not_take_back_is_counted),
		BUFFER_CASE(what_found_no_room_in_the_device_is_counted),
		BUFFER_CASE(a_station_that_is_no_more_needs_no_packets),
		BUFFER_CASE(a_frame_that_nothing_is_held_for_goes_back),
		BUFFER_CASE(the_macs_of_a_frame_are_forgotten),
		BUFFER_CASE(they_are_fragmented_and_go_on),
		BUFFER_CASE(their_senders_get_an_error),
		BUFFER_CASE(those_that_do_not_leave_are_counted),
		BUFFER_CASE(what_the_data_path_cannot_have_sent_is_ignored),
		BUFFER_CASE(a_frame_can_be_put_into_the_device),
		BUFFER_CASE(the_device_is_made_when_it_is_first_needed),
		BUFFER_CASE(copies_need_the_device_as_well),
		BUFFER_CASE(without_a_device_nothing_is_held),
		BUFFER_CASE(without_its_program_the_device_is_of_no_use),
		BUFFER_CASE(what_is_on_its_way_leaves_before_the_end),
		BUFFER_CASE(what_waits_for_a_station_ends_with_the_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
