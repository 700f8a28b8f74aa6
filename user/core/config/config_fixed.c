/* SPDX-License-Identifier: BSD-2-Clause */
/* What cannot change while a program runs. See config_fixed.h. */
#include "config_fixed.h"

#include <string.h>

void config_keep_fixed(const struct config_fixed *table, size_t count, const void *present,
		       void *fresh, void (*differs)(const char *directive, void *arg), void *arg)
{
	for (size_t i = 0; i < count; i++) {
		const char *from = (const char *)present + table[i].offset;
		char *to = (char *)fresh + table[i].offset;

		if (memcmp(from, to, table[i].size) == 0)
			continue;
		memcpy(to, from, table[i].size);
		differs(table[i].directive, arg);
	}
}
