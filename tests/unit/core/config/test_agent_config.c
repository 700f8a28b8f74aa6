/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of tmipd.rc: the listing of 2003, the defaults, every directive, and mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/agent_config.h"

#define NEEDED "mlr 10.0.0.1\ncn_name a\ncn_if eth0\nnetwork_name net\n"

static struct agent_config config;
static char errors[CONFIG_ERRORS];

static int read_text(const char *text)
{
	return agent_config_read(&config, "tmipd.rc", text, strlen(text), errors);
}

static void the_listing_of_2003_is_read(void **state)
{
	static const char listing[] = "mlr primary.linux-magazin.de\n"
				      "cn_name wlanpool1.linux-magazin\n"
				      "cn_if eth0\n"
				      "mobile_if wlan0\n"
				      "network_name linux-magazin\n"
				      "addr_pool wlan0 * *\n"
				      "dns_server 10.0.5.7\n"
				      "log_file /var/log/tmipd.log\n"
				      "status_file /var/log/tmipd.status\n";
	struct tmip_addr dns;

	(void)state;
	assert_int_equal(read_text(listing), 0);
	assert_string_equal(config.mlr_host, "primary.linux-magazin.de");
	assert_int_equal(config.mlr_port, 6554);
	assert_string_equal(config.cn_name, "wlanpool1.linux-magazin");
	assert_string_equal(config.cn_if, "eth0");
	assert_int_equal(config.cell_count, 1);
	assert_string_equal(config.mobile_if[0], "wlan0");
	assert_string_equal(config.network_name, "linux-magazin");
	assert_int_equal(config.pool_count, 1);
	assert_string_equal(config.pools[0].interface, "wlan0");
	assert_true(addr_is_zero(&config.pools[0].first) && addr_is_zero(&config.pools[0].last));
	assert_int_equal(config.dns_count, 1);
	addr_parse("10.0.5.7", &dns);
	assert_true(addr_equal(&config.dns[0], &dns));
	assert_string_equal(config.log_file, "/var/log/tmipd.log");
	assert_string_equal(config.status_file, "/var/log/tmipd.status");
}

static void what_is_not_said_has_a_default(void **state)
{
	char socket[CONFIG_PATH_LEN];

	(void)state;
	assert_int_equal(read_text(NEEDED), 0);
	assert_int_equal(config.port, 6554);
	assert_int_equal(config.lease_time, 3600);
	assert_int_equal(config.stations_max, 65536);
	assert_int_equal(config.peers_max, 1024);
	assert_int_equal(config.seen_max, 16384);
	assert_int_equal(config.tunnel_ttl, 64);
	assert_int_equal(config.mss, AGENT_MSS_AUTO);
	assert_int_equal(config.handover_timeout, 3000);
	assert_int_equal(config.debug, 2);
	assert_int_equal(config.fastpath, AGENT_FASTPATH_AWAY);
	assert_int_equal(config.xdp, AGENT_XDP_AUTO);
	assert_true(config.route_optimisation && config.fast_handover && config.static_stations &&
		    config.realtime && config.log);
	assert_false(config.foreground);
	assert_true(config.multicast_home && config.multicast_burst == 50 &&
		    config.multicast_copies == 1000);
	assert_true(addr_is_zero(&config.tunnel_addr));
	assert_string_equal(config.bpf_dir, "/sys/fs/bpf/tmip");
	assert_string_equal(config.state_dir, "/var/lib/tmip");
	agent_config_socket(&config, socket);
	assert_string_equal(socket, "/run/tmip/net.sock");
}

static const char EVERY_DIRECTIVE[] =
	"mlr mlr.example:7000\ncn_name b\ncn_if br-lan\nnetwork_name n\n"
	"mobile_if w0\nmobile_if w1\n"
	"addr_pool w0 10.1.0.10 10.1.0.20\naddr_pool w1 * 10.2.0.99\n"
	"dns_server 10.0.0.1 10.0.0.2\ndns_server 10.0.0.3\n"
	"domain_name x.example\nlease_time 600\n"
	"tunnel_addr 192.0.2.1\ntunnel_ttl 20\nport 7001\nmss 1300\n"
	"fastpath home\nxdp on\n"
	"multicast on\nmulticast_burst 7\nmulticast_copies 8\n"
	"route_optimisation off\nfast_handover off\nstatic_stations off\nrealtime off\n"
	"handover_timeout 500\n"
	"stations_max 1000000\npeers_max 64\nseen_max 4096\n"
	"event_burst 50\nevent_interval 250\ndhcp_burst 5\n"
	"foreground true\nlog false\ndebug 4\n"
	"bpf_dir /sys/fs/bpf/x\nrun_dir /tmp/r\nstate_dir /tmp/s\ncontrol_socket /tmp/c.sock\n"
	"hostapd wlan0 /run/hostapd/wlan0\nhostapd w1 /h/w1\nstation_identity association\n";

