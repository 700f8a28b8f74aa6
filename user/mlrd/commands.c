/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands to the running register: over the control socket as JSON, or on standard input (-F). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/process/log.h"
#include "report.h"
#include "server.h"
#include "show.h"

static json_t *good(json_t *result)
{
	return json_pack("{s:b, s:o}", "ok", 1, "result", result ? result : json_null());
}

static json_t *bad(const char *text)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", text);
}

static const char *member(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

/* ---- reports */

static json_t *handle_status(struct server *server, json_t *request)
{
	(void)request;
	return good(report_status(server));
}

static json_t *handle_cns(struct server *server, json_t *request)
{
	(void)request;
	return good(report_cns(server));
}

static json_t *handle_stations(struct server *server, json_t *request)
{
	bool all = json_is_true(json_object_get(request, "all"));
	size_t left_out;
	json_t *list = report_stations(server, member(request, "station"), all, &left_out);

	if (!list)
		return bad("that is neither an IPv4 address nor a MAC");
	return json_pack("{s:b, s:o, s:I}", "ok", 1, "result", list, "left_out",
			 (json_int_t)left_out);
}

/* ---- management */

static json_t *handle_reload(struct server *server, json_t *request)
{
	char errors[CONFIG_ERRORS];
	json_t *result = NULL;

	(void)request;
	return server_reload(server, &result, errors) ? bad(errors) : good(result);
}

static json_t *handle_forget(struct server *server, json_t *request)
{
	const char *name = member(request, "cn");
	bool force = json_is_true(json_object_get(request, "force"));
	struct registry_cut cut;
	char why[256];
	int error;

	if (!name)
		return bad("which CN?");
	server->changed = true;
	error = registry_forget_cn(server->registry, name, force, &cut, why, sizeof(why));
	return error ? bad(why) : good(report_cut(&cut, name, NULL));
}

static json_t *handle_rename(struct server *server, json_t *request)
{
	const char *name = member(request, "cn"), *to = member(request, "to");
	char why[160];

	if (!name || !to)
		return bad("which CN, and what is it to be called?");
	server->changed = true;
	if (registry_rename_cn(server->registry, name, to, why, sizeof(why)))
		return bad(why);
	return good(json_pack("{s:s, s:s}", "cn", name, "to", to));
}

/* "10.1.0.0/24"; the bits behind the prefix do not count. */
static bool parse_subnet(const char *text, struct prefix *subnet)
{
	char addr[ADDR_STRLEN], *end;
	const char *slash = strchr(text, '/');
	unsigned long len = slash && slash[1] >= '0' && slash[1] <= '9' ?
				    strtoul(slash + 1, &end, 10) : 33;

	if (len > 32 || *end || (size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (addr_parse(addr, &subnet->addr) < 0 || !addr_is_ipv4(&subnet->addr))
		return false;
	subnet->len = (uint8_t)len;
	subnet->addr = addr_from_ipv4(addr_to_ipv4(&subnet->addr) & prefix_mask(subnet->len));
	return true;
}

static json_t *handle_move(struct server *server, json_t *request)
{
	const char *text = member(request, "subnet"), *to = member(request, "to");
	char from[NAME_LEN], why[160];
	struct registry_cut cut;
	struct prefix subnet;
	json_t *result;

	if (!text || !to || !parse_subnet(text, &subnet))
		return bad("which subnet (like 10.1.0.0/24), and to which CN?");
	server->changed = true;
	if (registry_move_subnet(server->registry, &subnet, to, &cut, from, why, sizeof(why)))
		return bad(why);
	result = report_cut(&cut, from, to);
	json_object_set_new(result, "subnet", json_string(text));
	return good(result);
}

static json_t *handle_free(struct server *server, json_t *request)
{
	const char *text = member(request, "address");
	struct tmip_addr addr;

	if (!text || addr_parse(text, &addr) < 0)
		return bad("that is not an IPv4 address");
	server->changed = true;
	if (registry_free_address(server->registry, &addr))
		return bad("no station has this address");
	return good(NULL);
}

static json_t *handle_clear(struct server *server, json_t *request)
{
	const char *text = member(request, "station");
	struct tmip_addr addr;
	struct tmip_mac mac;
	bool by_mac = text && mac_parse(text, &mac) == 0;

	if (!text || (!by_mac && addr_parse(text, &addr) < 0))
		return bad("that is neither an IPv4 address nor a MAC");
	server->changed = true;
	if (registry_clear_damped(server->registry, by_mac ? &mac : NULL, &addr))
		return bad("no such station is damped");
	return good(NULL);
}

static const struct {
	const char *name;
	json_t *(*handle)(struct server *server, json_t *request);
	void (*show)(json_t *result, FILE *to); /* on standard input, too */
} COMMANDS[] = {
	{"status", handle_status, show_status},
	{"stations", handle_stations, show_stations},
	{"cns", handle_cns, show_cns},
	{"reload", handle_reload, NULL},
	{"forget-cn", handle_forget, NULL},
	{"rename-cn", handle_rename, NULL},
	{"move-subnet", handle_move, NULL},
	{"free", handle_free, NULL},
	{"clear", handle_clear, NULL},
};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

json_t *commands_handle(json_t *request, void *arg)
{
	const char *name = member(request, "command");

	for (size_t i = 0; name && i < COMMAND_COUNT; i++)
		if (strcmp(COMMANDS[i].name, name) == 0)
			return COMMANDS[i].handle(arg, request);
	return bad("no such command");
}

/* ---- standard input */

static void set_debug(const char *text)
{
	char *end;
	long level = strtol(text, &end, 10);

	if (end == text || *end || level < 0 || level > LOG_LEVEL_TRACE) {
		printf("debug 0 ... 4\n");
		return;
	}
	log_set_level((int)level);
	printf("log level %ld\n", level);
}

static void run_command(struct server *server, const char *name)
{
	json_t *reply;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!COMMANDS[i].show || strcmp(COMMANDS[i].name, name) != 0)
			continue;
		reply = COMMANDS[i].handle(server, NULL);
		COMMANDS[i].show(json_object_get(reply, "result"), stdout);
		json_decref(reply);
		return;
	}
	if (strcmp(name, "help") != 0)
		printf("no command `%s'\n", name);
	puts("debug N   log level, 0 errors to 4 everything\n"
	     "status    the state of the register\n"
	     "stations  stations and where they are\n"
	     "cns       the CNs and their pools\n"
	     "help      this text\n"
	     "The end of input (Ctrl-D) ends the program.");
}

void commands_console(char *line, void *arg)
{
	struct server *server = arg;
	char *rest = line, *word = line ? strsep(&rest, " \t\r") : NULL;

	if (!line) {
		log_info("end of input: mlrd ends");
		server_stop(server);
		return;
	}
	if (strcmp(word, "debug") == 0)
		set_debug(rest ? rest : "");
	else if (*word)
		run_command(server, word);
	fflush(stdout);
}
