/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files: read whole, replaced whole, folders for them. Functions return 0 or -errno. */
#ifndef TMIP_IO_PROCESS_FILE_H
#define TMIP_IO_PROCESS_FILE_H

#include <stddef.h>

#define FILE_MAX (1u << 20)

/* Reads a regular file of at most FILE_MAX bytes into memory that the caller frees. */
int file_read(const char *path, char **text, size_t *len);
/* Writes `path` anew, so that a reader sees the old or the new text, never a part. */
int file_replace(const char *path, const char *text, size_t len, unsigned mode);
/* The same, and it is on the disk when this returns. */
int file_replace_durably(const char *path, const char *text, size_t len, unsigned mode);
int file_make_dir(const char *path, unsigned mode); /* with its parents; 0 also if it is there */

#endif
