/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell whose interface is down, gone, renamed, made anew or not there at the start, or that
 * leaves: what becomes of its subnet, its stations and its stand-in.
 */
#include "interface_world.h"

static struct fake_interface *wlan0(void)
{
	return fake_interface_find("wlan0");
}

static const struct fake_device *stand_in(void)
{
	return fake_device_find("stands in for cell wlan0");
}

static const struct tmip_cell *entry(unsigned key)
{
	return fake_datapath_cell(key);
}

static int start(void **state)
{
	int error = world_setup(state);

	start_cells();
	return error;
}

static void lose(void)
{
	fake_interface_remove("wlan0");
	interface_changes(WLAN0, "wlan0");
}

static void expect_lent(bool lent)
{
	char addr[ADDR_STRLEN];

	assert_string_equal(addr_format(&stand_in()->address, addr), lent ? "10.10.1.1" : "-");
	assert_int_equal(stand_in()->prefix_len, lent ? 24 : 0);
}

static struct cn_info description(void)
{
	struct cn_info info = {0};

	cell_table_describe(cells_table(w->cells), &info);
	return info;
}

/* ---- the stand-in */

static void a_cell_has_a_stand_in_from_the_start(void **state)
{
	struct prefix subnet = {ip("10.10.1.0"), 24};

	(void)state;
	assert_true(is_served("wlan0"));
	assert_non_null(stand_in());
	assert_memory_equal(&stand_in()->route, &subnet, sizeof(subnet));
	assert_int_equal(stand_in()->mtu, 1480);
	expect_lent(false);
	assert_int_equal(entry(WLAN0)->stand_in, stand_in()->ifindex);
	assert_string_equal(entry(stand_in()->ifindex)->name, "wlan0");
	assert_memory_equal(&entry(stand_in()->ifindex)->mac, &wlan0()->is.mac, 6);
}

static void it_goes_with_the_cell(void **state)
{
	unsigned ifindex = stand_in()->ifindex;

	(void)state;
	assert_int_equal(detach("wlan0"), 0);
	assert_null(stand_in());
	assert_null(entry(ifindex));
	assert_false(fake_datapath_is_attached(ifindex, DATAPATH_STAND_IN));
}

static void the_next_agent_goes_on_with_it(void **state)
{
	unsigned ifindex = stand_in()->ifindex;

	(void)state;
	end_cells(false);
	start_cells();
	assert_int_equal(stand_in()->ifindex, ifindex);
	assert_int_equal(fake_devices.made, 1);
	assert_true(is_served("wlan0"));
}

/* The file of the next agent does not name the cell any more. */
static void that_of_a_former_cell_is_deleted(void **state)
{
	unsigned ifindex = stand_in()->ifindex;

	(void)state;
	end_cells(false);
	strcpy(w->config.mobile_if[0], "wlan1");
	start_cells();
	assert_null(stand_in());
	assert_non_null(fake_device_find("stands in for cell wlan1"));
	assert_null(entry(ifindex));
	assert_null(entry(WLAN0));
}

static void its_mtu_follows_that_of_the_tunnels(void **state)
{
	(void)state;
	cells_set_path_mtu(w->cells, 1400);
	assert_int_equal(stand_in()->mtu, 1380);
	lose();
	cells_set_path_mtu(w->cells, 1300);
	assert_int_equal(stand_in()->mtu, 1280);
	fake_interface_find("eth0")->is.mtu = 1200;
	interface_changes(ETH0, "eth0");
	assert_int_equal(stand_in()->mtu, 1180);
}

static void its_route_follows_the_subnet(void **state)
{
	struct prefix subnet = {ip("10.10.7.0"), 24};

	(void)state;
	wlan0()->is.addr = ip("10.10.7.1");
	interface_changes(WLAN0, "wlan0");
	assert_memory_equal(&stand_in()->route, &subnet, sizeof(subnet));
}

