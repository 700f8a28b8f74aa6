/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel settings that the agent changes and gives back. The former value is written to a file (JSON, replaced as a
 * whole, durable) *before* a setting is changed, so that it outlives a killed agent: the next one restores what was
 * there before the first. A setting that somebody else changed meanwhile is left as it is.
 */
#ifndef TMIP_IO_SYSCTL_H
#define TMIP_IO_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

#define SYSCTL_KEY_LEN 96
#define SYSCTL_VALUE_LEN 64

struct sysctl_store;

/* Reads what a former agent remembered in `file`, if it exists. -EPROTO: the file is damaged. */
int sysctl_open(struct sysctl_store **out, const char *file);
void sysctl_close(struct sysctl_store *store); /* restores nothing; NULL is allowed */

/* key as below /proc/sys, e.g. "net/ipv4/conf/wlan0/rp_filter". `owner` says for whom: a cell's interface, or "" for the
 * network as a whole; a setting is restored when its last owner let go. 0, also when the value was there already. */
int sysctl_put(struct sysctl_store *store, const char *owner, const char *key, const char *value);
/* Gives back what `owner` set (NULL: everybody). The number of settings restored, or -errno of the first that failed
 * (the others are restored all the same). A key that is gone, with its interface, counts as restored. When nothing is
 * left the file is removed. */
int sysctl_restore(struct sysctl_store *store, const char *owner);

/* Without a store. -ENOENT: no such setting in this kernel. */
int sysctl_read(const char *key, char out[SYSCTL_VALUE_LEN]);
int sysctl_write(const char *key, const char *value);

#endif
