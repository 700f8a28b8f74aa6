/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another MAC uses the address of a station, by the event that the BPF programs send: who gets the
 * address, who is told, and how often anybody is asked.
 */
#include "roam_world.h"

#define FIRST 100   /* before the first question */
#define SECOND 1000 /* after the first answer */
#define PAUSE 5000  /* after each further one */
#define KEEP 60000  /* without a frame of the rival */
#define RIVALS_MAX 256

static const struct tmip_mac OTHER = {{2, 0, 0, 0, 0, 0x77}};

static struct roam_counts counts(uint32_t id)
{
	struct roam_counts found;

	roam_count(w->cn[id].roam, &found);
	return found;
}

static void expect_mac(const struct tmip_mac *mac)
{
	for (uint32_t id = 1; id <= CNS; id++)
		assert_true(mac_equal(&entry(id, ip(1, 9))->mac, mac));
}

static void begin(uint32_t id)
{
	struct tmip_addr addr = ip(1, 9);

	conflict(id, &addr, &STRANGER);
	assert_int_equal(w->queued, 0);
	assert_int_equal(w->cn[id].asked, 0);
	time_goes(id, FIRST);
	assert_int_equal(w->cn[id].asked, 1);
}

static void answered(uint32_t id, enum roam_holder answer)
{
	struct tmip_addr addr = ip(1, 9);

	answer_asked(id, &addr, answer);
	deliver_all();
	assert_int_equal(roam_next_due(w->cn[id].roam), w->cn[id].due_ms);
}

/* An IP packet with the address of 10.10.1.9 and that MAC. */
static void packet(uint32_t id, const struct tmip_mac *mac)
{
	struct tmip_event event = {.type = TMIP_EVENT_CONFLICT, .ifindex = id * 10, .mac = *mac,
				   .addr = ip(1, 9), .protocol = __builtin_bswap16(0x0800)};

	roam_conflict(w->cn[id].roam, &event, w->now);
}

/* ---- several rivals */

/* A router still has old packets of the holder, while another host announces the address. */
static void who_only_forwards_does_not_hide_who_announces(void **state)
{
	(void)state;
	w->crowd = true;
	begin(2);
	packet(2, &OTHER);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&STRANGER);
}

/* The holder has refuted one rival. The next one is heard without delay, and told nothing yet. */
static void each_rival_begins_anew(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	uint64_t defended;

	(void)state;
	w->crowd = true;
	begin(2);
	answered(2, ROAM_HOLDER_THERE);
	time_goes(2, SECOND);
	answered(2, ROAM_HOLDER_THERE);
	defended = counts(2).defended;
	assert_true(defended > 0);
	conflict(2, &addr, &OTHER);
	assert_int_equal(counts(2).defended, defended);
	time_goes(2, FIRST);
	assert_int_equal(w->cn[2].asked, 3);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&OTHER);
}

/* ---- the holder is mute */

static void the_address_of_a_mute_holder_changes_hands(void **state)
{
	(void)state;
	begin(2);
	answered(2, ROAM_HOLDER_MUTE);
	assert_int_equal(w->claims, 1);
	assert_int_equal(w->claim.has, MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
				       MLRP_HAS(MLRP_F_HOLDER) | MLRP_HAS(MLRP_F_VERSION));
	assert_int_equal(w->claim.holder, MLRP_HOLDER_MUTE);
	assert_int_equal(w->claim.version.seq, 7);
	assert_true(mac_equal(&w->claim.mac, &STRANGER));
	expect_mac(&STRANGER);
	expect_everywhere(2);
	assert_int_equal(entry(2, ip(1, 9))->ifindex, 20);
	assert_int_equal(counts(2).taken, 1);
	assert_int_equal(counts(2).defended, 0);
	assert_int_equal(w->cn[2].greeted, 1); /* its ARP questions were dropped */
	assert_int_equal(w->cn[1].announced_ifindex, 10);
	assert_true(mac_equal(&w->cn[1].neighbour, &STRANGER));
	assert_int_equal(roam_next_due(w->cn[2].roam), 0);
}

static void in_the_holders_own_cell_too(void **state)
{
	(void)state;
	begin(1);
	answered(1, ROAM_HOLDER_MUTE);
	expect_mac(&STRANGER);
	expect_everywhere(1);
	assert_int_equal(w->cn[1].announced_ifindex, 10);
	assert_true(mac_equal(&w->cn[1].announced_mac, &STRANGER));
	assert_true(mac_equal(&w->cn[1].neighbour, &STRANGER));
}