/* While no agent ran, and when the cell was down before. */
static void that_of_a_subnet_of_before_is_forgotten(void **state)
{
	struct prefix subnet = {ip("10.10.7.0"), 24};

	(void)state;
	wlan0()->is.up = false;
	interface_changes(WLAN0, "wlan0");
	end_cells(false);
	wlan0()->is.addr = ip("10.10.7.1");
	wlan0()->is.up = true;
	create_cells();
	assert_int_equal(cells_start(w->cells, w->why), 0);
	assert_true(calls_include("netlink_delete_last_route 500 10.10.1.0/24"));
	assert_memory_equal(&stand_in()->route, &subnet, sizeof(subnet));
	expect_lent(false);
}

/* The file says that it has the same subnet: nothing is taken away even for a moment. */
static void that_of_a_cell_that_is_still_down_stays_as_it_is(void **state)
{
	(void)state;
	wlan0()->is.up = false;
	interface_changes(WLAN0, "wlan0");
	end_cells(false);
	create_cells();
	assert_int_equal(cells_start(w->cells, w->why), 0);
	expect_lent(true);
	assert_false(calls_include("netlink_delete_last_route 500 10.10.1.0/24"));
	assert_false(calls_include("netlink_set_address 500 10.10.1.1/24 0"));
}

static void expect_renewed(unsigned former)
{
	struct prefix subnet = {ip("10.10.1.0"), 24};

	assert_non_null(stand_in());
	assert_int_not_equal(stand_in()->ifindex, former);
	assert_memory_equal(&stand_in()->route, &subnet, sizeof(subnet));
	assert_int_equal(entry(cell_of("wlan0")->interface.ifindex)->stand_in,
			 stand_in()->ifindex);
	assert_null(entry(former));
	assert_true(fake_datapath_is_attached(stand_in()->ifindex, DATAPATH_STAND_IN));
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "and is made anew"), 1);
}

static void one_that_somebody_deleted_is_made_anew(void **state)
{
	unsigned former = stand_in()->ifindex;

	(void)state;
	netlink_delete_device(former);
	interface_changes(former, "tmiphome0");
	expect_renewed(former);
	assert_true(is_served("wlan0"));
	expect_lent(false);
	interface_changes(stand_in()->ifindex, "tmiphome1");
	assert_int_equal(fake_devices.made, 2);
}

static void one_that_somebody_switched_off_too(void **state)
{
	unsigned former = stand_in()->ifindex;

	(void)state;
	lose();
	fake_interface_find("tmiphome0")->is.up = false;
	interface_changes(0, ""); /* news were lost */
	expect_renewed(former);
	expect_lent(true);
}

static void without_one_the_cell_is_served_all_the_same(void **state)
{
	(void)state;
	fake_devices.make_error = -EOPNOTSUPP;
	assert_int_equal(cells_attach(w->cells, "wlan1", true, w->why), 0);
	assert_true(is_served("wlan1"));
	assert_int_equal(entry(WLAN1)->stand_in, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "cell wlan1: no device can stand in for it "
							"(the kernel has neither dummy nor ifb): "
							"its stations elsewhere"), 1);
	fake_interface_find("wlan1")->is.up = false;
	interface_changes(WLAN1, "wlan1");
	assert_int_equal(entry(WLAN1)->flags, TMIP_CELL_F_DOWN);
	assert_int_equal(detach("wlan1"), 0);
	assert_null(entry(WLAN1));
}

static void without_its_program_there_is_no_stand_in(void **state)
{
	static const enum datapath_role role = DATAPATH_STAND_IN;

	(void)state;
	fake_datapath.attach_error = -EINVAL;
	fake_datapath.only_role = &role;
	assert_int_equal(cells_attach(w->cells, "wlan1", true, w->why), 0);
	assert_true(is_served("wlan1"));
	assert_null(fake_device_find("wlan1"));
	assert_int_equal(entry(WLAN1)->stand_in, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "the kernel refuses the program: "), 1);
}

/* ---- down, gone, without address, without port */

static void while_the_interface_is_down_the_stand_in_has_the_gateway(void **state)
{
	(void)state;
	wlan0()->is.up = false;
	interface_changes(WLAN0, "wlan0");
	assert_true(is_served("wlan0")); /* its programs stay */
	assert_int_equal(entry(WLAN0)->flags, TMIP_CELL_F_DOWN);
	expect_lent(true);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "cell wlan0: the interface is down"), 1);
	assert_int_equal(description().cell_count, 1);
	wlan0()->is.up = true;
	interface_changes(WLAN0, "wlan0");
	assert_int_equal(entry(WLAN0)->flags, 0);
	expect_lent(false);
	assert_int_equal(wlan0()->route_mtu, 1480);
}

