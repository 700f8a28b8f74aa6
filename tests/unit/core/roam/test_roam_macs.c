/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host with several MACs: which one gets the packets, in which place, and who is asked before it
 * changes. The register of this world names CABLE as another MAC of the station.
 */
#include "roam_world.h"

#define KEEP 1000 /* a MAC stays in use for so long */
#define PAUSE 1000

static const struct tmip_mac CABLE = {{2, 0, 0, 0, 0, 0x10}};

static struct tmip_addr host(void)
{
	return ip(1, 9);
}

/* All CNs get the record with the other MAC; the first change is long ago. */
static int docked(void **state)
{
	setup(state);
	w->crowd = true;
	w->record.others[0] = CABLE;
	w->record.other_count = 1;
	w->record.version.seq = ++w->seq;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
	w->now += 60000;
	return 0;
}

static void cable_seen(uint32_t id)
{
	struct tmip_addr addr = host();

	seen(id, &addr, &CABLE);
}

static void cable_answers(uint32_t id)
{
	struct tmip_event event = {.type = TMIP_EVENT_ANSWERED, .ifindex = id * 10, .mac = CABLE,
				   .addr = host(), .protocol = __builtin_bswap16(0x0806)};

	roam_answered(w->cn[id].roam, &event, w->now);
}

static void answered(uint32_t id, enum roam_holder answer)
{
	struct tmip_addr addr = host();

	answer_asked(id, &addr, answer);
	deliver_all();
}

static void expect_mac(uint32_t id, const struct tmip_mac *mac)
{
	assert_memory_equal(&entry(id, host())->mac, mac, sizeof(*mac));
}

static void the_programs_know_all_macs(void **state)
{
	(void)state;
	for (uint32_t id = 1; id <= CNS; id++)
		assert_int_equal(w->cn[id].macs, 2);
	w->record.other_count = 0;
	w->record.version.seq = ++w->seq;
	roam_record(w->cn[2].roam, &w->record, 0, w->now);
	assert_int_equal(w->cn[2].macs, 1);
}

static void the_mac_that_sends_gets_the_packets(void **state)
{
	(void)state;
	cable_seen(1);
	expect_mac(1, &CABLE);
	expect(1, host(), TMIP_STATION_HOME, 1);
	assert_memory_equal(&w->cn[1].announced_mac, &CABLE, sizeof(CABLE));
	assert_memory_equal(&w->cn[1].neighbour, &CABLE, sizeof(CABLE));
	assert_int_equal(w->cn[1].asked, 0);
	assert_int_equal(w->queued, 1); /* the register hears of it */
	assert_int_equal(w->queue[0].message.type, MLRP_HANDOVER);
	assert_memory_equal(&w->queue[0].message.mac, &CABLE, sizeof(CABLE));
}

static void it_is_found_in_another_cell_too(void **state)
{
	(void)state;
	cable_seen(2);
	expect_mac(2, &CABLE);
	expect(2, host(), TMIP_STATION_VISITING, 2);
	deliver_all();
	expect_everywhere(2);
	/* The parent hears by MOVED which MAC it is, and no access point drops the other one. */
	assert_int_equal(w->cn[1].gone_ifindex, 0);
	assert_int_equal(w->cn[1].announced_ifindex, 10); /* unless it answers: farewell.c */
}

static void a_change_lasts_for_a_while(void **state)
{
	struct tmip_addr addr = host();

	(void)state;
	cable_seen(1);
	w->now += KEEP / 2;
	seen(1, &addr, &MAC);
	expect_mac(1, &CABLE);
	assert_int_equal(w->cn[1].asked, 1);
	answered(1, ROAM_HOLDER_THERE);
	expect_mac(1, &CABLE);
	/* It goes on sending. */
	time_goes(1, KEEP);
	answered(1, ROAM_HOLDER_THERE);
	time_goes(1, KEEP);
	expect_mac(1, &MAC);
}

static void not_if_the_one_in_use_is_mute(void **state)
{
	struct tmip_addr addr = host();

	(void)state;
	cable_seen(1);
	w->now += KEEP / 2;
	seen(1, &addr, &MAC);
	answered(1, ROAM_HOLDER_MUTE);
	expect_mac(1, &MAC);
}

