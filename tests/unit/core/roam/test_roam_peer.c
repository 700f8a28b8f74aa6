/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The roaming machine and other CNs: which messages it believes, stations that have left, and the
 * correction of CNs that send to the wrong place.
 */
#include "roam_world.h"

static void set_hold(uint32_t id)
{
	const struct roam_options options = {
		.stations_max = 4, .cns_max = 8, .timeout_ms = TIMEOUT, .refused_ms = REFUSED,
		.accept_static = true, .hold = true,
	};

	roam_set_options(w->cn[id].roam, &options);
}

static void expect_flags(uint32_t id, uint8_t flags)
{
	assert_int_equal(entry(id, ip(1, 9))->flags, flags);
}

/*
 * The visited CN finds that the station has left. Until the station appears, only the flags change,
 * there and at the parent.
 */
static void leaves_and_appears(void **state)
{
	const uint8_t held = TMIP_STATION_F_HELD, silent = held | TMIP_STATION_F_SILENT;
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	set_hold(1);
	set_hold(2);
	seen(2, &addr, &MAC);
	deliver_all();
	assert_int_equal(roam_departed(w->cn[1].roam, &MAC, 0), 0); /* not there */
	assert_int_equal(roam_departed(w->cn[2].roam, &MAC, 0), 1);
	assert_int_equal(roam_departed(w->cn[2].roam, &MAC, 0), 0);
	assert_int_equal(roam_silent(w->cn[2].roam, &addr, "-"), 0);
	deliver_all();
	expect_everywhere(2);
	expect_flags(2, silent);
	expect_flags(1, silent);
	expect_flags(3, 0);

	/* The CN hears it again. The flag stays until no packet waits any more. */
	seen(2, NULL, &MAC);
	deliver_all();
	expect_everywhere(2);
	expect_flags(2, held);
	expect_flags(1, held);
	roam_unhold(w->cn[2].roam, &addr);
	roam_unhold(w->cn[1].roam, &addr);
	expect_flags(2, 0);
	expect_flags(1, 0);

	/* It leaves silently, and appears elsewhere. */
	assert_int_equal(roam_silent(w->cn[2].roam, &addr, "-"), 1);
	deliver_all();
	seen(3, &addr, &MAC);
	deliver_between(3, 1);
	expect(1, addr, TMIP_STATION_AWAY, 3);
	expect_flags(1, held);
	deliver_all();
	expect_everywhere(3);
	expect_flags(2, held);
	expect_flags(3, 0);
	roam_unhold(w->cn[2].roam, &addr);
	expect_flags(2, 0);
}

static void only_the_current_cn_says_departed(void **state)
{
	struct mlrp_message message = {
		.type = MLRP_DEPARTED, .has = MLRP_HAS(MLRP_F_ADDR), .addr = ip(1, 9),
	};
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	set_hold(1);
	seen(2, &addr, &MAC);
	deliver_all();
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	roam_cn_message(w->cn[3].roam, 2, &message, w->now);
	expect_flags(1, 0);
	expect_flags(3, 0);
	message.addr = ip(1, 77);
	roam_cn_message(w->cn[1].roam, 2, &message, w->now);
}

static void at_home_without_holding(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	assert_int_equal(roam_silent(w->cn[1].roam, &addr, "-"), 1);
	expect_flags(1, TMIP_STATION_F_SILENT);
	assert_int_equal(w->queued, 0); /* it concerns no other CN */
	seen(1, &addr, &MAC);
	expect_flags(1, 0);
	assert_int_equal(roam_silent(w->cn[1].roam, &addr, "-"), 1);
	seen(2, &addr, &MAC);
	deliver_all();
	expect_everywhere(2);
	expect_flags(1, 0);
}

/* Only the former CN reports the station to its access point as gone. */
static void gone_from_a_cell_is_told(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	roam_associated(w->cn[2].roam, &MAC, 20, "association", w->now);
	expect(2, addr, TMIP_STATION_VISITING, 2);
	assert_non_null(strstr(w->cn[2].logged, "(association)"));
	assert_int_equal(w->cn[2].greeted, 1);
	assert_true(w->cn[2].joining);
	deliver_all();
	expect_everywhere(2);
	assert_int_equal(w->cn[1].gone_ifindex, 10);
	assert_memory_equal(&w->cn[1].gone_mac, &MAC, sizeof(MAC));
	assert_int_equal(w->cn[2].gone_ifindex, 0);
	assert_int_equal(w->cn[3].gone_ifindex, 0);
	roam_associated(w->cn[3].roam, &MAC, 77, "association", w->now); /* no cell of CN 3 */
	roam_associated(w->cn[3].roam, &STRANGER, 30, "association", w->now);
	assert_int_equal(w->queued, 0);
}

