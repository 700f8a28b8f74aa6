/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A database that lacks what CNs know: the register notices by their versions, gives versions above
 * theirs, and takes back the records that they report. And a store that is lost under it: the
 * register hands over everything anew.
 */
#include "registry_world.h"

static struct mlrp_message report(int cn, uint8_t kind, unsigned number, struct tmip_addr addr,
				  uint32_t current)
{
	struct mlrp_message message = {
		.type = MLRP_BIND, .mac = mac(number), .addr = addr, .lease = 1000,
		.has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_LEASE) |
		       MLRP_HAS(MLRP_F_AGE) | MLRP_HAS(MLRP_F_STATION),
		.station = {.addr = addr, .mac = mac(number), .kind = kind, .state = RECORD_BOUND,
			    .parent = (uint32_t)cn, .current = current},
	};

	return message;
}

static const struct mlrp_message *restore(int cn, uint8_t kind, unsigned number,
					  struct tmip_addr addr, uint32_t current)
{
	struct mlrp_message message = report(cn, kind, number, addr, current);

	w->cn[cn].count = 0;
	return ask(cn, &message);
}

/* ---- noticing */

static void a_cn_that_knows_more_shows_it(void **state)
{
	const struct registry_gap *gap;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	assert_null(registry_behind(w->registry));
	request_sync(1, (struct version){EPOCH - 1, 500}, 9);
	gap = registry_behind(w->registry);
	assert_non_null(gap);
	assert_string_equal(gap->cn, "cn1");
	assert_int_equal(gap->seen.seq, 500);
	assert_int_equal(registry_version(w->registry).epoch, EPOCH);
	assert_int_equal(w->cn[1].box[0].full, 1);
	/* Another history may have come further than this run: versions go on above it. */
	request_sync(2, (struct version){EPOCH + 3, 2}, 9);
	assert_int_equal(registry_version(w->registry).epoch, EPOCH + 4);
	assert_int_equal(last(2)->version.epoch, EPOCH + 4);
	lease(1, 1);
	assert_int_equal(record(ip(1, 10))->version.epoch, EPOCH + 4);
	/* Whoever has got that is given the rest only. */
	request_sync(2, registry_version(w->registry), 9);
	assert_int_equal(w->cn[2].box[0].full, 0);
}

/* The other history had the same epoch, and this run has come further: no delta all the same. */
static void the_same_epoch_is_no_proof(void **state)
{
	(void)state;
	join(1, 10, 30);
	join(2, 10, 20);
	for (unsigned i = 1; i <= 9; i++)
		lease(1, i);
	request_sync(2, (struct version){EPOCH, 3}, 9);
	assert_int_equal(w->cn[2].box[0].full, 1);
	assert_non_null(registry_behind(w->registry));
}

static void what_the_database_has_is_no_gap(void **state)
{
	struct version newest;

	(void)state;
	join(1, 10, 20);
	lease(1, 1);
	newest = registry_version(w->registry);
	begin_from_disk(EPOCH + 1);
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	join(1, 10, 20);
	request_sync(1, newest, 9);
	assert_null(registry_behind(w->registry));
	/* A run that has changed nothing. */
	close_session(1);
	join(1, 10, 20);
	begin_from_disk(EPOCH + 2);
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	join(1, 10, 20);
	request_sync(1, (struct version){EPOCH + 1, 0}, 9);
	assert_null(registry_behind(w->registry));
}

static void no_version_uses_up_the_epochs(void **state)
{
	(void)state;
	join(1, 10, 20);
	request_sync(1, (struct version){UINT32_MAX, 7}, 9);
	assert_int_equal(registry_version(w->registry).epoch, EPOCH);
	request_sync(1, (struct version){UINT32_MAX - 1, 7}, 9);
	assert_int_equal(registry_version(w->registry).epoch, EPOCH);
}

/* ---- records that come back */

