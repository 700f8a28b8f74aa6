/* SPDX-License-Identifier: BSD-2-Clause */
/* The roaming machine: who is where after what, whatever the order in which messages come. */
#include "roam_world.h"

static void starts_at_home(void **state)
{
	(void)state;
	expect_everywhere(1);
}

static void roams_and_returns(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	seen(2, &addr, &MAC);
	expect(2, addr, TMIP_STATION_VISITING, 2); /* at once */
	deliver_all();
	expect_everywhere(2);
	assert_int_equal(tunnel_type(1, 2), TMIP_TUNNEL_4IN4);
	assert_int_equal(tunnel_type(2, 1), TMIP_TUNNEL_4IN4);
	assert_int_equal(w->cn[1].announced_ifindex, 10); /* its neighbours at home are told */
	assert_int_equal(w->cn[2].greeted, 0); /* it has sent a packet: it knows its gateway */
	assert_true(mac_is_zero(&w->cn[1].announced_mac));

	seen(1, &addr, &MAC);
	expect(1, addr, TMIP_STATION_HOME, 1);
	deliver_all();
	expect_everywhere(1);
	assert_int_equal(tunnel_type(1, 2), TMIP_TUNNEL_IDLE);
	assert_int_equal(tunnel_type(2, 1), TMIP_TUNNEL_IDLE);
	assert_memory_equal(&w->cn[1].announced_mac, &MAC, sizeof(MAC));
}

static void parent_learns_from_the_new_cn_alone(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	seen(2, &addr, &MAC);
	deliver_between(2, 1);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	deliver_all();
	expect_everywhere(2);
}

static void set_hold(uint32_t id)
{
	const struct roam_options options = {.stations_max = 4, .cns_max = 8, .timeout_ms = TIMEOUT, .refused_ms = REFUSED,
					     .accept_static = true, .hold = true};

	roam_set_options(w->cn[id].roam, &options);
}

static void expect_flags(uint32_t id, uint8_t flags)
{
	assert_int_equal(entry(id, ip(1, 9))->flags, flags);
}

/* A visited CN says that the station has left: nothing changes but the flags, there and at its parent, until it appears. */
static void leaves_and_appears(void **state)
{
	const uint8_t held = TMIP_STATION_F_HELD, silent = TMIP_STATION_F_SILENT | TMIP_STATION_F_HELD;
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

	/* Heard again: the flag stays until nothing waits any more. */
	seen(2, NULL, &MAC);
	deliver_all();
	expect_everywhere(2);
	expect_flags(2, held);
	expect_flags(1, held);
	roam_unhold(w->cn[2].roam, &addr);
	roam_unhold(w->cn[1].roam, &addr);
	expect_flags(2, 0);
	expect_flags(1, 0);

	/* By silence, and it appears elsewhere. */
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
	struct mlrp_message message = {.type = MLRP_DEPARTED, .has = MLRP_HAS(MLRP_F_ADDR), .addr = ip(1, 9)};
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
	assert_int_equal(w->queued, 0); /* nobody else is concerned */
	seen(1, &addr, &MAC);
	expect_flags(1, 0);
	assert_int_equal(roam_silent(w->cn[1].roam, &addr, "-"), 1);
	seen(2, &addr, &MAC);
	deliver_all();
	expect_everywhere(2);
	expect_flags(1, 0);
}

/* The access point that it has left is told; the one of a cell that it was never in is not. */
static void gone_from_a_cell_is_told(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	roam_associated(w->cn[2].roam, &MAC, 20, "association", w->now);
	expect(2, addr, TMIP_STATION_VISITING, 2);
	assert_non_null(strstr(w->cn[2].told, "(association)"));
	assert_int_equal(w->cn[2].greeted, 1);
	deliver_all();
	expect_everywhere(2);
	assert_int_equal(w->cn[1].gone_ifindex, 10);
	assert_memory_equal(&w->cn[1].gone_mac, &MAC, sizeof(MAC));
	assert_int_equal(w->cn[2].gone_ifindex, 0);
	assert_int_equal(w->cn[3].gone_ifindex, 0);
	roam_associated(w->cn[3].roam, &MAC, 77, "association", w->now); /* no cell of it */
	roam_associated(w->cn[3].roam, &STRANGER, 30, "association", w->now);
	assert_int_equal(w->queued, 0);
}

