/* SPDX-License-Identifier: BSD-2-Clause */
/* What cannot change while a program runs: a new configuration must leave it alone. Pure. */
#ifndef TMIP_CORE_CONFIG_CONFIG_FIXED_H
#define TMIP_CORE_CONFIG_CONFIG_FIXED_H

#include <stddef.h>

struct config_fixed {
	const char *directive; /* whose value this is */
	size_t offset, size;   /* of the value in the configuration, in bytes */
};

/* An entry of a table: the member of the configuration's type has the name of its directive. */
#define CONFIG_FIXED(type, member) \
	{#member, offsetof(type, member), sizeof(((type *)0)->member)}

/*
 * Gives the new configuration the values that the present one has, and calls `differs` for each
 * directive that wants another value.
 */
void config_keep_fixed(const struct config_fixed *table, size_t count, const void *present,
		       void *fresh, void (*differs)(const char *directive, void *arg), void *arg);

#endif
