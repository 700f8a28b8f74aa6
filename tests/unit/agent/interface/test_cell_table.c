/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells in the table: those that were never served are found by their name only. */
#include "agent/interface/cell_table.h"
#include "interface_world.h"

static struct cell_table table;

static void add(const char *name, unsigned ifindex, const char *subnet, uint8_t len)
{
	struct cell *cell = &table.list[table.count++];

	memset(cell, 0, sizeof(*cell));
	strcpy(cell->name, name);
	cell->interface.ifindex = ifindex;
	cell->info.subnet = (struct prefix){ip(subnet), len};
}

/* wlan0 and wlan2 have a subnet, wlan1 never was a cell. */
static int fill(void **state)
{
	(void)state;
	table.count = 0;
	add("wlan0", 10, "10.10.1.0", 24);
	add("wlan1", 0, "10.10.2.0", 24);
	add("wlan2", 12, "10.10.3.0", 25);
	return 0;
}

static void a_served_cell_is_found_by_its_interface(void **state)
{
	(void)state;
	assert_ptr_equal(cell_table_find(&table, 12), &table.list[2]);
	assert_int_equal(cell_table_index(&table, 12), 2);
	assert_null(cell_table_find(&table, 99));
	assert_int_equal(cell_table_index(&table, 99), -1);
}

/* ifindex 0 is what a cell has that was never served. */
static void no_interface_is_no_cell(void **state)
{
	(void)state;
	assert_null(cell_table_find(&table, 0));
	assert_int_equal(cell_table_index(&table, 0), -1);
}

static void a_cell_is_found_by_its_name_served_or_not(void **state)
{
	(void)state;
	assert_ptr_equal(cell_table_find_name(&table, "wlan1"), &table.list[1]);
	assert_ptr_equal(cell_table_find_name(&table, "wlan2"), &table.list[2]);
	assert_null(cell_table_find_name(&table, "wlan"));
}

static void only_the_very_subnet_of_a_served_cell_is_found(void **state)
{
	struct prefix served = {ip("10.10.1.0"), 24}, wider = {ip("10.10.3.0"), 24},
		      unserved = {ip("10.10.2.0"), 24};

	(void)state;
	assert_int_equal(cell_table_find_subnet(&table, &served), 10);
	assert_int_equal(cell_table_find_subnet(&table, &wider), 0);
	assert_int_equal(cell_table_find_subnet(&table, &unserved), 0);
}

static void subnets_overlap_those_of_other_served_cells(void **state)
{
	struct prefix wide = {ip("10.10.0.0"), 16}, part = {ip("10.10.3.64"), 26},
		      beside = {ip("10.10.3.128"), 25}, unserved = {ip("10.10.2.0"), 24};

	(void)state;
	assert_ptr_equal(cell_table_find_overlap(&table, "wlan0", &wide), &table.list[2]);
	assert_ptr_equal(cell_table_find_overlap(&table, "wlan9", &part), &table.list[2]);
	assert_null(cell_table_find_overlap(&table, "wlan2", &part)); /* its own */
	assert_null(cell_table_find_overlap(&table, "wlan9", &beside));
	assert_null(cell_table_find_overlap(&table, "wlan9", &unserved));
}

static void the_network_hears_of_served_cells(void **state)
{
	struct cn_info info = {.id = 7, .cell_count = 9};

	(void)state;
	cell_table_describe(&table, &info);
	assert_int_equal(info.cell_count, 2);
	assert_memory_equal(&info.cells[0], &table.list[0].info, sizeof(info.cells[0]));
	assert_memory_equal(&info.cells[1], &table.list[2].info, sizeof(info.cells[1]));
	assert_int_equal(info.id, 7);
}

static void only_a_served_cell_takes_frames(void **state)
{
	(void)state;
	assert_null(cell_table_find_served(&table, 10));
	table.list[0].served = true;
	assert_ptr_equal(cell_table_find_served(&table, 10), &table.list[0]);
	assert_null(cell_table_find_served(&table, 0));
	assert_null(cell_table_find_served(&table, 99));
}

/* Nobody new gets an address of it, and those that have one keep it. */
static void a_cell_that_leaves_has_no_pool(void **state)
{
	struct cn_info info = {0};
	struct cell_info *cell = &table.list[2].info;

	(void)state;
	cell->gateway = ip("10.10.3.1");
	cell->pool_first = ip("10.10.3.10");
	cell->pool_last = ip("10.10.3.20");
	cell_table_describe(&table, &info);
	assert_memory_equal(&info.cells[1], cell, sizeof(*cell));
	table.list[2].leaving = true;
	cell_table_describe(&table, &info);
	assert_int_equal(info.cell_count, 2);
	assert_true(addr_equal(&info.cells[1].gateway, &cell->gateway));
	assert_int_equal(info.cells[1].subnet.len, 25);
	assert_true(addr_is_zero(&info.cells[1].pool_first));
	assert_true(addr_is_zero(&info.cells[1].pool_last));
	assert_false(addr_is_zero(&cell->pool_first)); /* it may stay after all */
}

static void nobody_is_in_a_cell_that_is_down(void **state)
{
	struct cell *cell = &table.list[0];

	(void)state;
	assert_true(cell_is_down(cell));
	cell->interface.up = true; /* as it was when the interface went */
	assert_true(cell_is_down(cell));
	cell->served = true;
	assert_false(cell_is_down(cell));
	cell->interface.up = false;
	assert_true(cell_is_down(cell));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_served_cell_is_found_by_its_interface, fill),
		cmocka_unit_test_setup(no_interface_is_no_cell, fill),
		cmocka_unit_test_setup(a_cell_is_found_by_its_name_served_or_not, fill),
		cmocka_unit_test_setup(only_the_very_subnet_of_a_served_cell_is_found, fill),
		cmocka_unit_test_setup(subnets_overlap_those_of_other_served_cells, fill),
		cmocka_unit_test_setup(the_network_hears_of_served_cells, fill),
		cmocka_unit_test_setup(only_a_served_cell_takes_frames, fill),
		cmocka_unit_test_setup(a_cell_that_leaves_has_no_pool, fill),
		cmocka_unit_test_setup(nobody_is_in_a_cell_that_is_down, fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