/* The same identity with another MAC: who had it is told of the MAC that it knew. */
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
	struct mlrp_message message = {.type = MLRP_PROBE, .transaction = 5, .has = MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_MAC),
				       .addr = ip(1, 9), .mac = MAC};

	(void)state;
	roam_cn_message(w->cn[2].roam, 3, &message, w->now);
	assert_int_equal(w->cn[2].probed_by, 0);
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->cn[1].probed_by, 3);
	message.mac = STRANGER;
	roam_cn_message(w->cn[1].roam, 2, &message, w->now);
	assert_int_equal(w->cn[1].probed_by, 3);
}

static void log_tells_the_steps_in_order(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	static const char *const steps[] = {"station detected in cell wlan0 (IP activity)", "allocation known from the register: 10.10.1.9",
		"notifying the register", "attempting handover [migrated from cn1, parent cn1]", "contacting parent CN cn1",
		"agreed on tunnel type 4IN4", "all participants have answered", "using 10.10.1.9 of 10.10.1.0/24, gateway 10.10.1.1",
		"committed to the register as version 3.8"};
	const char *at;

	(void)state;
	w->cn[2].told[0] = '\0';
	seen(2, &addr, &MAC);
	deliver_between(2, 1);
	deliver_all();
	at = w->cn[2].told;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		at = strstr(at, steps[i]);
		if (!at)
			fail_msg("step missing or out of order: %s\n%s", steps[i], w->cn[2].told);
	}
}

static void goes_on_to_a_third_cn(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	seen(2, &addr, &MAC);
	deliver_all();
	seen(3, &addr, &MAC);
	deliver_between(3, 2);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 3); /* the previous CN forwards */
	deliver_all();
	expect_everywhere(3);
	assert_int_equal(tunnel_type(1, 2), TMIP_TUNNEL_IDLE);
	assert_int_equal(tunnel_type(2, 1), TMIP_TUNNEL_IDLE);
}

static void returns_within_the_first_handover(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	seen(2, &addr, &MAC);
	deliver_between(2, 1); /* the parent knows, the register does not yet */
	seen(1, &addr, &MAC);
	expect(1, addr, TMIP_STATION_HOME, 1);
	deliver_all();
	expect_everywhere(1);
}

static void returns_before_anybody_heard(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	seen(2, &addr, &MAC); /* all its messages wait */
	seen(1, &addr, &MAC); /* for CN 1 it never left */
	assert_int_equal(w->queued, 2);
	deliver_all();
	expect_everywhere(2); /* what the network believes, until its next frame at home: */
	seen(1, &addr, &MAC);
	deliver_all();
	expect_everywhere(1);
}

static void three_claims_in_a_row(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	seen(2, &addr, &MAC);
	deliver_between(2, 1);
	seen(3, &addr, &MAC);
	deliver_between(3, 1);
	expect(1, addr, TMIP_STATION_AWAY, 3);
	deliver_between(2, REGISTER);
	deliver_between(REGISTER, 1); /* the first claim's record must not turn the parent back */
	expect(1, addr, TMIP_STATION_AWAY, 3);
	deliver_all();
	expect_everywhere(3);
}

static void link_layer_sighting_moves_all_addresses(void **state)
{
	(void)state;
	seen(3, NULL, &MAC);
	assert_int_equal(w->cn[3].greeted, 1);
	deliver_all();
	expect_everywhere(3);
}

static void refused_is_undone_everywhere(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct roam_counts counts;

	(void)state;
	w->refuse = MLRP_E_REFUSED;
	seen(2, &addr, &MAC);
	deliver_between(2, 1);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	deliver_all();
	expect_everywhere(1);
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.refused, 1);
	assert_int_equal(counts.completed, 0);
}

static void silent_register_is_presumed_abort(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct roam_counts counts;

	(void)state;
	w->register_away = true; /* connected, as far as the CNs know, but it does not answer */
	seen(2, &addr, &MAC);
	deliver_all();
	expect(1, addr, TMIP_STATION_AWAY, 2);
	w->now += TIMEOUT;
	assert_true(roam_next_due(w->cn[2].roam) <= w->now);
	roam_tick(w->cn[2].roam, w->now);
	deliver_all();
	expect_everywhere(1);
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.undone, 1);
}

