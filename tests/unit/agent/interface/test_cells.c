/* SPDX-License-Identifier: BSD-2-Clause */
/* Cells come into service and go out of it: in what order, and what a failure leaves. */
#include "interface_world.h"

static struct fake_interface *wlan0(void)
{
	return fake_interface_find("wlan0");
}

static int attach(const char *name)
{
	return cells_attach(w->cells, name, true, w->why);
}

static struct cn_info description(void)
{
	struct cn_info info = {0};

	cell_table_describe(cells_table(w->cells), &info);
	return info;
}

/* ---- the start */

static void the_cells_of_the_configuration_are_served(void **state)
{
	struct cn_info info;

	(void)state;
	strcpy(w->config.mobile_if[1], "wlan1");
	w->config.cell_count = 2;
	start_cells();
	assert_true(is_served("wlan0"));
	assert_true(is_served("wlan1"));
	info = description();
	assert_int_equal(info.cell_count, 2);
	assert_string_equal(fake_sysctl_value("net/ipv4/ip_forward"), "1");
}

/* A program must find its entry, and what it lets through must find a kernel that forwards. */
static void the_program_comes_last(void **state)
{
	(void)state;
	create_cells();
	assert_int_equal(cells_start(w->cells, w->why), 0);
	assert_true(CALLS_IN_ORDER("frame_open wlan0", "datapath_put_cell 10",
				   "sysctl_set net/ipv4/conf/wlan0/forwarding 1",
				   "netlink_set_promiscuous 10 1",
				   "netlink_set_route_mtu wlan0 1480",
				   "datapath_attach 10 cell"));
}

static void the_entry_tells_what_the_programs_need(void **state)
{
	const struct tmip_cell *entry;
	struct tmip_addr gateway = ip("10.10.1.1");

	(void)state;
	start_cells();
	entry = fake_datapath_cell(WLAN0);
	assert_non_null(entry);
	assert_string_equal(entry->name, "wlan0");
	assert_memory_equal(&entry->mac, &wlan0()->is.mac, sizeof(entry->mac));
	assert_int_equal(entry->prefix_len, 24);
	assert_true(addr_equal(&entry->gateway, &gateway));
}

static void a_start_with_what_cannot_be_a_cell_fails(void **state)
{
	(void)state;
	create_cells();
	wlan0()->is.ethernet = false;
	assert_int_equal(cells_start(w->cells, w->why), -EINVAL);
	assert_string_equal(w->why, "wlan0 cannot be a cell: it is not like Ethernet");
}

/* Whoever names a cell in a command hears at once that it is not there. */
static void a_start_by_command_awaits_no_interface(void **state)
{
	(void)state;
	w->by_command = true;
	create_cells();
	fake_interface_remove("wlan0");
	assert_int_equal(cells_start(w->cells, w->why), -EAGAIN);
	assert_string_equal(w->why, "wlan0 cannot be a cell: there is no such interface");
	assert_false(is_known("wlan0"));
}

static void a_start_without_a_store_fails(void **state)
{
	(void)state;
	create_cells();
	fake_sysctl.open_error = EACCES;
	assert_int_equal(cells_start(w->cells, w->why), -EIO);
	assert_non_null(strstr(w->why, "/net.settings.json: Permission denied"));
}

static void a_start_on_a_machine_that_refuses_fails(void **state)
{
	(void)state;
	create_cells();
	fake_sysctl.set_error = -EROFS;
	fake_sysctl.set_fails = "ip_forward";
	assert_int_equal(cells_start(w->cells, w->why), -EROFS);
	assert_non_null(strstr(w->why, "cannot set net/ipv4/ip_forward"));
}

static void a_start_without_news_of_interfaces_fails(void **state)
{
	(void)state;
	create_cells();
	fake_netlink.monitor_error = -EMFILE;
	assert_int_equal(cells_start(w->cells, w->why), -EMFILE);
	assert_string_equal(w->why, "cannot watch the interfaces: Too many open files");
}

static void programs_of_a_former_agent_go_where_nobody_needs_them(void **state)
{
	struct tmip_cell entry = {.name = "wlan1"};
	char why[DATAPATH_WHY];

	(void)state;
	create_cells();
	datapath_attach(&fake_datapath, WLAN0, DATAPATH_CELL, why);
	datapath_attach(&fake_datapath, WLAN1, DATAPATH_CELL, why);
	datapath_put_cell(&fake_datapath, WLAN1, &entry);
	datapath_attach(&fake_datapath, 77, DATAPATH_BACKBONE, why);
	assert_int_equal(cells_start(w->cells, w->why), 0);
	assert_true(is_served("wlan0"));
	assert_true(fake_datapath_is_attached(ETH0, DATAPATH_BACKBONE));
	assert_int_equal(fake_datapath.attached_count, 3); /* and the stand-in of wlan0 */
	assert_null(fake_datapath_cell(WLAN1));
}

