/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: subcommands, options, help. See cli.h. start.c starts an agent, options.c asks
 * a running one.
 */
#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <tmip/types.h>

#include "core/mlrp/mlrp.h"
#include "evaluate.h"
#include "io/process/control.h"
#include "options.h"
#include "show.h"
#include "start.h"

struct command {
	const char *name;
	const char *arguments;
	const char *options; /* letters of getopt; s, j, a, w: --socket, --json, --all, --now */
	int min, max;        /* the number of its arguments */
	int (*run)(const struct cli_options *options);
	const char *blurb;
};

static int run_help(const struct cli_options *options);
static int run_version(const struct cli_options *options);
static int run_detach(const struct cli_options *options);
static int run_reload(const struct cli_options *options);
static int run_departed(const struct cli_options *options);
static int run_evaluate(const struct cli_options *options);

static const struct command COMMANDS[] = {
	{"attach", "INTERFACE", "fnsj", 1, 1, start_attach,
	 "make INTERFACE a cell; starts the agent if none runs"},
	{"detach", "INTERFACE|--all", "fnsawj", 0, 1, run_detach,
	 "take a cell away again; the last one ends the agent and leaves nothing behind"},
	{"run", "", "fF", 0, 0, start_run, "start the agent with the cells of the configuration"},
	{"stations", "[ADDRESS|MAC]", "fnsj", 0, 1, show_stations, "stations and where they are"},
	{"peers", "", "fnsj", 0, 0, show_peers, "the other CNs and the tunnels to them"},
	{"status", "", "fnsj", 0, 0, show_status, "the state of this CN"},
	{"why", "ADDRESS|MAC", "fnsj", 1, 1, show_why,
	 "the trail of a station: seen, registered, handovers, drops"},
	{"evaluate", "", "fj", 0, 0, run_evaluate,
	 "check the network: kernel, interfaces, register, CNs, tunnels"},
	{"departed", "MAC", "fnsj", 1, 1, run_departed,
	 "tell the agent that a station has left its cell, as the link layer knows"},
	{"reload", "", "fnsj", 0, 0, run_reload, "make the agent read its configuration again"},
	{"help", "", "", 0, 1, run_help, "this text"},
	{"version", "", "", 0, 0, run_version, "the version"},
};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

static void print_help(FILE *to)
{
	fprintf(to, "usage: tmip-agent COMMAND [OPTIONS]\n\ncommands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char left[40];

		snprintf(left, sizeof(left), "%s %s", COMMANDS[i].name, COMMANDS[i].arguments);
		fprintf(to, "  %-25s %s\n", left, COMMANDS[i].blurb);
	}
	fprintf(to, "\noptions:\n"
		    "  -f FILE         configuration, default " OPTIONS_DEFAULT_CONFIG "\n"
		    "  -n NETWORK      the agent of that network (where several run)\n"
		    "  --socket PATH   the agent with that control socket\n"
		    "  --json          print JSON\n"
		    "  -F              run: stay in the foreground, log to the screen, take "
		    "commands from standard input\n"
		    "  --all           detach: all cells, at once\n"
		    "  --now           detach: at once; stations that need the cell are cut\n"
		    "  -h, --help      help\n"
		    "\nSee tmip-agent(8) and tmipd.rc(5).\n");
}

static void print_command_help(FILE *to, const struct command *command)
{
	static const char *const words[][2] = {
		{"f", "[-f FILE]"}, {"n", "[-n NETWORK]"}, {"s", "[--socket PATH]"},
		{"j", "[--json]"}, {"F", "[-F]"}, {"w", "[--now]"},
	};

	fprintf(to, "usage: tmip-agent %s", command->name);
	if (*command->arguments)
		fprintf(to, " %s", command->arguments);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(command->options, words[i][0]))
			fprintf(to, " %s", words[i][1]);
	fprintf(to, "\n%s\n", command->blurb);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(COMMANDS[i].name, name) == 0)
			return &COMMANDS[i];
	return NULL;
}

static int usage_error(const struct command *command)
{
	if (command)
		print_command_help(stderr, command);
	else
		fprintf(stderr, "`tmip-agent help' lists the commands\n");
	return TERMINAL_USAGE;
}

static int run_help(const struct cli_options *options)
{
	const struct command *command = options->count ? find_command(options->args[0]) : NULL;

	if (options->count && !command) {
		terminal_fail("no command `%s'", options->args[0]);
		return usage_error(NULL);
	}
	if (command)
		print_command_help(stdout, command);
	else
		print_help(stdout);
	return TERMINAL_OK;
}

static int run_version(const struct cli_options *options)
{
	(void)options;
	printf("%s %s (maps layout %d, MLRP %d)\n", program_invocation_short_name, TMIP_VERSION,
	       TMIP_LAYOUT_VERSION, MLRP_VERSION_MAX);
	return TERMINAL_OK;
}

static int run_evaluate(const struct cli_options *options)
{
	return evaluate_run(options_config_path(options), options->json);
}

static int run_reload(const struct cli_options *options)
{
	json_t *request = json_pack("{s:s}", "command", "reload"), *result = NULL;
	int status = options_ask_agent(options, request, &result);

	return status == TERMINAL_OK ? terminal_print_reload(result, options->json) : status;
}

static int run_departed(const struct cli_options *options)
{
	json_t *request = json_pack("{s:s, s:s}", "command", "departed", "mac", options->args[0]);
	json_t *result = NULL;
	int status = options_ask_agent(options, request, &result);

	if (status == TERMINAL_OK && options->json)
		return terminal_print_json(result);
	if (status == TERMINAL_OK && !json_integer_value(result))
		printf("it was in no cell of this CN, or was known to have left\n");
	json_decref(result);
	return status;
}

