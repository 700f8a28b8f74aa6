/* SPDX-License-Identifier: BSD-2-Clause */
/* The start of a daemon, and its pid file. See daemon.h. */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

#define READY 'r'   /* what the parent reads from the pipe */
#define UNREADY 'u'

static int ready_pipe = -1; /* the parent waits for a byte on it; -1: there is no parent */
static int pid_fd = -1;     /* the locked pid file */
static char pid_path[4096];

static void wait_for_daemon(int pipe_end, pid_t child)
{
	char byte;
	int status = 0;

	if (read(pipe_end, &byte, 1) == 1)
		_exit(byte == READY ? 0 : 1);
	waitpid(child, &status, 0);
	_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

int daemon_begin(void)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	child = fork();
	if (child < 0)
		return -errno;
	if (child > 0) {
		close(ends[1]);
		wait_for_daemon(ends[0], child);
	}
	close(ends[0]);
	ready_pipe = ends[1];
	setsid();
	return chdir("/") < 0 ? -errno : 0;
}

/* Tells a service manager that has set NOTIFY_SOCKET (sd_notify(3)). */
static void notify_manager(const char *news)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(address.sun_path) || !strchr("/@", *path))
		return;
	memcpy(address.sun_path, path, len);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, news, strlen(news), MSG_NOSIGNAL, (struct sockaddr *)&address,
		   offsetof(struct sockaddr_un, sun_path) + len) < 0)
		log_debug("the service manager could not be told: %s", strerror(errno));
	close(fd);
}

/* Ends the parent, which has waited. */
static void tell_parent(char byte)
{
	int null;

	if (ready_pipe < 0)
		return;
	null = open("/dev/null", O_RDWR);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	if (write(ready_pipe, &byte, 1) == 1 || errno == EPIPE)
		close(ready_pipe);
	ready_pipe = -1;
}

void daemon_ready(void)
{
	notify_manager("READY=1\nSTATUS=");
	tell_parent(READY);
}

void daemon_unready(const char *why)
{
	char news[512];

	snprintf(news, sizeof(news), "STATUS=%s", why);
	notify_manager(news);
	tell_parent(UNREADY);
}

bool daemon_is_awaited(void)
{
	return ready_pipe >= 0;
}

int pidfile_open(const char *path, int *running)
{
	char text[32];
	ssize_t n;

	snprintf(pid_path, sizeof(pid_path), "%s", path);
	pid_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (pid_fd < 0)
		return -errno;
	if (flock(pid_fd, LOCK_EX | LOCK_NB) < 0) {
		n = read(pid_fd, text, sizeof(text) - 1);
		text[n < 0 ? 0 : n] = '\0';
		*running = atoi(text);
		close(pid_fd);
		pid_fd = -1;
		return -EEXIST;
	}
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(pid_fd, 0) < 0 || write(pid_fd, text, (size_t)n) != n)
		return -errno;
	return 0;
}

void pidfile_close(void)
{
	if (pid_fd < 0)
		return;
	unlink(pid_path);
	close(pid_fd);
	pid_fd = -1;
}
