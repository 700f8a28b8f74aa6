/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A register that has lost records: the parent and the CN of the station keep them, report them as
 * they were, and nothing changes for the packets meanwhile.
 */
#include "roam_world.h"

#define LEASE_S 3600
#define AHEAD_MS 1000000000 /* the register's clock */

static struct tmip_addr addr;
static struct station_record before;

static uint64_t clock_s(void)
{
	return (w->now + AHEAD_MS) / 1000;
}

/* The station has a lease and is at CN 2; everybody is in step. */
static void begin(void)
{
	addr = ip(1, 9);
	w->record.lease_end = clock_s() + LEASE_S;
	w->record.client_id_len = 3;
	memcpy(w->record.client_id, "abc", 3);
	for (uint32_t id = 1; id <= CNS; id++)
		roam_set_clock(w->cn[id].roam, AHEAD_MS);
	lose_register(true);
	lose_register(false);
	seen(2, &addr, &MAC);
	deliver_all();
	expect_everywhere(2);
	before = w->record;
}

/* The register is back, with these records alone. */
static void come_back(uint32_t id, const struct station_record *record)
{
	struct roam *roam = w->cn[id].roam;

	roam_register_lost(roam);
	roam_sync_start(roam, true);
	if (record)
		roam_record(roam, record, 0, w->now);
	roam_sync_end(roam, w->now);
}

static const struct mlrp_message *told(uint32_t from)
{
	for (int i = 0; i < w->queued; i++)
		if (w->queue[i].from == from && w->queue[i].to == REGISTER)
			return &w->queue[i].message;
	return NULL;
}

static void expect_report(uint32_t from)
{
	const struct mlrp_message *message = told(from);

	assert_non_null(message);
	assert_int_equal(message->type, MLRP_BIND);
	assert_true(message->has & MLRP_HAS(MLRP_F_STATION));
	assert_int_equal(message->station.kind, RECORD_DYNAMIC);
	assert_int_equal(message->station.current, 2);
	assert_in_range(message->lease + w->now / 1000, LEASE_S - 1, LEASE_S + 2);
	assert_int_equal(message->client_id_len, 3);
}

static void answer(uint32_t id)
{
	struct mlrp_message message = {.type = MLRP_STATION, .station = w->record,
				       .has = MLRP_HAS(MLRP_F_STATION),
				       .transaction = told(id)->transaction};

	roam_register_answer(w->cn[id].roam, &message, w->now);
}

static void parent_and_place_report_what_is_lost(void **state)
{
	(void)state;
	begin();
	for (uint32_t id = 1; id <= CNS; id++)
		come_back(id, NULL);
	expect_report(1);
	expect_report(2);
	assert_null(told(3));
	/* The packets have their way all the time. */
	expect(1, addr, TMIP_STATION_AWAY, 2);
	expect(2, addr, TMIP_STATION_VISITING, 2);
	assert_null(entry(3, addr));
	before.version = (struct version){9, 1};
	w->record = before;
	for (uint32_t id = 1; id <= CNS; id++)
		roam_record(w->cn[id].roam, &before, 0, w->now);
	answer(1);
	answer(2);
	w->queued = 0;
	expect_everywhere(2);
	time_goes(1, 10 * TIMEOUT);
	assert_null(told(1));
}

/* The other register has another clock: what was left of the lease is left of it still. */
static void a_lease_keeps_what_is_left(void **state)
{
	(void)state;
	begin();
	roam_set_clock(w->cn[1].roam, AHEAD_MS - 500000000);
	come_back(1, NULL);
	expect_report(1);
}

static void a_lease_that_is_over_is_not_reported(void **state)
{
	(void)state;
	begin();
	w->now += (LEASE_S + 1) * 1000ull;
	come_back(1, NULL);
	assert_null(told(1));
	assert_null(entry(1, addr));
}

static void a_tombstone_counts_if_it_is_newer(void **state)
{
	struct station_record freed;

	(void)state;
	begin();
	freed = before;
	freed.state = RECORD_FREE;
	freed.version.seq--;
	come_back(1, &freed); /* an older copy: the address was given to the station after that */
	expect_report(1);
	w->queued = 0;
	freed.version.seq += 2;
	come_back(2, &freed); /* the register has ended it meanwhile */
	assert_null(told(2));
	assert_null(entry(2, addr));
}

/* The copy is of a time when another station had the address. */
static void the_former_holder_does_not_come_back(void **state)
{
	struct station_record older;

	(void)state;
	begin();
	older = before;
	older.version.seq--;
	older.mac = STRANGER;
	for (uint32_t id = 1; id <= CNS; id++)
		come_back(id, &older);
	expect_report(1);
	expect_report(2);
	assert_int_equal(told(1)->station.version.seq, before.version.seq);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	expect(2, addr, TMIP_STATION_VISITING, 2);
}

/* The copy has the lease, but not its renewals. */
static void a_renewal_is_told_again(void **state)
{
	struct station_record older;

	(void)state;
	begin();
	older = before;
	older.version.seq--;
	older.lease_end -= LEASE_S / 2;
	come_back(1, &older);
	assert_non_null(told(1));
	assert_int_equal(told(1)->type, MLRP_RENEW);
	assert_in_range(told(1)->lease, LEASE_S - 2, LEASE_S);
}

