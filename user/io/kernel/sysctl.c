/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel settings and their former values. See sysctl.h. The file is a JSON object; a member has
 * the name of a setting and its former value.
 */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/process/file.h"

#define VALUE_MAX 64

struct sysctl_store {
	char path[4096];
	json_t *former;
};

struct sysctl_store *sysctl_open(const char *path)
{
	struct sysctl_store *store = calloc(1, sizeof(*store));
	char *text = NULL;
	size_t len;

	if (!store)
		return NULL;
	snprintf(store->path, sizeof(store->path), "%s", path);
	if (file_read(path, &text, &len) == 0)
		store->former = json_loads(text, 0, NULL);
	free(text);
	if (!json_is_object(store->former)) {
		json_decref(store->former);
		store->former = json_object();
	}
	if (store->former)
		return store;
	free(store);
	errno = ENOMEM;
	return NULL;
}

void sysctl_close(struct sysctl_store *store)
{
	if (!store)
		return;
	json_decref(store->former);
	free(store);
}

static int save(struct sysctl_store *store)
{
	char *text;
	int error;

	if (json_object_size(store->former) == 0)
		return unlink(store->path) < 0 && errno != ENOENT ? -errno : 0;
	text = json_dumps(store->former, JSON_INDENT(2));
	error = text ? file_replace(store->path, text, strlen(text), 0600) : -ENOMEM;
	free(text);
	return error;
}

/* Returns the descriptor or -errno. */
static int open_setting(const char *name, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_get(const char *name, char *value, size_t size)
{
	int fd = open_setting(name, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, value, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

int sysctl_write(const char *name, const char *value)
{
	int fd = open_setting(name, O_WRONLY), error = 0;

	if (fd < 0)
		return fd;
	if (write(fd, value, strlen(value)) < 0)
		error = -errno;
	close(fd);
	return error;
}

int sysctl_renote(struct sysctl_store *store, const char *name, const char *value)
{
	json_object_set_new(store->former, name, json_string(value));
	return save(store);
}

int sysctl_note(struct sysctl_store *store, const char *name, const char *value)
{
	return json_object_get(store->former, name) ? 0 : sysctl_renote(store, name, value);
}

const char *sysctl_note_of(const struct sysctl_store *store, const char *name)
{
	return json_string_value(json_object_get(store->former, name));
}

bool sysctl_noted(const struct sysctl_store *store, const char *name, const char *value)
{
	const char *former = sysctl_note_of(store, name);

	return former && strcmp(former, value) == 0;
}

int sysctl_set(struct sysctl_store *store, const char *name, const char *value)
{
	char now[VALUE_MAX];
	int error = sysctl_get(name, now, sizeof(now));

	if (error || strcmp(now, value) == 0)
		return error;
	error = sysctl_note(store, name, now);
	return error ? error : sysctl_write(name, value);
}

void sysctl_rename(struct sysctl_store *store, const char *from, const char *to)
{
	json_t *renamed = json_object(), *value;
	const char *name;
	char now[512];

	if (!renamed)
		return; /* no memory: the notes keep their names */
	json_object_foreach(store->former, name, value) {
		bool matches = strncmp(name, from, strlen(from)) == 0;

		snprintf(now, sizeof(now), "%s%s", matches ? to : "",
			 matches ? name + strlen(from) : name);
		json_object_set(renamed, now, value);
	}
	json_decref(store->former);
	store->former = renamed;
	save(store);
}

void sysctl_restore(struct sysctl_store *store, const char *prefix)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(store->former, next, name, value) {
		if (strncmp(name, prefix, strlen(prefix)) != 0)
			continue;
		/* Fails if the setting is gone with its interface. */
		sysctl_write(name, json_string_value(value));
		json_object_del(store->former, name);
	}
	save(store);
}
