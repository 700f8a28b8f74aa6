/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A store that refuses changes: they come again in their order, nothing is acknowledged before the
 * store has it, and whoever waits too long hears so. The world checks order and promises.
 */
#include "registry_world.h"

#define FOR_EVER (1 << 30)

/* CNs 1 and 2, the disk waits, and so does the list of calls. */
static void begin_refusing(void)
{
	join(1, 10, 20);
	join(2, 10, 20);
	w->disk_waits = true;
	w->call_count = 0;
	w->refuse = FOR_EVER;
}

static void take_again(void)
{
	w->refuse = 0;
	w->call_count = 0;
}

static void tick(void)
{
	while (registry_tick(w->registry, w->now))
		;
}

/* The answer to that transaction in the mailbox, or NULL. */
static const struct mlrp_message *answer_to(int cn, uint32_t transaction)
{
	for (int i = 0; i < w->cn[cn].count; i++)
		if (w->cn[cn].box[i].transaction == transaction)
			return &w->cn[cn].box[i];
	return NULL;
}

/* Asks, gets no answer, and leaves the mailbox as it is after. The transaction. */
static uint32_t waits(int cn, uint8_t type, unsigned number, struct tmip_addr addr)
{
	struct mlrp_message message = {.type = type, .mac = mac(number), .addr = addr, .lease = 600,
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_LEASE) |
					      MLRP_HAS(MLRP_F_ADDR)};

	assert_null(ask(cn, &message));
	return message.transaction;
}

static void expect_answer(int cn, uint32_t transaction, uint8_t type, uint16_t code)
{
	const struct mlrp_message *answer = answer_to(cn, transaction);

	assert_non_null(answer);
	assert_int_equal(answer->type, type);
	assert_int_equal(answer->code, code);
}

/* The calls since the list was emptied: the letter of the kind, the number of the CN or host. */
static void expect_calls(const char *wanted)
{
	char calls[CALLS * 8] = "";

	for (int i = 0; i < w->call_count; i++) {
		char *end = calls + strlen(calls);

		if (w->calls[i].kind == 'c')
			snprintf(end, 16, "c%u%s ", w->calls[i].cn, w->calls[i].taken ? "" : "!");
		else
			snprintf(end, 16, "%c%u%s ", w->calls[i].kind, w->calls[i].addr.v4[3],
				 w->calls[i].taken ? "" : "!");
	}
	assert_string_equal(calls, wanted);
}

/* ---- order and answers */

static void refused_changes_come_again_in_their_order(void **state)
{
	uint32_t first, second, third, last_one;

	(void)state;
	begin_refusing();
	first = waits(1, MLRP_CLAIM, 1, ip(1, 101));
	second = waits(1, MLRP_CLAIM, 2, ip(1, 102));
	third = waits(1, MLRP_CLAIM, 3, ip(1, 103));
	expect_calls("s101! s101! s101! "); /* what is newer is not even tried */
	assert_string_equal(w->store_told,
			    "the store takes no changes: Cannot allocate memory; trying again");
	assert_true(registry_store_refuses(w->registry));
	take_again();
	last_one = waits(1, MLRP_CLAIM, 4, ip(1, 104));
	expect_calls("s101 s102 s103 s104 ");
	for (int i = 0; i < 4; i++)
		assert_int_equal(w->calls[i].number,
				 registry_last_number(w->registry) - 3 + (unsigned)i);
	assert_null(answer_to(1, first));
	disk_writes();
	expect_answer(1, first, MLRP_STATION, 0);
	expect_answer(1, second, MLRP_STATION, 0);
	expect_answer(1, third, MLRP_STATION, 0);
	expect_answer(1, last_one, MLRP_STATION, 0);
	expect_all_durable();
	assert_int_equal(w->store_lines, 2);
	assert_string_equal(w->store_told, "the store takes changes again");
	assert_false(registry_store_refuses(w->registry));
}

