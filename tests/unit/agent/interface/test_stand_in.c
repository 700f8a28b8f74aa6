/* SPDX-License-Identifier: BSD-2-Clause */
/* The device that takes a cell's place: made once, found again, its route and its address. */
#include "agent/interface/stand_in.h"
#include "interface_world.h"

static struct stand_in stand_in;

static int setup(void **state)
{
	memset(&stand_in, 0xee, sizeof(stand_in)); /* nothing of it may stay */
	return world_setup(state);
}

static struct fake_device *open_it(void)
{
	char why[STAND_IN_WHY];

	assert_int_equal(stand_in_open(&stand_in, "net", "wlan0", why), 0);
	return fake_device_find("stands in for cell wlan0");
}

static struct cell_info cell(const char *subnet, uint8_t len, const char *gateway)
{
	return (struct cell_info){.subnet = {ip(subnet), len}, .gateway = ip(gateway)};
}

static void expect_address(const struct fake_device *device, const char *addr, uint8_t len)
{
	char found[ADDR_STRLEN];

	assert_string_equal(addr_format(&device->address, found), addr);
	assert_int_equal(device->prefix_len, len);
}

static void it_is_made_and_forwards(void **state)
{
	const struct fake_device *device = open_it();

	(void)state;
	assert_non_null(device);
	assert_int_equal(stand_in.ifindex, device->ifindex);
	assert_string_equal(device->alias, "TMip: network net, stands in for cell wlan0");
	assert_string_equal(fake_sysctl_value("net/ipv4/conf/tmiphome0/forwarding"), "1");
	assert_true(calls_include("sysctl_write net/ipv4/conf/tmiphome0/send_redirects 0"));
	assert_int_equal(fake_sysctl_remembered(""), 0); /* they end with the device */
}

static void that_of_a_former_agent_is_found_again(void **state)
{
	unsigned ifindex = open_it()->ifindex;

	(void)state;
	memset(&stand_in, 0, sizeof(stand_in));
	open_it();
	assert_int_equal(stand_in.ifindex, ifindex);
	assert_int_equal(fake_devices.made, 1);
}

static void those_of_other_cells_and_networks_are_not_it(void **state)
{
	char why[STAND_IN_WHY];
	unsigned ifindex = open_it()->ifindex;

	(void)state;
	assert_int_equal(stand_in_open(&stand_in, "net", "wlan", why), 0);
	assert_int_not_equal(stand_in.ifindex, ifindex);
	assert_int_equal(stand_in_open(&stand_in, "net2", "wlan0", why), 0);
	assert_int_not_equal(stand_in.ifindex, ifindex);
	assert_int_equal(fake_devices.made, 3);
	stand_in_close_all("net");
	assert_int_equal(fake_devices.count, 1);
	assert_non_null(fake_device_find("network net2, stands in for cell wlan0"));
}

static void without_a_device_there_is_a_reason(void **state)
{
	char why[STAND_IN_WHY];

	(void)state;
	fake_devices.make_error = -EOPNOTSUPP;
	assert_int_equal(stand_in_open(&stand_in, "net", "wlan0", why), -EOPNOTSUPP);
	assert_string_equal(why, "cell wlan0: no device can stand in for it (the kernel has "
				 "neither dummy nor ifb)");
	assert_int_equal(stand_in.ifindex, 0);
	fake_devices.make_error = -EPERM;
	assert_int_equal(stand_in_open(&stand_in, "net", "wlan0", why), -EPERM);
	assert_non_null(strstr(why, strerror(EPERM)));
}

/* Without a device all the rest does nothing. */
static void none_is_no_trouble(void **state)
{
	struct cell_info info = cell("10.10.1.0", 24, "10.10.1.1");

	(void)state;
	memset(&stand_in, 0, sizeof(stand_in));
	stand_in_set(&stand_in, &info.subnet, 1480);
	stand_in_lend(&stand_in, &info, true);
	stand_in_close(&stand_in);
	assert_string_equal(calls_made(), "");
	assert_string_equal(fake_log_text(), "");
}

static void it_has_the_last_route_to_the_subnet(void **state)
{
	struct fake_device *device = open_it();
	struct prefix subnet = {ip("10.10.1.0"), 24}, other = {ip("10.10.7.0"), 25};

	(void)state;
	stand_in_set(&stand_in, &subnet, 1480);
	assert_memory_equal(&device->route, &subnet, sizeof(subnet));
	assert_int_equal(device->mtu, 1480);
	calls_forget();
	stand_in_set(&stand_in, &subnet, 1480);
	assert_string_equal(calls_made(), "");
	stand_in_set(&stand_in, &other, 1400);
	assert_memory_equal(&device->route, &other, sizeof(other));
	assert_int_equal(device->mtu, 1400);
	assert_true(calls_include("netlink_delete_last_route 500 10.10.1.0/24"));
}

