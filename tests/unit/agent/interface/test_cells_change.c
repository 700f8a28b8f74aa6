/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces and the configuration change under cells that are in service. */
#include "interface_world.h"

static struct fake_interface *wlan0(void)
{
	return fake_interface_find("wlan0");
}

static int start(void **state)
{
	int error = world_setup(state);

	start_cells();
	return error;
}

/* ---- an interface vanishes and comes back */

static void a_cell_without_its_interface_is_not_served(void **state)
{
	(void)state;
	fake_interface_remove("wlan0");
	interface_changes(WLAN0, "wlan0");
	assert_false(is_served("wlan0"));
	assert_true(is_known("wlan0"));
	assert_int_equal(fake_datapath_cell(WLAN0)->flags, TMIP_CELL_F_DOWN);
	assert_int_equal(fake_datapath_cell(WLAN0)->ifindex, 0);
	assert_false(fake_datapath_is_attached(WLAN0, DATAPATH_CELL));
	assert_int_equal(fake_frames.open, 0);
	assert_string_equal(cell_of("wlan0")->why,
			    "wlan0 cannot be a cell: there is no such interface");
	assert_int_equal(w->described, 0);
	assert_int_equal(w->changed, 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "cell not served for the time being: wlan0 "
							"cannot be a cell: there is no such"), 1);
}

static void the_log_says_so_once(void **state)
{
	(void)state;
	fake_interface_remove("wlan0");
	for (int i = 0; i < 3; i++)
		interface_changes(0, "");
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "cell not served"), 1);
	assert_int_equal(w->described, 0);
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	interface_changes(20, "wlan0");
	fake_interface_remove("wlan0");
	interface_changes(20, "wlan0");
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "cell not served"), 2);
}

static void a_cell_whose_interface_is_back_is_served_again(void **state)
{
	(void)state;
	fake_interface_remove("wlan0");
	interface_changes(WLAN0, "wlan0");
	w->described = 0;
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	interface_changes(20, "wlan0");
	assert_true(is_served("wlan0"));
	assert_int_equal(cell_of("wlan0")->interface.ifindex, 20);
	assert_int_equal(w->served, 1);
	assert_int_equal(w->described, 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "cell wlan0: served"), 1);
}

/* Both changes within a tenth of a second: only the new interface is ever seen. */
static void an_interface_that_was_made_anew_is_served(void **state)
{
	struct tmip_mac same = wlan0()->is.mac;

	(void)state;
	fake_interface_remove("wlan0");
	fake_interface_add(20, "wlan0", "10.10.1.1/24")->is.mac = same;
	interface_changes(WLAN0, "wlan0");
	assert_true(is_served("wlan0"));
	assert_int_equal(cell_of("wlan0")->interface.ifindex, 20);
	assert_null(fake_datapath_cell(WLAN0));
	assert_false(fake_datapath_is_attached(WLAN0, DATAPATH_CELL));
	assert_int_equal(fake_frames.open, 1);
}

static void a_new_address_is_served(void **state)
{
	struct tmip_addr gateway = ip("10.10.7.1");

	(void)state;
	wlan0()->is.addr = gateway;
	interface_changes(WLAN0, "wlan0");
	assert_true(is_served("wlan0"));
	assert_true(addr_equal(&fake_datapath_cell(WLAN0)->gateway, &gateway));
	assert_true(addr_equal(&cell_of("wlan0")->info.gateway, &gateway));
	assert_int_equal(w->described, 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "served with its new address"), 1);
	assert_int_equal(calls_count("datapath_detach 10"), 0); /* the programs stay */
	assert_int_equal(calls_count("frame_open"), 0);
}

static void a_new_mac_and_a_new_prefix_length_are_served(void **state)
{
	(void)state;
	wlan0()->is.mac.octet[5] = 0x77;
	interface_changes(WLAN0, "wlan0");
	assert_int_equal(fake_datapath_cell(WLAN0)->mac.octet[5], 0x77);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "its MAC is 02:00:00:00:00:77 now"), 1);
	wlan0()->is.prefix_len = 25;
	interface_changes(WLAN0, "wlan0");
	assert_int_equal(fake_datapath_cell(WLAN0)->prefix_len, 25);
	assert_int_equal(cell_of("wlan0")->info.subnet.len, 25);
	assert_int_equal(calls_count("datapath_detach 10"), 0);
}

static void an_address_within_the_subnet_of_another_cell_ends_the_service(void **state)
{
	(void)state;
	assert_int_equal(cells_attach(w->cells, "wlan1", true, w->why), 0);
	fake_interface_find("wlan1")->is.addr = ip("10.10.1.77");
	interface_changes(WLAN1, "wlan1");
	assert_false(is_served("wlan1"));
	assert_true(is_served("wlan0"));
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "its subnet overlaps that of wlan0"), 1);
}

