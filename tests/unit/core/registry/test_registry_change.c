/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator changes: names of CNs, the CN of a subnet, the subnet of a cell. */
#include "registry_world.h"

static char why[256], from[NAME_LEN];
static struct registry_cut cut;

/* By one letter. */
static const char too_long[] = "n123456789012345678901234567890123456789012345678901234567890123";

static int rename_cn(const char *name, const char *to)
{
	return registry_rename_cn(w->registry, name, to, why, sizeof(why));
}

static int move(int net, const char *to)
{
	struct prefix subnet = {ip(net, 0), 24};

	return registry_move_subnet(w->registry, &subnet, to, &cut, from, why, sizeof(why));
}

static void go_to(int cn, unsigned number, struct tmip_addr addr)
{
	good(cn, MLRP_HANDOVER, number, addr);
}

/* ---- names */

static void a_cn_gets_another_name(void **state)
{
	struct cn_info info = describe(1, 10, 20);
	uint32_t number = join(1, 10, 20);

	(void)state;
	join(2, 10, 20);
	lease(1, 1);
	w->cn[1].count = w->cn[2].count = 0;
	assert_int_equal(rename_cn("cn1", "harbour"), 0);
	/* Every CN hears of it, and the one that is renamed. */
	for (int cn = 1; cn <= 2; cn++) {
		assert_int_equal(last(cn)->type, MLRP_CN);
		assert_int_equal(last(cn)->cn.id, number);
		assert_string_equal(last(cn)->cn.name, "harbour");
	}
	disk_writes();
	assert_string_equal(disk_find_cn(&w->durable, number)->name, "harbour");
	go_to(2, 1, ip(1, 10)); /* the connection stands */
	go_to(1, 1, ip(1, 10));
	/* On this connection, and after a start with the old file, it is the same CN. */
	assert_string_equal(register_info(1, &info)->cn.name, "harbour");
	close_session(1);
	open_session(1, MLRP_ROLE_CN);
	assert_int_equal(register_info(1, &info)->cn.id, number);
	close_session(1);
	strcpy(info.name, "harbour");
	open_session(1, MLRP_ROLE_CN);
	assert_int_equal(register_info(1, &info)->cn.id, number);
	assert_int_equal(record(ip(1, 10))->parent, number);
	expect_all_durable();
}

/* Another machine that has the old name now is another CN. */
static void the_old_name_is_free(void **state)
{
	struct cn_info other = describe(3, 10, 20);
	uint32_t number = join(1, 10, 20);

	(void)state;
	assert_int_equal(rename_cn("cn1", "harbour"), 0);
	strcpy(other.name, "cn1");
	open_session(3, MLRP_ROLE_CN);
	assert_int_not_equal(register_info(3, &other)->cn.id, number);
	assert_string_equal(last(3)->cn.name, "harbour"); /* the other CN, named to it */
}

static void names_that_cannot_be(void **state)
{
	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	assert_int_equal(rename_cn("cn1", "cn2"), -EEXIST);
	assert_int_equal(rename_cn("cn7", "x"), -ENOENT);
	assert_int_equal(rename_cn("cn1", "not a name"), -EINVAL);
	assert_int_equal(rename_cn("cn1", too_long), -EINVAL);
	assert_int_equal(rename_cn("cn1", too_long + 1), 0);
	assert_int_equal(rename_cn(too_long + 1, "cn1"), 0);
	close_session(2);
	assert_int_equal(registry_forget_cn(w->registry, "cn2", false, &cut, why, sizeof(why)), 0);
	assert_int_equal(rename_cn("cn1", "cn2"), 0); /* a CN that was forgotten gives it up */
	assert_int_equal(join(3, 10, 20), 3); /* and no number is given twice */
	disk_writes();
	expect_all_durable();
}

/* ---- subnets */

