/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel is told for a machine and for a cell, and that all of it is put back. */
#include "agent/interface/settings.h"
#include "interface_world.h"

#define BACKBONE_MTU 1500

static struct sysctl_store *store;

static int open_store(void **state)
{
	world_setup(state);
	store = settings_open(&w->config, w->why);
	return store ? 0 : -1;
}

static int close_store(void **state)
{
	sysctl_close(store);
	return world_teardown(state);
}

static struct fake_interface *wlan0(void)
{
	return fake_interface_find("wlan0");
}

static int set_cell(void)
{
	return settings_set_cell(store, &wlan0()->is, BACKBONE_MTU, w->why);
}

/* ---- the store of former values */

static void a_folder_that_cannot_be_made_is_named(void **state)
{
	(void)state;
	strcpy(w->config.state_dir, "/dev/null/tmip");
	assert_null(settings_open(&w->config, w->why));
	assert_non_null(strstr(w->why, "/dev/null/tmip: "));
	assert_non_null(strstr(w->why, strerror(ENOTDIR)));
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
	(void)state;
	fake_sysctl.open_error = ENOMEM;
	assert_null(settings_open(&w->config, w->why));
	assert_non_null(strstr(w->why, "/net.settings.json: "));
	assert_non_null(strstr(w->why, strerror(ENOMEM)));
}

/* ---- a cell */

static void a_cell_forwards_and_sends_no_redirects(void **state)
{
	(void)state;
	fake_sysctl_put("net/ipv4/conf/wlan0/send_redirects", "1");
	assert_int_equal(set_cell(), 0);
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/wlan0/forwarding"), "1");
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/wlan0/send_redirects"), "0");
	settings_clear_cell(store, &wlan0()->is);
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/wlan0/forwarding"), "0");
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/wlan0/send_redirects"), "1");
	assert_int_equal(fake_sysctl_remembered(""), 0);
}

static void a_cell_hears_all_frames(void **state)
{
	(void)state;
	assert_int_equal(set_cell(), 0);
	assert_true(wlan0()->is.promiscuous);
	assert_int_equal(fake_sysctl_remembered("link/wlan0/"), 1);
	settings_clear_cell(store, &wlan0()->is);
	assert_false(wlan0()->is.promiscuous);
	assert_int_equal(fake_sysctl_remembered(""), 0);
}

/* Somebody else needs it, before us and after us. */
static void what_was_promiscuous_stays_so(void **state)
{
	(void)state;
	wlan0()->is.promiscuous = true;
	assert_int_equal(set_cell(), 0);
	settings_clear_cell(store, &wlan0()->is);
	assert_true(wlan0()->is.promiscuous);
	assert_int_equal(calls_count("netlink_set_promiscuous"), 0);
}

static void a_killed_agent_leaves_the_note_to_the_next(void **state)
{
	(void)state;
	assert_int_equal(set_cell(), 0);
	sysctl_close(store);
	store = settings_open(&w->config, w->why);
	assert_non_null(store);
	assert_true(wlan0()->is.promiscuous);
	assert_int_equal(set_cell(), 0);
	settings_clear_cell(store, &wlan0()->is);
	assert_false(wlan0()->is.promiscuous);
}

static void a_deaf_interface_is_left_as_it_is(void **state)
{
	(void)state;
	wlan0()->is.deaf = true;
	assert_int_equal(set_cell(), 0);
	assert_false(wlan0()->is.promiscuous);
	assert_int_equal(fake_sysctl_remembered("link/"), 0);
}

static void routed_packets_fit_into_a_tunnel(void **state)
{
	(void)state;
	assert_int_equal(set_cell(), 0);
	assert_int_equal(wlan0()->route_mtu, BACKBONE_MTU - TUNNEL_OVERHEAD);
	settings_clear_cell(store, &wlan0()->is);
	assert_int_equal(wlan0()->route_mtu, 0);
}

static void a_large_backbone_needs_no_smaller_route(void **state)
{
	(void)state;
	settings_set_route(store, &wlan0()->is, 1420);
	assert_int_equal(wlan0()->route_mtu, 1400);
	settings_set_route(store, &wlan0()->is, 1519);
	assert_int_equal(wlan0()->route_mtu, 1499);
	settings_set_route(store, &wlan0()->is, 1520);
	assert_int_equal(wlan0()->route_mtu, 0);
}

