/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables on the terminal: cells of text, columns as wide as their widest cell. */
#ifndef TMIP_IO_PROCESS_TABLE_H
#define TMIP_IO_PROCESS_TABLE_H

#include <stdio.h>

struct table;

/* `titles`: NULL-terminated; a title that begins with '>' is a column of numbers, set flush right. NULL: no memory. */
struct table *table_new(const char *const *titles);
/* The next cell, row by row. The text is copied; NULL shows "-". */
__attribute__((format(printf, 2, 3))) void table_add(struct table *table, const char *format, ...);
/* Prints and frees. The number of rows, 0: nothing was printed. NULL is allowed. */
size_t table_print(struct table *table, FILE *to);

#endif