static void dead_new_cn_leaves_nothing_half_done(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	seen(2, &addr, &MAC);
	deliver_between(2, 1);
	w->queued = 0; /* CN 2 dies with its request to the register unsent */
	w->now += TIMEOUT;
	roam_tick(w->cn[1].roam, w->now);
	expect(1, addr, TMIP_STATION_HOME, 1);
}

static void lose_register(bool away)
{
	w->register_away = away;
	for (uint32_t id = 1; id <= CNS; id++) {
		if (away) {
			roam_register_lost(w->cn[id].roam);
			continue;
		}
		roam_sync_start(w->cn[id].roam, true);
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
		roam_sync_end(w->cn[id].roam, w->now);
	}
}

static void roams_without_a_register_and_reports_later(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	lose_register(true);
	seen(2, &addr, &MAC);
	deliver_all();
	seen(3, &addr, &MAC); /* CN 3 was not told that it had been at 2: the parent passes it on */
	deliver_all();
	w->now += 100 * TIMEOUT;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_tick(w->cn[id].roam, w->now);
	expect(1, addr, TMIP_STATION_AWAY, 3);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 3);
	expect(3, addr, TMIP_STATION_VISITING, 3);
	lose_register(false);
	deliver_all();
	assert_int_equal(w->record.current, 3);
	expect_everywhere(3);
}

static void register_that_lost_its_last_moments_is_told(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct station_record before = w->record;

	(void)state;
	seen(2, &addr, &MAC);
	deliver_all();
	expect_everywhere(2);
	w->record = before; /* it comes back with what its disk had */
	lose_register(true);
	lose_register(false);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	deliver_all();
	assert_int_equal(w->record.current, 2);
	expect_everywhere(2);
}

static void renewal_is_reported_later(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	lose_register(true);
	roam_renewed(w->cn[1].roam, &addr, 600, 12345);
	lose_register(false);
	assert_int_equal(w->queued, 1);
	assert_int_equal(w->queue[0].message.type, MLRP_RENEW);
	assert_int_equal(w->queue[0].message.lease, 600);
	deliver_all();
}

/* ---- addresses given out while the register is away */

static void give_local(void)
{
	struct station_record record = {.addr = ip(1, 200), .mac = STRANGER, .kind = RECORD_DYNAMIC, .state = RECORD_BOUND, .lease_end = 9999};

	lose_register(true);
	assert_int_equal(roam_local(w->cn[1].roam, &record, 600, 10, w->now), 0);
	deliver_all();
	record.addr = ip(1, 9);
	assert_int_equal(roam_local(w->cn[1].roam, &record, 600, 10, w->now), -EEXIST); /* it has a record */
}

static void local_address_is_known_to_all_and_reported(void **state)
{
	struct tmip_addr addr = ip(1, 200);

	(void)state;
	give_local();
	expect(1, addr, TMIP_STATION_HOME, 1);
	expect(3, addr, TMIP_STATION_ELSEWHERE, 1);
	w->now += 500;
	seen(2, &addr, &STRANGER);
	deliver_all();
	expect(2, addr, TMIP_STATION_VISITING, 2);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	w->now += 2000;
	w->register_away = false;
	for (uint32_t id = 1; id <= CNS; id++) { /* a register that knows nothing of it */
		roam_sync_start(w->cn[id].roam, true);
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
		roam_sync_end(w->cn[id].roam, w->now);
	}
	assert_int_equal(w->queued, 1); /* its parent tells it; CN 2 waits for the record */
	assert_int_equal(w->queue[0].message.type, MLRP_BIND);
	assert_int_equal(w->queue[0].message.lease, 600);
	assert_int_equal(w->queue[0].message.age, 2500);
	w->record = (struct station_record){.addr = addr, .mac = STRANGER, .kind = RECORD_DYNAMIC, .state = RECORD_BOUND, .parent = 1, .version = {3, 1}};
	deliver_between(1, REGISTER);
	deliver_between(REGISTER, 2);
	expect(2, addr, TMIP_STATION_VISITING, 2);
	assert_int_equal(w->queue[w->queued - 1].message.type, MLRP_HANDOVER);
	assert_int_equal(w->queue[w->queued - 1].message.age, 2000);
	deliver_all();
	expect(1, addr, TMIP_STATION_AWAY, 2);
	expect(2, addr, TMIP_STATION_VISITING, 2);
	expect(3, addr, TMIP_STATION_ELSEWHERE, 2);
}

