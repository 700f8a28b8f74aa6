/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel settings that the agent changes, and their former values. A file has the former values, so
 * that a later process can restore them even if this one is killed. The settings are those of this
 * process's network namespace.
 */
#ifndef TMIP_IO_KERNEL_SYSCTL_H
#define TMIP_IO_KERNEL_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

struct sysctl_store;

/* Reads the file of former values, if it exists. NULL with errno on failure. */
struct sysctl_store *sysctl_open(const char *path);
/* NULL is allowed. */
void sysctl_close(struct sysctl_store *store);

/*
 * Sets a file below /proc/sys, such as "net/ipv4/ip_forward". Notes its former value before the
 * first change. Returns 0 or -errno.
 */
int sysctl_set(struct sysctl_store *store, const char *name, const char *value);
/*
 * Notes the former value of a setting that is not below /proc/sys, unless there is a note of it.
 * Returns 0 or -errno.
 */
int sysctl_note(struct sysctl_store *store, const char *name, const char *value);
/* The same, and a note of it is replaced. */
int sysctl_renote(struct sysctl_store *store, const char *name, const char *value);
/* Returns whether there is a note of this setting with this value. */
bool sysctl_noted(const struct sysctl_store *store, const char *name, const char *value);
/* The value in the note of this setting, until the note changes; NULL: there is no note. */
const char *sysctl_note_of(const struct sysctl_store *store, const char *name);
/* The settings whose names begin with `from` begin with `to` now: their notes follow. */
void sysctl_rename(struct sysctl_store *store, const char *from, const char *to);
/*
 * Restores each setting whose name begins with `prefix` ("": all) and deletes its note. Removes the
 * file with the last note.
 */
void sysctl_restore(struct sysctl_store *store, const char *prefix);

/* Reads a file below /proc/sys, without its newline. Returns 0 or -errno. */
int sysctl_get(const char *name, char *value, size_t size);
/* Writes such a file, and notes nothing. Returns 0 or -errno. */
int sysctl_write(const char *name, const char *value);

#endif