/* Two interfaces send all the time, each with an event a second. */
static void two_that_chatter_do_not_flap(void **state)
{
	struct tmip_addr addr = host();
	unsigned changes = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		const struct tmip_mac before = entry(1, addr)->mac;

		seen(1, &addr, &MAC);
		cable_seen(1);
		for (int j = 0; j < 4; j++) {
			answered(1, ROAM_HOLDER_THERE);
			time_goes(1, 250);
		}
		changes += memcmp(&before, &entry(1, addr)->mac, sizeof(before)) != 0;
	}
	assert_in_range(changes, 1, 8); /* 1, 2, 4 ... seconds */
}

static void an_answer_is_no_use(void **state)
{
	(void)state;
	cable_answers(2);
	expect_mac(2, &MAC);
	assert_int_equal(w->cn[2].asked, 1);
	answered(2, ROAM_HOLDER_THERE);
	expect_everywhere(1);
	cable_answers(2); /* is not asked again at once */
	assert_int_equal(w->cn[2].asked, 1);
	time_goes(2, PAUSE);
	cable_answers(2);
	answered(2, ROAM_HOLDER_MUTE);
	expect_everywhere(2);
	expect_mac(2, &CABLE);
}

static void a_frame_without_an_address_is_no_use(void **state)
{
	(void)state;
	link_seen(1, &CABLE, 0x86dd);
	time_goes(1, 200);
	answered(1, ROAM_HOLDER_THERE);
	time_goes(1, 5000);
	expect_mac(1, &MAC);
	assert_int_equal(w->cn[1].greeted, 0);
}

/* It was asked a while ago, and the MAC in use was there. Now the host answers somebody else. */
static void an_answer_is_no_use_later_either(void **state)
{
	(void)state;
	link_seen(2, &CABLE, 0x86dd);
	answered(2, ROAM_HOLDER_THERE);
	time_goes(2, 3000);
	cable_answers(2);
	deliver_all();
	expect_everywhere(1);
	expect_mac(2, &MAC);
}

static void a_silent_host_is_looked_for(void **state)
{
	struct tmip_addr addr = host();

	(void)state;
	cable_seen(2);
	deliver_all();
	expect_everywhere(2);
	w->now += 60000;
	w->cn[1].probed = 0;
	roam_silent(w->cn[2].roam, &addr, "test");
	deliver_all();
	assert_int_equal(w->cn[1].probed, 2); /* for both */
	struct tmip_event event = {.type = TMIP_EVENT_ANSWERED, .ifindex = 10, .mac = MAC,
				   .addr = addr, .protocol = __builtin_bswap16(0x0806)};
	roam_answered(w->cn[1].roam, &event, w->now);
	deliver_all();
	expect_everywhere(1);
	expect_mac(1, &MAC);
}

/* The CN that has asked about the host may hear its other MAC. */
static void who_has_asked_is_asked(void **state)
{
	struct tmip_addr addr = host();
	const struct mlrp_message probe = {.type = MLRP_PROBE, .addr = addr, .mac = MAC,
					   .has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_MAC)};

	(void)state;
	roam_cn_message(w->cn[1].roam, 3, &probe, w->now);
	w->cn[3].probed = w->cn[2].probed = 0;
	roam_silent(w->cn[1].roam, &addr, "test");
	deliver_all();
	assert_int_equal(w->cn[3].probed, 2); /* for both MACs */
	assert_int_equal(w->cn[2].probed, 0);
}

/* The WLAN at CN 1 speaks again. */
static void undock(void)
{
	struct tmip_addr addr = host();

	deliver_all();
	expect_everywhere(2);
	time_goes(2, 2 * KEEP);
	time_goes(1, 2 * KEEP);
	seen(1, &addr, &MAC);
	deliver_all();
	expect_everywhere(1);
}

