/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames without an address: which addresses of their MAC come to the cell, and when. */
#include "roam_world.h"

#define IPV6 0x86dd
#define RARP 0x8035
#define LENGTH 6     /* of a frame of IEEE 802.2 */
#define THERE 40     /* an answer here is no proof so long */
#define SPREAD 300   /* the same, if the MAC has addresses in several places */
#define STAYS 5000
#define ASKED_MAX 48
#define ADDRESSES_MAX 16

/* The station's second address, which is elsewhere. */
static struct tmip_addr add_address(uint32_t current)
{
	struct station_record second = w->record;

	second.addr = ip(1, 10);
	second.current = current;
	second.version.seq++;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &second, 0, w->now);
	return second.addr;
}

static void nothing_moves_by_the_frame_alone(void **state)
{
	(void)state;
	link_seen(3, &MAC, IPV6);
	deliver_all();
	expect_everywhere(1);
	assert_int_equal(w->cn[3].probed, 1);
	assert_int_equal(w->cn[3].recalled_ifindex, 30);
	assert_int_equal(w->cn[3].asked, 1);
}

/* Both places have had the time to answer. */
static void who_answers_here_and_not_there_is_here(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	link_seen(3, &MAC, IPV6);
	arp_seen(3, &addr);
	time_goes(3, THERE - 1);
	expect_everywhere(1);
	time_goes(3, 1);
	deliver_all();
	expect_everywhere(3);
	assert_int_equal(w->cn[3].greeted, 1);
	assert_int_equal(w->cn[3].probed, 1);
	assert_int_equal(roam_next_due(w->cn[3].roam), 0);
}

static void a_late_answer_counts_at_once(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	link_seen(3, &MAC, IPV6);
	time_goes(3, THERE);
	assert_true(w->cn[3].probed > 3);
	expect_everywhere(1);
	arp_seen(3, &addr);
	deliver_all();
	expect_everywhere(3);
}

static void who_answers_there_too_stays_there(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	unsigned probed;

	(void)state;
	link_seen(3, &MAC, IPV6);
	arp_seen(3, &addr);
	answer_asked(3, &addr, ROAM_HOLDER_THERE);
	probed = w->cn[3].probed;
	for (int i = 0; i < STAYS / 100 - 1; i++) {
		time_goes(3, 100);
		link_seen(3, &MAC, IPV6); /* asks nothing more */
		if (i < 5)
			arp_seen(3, &addr); /* answers to probes that were on their way */
	}
	deliver_all();
	expect_everywhere(1);
	assert_int_equal(w->cn[3].probed, probed);
	assert_int_equal(w->cn[3].asked, 1);
	time_goes(3, 100);
	link_seen(3, &MAC, IPV6);
	assert_int_equal(w->cn[3].asked, 2);
}

static void a_packet_of_its_own_is_proof(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	link_seen(3, &MAC, IPV6);
	answer_asked(3, &addr, ROAM_HOLDER_THERE);
	seen(3, &addr, &MAC);
	deliver_all();
	expect_everywhere(3);
	seen(1, &addr, &MAC);
	deliver_all();
	link_seen(3, &MAC, IPV6);
	answer_asked(3, &addr, ROAM_HOLDER_THERE);
	w->now += 1000; /* no answer of ours comes so late */
	arp_seen(3, &addr);
	deliver_all();
	expect_everywhere(3);
}

static void who_is_gone_there_is_here(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	link_seen(3, &MAC, IPV6);
	answer_asked(3, &addr, ROAM_HOLDER_MUTE);
	deliver_all();
	expect_everywhere(3);
	assert_int_equal(w->cn[3].greeted, 1);
}

static void who_is_silent_there_is_here(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	roam_silent(w->cn[1].roam, &addr, "for a test");
	link_seen(1, &MAC, IPV6); /* heard again in its own cell */
	assert_int_equal(w->cn[1].asked, 0);
	assert_false(entry(1, addr)->flags & TMIP_STATION_F_SILENT);
}

/* Its CN cannot say anything. */
static void of_a_cn_that_is_away_nobody_is_asked_for_ever(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	link_seen(3, &MAC, IPV6);
	answer_asked(3, &addr, ROAM_HOLDER_UNREACHABLE);
	time_goes(3, 100);
	expect_everywhere(1); /* it has still time to answer here */
	time_goes(3, 500);
	deliver_all();
	expect_everywhere(3);
}

/* That CN forwards without an agent: nobody can say whether the station is there. */
static void of_a_cn_without_an_agent_nobody_knows(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	link_seen(3, &MAC, IPV6);
	answer_asked(3, &addr, ROAM_HOLDER_UNKNOWN);
	time_goes(3, 10000);
	expect(3, addr, TMIP_STATION_ELSEWHERE, 1);
	link_seen(3, &MAC, IPV6);
	answer_asked(3, &addr, ROAM_HOLDER_UNKNOWN);
	arp_seen(3, &addr);
	time_goes(3, 300);
	expect(3, addr, TMIP_STATION_VISITING, 3);
}

static void without_any_answer_it_stays(void **state)
{
	(void)state;
	link_seen(3, &MAC, IPV6);
	time_goes(3, 10000);
	deliver_all();
	expect_everywhere(1);
	assert_int_equal(w->cn[3].probed, 11);
	assert_int_equal(roam_next_due(w->cn[3].roam), 0);
}

