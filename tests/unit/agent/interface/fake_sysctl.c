/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel settings in memory. See fake_sysctl.h. */
#include "fake_sysctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../calls.h"

#define SETTINGS_MAX 256
#define STORES_MAX 4

struct setting {
	char name[128], value[64];
};

struct settings {
	struct setting list[SETTINGS_MAX];
	unsigned count;
};

/* A file of former values: it stays when the store is closed. */
struct sysctl_store {
	char path[512];
	struct settings former;
};

struct fake_sysctl fake_sysctl;

static struct settings kernel;
static struct sysctl_store stores[STORES_MAX];
static unsigned store_count;

void fake_sysctl_reset(void)
{
	memset(&fake_sysctl, 0, sizeof(fake_sysctl));
	memset(&kernel, 0, sizeof(kernel));
	memset(stores, 0, sizeof(stores));
	store_count = 0;
}

static struct setting *find(struct settings *settings, const char *name)
{
	for (unsigned i = 0; i < settings->count; i++)
		if (strcmp(settings->list[i].name, name) == 0)
			return &settings->list[i];
	return NULL;
}

static void put(struct settings *settings, const char *name, const char *value)
{
	struct setting *setting = find(settings, name);

	if (!setting) {
		if (settings->count == SETTINGS_MAX)
			abort();
		setting = &settings->list[settings->count++];
		snprintf(setting->name, sizeof(setting->name), "%s", name);
	}
	snprintf(setting->value, sizeof(setting->value), "%s", value);
}

void fake_sysctl_put(const char *name, const char *value)
{
	put(&kernel, name, value);
}

const char *fake_sysctl_value(const char *name)
{
	const struct setting *setting = find(&kernel, name);

	return setting ? setting->value : "0";
}

unsigned fake_sysctl_remembered(const char *begin)
{
	unsigned count = 0;

	for (unsigned i = 0; i < store_count; i++)
		for (unsigned j = 0; j < stores[i].former.count; j++)
			count += strncmp(stores[i].former.list[j].name, begin, strlen(begin)) == 0;
	return count;
}

struct sysctl_store *sysctl_open(const char *path)
{
	if (fake_sysctl.open_error) {
		errno = fake_sysctl.open_error;
		return NULL;
	}
	fake_sysctl.open++;
	for (unsigned i = 0; i < store_count; i++)
		if (strcmp(stores[i].path, path) == 0)
			return &stores[i];
	if (store_count == STORES_MAX)
		abort();
	snprintf(stores[store_count].path, sizeof(stores[0].path), "%s", path);
	return &stores[store_count++];
}

void sysctl_close(struct sysctl_store *store)
{
	if (store)
		fake_sysctl.open--;
}

int sysctl_get(const char *name, char *value, size_t size)
{
	snprintf(value, size, "%s", fake_sysctl_value(name));
	return 0;
}

int sysctl_write(const char *name, const char *value)
{
	calls_note("sysctl_write %s %s", name, value);
	put(&kernel, name, value);
	return 0;
}

void sysctl_rename(struct sysctl_store *store, const char *from, const char *to)
{
	for (unsigned i = 0; i < store->former.count; i++) {
		struct setting *setting = &store->former.list[i];
		char rest[sizeof(setting->name)];

		if (strncmp(setting->name, from, strlen(from)) != 0)
			continue;
		snprintf(rest, sizeof(rest), "%s", setting->name + strlen(from));
		snprintf(setting->name, sizeof(setting->name), "%s%s", to, rest);
	}
}

int sysctl_note(struct sysctl_store *store, const char *name, const char *value)
{
	if (fake_sysctl.note_error)
		return fake_sysctl.note_error;
	if (!find(&store->former, name))
		put(&store->former, name, value);
	return 0;
}

int sysctl_renote(struct sysctl_store *store, const char *name, const char *value)
{
	if (fake_sysctl.note_error)
		return fake_sysctl.note_error;
	put(&store->former, name, value);
	return 0;
}

const char *sysctl_note_of(const struct sysctl_store *store, const char *name)
{
	for (unsigned i = 0; i < store->former.count; i++)
		if (strcmp(store->former.list[i].name, name) == 0)
			return store->former.list[i].value;
	return NULL;
}

bool sysctl_noted(const struct sysctl_store *store, const char *name, const char *value)
{
	struct settings former = store->former;
	const struct setting *setting = find(&former, name);

	return setting && strcmp(setting->value, value) == 0;
}

int sysctl_set(struct sysctl_store *store, const char *name, const char *value)
{
	const char *fails = fake_sysctl.set_fails;

	calls_note("sysctl_set %s %s", name, value);
	if (fake_sysctl.set_error && (!fails || strstr(name, fails)))
		return fake_sysctl.set_error;
	if (strcmp(fake_sysctl_value(name), value) == 0)
		return 0;
	sysctl_note(store, name, fake_sysctl_value(name));
	put(&kernel, name, value);
	return 0;
}

void sysctl_restore(struct sysctl_store *store, const char *prefix)
{
	calls_note("sysctl_restore %s", prefix);
	for (unsigned i = 0; i < store->former.count;) {
		struct setting *setting = &store->former.list[i];

		if (strncmp(setting->name, prefix, strlen(prefix)) != 0) {
			i++;
			continue;
		}
		put(&kernel, setting->name, setting->value);
		*setting = store->former.list[--store->former.count];
	}
}
