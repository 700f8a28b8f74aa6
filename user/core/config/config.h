/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of our configuration files: one directive a line, `#` begins a comment, words are separated by blanks,
 * "..." holds blanks together. A program gives a table of its directives and a struct to fill. Pure: no files, no
 * look-ups. All that is wrong is reported, each with file, line and text.
 */
#ifndef TMIP_CORE_CONFIG_CONFIG_H
#define TMIP_CORE_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_ARGS_MAX 32
#define CONFIG_LINE_MAX 1024
#define CONFIG_DIRECTIVES_MAX 64

enum config_type {
	CONFIG_TEXT,   /* char[size] */
	CONFIG_NAME,   /* char[size]; letters, digits, '.', '-', '_'; does not begin with '.' */
	CONFIG_PATH,   /* char[size]; absolute */
	CONFIG_BOOL,   /* bool; true, false, on, off, yes, no */
	CONFIG_WORD,   /* unsigned; the value of one of `words` */
	CONFIG_NUMBER, /* unsigned, min..max */
	CONFIG_ADDR,   /* struct tmip_addr; dotted IPv4 */
	CONFIG_CUSTOM, /* `custom` is called with all words after the directive */
	CONFIG_MISTAKE, /* what begins so is a known misprint: an error, whose text is the hint */
};

struct config_word {
	const char *word; /* NULL: the end of the table */
	unsigned value;
};

struct config_directive {
	const char *name;
	enum config_type type;
	size_t offset, size;
	unsigned min, max;         /* CONFIG_NUMBER: value; CONFIG_CUSTOM: number of words */
	bool required, repeatable;
	const struct config_word *words; /* CONFIG_WORD; what is none of them is "neither" what the hint says */
	/* 0 or -EINVAL with a reason that completes "directive `x': ". */
	int (*custom)(void *target, char **args, int count, char *why, size_t size);
	const char *hint;
};

/* Reads the whole text. Returns the number of errors and writes them to `errors`, one a line; target is filled only
 * as far as no error was found: hand in a copy. */
int config_read(const struct config_directive *table, int count, const char *file, const char *text, size_t len, void *target,
		char *errors, size_t size);

bool config_is_name(const char *text);

#endif
