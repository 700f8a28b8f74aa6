/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel settings that the agent changes, and their former values, kept in a file so that a later process can put them
 * back, also after this one was killed. Values are those of the network namespace this process runs in.
 */
#ifndef TMIP_IO_KERNEL_SYSCTL_H
#define TMIP_IO_KERNEL_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

struct sysctl_store;

/* `path`: the file of former values, read if it is there. NULL with errno on failure. */
struct sysctl_store *sysctl_open(const char *path);
void sysctl_close(struct sysctl_store *store);

/* Sets e.g. "net/ipv4/ip_forward" and remembers what it was before the first change. 0 or -errno. */
int sysctl_set(struct sysctl_store *store, const char *name, const char *value);
/* Remembers the former value of something that is no file below /proc/sys, unless one is remembered already. 0 or -errno. */
int sysctl_note(struct sysctl_store *store, const char *name, const char *value);
bool sysctl_noted(const struct sysctl_store *store, const char *name, const char *value);
/* Puts back every setting whose name begins with `prefix` ("": all) and forgets them. The file goes with the last. */
void sysctl_restore(struct sysctl_store *store, const char *prefix);

int sysctl_get(const char *name, char *value, size_t size); /* 0 or -errno; without the newline */

#endif
