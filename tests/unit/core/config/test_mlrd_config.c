/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of mlrd.rc: the listings of 2003, the defaults, every directive, and mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/mlrd_config.h"

static struct mlrd_config config;
static char errors[CONFIG_ERRORS];

static int read_text(const char *text)
{
	mlrd_config_free(&config);
	return mlrd_config_read(&config, "mlrd.rc", text, strlen(text), errors);
}

static const char SECONDARY[] = "network_name linux-magazin\n"
				"port 5555\n"
				"foreground false\n"
				"log_file /var/log/mlrd.log\n"
				"status_file /var/log/mlrd.status\n"
				"log true\n"
				"grant primary.linux-magazin.de\n";

static const char PRIMARY[] = "network_name linux-magazin\n"
			      "port 6554\n"
			      "foreground false\n"
			      "log_file /var/log/mlrd.log\n"
			      "status_file /var/log/mlrd.status\n"
			      "log true\n"
			      "cc_mlr secondary.linux-magazin.de:5555\n"
			      "cc_mlr 10.0.0.9\n";

static void the_listings_of_2003_are_read(void **state)
{
	(void)state;
	assert_int_equal(read_text(SECONDARY), 0);
	assert_string_equal(config.network_name, "linux-magazin");
	assert_int_equal(config.port, 5555);
	assert_false(config.foreground);
	assert_true(config.log);
	assert_string_equal(config.log_file, "/var/log/mlrd.log");
	assert_string_equal(config.status_file, "/var/log/mlrd.status");
	assert_int_equal(config.grant_count, 1);
	assert_string_equal(config.grant[0], "primary.linux-magazin.de");
	assert_int_equal(read_text(PRIMARY), 0);
	assert_int_equal(config.copy_count, 2);
	assert_string_equal(config.copy[0], "secondary.linux-magazin.de:5555");
	assert_string_equal(config.copy[1], "10.0.0.9:6554");
}

static void what_is_not_said_has_a_default(void **state)
{
	char socket[CONFIG_PATH_LEN];

	(void)state;
	assert_int_equal(read_text("network_name net\n"), 0);
	assert_int_equal(config.port, 6554);
	assert_true(addr_is_zero(&config.listen));
	assert_int_equal(config.offer_time, 30);
	assert_int_equal(config.decline_time, 600);
	assert_int_equal(config.lease_grace, 60);
	assert_int_equal(config.mac_addresses, 16);
	assert_int_equal(config.mac_declines, 3);
	assert_int_equal(config.cell_claims, 4096);
	assert_int_equal(config.host_count, 0);
	assert_string_equal(config.run_dir, "/run/tmip");
	assert_string_equal(config.state_dir, "/var/lib/tmip");
	mlrd_config_socket(&config, socket);
	assert_string_equal(socket, "/run/tmip/net.mlrd.sock");
}

static void everything_can_be_said(void **state)
{
	static const char text[] = "network_name net\nlisten 192.0.2.10\nforeground yes\ndebug 4\n"
				   "offer_time 5\ndecline_time 60\nlease_grace 0\n"
				   "stations_max 1000000\ncns_max 8\n"
				   "mac_addresses 64\nmac_declines 0\ncell_claims 9\n"
				   "run_dir /r\nstate_dir /s\ncontrol_socket /r/x\n"
				   "host desk 02:00:00:00:00:01 10.1.0.9\n"
				   "host desk 02-00-00-00-00-02 10.1.0.9\n"
				   "host tv 02:00:00:00:00:03 10.1.0.8\n";
	struct tmip_addr addr;
	char socket[CONFIG_PATH_LEN];

	(void)state;
	assert_int_equal(read_text(text), 0);
	addr_parse("192.0.2.10", &addr);
	assert_true(addr_equal(&config.listen, &addr));
	assert_int_equal(config.offer_time, 5);
	assert_int_equal(config.lease_grace, 0);
	assert_int_equal(config.stations_max, 1000000);
	assert_int_equal(config.cns_max, 8);
	assert_int_equal(config.mac_addresses, 64);
	assert_int_equal(config.mac_declines, 0);
	assert_int_equal(config.cell_claims, 9);
	assert_int_equal(config.host_count, 3);
	assert_string_equal(config.hosts[1].name, "desk");
	assert_int_equal(config.hosts[1].mac.octet[5], 2);
	mlrd_config_socket(&config, socket);
	assert_string_equal(socket, "/r/x");
}

static void wrong(const char *line, const char *error)
{
	char text[256];

	snprintf(text, sizeof(text), "network_name net\n%s\n", line);
	assert_int_not_equal(mlrd_config_read(&config, "mlrd.rc", text, strlen(text), errors), 0);
	if (!strstr(errors, error))
		fail_msg("`%s' gives: %s", line, errors);
}

static void mistakes_are_told(void **state)
{
	(void)state;
	wrong("colour red", "mlrd.rc:2: unknown directive `colour'");
	wrong("prot 5", "is `port' meant?");
	wrong("port http", "mlrd.rc:2: directive `port': `http'");
	wrong("grant_primary.linux-magazin.de", "write `grant HOST'");
	wrong("grant_primary primary.linux-magazin.de", "write `grant HOST'");
	wrong("cc_mlrd_secondary.linux-magazin.de:5555", "write `cc_mlr HOST:PORT'");
	wrong("cc_mlr :5555", "host name");
	wrong("cc_mlr a:0", "not a port");
	wrong("cc_mlr a:", "not a port");
	wrong("grant a/b", "neither a host name nor an address");
	wrong("host x 02:00:00:00:00:01", "takes a name, a MAC and an address");
	wrong("host x 02:00:00:00:00 10.1.0.9", "not the MAC of a host");
	wrong("host x ff:ff:ff:ff:ff:ff 10.1.0.9", "not the MAC of a host");
	wrong("host x 02:00:00:00:00:01 10.1.0.300", "not an IPv4 address");
	wrong("host a 02:00:00:00:00:01 10.1.0.9\nhost b 02:00:00:00:00:01 10.1.0.8",
	      "given to host a before");
	wrong("host a 02:00:00:00:00:01 10.1.0.9\nhost a 02:00:00:00:00:02 10.1.0.8",
	      "has the address 10.1.0.9 already");
	wrong("host a 02:00:00:00:00:01 10.1.0.9\nhost b 02:00:00:00:00:02 10.1.0.9",
	      "that of host a");
	assert_int_not_equal(read_text("port 1\n"), 0);
	assert_non_null(strstr(errors, "`network_name' is missing"));
}

static void a_wrong_text_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(read_text("network_name net\nhost desk 02:00:00:00:00:01 10.1.0.9\n"), 0);
	wrong("host tv 02:00:00:00:00:02 10.1.0.8\nport x", "directive `port'");
	assert_int_equal(config.host_count, 1);
	assert_string_equal(config.hosts[0].name, "desk");
	mlrd_config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_listings_of_2003_are_read),
		cmocka_unit_test(what_is_not_said_has_a_default),
		cmocka_unit_test(everything_can_be_said),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(a_wrong_text_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
