/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trails of trail.h: a hash table whose order of insertion is the order of use; each entry has
 * a ring of lines.
 */
#define HASH_NONFATAL_OOM 1
#include "trail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "core/base/addr.h"
#include "io/process/clock.h"
#include "io/process/log.h"

struct trail_entry {
	struct tmip_mac mac;
	unsigned count; /* lines ever written */
	struct trail_line lines[TRAIL_LINES];
	UT_hash_handle hh;
};

struct trail {
	struct trail_entry *entries;
	unsigned macs_max;
};

struct trail *trail_create(unsigned macs_max)
{
	struct trail *trail = calloc(1, sizeof(*trail));

	if (trail)
		trail->macs_max = macs_max;
	return trail;
}

static void drop(struct trail *trail, struct trail_entry *entry)
{
	HASH_DEL(trail->entries, entry);
	free(entry);
}

void trail_destroy(struct trail *trail)
{
	if (!trail)
		return;
	while (trail->entries)
		drop(trail, trail->entries);
	free(trail);
}

static struct trail_entry *find(const struct trail *trail, const struct tmip_mac *mac)
{
	struct trail_entry *entry;

	HASH_FIND(hh, trail->entries, mac, sizeof(*mac), entry);
	return entry;
}

/* Makes the MAC's entry the one used last, and returns it. NULL: no memory. */
static struct trail_entry *touch(struct trail *trail, const struct tmip_mac *mac)
{
	struct trail_entry *entry = find(trail, mac);

	if (entry) {
		HASH_DEL(trail->entries, entry);
	} else {
		if (HASH_COUNT(trail->entries) >= trail->macs_max)
			drop(trail, trail->entries);
		entry = calloc(1, sizeof(*entry));
		if (!entry)
			return NULL;
		entry->mac = *mac;
	}
	HASH_ADD(hh, trail->entries, mac, sizeof(entry->mac), entry);
	if (entry->hh.tbl)
		return entry;
	free(entry);
	return NULL;
}

void trail_add(struct trail *trail, const struct tmip_mac *mac, uint64_t time_us, const char *text)
{
	struct trail_entry *entry = touch(trail, mac);
	struct trail_line *line;

	if (!entry)
		return;
	line = &entry->lines[entry->count++ % TRAIL_LINES];
	line->time_us = time_us;
	snprintf(line->text, sizeof(line->text), "%s", text);
}

void trail_log(struct trail *trail, enum log_level level, const struct tmip_mac *mac,
	       const char *format, ...)
{
	char text[TRAIL_TEXT], whose[MAC_STRLEN];
	va_list args;

	if (!mac)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_at(level, "[%s] %s", mac_format(mac, whose), text);
	trail_add(trail, mac, clock_unix_us(), text);
}

int trail_each(const struct trail *trail, const struct tmip_mac *mac,
	       void (*visit)(const struct trail_line *line, void *arg), void *arg)
{
	const struct trail_entry *entry = find(trail, mac);
	unsigned first;

	if (!entry)
		return 0;
	first = entry->count > TRAIL_LINES ? entry->count - TRAIL_LINES : 0;
	for (unsigned i = first; i < entry->count; i++)
		visit(&entry->lines[i % TRAIL_LINES], arg);
	return entry->count - first;
}