/* It was a cell until the agent was killed, and the configuration names it no more. */
static void a_former_cell_is_as_it_was_before(void **state)
{
	const struct fake_interface *wlan1 = fake_interface_find("wlan1");

	(void)state;
	strcpy(w->config.mobile_if[1], "wlan1");
	w->config.cell_count = 2;
	start_cells();
	end_cells(false);
	w->config.cell_count = 1;
	start_cells();
	assert_false(fake_datapath_is_attached(WLAN1, DATAPATH_CELL));
	assert_false(wlan1->is.promiscuous);
	assert_int_equal(wlan1->route_mtu, 0);
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/wlan1/forwarding"), "0");
	assert_int_equal(fake_sysctl_remembered("link/wlan1/"), 0);
	assert_true(is_served("wlan0"));
}

/* ---- attach */

static void a_cell_can_be_attached(void **state)
{
	(void)state;
	start_cells();
	assert_int_equal(attach("wlan1"), 0);
	assert_true(is_served("wlan1"));
	assert_int_equal(w->described, 1);
	assert_int_equal(w->served, 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "cell wlan1: served"), 1);
}

static void a_cell_is_attached_once(void **state)
{
	(void)state;
	start_cells();
	assert_int_equal(attach("wlan0"), 0);
	assert_string_equal(calls_made(), "");
	assert_int_equal(w->described, 0);
}

static void the_log_says_what_is_special(void **state)
{
	(void)state;
	start_cells();
	fake_interface_find("wlan1")->is.up = false;
	fake_interface_find("wlan1")->is.deaf = true;
	assert_int_equal(attach("wlan1"), 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "the interface is down"), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "not in mode passthru"), 1);
}

static void what_cannot_be_a_cell_is_refused(void **state)
{
	(void)state;
	start_cells();
	assert_int_equal(attach("eth9"), -EAGAIN);
	assert_string_equal(w->why, "eth9 cannot be a cell: there is no such interface");
	assert_int_equal(attach("eth0"), -EINVAL);
	assert_non_null(strstr(w->why, "eth0 cannot be a cell: it is the backbone"));
	fake_interface_find("wlan1")->is.port_of = WLAN0;
	assert_int_equal(attach("wlan1"), -EINVAL);
	assert_non_null(strstr(w->why, "it is a port of wlan0"));
	assert_false(is_known("wlan1"));
	assert_string_equal(calls_made(), "");
	assert_int_equal(w->described, 0);
}

static void a_pool_outside_of_the_subnet_is_refused(void **state)
{
	(void)state;
	start_cells();
	w->config.pool_count = 1;
	strcpy(w->config.pools[0].interface, "wlan1");
	w->config.pools[0].first = ip("10.10.1.10");
	w->config.pools[0].last = ip("10.10.1.20");
	assert_int_equal(attach("wlan1"), -EINVAL);
	assert_string_equal(w->why,
			    "wlan1 cannot be a cell: the pool 10.10.1.10 to 10.10.1.20 does not "
			    "lie in its subnet 10.10.4.0/24 (directive addr_pool)");
}

static void overlapping_subnets_are_refused(void **state)
{
	(void)state;
	start_cells();
	fake_interface_add(20, "wlan9", "10.10.1.200/26");
	assert_int_equal(attach("wlan9"), -EINVAL);
	assert_string_equal(w->why, "wlan9 cannot be a cell: its subnet overlaps that of wlan0");
}

static void a_cn_has_a_number_of_cells_at_most(void **state)
{
	char name[16], address[32];

	(void)state;
	start_cells();
	for (unsigned i = 1; i <= CN_CELLS_MAX; i++) {
		snprintf(name, sizeof(name), "cell%u", i);
		snprintf(address, sizeof(address), "10.20.%u.1/24", i);
		fake_interface_add(100 + i, name, address);
		assert_int_equal(attach(name), i < CN_CELLS_MAX ? 0 : -ENOSPC);
	}
	assert_non_null(strstr(w->why, "cell16: a CN has at most 16 cells"));
	assert_int_equal(detach("cell3"), 0);
	assert_int_equal(attach(name), 0);
	assert_true(is_served(name));
}

/* ---- a failure takes back what was done before it */

