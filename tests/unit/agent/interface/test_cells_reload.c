/* SPDX-License-Identifier: BSD-2-Clause */
/* What a new configuration may ask for, and cells that go on by another interface. */
#include "interface_world.h"

#define BR0 20

static char errors[1024];

static int start(void **state)
{
	int error = world_setup(state);

	start_cells();
	return error;
}

static int start_by_command(void **state)
{
	int error = world_setup(state);

	w->by_command = true;
	start_cells();
	return error;
}

static int attach(const char *name)
{
	return cells_attach(w->cells, name, true, w->why);
}

/* The number of faults of a configuration with those cells; they are in `errors`. */
static unsigned check(struct agent_config *fresh, const char *first, const char *second)
{
	errors[0] = '\0';
	strcpy(fresh->mobile_if[0], first);
	strcpy(fresh->mobile_if[1], second ? second : "");
	fresh->cell_count = second ? 2 : 1;
	return cells_check(w->cells, fresh, errors, sizeof(errors));
}

static void set_pool(struct agent_config *config, const char *cell, const char *first,
		     const char *last)
{
	struct config_pool *pool = &config->pools[config->pool_count++];

	strcpy(pool->interface, cell);
	pool->first = ip(first);
	pool->last = ip(last);
}

/* ---- what is to be served can be served */

static void what_can_be_served_is_right(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	assert_int_equal(check(&fresh, "wlan0", "wlan1"), 0);
	assert_string_equal(errors, "");
}

static void an_interface_that_is_not_there_yet_may_come(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	assert_int_equal(check(&fresh, "wlan0", "wlan7"), 0);
}

static void what_can_be_no_cell_is_told(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	fake_interface_find("wlan1")->is.ethernet = false;
	assert_int_equal(check(&fresh, "wlan0", "wlan1"), 1);
	assert_string_equal(errors, "wlan1 cannot be a cell: it is not like Ethernet");
}

static void each_fault_has_a_line(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	fake_interface_find("wlan0")->is.ethernet = false;
	fake_interface_find("wlan1")->is.ethernet = false;
	assert_int_equal(check(&fresh, "wlan0", "wlan1"), 2);
	assert_string_equal(errors, "wlan0 cannot be a cell: it is not like Ethernet\n"
				    "wlan1 cannot be a cell: it is not like Ethernet");
}

static void two_cells_of_one_subnet_are_told(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	fake_interface_add(BR0, "br0", "10.10.4.2/24");
	assert_int_equal(check(&fresh, "wlan1", "br0"), 1);
	assert_string_equal(errors, "br0 cannot be a cell: its subnet overlaps that of wlan1");
}

/* That of a cell that only the new configuration has no more does not count. */
static void a_subnet_changes_its_cell(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	fake_interface_add(BR0, "br0", "10.10.1.2/24");
	assert_int_equal(check(&fresh, "br0", NULL), 0);
}

static void a_cell_of_a_command_keeps_its_subnet(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	assert_int_equal(attach("wlan1"), 0);
	fake_interface_add(BR0, "br0", "10.10.4.2/24");
	assert_int_equal(check(&fresh, "br0", NULL), 1);
	assert_string_equal(errors, "wlan1 cannot be a cell: its subnet overlaps that of br0");
}

static void its_pool_must_lie_in_it(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	assert_int_equal(attach("wlan1"), 0);
	set_pool(&fresh, "wlan1", "10.10.1.10", "10.10.1.20");
	assert_int_equal(check(&fresh, "wlan0", NULL), 1);
	assert_string_equal(errors, "wlan1 cannot be a cell: the pool 10.10.1.10 to 10.10.1.20 "
				    "does not lie in its subnet 10.10.4.0/24 (directive "
				    "addr_pool)");
}

static void also_while_its_interface_is_away(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	fake_interface_remove("wlan0");
	interface_changes(WLAN0, "wlan0");
	set_pool(&fresh, "wlan0", "10.10.9.10", "10.10.9.20");
	assert_int_equal(check(&fresh, "wlan0", NULL), 1);
	assert_string_equal(errors, "wlan0 cannot be a cell: the pool 10.10.9.10 to 10.10.9.20 "
				    "does not lie in its subnet 10.10.1.0/24 (directive "
				    "addr_pool)");
}

static void more_cells_than_a_cn_can_have_are_told(void **state)
{
	struct agent_config fresh = w->config;
	char expected[64];

	(void)state;
	assert_int_equal(attach("wlan1"), 0);
	for (unsigned i = 0; i < CN_CELLS_MAX; i++)
		snprintf(fresh.mobile_if[i], sizeof(fresh.mobile_if[i]), "port%u", i);
	fresh.cell_count = CN_CELLS_MAX;
	assert_int_equal(cells_check(w->cells, &fresh, errors, sizeof(errors)), 1);
	snprintf(expected, sizeof(expected), "wlan1: a CN has at most %d cells", CN_CELLS_MAX);
	assert_string_equal(errors, expected);
}

static void a_check_changes_nothing(void **state)
{
	struct agent_config fresh = w->config;

	(void)state;
	assert_int_equal(check(&fresh, "wlan1", NULL), 0);
	assert_true(is_served("wlan0"));
	assert_false(is_known("wlan1"));
	assert_int_equal(w->described, 0);
}

/* ---- cells of a start by command */

