/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands to the running agent. Requests and replies are an outside contract, recorded as well in
 * tests/netns/interface.
 */
#include <unistd.h>

#include "agent/control/commands.h"
#include "control_world.h"

static struct commands commands;
static int attach_error, detach_error, departed, reload_error;
static struct commands_users detach_users;
static unsigned cells;
static const char *reload_text; /* NULL: no memory */

/* ---- the calls */

static int on_attach(const char *interface, char why[COMMANDS_WHY], void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("attach %s", interface);
	if (attach_error)
		snprintf(why, COMMANDS_WHY, "%s cannot be a cell", interface);
	return attach_error;
}

static int on_detach(const char *interface, bool now, struct commands_users *users,
		     char why[COMMANDS_WHY], void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("detach %s%s", interface ? interface : "all", now ? " now" : "");
	*users = detach_users;
	if (detach_error)
		snprintf(why, COMMANDS_WHY, "%s is not a cell of this CN", interface);
	return detach_error;
}

static unsigned on_cell_count(void *arg)
{
	assert_ptr_equal(arg, w);
	return cells;
}

static int on_departed(const struct tmip_mac *mac, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("departed %u", mac->octet[5]);
	return departed;
}

static int on_reload(json_t **result, char **errors, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("reload");
	if (!reload_error)
		*result = json_pack("{s:[s], s:[]}", "restart", "port", "awaited");
	*errors = reload_error && reload_text ? strdup(reload_text) : NULL;
	return reload_error;
}

static void on_stop(bool tear_down, void *arg)
{
	assert_ptr_equal(arg, w);
	calls_note("stop %d", tear_down);
}

/* ---- the world */

static int set_up(void **state)
{
	control_setup(state);
	attach_error = detach_error = departed = reload_error = 0;
	reload_text = NULL;
	detach_users = (struct commands_users){0};
	cells = 1;
	commands = (struct commands){
		.report = &w->report,
		.calls = {on_attach, on_detach, on_cell_count, on_departed, on_reload, on_stop, w},
	};
	return 0;
}

/* The request is answered like this, and these calls were made. */
static void assert_answer(const char *request, const char *reply, const char *calls)
{
	json_t *object = json_loads(request, 0, NULL);

	assert_non_null(object);
	calls_forget();
	assert_json(commands_handle(object, &commands), reply);
	json_decref(object);
	assert_string_equal(calls_made(), calls);
}

/* What a line on standard input writes to standard output; the caller frees it. */
static char *type(const char *line)
{
	FILE *file = tmpfile();
	int former = dup(STDOUT_FILENO);
	char *copy = line ? strdup(line) : NULL, *text = calloc(1, 8192);

	assert_non_null(file);
	assert_non_null(text);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	commands_line(copy, &commands);
	dup2(former, STDOUT_FILENO); /* without a flush: the command has done that */
	close(former);
	rewind(file);
	assert_int_equal(fread(text, 1, 8191, file) < 8191, 1);
	fclose(file);
	free(copy);
	return text;
}

static void assert_typed(const char *line, const char *expected)
{
	char *text = type(line);

	assert_string_equal(text, expected);
	free(text);
}

static void assert_typed_begins(const char *line, const char *expected)
{
	char *text = type(line);

	text[strlen(expected)] = '\0';
	assert_string_equal(text, expected);
	free(text);
}

/* ---- requests and replies */