static void records_come_back_as_they_were(void **state)
{
	struct registry_counts counts;
	uint32_t second;

	(void)state;
	join(1, 10, 20);
	second = join(2, 10, 20);
	assert_int_equal(restore(1, RECORD_DYNAMIC, 1, ip(1, 12), second)->type, MLRP_STATION);
	assert_int_equal(record(ip(1, 12))->kind, RECORD_DYNAMIC);
	assert_int_equal(record(ip(1, 12))->current, second);
	assert_int_equal(record(ip(1, 12))->lease_end, w->now.unix_s + 1000);
	restore(2, RECORD_STATIC, 2, ip(1, 200), second);
	assert_int_equal(record(ip(1, 200))->kind, RECORD_STATIC);
	assert_int_equal(record(ip(1, 200))->lease_end, 0);
	/* Outside of the pool: it was a lease all the same. */
	restore(1, RECORD_DYNAMIC, 3, ip(1, 201), 1);
	assert_int_equal(record(ip(1, 201))->kind, RECORD_DYNAMIC);
	/* No host line reserves it any more. */
	restore(1, RECORD_RESERVED, 4, ip(1, 13), 1);
	assert_int_equal(record(ip(1, 13))->kind, RECORD_DYNAMIC);
	/* At a CN that nobody knows. */
	restore(2, RECORD_DYNAMIC, 5, ip(1, 14), 77);
	assert_int_equal(record(ip(1, 14))->current, second);
	registry_count(w->registry, &counts);
	assert_int_equal(counts.restored, 5);
	expect_all_durable();
	pass(1000 + GRACE_S + 1); /* nothing stands for ever but what did before */
	assert_int_equal(record(ip(1, 12))->state, RECORD_FREE);
	assert_int_equal(record(ip(1, 200))->state, RECORD_BOUND);
}

/* The CN of the station has reported it before its parent does. */
static void a_second_report_changes_nothing(void **state)
{
	struct version version;
	uint32_t second;

	(void)state;
	join(1, 10, 20);
	second = join(2, 10, 20);
	restore(2, RECORD_DYNAMIC, 1, ip(1, 12), second);
	version = record(ip(1, 12))->version;
	assert_int_equal(restore(1, RECORD_DYNAMIC, 1, ip(1, 12), 1)->type, MLRP_STATION);
	assert_int_equal(record(ip(1, 12))->current, second);
	assert_int_equal(record(ip(1, 12))->version.seq, version.seq);
}

/* It has shown itself before its CNs were back: it is where it has shown itself. */
static void a_lease_is_one_even_if_the_station_was_faster(void **state)
{
	uint32_t third;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	third = join(3, 10, 20);
	good(3, MLRP_CLAIM, 1, ip(1, 12));
	assert_int_equal(restore(1, RECORD_DYNAMIC, 1, ip(1, 12), 1)->type, MLRP_STATION);
	assert_int_equal(record(ip(1, 12))->kind, RECORD_DYNAMIC);
	assert_int_equal(record(ip(1, 12))->lease_end, w->now.unix_s + 1000);
	assert_int_equal(record(ip(1, 12))->current, third);
	expect_all_durable();
}

/* The copy is of a time when another station had the address. */
static void the_newer_holder_gets_its_address_back(void **state)
{
	struct mlrp_message message;

	(void)state;
	join(1, 10, 20);
	lease(1, 1);
	begin_from_disk(EPOCH + 1);
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	join(1, 10, 20);
	message = report(1, RECORD_DYNAMIC, 2, ip(1, 10), 1);
	w->cn[1].count = 0;
	assert_int_equal(ask(1, &message)->code, MLRP_E_CONFLICT); /* of no version at all */
	message.station.version = (struct version){EPOCH, 900};
	message.transaction = 0;
	assert_int_equal(ask(1, &message)->type, MLRP_STATION);
	assert_int_equal(record(ip(1, 10))->mac.octet[5], mac(2).octet[5]);
	message = report(1, RECORD_DYNAMIC, 3, ip(1, 10), 1); /* that is of this run */
	message.station.version = (struct version){EPOCH, 901};
	assert_int_equal(ask(1, &message)->code, MLRP_E_CONFLICT);
	expect_all_durable();
}