static void every_directive_is_read(void **state)
{
	struct tmip_addr addr;
	char socket[CONFIG_PATH_LEN];

	(void)state;
	assert_int_equal(read_text(EVERY_DIRECTIVE), 0);
	assert_string_equal(config.mlr_host, "mlr.example");
	assert_int_equal(config.mlr_port, 7000);
	assert_int_equal(config.cell_count, 2);
	assert_string_equal(config.mobile_if[1], "w1");
	addr_parse("10.1.0.20", &addr);
	assert_true(addr_equal(&config.pools[0].last, &addr));
	addr_parse("10.2.0.99", &addr);
	assert_true(addr_is_zero(&config.pools[1].first) &&
		    addr_equal(&config.pools[1].last, &addr));
	assert_int_equal(config.dns_count, 3);
	addr_parse("192.0.2.1", &addr);
	assert_true(addr_equal(&config.tunnel_addr, &addr));
	assert_string_equal(config.domain_name, "x.example");
	assert_int_equal(config.lease_time, 600);
	assert_int_equal(config.tunnel_ttl, 20);
	assert_int_equal(config.port, 7001);
	assert_int_equal(config.mss, 1300);
	assert_int_equal(config.fastpath, AGENT_FASTPATH_HOME);
	assert_int_equal(config.xdp, AGENT_XDP_ON);
	assert_true(config.multicast_home);
	assert_int_equal(config.multicast_burst, 7);
	assert_int_equal(config.multicast_copies, 8);
	assert_false(config.route_optimisation || config.fast_handover || config.static_stations ||
		     config.realtime || config.log);
	assert_true(config.foreground);
	assert_int_equal(config.debug, 4);
	assert_int_equal(config.handover_timeout, 500);
	assert_int_equal(config.stations_max, 1000000);
	assert_int_equal(config.event_burst, 50);
	assert_int_equal(config.event_interval, 250);
	assert_int_equal(config.dhcp_burst, 5);
	assert_int_equal(config.hostapd_count, 2);
	assert_string_equal(config.hostapd[0].interface, "wlan0");
	assert_string_equal(config.hostapd[0].socket, "/run/hostapd/wlan0");
	assert_string_equal(config.hostapd[1].socket, "/h/w1");
	assert_true(config.by_association);
	agent_config_socket(&config, socket);
	assert_string_equal(socket, "/tmp/c.sock");
	assert_int_equal(read_text(NEEDED "mss off\n"), 0);
	assert_int_equal(config.mss, 0);
	assert_int_equal(read_text(NEEDED "multicast off\n"), 0);
	assert_false(config.multicast_home);
}

#define TEN "0123456789"