static void an_interface_that_is_down_has_no_route(void **state)
{
	(void)state;
	wlan0()->is.up = false;
	assert_int_equal(set_cell(), 0);
	settings_clear_cell(store, &wlan0()->is);
	assert_int_equal(calls_count("netlink_set_route_mtu"), 0);
}

static void a_route_that_stays_is_no_reason_to_fail(void **state)
{
	(void)state;
	fake_netlink.route_error = -ENOENT;
	assert_int_equal(set_cell(), 0);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "cell wlan0: the MTU of its route"), 1);
}

static void what_the_kernel_refuses_is_named(void **state)
{
	(void)state;
	fake_sysctl.set_error = -EACCES;
	fake_sysctl.set_fails = "send_redirects";
	assert_int_equal(set_cell(), -EACCES);
	assert_string_equal(w->why, "cannot set net/ipv4/conf/wlan0/send_redirects to 0: "
				    "Permission denied");
	assert_false(wlan0()->is.promiscuous);
	fake_sysctl.set_error = 0;
	fake_netlink.promiscuous_error = -EPERM;
	assert_int_equal(set_cell(), -EPERM);
	assert_string_equal(w->why, "cannot make wlan0 promiscuous: Operation not permitted");
}

/* The flag outlives a killed agent: first the note, then the flag. */
static void without_the_note_the_flag_is_not_set(void **state)
{
	(void)state;
	fake_sysctl.note_error = -ENOSPC;
	assert_int_equal(set_cell(), -ENOSPC);
	assert_false(wlan0()->is.promiscuous);
}

/* ---- another name, and the memory of an address */

static void the_notes_of_a_cell_follow_its_name(void **state)
{
	struct fake_interface *renamed = wlan0();

	(void)state;
	assert_int_equal(set_cell(), 0);
	strcpy(renamed->is.name, "other0");
	settings_rename_cell(store, "wlan0", "other0");
	fake_sysctl_put("net/ipv4/conf/other0/forwarding", "1"); /* it has come along */
	assert_int_equal(fake_sysctl_remembered("net/ipv4/conf/wlan0/"), 0);
	assert_int_equal(fake_sysctl_remembered("link/wlan0/"), 0);
	assert_int_equal(fake_sysctl_remembered("route/wlan0/"), 0);
	settings_clear_cell(store, &renamed->is);
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/other0/forwarding"), "0");
	assert_false(renamed->is.promiscuous);
	assert_int_equal(renamed->route_mtu, 0);
	assert_int_equal(fake_sysctl_remembered(""), 0);
}

static void the_address_of_a_cell_is_remembered(void **state)
{
	struct tmip_addr addr = ip("10.10.1.1"), other = ip("10.10.7.1"), found;
	uint8_t len = 0;

	(void)state;
	assert_false(settings_recall_cell(store, "wlan0", &found, &len));
	settings_remember_cell(store, "wlan0", &addr, 24);
	sysctl_close(store);
	store = settings_open(&w->config, w->why); /* the next agent */
	assert_true(settings_recall_cell(store, "wlan0", &found, &len));
	assert_true(addr_equal(&found, &addr));
	assert_int_equal(len, 24);
	assert_false(settings_recall_cell(store, "wlan", &found, &len));
	settings_remember_cell(store, "wlan0", &other, 25);
	assert_true(settings_recall_cell(store, "wlan0", &found, &len));
	assert_true(addr_equal(&found, &other));
	assert_int_equal(len, 25);
	settings_forget_cell(store, "wlan0");
	assert_false(settings_recall_cell(store, "wlan0", &found, &len));
	assert_int_equal(fake_sysctl_remembered(""), 0);
}

static void what_no_agent_wrote_is_not_recalled(void **state)
{
	static const char *const values[] = {"", "10.10.1.1", "10.10.1.1 31", "10.10.1.1 -1",
					     "wlan0 24", "10.10.1 24"};
	struct tmip_addr found;
	uint8_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(sysctl_renote(store, "cell/wlan0/address", values[i]), 0);
		assert_false(settings_recall_cell(store, "wlan0", &found, &len));
	}
}