/* The same identity with another MAC: the former CN reports the MAC that it knew as gone. */
static void gone_with_another_mac(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	w->record.mac = STRANGER;
	w->record.current = 2;
	w->record.version.seq = ++w->seq;
	roam_record(w->cn[1].roam, &w->record, 0, w->now);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	assert_memory_equal(&w->cn[1].gone_mac, &MAC, sizeof(MAC));
}

static void departed_from_one_cell(void **state)
{
	unsigned cell = entry(1, ip(1, 9))->ifindex;

	(void)state;
	assert_int_equal(roam_departed(w->cn[1].roam, &MAC, cell + 1), 0);
	assert_int_equal(roam_departed(w->cn[1].roam, &MAC, cell), 1);
}

static void probe_is_for_who_has_the_station(void **state)
{
	struct mlrp_message message = {
		.type = MLRP_PROBE, .transaction = 5,
		.has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_MAC), .addr = ip(1, 9), .mac = MAC,
	};

	(void)state;
	roam_cn_message(w->cn[2].roam, 3, &message, w->now);
	assert_int_equal(w->cn[2].probed_by, 0);
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->cn[1].probed_by, 3);
	message.mac = STRANGER;
	roam_cn_message(w->cn[1].roam, 2, &message, w->now);
	assert_int_equal(w->cn[1].probed_by, 3);
}

/* MOVED of the station of w->record. */
static struct mlrp_message moved(uint32_t transaction)
{
	return (struct mlrp_message){
		.type = MLRP_MOVED, .transaction = transaction,
		.has = MLRP_HAS(MLRP_F_STATION), .station = w->record,
	};
}

static void peer_may_not_speak_for_others(void **state)
{
	struct mlrp_message message = moved(5);

	(void)state;
	message.station.current = 2; /* from CN 3, which is neither that CN nor the parent */
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->queue[0].message.type, MLRP_ERROR);
	assert_int_equal(w->queue[0].message.code, MLRP_E_REFUSED);
	w->queued = 0;
	message.station.current = 3;
	message.station.version.epoch--; /* based on a record of an older epoch */
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->queue[0].message.code, MLRP_E_STALE);
	w->queued = 0;
	message.station.version.epoch++;
	message.station.version.seq--; /* CN 3 passes on a record that is older than ours */
	message.transaction = 0;
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->queued, 0);
	expect_everywhere(1);
}

static void who_sees_a_station_is_believed_before_the_push_reached_it(void **state)
{
	struct mlrp_message message = moved(5);

	(void)state;
	message.station.current = 3;
	message.station.version.seq--;
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->queue[0].message.type, MLRP_MOVED_OK);
	w->queued = 0;
	expect(1, w->record.addr, TMIP_STATION_AWAY, 3);
}

/* ---- a CN that sends to the station's former place */

static void sends_to_stale(uint32_t id, uint32_t peer, struct tmip_addr addr)
{
	struct tmip_event event = {
		.type = TMIP_EVENT_STALE, .ifindex = 1, .mac = MAC, .addr = addr,
		.peer = tunnel(peer),
	};

	roam_stale(w->cn[id].roam, &event);
}

/* The station goes from CN 2 to CN 3, and no message reaches CN 1 or the register. */
static void move_unheard(void)
{
	struct tmip_addr addr = ip(1, 9);

	seen(2, &addr, &MAC);
	deliver_all();
	lose_register(true);
	seen(3, &addr, &MAC);
	deliver_between(3, 2);
	w->queued = 0;
	expect(1, addr, TMIP_STATION_AWAY, 2);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 3);
}

static void who_sends_to_a_stale_place_is_corrected(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	move_unheard();
	sends_to_stale(2, 1, addr);
	assert_int_equal(w->queued, 1);
	assert_int_equal(w->queue[0].message.transaction, 0);
	deliver_all(); /* CN 1 does not answer */
	expect(1, addr, TMIP_STATION_AWAY, 3);
	sends_to_stale(2, 1, addr);
	deliver_all();
	expect(1, addr, TMIP_STATION_AWAY, 3);
}

static void a_late_correction_changes_nothing(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	move_unheard();
	sends_to_stale(2, 1, addr);
	seen(1, &addr, &MAC); /* the station is home before the correction arrives */
	deliver_all();
	expect(1, addr, TMIP_STATION_HOME, 1);
}

