/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What makes a program a daemon: the fork whose parent waits until the child serves, the locked pid file, files that
 * are replaced as a whole, folders.
 */
#ifndef TMIP_IO_DAEMON_H
#define TMIP_IO_DAEMON_H

#include <stddef.h>
#include <sys/types.h>

/* Forks. In the child: 0; it leads a session of its own, its stdin is /dev/null, stdout and stderr are still the
 * caller's, so that a failing start is seen; *ready is to be given to daemon_ready. In the parent: waits, then 1 if the
 * child said that it is ready, -ECHILD if it ended before (it has said why); or -errno if there was no fork. */
int daemon_fork(int *ready);
/* In the child: stdout and stderr become /dev/null, the parent is told. Nothing if ready < 0. */
void daemon_ready(int ready);

/* Creates `path`, locks it for the life of the returned descriptor and writes our pid. -EWOULDBLOCK: another process
 * holds it, *holder is its pid (0: not readable). Otherwise -errno. */
int daemon_lock_pid(const char *path, pid_t *holder);
void daemon_unlock_pid(int fd, const char *path); /* removes the file; nothing if fd < 0 */

/* Replaces a file as a whole: temporary file beside it, then rename. durable: fsync'd. 0 or -errno. */
int daemon_write_file(const char *path, const void *data, size_t len, mode_t mode, int durable);
/* Creates a folder with its parents. An existing one is left as it is. 0 or -errno. */
int daemon_make_dir(const char *path, mode_t mode);

#endif
