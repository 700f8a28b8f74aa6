/* SPDX-License-Identifier: BSD-2-Clause */
/* Could a path be used? See usable.h. */
#include "usable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_LEN 4096

/* A file system without a size of its own has no blocks. */
static bool is_full(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 &&
	       ((fs.f_blocks && !fs.f_bfree) || (fs.f_files && !fs.f_ffree));
}

/* May files be made in this folder, which is there? */
static int try_folder(const char *path)
{
	struct stat info;

	if (stat(path, &info) < 0)
		return -errno;
	if (!S_ISDIR(info.st_mode))
		return -ENOTDIR;
	if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0)
		return -errno;
	return is_full(path) ? -ENOSPC : 0;
}

/* Shortens the path to its parent. */
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(path, PATH_LEN, ".");
	else
		slash[slash == path] = '\0';
}

static int try_parent(const char *path)
{
	char parent[PATH_LEN];

	if (snprintf(parent, sizeof(parent), "%s", path) >= (int)sizeof(parent))
		return -ENAMETOOLONG;
	go_up(parent);
	return try_folder(parent);
}

int usable_dir(const char *path)
{
	char nearest[PATH_LEN];
	struct stat info;
	size_t len;

	if (snprintf(nearest, sizeof(nearest), "%s", path) >= (int)sizeof(nearest))
		return -ENAMETOOLONG;
	/* A link to nowhere is there for mkdir(2), but no folder. */
	while ((len = strlen(nearest)) > 1 && lstat(nearest, &info) < 0) {
		if (errno != ENOENT)
			return -errno;
		if (nearest[len - 1] == '/')
			nearest[len - 1] = '\0';
		else
			go_up(nearest);
	}
	return try_folder(nearest);
}

int usable_log(const char *path)
{
	struct stat info;

	if (stat(path, &info) < 0)
		return errno == ENOENT ? try_parent(path) : -errno;
	if (S_ISDIR(info.st_mode))
		return -EISDIR;
	if (S_ISSOCK(info.st_mode))
		return -ENXIO;
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		return -errno;
	return S_ISREG(info.st_mode) && is_full(path) ? -ENOSPC : 0;
}

int usable_file(const char *path)
{
	struct stat info;

	if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
		return -EISDIR;
	return try_parent(path);
}

/* The lock is taken for a moment, since only a taker learns of it on all file systems. */
static bool is_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return locked;
}

int usable_pidfile(const char *path, bool *held)
{
	struct stat info;

	*held = false;
	if (lstat(path, &info) < 0)
		return errno == ENOENT ? 0 : -errno; /* its folder is another question */
	if (S_ISLNK(info.st_mode))
		return -ELOOP;
	if (S_ISDIR(info.st_mode))
		return -EISDIR;
	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) < 0)
		return -errno;
	*held = is_locked(path);
	return 0;
}

int usable_connect(const char *path, int type)
{
	struct sockaddr_un there = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0), error = 0;

	snprintf(there.sun_path, sizeof(there.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof(there)) < 0)
		error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

int usable_socket(const char *path)
{
	struct stat info;

	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return -ENAMETOOLONG;
	if (lstat(path, &info) == 0 && !S_ISSOCK(info.st_mode))
		return -ENOTSOCK;
	if (usable_connect(path, SOCK_STREAM) == 0)
		return -EADDRINUSE;
	return try_parent(path);
}
