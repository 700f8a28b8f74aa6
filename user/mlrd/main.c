/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mlrd: the options of 2003 start the register; a first word that is a command asks the running
 * one. Exit status: 0, 1 for what failed, 2 for a wrong command line.
 */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mlrp/mlrp.h"
#include "io/process/console.h"
#include "io/process/daemon.h"
#include "io/process/file.h"
#include "io/process/log.h"
#include "io/process/terminal.h"
#include "server.h"
#include "show.h"

#define DEFAULT_CONFIG "/etc/tmip/mlrd.rc"

struct options {
	const char *config;
	const char *socket;
	bool json, foreground, all, force;
	const char *argument; /* of the command, or NULL */
	const char *to;       /* its second one, or NULL */
};

struct command {
	const char *name;
	const char *argument;  /* what it is called in help; NULL: none */
	const char *key;       /* and in the request */
	bool required;
	const char *letters;   /* options beside f and s: j(son) a(ll) o(force) */
	void (*show)(json_t *result, FILE *to);
	const char *blurb;
	const char *to;        /* what a second argument is called, which is required; or NULL */
};

static const struct command COMMANDS[] = {
	{"stations", "ADDRESS|MAC", "station", false, "ja", show_stations,
	 "stations and where they are", NULL},
	{"cns", NULL, NULL, false, "j", show_cns, "the CNs, their connections and pools", NULL},
	{"status", NULL, NULL, false, "j", show_status, "the state of the register",
	 NULL},
	{"reload", NULL, NULL, false, "j", NULL, "make the register read its configuration again",
	 NULL},
	{"forget-cn", "NAME", "cn", true, "jo", show_forgotten,
	 "forget a CN that is gone for good", NULL},
	{"rename-cn", "NAME", "cn", true, "j", show_renamed, "give a CN another name", "NEW"},
	{"move-subnet", "SUBNET", "subnet", true, "j", show_moved,
	 "let another CN take over a subnet", "CN"},
	{"free", "ADDRESS", "address", true, "j", NULL, "free the address of a station",
	 NULL},
	{"clear", "ADDRESS|MAC", "station", true, "j", NULL,
	 "let a station that is damped move again", NULL},
};
#define COMMAND_COUNT (sizeof(COMMANDS) / sizeof(COMMANDS[0]))

static int print_help(FILE *to)
{
	fprintf(to, "usage: mlrd [-f FILE] [-F]           start the register\n"
		    "       mlrd COMMAND [-f FILE] ...    ask the running register\n\ncommands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command *command = &COMMANDS[i];
		char left[40];

		snprintf(left, sizeof(left),
			 command->to ? "%s %s %s" : command->required ? "%s %s" :
			 command->argument ? "%s [%s]" : "%s",
			 command->name, command->argument, command->to);
		fprintf(to, "  %-25s %s\n", left, command->blurb);
	}
	fprintf(to, "\noptions:\n"
		    "  -f FILE         configuration, default " DEFAULT_CONFIG "\n"
		    "  -F              stay in the foreground, log to the screen, "
		    "take commands from standard input\n"
		    "  --socket PATH   the register with that control socket\n"
		    "  --json          print JSON (all commands)\n"
		    "  --all           stations: addresses that are free again, too\n"
		    "  --force         forget-cn: free the addresses of its stations; "
		    "without it, the command says what it would cut\n"
		    "  -V, -h          the version; this text\n"
		    "\nSee mlrd(8) and mlrd.rc(5).\n");
	return to == stdout ? TERMINAL_OK : TERMINAL_USAGE;
}

static bool load(const char *path, struct mlrd_config *config)
{
	char errors[CONFIG_ERRORS], *text = NULL;
	size_t len;
	int error = file_read(path, &text, &len);

	if (error) {
		terminal_fail("configuration %s: %s", path, strerror(-error));
		return false;
	}
	error = mlrd_config_read(config, path, text, len, errors);
	free(text);
	if (error)
		fputs(errors, stderr);
	return error == 0;
}

/* ---- asking */

static json_t *make_request(const struct command *command, const struct options *options)
{
	json_t *request = json_pack("{s:s}", "command", command->name);

	if (options->argument)
		json_object_set_new(request, command->key, json_string(options->argument));
	if (options->to)
		json_object_set_new(request, "to", json_string(options->to));
	if (options->all)
		json_object_set_new(request, "all", json_true());
	if (options->force)
		json_object_set_new(request, "force", json_true());
	return request;
}