static void a_subnet_goes_to_another_cn(void **state)
{
	struct cn_info info = describe(2, 10, 20), former = describe(1, 10, 20);
	uint32_t first = join(1, 10, 20), second = join(2, 10, 20);

	(void)state;
	lease(1, 1);
	lease(1, 2);
	go_to(2, 2, ip(1, 11));
	assert_int_equal(move(1, "cn2"), 0);
	assert_string_equal(from, "cn1");
	assert_int_equal(cut.stations, 2);
	assert_int_equal(cut.away, 1);
	assert_true(w->cn[2].closed); /* it registers anew, with the subnet */
	assert_int_equal(record(ip(1, 10))->parent, first); /* until then nothing changes */
	close_session(2);
	info.cells[1] = former.cells[0];
	info.cell_count = 2;
	open_session(2, MLRP_ROLE_CN);
	assert_int_equal(register_info(2, &info)->type, MLRP_REGISTERED);
	assert_int_equal(record(ip(1, 10))->parent, second);
	assert_int_equal(record(ip(1, 11))->parent, second);
	assert_int_equal(record(ip(1, 11))->state, RECORD_BOUND);
	/* The move is over: it does not hinder that the subnet ends there. */
	info.cells[1] = describe(4, 10, 20).cells[0];
	register_info(2, &info);
	assert_int_equal(record(ip(1, 11))->state, RECORD_FREE);
	info.cells[1] = former.cells[0];
	register_info(2, &info);
	good(2, MLRP_BIND, 1, ip(1, 10));
	/* The former CN is left what else it has, even if it still names the subnet. */
	close_session(1);
	open_session(1, MLRP_ROLE_CN);
	assert_int_not_equal(register_info(1, &former)->type, MLRP_ERROR);
	assert_int_equal(record(ip(1, 10))->parent, second);
	expect_all_durable();
}

static void takes_it(struct cn_info *taker)
{
	taker->cells[taker->cell_count++] = describe(1, 10, 20).cells[0];
}

/* Nobody loses the subnet to a CN that is refused. */
static void who_is_refused_takes_nothing(void **state)
{
	struct cn_info rival = describe(2, 10, 20), crooked = describe(2, 10, 20);

	(void)state;
	join(1, 10, 20);
	join(3, 10, 20);
	w->instance = 20;
	join(2, 10, 20);
	lease(1, 1);
	assert_int_equal(move(1, "cn2"), 0);
	takes_it(&rival);
	rival.tunnel = describe(4, 10, 20).tunnel; /* a copy of its machine */
	w->instance = 40;
	open_session(4, MLRP_ROLE_CN);
	w->instance = 0;
	assert_null(register_info(4, &rival));
	good(2, MLRP_ALLOCATE, 8, (struct tmip_addr){0}); /* it lives */
	assert_int_equal(last(4)->code, MLRP_E_CONFLICT);
	good(1, MLRP_BIND, 1, ip(1, 10));
	takes_it(&crooked);
	crooked.tunnel = describe(3, 10, 20).tunnel;
	assert_int_equal(register_info(2, &crooked)->code, MLRP_E_CONFLICT);
	good(1, MLRP_BIND, 1, ip(1, 10));
	/* The CN itself may have it still, and the former one is told. */
	crooked.tunnel = describe(2, 10, 20).tunnel;
	w->cn[1].count = 0;
	assert_int_equal(register_info(2, &crooked)->type, MLRP_REGISTERED);
	assert_int_equal(w->cn[1].box[0].type, MLRP_CN);
	assert_string_equal(w->cn[1].box[0].cn.name, "cn1");
	assert_int_equal(w->cn[1].box[0].cn.cell_count, 0);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	good(2, MLRP_BIND, 1, ip(1, 10));
	expect_all_durable();
}