static void expect_nothing_of(const char *name, unsigned ifindex)
{
	const struct fake_interface *interface = fake_interface_find(name);
	struct cn_info info = description();
	char begin[64];

	assert_false(is_known(name));
	assert_null(fake_datapath_cell(ifindex));
	assert_false(fake_datapath_is_attached(ifindex, DATAPATH_CELL));
	assert_int_equal(info.cell_count, 1);
	assert_int_equal(fake_frames.open, 1);
	assert_false(interface->is.promiscuous);
	assert_int_equal(interface->route_mtu, 0);
	assert_int_equal(fake_devices.count, 1);
	assert_null(fake_device_find(name));
	assert_int_equal(fake_datapath.attached_count, 3); /* the backbone, wlan0, its stand-in */
	snprintf(begin, sizeof(begin), "cell/%s/", name);
	assert_int_equal(fake_sysctl_remembered(begin), 0);
	snprintf(begin, sizeof(begin), "net/ipv4/conf/%s/", name);
	assert_int_equal(fake_sysctl_remembered(begin), 0);
	assert_int_equal(w->described, 0);
	assert_int_equal(w->served, 0);
}

static void without_a_port_for_frames_there_is_no_cell(void **state)
{
	(void)state;
	start_cells();
	fake_frames.open_error = 1;
	assert_int_equal(attach("wlan1"), -EIO);
	assert_string_equal(w->why, "wlan1: no frames here");
	fake_frames.open_error = 0;
	expect_nothing_of("wlan1", WLAN1);
}

static void without_an_entry_there_is_no_cell(void **state)
{
	(void)state;
	start_cells();
	fake_datapath.put_error = -E2BIG;
	assert_int_equal(attach("wlan1"), -E2BIG);
	assert_non_null(strstr(w->why, "wlan1: the table of cells: "));
	expect_nothing_of("wlan1", WLAN1);
}

static void without_its_settings_there_is_no_cell(void **state)
{
	(void)state;
	start_cells();
	fake_sysctl.set_error = -EROFS;
	fake_sysctl.set_fails = "wlan1/send_redirects";
	fake_sysctl_put("net/ipv4/conf/wlan1/send_redirects", "1");
	assert_int_equal(attach("wlan1"), -EROFS);
	assert_non_null(strstr(w->why, "net/ipv4/conf/wlan1/send_redirects"));
	expect_nothing_of("wlan1", WLAN1);
	assert_int_equal(calls_count("datapath_attach 14"), 0);
}

static void without_its_program_there_is_no_cell(void **state)
{
	(void)state;
	start_cells();
	fake_datapath.attach_error = -EINVAL;
	assert_int_equal(attach("wlan1"), -EINVAL);
	assert_string_equal(w->why, "the kernel refuses the program");
	expect_nothing_of("wlan1", WLAN1);
	fake_datapath.attach_error = 0;
	assert_int_equal(attach("wlan1"), 0); /* the next time it goes */
	assert_true(is_served("wlan1"));
}

/* ---- detach */

static void a_cell_can_be_detached(void **state)
{
	(void)state;
	start_cells();
	assert_int_equal(detach("wlan0"), 0);
	assert_true(CALLS_IN_ORDER("datapath_detach 10", "netlink_set_route_mtu wlan0 0",
				   "netlink_set_promiscuous 10 0",
				   "sysctl_restore net/ipv4/conf/wlan0/", "frame_close wlan0",
				   "datapath_delete_cell 10"));
	assert_int_equal(fake_sysctl_remembered("cell/wlan0/"), 0);
	assert_int_equal(fake_devices.count, 0);
	assert_false(is_known("wlan0"));
	assert_int_equal(fake_sysctl_remembered("net/ipv4/conf/wlan0/"), 0);
	assert_int_equal(w->described, 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "cell wlan0: no longer served"), 1);
	assert_int_equal(description().cell_count, 0);
}

static void what_is_no_cell_cannot_be_detached(void **state)
{
	(void)state;
	start_cells();
	assert_int_equal(detach("wlan1"), -ENOENT);
	assert_string_equal(w->why, "wlan1 is not a cell of this CN");
	assert_int_equal(w->described, 0);
}

static void the_others_stay(void **state)
{
	(void)state;
	start_cells();
	assert_int_equal(attach("wlan1"), 0);
	assert_int_equal(detach("wlan0"), 0);
	assert_true(is_served("wlan1"));
	assert_int_equal(attach("wlan0"), 0);
	assert_true(is_served("wlan0"));
}

/* ---- the end */

