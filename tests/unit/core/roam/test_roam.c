/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The roaming machine's handovers and claims: where each CN believes the station to be after them,
 * with the messages in different orders.
 */
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
	assert_int_equal(w->cn[1].announced_ifindex, 10); /* for the station's neighbours at home */
	assert_int_equal(w->cn[2].greeted, 1); /* it may have the MAC of another gateway */
	assert_false(w->cn[2].joining);
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

static void log_tells_the_steps_in_order(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	static const char *const steps[] = {
		"station detected in cell wlan0 (IP activity)",
		"allocation known from the register: 10.10.1.9",
		"notifying the register",
		"attempting handover [migrated from cn1, parent cn1]",
		"contacting parent CN cn1",
		"agreed on tunnel type 4IN4",
		"all participants have answered",
		"using 10.10.1.9 of 10.10.1.0/24, gateway 10.10.1.1",
		"committed to the register as version 3.8",
	};
	const char *at;

	(void)state;
	w->cn[2].logged[0] = '\0';
	seen(2, &addr, &MAC);
	deliver_between(2, 1);
	deliver_all();
	at = w->cn[2].logged;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		at = strstr(at, steps[i]);
		if (!at)
			fail_msg("step missing or out of order: %s\n%s", steps[i], w->cn[2].logged);
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
	deliver_between(2, 1); /* now the parent knows of the move, but not the register */
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
	seen(1, &addr, &MAC); /* for CN 1 the station has never left */
	assert_int_equal(w->queued, 2);
	deliver_all();
	expect_everywhere(2); /* until the station's next frame at home */
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
	w->register_down = true; /* it does not answer, but the CNs believe it connected */
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
	w->queued = 0; /* CN 2 dies before it sends its request to the register */
	time_goes(1, TIMEOUT);
	assert_int_equal(w->cn[1].asked_cn, 2); /* its programs do not answer either */
	time_goes(1, ASK_CN);
	expect(1, addr, TMIP_STATION_HOME, 1);
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

/* An ARP question names the address of its sender, which may have it elsewhere (RFC 4436). */
static void who_only_asks_does_not_have_the_address(void **state)
{
	struct tmip_event event = {.type = TMIP_EVENT_ASKED, .ifindex = 20, .mac = STRANGER,
				   .addr = ip(1, 66), .protocol = __builtin_bswap16(0x0806)};

	(void)state;
	w->crowd = true;
	roam_asked(w->cn[2].roam, &event);
	assert_int_equal(w->queued, 0);
	assert_int_equal(w->cn[2].probed, 1); /* it is asked for that address */
	assert_int_equal(w->cn[2].recalled_ifindex, 20);
	event.addr = ip(1, 9); /* of a station */
	roam_asked(w->cn[2].roam, &event);
	assert_int_equal(w->cn[2].probed, 2);
	assert_int_equal(w->cn[2].asked, 0);
	event.mac = MAC; /* of this one, as the record says meanwhile */
	roam_asked(w->cn[2].roam, &event);
	event.addr = ip(1, 1); /* the gateway's */
	roam_asked(w->cn[2].roam, &event);
	event.addr = ip(9, 9); /* of no CN */
	roam_asked(w->cn[2].roam, &event);
	assert_int_equal(w->cn[2].probed, 2);
	assert_int_equal(w->queued, 0);
}

static void refused_claim_blocks_for_a_while(void **state)
{
	struct tmip_addr addr = ip(2, 77);

	(void)state;
	w->refuse = MLRP_E_REFUSED;
	seen(3, &addr, &STRANGER);
	deliver_all();
	assert_int_equal(entry(3, addr)->state, TMIP_STATION_BLOCKED);
	seen(3, &addr, &STRANGER); /* the CN does not ask again */
	assert_int_equal(w->queued, 0);
	w->now += REFUSED;
	roam_tick(w->cn[3].roam, w->now);
	assert_null(entry(3, addr));
}

static void one_mac_has_few_claims_at_a_time(void **state)
{
	const struct roam_options options = {
		.stations_max = 64, .cns_max = 8, .timeout_ms = TIMEOUT, .refused_ms = REFUSED,
		.accept_static = true,
	};
	struct roam_counts counts;

	(void)state;
	roam_set_options(w->cn[3].roam, &options);
	for (int host = 100; host < 130; host++) {
		struct tmip_addr addr = ip(2, host);

		seen(3, &addr, &STRANGER);
	}
	roam_count(w->cn[3].roam, &counts);
	assert_int_equal(counts.pending, 16);
	assert_int_equal(counts.overflow, 14);
	/* Another one is not concerned. */
	struct tmip_addr addr = ip(2, 140);
	struct tmip_mac other = {{2, 0, 0, 0, 0, 0x67}};

	seen(3, &addr, &other);
	roam_count(w->cn[3].roam, &counts);
	assert_int_equal(counts.pending, 17);
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
	conflict(2, &addr, &STRANGER);
	assert_int_equal(w->queued, 0);
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.conflicts, 1);
	expect_everywhere(1);
	assert_non_null(strstr(w->cn[2].logged, "which belongs to station"));
	assert_non_null(strstr(w->cn[2].logged, "uses the address 10.10.1.9 of this station"));
	w->cn[2].logged[0] = '\0';
	for (int i = 0; i < 59; i++) {
		w->now += 1000;
		conflict(2, &addr, &STRANGER);
	}
	assert_string_equal(w->cn[2].logged, ""); /* the CN counts each conflict, but logs few */
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.conflicts, 60);
	w->now += 1000;
	seen(2, &addr, &STRANGER);
	assert_string_not_equal(w->cn[2].logged, "");
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
	assert_non_null(strstr(w->cn[2].logged, "damped"));
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