static void refused_local_address_is_withdrawn(void **state)
{
	struct tmip_addr addr = ip(1, 200);

	(void)state;
	give_local();
	w->refuse = MLRP_E_CONFLICT;
	lose_register(false);
	deliver_all();
	for (uint32_t id = 1; id <= CNS; id++)
		assert_null(entry(id, addr));
	assert_non_null(strstr(w->cn[1].told, "must ask for another"));
}

static void late_cn_is_told_of_local_addresses(void **state)
{
	struct tmip_addr addr = ip(1, 200);

	(void)state;
	give_local();
	roam_withdraw(w->cn[2].roam, &addr); /* not its own to withdraw */
	deliver_all();
	expect(2, addr, TMIP_STATION_ELSEWHERE, 1);
	roam_cn_up(w->cn[1].roam, 3);
	assert_int_equal(w->queued, 1);
	assert_int_equal(w->queue[0].message.transaction, 0);
	deliver_all();
	roam_withdraw(w->cn[1].roam, &addr);
	deliver_all();
	for (uint32_t id = 1; id <= CNS; id++)
		assert_null(entry(id, addr));
}

static void older_record_changes_nothing(void **state)
{
	struct station_record old = w->record;

	(void)state;
	old.version.seq--;
	old.current = 3;
	roam_record(w->cn[1].roam, &old, 0, w->now);
	expect_everywhere(1);
}

static void newer_epoch_beats_sequence(void **state)
{
	struct station_record record = w->record;

	(void)state;
	record.version = (struct version){.epoch = 4, .seq = 1};
	record.current = 3;
	roam_record(w->cn[1].roam, &record, 0, w->now);
	expect(1, ip(1, 9), TMIP_STATION_AWAY, 3);
}

static void freed_address_leaves_the_map(void **state)
{
	struct station_record record = w->record;

	(void)state;
	record.version.seq++;
	record.state = RECORD_FREE;
	roam_record(w->cn[2].roam, &record, 0, w->now);
	assert_null(entry(2, ip(1, 9)));
}

static void static_address_is_claimed(void **state)
{
	struct tmip_addr addr = ip(2, 77);

	(void)state;
	seen(3, &addr, &STRANGER);
	assert_null(entry(3, addr));
	deliver_all();
	expect(3, addr, TMIP_STATION_VISITING, 3);
	expect(2, addr, TMIP_STATION_AWAY, 3);
	expect(1, addr, TMIP_STATION_ELSEWHERE, 3);
	assert_int_equal(tunnel_type(3, 2), TMIP_TUNNEL_4IN4);
}

static void refused_claim_blocks_for_a_while(void **state)
{
	struct tmip_addr addr = ip(2, 77);

	(void)state;
	w->refuse = MLRP_E_REFUSED;
	seen(3, &addr, &STRANGER);
	deliver_all();
	assert_int_equal(entry(3, addr)->state, TMIP_STATION_BLOCKED);
	seen(3, &addr, &STRANGER); /* is not asked again */
	assert_int_equal(w->queued, 0);
	w->now += REFUSED;
	roam_tick(w->cn[3].roam, w->now);
	assert_null(entry(3, addr));
}

static void gateway_network_and_foreign_are_not_claimed(void **state)
{
	struct tmip_addr addrs[] = {ip(2, 1), ip(2, 0), ip(2, 255), ip(99, 5)};

	(void)state;
	for (int i = 0; i < 4; i++)
		seen(3, &addrs[i], &STRANGER);
	assert_int_equal(w->queued, 0);
}

static void wrong_mac_is_a_conflict(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct roam_counts counts;

	(void)state;
	seen(2, &addr, &STRANGER);
	assert_int_equal(w->queued, 0);
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.conflicts, 1);
	expect_everywhere(1);
	assert_non_null(strstr(w->cn[2].told, "which belongs to station"));
	assert_non_null(strstr(w->cn[2].told, "uses the address 10.10.1.9 of this station"));
	w->cn[2].told[0] = '\0';
	for (int i = 0; i < 59; i++) {
		w->now += 1000;
		seen(2, &addr, &STRANGER);
	}
	assert_string_equal(w->cn[2].told, ""); /* counted, but not told each time */
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.conflicts, 60);
	w->now += 1000;
	seen(2, &addr, &STRANGER);
	assert_string_not_equal(w->cn[2].told, "");
}

