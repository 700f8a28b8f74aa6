/* SPDX-License-Identifier: BSD-2-Clause */
/* The backbone: where it is, which programs it has, and what changes of the interface do. */
#include "interface_world.h"

static struct backbone *backbone;

static int setup(void **state)
{
	int error = world_setup(state);

	backbone = &w->backbone;
	w->config.xdp = AGENT_XDP_AUTO;
	return error;
}

static struct fake_interface *eth0(void)
{
	return fake_interface_find("eth0");
}

static void on_changed(void *arg)
{
	(void)arg;
	w->backbone_changed++;
}

static unsigned moves;

static void on_moved(void *arg)
{
	(void)arg;
	moves++;
}

static int attach(void)
{
	static const struct backbone_calls calls = {.changed = on_changed, .moved = on_moved};

	moves = 0;

	return backbone_attach(backbone, &fake_datapath, &calls, w->why);
}

static void update(void)
{
	backbone_update(backbone, &eth0()->is);
}

/* ---- find */

static void the_interface_and_its_address_are_found(void **state)
{
	struct tmip_addr addr = ip("192.168.0.1");

	(void)state;
	eth0()->is.mtu = 9000;
	assert_int_equal(backbone_find(backbone, &w->config), 0);
	assert_int_equal(backbone->ifindex, ETH0);
	assert_int_equal(backbone->mtu, 9000);
	assert_false(backbone->headless);
	assert_true(addr_equal(&backbone->tunnel, &addr));
}

static void a_directive_names_another_address(void **state)
{
	(void)state;
	w->config.tunnel_addr = ip("192.168.0.77");
	eth0()->is.addr = (struct tmip_addr){0};
	assert_int_equal(backbone_find(backbone, &w->config), 0);
	assert_true(addr_equal(&backbone->tunnel, &w->config.tunnel_addr));
}

static void an_interface_without_ethernet_is_headless(void **state)
{
	(void)state;
	eth0()->is.ethernet = false;
	assert_int_equal(backbone_find(backbone, &w->config), 0);
	assert_true(backbone->headless);
}

static void no_interface_is_an_error(void **state)
{
	(void)state;
	fake_interface_remove("eth0");
	assert_int_equal(backbone_find(backbone, &w->config), -ENODEV);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "backbone eth0: No such device"), 1);
}

static void no_address_is_an_error(void **state)
{
	(void)state;
	eth0()->is.addr = (struct tmip_addr){0};
	assert_int_equal(backbone_find(backbone, &w->config), -EADDRNOTAVAIL);
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "backbone eth0 has no IPv4 address"), 1);
}

/* ---- XDP or not */

static void expect_xdp(void)
{
	assert_int_equal(attach(), 0);
	assert_int_equal(fake_datapath.xdp, ETH0);
	assert_int_equal(backbone->xdp, ETH0);
	assert_string_equal(backbone->xdp_why, "");
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "backbone eth0: native XDP"), 1);
	assert_true(fake_datapath_is_attached(ETH0, DATAPATH_BACKBONE)); /* tc, too */
}

static void expect_no_xdp(const char *why)
{
	assert_int_equal(attach(), 0);
	assert_int_equal(fake_datapath.xdp, 0);
	assert_int_equal(backbone->xdp, 0);
	assert_non_null(strstr(backbone->xdp_why, why));
	assert_true(fake_datapath_is_attached(ETH0, DATAPATH_BACKBONE));
}

static void hardware_has_xdp(void **state)
{
	(void)state;
	expect_xdp();
}

static void xdp_can_be_off(void **state)
{
	(void)state;
	w->config.xdp = AGENT_XDP_OFF;
	expect_no_xdp("directive xdp");
	assert_int_equal(calls_count("datapath_attach_xdp"), 0);
}

static void without_hardware_xdp_does_no_good(void **state)
{
	(void)state;
	strcpy(eth0()->is.kind, "veth");
	expect_no_xdp("no hardware (veth)");
}

static void xdp_can_be_asked_for_without_hardware(void **state)
{
	(void)state;
	strcpy(eth0()->is.kind, "veth");
	w->config.xdp = AGENT_XDP_ON;
	expect_xdp();
}

static void xdp_needs_ethernet(void **state)
{
	(void)state;
	w->config.xdp = AGENT_XDP_ON;
	eth0()->is.ethernet = false;
	expect_no_xdp("no Ethernet headers");
}

static void hidden_tags_of_vlans_rule_xdp_out(void **state)
{
	(void)state;
	eth0()->has_vlan = true;
	fake_ethtool_strips_tags = true;
	expect_no_xdp("XDP does not see their tags");
}

static void tags_that_xdp_sees_do_no_harm(void **state)
{
	(void)state;
	eth0()->has_vlan = true;
	expect_xdp();
}

/* A virtual interface shows no tags, whatever its driver says. */
static void a_vlan_without_hardware_rules_xdp_out(void **state)
{
	(void)state;
	eth0()->has_vlan = true;
	strcpy(eth0()->is.kind, "veth");
	w->config.xdp = AGENT_XDP_ON;
	expect_no_xdp("XDP does not see their tags");
}