/* Whichever call is refused, once: nobody notices. */
static void the_nth_call_is_refused(void **state)
{
	(void)state;
	for (int n = 0; n < 12; n++) {
		uint32_t asked[5];

		w->disk = (struct disk){0};
		w->disk_waits = false;
		w->take = w->refuse = 0;
		begin(EPOCH);
		join(1, 10, 20);
		join(2, 10, 20);
		w->disk_waits = true;
		w->take = n;
		w->refuse = 1;
		asked[0] = waits(1, MLRP_CLAIM, 1, ip(1, 101));
		asked[1] = waits(2, MLRP_BIND, 2, ip(1, 12));
		good(2, MLRP_HANDOVER, 1, ip(1, 101));
		w->cn[1].count = 0;
		asked[2] = waits(1, MLRP_CLAIM, 3, ip(1, 103));
		asked[3] = waits(1, MLRP_RELEASE, 1, ip(1, 101));
		asked[4] = waits(1, MLRP_DECLINE, 2, ip(1, 12));
		tick();
		disk_writes();
		expect_answer(1, asked[0], MLRP_STATION, 0);
		for (int i = 2; i < 5; i++)
			expect_answer(1, asked[i], MLRP_STATION, 0);
		expect_answer(2, asked[1], MLRP_STATION, 0);
		assert_int_equal(w->refuse, n < 6 ? 0 : 1);
		expect_all_durable();
	}
}

/* The store has what is older than the first refused change, and that alone is acknowledged. */
static void nothing_newer_is_acknowledged(void **state)
{
	uint32_t asked[4];

	(void)state;
	begin_refusing();
	for (unsigned i = 0; i < 4; i++)
		asked[i] = waits(1, MLRP_CLAIM, i, ip(1, 100 + (int)i));
	take_again();
	w->take = 2;
	w->refuse = 1;
	w->disk_waits = true;
	assert_int_equal(registry_flush(w->registry), -ENOMEM);
	expect_calls("s100 s101 s102! ");
	disk_writes();
	registry_stored(w->registry, registry_last_number(w->registry), true); /* says too much */
	expect_answer(1, asked[1], MLRP_STATION, 0);
	assert_null(answer_to(1, asked[2]));
	assert_null(answer_to(1, asked[3]));
	assert_int_equal(registry_flush(w->registry), 0);
	assert_null(answer_to(1, asked[2]));
	disk_writes();
	for (int i = 0; i < 4; i++)
		expect_answer(1, asked[i], MLRP_STATION, 0);
	expect_all_durable();
}

static void who_waits_too_long_hears_so(void **state)
{
	uint32_t before, first, second;

	(void)state;
	begin_refusing();
	take_again();
	before = waits(1, MLRP_CLAIM, 1, ip(1, 101));
	w->refuse = FOR_EVER;
	first = waits(1, MLRP_CLAIM, 2, ip(1, 102));
	assert_null(answer_to(1, first));
	tick();
	expect_answer(1, first, MLRP_ERROR, MLRP_E_STORE);
	assert_null(answer_to(1, before)); /* the store has it: only the disk is waited for */
	second = waits(1, MLRP_CLAIM, 3, ip(1, 103));
	tick();
	expect_answer(1, second, MLRP_ERROR, MLRP_E_STORE);
	assert_int_equal(w->store_lines, 1);
	take_again();
	tick();
	expect_calls("s102 s103 ");
	w->cn[1].count = 0;
	disk_writes();
	expect_answer(1, before, MLRP_STATION, 0);
	assert_int_equal(w->cn[1].count, 1); /* each was answered once */
	expect_all_durable();
	assert_int_equal(w->store_lines, 2);
}

/* A disk that fails ends the wait for what the store has, and for nothing else. */
static void disk_and_store_fail_at_once(void **state)
{
	uint32_t first, second;

	(void)state;
	begin_refusing();
	take_again();
	first = waits(1, MLRP_CLAIM, 1, ip(1, 101));
	w->refuse = FOR_EVER;
	second = waits(1, MLRP_CLAIM, 2, ip(1, 102));
	registry_stored(w->registry, w->given, false);
	expect_answer(1, first, MLRP_ERROR, MLRP_E_STORE);
	assert_null(answer_to(1, second));
	take_again();
	tick();
	disk_writes();
	expect_answer(1, second, MLRP_STATION, 0);
	expect_all_durable();
}

/* ---- one record, several changes */