static void damped_station_waits_where_it_is(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct roam_counts counts;

	(void)state;
	w->refuse = MLRP_E_DAMPED;
	seen(2, &addr, &MAC);
	expect(2, addr, TMIP_STATION_VISITING, 2);
	deliver_all();
	expect_everywhere(1);
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.damped, 1);
	assert_non_null(strstr(w->cn[2].told, "damped"));
	w->now += DAMPED - 1;
	seen(2, &addr, &MAC);
	assert_int_equal(w->queued, 0);
	w->refuse = 0;
	w->now++;
	seen(2, &addr, &MAC);
	deliver_all();
	expect_everywhere(2);
}

static void new_record_ends_the_wait(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	w->refuse = MLRP_E_DAMPED;
	seen(2, &addr, &MAC);
	deliver_all();
	w->refuse = 0;
	w->record.version.seq = ++w->seq; /* as after `mlrd clear` */
	roam_record(w->cn[2].roam, &w->record, 0, w->now);
	seen(2, &addr, &MAC);
	deliver_all();
	expect(2, addr, TMIP_STATION_VISITING, 2);
	expect(1, addr, TMIP_STATION_AWAY, 2);
}

static void full_table_is_counted(void **state)
{
	struct roam_counts counts;

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct station_record record = {.addr = ip(2, 20 + i), .mac = STRANGER, .kind = RECORD_DYNAMIC, .state = RECORD_BOUND,
						.parent = 2, .current = 2, .version = {3, 20 + (uint64_t)i}};
		roam_record(w->cn[2].roam, &record, 0, w->now);
	}
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.stations[0], 4);
	assert_int_equal(counts.overflow, 2);
}

static void peer_may_not_speak_for_others(void **state)
{
	struct mlrp_message message = {.type = MLRP_MOVED, .transaction = 5, .has = MLRP_HAS(MLRP_F_STATION), .station = w->record};

	(void)state;
	message.station.current = 2; /* said by CN 3, which is neither there nor the parent */
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->queue[0].message.type, MLRP_ERROR);
	assert_int_equal(w->queue[0].message.code, MLRP_E_REFUSED);
	w->queued = 0;
	message.station.current = 3;
	message.station.version.epoch--; /* based on a record of another time */
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->queue[0].message.code, MLRP_E_STALE);
	w->queued = 0;
	message.station.version.epoch++;
	message.station.version.seq--; /* what CN 3 passes on, and is older than what we know */
	message.transaction = 0;
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->queued, 0);
	expect_everywhere(1);
}

static void who_sees_a_station_is_believed_before_the_push_reached_it(void **state)
{
	struct mlrp_message message = {.type = MLRP_MOVED, .transaction = 5, .has = MLRP_HAS(MLRP_F_STATION), .station = w->record};

	(void)state;
	message.station.current = 3;
	message.station.version.seq--;
	roam_cn_message(w->cn[1].roam, 3, &message, w->now);
	assert_int_equal(w->queue[0].message.type, MLRP_MOVED_OK);
	w->queued = 0;
	expect(1, w->record.addr, TMIP_STATION_AWAY, 3);
}

static void adopted_entries_stand_until_the_snapshot(void **state)
{
	struct tmip_addr known = ip(1, 9), unknown = ip(1, 10);
	const struct roam_options options = {.stations_max = 4, .cns_max = 8, .timeout_ms = TIMEOUT, .refused_ms = REFUSED};
	struct cn *cn = &w->cn[1];
	struct tmip_station old = *entry(1, known);

	(void)state;
	roam_destroy(cn->roam);
	cn->roam = roam_create(&options, act, cn);
	cn->map[1] = cn->map[0];
	cn->map[1].addr = unknown;
	cn->map_count = 2;
	roam_adopt(cn->roam, &known, &old);
	roam_adopt(cn->roam, &unknown, &old);
	roam_set_self(cn->roam, 1);
	for (uint32_t id = 1; id <= CNS; id++) {
		struct cn_info info = describe(id);

		roam_put_cn(cn->roam, &info);
	}
	struct prefix subnet = {ip(1, 0), 24};

	roam_put_cell(cn->roam, 10, "wlan0", &subnet);
	assert_int_equal(cn->map_count, 2);
	roam_sync_start(cn->roam, true);
	roam_record(cn->roam, &w->record, 0, w->now);
	roam_sync_end(cn->roam, w->now);
	assert_int_equal(cn->map_count, 1);
	assert_memory_equal(entry(1, known), &old, sizeof(old));
}