static void the_gateway_is_lent_and_taken_back(void **state)
{
	struct fake_device *device = open_it();
	struct cell_info info = cell("10.10.1.0", 24, "10.10.1.1");

	(void)state;
	stand_in_lend(&stand_in, &info, false);
	expect_address(device, "-", 0);
	stand_in_lend(&stand_in, &info, true);
	expect_address(device, "10.10.1.1", 24);
	calls_forget();
	stand_in_lend(&stand_in, &info, true);
	assert_string_equal(calls_made(), "");
	stand_in_lend(&stand_in, &info, false);
	expect_address(device, "-", 0);
	calls_forget();
	stand_in_lend(&stand_in, &info, false);
	assert_string_equal(calls_made(), "");
}

/* The kernel deletes the routes of a device with its last address. */
static void the_route_outlives_the_gateway(void **state)
{
	struct fake_device *device = open_it();
	struct cell_info info = cell("10.10.1.0", 24, "10.10.1.1");

	(void)state;
	stand_in_set(&stand_in, &info.subnet, 1480);
	stand_in_lend(&stand_in, &info, true);
	stand_in_lend(&stand_in, &info, false);
	assert_memory_equal(&device->route, &info.subnet, sizeof(info.subnet));
	stand_in_lend(&stand_in, &info, true);
	device = open_it(); /* the next agent */
	stand_in_set(&stand_in, &info.subnet, 1480);
	stand_in_lend(&stand_in, &info, false);
	assert_memory_equal(&device->route, &info.subnet, sizeof(info.subnet));
}

static void another_gateway_takes_the_place_of_the_former(void **state)
{
	struct fake_device *device = open_it();
	struct cell_info info = cell("10.10.1.0", 24, "10.10.1.1"),
			 other = cell("10.10.1.0", 25, "10.10.1.1");

	(void)state;
	stand_in_lend(&stand_in, &info, true);
	stand_in_lend(&stand_in, &other, true);
	expect_address(device, "10.10.1.1", 25);
	assert_true(calls_include("netlink_set_address 500 10.10.1.1/24 0"));
}

static void what_a_former_agent_lent_is_taken_back(void **state)
{
	struct fake_device *device = open_it();
	struct cell_info info = cell("10.10.1.0", 24, "10.10.1.1");

	(void)state;
	stand_in_lend(&stand_in, &info, true);
	device = open_it();
	expect_address(device, "10.10.1.1", 24);
	stand_in_lend(&stand_in, &info, false);
	expect_address(device, "-", 0);
	calls_forget();
	stand_in_lend(&stand_in, &info, false);
	assert_string_equal(calls_made(), ""); /* asked once */
}

static void what_the_kernel_refuses_is_logged(void **state)
{
	struct cell_info info = cell("10.10.1.0", 24, "10.10.1.1");

	(void)state;
	open_it();
	fake_devices.mtu_error = -EINVAL;
	fake_devices.route_error = -ENETDOWN;
	fake_devices.address_error = -ENOBUFS;
	stand_in_set(&stand_in, &info.subnet, 1480);
	stand_in_lend(&stand_in, &info, true);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "the MTU of a stand-in"), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "the route of a stand-in"), 1);
	assert_int_equal(fake_log_count(LOG_LEVEL_WARN, "the address of a stand-in"), 1);
}

static void it_goes_with_all_it_has(void **state)
{
	(void)state;
	open_it();
	stand_in_close(&stand_in);
	assert_int_equal(fake_devices.count, 0);
	assert_int_equal(stand_in.ifindex, 0);
}

int main(void)
{
#define STAND_IN_CASE(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)
	const struct CMUnitTest tests[] = {
		STAND_IN_CASE(it_is_made_and_forwards),
		STAND_IN_CASE(that_of_a_former_agent_is_found_again),
		STAND_IN_CASE(those_of_other_cells_and_networks_are_not_it),
		STAND_IN_CASE(without_a_device_there_is_a_reason),
		STAND_IN_CASE(none_is_no_trouble),
		STAND_IN_CASE(it_has_the_last_route_to_the_subnet),
		STAND_IN_CASE(the_gateway_is_lent_and_taken_back),
		STAND_IN_CASE(the_route_outlives_the_gateway),
		STAND_IN_CASE(another_gateway_takes_the_place_of_the_former),
		STAND_IN_CASE(what_a_former_agent_lent_is_taken_back),
		STAND_IN_CASE(what_the_kernel_refuses_is_logged),
		STAND_IN_CASE(it_goes_with_all_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
