/* SPDX-License-Identifier: BSD-2-Clause */
/* The place of a station: handovers, claims of an address that it brings along, late reports. */
#include "registry_world.h"

static void a_handover_there_and_back(void **state)
{
	uint32_t a, b;
	struct version base;

	(void)state;
	a = join(1, 10, 20);
	b = join(2, 10, 20);
	join(3, 10, 20);
	struct tmip_addr addr = lease(1, 1);

	base = record(addr)->version;
	w->disk_waits = true; /* nobody waits for it */
	w->cn[1].count = w->cn[3].count = 0;
	assert_int_equal(good(2, MLRP_HANDOVER, 1, addr)->current, b);
	assert_int_equal(w->cn[2].count, 1); /* the answer, and no push */
	assert_int_equal(w->cn[1].count, 1);
	assert_int_equal(w->cn[3].count, 1);
	assert_int_equal(w->cn[3].box[0].station.current, b);
	assert_int_equal(w->cn[3].box[0].transaction, 0);
	const struct station_record *back = good(1, MLRP_HANDOVER, 1, addr);

	assert_int_equal(back->current, a);
	assert_int_equal(back->version.seq, base.seq + 2);
	/* Again: the record as it stands. */
	assert_int_equal(good(1, MLRP_HANDOVER, 1, addr)->version.seq, base.seq + 2);
	refused(2, MLRP_HANDOVER, 9, addr, MLRP_E_CONFLICT);
	refused(2, MLRP_HANDOVER, 9, ip(1, 19), MLRP_E_UNKNOWN);
}

static void static_addresses_are_claimed(void **state)
{
	uint32_t first, second;

	(void)state;
	first = join(1, 10, 12);
	second = join(2, 10, 12);
	const struct station_record *claimed = good(2, MLRP_CLAIM, 1, ip(1, 200));

	assert_int_equal(claimed->kind, RECORD_STATIC);
	assert_int_equal(claimed->parent, first);
	assert_int_equal(claimed->current, second);
	refused(1, MLRP_CLAIM, 2, ip(1, 200), MLRP_E_CONFLICT);
	assert_true(w->cn[1].box[0].has & MLRP_HAS(MLRP_F_STATION)); /* the record in force */
	good(1, MLRP_CLAIM, 3, ip(1, 10)); /* inside a pool: never offered then */
	expect(offer(1, 4), 1, 11);
	/* The same station elsewhere: a handover. */
	assert_int_equal(good(1, MLRP_CLAIM, 1, ip(1, 200))->current, first);
	good(1, MLRP_CLAIM, 9, ip(1, 11)); /* who uses it wins over an offer */
	refused(1, MLRP_BIND, 4, ip(1, 11), MLRP_E_CONFLICT);
	pass(100000);
	assert_int_equal(record(ip(1, 200))->state, RECORD_BOUND);
}

static void reports_are_ordered_by_when_it_happened(void **state)
{
	struct mlrp_message report = {.type = MLRP_HANDOVER,
				      .mac = mac(1),
				      .addr = ip(1, 10),
				      .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
					     MLRP_HAS(MLRP_F_VERSION) | MLRP_HAS(MLRP_F_AGE)};
	const struct mlrp_message *answer;

	(void)state;
	for (int cn = 1; cn <= 3; cn++)
		join(cn, 10, 20);
	lease(1, 1);
	w->now.ms += 60000;
	report.age = 2000;
	assert_int_equal(ask(3, &report)->station.current, 3);
	report.age = 5000; /* it had been there before */
	answer = ask(2, &report);
	assert_int_equal(answer->code, MLRP_E_STALE);
	assert_int_equal(answer->station.current, 3);
	assert_int_equal(good(2, MLRP_HANDOVER, 1, ip(1, 10))->current, 2); /* but now it is */
	report.age = 0;
	assert_int_equal(ask(3, &report)->station.current, 3);
}

/* The agent of the CN where the station is does not say so. */
static void others_report_for_an_agent_that_is_away(void **state)
{
	struct mlrp_message report = {.type = MLRP_FOLLOWED, .mac = mac(1),
				      .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) |
					     MLRP_HAS(MLRP_F_VERSION) | MLRP_HAS(MLRP_F_CN)};
	uint32_t id[5] = {0};
	struct registry_cut cut;
	char why[160];

	(void)state;
	for (int cn = 1; cn <= 4; cn++)
		id[cn] = join(cn, 10, 20);
	report.addr = lease(1, 1);
	report.version = record(report.addr)->version;
	report.cn.id = id[2];
	w->cn[2].count = w->cn[3].count = 0;
	assert_int_equal(ask(1, &report)->station.current, id[2]); /* the parent */
	assert_int_equal(w->cn[2].count, 1); /* it learns what it did not say */
	assert_int_equal(w->cn[2].box[0].station.current, id[2]);
	assert_int_equal(w->cn[3].count, 1);
	report.cn.id = id[3];
	assert_int_equal(ask(1, &report)->code, MLRP_E_STALE); /* the former version */
	report.version = record(report.addr)->version;
	assert_int_equal(ask(4, &report)->code, MLRP_E_REFUSED); /* not its business */
	assert_int_equal(ask(2, &report)->station.current, id[3]); /* the CN of the record */
	report.version = record(report.addr)->version;
	assert_int_equal(ask(3, &report)->station.version.seq, report.version.seq); /* known */
	report.cn.id = 99;
	assert_int_equal(ask(1, &report)->code, MLRP_E_REFUSED); /* no such CN */
	close_session(4);
	assert_int_equal(registry_forget_cn(w->registry, "cn4", true, &cut, why, sizeof(why)), 0);
	report.cn.id = id[4];
	assert_int_equal(ask(1, &report)->code, MLRP_E_REFUSED); /* not any more */
	assert_int_equal(record(report.addr)->current, id[3]);
	report.mac = mac(9);
	assert_int_equal(ask(1, &report)->code, MLRP_E_CONFLICT);
	report.addr = ip(1, 19);
	assert_int_equal(ask(1, &report)->code, MLRP_E_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_handover_there_and_back),
		CASE(static_addresses_are_claimed),
		CASE(reports_are_ordered_by_when_it_happened),
		CASE(others_report_for_an_agent_that_is_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
