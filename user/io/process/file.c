/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files. See file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, char *text, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, text + *len, size - *len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

int file_read(const char *path, char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	struct stat info;

	*text = NULL;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &info) < 0)
		error = -errno;
	else if (S_ISDIR(info.st_mode))
		error = -EISDIR;
	else if (info.st_size > FILE_MAX)
		error = -EFBIG;
	if (!error) {
		*text = malloc(FILE_MAX + 1);
		error = *text ? read_all(fd, *text, FILE_MAX, len) : -ENOMEM;
	}
	close(fd);
	if (error) {
		free(*text);
		*text = NULL;
		return error;
	}
	(*text)[*len] = '\0';
	return 0;
}

/* Writes a temporary file beside `path` and renames it. */
static int replace(const char *path, const char *text, size_t len, unsigned mode, bool durably)
{
	char temporary[4096];
	int fd, error = 0;

	if (snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid()) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	for (size_t done = 0; !error && done < len;) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0)
			error = -errno;
		else
			done += (size_t)n;
	}
	if (!error && durably && fsync(fd) < 0)
		error = -errno;
	if (close(fd) < 0 && !error)
		error = -errno;
	if (!error && rename(temporary, path) < 0)
		error = -errno;
	if (error)
		unlink(temporary);
	return error;
}

int file_replace(const char *path, const char *text, size_t len, unsigned mode)
{
	return replace(path, text, len, mode, false);
}

/* Syncs the folder, which has the file's name and is a file of its own. */
static int sync_folder_of(const char *path)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	int fd, error = 0;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
		 slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		error = -errno;
	if (fd >= 0)
		close(fd);
	return error;
}

int file_replace_durably(const char *path, const char *text, size_t len, unsigned mode)
{
	int error = replace(path, text, len, mode, true);

	return error ? error : sync_folder_of(path);
}

int file_make_dirs(const char *path, unsigned parents_mode, unsigned mode)
{
	char copy[4096];

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	for (char *at = copy + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, parents_mode) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

int file_make_dir(const char *path, unsigned mode)
{
	return file_make_dirs(path, 0755, mode);
}