static void while_it_is_gone_too(void **state)
{
	(void)state;
	lose();
	assert_int_equal(entry(WLAN0)->flags, TMIP_CELL_F_DOWN);
	assert_int_equal(entry(WLAN0)->ifindex, 0);
	expect_lent(true);
	assert_int_equal(description().cell_count, 1);
	fake_interface_add(WLAN0, "wlan0", "10.10.1.1/24");
	interface_changes(WLAN0, "wlan0");
	assert_true(is_served("wlan0"));
	assert_int_equal(entry(WLAN0)->flags, 0);
	expect_lent(false);
	assert_string_equal(cell_of("wlan0")->why, "");
}

static void a_cell_without_its_address_is_served(void **state)
{
	(void)state;
	wlan0()->is.addr = (struct tmip_addr){0};
	wlan0()->is.prefix_len = 0;
	interface_changes(WLAN0, "wlan0");
	assert_true(is_served("wlan0"));
	assert_true(cell_of("wlan0")->bare);
	assert_int_equal(entry(WLAN0)->flags, 0); /* stations may be in it */
	expect_lent(true);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "the interface has lost its address"), 1);
	assert_int_equal(w->described, 0);
	interface_changes(WLAN0, "wlan0");
	assert_true(cell_of("wlan0")->bare);
	wlan0()->is.addr = ip("10.10.1.1");
	wlan0()->is.prefix_len = 24;
	interface_changes(WLAN0, "wlan0");
	assert_false(cell_of("wlan0")->bare);
	expect_lent(false);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "the interface has its address again"), 1);
}

/* It shows the MAC zero then. */
static void an_empty_bridge_stays_a_cell(void **state)
{
	struct tmip_mac mac = wlan0()->is.mac;

	(void)state;
	strcpy(wlan0()->is.kind, "bridge");
	wlan0()->is.mac = (struct tmip_mac){{0}};
	interface_changes(WLAN0, "wlan0");
	assert_true(is_served("wlan0"));
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "00:00 now: it has no port"), 1);
	wlan0()->is.mac = mac;
	interface_changes(WLAN0, "wlan0");
	assert_true(is_served("wlan0"));
	assert_memory_equal(&entry(WLAN0)->mac, &mac, sizeof(mac));
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, ""), 0);
}

/* ---- another name */

static void a_cell_that_is_renamed_stays_one(void **state)
{
	(void)state;
	strcpy(wlan0()->is.name, "other0");
	interface_changes(WLAN0, "other0");
	assert_true(is_served("wlan0"));
	assert_int_equal(calls_count("datapath_detach 10"), 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "its interface is called other0 now"), 1);
	assert_string_equal(entry(WLAN0)->name, "wlan0");
	assert_int_equal(fake_sysctl_remembered("net/ipv4/conf/wlan0/"), 0);
	assert_int_equal(fake_sysctl_remembered("net/ipv4/conf/other0/"), 1);
	assert_int_equal(fake_sysctl_remembered("cell/wlan0/"), 1);
	fake_sysctl_put("net/ipv4/conf/other0/forwarding", "1"); /* it has come along */
	assert_int_equal(detach("wlan0"), 0);
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/other0/forwarding"), "0");
	assert_false(fake_interface_find("other0")->is.promiscuous);
	assert_int_equal(fake_interface_find("other0")->route_mtu, 0);
	assert_int_equal(fake_sysctl_remembered("link/"), 0);
}

static void who_takes_the_name_is_the_cell(void **state)
{
	(void)state;
	strcpy(wlan0()->is.name, "other0");
	interface_changes(WLAN0, "other0");
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	interface_changes(20, "wlan0");
	assert_true(is_served("wlan0"));
	assert_int_equal(cell_of("wlan0")->interface.ifindex, 20);
	assert_false(fake_datapath_is_attached(WLAN0, DATAPATH_CELL));
	assert_false(fake_interface_find("other0")->is.promiscuous);
}