static void a_holder_that_was_silent_is_forgotten(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	roam_silent(w->cn[1].roam, &addr, "for a test");
	assert_true(entry(1, addr)->flags & TMIP_STATION_F_SILENT);
	begin(1);
	answered(1, ROAM_HOLDER_MUTE);
	assert_false(entry(1, addr)->flags & TMIP_STATION_F_SILENT);
	assert_int_equal(counts(1).silent, 0);
}

/* The former holder stays with its own address: no access point is to forget it. */
static void a_mac_with_another_address_is_not_gone(void **state)
{
	struct station_record own = w->record;

	(void)state;
	own.addr = ip(1, 10);
	own.version.seq = ++w->seq;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &own, 0, w->now);
	begin(2);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&STRANGER);
	assert_int_equal(w->cn[1].gone_ifindex, 0);
	assert_true(mac_equal(&entry(1, own.addr)->mac, &MAC));
	expect(1, own.addr, TMIP_STATION_HOME, 1);
}

/* The holder has moved, and nobody has confirmed it yet. */
static void a_move_of_the_former_holder_is_void(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	seen(3, &addr, &MAC);
	deliver_between(3, 1);
	expect(1, addr, TMIP_STATION_AWAY, 3);
	w->record.mac = STRANGER;
	w->record.version.seq = ++w->seq;
	roam_record(w->cn[1].roam, &w->record, 0, w->now);
	expect(1, addr, TMIP_STATION_HOME, 1);
	roam_record(w->cn[3].roam, &w->record, 0, w->now);
	expect(3, addr, TMIP_STATION_ELSEWHERE, 1);
	w->queued = 0;
}

static void and_back_again(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	begin(2);
	answered(2, ROAM_HOLDER_MUTE);
	conflict(1, &addr, &MAC);
	time_goes(1, FIRST);
	assert_int_equal(w->cn[1].asked, 1);
	answered(1, ROAM_HOLDER_MUTE);
	expect_mac(&MAC);
	expect_everywhere(1);
}

static void the_later_rival_counts(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	begin(2);
	conflict(2, &addr, &OTHER);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&OTHER);
}

/* Somebody forges packets of the station, or forwards them. */
static void who_sends_ip_packets_only_gets_nothing(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	w->crowd = true;
	seen(2, &addr, &STRANGER);
	time_goes(2, FIRST);
	assert_int_equal(w->cn[2].probed, 1);
	assert_int_equal(w->cn[2].recalled_ifindex, 20);
	answered(2, ROAM_HOLDER_MUTE);
	assert_int_equal(w->claims, 0);
	seen(2, &addr, &STRANGER);
	time_goes(2, PAUSE);
	assert_int_equal(w->cn[2].probed, 2);
	conflict(2, &addr, &STRANGER); /* it answers */
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&STRANGER);
}

/* ---- the holder answers */

static void who_uses_an_address_in_use_is_told(void **state)
{
	(void)state;
	begin(2);
	answered(2, ROAM_HOLDER_THERE);
	assert_int_equal(w->claims, 0);
	expect_mac(&MAC);
	expect_everywhere(1);
	assert_int_equal(counts(2).defended, 1);
	assert_int_equal(w->cn[2].defended_ifindex, 20);
	assert_true(mac_equal(&w->cn[2].defended_mac, &STRANGER));
	assert_true(mac_is_zero(&w->cn[2].holder)); /* this CN answers for the station */
}

static void in_one_cell_it_hears_of_the_holder(void **state)
{
	(void)state;
	begin(1);
	answered(1, ROAM_HOLDER_THERE);
	assert_int_equal(w->cn[1].defended, 1);
	assert_true(mac_equal(&w->cn[1].holder, &MAC));
}

/* A holder that gives up its address may have answered a moment before. */
static void the_holder_is_asked_a_second_time(void **state)
{
	(void)state;
	begin(2);
	answered(2, ROAM_HOLDER_THERE);
	time_goes(2, SECOND - 1);
	assert_int_equal(w->cn[2].asked, 1);
	time_goes(2, 1);
	assert_int_equal(w->cn[2].asked, 2);
	answered(2, ROAM_HOLDER_THERE);
	time_goes(2, KEEP);
	assert_int_equal(w->cn[2].asked, 2); /* the rival sends nothing more */
	assert_int_equal(roam_next_due(w->cn[2].roam), 0);
}

static void a_storm_asks_seldom_and_is_told_seldom(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	unsigned asked;

	(void)state;
	begin(2);
	for (int i = 0; i < 600; i++) { /* a minute */
		asked = w->cn[2].asked;
		conflict(2, &addr, &STRANGER);
		time_goes(2, 100);
		if (i == 0 || w->cn[2].asked > asked)
			answered(2, ROAM_HOLDER_THERE);
	}
	assert_in_range(w->cn[2].asked, 60000 / PAUSE, 60000 / PAUSE + 3);
	assert_in_range(w->cn[2].defended, 55, 61);
	assert_int_equal(counts(2).conflicts, 601);
	expect_mac(&MAC);
}

