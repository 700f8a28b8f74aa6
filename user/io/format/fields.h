/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Members of a struct, described once: the name under which people and programs know a member,
 * where it is, its kind, and what it means. From one description come the JSON object and the line
 * of text.
 */
#ifndef TMIP_IO_FORMAT_FIELDS_H
#define TMIP_IO_FORMAT_FIELDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum field_kind {
	FIELD_BOOL,
	FIELD_UINT,   /* unsigned */
	FIELD_UINT64, /* uint64_t */
	FIELD_DOUBLE,
	FIELD_TEXT,   /* const char *, not NULL */
	FIELD_OPTIONAL, /* const char *; NULL: the member is left out */
	FIELD_CHARS,  /* char[], ends with a zero byte */
	FIELD_VALUE,  /* json_t *; its reference goes into the object */
};

struct field {
	const char *key;      /* the JSON member; NULL ends a table */
	enum field_kind kind;
	size_t offset;
	unsigned place;       /* in the line of text: 1, 2, 3 ...; 0: not in it */
	const char *about;    /* what it is or counts; NULL: the key says it */
};

/* Describes a member of a struct. */
#define FIELD(kind, type, member, key, place, about) \
	{key, FIELD_##kind, offsetof(type, member), place, about}
#define FIELD_END {NULL, FIELD_BOOL, 0, 0, NULL}

/* A new object with the members in the order of the table. NULL: no memory. */
json_t *fields_json(const struct field *fields, const void *object);

/*
 * A line "TITLE  1 key, 2 key" with the numbers that have a place. object: what fields_json() made,
 * or a program of another version; a number that it lacks is 0.
 */
void fields_print(const char *title, const struct field *fields, const json_t *object, FILE *to);

#endif