static void test_reports_are_results(void **state)
{
	(void)state;
	assert_answer("{\"command\": \"stations\", \"station\": \"10.10.5.77\"}",
		      "{\"ok\":true,\"result\":[]}", "");
	assert_answer("{\"command\": \"stations\", \"station\": \"10.10.8.8\"}",
		      "{\"ok\":true,\"result\":[{\"address\":\"10.10.8.8\","
		      "\"mac\":\"02:00:00:00:00:08\",\"state\":\"elsewhere\",\"cell\":\"\","
		      "\"parent\":\"cn8\",\"current\":\"cn8\",\"kind\":\"dynamic\","
		      "\"lease_end\":1750000000,\"epoch\":3,\"seq\":4,\"pending\":false,"
		      "\"damped\":false,\"silent\":false,\"heard_s\":null}]}", "");
	assert_answer("{\"command\": \"peers\"}",
		      "{\"ok\":true,\"result\":[{\"name\":\"cn8\",\"id\":8,"
		      "\"tunnel\":\"192.168.0.8\",\"type\":\"4IN4\",\"link\":\"down\","
		      "\"stations\":2,\"mtu\":1500,\"rx_packets\":0,\"rx_bytes\":0,"
		      "\"tx_packets\":0,"
		      "\"tx_bytes\":0,\"mtu_source\":\"route\"}]}", "");
	assert_answer("{\"command\": \"why\", \"station\": \"10.10.5.77\"}",
		      "{\"ok\":true,\"result\":{\"address\":\"10.10.5.77\",\"mac\":\"-\","
		      "\"record\":null,\"trail\":[],\"drops\":[],\"path\":["
		      "{\"part\":\"kernel\",\"name\":\"IPv4\",\"state\":\"up\",\"sent\":8,"
		      "\"received\":9,\"dropped\":1},{\"part\":\"backbone\",\"name\":\"eth0\","
		      "\"state\":\"gone\",\"sent\":0,\"received\":0,\"dropped\":0}],"
		      "\"counters\":[]}}", "");
}

static void test_all_stations_of_the_network_are_a_result(void **state)
{
	json_t *request = json_pack("{s:s}", "command", "stations");
	json_t *reply = commands_handle(request, &commands);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(reply, "result")), 4);
	json_decref(reply);
	json_decref(request);
}

static void test_status_is_a_result(void **state)
{
	json_t *request = json_pack("{s:s}", "command", "status");
	json_t *reply = commands_handle(request, &commands), *result;

	(void)state;
	assert_true(json_is_true(json_object_get(reply, "ok")));
	result = json_object_get(reply, "result");
	assert_string_equal(json_string_value(json_object_get(result, "network")), "net");
	json_decref(reply);
	json_decref(request);
}

static void test_a_why_needs_a_station(void **state)
{
	(void)state;
	assert_answer("{\"command\": \"why\"}",
		      "{\"ok\":false,\"error\":\"`station' is missing\"}", "");
	assert_answer("{\"command\": \"why\", \"station\": 7}",
		      "{\"ok\":false,\"error\":\"`station' is missing\"}", "");
	assert_answer("{\"command\": \"why\", \"station\": \"nonsense\"}",
		      "{\"ok\":false,\"error\":\"that is neither an IPv4 address nor a MAC\"}", "");
}

static void test_attach(void **state)
{
	(void)state;
	assert_answer("{\"command\": \"attach\", \"interface\": \"wlan1\"}",
		      "{\"ok\":true,\"result\":true}", "attach wlan1\n");
	assert_answer("{\"command\": \"attach\"}",
		      "{\"ok\":false,\"error\":\"`interface' is missing\"}", "");
	attach_error = -ENODEV;
	assert_answer("{\"command\": \"attach\", \"interface\": \"wlan1\"}",
		      "{\"ok\":false,\"error\":\"wlan1 cannot be a cell\"}", "attach wlan1\n");
}

#define DETACHED(ended, waits, users) \
	"{\"ok\":true,\"result\":{\"ended\":" ended ",\"waits\":" waits "," users "}}"
#define NOBODY(ended) DETACHED(ended, "false", "\"away\":0,\"guests\":0")

static void test_detach(void **state)
{
	(void)state;
	assert_answer("{\"command\": \"detach\", \"interface\": \"wlan0\"}",
		      NOBODY("false"), "detach wlan0\n");
	assert_answer("{\"command\": \"detach\"}",
		      "{\"ok\":false,\"error\":\"`interface' is missing\"}", "");
	assert_answer("{\"command\": \"detach\", \"all\": false}",
		      "{\"ok\":false,\"error\":\"`interface' is missing\"}", "");
	detach_error = -ENOENT;
	assert_answer("{\"command\": \"detach\", \"interface\": \"wlan1\"}",
		      "{\"ok\":false,\"error\":\"wlan1 is not a cell of this CN\"}",
		      "detach wlan1\n");
}

