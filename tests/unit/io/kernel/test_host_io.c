/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink and sysctl against the real kernel, in a network namespace of this process alone. Where
 * the process cannot make a namespace (no user namespaces), the tests skip and say so.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/kernel/netlink.h"
#include "io/kernel/netlink_route.h"
#include "io/kernel/sysctl.h"

static bool usable;

static int enter(void **state)
{
	(void)state;
	usable = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
	if (!usable)
		print_message("skipped: no network namespace can be made: %s\n", strerror(errno));
	return 0;
}

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static int link_up(void **state)
{
	(void)state;
	if (usable)
		run("ip link add tm0 type veth peer name tm1 && "
		    "ip link set tm0 address 02:00:00:00:00:0a mtu 1400 up && "
		    "ip link set tm1 up && "
		    "ip address add 10.7.0.1/24 dev tm0 && ip address add 10.8.0.1/24 dev tm0");
	return 0;
}

static int link_down(void **state)
{
	(void)state;
	if (usable)
		run("ip link delete tm0");
	return 0;
}

/* The output of a command, without its last newline. */
static const char *output(const char *command)
{
	static char text[1024];
	FILE *pipe = popen(command, "r");
	size_t n = pipe ? fread(text, 1, sizeof(text) - 1, pipe) : 0;

	text[n] = '\0';
	if (pipe)
		pclose(pipe);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void an_interface_is_described(void **state)
{
	static const struct tmip_mac mac = {{2, 0, 0, 0, 0, 10}};
	struct netlink_interface interface;
	char text[ADDR_STRLEN];

	(void)state;
	if (!usable)
		skip();
	assert_int_equal(netlink_get_interface("tm0", &interface), 0);
	assert_string_equal(interface.name, "tm0");
	assert_true(mac_equal(&interface.mac, &mac));
	assert_int_equal(interface.mtu, 1400);
	assert_true(interface.up);
	assert_string_equal(addr_format(&interface.addr, text), "10.7.0.1");
	assert_int_equal(interface.prefix_len, 24);
	assert_int_equal(netlink_get_interface("tm1", &interface), 0);
	assert_true(addr_is_zero(&interface.addr));
	assert_int_equal(netlink_get_interface("tm9", &interface), -ENODEV);
	assert_int_equal(netlink_get_interface("lo", &interface), 0);
	assert_false(interface.up);
}

static void a_port_and_a_macvlan_are_known(void **state)
{
	struct netlink_interface interface;

	(void)state;
	if (!usable || system("ip link add tmbr type bridge && ip link set tm1 master tmbr && "
			      "ip link add link tm0 name tmv1 type macvlan mode bridge") != 0)
		skip();
	assert_int_equal(netlink_get_interface("tm1", &interface), 0);
	assert_int_equal(interface.port_of, if_nametoindex("tmbr"));
	assert_int_equal(netlink_get_interface("tmbr", &interface), 0);
	assert_int_equal(interface.port_of, 0);
	assert_false(interface.deaf);
	assert_int_equal(netlink_get_interface("tmv1", &interface), 0);
	assert_true(interface.deaf);
	run("ip link delete tmv1 && ip link add link tm0 name tmv1 type macvlan mode passthru && "
	    "ip link delete tmbr");
	assert_int_equal(netlink_get_interface("tmv1", &interface), 0);
	assert_false(interface.deaf);
	/* Not every kernel has VRFs. */
	if (system("ip link add tmvrf type vrf table 7 2>/dev/null && "
		   "ip link set tm1 master tmvrf") == 0) {
		assert_int_equal(netlink_get_interface("tm1", &interface), 0);
		assert_int_equal(interface.port_of, 0);
	}
}

static void an_interface_hears_all(void **state)
{
	struct netlink_interface interface;

	(void)state;
	if (!usable)
		skip();
	for (int on = 1; on >= 0; on--) {
		assert_int_equal(netlink_set_promiscuous(if_nametoindex("tm0"), on), 0);
		assert_int_equal(netlink_get_interface("tm0", &interface), 0);
		assert_int_equal(interface.promiscuous, on);
		assert_true(interface.up);
		assert_string_equal(output("ip link show tm0 | grep -c PROMISC"), on ? "1" : "0");
	}
	assert_int_equal(netlink_set_promiscuous(9999, true), -ENODEV);
}

static void the_connected_route_gets_an_mtu_and_loses_it(void **state)
{
	struct netlink_interface interface;
	char before[1024];

	(void)state;
	if (!usable)
		skip();
	assert_int_equal(netlink_get_interface("tm0", &interface), 0);
	strcpy(before, output("ip route show 10.7.0.0/24"));
	assert_int_equal(netlink_set_route_mtu(&interface, 1380), 0);
	assert_non_null(strstr(output("ip route show 10.7.0.0/24"), "mtu 1380"));
	assert_string_equal(output("ip route show 10.7.0.0/24 | wc -l"), "1");
	assert_int_equal(netlink_set_route_mtu(&interface, 0), 0);
	assert_string_equal(output("ip route show 10.7.0.0/24"), before);
}

/* A network manager may have given the connected route a metric. It must stay the only route. */
static void a_route_with_a_metric_stays_one_route(void **state)
{
	struct netlink_interface interface;

	(void)state;
	if (!usable)
		skip();
	run("ip address del 10.7.0.1/24 dev tm0 && ip address del 10.8.0.1/24 dev tm0 && "
	    "ip address add 10.7.0.1/24 dev tm0 metric 600");
	assert_int_equal(netlink_get_interface("tm0", &interface), 0);
	assert_int_equal(netlink_set_route_mtu(&interface, 1380), 0);
	assert_string_equal(output("ip route show 10.7.0.0/24 | wc -l"), "1");
	assert_non_null(strstr(output("ip route show 10.7.0.0/24"), "metric 600 mtu 1380"));
	assert_int_equal(netlink_set_route_mtu(&interface, 0), 0);
	assert_non_null(strstr(output("ip route show 10.7.0.0/24"), "metric 600"));
	assert_null(strstr(output("ip route show 10.7.0.0/24"), "mtu"));
}

/*
 * The changes of one interface. The kernel reports those of the others, too, and may report a link
 * long after it came up.
 */
struct changes {
	unsigned ifindex, addresses, links;
};

static void on_change(unsigned ifindex, const char *name, void *arg)
{
	struct changes *seen = arg;

	if (ifindex != seen->ifindex)
		return;
	seen->addresses += !*name;
	seen->links += !strcmp(name, "tm0");
}

static void the_monitor_tells_of_changes(void **state)
{
	struct changes seen = {0};
	int fd;
	char byte;

	(void)state;
	if (!usable)
		skip();
	seen.ifindex = if_nametoindex("tm0");
	fd = netlink_monitor_open();
	assert_true(fd >= 0);
	run("ip address add 10.9.0.1/24 dev tm0");
	while (!seen.addresses) {
		assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), 1);
		netlink_monitor_read(fd, on_change, &seen);
	}
	assert_int_equal(seen.addresses, 1);
	seen.links = 0;
	run("ip link set tm0 mtu 1380");
	while (!seen.links) {
		assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), 1);
		netlink_monitor_read(fd, on_change, &seen);
	}
	assert_int_equal(seen.addresses, 1);
	close(fd);
}