/* Both changes are seen at once: each interface has its own settings. */
static void who_has_taken_it_already_too(void **state)
{
	(void)state;
	strcpy(wlan0()->is.name, "other0");
	fake_sysctl_put("net/ipv4/conf/other0/forwarding", "1"); /* it has come along */
	fake_sysctl_put("net/ipv4/conf/wlan0/forwarding", "0");
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	interface_changes(20, "wlan0");
	assert_int_equal(cell_of("wlan0")->interface.ifindex, 20);
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/other0/forwarding"), "0");
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/wlan0/forwarding"), "1");
	assert_false(fake_interface_find("other0")->is.promiscuous);
	assert_true(wlan0()->is.promiscuous);
	assert_int_equal(fake_sysctl_remembered("net/ipv4/conf/other0/"), 0);
	assert_int_equal(fake_sysctl_remembered("net/ipv4/conf/wlan0/"), 1);
}

static void unless_it_cannot_be_one(void **state)
{
	(void)state;
	strcpy(wlan0()->is.name, "other0");
	fake_interface_add(20, "wlan0", NULL);
	interface_changes(20, "wlan0");
	assert_true(is_served("wlan0"));
	assert_int_equal(cell_of("wlan0")->interface.ifindex, WLAN0);
	assert_false(cell_of("wlan0")->bare);
	wlan0()->is.addr = ip("10.10.9.1"); /* now it can */
	wlan0()->is.prefix_len = 24;
	interface_changes(20, "wlan0");
	assert_int_equal(cell_of("wlan0")->interface.ifindex, 20);
}

/* ---- another interface: the key of the cell in all tables */

static void stations_move_with_the_cell(void **state)
{
	(void)state;
	put_station(1, 20, 2, 0);      /* away */
	put_station(1, 21, 1, WLAN0);  /* at home */
	put_station(2, 22, 1, WLAN0);  /* a guest */
	lose();
	calls_forget();
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	interface_changes(20, "wlan0");
	assert_true(is_served("wlan0"));
	assert_true(CALLS_IN_ORDER("datapath_put_cell 20", "put 10.10.1.20 in 0 home 20",
				   "datapath_delete_cell 10"));
	assert_true(calls_include("put 10.10.1.21 in 20 home 20"));
	assert_true(calls_include("put 10.10.2.22 in 20 home 0"));
	assert_int_equal(calls_count("gone from"), 0);
	assert_int_equal(calls_count("delete "), 0);
	assert_null(entry(WLAN0));
	assert_int_equal(entry(stand_in()->ifindex)->ifindex, 20);
	assert_int_equal(w->described, 1); /* the subnet has another ifindex */
}

static void a_table_that_refuses_the_new_key_keeps_the_former(void **state)
{
	(void)state;
	put_station(1, 20, 2, 0);
	fake_interface_remove("wlan0");
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	fake_datapath.put_error = -E2BIG;
	interface_changes(20, "wlan0");
	fake_datapath.put_error = 0;
	assert_int_equal(cell_of("wlan0")->interface.ifindex, WLAN0);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "wlan0: the table of cells: "), 1);
	calls_forget();
	interface_changes(20, "wlan0");
	assert_true(is_served("wlan0"));
	assert_true(calls_include("put 10.10.1.20 in 0 home 20"));
	assert_null(entry(WLAN0));
}

/* ---- a start without the interface */

static void restart_without(void)
{
	end_cells(false);
	fake_interface_remove("wlan0");
	create_cells();
	w->described = 0;
	assert_int_equal(cells_start(w->cells, w->why), 0);
}

static void the_next_agent_knows_the_subnet(void **state)
{
	struct cn_info info;

	(void)state;
	restart_without();
	assert_false(is_served("wlan0"));
	assert_int_equal(cell_of("wlan0")->interface.ifindex, WLAN0); /* as in the pinned maps */
	assert_int_equal(entry(WLAN0)->flags, TMIP_CELL_F_DOWN);
	assert_false(fake_datapath_is_attached(WLAN0, DATAPATH_CELL));
	expect_lent(true);
	info = description();
	assert_int_equal(info.cell_count, 1);
	assert_int_equal(info.cells[0].subnet.len, 24);
	assert_int_equal(w->described, 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "there is no such interface"), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "cell wlan0: its interface is awaited"), 1);
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	interface_changes(20, "wlan0");
	assert_true(is_served("wlan0"));
	assert_null(entry(WLAN0));
	expect_lent(false);
}

