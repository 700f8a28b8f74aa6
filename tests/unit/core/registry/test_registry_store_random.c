/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register in a rough life: CNs and stations do what they like in any order, the store refuses
 * at random and for a while, the disk fails, and the table is too small. The world checks that no
 * answer promises what is not durable; in the end the disk has what the register has, and a
 * register that starts from it knows the same. A seed that fails is in the output.
 */
#include "registry_world.h"

#define STEPS 4000
#define SEEDS 40
#define STATIONS 24
#define STATIONS_MAX 14

static unsigned any(unsigned count)
{
	return (unsigned)random() % count;
}

static struct tmip_addr any_address(void)
{
	return ip(1 + (int)any(CNS), 10 + (int)any(12));
}

static void empty_mailboxes(void)
{
	for (int i = 0; i <= CNS; i++)
		w->cn[i].count = 0;
	w->call_count = 0;
}

/* ---- what may happen */

static void a_station_asks(int cn)
{
	static const uint8_t types[] = {MLRP_ALLOCATE, MLRP_BIND,    MLRP_BIND,     MLRP_CLAIM,
					MLRP_RENEW,    MLRP_RELEASE, MLRP_HANDOVER, MLRP_DECLINE};
	struct mlrp_message message = {.type = types[any(8)], .mac = mac(1 + any(STATIONS)),
				       .addr = any_address(), .lease = 1 + any(600),
				       .subnet = {ip(cn, 0), 24},
				       .has = MLRP_HAS(MLRP_F_MAC) | MLRP_HAS(MLRP_F_LEASE) |
					      MLRP_HAS(MLRP_F_ADDR) | MLRP_HAS(MLRP_F_SUBNET)};
	const struct station_record *known = record(message.addr);

	if (known && any(4)) /* else most of it would be refused */
		message.mac = known->mac;
	ask(cn, &message);
}

static void a_cn_wants_a_block(int cn)
{
	struct mlrp_message message = {.type = MLRP_BLOCK_REQUEST,
				       .subnet = {ip(cn, 0), 24},
				       .count = (uint16_t)any(4),
				       .has = MLRP_HAS(MLRP_F_SUBNET) |
					      MLRP_HAS(MLRP_F_COUNT_WANTED) |
					      MLRP_HAS(MLRP_F_ADDRS)};

	while (message.addr_count < any(4))
		message.addrs[message.addr_count++] = ip(cn, 10 + (int)any(12));
	ask(cn, &message);
}

static void a_cn_comes_or_changes(int cn)
{
	struct cn_info info = describe(cn, 10, 15 + (int)any(6));

	if (w->cn[cn].session && (w->cn[cn].closed || !any(3)))
		close_session(cn);
	if (!w->cn[cn].session)
		open_session(cn, MLRP_ROLE_CN);
	register_info(cn, &info);
}

static void somebody_commands(int cn)
{
	struct tmip_addr addr = any_address();
	char name[NAME_LEN], why[160];
	struct registry_cut cut;

	if (any(4)) {
		registry_free_address(w->registry, &addr);
		return;
	}
	if (w->cn[cn].session)
		close_session(cn);
	snprintf(name, sizeof(name), "cn%d", cn);
	registry_forget_cn(w->registry, name, true, &cut, why, sizeof(why));
}

static void the_weather_changes(void)
{
	static const unsigned percents[] = {0, 0, 10, 50, 100};

	w->refuse_percent = percents[any(5)];
}

static void time_passes(void)
{
	w->now.ms += 1000;
	w->now.unix_s += 1;
	while (registry_tick(w->registry, w->now))
		;
}

static void step(void)
{
	int cn = 1 + (int)any(CNS);
	unsigned what = any(100);

	empty_mailboxes();
	if (what < 3)
		a_cn_comes_or_changes(cn);
	else if (what < 4)
		somebody_commands(cn);
	else if (what < 6)
		the_weather_changes();
	else if (what < 12)
		time_passes();
	else if (what < 14)
		registry_stored(w->registry, w->given, false);
	else if (what < 30)
		disk_writes();
	else if (!w->cn[cn].session)
		return;
	else if (what < 36)
		a_cn_wants_a_block(cn);
	else
		a_station_asks(cn);
}

/* ---- */

static bool compare(const struct station_record *is, void *arg)
{
	const struct station_record *was = disk_find(&w->durable, &is->addr);

	assert_memory_equal(was, is, sizeof(*is));
	++*(int *)arg;
	return true;
}

static void run(unsigned seed)
{
	int count = 0;

	srandom(seed);
	w->disk = w->durable = (struct disk){0};
	w->stations_max = STATIONS_MAX;
	w->disk_waits = true;
	w->refuse_percent = 0;
	begin(EPOCH);
	registry_load_end(w->registry, w->now);
	for (int i = 0; i < STEPS; i++)
		step();
	empty_mailboxes();
	w->refuse_percent = 0;
	assert_int_equal(registry_flush(w->registry), 0);
	disk_writes();
	expect_all_durable();
	begin_from_disk(EPOCH + 1);
	registry_each_station(w->registry, compare, &count);
	assert_int_equal(count, disk_count(&w->durable));
}

static void nothing_is_lost_and_nothing_promised_too_early(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		print_message("seed %u\n", seed);
		run(seed);
	}
	/* All this happened, and often: promises of each kind, tombstones erased, outages. */
	assert_true(w->kept[MLRP_STATION] > 1000);
	assert_true(w->kept[MLRP_BLOCK] > 1000);
	assert_true(w->kept[MLRP_REGISTERED] > 1000);
	assert_true(w->erased > 1000);
	assert_true(w->store_lines > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {CASE(nothing_is_lost_and_nothing_promised_too_early)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