static void an_agent_that_ends_leaves_its_cells_in_service(void **state)
{
	(void)state;
	start_cells();
	end_cells(false);
	assert_non_null(fake_device_find("wlan0"));
	assert_true(fake_datapath_is_attached(WLAN0, DATAPATH_CELL));
	assert_non_null(fake_datapath_cell(WLAN0));
	assert_true(wlan0()->is.promiscuous);
	assert_string_equal(fake_sysctl_value("net/ipv4/ip_forward"), "1");
	assert_int_equal(fake_frames.open, 0);
}

static void an_agent_that_tears_down_leaves_nothing(void **state)
{
	(void)state;
	start_cells();
	end_cells(true);
	assert_int_equal(fake_devices.count, 0);
	assert_int_equal(fake_datapath.cells.count, 0);
	assert_false(fake_datapath_is_attached(WLAN0, DATAPATH_CELL));
	assert_null(fake_datapath_cell(WLAN0));
	assert_false(wlan0()->is.promiscuous);
	assert_int_equal(wlan0()->route_mtu, 0);
	assert_string_equal(fake_sysctl_value("net/ipv4/ip_forward"), "0");
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/wlan0/forwarding"), "0");
	assert_int_equal(fake_sysctl_remembered(""), 0);
}

/* The interface of that cell is gone, and its settings are remembered. */
static void settings_of_a_former_agent_are_put_back_as_well(void **state)
{
	struct sysctl_store *store = settings_open(&w->config, w->why);

	(void)state;
	assert_int_equal(sysctl_set(store, "net/ipv4/conf/wlan9/forwarding", "1"), 0);
	sysctl_close(store);
	start_cells();
	end_cells(true);
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/wlan9/forwarding"), "0");
	assert_int_equal(fake_sysctl_remembered(""), 0);
}

static void a_killed_agent_leaves_what_can_be_removed(void **state)
{
	(void)state;
	start_cells();
	end_cells(false);
	calls_forget();
	assert_int_equal(cells_remove_remains(&w->config), 0);
	assert_false(wlan0()->is.promiscuous);
	assert_int_equal(wlan0()->route_mtu, 0);
	assert_int_equal(fake_sysctl_remembered(""), 0);
	assert_string_equal(fake_sysctl_value("net/ipv4/ip_forward"), "0");
	assert_int_equal(fake_datapath.attached_count, 0);
	assert_int_equal(fake_devices.count, 0);
	assert_int_equal(calls_count("datapath_remove /sys/fs/bpf/tmip/net"), 1);
}

/* The settings need the list of programs: they come first. */
static void remains_without_an_interface_are_removed(void **state)
{
	(void)state;
	start_cells();
	end_cells(false);
	fake_interface_remove("wlan0");
	assert_int_equal(cells_remove_remains(&w->config), 0);
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/wlan0/forwarding"), "0");
	fake_datapath.remove_error = -EBUSY;
	assert_int_equal(cells_remove_remains(&w->config), -EBUSY);
	fake_sysctl.open_error = EACCES;
	assert_int_equal(cells_remove_remains(&w->config), -EIO);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "Permission denied"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_cells_of_the_configuration_are_served),
		CASE(the_program_comes_last),
		CASE(the_entry_tells_what_the_programs_need),
		CASE(a_start_with_what_cannot_be_a_cell_fails),
		CASE(a_start_by_command_awaits_no_interface),
		CASE(a_start_without_a_store_fails),
		CASE(a_start_on_a_machine_that_refuses_fails),
		CASE(a_start_without_news_of_interfaces_fails),
		CASE(programs_of_a_former_agent_go_where_nobody_needs_them),
		CASE(a_former_cell_is_as_it_was_before),
		CASE(a_cell_can_be_attached),
		CASE(a_cell_is_attached_once),
		CASE(the_log_says_what_is_special),
		CASE(what_cannot_be_a_cell_is_refused),
		CASE(a_pool_outside_of_the_subnet_is_refused),
		CASE(overlapping_subnets_are_refused),
		CASE(a_cn_has_a_number_of_cells_at_most),
		CASE(without_a_port_for_frames_there_is_no_cell),
		CASE(without_an_entry_there_is_no_cell),
		CASE(without_its_settings_there_is_no_cell),
		CASE(without_its_program_there_is_no_cell),
		CASE(a_cell_can_be_detached),
		CASE(what_is_no_cell_cannot_be_detached),
		CASE(the_others_stay),
		CASE(an_agent_that_ends_leaves_its_cells_in_service),
		CASE(an_agent_that_tears_down_leaves_nothing),
		CASE(settings_of_a_former_agent_are_put_back_as_well),
		CASE(a_killed_agent_leaves_what_can_be_removed),
		CASE(remains_without_an_interface_are_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