/* A question from before the host spoke is over: what became of it says nothing of the next one. */
static void a_question_ends_with_the_move(void **state)
{
	(void)state;
	link_seen(2, &CABLE, 0x0800);
	cable_seen(2);
	answered(2, ROAM_HOLDER_THERE); /* it has just moved on */
	undock();
	w->cn[2].asked = 0;
	link_seen(2, &CABLE, 0x0800);
	assert_int_equal(w->cn[2].asked, 1);
	answered(2, ROAM_HOLDER_MUTE);
	expect_everywhere(2);
	expect_mac(2, &CABLE);
}

static void an_answer_that_comes_after_the_move_is_late(void **state)
{
	(void)state;
	link_seen(2, &CABLE, 0x0800);
	cable_seen(2);
	undock();
	answered(2, ROAM_HOLDER_MUTE);
	expect_everywhere(1);
	expect_mac(1, &MAC);
}

/* Whoever has lost the host is believed, whatever it said a moment ago. */
static void a_search_makes_former_answers_void(void **state)
{
	struct tmip_addr addr = host();

	(void)state;
	cable_seen(2);
	undock();
	link_seen(2, &CABLE, 0x0800);
	answered(2, ROAM_HOLDER_THERE);
	cable_answers(2);
	w->cn[2].asked = 0;
	roam_silent(w->cn[1].roam, &addr, "test");
	deliver_all();
	cable_answers(2);
	assert_int_equal(w->cn[2].asked, 1);
	answered(2, ROAM_HOLDER_MUTE);
	expect_everywhere(2);
	expect_mac(2, &CABLE);
}

/* The same if the question was about an answer by ARP. */
static void a_search_makes_answers_about_answers_void(void **state)
{
	struct tmip_addr addr = host();

	(void)state;
	cable_seen(2);
	undock();
	cable_answers(2);
	answered(2, ROAM_HOLDER_THERE);
	w->cn[2].asked = 0;
	roam_silent(w->cn[1].roam, &addr, "test");
	deliver_all();
	cable_answers(2);
	assert_int_equal(w->cn[2].asked, 1);
	answered(2, ROAM_HOLDER_MUTE);
	expect_everywhere(2);
}

/* The MAC in use gives the address back: the host has it by the other one, which is elsewhere. */
static void a_mac_that_is_given_up_is_replaced(void **state)
{
	struct tmip_addr addr = host();

	(void)state;
	cable_seen(2);
	deliver_all();
	w->now += 60000;
	w->record.mac = MAC;
	w->record.other_count = 0;
	w->record.version.seq = ++w->seq;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
	assert_true(entry(2, addr)->flags & TMIP_STATION_F_SILENT);
	w->cn[1].probed = 0;
	deliver_all();
	assert_int_equal(w->cn[1].probed, 1);
	arp_seen(1, &addr);
	deliver_all();
	expect_everywhere(1);
	expect_mac(1, &MAC);
}

static void a_station_with_one_mac_is_not_looked_for(void **state)
{
	struct tmip_addr addr = host();

	(void)state;
	w->record.other_count = 0;
	w->record.version.seq = ++w->seq;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
	w->cn[1].probed = 0;
	roam_silent(w->cn[1].roam, &addr, "test");
	assert_int_equal(w->cn[1].probed, 0);
	assert_int_equal(w->queued, 0);
	/* And the other MAC is a rival now. */
	cable_seen(1);
	expect_mac(1, &MAC);
	time_goes(1, 100);
	assert_int_equal(w->cn[1].asked, 1);
}

static void without_a_register_too(void **state)
{
	struct tmip_addr addr = host();

	(void)state;
	lose_register(true);
	cable_seen(2);
	deliver_all();
	expect(1, addr, TMIP_STATION_AWAY, 2);
	expect(3, addr, TMIP_STATION_ELSEWHERE, 1); /* nobody has told it yet */
	expect_mac(2, &CABLE);
	lose_register(false);
	assert_int_equal(w->queued, 1);
	assert_memory_equal(&w->queue[0].message.mac, &CABLE, sizeof(CABLE));
	deliver_all();
	expect_everywhere(2);
}

/* An earlier version tells no MAC with MOVED, and the register's record comes first or last. */
static void the_record_may_name_either_first(void **state)
{
	(void)state;
	cable_seen(2);
	w->record.mac = CABLE;
	w->record.others[0] = MAC;
	w->record.current = 2;
	w->record.version.seq = ++w->seq;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
	deliver_all();
	expect_everywhere(2);
	for (uint32_t id = 1; id <= CNS; id++)
		expect_mac(id, &CABLE);
}