/* The maps went with the former agent's folder. */
static void without_a_key_the_stand_in_s_will_do(void **state)
{
	(void)state;
	end_cells(false);
	roam_remove_cell(w->roam, WLAN0);
	fake_datapath.cells.count = fake_datapath.attached_count = 0;
	fake_interface_remove("wlan0");
	create_cells();
	assert_int_equal(cells_start(w->cells, w->why), 0);
	assert_int_equal(cell_of("wlan0")->interface.ifindex, stand_in()->ifindex);
	assert_int_equal(entry(stand_in()->ifindex)->flags, TMIP_CELL_F_DOWN);
	put_station(1, 20, 2, 0);
	calls_forget();
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	interface_changes(20, "wlan0");
	assert_true(is_served("wlan0"));
	assert_true(calls_include("put 10.10.1.20 in 0 home 20"));
	assert_int_equal(entry(stand_in()->ifindex)->ifindex, 20);
}

/* The stand-in whose ifindex is the cell's key goes as well. */
static void the_key_follows_a_stand_in_that_has_it(void **state)
{
	unsigned former;

	(void)state;
	end_cells(false);
	roam_remove_cell(w->roam, WLAN0);
	fake_datapath.cells.count = fake_datapath.attached_count = 0;
	fake_interface_remove("wlan0");
	create_cells();
	assert_int_equal(cells_start(w->cells, w->why), 0);
	put_station(1, 20, 2, 0);
	former = stand_in()->ifindex;
	netlink_delete_device(former);
	calls_forget();
	w->described = 0;
	interface_changes(former, "tmiphome0");
	expect_renewed(former);
	assert_int_equal(w->described, 1); /* the subnet has another ifindex */
	assert_int_equal(cell_of("wlan0")->interface.ifindex, stand_in()->ifindex);
	assert_true(calls_include("put 10.10.1.20 in 0 home 501"));
	expect_lent(true);
}

/* Nobody has ever seen the cell: it has no subnet yet. */
static void a_cell_that_never_was_is_awaited(void **state)
{
	(void)state;
	fake_interface_remove("wlan0");
	create_cells();
	assert_int_equal(cells_start(w->cells, w->why), 0);
	assert_true(is_known("wlan0"));
	assert_int_equal(cell_of("wlan0")->interface.ifindex, 0);
	assert_int_equal(fake_devices.count, 0);
	assert_int_equal(description().cell_count, 0);
	fake_interface_add(20, "wlan0", NULL);
	interface_changes(20, "wlan0");
	assert_false(is_served("wlan0")); /* it has no address yet */
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "cell not served"), 1);
	wlan0()->is.addr = ip("10.10.1.1");
	wlan0()->is.prefix_len = 24;
	interface_changes(20, "");
	assert_true(is_served("wlan0"));
	assert_non_null(stand_in());
	assert_int_equal(description().cell_count, 1);
}

/* What a former agent noted has no place beside what is there now. */
static void a_subnet_that_another_cell_has_is_not_recalled(void **state)
{
	(void)state;
	end_cells(false);
	fake_interface_remove("wlan0");
	fake_interface_find("wlan1")->is.addr = ip("10.10.1.2");
	strcpy(w->config.mobile_if[0], "wlan1");
	strcpy(w->config.mobile_if[1], "wlan0");
	w->config.cell_count = 2;
	create_cells();
	assert_int_equal(cells_start(w->cells, w->why), 0);
	assert_true(is_served("wlan1"));
	assert_int_equal(cell_of("wlan0")->interface.ifindex, 0);
	assert_int_equal(description().cell_count, 1);
}