/* Its taker is renamed, before it has the subnet and after. */
static void a_move_follows_the_name(void **state)
{
	struct cn_info taker = describe(2, 10, 20), former = describe(1, 10, 20);

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	assert_int_equal(move(1, "cn2"), 0);
	assert_int_equal(rename_cn("cn2", "harbour"), 0);
	takes_it(&taker);
	strcpy(taker.name, "harbour");
	assert_int_equal(register_info(2, &taker)->type, MLRP_REGISTERED);
	assert_int_equal(rename_cn("harbour", "port"), 0);
	assert_int_equal(register_info(1, &former)->cn.cell_count, 0);
	/* And one that has the name of the taker now, and the subnet itself, keeps it. */
	close_session(2);
	assert_int_equal(registry_forget_cn(w->registry, "port", true, &cut, why, sizeof(why)), 0);
	assert_int_equal(register_info(1, &former)->cn.cell_count, 1);
	assert_int_equal(move(1, "pier"), 0);
	assert_int_equal(rename_cn("cn1", "pier"), 0);
	assert_int_equal(register_info(1, &former)->cn.cell_count, 1);
	assert_int_equal(register_info(1, &former)->cn.cell_count, 1);
}

static bool complains(int cn, const struct cn_info *info, const char *about)
{
	int lines = w->lines_about;

	w->about = about;
	assert_int_equal(register_info(cn, info)->type, MLRP_REGISTERED);
	return w->lines_about != lines;
}

/* Once, as long as it is so. */
static void what_is_to_be_corrected_is_said_once(void **state)
{
	struct cn_info taker = describe(2, 10, 20), former = describe(1, 10, 20), without = former;

	(void)state;
	without.cell_count = 0;
	join(1, 10, 20);
	join(2, 10, 20);
	assert_int_equal(move(1, "cn2"), 0);
	takes_it(&taker);
	register_info(2, &taker);
	assert_true(complains(1, &former, "went to CN cn2"));
	assert_false(complains(1, &former, "went to CN cn2"));
	assert_false(complains(1, &without, "went to CN cn2"));
	assert_true(complains(1, &former, "went to CN cn2"));
	close_session(1);
	open_session(1, MLRP_ROLE_CN);
	assert_false(complains(1, &former, "went to CN cn2"));
	/* The same with a name. */
	assert_int_equal(rename_cn("cn1", "harbour"), 0);
	assert_true(complains(1, &without, "former name"));
	assert_false(complains(1, &without, "former name"));
	strcpy(former.name, "harbour");
	assert_false(complains(1, &former, "former name"));
	assert_true(complains(1, &without, "former name"));
}

/* What a move has granted is not granted again: the operator may want it back. */
static void a_move_is_over_when_it_is_done(void **state)
{
	struct cn_info info = describe(1, 10, 20), taker = describe(2, 10, 20), without = taker;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	assert_int_equal(move(1, "cn2"), 0);
	takes_it(&taker);
	register_info(2, &taker);
	register_info(2, &without); /* it gives it up by itself */
	assert_int_equal(register_info(1, &info)->cn.cell_count, 1);
	assert_int_equal(register_info(2, &taker)->code, MLRP_E_CONFLICT);
	good(1, MLRP_ALLOCATE, 1, (struct tmip_addr){0});
}

/* And any number of them, one after the other. */
static void moves_do_not_fill_the_table(void **state)
{
	struct cn_info info[] = {describe(1, 10, 20), describe(2, 10, 20)}, had;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	for (int net = 11; net <= 30; net++) { /* other subnets, each of them once */
		had = info[0];
		info[0].cells[info[0].cell_count++] = describe(net, 10, 20).cells[0];
		register_info(1, &info[0]);
		assert_int_equal(move(net, "cn2"), 0);
		info[1].cells[1] = info[0].cells[1];
		info[1].cell_count = 2;
		assert_int_equal(register_info(2, &info[1])->type, MLRP_REGISTERED);
		info[0] = had;
		register_info(1, &info[0]);
	}
	/* Those that wait for their CN stay. */
	for (int net = 31; net <= 46; net++) {
		info[0].cells[0] = describe(net, 10, 20).cells[0];
		register_info(1, &info[0]);
		assert_int_equal(move(net, "cn3"), 0);
	}
	info[0].cells[0] = describe(47, 10, 20).cells[0];
	register_info(1, &info[0]);
	assert_int_equal(move(47, "cn3"), -ENOSPC);
}