static void the_file_names_none_where_commands_do(void **state)
{
	struct agent_config former = w->config, fresh = w->config;

	(void)state;
	fake_interface_find("wlan1")->is.ethernet = false;
	assert_int_equal(check(&fresh, "wlan1", NULL), 0);
	w->config = fresh;
	cells_reconfigure(w->cells, &former, w->cut);
	assert_true(is_served("wlan0"));
	assert_false(is_known("wlan1"));
}

/* ---- cells that the file does not name any more */

/* Returns how many of them somebody needed. */
static unsigned name_instead(const char *name)
{
	struct agent_config former = w->config;

	strcpy(w->config.mobile_if[0], name);
	return cells_reconfigure(w->cells, &former, w->cut);
}

static void they_leave_and_who_is_cut_is_told(void **state)
{
	(void)state;
	put_station(1, 20, 2, 0);
	put_station(2, 22, 1, WLAN0);
	put_station(2, 23, 1, WLAN0);
	assert_int_equal(name_instead("wlan1"), 1);
	assert_string_equal(w->cut[0].name, "wlan0");
	assert_int_equal(w->cut[0].users.away, 1);
	assert_int_equal(w->cut[0].users.guests, 2);
	assert_false(is_known("wlan0"));
	assert_true(is_served("wlan1"));
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "cell wlan0: it leaves with the file, "
					"which cuts 1 of its stations elsewhere, 2 guests"), 1);
}

static void nobody_may_need_them(void **state)
{
	(void)state;
	put_station(1, 20, 1, WLAN0);
	assert_int_equal(name_instead("wlan1"), 0);
	assert_false(is_known("wlan0"));
}

static void one_that_is_leaving_already_is_let_go_in_peace(void **state)
{
	struct roam_users users;

	(void)state;
	put_station(1, 20, 2, 0);
	assert_int_equal(cells_detach(w->cells, "wlan0", false, &users, w->why), 0);
	assert_int_equal(name_instead("wlan1"), 0);
	assert_true(is_served("wlan0"));
	assert_true(is_served("wlan1"));
	put_station(1, 20, 1, WLAN0);
	time_passes(1000);
	assert_false(is_known("wlan0"));
}

/* ---- a cell goes on by another interface */

static int lose_wlan0(void **state)
{
	int error = start(state);

	put_station(1, 20, 1, WLAN0);
	fake_interface_remove("wlan0");
	interface_changes(WLAN0, "wlan0");
	return error;
}

static void a_bridge_takes_over_the_cell_of_its_port(void **state)
{
	(void)state;
	fake_interface_add(BR0, "br0", "10.10.1.1/24");
	assert_int_equal(attach("br0"), 0);
	assert_false(is_known("wlan0"));
	assert_true(is_served("br0"));
	assert_int_equal(cells_table(w->cells)->count, 1);
}

static void with_the_file_too(void **state)
{
	(void)state;
	put_station(1, 20, 2, 0);
	fake_interface_add(BR0, "br0", "10.10.1.1/24");
	assert_int_equal(name_instead("br0"), 0);
	assert_true(is_served("br0"));
	assert_int_equal(cells_table(w->cells)->count, 1);
}

static void one_that_cannot_be_a_cell_takes_nothing_over(void **state)
{
	(void)state;
	fake_interface_add(BR0, "br0", "10.10.1.1/24")->is.ethernet = false;
	assert_int_equal(attach("br0"), -EINVAL);
	assert_true(is_known("wlan0"));
	assert_false(is_known("br0"));
}

static void one_of_another_subnet_is_a_cell_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(attach("wlan1"), 0);
	assert_true(is_known("wlan0"));
	assert_true(is_served("wlan1"));
}

int main(void)
{
#define RELOAD_CASE(name) cmocka_unit_test_setup_teardown(name, start, world_teardown)
#define COMMAND_CASE(name) cmocka_unit_test_setup_teardown(name, start_by_command, world_teardown)
#define LOST_CASE(name) cmocka_unit_test_setup_teardown(name, lose_wlan0, world_teardown)
	const struct CMUnitTest tests[] = {
		RELOAD_CASE(what_can_be_served_is_right),
		RELOAD_CASE(an_interface_that_is_not_there_yet_may_come),
		RELOAD_CASE(what_can_be_no_cell_is_told),
		RELOAD_CASE(each_fault_has_a_line),
		RELOAD_CASE(two_cells_of_one_subnet_are_told),
		RELOAD_CASE(a_subnet_changes_its_cell),
		RELOAD_CASE(a_cell_of_a_command_keeps_its_subnet),
		RELOAD_CASE(its_pool_must_lie_in_it),
		RELOAD_CASE(also_while_its_interface_is_away),
		RELOAD_CASE(more_cells_than_a_cn_can_have_are_told),
		RELOAD_CASE(a_check_changes_nothing),
		COMMAND_CASE(the_file_names_none_where_commands_do),
		RELOAD_CASE(they_leave_and_who_is_cut_is_told),
		RELOAD_CASE(nobody_may_need_them),
		RELOAD_CASE(one_that_is_leaving_already_is_let_go_in_peace),
		LOST_CASE(a_bridge_takes_over_the_cell_of_its_port),
		LOST_CASE(with_the_file_too),
		LOST_CASE(one_that_cannot_be_a_cell_takes_nothing_over),
		LOST_CASE(one_of_another_subnet_is_a_cell_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