static void a_cell_that_becomes_a_port_is_not_served(void **state)
{
	(void)state;
	wlan0()->is.port_of = WLAN1;
	interface_changes(WLAN0, "wlan0");
	assert_false(is_served("wlan0"));
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "it is a port of wlan1"), 1);
}

static void what_the_kernel_refuses_is_tried_again_with_the_next_change(void **state)
{
	(void)state;
	fake_interface_remove("wlan0");
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	fake_datapath.attach_error = -EINVAL;
	interface_changes(20, "wlan0");
	assert_false(is_served("wlan0"));
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "the kernel refuses the program"), 1);
	assert_null(fake_datapath_cell(WLAN0)); /* the tables have it under 20 already */
	fake_datapath.attach_error = 0;
	interface_changes(20, "wlan0");
	assert_true(is_served("wlan0"));
	assert_null(fake_datapath_cell(WLAN0));
}

static void a_cell_that_is_not_served_can_be_detached_and_attached(void **state)
{
	(void)state;
	fake_interface_remove("wlan0");
	interface_changes(WLAN0, "wlan0");
	assert_int_equal(cells_attach(w->cells, "wlan0", true, w->why), -EAGAIN);
	assert_true(is_known("wlan0"));
	fake_interface_add(20, "wlan0", "10.10.1.1/24");
	assert_int_equal(cells_attach(w->cells, "wlan0", true, w->why), 0);
	assert_true(is_served("wlan0"));
	assert_int_equal(cells_table(w->cells)->count, 1);
	fake_interface_remove("wlan0");
	interface_changes(20, "wlan0");
	assert_int_equal(detach("wlan0"), 0);
	assert_false(is_known("wlan0"));
}

/* ---- which changes concern the agent, and when it looks */

static void changes_of_one_moment_are_one_look(void **state)
{
	unsigned before = fake_netlink.gets;

	(void)state;
	for (int i = 0; i < 5; i++)
		fake_netlink_changes(WLAN0, "wlan0");
	time_passes(50);
	fake_netlink_changes(WLAN0, "wlan0");
	time_passes(49);
	assert_int_equal(fake_netlink.gets, before);
	time_passes(1);
	assert_int_equal(fake_netlink.gets, before + 2); /* the backbone and the cell */
	time_passes(1000);
	assert_int_equal(fake_netlink.gets, before + 2);
	assert_int_equal(w->changed, 1);
}

/* A question waits for a lock of the whole machine, where thousands of containers come and go. */
static void other_interfaces_do_not_matter(void **state)
{
	unsigned before = fake_netlink.gets;

	(void)state;
	interface_changes(99, "veth99");
	interface_changes(99, "");
	assert_int_equal(fake_netlink.gets, before);
}

static bool is_looked_at(unsigned ifindex, const char *name)
{
	unsigned before = fake_netlink.gets;

	interface_changes(ifindex, name);
	return fake_netlink.gets > before;
}

static void cells_and_the_backbone_do(void **state)
{
	(void)state;
	assert_true(is_looked_at(WLAN0, ""));
	assert_true(is_looked_at(ETH0, ""));
	assert_true(is_looked_at(88, "eth0")); /* perhaps it was made anew */
	assert_true(is_looked_at(0, ""));      /* changes were lost */
}

static void a_cell_that_is_not_served_may_be_any_new_interface(void **state)
{
	(void)state;
	fake_interface_remove("wlan0");
	interface_changes(WLAN0, "wlan0");
	assert_true(is_looked_at(99, "")); /* the news do not say */
	assert_true(is_looked_at(99, "wlan0"));
	assert_false(is_looked_at(99, "veth99"));
}

/* ---- what is not another cell */

static void nothing_new_changes_nothing(void **state)
{
	(void)state;
	interface_changes(WLAN0, "wlan0");
	assert_true(is_served("wlan0"));
	assert_int_equal(calls_count("datapath_"), 1); /* XDP is kept away from the backbone */
	assert_int_equal(calls_count("frame_"), 0);
	assert_int_equal(w->described, 0);
	assert_int_equal(w->changed, 1);
}

/* The kernel makes the connected route anew when the interface was down. */
static void the_route_gets_its_mtu_again(void **state)
{
	(void)state;
	wlan0()->route_mtu = 0;
	interface_changes(WLAN0, "wlan0");
	assert_int_equal(wlan0()->route_mtu, 1480);
}

