/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables on the terminal. A cell is a text, and a column is as wide as its widest cell. */
#ifndef TMIP_IO_PROCESS_TABLE_H
#define TMIP_IO_PROCESS_TABLE_H

#include <stdio.h>

struct table;

/*
 * Makes a table with these titles; a NULL ends them. A '>' before a title sets its column flush
 * right. NULL: no memory.
 */
struct table *table_new(const char *const *titles);
/* Adds the next cell, row by row. `table` may be NULL. */
__attribute__((format(printf, 2, 3))) void table_add(struct table *table, const char *format, ...);
/*
 * Prints the table and frees it. Returns the number of rows; 0: it has printed nothing, because
 * there are no rows or there was no memory. NULL is allowed.
 */
size_t table_print(struct table *table, FILE *to);

#endif