static void what_is_not_true_does_not_come_back(void **state)
{
	(void)state;
	join(1, 10, 20);
	lease(1, 1);
	assert_int_equal(restore(1, RECORD_DYNAMIC, 2, ip(1, 10), 1)->code, MLRP_E_CONFLICT);
	assert_int_equal(last(1)->station.mac.octet[5], mac(1).octet[5]); /* the record in force */
	assert_int_equal(restore(1, RECORD_DYNAMIC, 2, ip(3, 10), 1)->code, MLRP_E_NOT_IN_POOL);
	assert_int_equal(restore(1, RECORD_DYNAMIC, 2, ip(1, 1), 1)->code, MLRP_E_CONFLICT);
	assert_int_equal(restore(1, RECORD_DYNAMIC, 2, ip(1, 255), 1)->code, MLRP_E_CONFLICT);
}

/* A host with several MACs, which keeps them all. */
static void a_host_gets_all_its_macs_back(void **state)
{
	struct mlrp_message message;

	(void)state;
	join(1, 10, 20);
	message = report(1, RECORD_DYNAMIC, 1, ip(1, 12), 1);
	message.has |= MLRP_HAS(MLRP_F_CLIENT_ID);
	memcpy(message.client_id, "laptop", message.client_id_len = 6);
	message.station.others[message.station.other_count++] = mac(1); /* in use now */
	message.station.others[message.station.other_count++] = mac(2);
	message.station.mac = mac(3);
	assert_int_equal(ask(1, &message)->station.other_count, 2);
	assert_true(station_has_mac(record(ip(1, 12)), &message.station.mac));
	good(1, MLRP_HANDOVER, 2, ip(1, 12));
	/* What has no client identifier is one station with one MAC. */
	message = report(1, RECORD_DYNAMIC, 5, ip(1, 13), 1);
	message.station.others[message.station.other_count++] = mac(6);
	assert_int_equal(ask(1, &message)->station.other_count, 0);
	expect_all_durable();
}

/* The disk has the record: nothing is written that the answer could wait for. */
static void what_stands_is_answered_at_once(void **state)
{
	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	restore(2, RECORD_DYNAMIC, 1, ip(1, 12), 2);
	w->disk_waits = true;
	assert_non_null(restore(1, RECORD_DYNAMIC, 1, ip(1, 12), 2));
	/* Not before it has it. */
	assert_null(restore(2, RECORD_DYNAMIC, 2, ip(1, 13), 2));
	assert_null(restore(1, RECORD_DYNAMIC, 2, ip(1, 13), 2));
	disk_writes();
	assert_int_equal(last(1)->type, MLRP_STATION);
	assert_int_equal(last(1)->transaction, w->transaction);
}

/* The CN was not there when the register freed the address. */
static void what_was_freed_does_not_come_back(void **state)
{
	struct mlrp_message message;
	struct version given;

	(void)state;
	join(1, 10, 20);
	lease(1, 1);
	given = record(ip(1, 10))->version;
	good(1, MLRP_RELEASE, 1, ip(1, 10));
	message = report(1, RECORD_DYNAMIC, 1, ip(1, 10), 1);
	message.station.version = given;
	assert_int_equal(ask(1, &message)->code, MLRP_E_CONFLICT);
	begin_from_disk(EPOCH + 1);
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	join(1, 10, 20);
	assert_int_equal(ask(1, &message)->code, MLRP_E_CONFLICT);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	message.station.version.seq += 100; /* the database is older than that */
	assert_int_equal(ask(1, &message)->type, MLRP_STATION);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	expect_all_durable();
}