static void a_driver_without_xdp_is_no_error(void **state)
{
	(void)state;
	fake_datapath.xdp_error = -EOPNOTSUPP;
	expect_no_xdp("the driver has no XDP");
	assert_int_equal(fake_log_count(LOG_LEVEL_DEBUG, "backbone eth0: no XDP: the driver"), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "XDP"), 0);
}

/* Whoever asked for it wants to know; once. */
static void a_driver_without_xdp_that_was_asked_for_is_warned_of_once(void **state)
{
	(void)state;
	w->config.xdp = AGENT_XDP_ON;
	fake_datapath.xdp_error = -EOPNOTSUPP;
	expect_no_xdp("the driver has no XDP");
	update();
	update();
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "no XDP, tc does all: the driver"), 1);
}

static void what_a_former_agent_left_is_taken_away(void **state)
{
	(void)state;
	fake_datapath.xdp = ETH0;
	w->config.xdp = AGENT_XDP_OFF;
	expect_no_xdp("directive xdp");
	assert_true(calls_include("datapath_detach_xdp 2"));
}

static void a_kernel_that_refuses_the_program_is_an_error(void **state)
{
	(void)state;
	fake_datapath.attach_error = -EINVAL;
	assert_int_equal(attach(), -EINVAL);
	assert_string_equal(w->why, "the kernel refuses the program");
	assert_int_equal(calls_count("datapath_attach_xdp"), 0);
}

/* ---- changes */

static void nothing_new_changes_nothing(void **state)
{
	(void)state;
	expect_xdp();
	calls_forget();
	update();
	assert_string_equal(calls_made(), "");
	assert_int_equal(w->backbone_changed, 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "XDP"), 1);
}

static void a_vlan_takes_xdp_away_and_gives_it_back(void **state)
{
	(void)state;
	fake_ethtool_strips_tags = true;
	expect_xdp();
	eth0()->has_vlan = true;
	update();
	assert_int_equal(fake_datapath.xdp, 0);
	assert_int_equal(backbone->xdp, 0);
	eth0()->has_vlan = false;
	update();
	assert_int_equal(fake_datapath.xdp, ETH0);
	assert_int_equal(backbone->xdp, ETH0);
	assert_string_equal(backbone->xdp_why, "");
}

static void a_new_configuration_takes_xdp_away(void **state)
{
	(void)state;
	expect_xdp();
	w->config.xdp = AGENT_XDP_OFF;
	update();
	assert_int_equal(fake_datapath.xdp, 0);
	assert_string_equal(backbone->xdp_why, "directive xdp");
}

static void a_new_mtu_is_told(void **state)
{
	(void)state;
	expect_xdp();
	eth0()->is.mtu = 1400;
	update();
	assert_int_equal(backbone->mtu, 1400);
	assert_int_equal(w->backbone_changed, 1);
}

/* It was removed and made anew: programs and XDP move to the new one. */
static void a_new_interface_gets_the_programs(void **state)
{
	(void)state;
	expect_xdp();
	calls_forget();
	fake_interface_remove("eth0");
	fake_interface_add(33, "eth0", "192.168.0.1/24")->is.ethernet = true;
	update();
	assert_int_equal(backbone->ifindex, 33);
	assert_false(fake_datapath_is_attached(ETH0, DATAPATH_BACKBONE));
	assert_true(fake_datapath_is_attached(33, DATAPATH_BACKBONE));
	assert_int_equal(fake_datapath.xdp, 33);
	assert_int_equal(backbone->xdp, 33);
	assert_int_equal(w->backbone_changed, 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "it is a new interface now"), 1);
	assert_true(CALLS_IN_ORDER("datapath_detach 2", "datapath_attach 33 backbone",
				   "datapath_attach_xdp 33"));
}

static void a_new_interface_may_be_headless(void **state)
{
	(void)state;
	expect_xdp();
	fake_interface_remove("eth0");
	fake_interface_add(33, "eth0", "192.168.0.1/24")->is.ethernet = false;
	update();
	assert_true(backbone->headless);
	assert_int_equal(backbone->xdp, 0);
}

static void a_new_interface_without_programs_is_an_error_in_the_log(void **state)
{
	(void)state;
	expect_xdp();
	fake_interface_remove("eth0");
	fake_interface_add(33, "eth0", "192.168.0.1/24");
	fake_datapath.attach_error = -EINVAL;
	update();
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "the kernel refuses the program"), 1);
}

/* ---- the address */

static void expect_tunnel(const char *text, unsigned times)
{
	struct tmip_addr addr = ip(text);

	update();
	assert_true(addr_equal(&backbone->tunnel, &addr));
	assert_int_equal(moves, times);
}

static void tunnels_follow_the_address(void **state)
{
	(void)state;
	expect_xdp();
	eth0()->is.addr = ip("192.168.0.50");
	expect_tunnel("192.168.0.50", 1);
	expect_tunnel("192.168.0.50", 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "end at 192.168.0.50 from now on"), 1);
	assert_string_equal(backbone->fault, "");
}