/* While no agent ran: the entries of its stations have the former key, and no record may come. */
static void an_interface_made_anew_before_the_start_has_its_stations(void **state)
{
	struct tmip_station away = {.mac = {{2, 0, 0, 0, 1, 20}}, .state = TMIP_STATION_AWAY,
				    .home_ifindex = WLAN0, .parent = net_tunnel(1),
				    .current = net_tunnel(2)};
	struct tmip_addr addr = ip("10.10.1.20");

	(void)state;
	end_cells(false);
	roam_remove_cell(w->roam, WLAN0);
	roam_adopt(w->roam, &addr, &away);
	fake_interface_remove("wlan0");
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	create_cells();
	assert_int_equal(cells_start(w->cells, w->why), 0);
	assert_true(is_served("wlan0"));
	assert_true(calls_include("put 10.10.1.20 in 0 home 20"));
	assert_null(entry(WLAN0));
}

/* ---- announcements */

static void the_cell_hears_of_a_new_mac(void **state)
{
	(void)state;
	put_station(1, 20, 2, 0);
	put_station(1, 21, 1, WLAN0);
	put_station(2, 22, 1, WLAN0);
	put_station(2, 23, 2, 0);
	calls_forget();
	fake_frames_forget();
	wlan0()->is.mac.octet[5] = 0x77;
	interface_changes(WLAN0, "wlan0");
	assert_int_equal(fake_frames.count, 1); /* the gateway */
	assert_int_equal(fake_frames_last(FRAME_ANNOUNCED)->mac.octet[5], 0x77);
	assert_true(calls_include("announce 10.10.1.20 in 10"));
	assert_true(calls_include("greet 10.10.2.22"));
	assert_int_equal(calls_count("announce "), 1);
	assert_int_equal(calls_count("greet "), 1);
}

static void and_of_a_return(void **state)
{
	(void)state;
	put_station(1, 20, 2, 0);
	wlan0()->is.up = false;
	interface_changes(WLAN0, "wlan0");
	calls_forget();
	wlan0()->is.up = true;
	interface_changes(WLAN0, "wlan0");
	assert_int_equal(calls_count("announce 10.10.1.20 in 10"), 1);
	lose();
	calls_forget();
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	interface_changes(20, "wlan0");
	assert_int_equal(calls_count("announce 10.10.1.20 in 20"), 1);
	calls_forget();
	interface_changes(20, "wlan0");
	assert_int_equal(calls_count("announce "), 0);
}

/* ---- a cell that leaves */

static void detach_while_needed(struct roam_users *users)
{
	put_station(1, 20, 2, 0);
	put_station(2, 22, 1, WLAN0);
	assert_int_equal(cells_detach(w->cells, "wlan0", false, users, w->why), 0);
}

static void a_cell_that_is_needed_leaves_later(void **state)
{
	struct roam_users users;
	struct cn_info info;

	(void)state;
	strcpy(w->config.pools[0].interface, "wlan0");
	w->config.pool_count = 1;
	cells_reconfigure(w->cells, &w->config, w->cut);
	assert_false(addr_is_zero(&description().cells[0].pool_first));
	w->described = 0;
	detach_while_needed(&users);
	assert_int_equal(users.away, 1);
	assert_int_equal(users.guests, 1);
	assert_true(is_served("wlan0"));
	assert_true(cell_of("wlan0")->leaving);
	assert_int_equal(w->described, 1);
	info = description();
	assert_int_equal(info.cell_count, 1);
	assert_true(addr_is_zero(&info.cells[0].pool_first));
	assert_true(addr_is_zero(&info.cells[0].pool_last));
	time_passes(1000);
	put_station(1, 20, 1, WLAN0); /* back, and so at home in a cell that is going */
	time_passes(1000);
	assert_true(is_served("wlan0"));
	put_station(2, 22, 2, 0);
	assert_true(is_served("wlan0"));
	time_passes(1000);
	assert_false(is_known("wlan0"));
	assert_int_equal(w->left, 1);
	assert_int_equal(fake_devices.count, 0);
	assert_int_equal(fake_sysctl_remembered("cell/"), 0);
	time_passes(5000);
	assert_int_equal(w->left, 1);
}

static void attach_keeps_it(void **state)
{
	struct roam_users users;

	(void)state;
	detach_while_needed(&users);
	w->described = 0;
	assert_int_equal(cells_attach(w->cells, "wlan0", true, w->why), 0);
	assert_false(cell_of("wlan0")->leaving);
	assert_int_equal(w->described, 1); /* the network hears of its pool again */
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "cell wlan0: it stays"), 1);
	put_station(1, 20, 1, WLAN0);
	put_station(2, 22, 2, 0);
	time_passes(3000);
	assert_true(is_served("wlan0"));
	assert_int_equal(w->left, 0);
}