/*
 * If a stranger uses a reserved address, the CN asks the register. The station stays in its cell
 * until the register agrees.
 */
static void refused_claim_of_a_reserved_address_moves_nothing(void **state)
{
	struct prefix subnet = {ip(7, 0), 24};
	struct tmip_event event = {
		.type = TMIP_EVENT_CONFLICT, .ifindex = 11, .mac = STRANGER, .addr = ip(1, 9),
		.protocol = __builtin_bswap16(0x0806),
	};
	struct station_record reserved = w->record;

	(void)state;
	reserved.kind = RECORD_RESERVED;
	reserved.version.seq = ++w->seq;
	assert_int_equal(roam_put_cell(w->cn[1].roam, 11, "eth1", &subnet), 0);
	roam_record(w->cn[1].roam, &reserved, 10, w->now);
	assert_int_equal(entry(1, ip(1, 9))->ifindex, 10);
	w->refuse = MLRP_E_CONFLICT;
	roam_conflict(w->cn[1].roam, &event, w->now);
	assert_int_equal(w->queue[0].message.type, MLRP_CLAIM);
	roam_put_cell(w->cn[1].roam, 12, "eth2", &subnet); /* brings all map entries up to date */
	assert_int_equal(entry(1, ip(1, 9))->ifindex, 10);
	deliver_all();
	assert_int_equal(entry(1, ip(1, 9))->ifindex, 10);
	assert_int_equal(entry(1, ip(1, 9))->state, TMIP_STATION_HOME);
	time_goes(1, 0);
	roam_holder_asked(w->cn[1].roam, &event.addr, &MAC, ROAM_HOLDER_THERE, w->now);
	w->refuse = 0; /* it is another MAC of that host, which has moved */
	roam_conflict(w->cn[1].roam, &event, w->now);
	time_goes(1, 1000);
	deliver_all();
	assert_int_equal(entry(1, ip(1, 9))->ifindex, 11);
	assert_memory_equal(&entry(1, ip(1, 9))->mac, &STRANGER, sizeof(STRANGER));
}

/*
 * The register does not answer the handover to CN 2. A move to CN 3 overtakes it, and the register
 * does not confirm that one either: nothing of the two stays.
 */
static void overtaken_move_ends_too(void **state)
{
	struct tmip_addr addr = ip(1, 9);
	struct mlrp_message message = {
		.type = MLRP_MOVED, .transaction = 5, .has = MLRP_HAS(MLRP_F_STATION),
		.station = w->record,
	};

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

/* The register may answer with a record that another CN has won meanwhile. */
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

/* Two addresses of one MAC move together. If the register frees one, the other stays. */
static void two_addresses_of_one_mac(void **state)
{
	struct station_record second = w->record;

	(void)state;
	second.addr = ip(1, 10);
	second.version.seq++;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &second, 0, w->now);
	roam_associated(w->cn[2].roam, &MAC, 20, "association", w->now);
	expect(2, ip(1, 9), TMIP_STATION_VISITING, 2);
	expect(2, ip(1, 10), TMIP_STATION_VISITING, 2);
	deliver_between(2, 1);
	expect(1, ip(1, 9), TMIP_STATION_AWAY, 2);
	expect(1, ip(1, 10), TMIP_STATION_AWAY, 2);
	assert_int_equal(replica_find_cn(roam_replica(w->cn[2].roam), 1)->stations, 2);
	second.version.seq++;
	second.state = RECORD_FREE;
	roam_record(w->cn[2].roam, &second, 0, w->now); /* in the middle of the handover */
	assert_null(entry(2, ip(1, 10)));
	expect(2, ip(1, 9), TMIP_STATION_VISITING, 2);
	assert_int_equal(replica_find_cn(roam_replica(w->cn[2].roam), 1)->stations, 1);
	w->queued = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(starts_at_home), CASE(roams_and_returns),
		CASE(parent_learns_from_the_new_cn_alone), CASE(log_tells_the_steps_in_order),
		CASE(goes_on_to_a_third_cn), CASE(returns_within_the_first_handover),
		CASE(returns_before_anybody_heard), CASE(three_claims_in_a_row),
		CASE(refused_is_undone_everywhere), CASE(silent_register_is_presumed_abort),
		CASE(dead_new_cn_leaves_nothing_half_done), CASE(static_address_is_claimed),
		CASE(one_mac_has_few_claims_at_a_time),
		CASE(who_only_asks_does_not_have_the_address),
		CASE(refused_claim_blocks_for_a_while),
		CASE(gateway_network_and_foreign_are_not_claimed),
		CASE(wrong_mac_is_a_conflict), CASE(damped_station_waits_where_it_is),
		CASE(new_record_ends_the_wait),
		CASE(refused_claim_of_a_reserved_address_moves_nothing),
		CASE(overtaken_move_ends_too),
		CASE(answer_that_names_another_cn), CASE(two_addresses_of_one_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