static void moves_that_cannot_be(void **state)
{
	struct cn_info info = describe(3, 10, 20);

	(void)state;
	join(1, 10, 20);
	assert_int_equal(move(5, "cn1"), -ENOENT);
	assert_int_equal(move(1, "cn1"), -EEXIST);
	assert_int_equal(move(1, "not a name"), -EINVAL);
	assert_int_equal(move(1, too_long), -EINVAL);
	/* Only the CN that is named gets it. */
	assert_int_equal(move(1, "cn2"), 0);
	info.cells[0] = describe(1, 10, 20).cells[0];
	open_session(3, MLRP_ROLE_CN);
	assert_int_equal(register_info(3, &info)->code, MLRP_E_CONFLICT);
}

static void forgetting_says_what_it_cuts(void **state)
{
	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	lease(1, 1);
	lease(1, 2);
	lease(2, 3);
	good(1, MLRP_CLAIM, 4, ip(1, 200));
	go_to(2, 2, ip(1, 11));
	go_to(1, 3, ip(2, 10));
	close_session(1);
	assert_int_equal(registry_forget_cn(w->registry, "cn1", false, &cut, why, sizeof(why)),
			 -EBUSY);
	assert_int_equal(cut.stations, 3);
	assert_int_equal(cut.leases, 2);
	assert_int_equal(cut.away, 1);
	assert_int_equal(cut.guests, 1);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	assert_int_equal(registry_forget_cn(w->registry, "cn1", true, &cut, why, sizeof(why)), 0);
	assert_int_equal(cut.stations, 3);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	assert_int_equal(record(ip(2, 10))->state, RECORD_BOUND);
	disk_writes();
	expect_all_durable();
}

/* The operator was wrong: the station uses its address still. */
static void a_lease_that_was_cut_is_a_lease_again(void **state)
{
	uint64_t end;

	(void)state;
	join(1, 10, 20);
	lease(1, 1);
	lease(1, 2);
	lease(1, 3);
	end = record(ip(1, 10))->lease_end;
	for (int host = 10; host <= 12; host++) {
		struct tmip_addr addr = ip(1, host);

		assert_int_equal(registry_free_address(w->registry, &addr), 0);
	}
	disk_writes();
	expect_all_durable();
	begin_from_disk(EPOCH + 1);
	assert_int_equal(registry_load_end(w->registry, w->now), 0);
	join(1, 10, 20);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	good(1, MLRP_CLAIM, 1, ip(1, 10));
	assert_int_equal(record(ip(1, 10))->kind, RECORD_DYNAMIC);
	assert_int_equal(record(ip(1, 10))->lease_end, end);
	good(1, MLRP_CLAIM, 9, ip(1, 11)); /* another MAC brings it */
	assert_int_equal(record(ip(1, 11))->kind, RECORD_STATIC);
	pass((unsigned)(end - w->now.unix_s) + 1);
	good(1, MLRP_CLAIM, 3, ip(1, 12)); /* after its end */
	assert_int_equal(record(ip(1, 12))->kind, RECORD_STATIC);
	assert_int_equal(record(ip(1, 12))->lease_end, 0);
	expect_all_durable();
}

/* ---- a cell gets another subnet */