static void a_change_that_waits_moves_with_the_cell(void **state)
{
	(void)state;
	cable_answers(2);
	roam_move_cell(w->cn[2].roam, 20, 55);
	answered(2, ROAM_HOLDER_MUTE);
	expect_everywhere(2);
	assert_int_equal(entry(2, host())->ifindex, 55);
}

/* The CN stood still: the MAC that sent is asked, not the one that the record names first. */
static void an_old_frame_is_asked_about_by_its_mac(void **state)
{
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = 20, .mac = CABLE,
				   .addr = host(), .protocol = __builtin_bswap16(0x0800),
				   .time_ns = 1000000};

	(void)state;
	roam_seen(w->cn[2].roam, &event, w->now);
	assert_int_equal(w->cn[2].recalled_ifindex, 20);
	assert_memory_equal(&w->cn[2].probed_mac, &CABLE, sizeof(CABLE));
	expect_everywhere(1);
}

/* Its moves have crossed: it is asked by the MAC that it used here. */
static void it_is_recalled_by_the_mac_that_it_used(void **state)
{
	struct mlrp_message message = {.type = MLRP_MOVED, .has = MLRP_HAS(MLRP_F_STATION)};

	(void)state;
	cable_seen(2);
	expect_mac(2, &CABLE);
	message.station = w->record;
	message.station.current = 3;
	roam_cn_message(w->cn[2].roam, 1, &message, w->now);
	expect(2, host(), TMIP_STATION_ELSEWHERE, 3);
	assert_int_equal(w->cn[2].recalled_ifindex, 20);
	assert_memory_equal(&w->cn[2].probed_mac, &CABLE, sizeof(CABLE));
}

/* The agent does not look for ever for the stations that have the MAC. */
static void a_mac_that_is_named_twice_counts_once(void **state)
{
	const struct replica *replica = roam_replica(w->cn[2].roam);
	const struct replica_station *station;

	(void)state;
	w->record.others[0] = w->record.mac;
	w->record.others[1] = w->record.others[2] = CABLE;
	w->record.other_count = 3;
	w->record.version.seq = ++w->seq;
	roam_record(w->cn[2].roam, &w->record, 0, w->now);
	station = replica_find_mac(replica, &MAC);
	assert_non_null(station);
	assert_null(replica_next_mac(replica, &MAC, station));
	station = replica_find_mac(replica, &CABLE);
	assert_non_null(station);
	assert_null(replica_next_mac(replica, &CABLE, station));
}

#define DOCKED(name) cmocka_unit_test_setup_teardown(name, docked, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOCKED(the_programs_know_all_macs),
		DOCKED(the_mac_that_sends_gets_the_packets),
		DOCKED(it_is_found_in_another_cell_too),
		DOCKED(a_change_lasts_for_a_while),
		DOCKED(not_if_the_one_in_use_is_mute),
		DOCKED(two_that_chatter_do_not_flap),
		DOCKED(an_answer_is_no_use),
		DOCKED(a_frame_without_an_address_is_no_use),
		DOCKED(an_answer_is_no_use_later_either),
		DOCKED(a_silent_host_is_looked_for),
		DOCKED(who_has_asked_is_asked),
		DOCKED(a_question_ends_with_the_move),
		DOCKED(an_answer_that_comes_after_the_move_is_late),
		DOCKED(a_search_makes_former_answers_void),
		DOCKED(a_search_makes_answers_about_answers_void),
		DOCKED(a_mac_that_is_given_up_is_replaced),
		DOCKED(a_station_with_one_mac_is_not_looked_for),
		DOCKED(without_a_register_too),
		DOCKED(the_record_may_name_either_first),
		DOCKED(a_change_that_waits_moves_with_the_cell),
		DOCKED(an_old_frame_is_asked_about_by_its_mac),
		DOCKED(it_is_recalled_by_the_mac_that_it_used),
		DOCKED(a_mac_that_is_named_twice_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
