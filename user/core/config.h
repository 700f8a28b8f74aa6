/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration reader of all our programs: one directive a line, `#` comments, words separated by white space,
 * "double quotes" around a word that holds white space or '#'. Pure: lines are fed in (io/config_file.h reads files),
 * values are written into the caller's struct by a table, every mistake is reported as one line of text
 *   FILE:LINE: directive `mobile_if': what is wrong
 * and reading goes on, so that one run shows all mistakes. Names are not looked up here, files not opened.
 */
#ifndef TMIP_CORE_CONFIG_H
#define TMIP_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

#define CONFIG_LINE_MAX 1024      /* bytes; a longer line is a mistake */
#define CONFIG_WORDS_MAX 16       /* with the directive's name */
#define CONFIG_DIRECTIVES_MAX 64  /* in one table */
#define CONFIG_WHY 256
#define CONFIG_TEXT_LEN 512       /* of one report */
#define CONFIG_PATH_LEN 256
#define CONFIG_IF_LEN 16          /* interface name with the closing NUL */

struct config_reader;

enum config_kind {
	CONFIG_TEXT = 1,  /* char[size] */
	CONFIG_NAME,      /* char[size]: letters, digits, '.', '_', '-'; not "." or ".."; at most 63 bytes */
	CONFIG_PATH,      /* char[size]: an absolute path */
	CONFIG_INTERFACE, /* char[CONFIG_IF_LEN] */
	CONFIG_BOOL,      /* bool: true/false, yes/no, on/off, 1/0 */
	CONFIG_UINT,      /* unsigned: min..max, decimal */
	CONFIG_ADDR,      /* struct tmip_addr: dotted IPv4 */
	CONFIG_CALL,      /* `set` decides */
	CONFIG_MISPRINT,  /* always a mistake; `blurb` is the right name */
};

#define CONFIG_REPEATABLE 1u /* several lines of it add up; only with CONFIG_CALL */
#define CONFIG_REQUIRED 2u

struct config_directive {
	const char *name;      /* NULL ends the table */
	enum config_kind kind;
	unsigned flags;
	size_t offset, size;   /* of the member: CONFIG_MEMBER(struct s, member) */
	unsigned min, max;     /* CONFIG_UINT: range. CONFIG_CALL: number of arguments. All others have one argument. */
	/* CONFIG_CALL. args has count words. 0, or -EINVAL with `why` filled (without file, line and directive). */
	int (*set)(void *target, char *const *args, int count, char why[CONFIG_WHY]);
	const char *arguments; /* as a manual names them: "IF FIRST LAST" */
	const char *blurb;
};

#define CONFIG_MEMBER(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

typedef void config_report(const char *text, void *arg);

struct config_reader {
	const struct config_directive *table;
	void *target;
	const char *file;      /* as reports name it; must outlive the reader */
	config_report *report;
	void *arg;
	unsigned line;         /* number of the line read last */
	unsigned errors;
	unsigned used[CONFIG_DIRECTIVES_MAX]; /* line where each directive of the table was used last; 0: not yet */
};

void config_begin(struct config_reader *reader, const struct config_directive *table, void *target, const char *file,
		  config_report *report, void *arg);
/* One line without its newline. `len` bytes; a NUL byte among them is a mistake. */
void config_line(struct config_reader *reader, const char *text, size_t len);
/* Reports required directives that are missing. 0 or -EINVAL if anything was reported since config_begin. */
int config_end(struct config_reader *reader);

/* For checks across directives: reports a mistake at the line where `directive` was used last (no line: not used; NULL:
 * the file as a whole). Call before config_end. */
__attribute__((format(printf, 3, 4)))
void config_complain(struct config_reader *reader, const char *directive, const char *format, ...);
unsigned config_line_of(const struct config_reader *reader, const char *directive); /* 0: not used */

/* Values, as the reader checks them; for handlers. 0 or -EINVAL with `why` filled. */
int config_parse_uint(const char *text, unsigned min, unsigned max, unsigned *out, char why[CONFIG_WHY]);
int config_parse_bool(const char *text, bool *out, char why[CONFIG_WHY]);
int config_parse_name(const char *text, char *out, size_t size, char why[CONFIG_WHY]);
int config_parse_interface(const char *text, char out[CONFIG_IF_LEN], char why[CONFIG_WHY]);
int config_parse_addr(const char *text, struct tmip_addr *out, char why[CONFIG_WHY]);
/* "host" or "host:port"; *port is unchanged if none is given. */
int config_parse_host_port(const char *text, char *host, size_t size, unsigned *port, char why[CONFIG_WHY]);

/* The entry of a table whose name is most like `word`, NULL if none is near: "did you mean". */
const char *config_near_miss(const struct config_directive *table, const char *word);

#endif