static void now_is_at_once(void **state)
{
	struct roam_users users;

	(void)state;
	detach_while_needed(&users);
	assert_int_equal(cells_detach(w->cells, "wlan0", true, &users, w->why), 0);
	assert_int_equal(users.away, 1);
	assert_int_equal(users.guests, 1);
	assert_false(is_known("wlan0"));
	time_passes(3000);
	assert_int_equal(w->left, 0); /* the command ends the agent itself */
}

/* It has no ifindex, like the stations of other cells that are elsewhere. */
static void nobody_needs_a_cell_that_never_was(void **state)
{
	(void)state;
	strcpy(w->config.mobile_if[1], "later0");
	w->config.cell_count = 2;
	cells_reconfigure(w->cells, &w->config, w->cut);
	assert_true(is_known("later0"));
	put_station(1, 20, 2, 0);
	assert_int_equal(detach("later0"), 0);
	assert_false(is_known("later0"));
}

static void a_lost_cell_leaves_as_well(void **state)
{
	struct roam_users users;

	(void)state;
	lose();
	put_station(1, 20, 2, 0);
	assert_int_equal(cells_detach(w->cells, "wlan0", false, &users, w->why), 0);
	assert_int_equal(users.away, 1);
	expect_lent(true);
	put_station(1, 20, 1, 0);
	time_passes(1000);
	assert_false(is_known("wlan0"));
	assert_int_equal(fake_datapath.cells.count, 0);
}

int main(void)
{
#define LOST_CASE(name) cmocka_unit_test_setup_teardown(name, start, world_teardown)
	const struct CMUnitTest tests[] = {
		LOST_CASE(a_cell_has_a_stand_in_from_the_start),
		LOST_CASE(it_goes_with_the_cell),
		LOST_CASE(the_next_agent_goes_on_with_it),
		LOST_CASE(that_of_a_former_cell_is_deleted),
		LOST_CASE(its_mtu_follows_that_of_the_tunnels),
		LOST_CASE(its_route_follows_the_subnet),
		LOST_CASE(that_of_a_subnet_of_before_is_forgotten),
		LOST_CASE(that_of_a_cell_that_is_still_down_stays_as_it_is),
		LOST_CASE(one_that_somebody_deleted_is_made_anew),
		LOST_CASE(one_that_somebody_switched_off_too),
		LOST_CASE(the_key_follows_a_stand_in_that_has_it),
		LOST_CASE(without_one_the_cell_is_served_all_the_same),
		LOST_CASE(without_its_program_there_is_no_stand_in),
		LOST_CASE(while_the_interface_is_down_the_stand_in_has_the_gateway),
		LOST_CASE(while_it_is_gone_too),
		LOST_CASE(a_cell_without_its_address_is_served),
		LOST_CASE(an_empty_bridge_stays_a_cell),
		LOST_CASE(a_cell_that_is_renamed_stays_one),
		LOST_CASE(who_takes_the_name_is_the_cell),
		LOST_CASE(who_has_taken_it_already_too),
		LOST_CASE(unless_it_cannot_be_one),
		LOST_CASE(stations_move_with_the_cell),
		LOST_CASE(a_table_that_refuses_the_new_key_keeps_the_former),
		LOST_CASE(the_next_agent_knows_the_subnet),
		LOST_CASE(without_a_key_the_stand_in_s_will_do),
		CASE(a_cell_that_never_was_is_awaited),
		LOST_CASE(a_subnet_that_another_cell_has_is_not_recalled),
		LOST_CASE(an_interface_made_anew_before_the_start_has_its_stations),
		LOST_CASE(the_cell_hears_of_a_new_mac),
		LOST_CASE(and_of_a_return),
		LOST_CASE(a_cell_that_is_needed_leaves_later),
		LOST_CASE(attach_keeps_it),
		LOST_CASE(now_is_at_once),
		LOST_CASE(nobody_needs_a_cell_that_never_was),
		LOST_CASE(a_lost_cell_leaves_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
