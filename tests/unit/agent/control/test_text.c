/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports as text. The lines are an outside contract, recorded as well in tests/netns/interface. An
 * agent of another version may leave members out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "agent/control/text.h"

/* Cuts the spaces at the ends of lines: nobody sees them. */
static void cut_spaces(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		while (*from == '\n' && to > text && to[-1] == ' ')
			to--;
		*to++ = *from;
	}
	*to = '\0';
}

static void assert_prints(const char *command, const char *json, const char *expected)
{
	json_t *result = json_loads(json, JSON_DECODE_ANY, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	assert_non_null(result);
	assert_non_null(memory);
	assert_true(text_print(command, result, memory));
	fclose(memory);
	cut_spaces(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(result);
}

static int set_up(void **state)
{
	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	return 0;
}

/* ---- stations */

static void test_stations_are_a_table(void **state)
{
	(void)state;
	assert_prints("stations",
		      "[{\"address\": \"10.1.0.2\", \"mac\": \"02:00:00:00:00:01\","
		      " \"state\": \"away\", \"cell\": \"\", \"parent\": \"cn1\","
		      " \"current\": \"cn3\", \"kind\": \"dynamic\", \"lease_end\": 1,"
		      " \"epoch\": 1, \"seq\": 7, \"pending\": false, \"damped\": false,"
		      " \"silent\": false, \"heard_s\": null},"
		      "{\"address\": \"10.3.0.200\", \"mac\": \"02:00:00:00:00:04\","
		      " \"state\": \"visiting\", \"cell\": \"w0\", \"parent\": \"cn3\","
		      " \"current\": \"cn1\", \"kind\": \"static\", \"lease_end\": 0,"
		      " \"epoch\": 1, \"seq\": 12, \"pending\": false, \"damped\": false,"
		      " \"silent\": false, \"heard_s\": 3}]",
"ADDRESS     MAC                STATE     CELL  PARENT  CURRENT  LEASE\n"
"10.1.0.2    02:00:00:00:00:01  away      -     cn1     cn3      ended\n"
"10.3.0.200  02:00:00:00:00:04  visiting  w0    cn3     cn1      static\n");
}

static void test_a_station_has_its_remarks_behind_its_state(void **state)
{
	(void)state;
	assert_prints("stations",
		      "[{\"address\": \"10.1.0.2\", \"state\": \"home\", \"pending\": true,"
		      " \"damped\": true, \"silent\": true}]",
"ADDRESS   MAC  STATE                             CELL  PARENT  CURRENT  LEASE\n"
"10.1.0.2  -    home (pending) (damped) (silent)  -     -       -        no end\n");
}

static void test_a_lease_shows_what_is_left_of_it(void **state)
{
	char json[128], *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);
	json_t *result;

	(void)state;
	snprintf(json, sizeof(json), "[{\"lease_end\": %lld}]", (long long)time(NULL) + 90000);
	result = json_loads(json, 0, NULL);
	assert_true(text_print("stations", result, memory));
	fclose(memory);
	assert_non_null(strstr(text, " 1d1h\n") ? strstr(text, " 1d1h\n") :
						  strstr(text, " 1d0h\n"));
	free(text);
	json_decref(result);
}

static void test_no_station_is_told_as_well(void **state)
{
	(void)state;
	assert_prints("stations", "[]", "no station is known\n");
	assert_prints("stations", "null", "no station is known\n");
}

/* ---- peers */

static void test_peers_are_a_table(void **state)
{
	(void)state;
	assert_prints("peers",
		      "[{\"name\": \"cn2\", \"id\": 2, \"tunnel\": \"10.202.0.1\","
		      " \"type\": \"idle\", \"link\": \"up\", \"stations\": 0, \"mtu\": 1500,"
		      " \"rx_packets\": 1,"
		      " \"rx_bytes\": 20, \"tx_packets\": 300, \"tx_bytes\": 123456789,"
		      " \"mtu_source\": \"icmp\"},"
		      "{\"name\": \"cn3\"}]",
"NAME  ID  TUNNEL      TYPE  LINK  STATIONS   MTU  BY    RX   TX\n"
"cn2    2  10.202.0.1  idle  up           0  1500  icmp   1  300\n"
"cn3    0  -           -     -            0     0  -      0    0\n");
}

static void test_no_peer_is_told_as_well(void **state)
{
	(void)state;
	assert_prints("peers", "[]", "no other CN is known\n");
}

/* ---- status */

#define STATUS \
	"\"network\": \"world\", \"version\": \"0.1\", \"pid\": 77, \"uptime_s\": 75," \
	"\"adopted\": true, \"cn\": {\"name\": \"cn2\", \"id\": 2, \"tunnel\": \"10.202.0.1\"}," \
	"\"backbone\": {\"interface\": \"bb0\", \"hook\": \"tcx\", \"xdp\": \"off\"," \
	" \"xdp_reason\": \"no hardware (veth)\", \"mtu\": 1500}," \
	"\"stations\": {\"total\": 6, \"home\": 3, \"next_door\": 1, \"away\": 2," \
	" \"visiting\": 4, \"elsewhere\": 5, \"blocked\": 7, \"silent\": 8}," \
	"\"handovers\": {\"completed\": 1, \"refused\": 2, \"undone\": 3, \"pending\": 4," \
	" \"conflicts\": 5, \"overflow\": 6, \"damped\": 7}," \
	"\"dhcp\": {\"received\": 1, \"offered\": 2, \"confirmed\": 3, \"refused\": 4," \
	" \"ignored\": 5, \"malformed\": 6, \"unanswered\": 7, \"not_sent\": 8}," \
	"\"buffer\": {\"packets\": 2, \"held\": 4, \"replayed\": 5, \"overflow\": 6, " \
	" \"expired\": 7, \"lost\": 8}," \
	"\"groups\": {\"stations\": 1, \"taken\": 2, \"to_cns\": 3, \"to_stations\": 4," \
	" \"over_limit\": 6}," \
	"\"cells\": [{\"interface\": \"w0\", \"subnet\": \"10.2.0.0/24\", " \
	" \"gateway\": \"10.2.0.1\", \"pool\": [\"10.2.0.2\", \"10.2.0.254\"]," \
	" \"hook\": \"tcx\", \"stations\": 3, \"state\": \"up\", \"reason\": \"\"}," \
	" {\"interface\": \"w1\", \"subnet\": \"\", \"gateway\": \"\", \"pool\": null," \
	" \"hook\": \"not served now\", \"stations\": 0, \"state\": \"awaited\"," \
	" \"reason\": \"w1 cannot be a cell: it has no address\"}]," \
	"\"counters\": [{\"reason\": \"HOME\", \"verdict\": \"pass\"," \
	" \"text\": \"at home\", \"packets\": 5, \"bytes\": 600}, {\"reason\": \"RELAY\"," \
	" \"verdict\": \"send\"," \
	" \"text\": \"never\", \"packets\": 0, \"bytes\": 0}]"

#define STATUS_BEGIN \
"network   world\n" \
"CN        cn2, number 2, tunnels from 10.202.0.1\n" \
"agent     version 0.1, process 77, up for 1m15s, took over from a former agent\n"

#define STATUS_COUNTS \
"backbone  bb0, hook tcx, MTU 1500\n" \
"xdp       off on bb0: no hardware (veth)\n" \
"stations  6 total, 3 home, 1 next_door, 2 away, 4 visiting, 5 elsewhere,\n" \
"          7 blocked, 8 silent\n" \
"moves     1 completed, 2 refused, 7 damped, 3 undone, 4 pending, 5 conflicts\n" \
"DHCP      1 received, 2 offered, 3 confirmed, 4 refused, 5 ignored, 7 unanswered\n" \
"buffer    2 packets, 4 held, 5 replayed, 6 overflow, 7 expired, 8 lost\n" \
"groups    1 stations, 2 taken, 3 to_cns, 4 to_stations, 6 over_limit\n"

#define STATUS_END \
"\n" \
"CELL  SUBNET       GATEWAY   POOL                   STATE    STATIONS\n" \
"w0    10.2.0.0/24  10.2.0.1  10.2.0.2 - 10.2.0.254  up              3\n" \
"w1    -            -         none                   awaited         0\n" \
"w1 cannot be a cell: it has no address\n" \
"\n" \
"PACKETS  BYTES  VERDICT  REASON\n" \
"      5    600  pass     HOME    at home\n"

static void test_status_is_lines_and_tables(void **state)
{
	(void)state;
	assert_prints("status",
		      "{" STATUS ", \"wifi\": null, \"register\": {"
		      " \"address\": \"10.251.0.1:6554\", \"state\": \"connected\","
		      " \"since_s\": 3700, \"epoch\": 1, \"seq\": 9,"
		      " \"error\": \"\"}}",
		      STATUS_BEGIN
"register  10.251.0.1:6554 connected for 1h1m, epoch 1, sequence 9\n"
		      STATUS_COUNTS STATUS_END);
}

static void test_status_has_wifi_and_the_error_of_the_register(void **state)
{
	(void)state;
	assert_prints("status",
		      "{" STATUS ", \"wifi\": {\"associated\": 1, \"arrived\": 2, \"departed\": 3,"
		      " \"dropped\": 4, \"overflow\": 5}, \"register\": {\"address\": \"mlr:6554\","
		      " \"state\": \"away\", \"since_s\": 0, \"epoch\": 1, \"seq\": 9,"
		      " \"error\": \"refused\"}}",
		      STATUS_BEGIN
"register  mlr:6554 away for 0s, epoch 1, sequence 9: refused\n"
		      STATUS_COUNTS
"Wi-Fi     1 associated, 2 arrived, 3 departed, 4 dropped\n"
		      STATUS_END);
}

static void test_status_of_an_agent_that_says_little(void **state)
{
	(void)state;
	assert_prints("status", "{\"dhcp\": {\"received\": 3}}",
"network   -\n"
"CN        -, number 0, tunnels from -\n"
"agent     version -, process 0, up for 0s\n"
"register  - - for 0s, epoch 0, sequence 0\n"
"backbone  -, hook -, MTU 0\n"
"xdp       - on -\n"
"DHCP      3 received, 0 offered, 0 confirmed, 0 refused, 0 ignored, 0 unanswered\n"
"\n"
"no cell\n"
"\n");
}

/* ---- why */

static void test_why_has_record_trail_and_drops(void **state)
{
	(void)state;
	assert_prints("why",
		      "{\"address\": \"10.2.0.3\", \"mac\": \"02:00:00:00:00:06\", \"record\":"
		      " {\"address\": \"10.2.0.3\", \"mac\": \"02:00:00:00:00:06\","
		      " \"state\": \"home\", \"cell\": \"w0\", \"parent\": \"cn2\","
		      " \"current\": \"cn2\", \"kind\": \"reserved\", \"lease_end\": 0,"
		      " \"epoch\": 1, \"seq\": 7},"
		      "\"trail\": [{\"time\": 1700000000.25, \"text\": \"first\"},"
		      " {\"time\": 1700000001.0, \"text\": \"second\"}],"
		      "\"drops\": [{\"count\": 3, \"reason\": \"WRONG_MAC\", \"interface\": \"w0\","
		      " \"text\": \"another MAC\", \"age_s\": 61.7}],"
		      "\"path\": [{\"part\": \"cell\", \"name\": \"w0\", \"state\": \"up\","
		      " \"sent\": 5, \"received\": 17, \"dropped\": 0}]}",
"ADDRESS   MAC                STATE  CELL  PARENT  CURRENT  LEASE\n"
"10.2.0.3  02:00:00:00:00:06  home   w0    cn2     cn2      reserved\n"
"\n"
"trail\n"
"  2023-11-14 22:13:20.250  first\n"
"  2023-11-14 22:13:21.000  second\n"
"\n"
"packets dropped lately\n"
"  3 x WRONG_MAC on w0, last 1m1s ago: another MAC\n"
"\n"
"its way through this CN, with the packets of all stations\n"
"PART  NAME  STATE  SENT  RECEIVED  DROPPED\n"
"cell  w0    up        5        17        0\n");
}

static void test_why_of_a_stranger(void **state)
{
	(void)state;
	assert_prints("why",
		      "{\"address\": \"10.2.0.3\", \"mac\": \"-\", \"record\": null,"
		      " \"trail\": [], \"drops\": []}",
"address 10.2.0.3, MAC -: not registered\n"
"\n"
"trail\n"
"  nothing is remembered\n"
"\n"
"packets dropped lately\n"
"  none by TMip's programs\n");
}

static void test_why_of_an_agent_that_says_little(void **state)
{
	(void)state;
	assert_prints("why", "{\"trail\": [{}], \"drops\": [{}]}",
"address -, MAC -: not registered\n"
"\n"
"trail\n"
"  1970-01-01 00:00:00.000  -\n"
"\n"
"packets dropped lately\n"
"  0 x - on -, last 0s ago: -\n");
}

/* ---- what moved between two answers */

static void assert_moved(const char *before, const char *after, const char *expected)
{
	json_t *first = json_loads(before, 0, NULL), *second = json_loads(after, 0, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	assert_non_null(first);
	assert_non_null(second);
	text_print_moved(first, second, memory);
	fclose(memory);
	assert_string_equal(text, expected);
	free(text);
	json_decref(first);
	json_decref(second);
}

#define PART(part, name, sent, received, dropped) \
	"{\"part\": \"" part "\", \"name\": \"" name "\", \"sent\": " sent ", \"received\": " \
	received ", \"dropped\": " dropped "}"

static void test_nothing_moved(void **state)
{
	(void)state;
	assert_moved("{\"path\": [" PART("cell", "w0", "1", "2", "3") "]}",
		     "{\"path\": [" PART("cell", "w0", "1", "2", "3") "]}",
"\nin the last second\n  no packet passed: none reached this CN\n");
}

static void test_what_moved_says_where_packets_are_lost(void **state)
{
	(void)state;
	assert_moved("{\"counters\": [{\"reason\": \"NO_ROUTE\", \"packets\": 2}]}",
		     "{\"counters\": [{\"reason\": \"NO_ROUTE\", \"packets\": 5,"
		     " \"text\": \"t\"}]}",
"\nin the last second\n  dropped by TMip's programs: 3 x NO_ROUTE: t\n");
	assert_moved("{\"path\": [" PART("cell", "w0", "1", "2", "3") "]}",
		     "{\"path\": [" PART("cell", "w0", "1", "4", "8") "]}",
"\nin the last second\n  cell w0: 0 sent, 2 received, 5 dropped: by the device\n");
	assert_moved("{}", "{\"path\": [" PART("tunnel", "cn2", "4", "0", "0") "]}",
"\nin the last second\n"
"  tunnel cn2: 4 sent, 0 received, 0 dropped: nothing comes back, lost behind it?\n");
	assert_moved("{}", "{\"path\": [" PART("kernel", "IPv4", "0", "4", "4") "]}",
"\nin the last second\n"
"  kernel IPv4: 0 sent, 4 received, 4 dropped: by its routes or rp_filter\n");
	assert_moved("{}", "{\"path\": [" PART("kernel", "IPv4", "4", "4", "0") "]}",
"\nin the last second\n"
"  kernel IPv4: 4 sent, 4 received, 0 dropped: nothing leaves, do rules of netfilter drop it?\n");
}

/* ---- all of them */

static void test_other_commands_have_no_text(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *memory = open_memstream(&text, &len);

	(void)state;
	assert_false(text_print("attach", NULL, memory));
	assert_false(text_print("", NULL, memory));
	fclose(memory);
	assert_string_equal(text, "");
	free(text);
}

#define CASE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_stations_are_a_table),
		CASE(test_a_station_has_its_remarks_behind_its_state),
		CASE(test_a_lease_shows_what_is_left_of_it),
		CASE(test_no_station_is_told_as_well),
		CASE(test_peers_are_a_table),
		CASE(test_no_peer_is_told_as_well),
		CASE(test_status_is_lines_and_tables),
		CASE(test_status_has_wifi_and_the_error_of_the_register),
		CASE(test_status_of_an_agent_that_says_little),
		CASE(test_why_has_record_trail_and_drops),
		CASE(test_why_of_a_stranger),
		CASE(test_why_of_an_agent_that_says_little),
		CASE(test_nothing_moved),
		CASE(test_what_moved_says_where_packets_are_lost),
		CASE(test_other_commands_have_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
