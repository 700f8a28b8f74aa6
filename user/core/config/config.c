/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of configuration files. See config.h. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/addr.h"
#include "core/base/text.h"

struct reader {
	const struct config_directive *table;
	int count;
	const char *file;
	int line;
	void *target;
	int seen[CONFIG_DIRECTIVES_MAX]; /* line of the last occurrence; 0: none */
	char *errors;
	size_t size, used; /* of `errors`, in bytes */
	int failed;        /* errors so far */
};

__attribute__((format(printf, 2, 3))) static void fail(struct reader *reader, const char *format,
						       ...)
{
	char text[512];
	va_list args;
	int n;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	reader->failed++;
	if (reader->line)
		n = snprintf(reader->errors + reader->used, reader->size - reader->used,
			     "%s:%d: %s\n", reader->file, reader->line, text);
	else
		n = snprintf(reader->errors + reader->used, reader->size - reader->used, "%s: %s\n",
			     reader->file, text);
	reader->used += n < 0 ? 0 : (size_t)n;
	if (reader->used >= reader->size)
		reader->used = reader->size - 1;
}

int config_refuse(char *why, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return -EINVAL;
}

int config_parse_port(const char *text, unsigned *port, char *why, size_t size)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value < 1 || value > 65535)
		return config_refuse(why, size, "`%s' is not a port", text);
	*port = (unsigned)value;
	return 0;
}

bool config_is_name(const char *text)
{
	if (!*text || *text == '.')
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr(".-_", *text))
			return false;
	return true;
}

/* Splits the line in place. Returns the number of words, or -1 after it has reported an error. */
static int split(struct reader *reader, char *line, char **words)
{
	int count = 0;
	char *at = line;

	for (;;) {
		at += strspn(at, " \t\r");
		if (!*at || *at == '#')
			return count;
		if (count == CONFIG_ARGS_MAX) {
			fail(reader, "more than %d words in a line", CONFIG_ARGS_MAX);
			return -1;
		}
		if (*at == '"') {
			words[count++] = ++at;
			at = strchr(at, '"');
			if (!at) {
				fail(reader, "a quotation mark is not closed");
				return -1;
			}
		} else {
			words[count++] = at;
			at += strcspn(at, " \t\r");
		}
		if (*at)
			*at++ = '\0';
	}
}