static void the_route_follows_the_mtu_of_the_backbone(void **state)
{
	(void)state;
	fake_interface_find("eth0")->is.mtu = 1400;
	interface_changes(ETH0, "eth0");
	assert_int_equal(w->backbone_changed, 1);
	assert_int_equal(wlan0()->route_mtu, 1380);
}

static void the_route_of_a_cell_that_was_down_at_first_is_put_back(void **state)
{
	(void)state;
	fake_interface_find("wlan1")->is.up = false;
	assert_int_equal(cells_attach(w->cells, "wlan1", true, w->why), 0);
	fake_interface_find("wlan1")->is.up = true;
	interface_changes(WLAN1, "wlan1");
	assert_int_equal(fake_interface_find("wlan1")->route_mtu, 1480);
	assert_int_equal(detach("wlan1"), 0);
	assert_int_equal(fake_interface_find("wlan1")->route_mtu, 0);
}

static void a_backbone_that_is_away_is_waited_for(void **state)
{
	(void)state;
	fake_interface_remove("eth0");
	interface_changes(ETH0, "eth0");
	assert_int_equal(w->backbone.ifindex, ETH0);
	fake_interface_add(33, "eth0", "192.168.0.1/24");
	interface_changes(33, "eth0");
	assert_int_equal(w->backbone.ifindex, 33);
	assert_true(fake_datapath_is_attached(33, DATAPATH_BACKBONE));
	assert_true(is_served("wlan0"));
}

/* ---- a new configuration */

static void reconfigure(void (*edit)(struct agent_config *config))
{
	struct agent_config former = w->config;

	edit(&w->config);
	w->described = 0;
	cells_reconfigure(w->cells, &former, w->cut);
}

static void name_wlan1_instead(struct agent_config *config)
{
	strcpy(config->mobile_if[0], "wlan1");
}

static void cells_of_the_file_come_and_go(void **state)
{
	(void)state;
	reconfigure(name_wlan1_instead);
	assert_false(is_known("wlan0"));
	assert_true(is_served("wlan1"));
	assert_false(cell_of("wlan1")->by_command);
	assert_true(w->described > 0);
}

static void name_none(struct agent_config *config)
{
	config->cell_count = 0;
}

static void cells_of_a_command_stay(void **state)
{
	(void)state;
	assert_int_equal(cells_attach(w->cells, "wlan1", true, w->why), 0);
	reconfigure(name_none);
	assert_false(is_known("wlan0"));
	assert_true(is_served("wlan1"));
}

static void name_wlan1_as_well(struct agent_config *config)
{
	strcpy(config->mobile_if[1], "wlan1");
	config->cell_count = 2;
}

static void cells_of_a_command_stay_also_if_the_file_named_them(void **state)
{
	(void)state;
	assert_int_equal(cells_attach(w->cells, "wlan1", true, w->why), 0);
	reconfigure(name_wlan1_as_well);
	reconfigure(name_none);
	assert_false(is_known("wlan0"));
	assert_true(is_served("wlan1"));
}

static void name_an_unusable_one(struct agent_config *config)
{
	strcpy(config->mobile_if[1], "eth0");
	strcpy(config->mobile_if[2], "wlan1");
	config->cell_count = 3;
}

static void a_cell_that_cannot_be_served_keeps_no_other_from_it(void **state)
{
	(void)state;
	reconfigure(name_an_unusable_one);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "eth0 cannot be a cell"), 1);
	assert_true(is_served("wlan0"));
	assert_true(is_served("wlan1"));
}

static void give_a_pool(struct agent_config *config)
{
	config->pool_count = 1;
	strcpy(config->pools[0].interface, "wlan0");
	config->pools[0].first = ip("10.10.1.100");
	config->pools[0].last = ip("10.10.1.110");
	config->dns_count = 1;
	config->dns[0] = ip("10.0.5.7");
}

static void a_new_pool_and_new_name_servers_are_told(void **state)
{
	struct cn_info info = {0};

	(void)state;
	reconfigure(give_a_pool);
	cell_table_describe(cells_table(w->cells), &info);
	assert_int_equal(info.cell_count, 1);
	assert_true(addr_equal(&info.cells[0].pool_first, &w->config.pools[0].first));
	assert_int_equal(info.cells[0].dns_count, 1);
	assert_true(w->described > 0);
	assert_int_equal(calls_count("datapath_attach"), 0); /* the service goes on */
}

/* ---- gratuitous ARP */

