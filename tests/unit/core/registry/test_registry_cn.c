/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CNs: their numbers, the checks of their descriptions, their connections, cells that go from one
 * to another.
 */
#include "registry_world.h"

static void a_cn_keeps_its_number(void **state)
{
	uint32_t a, b;

	(void)state;
	a = join(1, 10, 20);
	b = join(2, 10, 20);
	assert_true(a && b && a != b);
	close_session(1);
	assert_int_equal(join(1, 10, 30), a);
	assert_int_equal(w->cn_puts, 3); /* new, new, changed */
	close_session(1);
	w->disk_waits = true;
	assert_int_equal(join(1, 10, 30), a); /* unchanged: at once */
	assert_int_equal(w->cn_puts, 3);
	assert_int_equal(w->cn[1].box[1].type, MLRP_CN);
	assert_int_equal(w->cn[1].box[1].cn.id, b);
}

static void cns_that_do_not_fit_are_refused(void **state)
{
	struct cn_info info = describe(2, 10, 20);

	(void)state;
	join(1, 10, 20);
	open_session(2, MLRP_ROLE_CN);
	info.tunnel = describe(1, 0, 0).tunnel;
	assert_int_equal(register_info(2, &info)->code, MLRP_E_CONFLICT);
	assert_true(w->cn[2].closed);
	info = describe(2, 10, 20);
	info.cells[0] = (struct cell_info){.subnet = {ip(1, 128), 25}, .gateway = ip(1, 129)};
	assert_int_equal(register_info(2, &info)->code, MLRP_E_CONFLICT);
	assert_non_null(strstr(last(2)->text, "cn1"));
	info = describe(2, 20, 10);
	assert_int_equal(register_info(2, &info)->code, MLRP_E_REFUSED);
	info = describe(2, 10, 20);
	info.cells[1] = info.cells[0];
	info.cell_count = 2;
	assert_int_equal(register_info(2, &info)->code, MLRP_E_REFUSED);
	info = describe(2, 10, 20);
	strcpy(info.name, "c n");
	assert_int_equal(register_info(2, &info)->code, MLRP_E_REFUSED);
	refused(2, MLRP_HANDOVER, 1, ip(1, 10), MLRP_E_NOT_REGISTERED);
}

static void a_second_connection_replaces_the_first(void **state)
{
	struct cn_info info = describe(1, 10, 20);

	(void)state;
	uint32_t id = join(1, 10, 20);

	open_session(0, MLRP_ROLE_CN);
	assert_int_equal(register_info(0, &info)->cn.id, id);
	assert_true(w->cn[1].closed);
	assert_false(registry_session_registered(w->cn[1].session));
	close_session(1);
	struct mlrp_message allocate = {.type = MLRP_ALLOCATE,
					.has = MLRP_HAS(MLRP_F_MAC),
					.mac = mac(1),
					.subnet = {ip(1, 0), 24}};

	assert_int_equal(ask(0, &allocate)->type, MLRP_STATION);
}

static int forget(const char *name, bool force)
{
	struct registry_cut cut;
	char why[256];

	return registry_forget_cn(w->registry, name, force, &cut, why, sizeof(why));
}

static void a_subnet_changes_hands(void **state)
{
	uint32_t third;

	(void)state;
	join(1, 10, 20);
	join(2, 10, 20);
	lease(1, 1);
	assert_int_not_equal(forget("cn1", false), 0);
	close_session(1);
	assert_int_not_equal(forget("cn1", false), 0);
	struct cn_info none = describe(1, 0, 0);

	none.cell_count = 0;
	open_session(1, MLRP_ROLE_CN);
	register_info(1, &none);
	struct cn_info info = describe(3, 10, 20);

	info.cells[0] = describe(1, 10, 20).cells[0];
	open_session(3, MLRP_ROLE_CN);
	third = register_info(3, &info)->cn.id;
	assert_int_equal(record(ip(1, 10))->parent, third);
	close_session(3);
	assert_int_equal(forget("cn3", true), 0);
	assert_int_equal(record(ip(1, 10))->state, RECORD_FREE);
	assert_int_not_equal(forget("cn3", true), 0);
	assert_int_equal(join(3, 10, 20), third); /* forgotten, but the number is the name's */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_cn_keeps_its_number),
		CASE(cns_that_do_not_fit_are_refused),
		CASE(a_second_connection_replaces_the_first),
		CASE(a_subnet_changes_hands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