/* It leaves its place, and what waits for its first change waits for the one that came instead. */
static void a_record_that_changes_again_comes_once(void **state)
{
	uint32_t first, second, third;

	(void)state;
	begin_refusing();
	first = waits(1, MLRP_CLAIM, 1, ip(1, 101));
	second = waits(1, MLRP_CLAIM, 2, ip(1, 102));
	assert_int_equal(good(2, MLRP_HANDOVER, 1, ip(1, 101))->current, 2);
	third = waits(2, MLRP_CLAIM, 3, ip(1, 103));
	take_again();
	w->take = 1;
	w->refuse = 1;
	assert_int_equal(registry_flush(w->registry), -ENOMEM);
	expect_calls("s102 s101! ");
	disk_writes();
	assert_null(answer_to(1, second)); /* the store does not have all that is older */
	w->take = 1;
	w->refuse = 1;
	assert_int_equal(registry_flush(w->registry), -ENOMEM);
	disk_writes();
	expect_answer(1, first, MLRP_STATION, 0);
	expect_answer(1, second, MLRP_STATION, 0);
	assert_null(answer_to(2, third));
	tick();
	expect_calls("s102 s101! s101 s103! s103 ");
	disk_writes();
	expect_answer(2, third, MLRP_STATION, 0);
	expect_all_durable();
}

/* An offer is nobody's business, also if it lies over a change that the store does not have. */
static void a_refused_end_hides_under_an_offer(void **state)
{
	struct tmip_addr addr;
	uint32_t bound, released;

	(void)state;
	begin_refusing();
	addr = offer(1, 1);
	bound = waits(1, MLRP_BIND, 1, addr);
	released = waits(1, MLRP_RELEASE, 1, addr);
	assert_true(addr_equal(&good(2, MLRP_ALLOCATE, 1, addr)->addr, &addr));
	assert_int_equal(record(addr)->state, RECORD_OFFERED);
	w->cn[1].count = 0;
	take_again();
	tick();
	expect_calls("s10 ");
	disk_writes();
	expect_answer(1, bound, MLRP_STATION, 0);
	expect_answer(1, released, MLRP_STATION, 0);
	assert_int_equal(disk_find(&w->durable, &addr)->state, RECORD_FREE);
	expect_all_durable();
}

/* ---- tombstones */

static bool delta_is_enough(int cn, struct version has)
{
	request_sync(cn, has, 99);
	return w->cn[cn].box[0].type == MLRP_SYNC_START && !w->cn[cn].box[0].full;
}

/* Bound, released and wanted for another, all while the store takes nothing. */
static void a_tombstone_stays_until_the_store_erases_it(void **state)
{
	struct version before;
	uint32_t bound, released;

	(void)state;
	w->stations_max = 1;
	begin(EPOCH);
	begin_refusing();
	bound = waits(1, MLRP_BIND, 1, ip(1, 10));
	before = registry_version(w->registry);
	request_sync(2, (struct version){0}, 99);
	released = waits(1, MLRP_RELEASE, 1, ip(1, 10));
	refused(2, MLRP_CLAIM, 2, ip(2, 100), MLRP_E_FULL);
	expect_calls("s10! s10! s10! ");
	take_again();
	w->take = 1;
	w->refuse = 1;
	refused(2, MLRP_CLAIM, 2, ip(2, 100), MLRP_E_FULL);
	expect_calls("s10 e10! ");
	assert_non_null(record(ip(1, 10)));
	assert_true(delta_is_enough(2, before));
	w->cn[1].count = 0;
	disk_writes();
	expect_answer(1, bound, MLRP_STATION, 0);
	expect_answer(1, released, MLRP_STATION, 0);
	waits(2, MLRP_CLAIM, 2, ip(2, 100));
	expect_calls("s10 e10! e10 s100 ");
	assert_null(record(ip(1, 10)));
	assert_false(delta_is_enough(2, before));
	disk_writes();
	expect_all_durable();
	assert_int_equal(w->store_lines, 4); /* an outage of puts, and one of erasing alone */
}

/* ---- CNs */

static void a_cn_comes_before_its_stations(void **state)
{
	struct cn_info info = describe(3, 10, 20);
	struct mlrp_message message = {.type = MLRP_REGISTER, .has = MLRP_HAS(MLRP_F_CN)};
	uint32_t station;

	(void)state;
	begin_refusing();
	station = waits(1, MLRP_CLAIM, 1, ip(1, 101));
	open_session(3, MLRP_ROLE_CN);
	message.cn = info;
	assert_null(ask(3, &message));
	waits(1, MLRP_CLAIM, 2, ip(1, 102));
	waits(2, MLRP_CLAIM, 3, ip(3, 103)); /* its parent is the new CN */
	info.cells[0].pool_last = ip(3, 30);
	message.cn = info;
	assert_null(ask(3, &message));
	take_again();
	tick();
	expect_calls("s101 c3 s102 s103 ");
	assert_int_equal(w->calls[3].number, registry_last_number(w->registry));
	disk_writes();
	assert_true(registry_session_registered(w->cn[3].session));
	expect_answer(3, message.transaction, MLRP_REGISTERED, 0);
	expect_answer(1, station, MLRP_STATION, 0);
	expect_all_durable();
}