static void a_static_station_stays_static(void **state)
{
	(void)state;
	begin();
	before.kind = RECORD_STATIC;
	before.lease_end = 0;
	before.version.seq++;
	roam_record(w->cn[1].roam, &before, 0, w->now);
	come_back(1, NULL);
	assert_int_equal(told(1)->station.kind, RECORD_STATIC);
}

/* ---- CNs that the register has lost */

static void expect_cns_again(uint32_t at, uint32_t named)
{
	struct cn_info info = describe(named);

	roam_expect_cns(w->cn[at].roam);
	assert_int_equal(roam_put_cn(w->cn[at].roam, &info), 0);
	roam_keep_cns(w->cn[at].roam);
}

static void a_report_waits_for_the_parent(void **state)
{
	struct cn_info parent = describe(1);

	(void)state;
	begin();
	expect_cns_again(2, 3);
	come_back(2, NULL);
	time_goes(2, 10 * REFUSED);
	assert_null(told(2));
	expect(2, addr, TMIP_STATION_VISITING, 2);
	assert_int_equal(roam_put_cn(w->cn[2].roam, &parent), 0);
	time_goes(2, 1);
	expect_report(2);
}

/* Another CN has got the number of the parent, and the parent a new one. */
static void numbers_change(void **state)
{
	struct cn_info stranger = describe(5), parent = describe(1);

	(void)state;
	begin();
	expect_cns_again(2, 3);
	come_back(2, NULL);
	parent.id = 7;
	assert_int_equal(roam_put_cn(w->cn[2].roam, &parent), 0);
	stranger.id = 1;
	assert_int_equal(roam_put_cn(w->cn[2].roam, &stranger), 0);
	time_goes(2, 1);
	assert_int_equal(told(2)->station.parent, 7);
	expect(2, addr, TMIP_STATION_VISITING, 2);
}

/* The parent was faster: it has its new number before the register has sent all that it knows. */
static void a_number_changes_before_the_end(void **state)
{
	struct roam *roam = w->cn[2].roam;
	struct cn_info former = describe(1), parent = former;
	const struct replica_cn *cn;

	(void)state;
	begin();
	roam_expect_cns(roam);
	parent.id = 7;
	assert_int_equal(roam_put_cn(roam, &parent), 0);
	roam_keep_cns(roam);
	cn = replica_find_cn(roam_replica(roam), 1);
	assert_true(cn->stale && !cn->kept);
	assert_true(replica_find_cn(roam_replica(roam), 3)->kept);
	former.gone = true;
	assert_int_equal(roam_put_cn(roam, &former), 0); /* as cns_drop_unnamed does */
	expect(2, addr, TMIP_STATION_VISITING, 2);
	assert_int_equal(replica_find_cn(roam_replica(roam), 7)->stations, 1);
	come_back(2, NULL);
	expect_report(2);
	assert_int_equal(told(2)->station.parent, 7);
	expect(2, addr, TMIP_STATION_VISITING, 2);
}

static void a_number_of_another_cn_is_no_parent(void **state)
{
	struct cn_info stranger = describe(5);

	(void)state;
	begin();
	expect_cns_again(2, 3);
	come_back(2, NULL);
	stranger.id = 1;
	assert_int_equal(roam_put_cn(w->cn[2].roam, &stranger), 0);
	assert_null(entry(2, addr));
}

static void a_refusal_counts(void **state)
{
	struct mlrp_message error = {.type = MLRP_ERROR, .code = MLRP_E_CONFLICT,
				     .has = MLRP_HAS(MLRP_F_CODE)};

	(void)state;
	begin();
	come_back(1, NULL);
	error.transaction = told(1)->transaction;
	w->queued = 0;
	roam_register_answer(w->cn[1].roam, &error, w->now);
	assert_null(entry(1, addr));
}

/* The cell is not ready at the register: later it may be. */
static void no_cell_is_no_refusal(void **state)
{
	struct mlrp_message error = {.type = MLRP_ERROR, .code = MLRP_E_NOT_IN_POOL,
				     .has = MLRP_HAS(MLRP_F_CODE)};

	(void)state;
	begin();
	come_back(1, NULL);
	error.transaction = told(1)->transaction;
	w->queued = 0;
	roam_register_answer(w->cn[1].roam, &error, w->now);
	expect(1, addr, TMIP_STATION_AWAY, 2);
	time_goes(1, REFUSED + 1);
	expect_report(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(parent_and_place_report_what_is_lost),
		CASE(a_lease_keeps_what_is_left),
		CASE(a_lease_that_is_over_is_not_reported),
		CASE(a_tombstone_counts_if_it_is_newer),
		CASE(the_former_holder_does_not_come_back),
		CASE(a_renewal_is_told_again),
		CASE(a_static_station_stays_static),
		CASE(a_report_waits_for_the_parent),
		CASE(numbers_change),
		CASE(a_number_changes_before_the_end),
		CASE(a_number_of_another_cn_is_no_parent),
		CASE(a_refusal_counts),
		CASE(no_cell_is_no_refusal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
