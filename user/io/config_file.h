/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds a file to a configuration reader, line by line. What is wrong with the file itself (missing, a folder, not
 * readable, a line too long, no text) is reported through the reader, like any other mistake.
 */
#ifndef TMIP_IO_CONFIG_FILE_H
#define TMIP_IO_CONFIG_FILE_H

#include "core/config.h"

/* The reader has begun, with `file` as its file name. 0 when all lines were fed (mistakes in them are seen by
 * config_end); -errno if the file could not be read (already reported). */
int config_file_feed(struct config_reader *reader, const char *path);

#endif