/* Its lease goes on if its CN says so. */
static void what_was_cut_or_ran_out_may_come_back(void **state)
{
	struct mlrp_message message = report(1, RECORD_DYNAMIC, 1, ip(1, 10), 1);
	struct tmip_addr addr = ip(1, 10);

	(void)state;
	join(1, 10, 20);
	lease(1, 1);
	message.station.version = record(addr)->version;
	assert_int_equal(registry_free_address(w->registry, &addr), 0);
	assert_int_equal(ask(1, &message)->type, MLRP_STATION);
	assert_int_equal(record(addr)->state, RECORD_BOUND);
	/* It runs out here, but the CN has renewed it meanwhile. */
	message.station.version = record(addr)->version;
	pass(1000 + GRACE_S + 1);
	assert_int_equal(record(addr)->state, RECORD_FREE);
	assert_int_equal(ask(1, &message)->type, MLRP_STATION);
	assert_int_equal(record(addr)->state, RECORD_BOUND);
	expect_all_durable();
}

static void a_cn_keeps_the_number_that_it_brings(void **state)
{
	struct cn_info info = describe(1, 10, 20), other = describe(2, 10, 20);

	(void)state;
	info.id = 5;
	open_session(1, MLRP_ROLE_CN);
	assert_int_equal(register_info(1, &info)->cn.id, 5);
	other.id = 5; /* taken meanwhile */
	open_session(2, MLRP_ROLE_CN);
	assert_int_equal(register_info(2, &other)->cn.id, 6);
	other = describe(3, 10, 20);
	other.id = UINT32_MAX;
	open_session(3, MLRP_ROLE_CN);
	assert_int_equal(register_info(3, &other)->cn.id, 7);
}

/* ---- a store that is lost */

static void a_lost_store_gets_everything_anew(void **state)
{
	uint32_t bound;

	(void)state;
	join(1, 10, 200);
	join(2, 10, 20);
	for (unsigned i = 1; i <= 9; i++)
		lease(1, i);
	good(1, MLRP_RELEASE, 3, ip(1, 12));
	expect_all_durable();
	w->disk_waits = true;
	request(1, MLRP_CLAIM, 40, ip(1, 240));
	bound = w->transaction;
	assert_int_equal(w->cn[1].count > 0 && last(1)->transaction == bound, 0);
	/* Everything is gone, what the store has and what it had promised. */
	memset(&w->disk, 0, sizeof(w->disk));
	memset(&w->durable, 0, sizeof(w->durable));
	w->given_version = (struct version){0};
	registry_store_lost(w->registry);
	assert_false(registry_is_stored(w->registry));
	while (registry_tick(w->registry, w->now))
		;
	w->cn[1].count = 0;
	/* A commit that went to the former file says nothing. */
	registry_stored(w->registry, 3, true);
	assert_int_equal(w->cn[1].count, 0);
	disk_writes();
	assert_true(registry_is_stored(w->registry));
	assert_int_equal(last(1)->transaction, bound);
	assert_int_equal(last(1)->type, MLRP_STATION);
	assert_int_equal(disk_count(&w->durable), 10);
	assert_non_null(disk_find_cn(&w->durable, 2));
	expect_all_durable();
	/* It goes on as before. */
	w->disk_waits = false;
	lease(1, 50);
	expect_all_durable();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_cn_that_knows_more_shows_it),
		CASE(the_same_epoch_is_no_proof),
		CASE(what_the_database_has_is_no_gap),
		CASE(no_version_uses_up_the_epochs),
		CASE(records_come_back_as_they_were),
		CASE(a_second_report_changes_nothing),
		CASE(a_lease_is_one_even_if_the_station_was_faster),
		CASE(the_newer_holder_gets_its_address_back),
		CASE(what_is_not_true_does_not_come_back),
		CASE(a_host_gets_all_its_macs_back),
		CASE(what_stands_is_answered_at_once),
		CASE(what_was_freed_does_not_come_back),
		CASE(what_was_cut_or_ran_out_may_come_back),
		CASE(a_cn_keeps_the_number_that_it_brings),
		CASE(a_lost_store_gets_everything_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