static void old_leases_end_in_good_order(void **state)
{
	const struct registry_host host = {.name = "printer", .mac = mac(9), .addr = ip(1, 50)};
	struct cn_info info = describe(1, 10, 20);
	struct registry_counts counts;

	(void)state;
	assert_int_equal(registry_set_hosts(w->registry, &host, 1), 0);
	join(1, 10, 20);
	join(2, 10, 20);
	lease(1, 1);
	lease(1, 2);
	lease(2, 3);
	good(1, MLRP_BIND, 9, ip(1, 50));
	good(1, MLRP_CLAIM, 4, ip(1, 200));
	go_to(2, 2, ip(1, 11));
	info.cells[0] = describe(4, 10, 20).cells[0];
	w->cn[2].count = 0;
	register_info(1, &info);
	registry_count(w->registry, &counts);
	assert_int_equal(counts.withdrawn, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(record(ip(1, (int[]){10, 11, 50, 200}[i]))->state, RECORD_FREE);
	assert_int_equal(record(ip(2, 10))->state, RECORD_BOUND);
	assert_int_equal(w->cn[2].count, 1 + 4); /* the CN, and the end of each record */
	refused(2, MLRP_RENEW, 2, ip(1, 11), MLRP_E_NOT_IN_POOL);
	good(1, MLRP_BIND, 1, ip(4, 10));
	expect_all_durable();
}

static void a_subnet_that_is_only_gone_may_come_back(void **state)
{
	struct cn_info none = describe(1, 10, 20), info = describe(1, 10, 20);

	(void)state;
	join(1, 10, 20);
	lease(1, 1);
	none.cell_count = 0;
	register_info(1, &none);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	register_info(1, &info);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	register_info(1, &none);
	info.cells[0] = describe(4, 10, 20).cells[0]; /* it was another one, in two steps */
	register_info(1, &info);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
}

/* Of two cells, one is down while the other gets another subnet, or comes first. */
static void a_cell_that_is_down_loses_nothing_by_another(void **state)
{
	struct cn_info both = describe(1, 10, 20), one = describe(1, 10, 20), none = one;

	(void)state;
	both.cells[1] = one.cells[0] = describe(2, 10, 20).cells[0];
	both.cell_count = 2;
	none.cell_count = 0;
	open_session(1, MLRP_ROLE_CN);
	register_info(1, &both);
	lease(1, 1);
	good(1, MLRP_CLAIM, 2, ip(2, 200));
	/* All go and come back, one after the other. */
	register_info(1, &none);
	register_info(1, &one);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	/* The one that is there gets another subnet, at once or in two steps. */
	one.cells[0] = describe(3, 10, 20).cells[0];
	register_info(1, &one);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	assert_int_equal(record(ip(2, 200))->state, RECORD_FREE);
	good(1, MLRP_CLAIM, 2, ip(3, 200));
	register_info(1, &none);
	one.cells[0] = describe(4, 10, 20).cells[0];
	register_info(1, &one);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	assert_int_equal(record(ip(3, 200))->state, RECORD_FREE);
	/* Both go at the same time, and nobody knows which of them has another one. */
	both.cells[1] = one.cells[0];
	register_info(1, &both);
	good(1, MLRP_CLAIM, 2, ip(4, 200));
	register_info(1, &none);
	one.cells[0] = describe(5, 10, 20).cells[0];
	register_info(1, &one);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	assert_int_equal(record(ip(4, 200))->state, RECORD_BOUND);
	expect_all_durable();
}

/* Its CN has another subnet before the one that takes over has registered. */
static void a_subnet_that_moves_is_not_over(void **state)
{
	struct cn_info info = describe(1, 10, 20), taker = describe(2, 10, 20);

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	lease(1, 1);
	assert_int_equal(move(1, "cn2"), 0);
	info.cells[0] = describe(4, 10, 20).cells[0];
	register_info(1, &info);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
	close_session(2);
	taker.cells[0] = describe(1, 10, 20).cells[0];
	open_session(2, MLRP_ROLE_CN);
	assert_int_not_equal(register_info(2, &taker)->type, MLRP_ERROR);
	assert_int_equal(record(ip(1, 10))->state, RECORD_BOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_cn_gets_another_name),
		CASE(the_old_name_is_free),
		CASE(names_that_cannot_be),
		CASE(a_subnet_goes_to_another_cn),
		CASE(who_is_refused_takes_nothing),
		CASE(a_move_follows_the_name),
		CASE(what_is_to_be_corrected_is_said_once),
		CASE(a_move_is_over_when_it_is_done),
		CASE(moves_do_not_fill_the_table),
		CASE(moves_that_cannot_be),
		CASE(forgetting_says_what_it_cuts),
		CASE(a_lease_that_was_cut_is_a_lease_again),
		CASE(old_leases_end_in_good_order),
		CASE(a_subnet_that_is_only_gone_may_come_back),
		CASE(a_cell_that_is_down_loses_nothing_by_another),
		CASE(a_subnet_that_moves_is_not_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
