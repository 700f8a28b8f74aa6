/* SPDX-License-Identifier: BSD-2-Clause */
/* The roaming machine and the register: its records, its outages, and the reports after them. */
#include "roam_world.h"

static void roams_without_a_register_and_reports_later(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	lose_register(true);
	seen(2, &addr, &MAC);
	deliver_all();
	seen(3, &addr, &MAC); /* CN 3 has not heard of CN 2: the parent notifies that one */
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
	w->record = before; /* its disk had only the older record */
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

/* ---- addresses that a CN gives while the register is down */

static void give_local(void)
{
	struct station_record record = {
		.addr = ip(1, 200), .mac = STRANGER, .kind = RECORD_DYNAMIC,
		.state = RECORD_BOUND, .lease_end = 9999,
	};

	lose_register(true);
	assert_int_equal(roam_local(w->cn[1].roam, &record, 600, 10, w->now), 0);
	deliver_all();
	record.addr = ip(1, 9);
	/* This address has a record. */
	assert_int_equal(roam_local(w->cn[1].roam, &record, 600, 10, w->now), -EEXIST);
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
	w->register_down = false;
	for (uint32_t id = 1; id <= CNS; id++) { /* the register does not know the address */
		roam_sync_start(w->cn[id].roam, true);
		roam_record(w->cn[id].roam, &w->record, 0, w->now);
		roam_sync_end(w->cn[id].roam, w->now);
	}
	assert_int_equal(w->queued, 1); /* from the parent only: CN 2 waits for the record */
	assert_int_equal(w->queue[0].message.type, MLRP_BIND);
	assert_int_equal(w->queue[0].message.lease, 600);
	assert_int_equal(w->queue[0].message.age, 2500);
	w->record = (struct station_record){
		.addr = addr, .mac = STRANGER, .kind = RECORD_DYNAMIC, .state = RECORD_BOUND,
		.parent = 1, .version = {3, 1},
	};
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
	assert_non_null(strstr(w->cn[1].logged, "must ask for another"));
}

static void late_cn_is_told_of_local_addresses(void **state)
{
	struct tmip_addr addr = ip(1, 200);

	(void)state;
	give_local();
	roam_withdraw(w->cn[2].roam, &addr); /* CN 2 may not withdraw the address of CN 1 */
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

static void full_table_is_counted(void **state)
{
	struct roam_counts counts;

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct station_record record = {
			.addr = ip(2, 20 + i), .mac = STRANGER, .kind = RECORD_DYNAMIC,
			.state = RECORD_BOUND, .parent = 2, .current = 2,
			.version = {3, 20 + (uint64_t)i},
		};

		roam_record(w->cn[2].roam, &record, 0, w->now);
	}
	roam_count(w->cn[2].roam, &counts);
	assert_int_equal(counts.stations[0], 4);
	assert_int_equal(counts.overflow, 2);
}

/* CN 1 has a new agent, which finds what is in the map. */
static void restart(void)
{
	const struct roam_options options = {
		.stations_max = 4, .cns_max = 8, .timeout_ms = TIMEOUT, .refused_ms = REFUSED,
	};
	struct prefix subnet = {ip(1, 0), 24};
	struct cn *cn = &w->cn[1];

	roam_destroy(cn->roam);
	cn->roam = roam_create(&options, act, cn);
	for (int i = 0; i < cn->map_count; i++)
		roam_adopt(cn->roam, &cn->map[i].addr, &cn->map[i].entry);
	roam_set_self(cn->roam, 1);
	for (uint32_t id = 1; id <= CNS; id++) {
		struct cn_info info = describe(id);

		roam_put_cn(cn->roam, &info);
	}
	roam_put_cell(cn->roam, 10, "wlan0", &subnet);
}

/* The register is told of an entry that its snapshot lacks: it may have lost it. */
static void adopted_entries_stand_until_the_register_has_spoken(void **state)
{
	struct tmip_addr known = ip(1, 9), unknown = ip(1, 10);
	struct cn *cn = &w->cn[1];
	struct tmip_station old = *entry(1, known);

	(void)state;
	cn->map[1] = cn->map[0];
	cn->map[1].addr = unknown;
	cn->map_count = 2;
	restart();
	assert_int_equal(cn->map_count, 2);
	roam_sync_start(cn->roam, true);
	roam_record(cn->roam, &w->record, 0, w->now);
	roam_sync_end(cn->roam, w->now);
	assert_int_equal(cn->map_count, 2);
	assert_int_equal(w->queued, 1);
	assert_int_equal(w->queue[0].message.type, MLRP_BIND);
	assert_memory_equal(&w->queue[0].message.addr, &unknown, sizeof(unknown));
	w->refuse = MLRP_E_CONFLICT;
	deliver_between(1, REGISTER);
	deliver_between(REGISTER, 1);
	assert_int_equal(cn->map_count, 1);
	assert_memory_equal(entry(1, known), &old, sizeof(old));
}

/* The station has gone to CN 2, and neither CN has had an agent since. */
static void begin_followed(uint32_t to, const struct tmip_mac *mac)
{
	struct tmip_station *found = &w->cn[1].map[0].entry;

	found->mac = *mac;
	found->state = TMIP_STATION_AWAY;
	found->ifindex = 0;
	found->current = tunnel(to);
	found->flags = TMIP_STATION_F_FRESH;
	restart();
	roam_sync_start(w->cn[1].roam, true);
	roam_record(w->cn[1].roam, &w->record, 0, w->now);
	roam_sync_end(w->cn[1].roam, w->now);
}

static void where_the_programs_followed_it_counts_until_that_is_asked(void **state)
{
	struct tmip_addr addr = ip(1, 9);

	(void)state;
	begin_followed(2, &MAC);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	assert_int_equal(w->queued, 0);
	time_goes(1, TIMEOUT);
	assert_int_equal(w->cn[1].asked_cn, 2);
	roam_cn_asked(w->cn[1].roam, &addr, 2, true, w->now);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	assert_int_equal(w->queued, 1);
	assert_int_equal(w->queue[0].message.type, MLRP_FOLLOWED);
	w->queued = 0;
	time_goes(1, TIMEOUT); /* it has left since */
	roam_cn_asked(w->cn[1].roam, &addr, 2, false, w->now);
	expect(1, addr, TMIP_STATION_HOME, 1);
}

static void it_says_nothing_of_another_holder_or_place(void **state)
{
	(void)state;
	begin_followed(7, &MAC); /* no CN */
	expect(1, ip(1, 9), TMIP_STATION_HOME, 1);
	begin_followed(1, &MAC);
	expect(1, ip(1, 9), TMIP_STATION_HOME, 1);
	begin_followed(2, &STRANGER);
	expect(1, ip(1, 9), TMIP_STATION_HOME, 1);
	assert_int_equal(roam_next_due(w->cn[1].roam), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(roams_without_a_register_and_reports_later),
		CASE(register_that_lost_its_last_moments_is_told),
		CASE(renewal_is_reported_later), CASE(local_address_is_known_to_all_and_reported),
		CASE(refused_local_address_is_withdrawn), CASE(late_cn_is_told_of_local_addresses),
		CASE(older_record_changes_nothing), CASE(newer_epoch_beats_sequence),
		CASE(freed_address_leaves_the_map), CASE(full_table_is_counted),
		CASE(adopted_entries_stand_until_the_register_has_spoken),
		CASE(where_the_programs_followed_it_counts_until_that_is_asked),
		CASE(it_says_nothing_of_another_holder_or_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