static void test_detach_says_whom_the_cell_waits_for(void **state)
{
	(void)state;
	detach_users = (struct commands_users){.away = 2, .guests = 1};
	assert_answer("{\"command\": \"detach\", \"interface\": \"wlan0\"}",
		      DETACHED("false", "true", "\"away\":2,\"guests\":1"), "detach wlan0\n");
	detach_users.away = 0;
	assert_answer("{\"command\": \"detach\", \"interface\": \"wlan0\", \"now\": false}",
		      DETACHED("false", "true", "\"away\":0,\"guests\":1"), "detach wlan0\n");
}

static void test_detach_now_says_whom_it_cuts(void **state)
{
	(void)state;
	detach_users = (struct commands_users){.away = 2, .guests = 1};
	assert_answer("{\"command\": \"detach\", \"interface\": \"wlan0\", \"now\": true}",
		      DETACHED("false", "false", "\"away\":2,\"guests\":1"), "detach wlan0 now\n");
	assert_answer("{\"command\": \"detach\", \"all\": true}",
		      DETACHED("true", "false", "\"away\":2,\"guests\":1"),
		      "detach all now\nstop 1\n");
}

static void test_without_a_cell_the_agent_ends(void **state)
{
	(void)state;
	cells = 0;
	assert_answer("{\"command\": \"detach\", \"interface\": \"wlan0\"}",
		      NOBODY("true"), "detach wlan0\nstop 1\n");
	cells = 3;
	assert_answer("{\"command\": \"detach\", \"all\": true}",
		      NOBODY("true"), "detach all now\nstop 1\n");
}

static void test_departed(void **state)
{
	(void)state;
	departed = 2;
	assert_answer("{\"command\": \"departed\", \"mac\": \"02:00:00:00:00:09\"}",
		      "{\"ok\":true,\"result\":2}", "departed 9\n");
	departed = 0; /* it is in no cell here */
	assert_answer("{\"command\": \"departed\", \"mac\": \"02-00-00-00-00-09\"}",
		      "{\"ok\":true,\"result\":0}", "departed 9\n");
	departed = -ENOENT;
	assert_answer("{\"command\": \"departed\", \"mac\": \"02:00:00:00:00:99\"}",
		      "{\"ok\":false,\"error\":\"no station with that MAC is known\"}",
		      "departed 153\n");
	assert_answer("{\"command\": \"departed\"}",
		      "{\"ok\":false,\"error\":\"`mac' is missing\"}", "");
	assert_answer("{\"command\": \"departed\", \"mac\": \"10.10.5.9\"}",
		      "{\"ok\":false,\"error\":\"that is no MAC\"}", "");
}

static void test_reload(void **state)
{
	(void)state;
	assert_answer("{\"command\": \"reload\"}",
		      "{\"ok\":true,\"result\":{\"restart\":[\"port\"],\"awaited\":[]}}",
		      "reload\n");
	reload_error = -EINVAL;
	reload_text = "rc:7: no such directive: mtr";
	assert_answer("{\"command\": \"reload\"}",
		      "{\"ok\":false,\"error\":\"rc:7: no such directive: mtr\"}", "reload\n");
	reload_text = NULL;
	assert_answer("{\"command\": \"reload\"}", "{\"ok\":false,\"error\":\"no memory\"}",
		      "reload\n");
}

static void test_other_requests_are_refused(void **state)
{
	(void)state;
	assert_answer("{\"command\": \"nonsense\"}",
		      "{\"ok\":false,\"error\":\"no such command\"}", "");
	assert_answer("{\"command\": \"statu\"}",
		      "{\"ok\":false,\"error\":\"no such command\"}", "");
	assert_answer("{\"command\": 1}", "{\"ok\":false,\"error\":\"`command' is missing\"}", "");
	assert_answer("{}", "{\"ok\":false,\"error\":\"`command' is missing\"}", "");
}

