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
#include "io/kernel/netlink_device.h"
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

static void an_interface_is_found_under_another_name(void **state)
{
	struct netlink_interface interface;
	unsigned ifindex = if_nametoindex("tm0");

	(void)state;
	if (!usable)
		skip();
	run("ip link set tm0 down && ip link set tm0 name tm7");
	assert_int_equal(netlink_get_interface("tm0", &interface), -ENODEV);
	assert_int_equal(netlink_get_interface_at(ifindex, &interface), 0);
	assert_string_equal(interface.name, "tm7");
	assert_int_equal(interface.ifindex, ifindex);
	assert_int_equal(interface.prefix_len, 24);
	assert_int_equal(netlink_get_interface_at(9999, &interface), -ENODEV);
	run("ip link set tm7 name tm0");
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

/* ---- devices of the agent */

struct found {
	unsigned ifindex, count;
};

static void on_alias(unsigned ifindex, const char *alias, void *arg)
{
	struct found *found = arg;

	assert_non_null(strstr(alias, "for tm"));
	found->ifindex = ifindex;
	found->count++;
}

/* The one whose alias begins like this; 0: none. */
static unsigned find_alias(const char *alias)
{
	struct found found = {0};

	assert_int_equal(netlink_each_alias(alias, on_alias, &found), 0);
	assert_true(found.count <= 1);
	return found.ifindex;
}

/* Not every kernel has dummy or ifb. */
static unsigned make_device(void)
{
	unsigned ifindex = 0;
	int error = netlink_make_device("tmstand", "stand-in for tm0", &ifindex);

	if (error == -EOPNOTSUPP)
		skip();
	assert_int_equal(error, 0);
	return ifindex;
}

static void a_device_is_made_found_and_deleted(void **state)
{
	unsigned ifindex, other = 0;
	struct netlink_interface interface;

	(void)state;
	if (!usable)
		skip();
	ifindex = make_device();
	assert_int_equal(netlink_get_interface_at(ifindex, &interface), 0);
	assert_string_equal(interface.name, "tmstand0");
	assert_true(interface.up);
	assert_string_equal(output("ip link show tmstand0 | grep -c NOARP"), "1");
	assert_string_equal(output("ip -6 address show dev tmstand0"), "");
	assert_int_equal(netlink_make_device("tmstand", "for tm1", &other), 0);
	assert_int_equal(if_nametoindex("tmstand1"), other);
	assert_int_equal(find_alias("stand-in for tm0"), ifindex);
	assert_int_equal(find_alias("stand-in"), ifindex);
	assert_int_equal(find_alias("for tm1"), other);
	assert_int_equal(find_alias("tm1"), 0);
	assert_int_equal(netlink_set_mtu(ifindex, 1380), 0);
	assert_int_equal(netlink_get_interface_at(ifindex, &interface), 0);
	assert_int_equal(interface.mtu, 1380);
	assert_int_equal(netlink_delete_device(ifindex), 0);
	assert_int_equal(netlink_delete_device(other), 0);
	assert_int_equal(find_alias("stand-in"), 0);
	assert_int_equal(netlink_delete_device(ifindex), -ENODEV);
}

#define DEVICE_TO(host) "ip route get 10.7.0." host " | grep -o 'dev [a-z0-9]*'"

/* The last route counts as soon as the interface has none, and not before. */
static void a_device_stands_in_for_an_interface(void **state)
{
	struct prefix subnet = {addr_from_ipv4(0x0a070000), 24};
	struct tmip_addr gateway = addr_from_ipv4(0x0a070001);
	unsigned ifindex;

	(void)state;
	if (!usable)
		skip();
	ifindex = make_device();
	assert_int_equal(netlink_put_last_route(ifindex, &subnet), 0);
	assert_int_equal(netlink_put_last_route(ifindex, &subnet), 0); /* it is there already */
	assert_string_equal(output(DEVICE_TO("9")), "dev tm0");
	run("ip link set tm0 down");
	assert_string_equal(output(DEVICE_TO("9")), "dev tmstand0");
	assert_int_equal(netlink_set_address(ifindex, &gateway, 24, true), 0);
	assert_int_equal(netlink_set_address(ifindex, &gateway, 24, true), 0);
	assert_string_equal(output("ip route show dev tmstand0 | wc -l"), "1");
	assert_non_null(strstr(output("ip -4 -o address show tmstand0"), "10.7.0.1/24"));
	run("ip link set tm0 up");
	assert_string_equal(output(DEVICE_TO("9")), "dev tm0");
	assert_int_equal(netlink_set_address(ifindex, &gateway, 24, false), 0);
	/* With a device's last address the kernel deletes its routes. */
	assert_int_equal(netlink_put_last_route(ifindex, &subnet), 0);
	assert_string_equal(output("ip route get 10.7.0.1 | grep -c '^local'"), "1"); /* tm0's */
	assert_int_equal(netlink_delete_last_route(ifindex, &subnet), 0);
	assert_int_equal(netlink_delete_last_route(ifindex, &subnet), -ESRCH);
	assert_int_equal(netlink_delete_device(ifindex), 0);
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

/* The notes of an interface follow its name; those of others stay. */
static void notes_follow_a_new_name(void **state)
{
	char path[64];
	struct sysctl_store *store;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/tmip-test-rename.%d", (int)getpid());
	unlink(path);
	store = sysctl_open(path);
	assert_non_null(store);
	assert_int_equal(sysctl_note(store, "link/tm0/promiscuous", "0"), 0);
	assert_int_equal(sysctl_note(store, "link/tm01/promiscuous", "1"), 0);
	assert_int_equal(sysctl_note(store, "route/tm0/mtu", "0 1480"), 0);
	sysctl_rename(store, "link/tm0/", "link/other0/");
	sysctl_close(store);
	store = sysctl_open(path); /* the file has them as well */
	assert_non_null(store);
	assert_null(sysctl_note_of(store, "link/tm0/promiscuous"));
	assert_string_equal(sysctl_note_of(store, "link/other0/promiscuous"), "0");
	assert_string_equal(sysctl_note_of(store, "link/tm01/promiscuous"), "1");
	assert_string_equal(sysctl_note_of(store, "route/tm0/mtu"), "0 1480");
	sysctl_restore(store, "");
	sysctl_close(store);
}

static void a_setting_is_written_without_a_note(void **state)
{
	(void)state;
	if (!usable)
		skip();
	assert_int_equal(sysctl_write(FILTER, "2"), 0);
	assert_string_equal(value(FILTER), "2");
	assert_int_equal(sysctl_write("net/ipv4/conf/none/forwarding", "1"), -ENOENT);
}

int main(void)
{
#define WITH_LINK(test) cmocka_unit_test_setup_teardown(test, link_up, link_down)
	const struct CMUnitTest tests[] = {
		WITH_LINK(an_interface_is_described),
		WITH_LINK(an_interface_is_found_under_another_name),
		WITH_LINK(a_port_and_a_macvlan_are_known),
		WITH_LINK(an_interface_hears_all),
		WITH_LINK(the_connected_route_gets_an_mtu_and_loses_it),
		WITH_LINK(a_route_with_a_metric_stays_one_route),
		WITH_LINK(the_monitor_tells_of_changes),
		WITH_LINK(a_device_is_made_found_and_deleted),
		WITH_LINK(a_device_stands_in_for_an_interface),
		WITH_LINK(settings_are_put_back_by_the_next_process),
		WITH_LINK(a_setting_is_written_without_a_note),
		cmocka_unit_test(notes_follow_a_new_name),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
