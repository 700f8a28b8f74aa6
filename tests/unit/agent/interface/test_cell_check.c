/* SPDX-License-Identifier: BSD-2-Clause */
/* Which interfaces can be cells, and what the network is told of one. */
#include "agent/interface/cell_check.h"
#include "interface_world.h"

/* The fault of wlan0 as it is now. */
static const struct cell_fault *check(void)
{
	struct netlink_interface interface;
	int error = netlink_get_interface("wlan0", &interface);

	return cell_check_interface(&w->config, &interface, error);
}

/* It stays until there is another configuration. */
static void expect_fault(const char *reason)
{
	const struct cell_fault *fault = check();

	assert_non_null(fault);
	assert_non_null(strstr(fault->reason, reason));
	assert_non_null(fault->advice);
	assert_false(fault->passes);
}

static void expect_passing_fault(const char *reason)
{
	const struct cell_fault *fault = check();

	assert_non_null(fault);
	assert_non_null(strstr(fault->reason, reason));
	assert_non_null(fault->advice);
	assert_true(fault->passes);
}

static struct netlink_interface *wlan0(void)
{
	return &fake_interface_find("wlan0")->is;
}

static void an_interface_like_ethernet_with_an_address_can_be_a_cell(void **state)
{
	(void)state;
	assert_null(check());
	wlan0()->prefix_len = 30;
	assert_null(check());
	wlan0()->up = false; /* it will be up later */
	assert_null(check());
}

static void an_interface_that_is_not_there_cannot(void **state)
{
	(void)state;
	fake_netlink.get_error = -EPERM;
	expect_passing_fault(strerror(EPERM));
	fake_netlink.get_error = 0;
	fake_interface_remove("wlan0");
	expect_passing_fault("there is no such interface");
}

static void the_backbone_cannot(void **state)
{
	(void)state;
	strcpy(w->config.cn_if, "wlan0");
	expect_fault("it is the backbone");
}

static void an_interface_without_macs_cannot(void **state)
{
	(void)state;
	wlan0()->ethernet = false;
	expect_fault("not like Ethernet");
	wlan0()->ethernet = true;
	wlan0()->mac = (struct tmip_mac){{0}};
	expect_fault("not like Ethernet");
}

/* The MAC of a bridge is that of a port. Without a port it waits for its next one. */
static void an_empty_bridge_can(void **state)
{
	(void)state;
	assert_false(cell_check_is_empty(wlan0()));
	strcpy(wlan0()->kind, "bridge");
	assert_false(cell_check_is_empty(wlan0()));
	wlan0()->mac = (struct tmip_mac){{0}};
	assert_true(cell_check_is_empty(wlan0()));
	assert_null(check());
}

static void a_port_cannot_and_the_bridge_is_named(void **state)
{
	(void)state;
	fake_interface_add(20, "br0", "10.10.9.1/24");
	wlan0()->port_of = 20;
	expect_fault("it is a port of br0, which would be the cell: attach br0");
	fake_interface_remove("br0"); /* meanwhile */
	expect_fault("it is a port of ?");
}

static void an_interface_without_an_address_cannot(void **state)
{
	(void)state;
	wlan0()->addr = (struct tmip_addr){0};
	expect_passing_fault("no IPv4 address");
}

static void a_subnet_without_room_cannot(void **state)
{
	(void)state;
	wlan0()->prefix_len = 31;
	expect_fault("no room for stations");
	wlan0()->prefix_len = 32;
	expect_fault("no room for stations");
}

/* ---- what the network is told */

static void use_pool(const char *first, const char *last)
{
	struct config_pool *pool = &w->config.pools[0];

	w->config.pool_count = 1;
	memset(pool, 0, sizeof(*pool));
	strcpy(pool->interface, "wlan0");
	if (first)
		pool->first = ip(first);
	if (last)
		pool->last = ip(last);
}