static void a_cn_that_waits_too_long_is_sent_away(void **state)
{
	struct cn_info info = describe(3, 10, 20);

	(void)state;
	begin_refusing();
	open_session(3, MLRP_ROLE_CN);
	assert_null(register_info(3, &info));
	tick();
	assert_int_equal(last(3)->code, MLRP_E_STORE);
	assert_true(w->cn[3].closed);
	close_session(3);
	open_session(3, MLRP_ROLE_CN);
	assert_null(register_info(3, &info)); /* the same again, and still not stored */
	take_again();
	tick();
	expect_calls("c3 ");
	assert_int_equal(w->cn[3].count, 0);
	disk_writes();
	assert_int_equal(w->cn[3].box[0].type, MLRP_REGISTERED);
	expect_all_durable();
}

/* ---- what is durable of a block */

/* The first of two requests is answered with what was asked for until then. */
static void a_block_has_what_is_durable(void **state)
{
	struct mlrp_message message = {.type = MLRP_BLOCK_REQUEST,
				       .subnet = {ip(1, 0), 24},
				       .has = MLRP_HAS(MLRP_F_SUBNET) |
					      MLRP_HAS(MLRP_F_COUNT_WANTED) |
					      MLRP_HAS(MLRP_F_ADDRS)};
	uint32_t first;

	(void)state;
	begin_refusing();
	take_again();
	w->cn[1].count = 0;
	message.count = 1;
	assert_null(ask(1, &message));
	first = message.transaction;
	message.count = 2;
	message.addr_count = 1;
	message.addrs[0] = ip(1, 20);
	w->refuse = FOR_EVER;
	assert_null(ask(1, &message));
	disk_writes();
	assert_int_equal(answer_to(1, first)->addr_count, 1);
	assert_null(answer_to(1, message.transaction));
	take_again();
	tick();
	disk_writes();
	assert_int_equal(answer_to(1, message.transaction)->addr_count, 2);
}

/* ---- a long backlog */

#define MANY 2500

/* The event loop goes on between the slices, and nobody is told that the store fails. */
static void a_long_backlog_goes_out_in_slices(void **state)
{
	struct cn_info info = describe(3, 0, 0);
	int ticks = 1;

	(void)state;
	w->stations_max = MANY;
	begin(EPOCH);
	info.cells[0].subnet.len = 16;
	open_session(3, MLRP_ROLE_CN);
	assert_non_null(register_info(3, &info));
	w->disk_waits = true;
	w->refuse = FOR_EVER;
	for (unsigned i = 0; i < MANY; i++) {
		waits(3, MLRP_CLAIM, i, ip(3, 256 + (int)i));
		w->cn[3].count = 0;
	}
	take_again();
	while (registry_tick(w->registry, w->now)) {
		assert_true(w->disk.station_count < MANY);
		assert_int_equal(w->store_lines, 1);
		ticks++;
	}
	assert_int_equal(ticks, 2);
	assert_int_equal(w->disk.station_count, MANY);
	assert_int_equal(w->cn[3].count, 0);
	w->durable = w->disk; /* who waits would overflow the mailbox */
	expect_all_durable();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(refused_changes_come_again_in_their_order),
		CASE(the_nth_call_is_refused),
		CASE(nothing_newer_is_acknowledged),
		CASE(who_waits_too_long_hears_so),
		CASE(disk_and_store_fail_at_once),
		CASE(a_record_that_changes_again_comes_once),
		CASE(a_refused_end_hides_under_an_offer),
		CASE(a_tombstone_stays_until_the_store_erases_it),
		CASE(a_cn_comes_before_its_stations),
		CASE(a_cn_that_waits_too_long_is_sent_away),
		CASE(a_block_has_what_is_durable),
		CASE(a_long_backlog_goes_out_in_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
