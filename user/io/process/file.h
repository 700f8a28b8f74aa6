/* SPDX-License-Identifier: BSD-2-Clause */
/* Small files, read and replaced as a whole, and their folders. Functions return 0 or -errno. */
#ifndef TMIP_IO_PROCESS_FILE_H
#define TMIP_IO_PROCESS_FILE_H

#include <stddef.h>

#define FILE_MAX (1u << 20) /* bytes of the largest file that file_read reads */

/*
 * Reads a file of at most FILE_MAX bytes. *text has a NUL behind its *len bytes; the caller frees
 * it. -EFBIG: the file is larger; -EISDIR: it is a folder.
 */
int file_read(const char *path, char **text, size_t *len);
/* Replaces the file: a reader sees the old or the new text, never a part. `mode`: of a new file. */
int file_replace(const char *path, const char *text, size_t len, unsigned mode);
/* As file_replace; the new text is on the disk when it returns. */
int file_replace_durably(const char *path, const char *text, size_t len, unsigned mode);
/* Makes the folder, and its parents with mode 0755. Returns 0 also if the folder exists. */
int file_make_dir(const char *path, unsigned mode);
/* As file_make_dir; parents get parents_mode. */
int file_make_dirs(const char *path, unsigned parents_mode, unsigned mode);

#endif
