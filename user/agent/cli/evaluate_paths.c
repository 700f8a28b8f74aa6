/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The evaluation of the paths of the configuration: can the agent use its files, folders and
 * sockets, and those of hostapds? See evaluation.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "evaluation.h"
#include "io/process/usable.h"

#define ADVICE_SIZE 64

/* error: 0 or -errno. */
static void judge(struct evaluation *e, const char *directive, const char *path, int error)
{
	char advice[ADVICE_SIZE];

	snprintf(advice, sizeof(advice), "correct %s, or make room for it there", directive);
	if (error)
		evaluation_fail(e, "path", directive, advice, "%s: %s", path, strerror(-error));
	else
		evaluation_pass(e, "path", directive, "%s", path);
}

/*
 * Does the error come from the path's folder, which the agent makes before it uses the path? Then
 * it is told of the folder.
 */
static bool is_of_folder(const struct agent_config *config, const char *path, int error)
{
	const char *const folders[] = {config->run_dir, config->state_dir};
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (error != -ENOENT && error != -ENOTDIR && error != -EROFS && error != -EACCES &&
	    error != -ENOSPC)
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (strncmp(folders[i], path, len) == 0 &&
		    (folders[i][len] == '\0' || folders[i][len] == '/'))
			return true;
	return false;
}

/* ---- files and folders of the agent */

static void check_run_dir(struct evaluation *e)
{
	const struct agent_config *config = &e->config;
	const char *advice = "end the agent that has it (its number is in the file)";
	char path[CONFIG_PATH_LEN + NAME_LEN + 8];
	bool held = false;
	int error = usable_dir(config->run_dir);

	snprintf(path, sizeof(path), "%s/%s.pid", config->run_dir, config->network_name);
	if (!error)
		error = usable_pidfile(path, &held);
	if (held && !e->agent)
		evaluation_fail(e, "path", "run_dir", advice,
				"%s: a process has it, but does not answer", path);
	else
		judge(e, "run_dir", error ? path : config->run_dir, error);
}

static void check_socket(struct evaluation *e)
{
	char path[CONFIG_PATH_LEN];
	int error;

	agent_config_socket(&e->config, path);
	error = usable_socket(path);
	if ((error == -EADDRINUSE && e->agent) || is_of_folder(&e->config, path, error))
		error = 0;
	judge(e, "control_socket", path, error);
}

static void check_files(struct evaluation *e)
{
	const struct agent_config *config = &e->config;
	int error;

	if (config->log && config->log_file[0])
		judge(e, "log_file", config->log_file, usable_log(config->log_file));
	if (!config->status_file[0])
		return;
	error = usable_file(config->status_file);
	if (is_of_folder(config, config->status_file, error))
		error = 0;
	judge(e, "status_file", config->status_file, error);
}

/* ---- hostapds */

static bool is_other_file(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && !S_ISSOCK(info.st_mode);
}

/* The agent's own socket for the talk. */
static bool has_long_path(const struct agent_config *config, const struct config_hostapd *hostapd)
{
	char own[CONFIG_HOSTAPD_OWN];

	agent_config_hostapd_socket(config, hostapd, own);
	return strlen(own) >= CONFIG_SOCKET_LEN;
}

/* A missing hostapd is no failure: it may start later, and the agent serves stations without it. */
static void check_hostapd(struct evaluation *e, const struct config_hostapd *hostapd)
{
	const char *advice = "correct the path, which is a socket below hostapd's ctrl_interface";
	const char *name = hostapd->interface, *path = hostapd->socket;
	int error = is_other_file(path) ? -ENOTSOCK : usable_connect(path, SOCK_DGRAM);

	if (has_long_path(&e->config, hostapd))
		evaluation_fail(e, "hostapd", name, "choose a shorter run_dir",
				"the path of the agent's own socket in run_dir is too long");
	else if (!error)
		evaluation_pass(e, "hostapd", name, "%s: there", path);
	else if (error == -ENOENT || error == -ECONNREFUSED)
		evaluation_pass(e, "hostapd", name, "%s: %s; not used before it is there", path,
				strerror(-error));
	else
		evaluation_fail(e, "hostapd", name, advice, "%s: %s", path, strerror(-error));
}

void evaluate_paths(struct evaluation *evaluation)
{
	const struct agent_config *config = &evaluation->config;

	check_run_dir(evaluation);
	check_socket(evaluation);
	judge(evaluation, "state_dir", config->state_dir, usable_dir(config->state_dir));
	check_files(evaluation);
	for (unsigned i = 0; i < config->hostapd_count; i++)
		check_hostapd(evaluation, &config->hostapd[i]);
}
