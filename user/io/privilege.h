/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gives up the rights that a running agent does not need: all capabilities but those for its interfaces and its maps,
 * the way to get any back, and, if the configuration names one, the user it was started as.
 */
#ifndef TMIP_IO_PRIVILEGE_H
#define TMIP_IO_PRIVILEGE_H

#include <stddef.h>

/* Checks that `user` exists (empty or NULL: nobody to become). 0 or -ENOENT. For the configuration's check. */
int privilege_check_user(const char *user);
/* Makes a folder or file belong to `user`, so that it can be changed after the drop. 0 or -errno; nothing if empty. */
int privilege_give(const char *path, const char *user);
/* Call when everything is open. 0 or -errno; `why` (size bytes) then says what failed. */
int privilege_drop(const char *user, char *why, size_t size);

#endif