/* A stranger that uses a reserved address is asked about, but the station stays in its cell until the register agrees. */
static void refused_claim_of_a_reserved_address_moves_nothing(void **state)
{
	struct prefix subnet = {ip(7, 0), 24};
	struct tmip_event event = {.type = TMIP_EVENT_SEEN, .ifindex = 11, .mac = STRANGER, .addr = ip(1, 9)};
	struct station_record reserved = w->record;

	(void)state;
	reserved.kind = RECORD_RESERVED;
	reserved.version.seq = ++w->seq;
	assert_int_equal(roam_put_cell(w->cn[1].roam, 11, "eth1", &subnet), 0);
	roam_record(w->cn[1].roam, &reserved, 10, w->now);
	assert_int_equal(entry(1, ip(1, 9))->ifindex, 10);
	w->refuse = MLRP_E_CONFLICT;
	roam_seen(w->cn[1].roam, &event, w->now);
	assert_int_equal(w->queue[0].message.type, MLRP_CLAIM);
	roam_put_cell(w->cn[1].roam, 12, "eth2", &subnet); /* brings all map entries up to date */
	assert_int_equal(entry(1, ip(1, 9))->ifindex, 10);
	deliver_all();
	assert_int_equal(entry(1, ip(1, 9))->ifindex, 10);
	assert_int_equal(entry(1, ip(1, 9))->state, TMIP_STATION_HOME);
	w->refuse = 0; /* the other MAC of that host: then it is where it was seen */
	roam_seen(w->cn[1].roam, &event, w->now);
	deliver_all();
	assert_int_equal(entry(1, ip(1, 9))->ifindex, 11);
	assert_memory_equal(&entry(1, ip(1, 9))->mac, &STRANGER, sizeof(STRANGER));
}

/* Our handover, not answered by the register, was overtaken by a move to CN 3, not confirmed either: nothing of them stays. */
static void overtaken_move_ends_too(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct mlrp_message message = {.type = MLRP_MOVED, .transaction = 5, .has = MLRP_HAS(MLRP_F_STATION), .station = w->record};

	(void)state;
	seen(2, &addr, &MAC);
	w->queued = 0;
	message.station.current = 3;
	roam_cn_message(w->cn[2].roam, 3, &message, w->now);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 3);
	w->queued = 0;
	w->now += TIMEOUT;
	assert_int_equal(roam_tick(w->cn[2].roam, w->now), 0);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 1);
	w->queued = 0;
	expect_everywhere(1);
}

/* The register may answer with a record that another CN won since. */
static void answer_that_names_another_cn(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct mlrp_message message = {.type = MLRP_STATION, .has = MLRP_HAS(MLRP_F_STATION)};
	struct roam_counts counts;

	(void)state;
	seen(2, &addr, &MAC);
	for (int i = 0; i < w->queued; i++)
		if (w->queue[i].to == REGISTER)
			message.transaction = w->queue[i].message.transaction;
	w->queued = 0;
	w->record.current = 3;
	w->record.version.seq += 2;
	message.station = w->record;
	roam_register_answer(w->cn[2].roam, &message, w->now);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 3);
	w->now += TIMEOUT;
	roam_tick(w->cn[2].roam, w->now);
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.completed, 0);
	assert_int_equal(counts.pending, 0);
	expect(2, addr, TMIP_STATION_ELSEWHERE, 3);
}

/* Two addresses of one MAC move together, and one that is freed leaves the other. */
static void two_addresses_of_one_mac(void **state)
{
	struct station_record second = w->record;

	(void)state;
	second.addr = ip(1, 10);
	second.version.seq++;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &second, 0, w->now);
	seen(2, NULL, &MAC);
	expect(2, ip(1, 9), TMIP_STATION_VISITING, 2);
	expect(2, ip(1, 10), TMIP_STATION_VISITING, 2);
	deliver_between(2, 1);
	expect(1, ip(1, 9), TMIP_STATION_AWAY, 2);
	expect(1, ip(1, 10), TMIP_STATION_AWAY, 2);
	assert_int_equal(replica_find_cn(roam_replica(w->cn[2].roam), 1)->stations, 2);
	second.version.seq++;
	second.state = RECORD_FREE;
	roam_record(w->cn[2].roam, &second, 0, w->now); /* in the middle of its handover */
	assert_null(entry(2, ip(1, 10)));
	expect(2, ip(1, 9), TMIP_STATION_VISITING, 2);
	assert_int_equal(replica_find_cn(roam_replica(w->cn[2].roam), 1)->stations, 1);
	w->queued = 0;
}