static void a_rival_that_goes_on_gets_it_when_the_holder_dies(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	begin(2);
	answered(2, ROAM_HOLDER_THERE);
	time_goes(2, SECOND);
	answered(2, ROAM_HOLDER_THERE);
	conflict(2, &addr, &STRANGER);
	time_goes(2, PAUSE);
	assert_int_equal(w->cn[2].asked, 3);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&STRANGER);
}

/* ---- the register */

static void a_refused_rival_is_told(void **state)
{
	(void)state;
	w->refuse = MLRP_E_CONFLICT; /* as registers do that do not know HOLDER */
	begin(2);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&MAC);
	assert_int_equal(counts(2).defended, 1);
	assert_int_equal(counts(2).conflicts, 1);
	time_goes(2, KEEP);
	assert_int_equal(w->claims, 1);
}

static void a_record_that_has_changed_is_asked_about_again(void **state)
{
	(void)state;
	w->refuse = MLRP_E_STALE;
	begin(2);
	answered(2, ROAM_HOLDER_MUTE);
	assert_int_equal(w->claims, 1);
	w->refuse = 0;
	time_goes(2, FIRST);
	assert_int_equal(w->cn[2].asked, 2);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&STRANGER);
}

/* The CN of the holder does not answer: the register decides, and may say when to ask again. */
static void an_unreachable_holder_is_up_to_the_register(void **state)
{
	(void)state;
	w->refuse = MLRP_E_CONFLICT;
	w->wait = 3000;
	begin(2);
	answered(2, ROAM_HOLDER_UNREACHABLE);
	assert_int_equal(w->claim.holder, MLRP_HOLDER_UNREACHABLE);
	assert_int_equal(counts(2).defended, 0); /* nobody knows */
	time_goes(2, 2999);
	assert_int_equal(w->cn[2].asked, 1);
	time_goes(2, 1);
	assert_int_equal(w->cn[2].asked, 2);
	w->refuse = 0;
	answered(2, ROAM_HOLDER_UNREACHABLE);
	expect_mac(&STRANGER);
}

/* The CN of the holder has no agent now, and goes on forwarding: the holder loses nothing. */
static void a_holder_that_may_be_there_keeps_the_address(void **state)
{
	(void)state;
	begin(2);
	answered(2, ROAM_HOLDER_UNKNOWN);
	assert_int_equal(w->claims, 0);
	time_goes(2, PAUSE);
	assert_int_equal(w->cn[2].asked, 2);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&STRANGER);
}

static void nobody_asks_for_ever(void **state)
{
	(void)state;
	w->refuse = MLRP_E_CONFLICT;
	w->wait = 3000;
	begin(2);
	for (int i = 0; i < 40; i++) {
		answered(2, ROAM_HOLDER_UNREACHABLE);
		time_goes(2, 3000);
	}
	assert_in_range(w->claims, 15, KEEP / 3000 + 1);
	assert_int_equal(roam_next_due(w->cn[2].roam), 0);
}

static void a_check_without_a_result_begins_again(void **state)
{
	(void)state;
	begin(2);
	time_goes(2, PAUSE + 1000);
	assert_int_equal(w->cn[2].asked, 2);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&STRANGER);
}

static void a_claim_that_is_lost_begins_again(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	begin(2);
	answer_asked(2, &addr, ROAM_HOLDER_MUTE);
	w->queued = 0;
	time_goes(2, TIMEOUT + PAUSE);
	assert_int_equal(w->cn[2].asked, 2);
	answered(2, ROAM_HOLDER_MUTE);
	expect_mac(&STRANGER);
}

static void without_a_register_nothing_changes_hands(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	lose_register(true);
	begin(2);
	answered(2, ROAM_HOLDER_MUTE);
	assert_int_equal(w->claims, 0);
	expect_mac(&MAC);
	assert_int_equal(roam_next_due(w->cn[2].roam), 0);
	w->now += 10 * KEEP;
	lose_register(false);
	time_goes(2, FIRST);
	assert_int_equal(w->cn[2].asked, 2);
	answer_asked(2, &addr, ROAM_HOLDER_MUTE);
	deliver_all();
	expect_mac(&STRANGER);
}

static void an_address_that_is_free_by_then_is_claimed(void **state)
{
	struct station_record gone = w->record;
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	conflict(2, &addr, &STRANGER);
	gone.state = RECORD_FREE;
	gone.version.seq++;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &gone, 0, w->now);
	time_goes(2, FIRST);
	deliver_all();
	assert_int_equal(w->claim.has, MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR));
	expect_mac(&STRANGER);
}