/*
 * The message of CN 2 to the parent arrives after that of CN 3, where the station is. CN 3 then
 * asks the station, which answers.
 */
static void the_station_decides_when_its_moves_have_crossed(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	lose_register(true);
	seen(2, &addr, &MAC);
	seen(3, &addr, &MAC);
	deliver_between(3, 1);
	expect(1, addr, TMIP_STATION_AWAY, 3);
	deliver_all();
	expect(1, addr, TMIP_STATION_AWAY, 2);
	expect(3, addr, TMIP_STATION_ELSEWHERE, 2);
	assert_int_equal(w->cn[3].recalled_ifindex, 30);
	assert_int_equal(w->cn[1].recalled_ifindex + w->cn[2].recalled_ifindex, 0);
	seen(3, &addr, &MAC);
	deliver_all();
	expect(1, addr, TMIP_STATION_AWAY, 3);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 3);
	expect(3, addr, TMIP_STATION_VISITING, 3);
}

static void nobody_is_asked_when_moves_come_in_order(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	for (uint32_t move = 1; move <= 2 * CNS; move++) {
		seen(move % CNS + 1, &addr, &MAC);
		deliver_all();
		expect_everywhere(move % CNS + 1);
	}
	for (uint32_t id = 1; id <= CNS; id++)
		assert_int_equal(w->cn[id].recalled_ifindex, 0);
}

/*
 * An access point may put the station into a VLAN, which is a cell of its own. Its news name the
 * device of the access point.
 */
static void news_of_an_association_move_nobody_between_cells(void **state)
{
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = 21, .mac = MAC};
	struct prefix vlan = {ip(22, 0), 24};
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	assert_int_equal(roam_put_cell(w->cn[2].roam, 21, "brvlan10", &vlan), 0);
	roam_associated(w->cn[2].roam, &MAC, 20, "association", w->now);
	assert_int_equal(entry(2, addr)->ifindex, 20);
	roam_seen(w->cn[2].roam, &event, w->now); /* it is asked there, and answers */
	assert_int_equal(w->cn[2].recalled_ifindex, 21);
	event.addr = addr;
	event.protocol = __builtin_bswap16(0x0806);
	roam_seen(w->cn[2].roam, &event, w->now);
	deliver_all();
	assert_int_equal(entry(2, addr)->ifindex, 21);
	roam_associated(w->cn[2].roam, &MAC, 20, "association", w->now);
	assert_int_equal(entry(2, addr)->ifindex, 21);
}

static void only_who_had_the_station_corrects(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct mlrp_message message;

	(void)state;
	seen(2, &addr, &MAC);
	deliver_all();
	message = moved(0);
	message.station.current = 2;
	message.station.parent = 1;
	roam_cn_message(w->cn[1].roam, 3, &message, w->now); /* CN 3 never had the station */
	expect(1, addr, TMIP_STATION_AWAY, 2);
	message.station.current = 3;
	message.station.version.seq--; /* CN 2 had it, but its record is older than the parent's */
	roam_cn_message(w->cn[1].roam, 2, &message, w->now);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	message.station.version.seq++;
	message.station.parent = 3;
	roam_cn_message(w->cn[1].roam, 2, &message, w->now);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	assert_int_equal(w->queued, 0);
}

static void nobody_is_corrected_in_vain(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	sends_to_stale(2, 1, addr);         /* CN 1 has the station */
	sends_to_stale(1, 2, addr);         /* the station is here by now */
	sends_to_stale(2, 7, addr);         /* no CN */
	sends_to_stale(2, 3, ip(1, 200));   /* no station */
	assert_int_equal(w->queued, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(leaves_and_appears), CASE(only_the_current_cn_says_departed),
		CASE(gone_from_a_cell_is_told), CASE(gone_with_another_mac),
		CASE(departed_from_one_cell), CASE(probe_is_for_who_has_the_station),
		CASE(at_home_without_holding), CASE(peer_may_not_speak_for_others),
		CASE(who_sees_a_station_is_believed_before_the_push_reached_it),
		CASE(who_sends_to_a_stale_place_is_corrected),
		CASE(a_late_correction_changes_nothing), CASE(only_who_had_the_station_corrects),
		CASE(news_of_an_association_move_nobody_between_cells),
		CASE(the_station_decides_when_its_moves_have_crossed),
		CASE(nobody_is_asked_when_moves_come_in_order), CASE(nobody_is_corrected_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
