/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of the configuration files. A line has one directive; blanks separate its words, "..."
 * makes one word of several, and `#` begins a comment. A program passes a table of its directives
 * and a struct to fill. Pure: the reader opens no file and looks up no name. It reports every error
 * with file, line and text.
 */
#ifndef TMIP_CORE_CONFIG_CONFIG_H
#define TMIP_CORE_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIG_ARGS_MAX 32       /* words in a line, with the directive */
#define CONFIG_LINE_MAX 1024     /* bytes of a line, with a NUL */
#define CONFIG_DIRECTIVES_MAX 64 /* entries of a table */

enum config_type {
	CONFIG_TEXT,    /* char[size], with a NUL */
	CONFIG_NAME,    /* char[size]: a name as config_is_name accepts it */
	CONFIG_PATH,    /* char[size]: an absolute path */
	CONFIG_BOOL,    /* bool: true, false, on, off, yes, no */
	CONFIG_WORD,    /* unsigned: the value of one of `words` */
	CONFIG_NUMBER,  /* unsigned, from `min` to `max` */
	CONFIG_ADDR,    /* struct tmip_addr: dotted IPv4 */
	CONFIG_CUSTOM,  /* the reader calls `custom` with all words after the directive */
	CONFIG_MISTAKE, /* a known misprint: a word that begins with `name` is an error */
};

struct config_word {
	const char *word; /* NULL: the end of the table */
	unsigned value;
};

struct config_directive {
	const char *name;
	enum config_type type;
	size_t offset, size;             /* of the value in the target, in bytes */
	unsigned min, max;               /* CONFIG_NUMBER: the value; CONFIG_CUSTOM: the words */
	bool required, repeatable;
	const struct config_word *words; /* CONFIG_WORD */
	/*
	 * CONFIG_CUSTOM: writes the words into the target. Returns 0, or -EINVAL with a reason in
	 * `why` (`size` bytes) that completes "directive `x': ". It may change the words.
	 */
	int (*custom)(void *target, char **args, int count, char *why, size_t size);
	/*
	 * Part of an error's text. CONFIG_WORD: completes "`x' is neither"; CONFIG_CUSTOM:
	 * completes "directive `x' takes"; CONFIG_MISTAKE: the whole reason.
	 */
	const char *hint;
};

/* In an entry of a table: the value is this member of the target's type. */
#define CONFIG_AT(type, member) \
	.offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
/* In an entry of a table: the directive has one word, which the function parses. */
#define CONFIG_ONE_WORD(function) \
	.type = CONFIG_CUSTOM, .custom = function, .min = 1, .max = 1, .hint = "one word"

/*
 * Reads the whole text, whose file the errors name as `file`. Returns the number of errors and
 * writes one line for each into `errors` (`size` bytes, above 0); errors that do not fit are cut
 * off. Each directive without an error fills its part of *target, so the caller passes a copy.
 */
int config_read(const struct config_directive *table, int count, const char *file, const char *text,
		size_t len, void *target, char *errors, size_t size);

/*
 * For a `custom` function: writes the reason into `why` (`size` bytes) and returns -EINVAL, which
 * the function returns in turn.
 */
__attribute__((format(printf, 3, 4))) int config_refuse(char *why, size_t size, const char *format,
							...);

/*
 * For a `custom` function: parses a TCP or UDP port, 1..65535. Returns 0, or -EINVAL with a reason
 * in `why`; an error leaves *port unchanged.
 */
int config_parse_port(const char *text, unsigned *port, char *why, size_t size);

/* Letters, digits, '.', '-' and '_', at least one of them; the first is not a '.'. */
bool config_is_name(const char *text);

#endif