/* The Levenshtein distance, in one row of the table; 99 if a word is too long for it. */
static int edit_distance(const char *a, const char *b)
{
	int row[64], la = (int)strlen(a), lb = (int)strlen(b);

	if (la > 62 || lb > 62)
		return 99;
	for (int j = 0; j <= lb; j++)
		row[j] = j;
	for (int i = 1; i <= la; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= lb; j++) {
			int best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

/* Suggests the directive whose name is nearest, if fewer than three letters differ. */
static void unknown(struct reader *reader, const char *word)
{
	const char *near = NULL;
	int best = 3;

	for (int i = 0; i < reader->count; i++) {
		int distance = edit_distance(word, reader->table[i].name);

		if (reader->table[i].type != CONFIG_MISTAKE && distance < best) {
			best = distance;
			near = reader->table[i].name;
		}
	}
	if (near)
		fail(reader, "unknown directive `%s'; is `%s' meant?", word, near);
	else
		fail(reader, "unknown directive `%s'", word);
}

static const struct config_word SWITCH[] = {{"true", 1}, {"on", 1}, {"yes", 1}, {"false", 0},
					    {"off", 0}, {"no", 0}, {0}};

static const struct config_word *find_word(const struct config_word *words, const char *text)
{
	while (words->word && strcmp(words->word, text) != 0)
		words++;
	return words->word ? words : NULL;
}

static void set_word(struct reader *reader, const struct config_directive *d, const char *text,
		     void *to)
{
	const struct config_word *found = find_word(d->words, text);

	if (found)
		memcpy(to, &found->value, sizeof(found->value));
	else
		fail(reader, "directive `%s': `%s' is neither %s", d->name, text, d->hint);
}

static void set_bool(struct reader *reader, const struct config_directive *d, const char *text,
		     bool *to)
{
	const struct config_word *found = find_word(SWITCH, text);

	if (found)
		*to = found->value;
	else
		fail(reader, "directive `%s': `%s' is neither true nor false", d->name, text);
}

static void set_number(struct reader *reader, const struct config_directive *d, const char *text,
		       void *to)
{
	char *end;
	unsigned long value;
	unsigned number;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value < d->min || value > d->max) {
		fail(reader, "directive `%s': `%s' is not a number from %u to %u", d->name, text,
		     d->min, d->max);
		return;
	}
	number = (unsigned)value;
	memcpy(to, &number, sizeof(number));
}

static void set_text(struct reader *reader, const struct config_directive *d, const char *text,
		     char *to)
{
	if (strlen(text) >= d->size)
		fail(reader, "directive `%s': longer than %zu bytes", d->name, d->size - 1);
	else if (d->type == CONFIG_NAME && !config_is_name(text))
		fail(reader,
		     "directive `%s': `%s' is not a name of letters, digits, '.', '-' and '_'",
		     d->name, text);
	else if (d->type == CONFIG_PATH && *text != '/')
		fail(reader, "directive `%s': `%s' is not an absolute path", d->name, text);
	else if (!*text)
		fail(reader, "directive `%s': empty", d->name);
	else
		strcpy(to, text);
}

static void set_one(struct reader *reader, const struct config_directive *d, const char *text)
{
	uint8_t *to = (uint8_t *)reader->target + d->offset;

	switch (d->type) {
	case CONFIG_BOOL:
		set_bool(reader, d, text, (bool *)to);
		break;
	case CONFIG_WORD:
		set_word(reader, d, text, to);
		break;
	case CONFIG_NUMBER:
		set_number(reader, d, text, to);
		break;
	case CONFIG_ADDR:
		if (addr_parse(text, (struct tmip_addr *)to) < 0)
			fail(reader, "directive `%s': `%s' is not an IPv4 address", d->name, text);
		break;
	default:
		set_text(reader, d, text, (char *)to);
	}
}

static void set(struct reader *reader, const struct config_directive *d, char **args, int count)
{
	char why[256] = "";

	if (d->type == CONFIG_MISTAKE) {
		fail(reader, "directive `%s': %s", d->name, d->hint);
	} else if (d->type == CONFIG_CUSTOM) {
		if (count < (int)d->min || count > (int)d->max)
			fail(reader, "directive `%s' takes %s, not %d words", d->name, d->hint,
			     count);
		else if (d->custom(reader->target, args, count, why, sizeof(why)) < 0)
			fail(reader, "directive `%s': %s", d->name, why);
	} else if (count != 1) {
		fail(reader, "directive `%s' takes one word, not %d", d->name, count);
	} else {
		set_one(reader, d, args[0]);
	}
}

static bool matches(const struct config_directive *d, const char *word)
{
	if (d->type == CONFIG_MISTAKE)
		return strncmp(d->name, word, strlen(d->name)) == 0;
	return strcmp(d->name, word) == 0;
}

static void read_line(struct reader *reader, char *line)
{
	char *words[CONFIG_ARGS_MAX];
	int count = split(reader, line, words);

	if (count <= 0)
		return;
	for (int i = 0; i < reader->count; i++) {
		const struct config_directive *d = &reader->table[i];

		if (!matches(d, words[0]))
			continue;
		if (reader->seen[i] && !d->repeatable) {
			fail(reader, "directive `%s' was given in line %d before", d->name,
			     reader->seen[i]);
			return;
		}
		reader->seen[i] = reader->line;
		set(reader, d, words + 1, count - 1);
		return;
	}
	unknown(reader, words[0]);
}

int config_read(const struct config_directive *table, int count, const char *file, const char *text,
		size_t len, void *target, char *errors, size_t size)
{
	struct reader reader = {.table = table, .count = count, .file = file, .target = target,
				.errors = errors, .size = size};
	const char *end = text + len;

	errors[0] = '\0';
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);
		char line[CONFIG_LINE_MAX];

		reader.line++;
		if (length >= sizeof(line)) {
			fail(&reader, "line is longer than %d bytes", CONFIG_LINE_MAX - 1);
		} else if (memchr(text, '\0', length)) {
			fail(&reader, "NUL byte: this is no text file");
			break;
		} else {
			memcpy(line, text, length);
			line[length] = '\0';
			read_line(&reader, line);
		}
		text += length + 1;
	}
	reader.line = 0;
	for (int i = 0; i < count; i++)
		if (table[i].required && !reader.seen[i])
			fail(&reader, "directive `%s' is missing", table[i].name);
	text_clean_lines(errors);
	return reader.failed;
}