/* ---- standard input */

static void test_a_typed_report_is_text(void **state)
{
	(void)state;
	assert_typed("stations nonsense", "no station is known\n");
	assert_typed_begins("why 10.10.5.77",
			    "address 10.10.5.77, MAC -: not registered\n\ntrail\n"
			    "  nothing is remembered\n\npackets dropped lately\n"
			    "  none by TMip's programs\n\nits way through this CN");
	assert_typed_begins("status", "network   net\nCN        cn5, number 5, tunnels from 192");
	assert_typed_begins("peers", "NAME  ID  TUNNEL");
}

static void test_spaces_separate_the_words_of_a_line(void **state)
{
	(void)state;
	assert_typed(" \t stations \t 10.10.5.77 more \r", "no station is known\n");
	assert_typed("", "");
	assert_typed(" \t\r", "");
}

static void test_a_typed_command_is_done(void **state)
{
	(void)state;
	assert_typed("attach wlan1", "done\n");
	assert_typed("departed 02:00:00:00:00:09", "done\n");
	assert_typed("reload", "done\n");
	assert_string_equal(calls_made(), "attach wlan1\ndeparted 9\nreload\n");
}

static void test_a_typed_command_may_fail(void **state)
{
	(void)state;
	assert_typed("attach", "`interface' is missing\n");
	assert_typed("why", "`station' is missing\n");
	assert_typed("why nonsense", "that is neither an IPv4 address nor a MAC\n");
	assert_typed("departed", "`mac' is missing\n");
	assert_typed("nonsense", "no such command\n");
	attach_error = -ENODEV;
	assert_typed("attach wlan1", "wlan1 cannot be a cell\n");
}

static void test_debug_sets_the_level(void **state)
{
	(void)state;
	assert_typed("debug 4", "log level 4\n");
	assert_int_equal(log_get_level(), LOG_LEVEL_TRACE);
	assert_typed("debug 0", "log level 0\n");
	assert_int_equal(log_get_level(), LOG_LEVEL_ERROR);
}

static void test_debug_takes_only_a_level(void **state)
{
	static const char *const lines[] = {"debug", "debug 5", "debug -1", "debug 2x", "debug x"};

	(void)state;
	log_set_level(LOG_LEVEL_INFO);
	for (int i = 0; i < 5; i++) {
		assert_typed(lines[i], "debug takes a level from 0 (errors) to 4 (every event)\n");
		assert_int_equal(log_get_level(), LOG_LEVEL_INFO);
	}
}

static void test_help_names_every_command(void **state)
{
	static const char *const names[] = {"debug N", "status", "stations", "peers", "why",
					    "attach", "detach", "departed", "reload"};
	char *text = type("help");

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(text, names[i]));
	free(text);
}

static void test_the_end_of_input_ends_the_agent_and_forwarding_goes_on(void **state)
{
	(void)state;
	assert_typed(NULL, "");
	assert_string_equal(calls_made(), "stop 0\n");
	assert_int_equal(fake_log_count(LOG_LEVEL_INFO, "end of input"), 1);
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, control_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_reports_are_results),
		CASE(test_all_stations_of_the_network_are_a_result),
		CASE(test_status_is_a_result),
		CASE(test_a_why_needs_a_station),
		CASE(test_attach),
		CASE(test_detach),
		CASE(test_detach_says_whom_the_cell_waits_for),
		CASE(test_detach_now_says_whom_it_cuts),
		CASE(test_without_a_cell_the_agent_ends),
		CASE(test_departed),
		CASE(test_reload),
		CASE(test_other_requests_are_refused),
		CASE(test_a_typed_report_is_text),
		CASE(test_spaces_separate_the_words_of_a_line),
		CASE(test_a_typed_command_is_done),
		CASE(test_a_typed_command_may_fail),
		CASE(test_debug_sets_the_level),
		CASE(test_debug_takes_only_a_level),
		CASE(test_help_names_every_command),
		CASE(test_the_end_of_input_ends_the_agent_and_forwarding_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
