/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Becoming a daemon so that whoever started it learns how it went: the process that was called waits until the daemon
 * says that it is ready (exit status 0) or ends (its status; its errors went to the same terminal).
 */
#ifndef TMIP_IO_PROCESS_DAEMON_H
#define TMIP_IO_PROCESS_DAEMON_H

/* In the parent: never returns. In the daemon: 0, or -errno in the only process if it could not be made. */
int daemon_begin(void);
/* Ready: a service manager is told (sd_notify(3)); after daemon_begin the parent exits 0, and standard input and outputs go
 * to /dev/null. */
void daemon_ready(void);

/* Locks the pid file. 0; -EEXIST with *running set to who holds it; -errno. The file is removed by pidfile_close. */
int pidfile_open(const char *path, int *running);
void pidfile_close(void);

#endif