/* QEMU, and access points, say that a MAC has moved: the answer counts at once. */
static void an_announced_mac_is_here_when_it_answers(void **state)
{
	const uint16_t kinds[] = {RARP, LENGTH};
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	for (int i = 0; i < 2; i++) {
		link_seen(3, &MAC, IPV6);
		link_seen(3, &MAC, kinds[i]);
		expect_everywhere(1);
		arp_seen(3, &addr);
		deliver_all();
		expect_everywhere(3);
		seen(1, &addr, &MAC);
		deliver_all();
		expect_everywhere(1);
		link_seen(3, &MAC, IPV6);
		answer_asked(3, &addr, ROAM_HOLDER_THERE);
		link_seen(3, &MAC, kinds[i]); /* later, it has moved after all */
		arp_seen(3, &addr);
		deliver_all();
		expect_everywhere(3);
		seen(1, &addr, &MAC);
		deliver_all();
	}
}

/* ---- addresses in several places */

static void an_address_here_explains_the_frame(void **state)
{
	struct tmip_addr second = add_address(3), addr = ip(1, 9);

	(void)state;
	link_seen(3, &MAC, RARP);
	arp_seen(3, &addr); /* arp_ignore of Linux */
	time_goes(3, SPREAD - 1);
	answer_asked(3, &addr, ROAM_HOLDER_THERE);
	time_goes(3, STAYS);
	deliver_all();
	expect(3, addr, TMIP_STATION_ELSEWHERE, 1);
	expect(3, second, TMIP_STATION_VISITING, 3);
	expect(1, second, TMIP_STATION_AWAY, 3);
}

/* A passive address follows the one that was heard here. */
static void an_address_that_is_gone_follows(void **state)
{
	struct tmip_addr second = add_address(3), addr = ip(1, 9);

	(void)state;
	link_seen(3, &MAC, IPV6);
	arp_seen(3, &addr);
	time_goes(3, SPREAD - 1);
	expect(3, addr, TMIP_STATION_ELSEWHERE, 1);
	time_goes(3, 1);
	deliver_all();
	expect(3, addr, TMIP_STATION_VISITING, 3);
	expect(3, second, TMIP_STATION_VISITING, 3);
}

static void all_addresses_of_one_place_are_asked_about(void **state)
{
	struct tmip_addr second = add_address(1), addr = ip(1, 9);

	(void)state;
	link_seen(3, &MAC, IPV6);
	assert_int_equal(w->cn[3].asked, 2);
	answer_asked(3, &addr, ROAM_HOLDER_MUTE);
	answer_asked(3, &second, ROAM_HOLDER_THERE);
	deliver_all();
	expect(3, addr, TMIP_STATION_VISITING, 3);
	expect(3, second, TMIP_STATION_ELSEWHERE, 1);
}

/* ---- bounds */

static void a_mac_with_many_addresses_asks_about_some(void **state)
{
	const struct roam_options options = {.stations_max = 1000, .cns_max = 8,
					     .timeout_ms = TIMEOUT};
	struct station_record record = w->record;
	struct roam *roam = w->cn[3].roam;
	struct roam_counts counts;

	(void)state;
	roam_set_options(roam, &options);
	w->cn[3].no_map = w->crowd = true;
	for (unsigned i = 0; i < 2 * ASKED_MAX; i++) {
		record.addr = ip(1, 10 + (int)i % 200);
		record.addr.v4[2] = (uint8_t)(1 + i / 200);
		record.mac.octet[4] = (uint8_t)(i / (2 * ADDRESSES_MAX) + 1);
		roam_record(roam, &record, 0, w->now);
	}
	record.mac.octet[4] = 1;
	link_seen(3, &record.mac, IPV6);
	assert_int_equal(w->cn[3].asked, ADDRESSES_MAX);
	for (unsigned i = 2; i <= ASKED_MAX / ADDRESSES_MAX; i++) {
		record.mac.octet[4] = (uint8_t)i;
		link_seen(3, &record.mac, IPV6);
	}
	assert_int_equal(w->cn[3].asked, ASKED_MAX);
	link_seen(3, &MAC, IPV6);
	assert_int_equal(w->cn[3].asked, ASKED_MAX);
	roam_count(roam, &counts);
	assert_int_equal(counts.overflow, 1);
	time_goes(3, 10000);
	assert_int_equal(roam_next_due(roam), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_moves_by_the_frame_alone),
		CASE(who_answers_here_and_not_there_is_here),
		CASE(a_late_answer_counts_at_once),
		CASE(who_answers_there_too_stays_there),
		CASE(a_packet_of_its_own_is_proof),
		CASE(who_is_gone_there_is_here),
		CASE(who_is_silent_there_is_here),
		CASE(of_a_cn_that_is_away_nobody_is_asked_for_ever),
		CASE(of_a_cn_without_an_agent_nobody_knows),
		CASE(without_any_answer_it_stays),
		CASE(an_announced_mac_is_here_when_it_answers),
		CASE(an_address_here_explains_the_frame),
		CASE(an_address_that_is_gone_follows),
		CASE(all_addresses_of_one_place_are_asked_about),
		CASE(a_mac_with_many_addresses_asks_about_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