static void an_address_that_is_still_there_stays(void **state)
{
	(void)state;
	expect_xdp();
	eth0()->is.addr = ip("192.168.0.50"); /* it has become the first one */
	fake_netlink.more = ip("192.168.0.1");
	expect_tunnel("192.168.0.1", 0);
	fake_netlink.more = (struct tmip_addr){0};
	expect_tunnel("192.168.0.50", 1);
}

static void without_an_address_that_is_said_once(void **state)
{
	(void)state;
	expect_xdp();
	eth0()->is.addr = (struct tmip_addr){0};
	expect_tunnel("192.168.0.1", 0);
	expect_tunnel("192.168.0.1", 0);
	assert_string_equal(backbone->fault,
			    "it has no IPv4 address now; tunnels ended at 192.168.0.1");
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "has no IPv4 address now"), 1);
	eth0()->is.addr = ip("192.168.0.1");
	expect_tunnel("192.168.0.1", 0);
	assert_string_equal(backbone->fault, "");
	eth0()->is.addr = (struct tmip_addr){0};
	update();
	eth0()->is.addr = ip("192.168.0.9");
	expect_tunnel("192.168.0.9", 1);
}

static void a_directive_holds_whatever_the_interface_has(void **state)
{
	(void)state;
	w->config.tunnel_addr = fake_netlink.more = ip("192.168.9.9");
	assert_int_equal(backbone_find(backbone, &w->config), 0);
	expect_xdp();
	eth0()->is.addr = ip("192.168.0.50");
	expect_tunnel("192.168.9.9", 0);
	assert_string_equal(backbone->fault, "");
	fake_netlink.more = (struct tmip_addr){0};
	expect_tunnel("192.168.9.9", 0);
	assert_string_equal(backbone->fault,
			    "tunnel_addr 192.168.9.9 is no address of this machine now");
	fake_netlink.more = ip("192.168.9.9");
	expect_tunnel("192.168.9.9", 0);
	assert_string_equal(backbone->fault, "");
}

static void an_interface_that_is_down_or_gone_is_said(void **state)
{
	(void)state;
	expect_xdp();
	eth0()->is.up = false;
	expect_tunnel("192.168.0.1", 0);
	assert_string_equal(backbone->fault, "it is down");
	backbone_gone(backbone);
	assert_string_equal(backbone->fault, "there is no such interface now");
	eth0()->is.up = true;
	expect_tunnel("192.168.0.1", 0);
	assert_string_equal(backbone->fault, "");
	assert_int_equal(fake_log_count(LOG_LEVEL_ERROR, "backbone eth0: "), 2);
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "it is in order again"), 1);
}

int main(void)
{
#define BACKBONE_CASE(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		BACKBONE_CASE(the_interface_and_its_address_are_found),
		BACKBONE_CASE(a_directive_names_another_address),
		BACKBONE_CASE(an_interface_without_ethernet_is_headless),
		BACKBONE_CASE(no_interface_is_an_error),
		BACKBONE_CASE(no_address_is_an_error),
		BACKBONE_CASE(hardware_has_xdp),
		BACKBONE_CASE(xdp_can_be_off),
		BACKBONE_CASE(without_hardware_xdp_does_no_good),
		BACKBONE_CASE(xdp_can_be_asked_for_without_hardware),
		BACKBONE_CASE(xdp_needs_ethernet),
		BACKBONE_CASE(hidden_tags_of_vlans_rule_xdp_out),
		BACKBONE_CASE(tags_that_xdp_sees_do_no_harm),
		BACKBONE_CASE(a_vlan_without_hardware_rules_xdp_out),
		BACKBONE_CASE(a_driver_without_xdp_is_no_error),
		BACKBONE_CASE(a_driver_without_xdp_that_was_asked_for_is_warned_of_once),
		BACKBONE_CASE(what_a_former_agent_left_is_taken_away),
		BACKBONE_CASE(a_kernel_that_refuses_the_program_is_an_error),
		BACKBONE_CASE(nothing_new_changes_nothing),
		BACKBONE_CASE(a_vlan_takes_xdp_away_and_gives_it_back),
		BACKBONE_CASE(a_new_configuration_takes_xdp_away),
		BACKBONE_CASE(a_new_mtu_is_told),
		BACKBONE_CASE(a_new_interface_gets_the_programs),
		BACKBONE_CASE(a_new_interface_may_be_headless),
		BACKBONE_CASE(a_new_interface_without_programs_is_an_error_in_the_log),
		BACKBONE_CASE(tunnels_follow_the_address),
		BACKBONE_CASE(an_address_that_is_still_there_stays),
		BACKBONE_CASE(without_an_address_that_is_said_once),
		BACKBONE_CASE(a_directive_holds_whatever_the_interface_has),
		BACKBONE_CASE(an_interface_that_is_down_or_gone_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