/* The agent has answered that it ends: waits until nobody listens at its socket. */
static int wait_for_end(const struct cli_options *options)
{
	char path[CONFIG_PATH_LEN];

	if (!options_find_socket(options, path) || control_wait_end(path, TERMINAL_TIMEOUT_MS) < 0)
		return terminal_fail("the agent was told to end, and has not done so yet");
	return TERMINAL_OK;
}

/* Says whom the cell waits for, or who was cut. */
static void print_users(const struct cli_options *options, const json_t *result)
{
	long long away = json_integer_value(json_object_get(result, "away"));
	long long guests = json_integer_value(json_object_get(result, "guests"));

	if (!away && !guests)
		return;
	if (json_is_true(json_object_get(result, "waits")))
		printf("%s serves nobody new, and leaves when nobody needs it any more. Now: "
		       "%lld of its stations elsewhere, %lld guests in it.\n"
		       "`tmip-agent detach --now %s' cuts them.\n",
		       options->args[0], away, guests, options->args[0]);
	else
		printf("cut: %lld stations elsewhere, %lld guests\n", away, guests);
}

static int run_detach(const struct cli_options *options)
{
	json_t *request, *result = NULL;
	int status;

	if (options->all == (options->count == 1)) /* both, or neither */
		return usage_error(find_command("detach"));
	status = start_detach_without_agent(options);
	if (status >= 0)
		return status;
	if (options->all)
		request = json_pack("{s:s, s:b}", "command", "detach", "all", 1);
	else
		request = json_pack("{s:s, s:s, s:b}", "command", "detach",
				    "interface", options->args[0], "now", options->now);
	status = options_ask_agent(options, request, &result);
	if (status == TERMINAL_OK && !options->json)
		print_users(options, result);
	if (status == TERMINAL_OK && options->json)
		terminal_print_json(json_incref(result));
	if (status == TERMINAL_OK && json_is_true(json_object_get(result, "ended")))
		status = wait_for_end(options);
	json_decref(result);
	return status;
}

static bool check_count(const struct command *command, int count)
{
	if (count >= command->min && count <= command->max)
		return true;
	terminal_fail("`%s' takes %s arguments", command->name,
		      count < command->min ? "more" : "fewer");
	return false;
}

/* Parses what follows the subcommand. 0; 1: help, now printed; -1: wrong, as stderr says. */
static int parse_options(const struct command *command, int argc, char **argv,
			 struct cli_options *options)
{
	static const struct option longs[] = {
		{"file", required_argument, NULL, 'f'},
		{"network", required_argument, NULL, 'n'},
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"foreground", no_argument, NULL, 'F'},
		{"all", no_argument, NULL, 'a'},
		{"now", no_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "f:n:Fh", longs, NULL)) != -1) {
		if (c == 'h') {
			print_command_help(stdout, command);
			return 1;
		}
		if (c == '?')
			return -1;
		if (!strchr(command->options, c)) {
			terminal_fail("`%s' does not take %s", command->name, argv[optind - 1]);
			return -1;
		}
		switch (c) {
		case 'f': options->config = optarg; break;
		case 'n': options->network = optarg; break;
		case 's': options->socket = optarg; break;
		case 'j': options->json = true; break;
		case 'F': options->foreground = true; break;
		case 'a': options->all = true; break;
		case 'w': options->now = true; break;
		}
	}
	options->count = argc - optind;
	options->args = argv + optind;
	return check_count(command, options->count) ? 0 : -1;
}

int cli_main(int argc, char **argv)
{
	struct cli_options options = {0};
	const struct command *command;
	const char *word = argc > 1 ? argv[1] : "";
	int parsed;

	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		word = "help";
	else if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0)
		word = "version";
	command = find_command(word);
	if (!command) {
		if (*word)
			terminal_fail("no command `%s'", word);
		else
			print_help(stderr);
		return *word ? usage_error(NULL) : TERMINAL_USAGE;
	}
	argv[1] = argv[0]; /* getopt's messages begin with the name of the program */
	parsed = parse_options(command, argc - 1, argv + 1, &options);
	if (parsed < 0)
		return usage_error(command);
	return parsed ? TERMINAL_OK : command->run(&options);
}

static void print_tmipd_help(FILE *to)
{
	fprintf(to, "usage: tmipd -f FILE [-F | -E] [-V] [-h]\n"
		    "  -f FILE   configuration, default " OPTIONS_DEFAULT_CONFIG "\n"
		    "  -F        stay in the foreground, log to the screen, take commands from "
		    "standard input\n"
		    "  -E        evaluate the network: kernel, interfaces, register, CNs, tunnels; "
		    "then exit\n"
		    "  -V        the version\n"
		    "  -h        this text\n"
		    "\nThe command tmip-agent does the same and more: see tmip-agent(8) and "
		    "tmipd.rc(5).\n");
}

int cli_tmipd(int argc, char **argv)
{
	struct cli_options options = {0};
	bool evaluate = false;
	int c;

	while ((c = getopt(argc, argv, "f:FEVh")) != -1) {
		switch (c) {
		case 'f': options.config = optarg; break;
		case 'F': options.foreground = true; break;
		case 'E': evaluate = true; break;
		case 'V': return run_version(&options);
		case 'h': print_tmipd_help(stdout); return TERMINAL_OK;
		default: print_tmipd_help(stderr); return TERMINAL_USAGE;
		}
	}
	if (optind < argc || (evaluate && options.foreground)) {
		if (optind < argc)
			terminal_fail("unexpected word `%s'", argv[optind]);
		print_tmipd_help(stderr);
		return TERMINAL_USAGE;
	}
	return evaluate ? run_evaluate(&options) : start_run(&options);
}