#define FORWARD "net/ipv4/conf/tm0/forwarding"
#define FILTER "net/ipv4/conf/tm0/rp_filter"

static const char *value(const char *name)
{
	static char text[64];

	assert_int_equal(sysctl_get(name, text, sizeof(text)), 0);
	return text;
}

static void settings_are_put_back_by_the_next_process(void **state)
{
	char path[64];
	struct sysctl_store *store;

	(void)state;
	if (!usable)
		skip();
	snprintf(path, sizeof(path), "/tmp/tmip-test-sysctl.%d", (int)getpid());
	unlink(path);
	store = sysctl_open(path);
	assert_non_null(store);
	assert_int_equal(sysctl_set(store, FORWARD, "0"), 0);
	assert_int_equal(sysctl_set(store, FILTER, "2"), 0);
	assert_int_equal(sysctl_set(store, FILTER, "1"), 0); /* the store keeps the first value */
	sysctl_close(store); /* as if the process were killed */
	assert_string_equal(value(FILTER), "1");
	store = sysctl_open(path);
	assert_non_null(store);
	assert_int_equal(sysctl_set(store, FORWARD, "1"), 0);
	sysctl_restore(store, FILTER);
	assert_string_equal(value(FILTER), "0");
	assert_string_equal(value(FORWARD), "1");
	assert_int_equal(access(path, F_OK), 0);
	sysctl_restore(store, "");
	assert_string_equal(value(FORWARD), "0");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(sysctl_note(store, "link/tm0/promiscuous", "0"), 0);
	assert_int_equal(sysctl_note(store, "link/tm0/promiscuous", "1"), 0);
	assert_true(sysctl_noted(store, "link/tm0/promiscuous", "0"));
	assert_false(sysctl_noted(store, "link/tm0/promiscuous", "1"));
	sysctl_restore(store, "link/tm0/");
	assert_false(sysctl_noted(store, "link/tm0/promiscuous", "0"));
	assert_true(sysctl_set(store, "net/ipv4/conf/none/forwarding", "1") < 0);
	sysctl_close(store);
}

int main(void)
{
#define WITH_LINK(test) cmocka_unit_test_setup_teardown(test, link_up, link_down)
	const struct CMUnitTest tests[] = {
		WITH_LINK(an_interface_is_described),
		WITH_LINK(a_port_and_a_macvlan_are_known),
		WITH_LINK(an_interface_hears_all),
		WITH_LINK(the_connected_route_gets_an_mtu_and_loses_it),
		WITH_LINK(a_route_with_a_metric_stays_one_route),
		WITH_LINK(the_monitor_tells_of_changes),
		WITH_LINK(settings_are_put_back_by_the_next_process),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
