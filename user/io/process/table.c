/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables on the terminal. See table.h. */
#include "table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16
#define LINE 80      /* columns of a terminal */
#define WRAPPED 24   /* a last column narrower than this is not wrapped */

struct table {
	size_t columns, used, room; /* `used` and `room` count cells */
	bool right[COLUMNS_MAX];
	size_t width[COLUMNS_MAX];
	char **cells; /* the titles are the first row */
	bool broken;  /* there was no memory for a cell */
};

static void put(struct table *table, char *text)
{
	size_t column = table->used % table->columns, len = text ? strlen(text) : 0;
	char **grown;

	if (table->used == table->room) {
		grown = reallocarray(table->cells, table->room ? table->room * 2 : 64,
				     sizeof(*grown));
		if (!grown) {
			free(text);
			table->broken = true;
			return;
		}
		table->cells = grown;
		table->room = table->room ? table->room * 2 : 64;
	}
	table->cells[table->used++] = text;
	table->broken |= !text;
	if (len > table->width[column])
		table->width[column] = len;
}

struct table *table_new(const char *const *titles)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	while (titles[table->columns] && table->columns < COLUMNS_MAX)
		table->columns++;
	for (size_t i = 0; i < table->columns; i++) {
		table->right[i] = titles[i][0] == '>';
		put(table, strdup(titles[i] + table->right[i]));
	}
	return table;
}

void table_add(struct table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	if (!table)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	put(table, text);
}

/* How much of the text fits into `room` columns: it is cut between words. */
static size_t fitting(const char *text, size_t room)
{
	size_t len = strlen(text), at = room;

	if (len <= room)
		return len;
	while (at && text[at] != ' ')
		at--;
	return at ? at : len; /* one long word stays whole */
}

/* A text at the end of the line goes on below its beginning, which is at column `start`. */
static void print_last(const char *text, size_t start, FILE *to)
{
	size_t room = start + WRAPPED < LINE ? LINE - start : strlen(text), len;

	for (;;) {
		len = fitting(text, room);
		fprintf(to, "%.*s", (int)len, text);
		text += len;
		while (*text == ' ')
			text++;
		if (!*text)
			return;
		fprintf(to, "\n%*s", (int)start, "");
	}
}

static void print_row(const struct table *table, size_t row, FILE *to)
{
	size_t start = 0;

	for (size_t i = 0; i < table->columns; i++) {
		const char *text = table->cells[row * table->columns + i];
		int width = (int)table->width[i];

		fputs(i ? "  " : "", to);
		start += i ? 2 : 0;
		if (i + 1 == table->columns && !table->right[i])
			print_last(text ? text : "?", start, to);
		else
			fprintf(to, "%*s", table->right[i] ? width : -width, text ? text : "?");
		start += table->width[i];
	}
	fputc('\n', to);
}

size_t table_print(struct table *table, FILE *to)
{
	size_t rows = 0;

	if (!table)
		return 0;
	if (!table->broken)
		rows = table->used / table->columns - 1;
	for (size_t row = 0; rows && row <= rows; row++)
		print_row(table, row, to);
	for (size_t i = 0; i < table->used; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
	return rows;
}