static bool describe(struct cell_info *info)
{
	memset(info, 0xee, sizeof(*info)); /* nothing of it may stay */
	return cell_check_describe(&w->config, "wlan0", wlan0(), info);
}

static void expect_addr(const struct tmip_addr *addr, const char *text)
{
	char found[ADDR_STRLEN];

	assert_string_equal(addr_format(addr, found), text);
}

static void a_cell_without_a_pool_has_subnet_and_gateway(void **state)
{
	struct cell_info info;

	(void)state;
	wlan0()->addr = ip("10.10.1.129");
	wlan0()->prefix_len = 25;
	w->config.dns_count = 1;
	w->config.dns[0] = ip("10.0.5.7");
	assert_true(describe(&info));
	expect_addr(&info.subnet.addr, "10.10.1.128");
	assert_int_equal(info.subnet.len, 25);
	expect_addr(&info.gateway, "10.10.1.129");
	assert_true(addr_is_zero(&info.pool_first));
	assert_true(addr_is_zero(&info.pool_last));
	assert_int_equal(info.dns_count, 1);
	expect_addr(&info.dns[0], "10.0.5.7");
}

/* addr_pool wlan0 * * */
static void stars_are_the_whole_subnet(void **state)
{
	struct cell_info info;

	(void)state;
	use_pool(NULL, NULL);
	assert_true(describe(&info));
	expect_addr(&info.pool_first, "10.10.1.1");
	expect_addr(&info.pool_last, "10.10.1.254");
	use_pool("10.10.1.50", NULL);
	assert_true(describe(&info));
	expect_addr(&info.pool_first, "10.10.1.50");
	expect_addr(&info.pool_last, "10.10.1.254");
}

static void the_pool_of_another_interface_is_not_its_own(void **state)
{
	struct cell_info info;

	(void)state;
	use_pool("10.10.4.10", "10.10.4.20");
	strcpy(w->config.pools[0].interface, "wlan1");
	assert_true(describe(&info));
	assert_true(addr_is_zero(&info.pool_first));
}

/* The interface has another name now; the configuration has the cell's. */
static void the_pool_is_found_by_the_name_of_the_cell(void **state)
{
	struct netlink_interface renamed = *wlan0();
	struct cell_info info;

	(void)state;
	use_pool("10.10.1.50", "10.10.1.60");
	strcpy(renamed.name, "other0");
	assert_true(cell_check_describe(&w->config, "wlan0", &renamed, &info));
	expect_addr(&info.pool_first, "10.10.1.50");
}

static void a_pool_must_lie_in_the_subnet(void **state)
{
	static const struct {
		const char *first, *last;
		bool fits;
	} pools[] = {
		{"10.10.1.10", "10.10.1.20", true},  {"10.10.1.20", "10.10.1.20", true},
		{"10.10.1.20", "10.10.1.10", false}, {"10.10.0.10", "10.10.1.20", false},
		{"10.10.1.10", "10.10.2.20", false}, {"10.10.2.10", NULL, false},
	};
	struct cell_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		use_pool(pools[i].first, pools[i].last);
		assert_int_equal(describe(&info), pools[i].fits);
		expect_addr(&info.pool_first, pools[i].first); /* so that a message can show it */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_interface_like_ethernet_with_an_address_can_be_a_cell),
		CASE(an_interface_that_is_not_there_cannot),
		CASE(the_backbone_cannot),
		CASE(an_interface_without_macs_cannot),
		CASE(an_empty_bridge_can),
		CASE(a_port_cannot_and_the_bridge_is_named),
		CASE(an_interface_without_an_address_cannot),
		CASE(a_subnet_without_room_cannot),
		CASE(a_cell_without_a_pool_has_subnet_and_gateway),
		CASE(stars_are_the_whole_subnet),
		CASE(the_pool_of_another_interface_is_not_its_own),
		CASE(the_pool_is_found_by_the_name_of_the_cell),
		CASE(a_pool_must_lie_in_the_subnet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