static void an_address_that_cannot_be_kept_is_logged(void **state)
{
	struct tmip_addr addr = ip("10.10.1.1");

	(void)state;
	fake_sysctl.note_error = -ENOSPC;
	settings_remember_cell(store, "wlan0", &addr, 24);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "the address of cell wlan0 cannot be kept"),
			 1);
}

/* ---- the machine */

static void the_machine_forwards(void **state)
{
	(void)state;
	fake_sysctl_put("net/ipv4/conf/all/send_redirects", "1");
	assert_int_equal(settings_set_machine(&w->config, w->why), 0);
	assert_string_equal(fake_sysctl_value("net/ipv4/ip_forward"), "1");
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/all/send_redirects"), "0");
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/eth0/forwarding"), "1");
	settings_clear_machine(&w->config);
	assert_string_equal(fake_sysctl_value("net/ipv4/ip_forward"), "0");
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/all/send_redirects"), "1");
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/eth0/forwarding"), "0");
}

static void the_last_network_puts_the_machine_back(void **state)
{
	struct agent_config other = w->config;

	(void)state;
	strcpy(other.network_name, "other");
	assert_int_equal(settings_set_machine(&w->config, w->why), 0);
	assert_int_equal(settings_set_machine(&other, w->why), 0);
	settings_clear_machine(&w->config);
	assert_string_equal(fake_sysctl_value("net/ipv4/ip_forward"), "1");
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "1 more networks are served here"), 1);
	settings_clear_machine(&other);
	assert_string_equal(fake_sysctl_value("net/ipv4/ip_forward"), "0");
	assert_int_equal(fake_sysctl_remembered(""), 0);
}

static void a_machine_that_refuses_is_an_error(void **state)
{
	(void)state;
	fake_sysctl.set_error = -EROFS;
	assert_int_equal(settings_set_machine(&w->config, w->why), -EROFS);
	assert_non_null(strstr(w->why, "cannot set net/ipv4/ip_forward to 1: "));
	fake_sysctl.set_fails = "eth0";
	assert_int_equal(settings_set_machine(&w->config, w->why), -EROFS);
	assert_non_null(strstr(w->why, "cannot set net/ipv4/conf/eth0/forwarding to 1: "));
}

static void a_state_that_cannot_be_kept_is_an_error(void **state)
{
	(void)state;
	fake_sysctl.open_error = EIO;
	assert_int_equal(settings_set_machine(&w->config, w->why), -EIO);
	assert_non_null(strstr(w->why, w->folder));
	strcpy(w->config.state_dir, "/dev/null");
	assert_int_equal(settings_set_machine(&w->config, w->why), -ENOTDIR);
	assert_string_equal(fake_sysctl_value("net/ipv4/ip_forward"), "0");
}

int main(void)
{
#define SETTINGS_CASE(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
	const struct CMUnitTest tests[] = {
		SETTINGS_CASE(a_folder_that_cannot_be_made_is_named),
		SETTINGS_CASE(a_file_that_cannot_be_read_is_named),
		SETTINGS_CASE(a_cell_forwards_and_sends_no_redirects),
		SETTINGS_CASE(a_cell_hears_all_frames),
		SETTINGS_CASE(what_was_promiscuous_stays_so),
		SETTINGS_CASE(a_killed_agent_leaves_the_note_to_the_next),
		SETTINGS_CASE(a_deaf_interface_is_left_as_it_is),
		SETTINGS_CASE(routed_packets_fit_into_a_tunnel),
		SETTINGS_CASE(a_large_backbone_needs_no_smaller_route),
		SETTINGS_CASE(an_interface_that_is_down_has_no_route),
		SETTINGS_CASE(a_route_that_stays_is_no_reason_to_fail),
		SETTINGS_CASE(what_the_kernel_refuses_is_named),
		SETTINGS_CASE(without_the_note_the_flag_is_not_set),
		SETTINGS_CASE(the_notes_of_a_cell_follow_its_name),
		SETTINGS_CASE(the_address_of_a_cell_is_remembered),
		SETTINGS_CASE(what_no_agent_wrote_is_not_recalled),
		SETTINGS_CASE(an_address_that_cannot_be_kept_is_logged),
		SETTINGS_CASE(the_machine_forwards),
		SETTINGS_CASE(the_last_network_puts_the_machine_back),
		SETTINGS_CASE(a_machine_that_refuses_is_an_error),
		SETTINGS_CASE(a_state_that_cannot_be_kept_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
