/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start of a daemon. The called process waits for it, so that the caller learns the result:
 * exit status 0 once the daemon is ready, 1 if it goes on without being ready, or the daemon's own
 * status if it ends before. The daemon writes its errors to the same terminal until then.
 */
#ifndef TMIP_IO_PROCESS_DAEMON_H
#define TMIP_IO_PROCESS_DAEMON_H

#include <stdbool.h>

/*
 * Forks the daemon. Returns 0 in the daemon; never returns in the parent. Returns -errno in the
 * only process if it cannot fork, or in the daemon if it cannot change to the folder /.
 */
int daemon_begin(void);
/*
 * Notifies a service manager that the daemon is ready (sd_notify(3)). After daemon_begin it also
 * ends the parent with status 0 and opens /dev/null as standard input and outputs.
 */
void daemon_ready(void);
/*
 * The daemon will not be ready for the time being, and has said why on the terminal. After
 * daemon_begin this ends the parent with status 1, and opens /dev/null as above. A service manager
 * sees `why` as the daemon's status.
 */
void daemon_unready(const char *why);
/* A parent still waits for one of the two. */
bool daemon_is_awaited(void);

/*
 * Makes and locks the pid file and writes this process's pid into it. Returns 0; -EEXIST: another
 * process has the lock, and *running is its pid; another -errno.
 */
int pidfile_open(const char *path, int *running);
/* Removes the pid file of pidfile_open, if there is one. */
void pidfile_close(void);

#endif