/* ---- a CN that sends to where the station was */

static void sends_to_stale(uint32_t id, uint32_t peer, struct tmip_addr addr)
{
	struct tmip_event event = {.type = TMIP_EVENT_STALE, .ifindex = 1, .mac = MAC, .addr = addr, .peer = tunnel(peer)};

	roam_stale(w->cn[id].roam, &event);
}

/* The station goes from CN 2 to CN 3 while neither CN 1 nor the register can be told. */
static void move_unheard(void)
{
	struct tmip_addr addr = ip(1, 9);

	seen(2, &addr, &MAC);
	deliver_all();
	w->register_away = true;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_register_lost(w->cn[id].roam);
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
	deliver_all(); /* and nobody answers */
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
	seen(1, &addr, &MAC); /* home again before it arrives */
	deliver_all();
	expect(1, addr, TMIP_STATION_HOME, 1);
}

static void only_who_had_the_station_corrects(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct mlrp_message message = {.type = MLRP_MOVED, .has = MLRP_HAS(MLRP_F_STATION), .station = w->record};

	(void)state;
	seen(2, &addr, &MAC);
	deliver_all();
	message.station = w->record;
	message.station.current = 2;
	message.station.parent = 1;
	roam_cn_message(w->cn[1].roam, 3, &message, w->now); /* CN 3 never had it */
	expect(1, addr, TMIP_STATION_AWAY, 2);
	message.station.current = 3;
	message.station.version.seq--; /* CN 2 had it, but knows less than the register has told since */
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
	sends_to_stale(2, 1, addr);         /* that is where it is */
	sends_to_stale(1, 2, addr);         /* it is here by now */
	sends_to_stale(2, 7, addr);         /* no CN */
	sends_to_stale(2, 3, ip(1, 200));   /* no station */
	assert_int_equal(w->queued, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(starts_at_home), CASE(roams_and_returns), CASE(parent_learns_from_the_new_cn_alone),
		CASE(leaves_and_appears), CASE(only_the_current_cn_says_departed), CASE(gone_from_a_cell_is_told), CASE(gone_with_another_mac),
		CASE(departed_from_one_cell), CASE(probe_is_for_who_has_the_station), CASE(at_home_without_holding),
		CASE(log_tells_the_steps_in_order), CASE(goes_on_to_a_third_cn), CASE(returns_within_the_first_handover),
		CASE(returns_before_anybody_heard), CASE(three_claims_in_a_row), CASE(link_layer_sighting_moves_all_addresses),
		CASE(refused_is_undone_everywhere), CASE(silent_register_is_presumed_abort), CASE(dead_new_cn_leaves_nothing_half_done),
		CASE(roams_without_a_register_and_reports_later), CASE(register_that_lost_its_last_moments_is_told),
		CASE(renewal_is_reported_later), CASE(local_address_is_known_to_all_and_reported),
		CASE(refused_local_address_is_withdrawn), CASE(late_cn_is_told_of_local_addresses), CASE(older_record_changes_nothing), CASE(newer_epoch_beats_sequence),
		CASE(freed_address_leaves_the_map), CASE(static_address_is_claimed), CASE(refused_claim_blocks_for_a_while),
		CASE(gateway_network_and_foreign_are_not_claimed), CASE(wrong_mac_is_a_conflict), CASE(damped_station_waits_where_it_is),
		CASE(new_record_ends_the_wait), CASE(full_table_is_counted),
		CASE(peer_may_not_speak_for_others), CASE(who_sees_a_station_is_believed_before_the_push_reached_it),
		CASE(adopted_entries_stand_until_the_snapshot),
		CASE(refused_claim_of_a_reserved_address_moves_nothing), CASE(overtaken_move_ends_too),
		CASE(answer_that_names_another_cn), CASE(two_addresses_of_one_mac),
		CASE(who_sends_to_a_stale_place_is_corrected), CASE(a_late_correction_changes_nothing),
		CASE(only_who_had_the_station_corrects), CASE(nobody_is_corrected_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