/* ---- other kinds */

static void reserve(void)
{
	w->record.kind = RECORD_RESERVED;
	w->record.version.seq = ++w->seq;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
}

static void a_registered_host_changes_its_mac_at_once(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	reserve();
	conflict(2, &addr, &STRANGER);
	deliver_all();
	assert_int_equal(w->cn[2].asked, 0);
	assert_int_equal(w->claim.has, MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR));
	expect_mac(&STRANGER);
}

static void who_is_no_mac_of_the_host_is_told(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	reserve();
	w->refuse = MLRP_E_CONFLICT;
	conflict(2, &addr, &STRANGER);
	deliver_all();
	time_goes(2, FIRST);
	assert_int_equal(w->cn[2].asked, 1);
	answered(2, ROAM_HOLDER_THERE);
	assert_int_equal(counts(2).defended, 1);
	expect_mac(&MAC);
}

static void where_nobody_may_bring_an_address_nobody_gets_one(void **state)
{
	const struct roam_options options = {.stations_max = 4, .cns_max = 8,
					     .timeout_ms = TIMEOUT, .refused_ms = REFUSED};
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	roam_set_options(w->cn[2].roam, &options);
	conflict(2, &addr, &STRANGER);
	time_goes(2, FIRST);
	assert_int_equal(w->cn[2].asked, 0);
	assert_int_equal(counts(2).defended, 1);
	time_goes(2, KEEP);
	assert_int_equal(w->cn[2].asked, 0);
}

static void the_stations_own_mac_is_no_rival(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	conflict(2, &addr, &MAC); /* the record has changed since the frame came */
	assert_int_equal(counts(2).conflicts, 0);
	assert_int_equal(roam_next_due(w->cn[2].roam), 0);
}

/* Refused rivals make room for new ones; those that wait for an answer do not. */
static void rivals_are_bounded(void **state)
{
	struct tmip_addr addr = ip(1, 9), first = ip(1, 10);
	struct station_record record = w->record;
	const struct roam_options options = {.stations_max = 1000, .cns_max = 8,
					     .timeout_ms = TIMEOUT, .accept_static = true};
	struct roam *roam;

	(void)state;
	w->crowd = true;
	roam = w->cn[2].roam;
	roam_set_options(roam, &options);
	w->cn[2].no_map = true;
	for (int i = 0; i < RIVALS_MAX + 20; i++) {
		record.addr = ip(1, 10 + i % 200);
		record.addr.v4[2] = (uint8_t)(1 + i / 200);
		roam_record(roam, &record, 0, w->now);
		conflict(2, &record.addr, &STRANGER);
	}
	assert_int_equal(counts(2).overflow, 20);
	time_goes(2, FIRST);
	assert_in_range(w->cn[2].asked, 1, 100);
	answer_asked(2, &first, ROAM_HOLDER_THERE);
	conflict(2, &addr, &STRANGER); /* in the place of the one that was refused */
	assert_int_equal(counts(2).overflow, 20);
	time_goes(2, 2 * KEEP);
	assert_int_equal(roam_next_due(roam), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_only_forwards_does_not_hide_who_announces),
		CASE(each_rival_begins_anew),
		CASE(the_address_of_a_mute_holder_changes_hands),
		CASE(in_the_holders_own_cell_too),
		CASE(a_holder_that_was_silent_is_forgotten),
		CASE(a_mac_with_another_address_is_not_gone),
		CASE(a_move_of_the_former_holder_is_void),
		CASE(and_back_again),
		CASE(the_later_rival_counts),
		CASE(who_sends_ip_packets_only_gets_nothing),
		CASE(who_uses_an_address_in_use_is_told),
		CASE(in_one_cell_it_hears_of_the_holder),
		CASE(the_holder_is_asked_a_second_time),
		CASE(a_storm_asks_seldom_and_is_told_seldom),
		CASE(a_rival_that_goes_on_gets_it_when_the_holder_dies),
		CASE(a_refused_rival_is_told),
		CASE(a_record_that_has_changed_is_asked_about_again),
		CASE(an_unreachable_holder_is_up_to_the_register),
		CASE(a_holder_that_may_be_there_keeps_the_address),
		CASE(nobody_asks_for_ever),
		CASE(a_check_without_a_result_begins_again),
		CASE(a_claim_that_is_lost_begins_again),
		CASE(without_a_register_nothing_changes_hands),
		CASE(an_address_that_is_free_by_then_is_claimed),
		CASE(a_registered_host_changes_its_mac_at_once),
		CASE(who_is_no_mac_of_the_host_is_told),
		CASE(where_nobody_may_bring_an_address_nobody_gets_one),
		CASE(the_stations_own_mac_is_no_rival),
		CASE(rivals_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