static void an_address_is_announced_in_its_cell(void **state)
{
	struct tmip_mac its = {{2, 0, 0, 0, 0, 9}}, none = {{0}};
	struct tmip_addr addr = ip("10.10.1.9");
	const struct fake_frame *frame;

	(void)state;
	cells_announce(w->cells, WLAN0, &addr, &its);
	frame = fake_frames_last(FRAME_ANNOUNCED);
	assert_non_null(frame);
	assert_true(mac_equal(&frame->mac, &its));
	assert_true(mac_equal(&frame->from_mac, &wlan0()->is.mac));
	cells_announce(w->cells, WLAN0, &addr, &none); /* this CN answers for it */
	frame = fake_frames_last(FRAME_ANNOUNCED);
	assert_true(mac_equal(&frame->mac, &wlan0()->is.mac));
	assert_true(addr_equal(&frame->addr, &addr));
}

static void what_cannot_be_announced_is_not(void **state)
{
	struct tmip_mac its = {{2, 0, 0, 0, 0, 9}};
	struct tmip_addr addr = ip("10.10.1.9");

	(void)state;
	cells_announce(w->cells, 99, &addr, &its);
	assert_int_equal(fake_frames.count, 0);
	assert_string_equal(fake_log_text(), "");
	fake_frames.send_error = -ENETDOWN;
	cells_announce(w->cells, WLAN0, &addr, &its);
	assert_int_equal(fake_log_count(LOG_LEVEL_DEBUG, "wlan0: gratuitous ARP not sent"), 1);
}

static void who_uses_an_address_is_told_alone(void **state)
{
	struct tmip_mac thief = {{2, 0, 0, 0, 0, 8}}, its = {{2, 0, 0, 0, 0, 9}}, none = {{0}};
	struct tmip_addr addr = ip("10.10.1.9");
	const struct fake_frame *frame;

	(void)state;
	cells_defend(w->cells, WLAN0, &addr, &thief, &its);
	frame = fake_frames_last(FRAME_DEFENDED);
	assert_non_null(frame);
	assert_true(mac_equal(&frame->to, &thief));
	assert_true(mac_equal(&frame->mac, &its));
	assert_true(mac_equal(&frame->from_mac, &wlan0()->is.mac));
	cells_defend(w->cells, WLAN0, &addr, &thief, &none); /* its station is in another cell */
	frame = fake_frames_last(FRAME_DEFENDED);
	assert_true(mac_equal(&frame->mac, &wlan0()->is.mac));
	cells_defend(w->cells, 99, &addr, &thief, &none);
	assert_int_equal(fake_frames.count, 2);
}

int main(void)
{
#define CHANGE_CASE(name) cmocka_unit_test_setup_teardown(name, start, world_teardown)
	const struct CMUnitTest tests[] = {
		CHANGE_CASE(a_cell_without_its_interface_is_not_served),
		CHANGE_CASE(the_log_says_so_once),
		CHANGE_CASE(a_cell_whose_interface_is_back_is_served_again),
		CHANGE_CASE(an_interface_that_was_made_anew_is_served),
		CHANGE_CASE(a_new_address_is_served),
		CHANGE_CASE(a_new_mac_and_a_new_prefix_length_are_served),
		CHANGE_CASE(an_address_within_the_subnet_of_another_cell_ends_the_service),
		CHANGE_CASE(a_cell_that_becomes_a_port_is_not_served),
		CHANGE_CASE(what_the_kernel_refuses_is_tried_again_with_the_next_change),
		CHANGE_CASE(a_cell_that_is_not_served_can_be_detached_and_attached),
		CHANGE_CASE(changes_of_one_moment_are_one_look),
		CHANGE_CASE(other_interfaces_do_not_matter),
		CHANGE_CASE(cells_and_the_backbone_do),
		CHANGE_CASE(a_cell_that_is_not_served_may_be_any_new_interface),
		CHANGE_CASE(nothing_new_changes_nothing),
		CHANGE_CASE(the_route_gets_its_mtu_again),
		CHANGE_CASE(the_route_follows_the_mtu_of_the_backbone),
		CHANGE_CASE(the_route_of_a_cell_that_was_down_at_first_is_put_back),
		CHANGE_CASE(a_backbone_that_is_away_is_waited_for),
		CHANGE_CASE(cells_of_the_file_come_and_go),
		CHANGE_CASE(cells_of_a_command_stay),
		CHANGE_CASE(cells_of_a_command_stay_also_if_the_file_named_them),
		CHANGE_CASE(a_cell_that_cannot_be_served_keeps_no_other_from_it),
		CHANGE_CASE(a_new_pool_and_new_name_servers_are_told),
		CHANGE_CASE(an_address_is_announced_in_its_cell),
		CHANGE_CASE(what_cannot_be_announced_is_not),
		CHANGE_CASE(who_uses_an_address_is_told_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