static int ask(const struct command *command, const struct options *options)
{
	char socket[CONFIG_PATH_LEN];
	struct mlrd_config config;
	json_t *result = NULL;
	int status;

	if (options->socket) {
		snprintf(socket, sizeof(socket), "%s", options->socket);
	} else {
		if (!load(options->config, &config))
			return TERMINAL_FAILED;
		mlrd_config_socket(&config, socket);
		mlrd_config_free(&config);
	}
	status = terminal_ask("register", socket, make_request(command, options), &result);
	if (status != TERMINAL_OK)
		return status;
	if (json_object_get(result, "restart"))
		return terminal_print_reload(result, options->json);
	if (options->json)
		return terminal_print_json(result);
	if (command->show)
		command->show(result, stdout);
	json_decref(result);
	return TERMINAL_OK;
}

/* ---- starting */

static int start(const struct options *options)
{
	struct mlrd_config config;
	const char *log_file;
	char absolute[PATH_MAX];
	bool commands;
	int error;

	if (!load(options->config, &config))
		return TERMINAL_FAILED;
	config.foreground |= options->foreground;
	log_file = config.log && config.log_file[0] ? config.log_file : NULL;
	commands = config.foreground && console_is_there();
	signal(SIGPIPE, SIG_IGN);
	log_set_level((int)config.debug);
	error = log_open(log_file, config.foreground);
	if (error) {
		terminal_fail("log_file %s: %s", log_file, strerror(-error));
		mlrd_config_free(&config);
		return TERMINAL_FAILED;
	}
	if (!realpath(options->config, absolute))
		snprintf(absolute, sizeof(absolute), "%s", options->config);
	error = config.foreground ? 0 : daemon_begin();
	if (error)
		return terminal_fail("cannot become a daemon: %s", strerror(-error));
	return server_run(&config, absolute, commands);
}

/* ---- the command line */

static const struct command *find_command(const char *word)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(COMMANDS[i].name, word) == 0)
			return &COMMANDS[i];
	return NULL;
}

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, const char *letters, struct options *options)
{
	static const struct option longs[] = {
		{"file", required_argument, NULL, 'f'},
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"all", no_argument, NULL, 'a'},
		{"force", no_argument, NULL, 'o'},
		{"foreground", no_argument, NULL, 'F'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "f:FVh", longs, NULL)) != -1) {
		if (c == 'h')
			return print_help(stdout);
		if (c == 'V') {
			printf("mlrd %s (MLRP %d, database layout %d)\n", TMIP_VERSION,
			       MLRP_VERSION_MAX, STORE_LAYOUT);
			return TERMINAL_OK;
		}
		if (c != '?' && !strchr(letters, c))
			terminal_fail("%s is not for this", argv[optind - 1]);
		if (c == '?' || !strchr(letters, c))
			return print_help(stderr);
		switch (c) {
		case 'f': options->config = optarg; break;
		case 's': options->socket = optarg; break;
		case 'j': options->json = true; break;
		case 'a': options->all = true; break;
		case 'o': options->force = true; break;
		case 'F': options->foreground = true; break;
		}
	}
	return -1;
}

/* What the command lacks; NULL: nothing. */
static const char *missing(const struct command *command, const struct options *options)
{
	if (!command || !command->required)
		return NULL;
	if (!options->argument)
		return command->argument;
	return command->to && !options->to ? command->to : NULL;
}

int main(int argc, char **argv)
{
	struct options options = {.config = DEFAULT_CONFIG};
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
	char letters[16] = "fF";
	int status;

	if (command) {
		argv[1] = argv[0]; /* getopt names the program, not the command */
		argc--;
		argv++;
		snprintf(letters, sizeof(letters), "fs%s", command->letters);
	}
	status = read_options(argc, argv, letters, &options);
	if (status >= 0)
		return status;
	if (command && command->argument && optind < argc)
		options.argument = argv[optind++];
	if (command && command->to && optind < argc)
		options.to = argv[optind++];
	if (!command && optind < argc && find_command(argv[optind])) {
		terminal_fail("the command comes first: mlrd %s -f FILE", argv[optind]);
		return TERMINAL_USAGE;
	}
	if (optind < argc)
		terminal_fail(command ? "unexpected word `%s'" : "no command `%s'", argv[optind]);
	else if (missing(command, &options))
		terminal_fail("%s whom? %s is missing", command->name, missing(command, &options));
	if (optind < argc || missing(command, &options))
		return print_help(stderr);
	return command ? ask(command, &options) : start(&options);
}
