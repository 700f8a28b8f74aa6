/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Could a path be used? Answers as the attempt would end, and changes nothing. Functions return 0
 * or -errno; -ENOSPC: the file system is full.
 */
#ifndef TMIP_IO_PROCESS_USABLE_H
#define TMIP_IO_PROCESS_USABLE_H

#include <stdbool.h>

/* file_make_dir(), and files in the folder. */
int usable_dir(const char *path);
/* log_open(): a file, or whatever can be written to, such as a terminal. */
int usable_log(const char *path);
/* file_replace() */
int usable_file(const char *path);
/* pidfile_open(). *held: another process has the lock. */
int usable_pidfile(const char *path, bool *held);
/* control_open(). -EADDRINUSE: a process listens there; -ENOTSOCK: something else is there. */
int usable_socket(const char *path);
/* Does a process have the Unix socket of that type, such as SOCK_STREAM? Connects and hangs up. */
int usable_connect(const char *path, int type);

#endif