static void mistakes_are_told_and_nothing_is_changed(void **state)
{
	static const struct { const char *text, *error; } cases[] = {
		{NEEDED "moblie_if wlan0\n",
		 "tmipd.rc:5: unknown directive `moblie_if'; is `mobile_if' meant?"},
		{NEEDED "mobile_if wlan0\nmobile_if wlan0\n", "tmipd.rc:6: directive `mobile_if'"},
		{NEEDED "mobile_if this-name-is-too-long\n", "tmipd.rc:5: directive `mobile_if'"},
		{NEEDED "mobile_if a/b\n", "tmipd.rc:5: directive `mobile_if'"},
		{NEEDED "mobile_if w\naddr_pool w 10.0.0.9 10.0.0.8\n",
		 "10.0.0.9, comes after the last"},
		{NEEDED "mobile_if w\naddr_pool w 10.0.0.9 all\n",
		 "`all' is neither an IPv4 address nor `*'"},
		{NEEDED "mobile_if w\naddr_pool w * *\naddr_pool w * *\n",
		 "tmipd.rc:7: directive `addr_pool': `w' has a pool already"},
		{NEEDED "mobile_if w\naddr_pool v * *\n", "`v' is no mobile_if"},
		{NEEDED "mobile_if w\naddr_pool w *\n", "directive `addr_pool' takes"},
		{NEEDED "dns_server 1.1.1.1 1.1.1.2 1.1.1.3\ndns_server 1.1.1.4 1.1.1.5\n",
		 "tmipd.rc:6: directive `dns_server': at most 4"},
		{NEEDED "dns_server ns.example\n", "`ns.example' is not an IPv4 address"},
		{NEEDED "hostapd wlan0\n", "directive `hostapd' takes"},
		{NEEDED "hostapd wlan0 hostapd/wlan0\n",
		 "tmipd.rc:5: directive `hostapd': `hostapd/wlan0' is not the absolute path"},
		{NEEDED "hostapd wlan0 /" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "\n",
		 "(at most 107 bytes)"},
		{NEEDED "hostapd w /a\nhostapd w /b\n",
		 "tmipd.rc:6: directive `hostapd': `w' was named before"},
		{NEEDED "station_identity name\n", "`name' is neither mac nor association"},
		{NEEDED "mss tiny\n", "neither auto, off nor"},
		{NEEDED "xdp generic\n",
		 "tmipd.rc:5: directive `xdp': `generic' is neither auto, on nor off"},
		{NEEDED "tunnel_ttl 0\n", "from 2 to 255"},
		{NEEDED "port 65536\n", "from 1 to 65535"},
		{NEEDED "lease_time soon\n", "tmipd.rc:5: directive `lease_time'"},
		{"mlr a:b\ncn_name a\ncn_if eth0\nnetwork_name net\n",
		 "tmipd.rc:1: directive `mlr': `b' is not a port"},
		{"mlr a:\ncn_name a\ncn_if eth0\nnetwork_name net\n",
		 "tmipd.rc:1: directive `mlr'"},
		{"mlr a:0\ncn_name a\ncn_if eth0\nnetwork_name net\n",
		 "tmipd.rc:1: directive `mlr'"},
		{"mlr a\ncn_name a\ncn_if eth0\nnetwork_name ../x\n",
		 "tmipd.rc:4: directive `network_name'"},
		{"mlr a\ncn_name a\ncn_if eth0\nnetwork_name ..\n",
		 "tmipd.rc:4: directive `network_name'"},
		{"cn_name a\ncn_if eth0\nnetwork_name net\n",
		 "tmipd.rc: directive `mlr' is missing"},
	};
	struct agent_config before;

	(void)state;
	memset(&config, 0x55, sizeof(config));
	before = config;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (read_text(cases[i].text) != 1 || !strstr(errors, cases[i].error))
			fail_msg("case %zu: %s", i, errors);
		assert_memory_equal(&config, &before, sizeof(config));
	}
}

static void tables_are_bounded(void **state)
{
	char text[4096] = NEEDED;

	(void)state;
	for (int i = 0; i < CN_CELLS_MAX; i++)
		sprintf(text + strlen(text), "mobile_if w%d\naddr_pool w%d * *\n", i, i);
	assert_int_equal(read_text(text), 0);
	assert_int_equal(config.cell_count, CN_CELLS_MAX);
	strcat(text, "mobile_if one-more\n");
	assert_int_equal(read_text(text), 1);

	strcpy(text, NEEDED);
	for (int i = 0; i < CONFIG_HOSTAPD_MAX; i++)
		sprintf(text + strlen(text), "hostapd w%d /run/hostapd/w%d\n", i, i);
	assert_int_equal(read_text(text), 0);
	assert_int_equal(config.hostapd_count, 32);
	strcat(text, "hostapd one-more /run/hostapd/w\n");
	assert_int_equal(read_text(text), 1);
}

static void a_name_with_dots_has_a_folder_without(void **state)
{
	char pins[CONFIG_PATH_LEN + NAME_LEN];

	(void)state;
	assert_int_equal(read_text("mlr a\ncn_name a\ncn_if eth0\n"
				   "network_name campus.example.org\nbpf_dir /sys/fs/bpf/x\n"), 0);
	agent_config_pin_dir(&config, pins);
	assert_string_equal(pins, "/sys/fs/bpf/x/campus:example:org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_listing_of_2003_is_read),
		cmocka_unit_test(what_is_not_said_has_a_default),
		cmocka_unit_test(every_directive_is_read),
		cmocka_unit_test(mistakes_are_told_and_nothing_is_changed),
		cmocka_unit_test(tables_are_bounded),
		cmocka_unit_test(a_name_with_dots_has_a_folder_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
