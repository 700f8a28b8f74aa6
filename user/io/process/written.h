/* SPDX-License-Identifier: BSD-2-Clause */
/* The first line of a status file: when it was written, and by which process. */
#ifndef TMIP_IO_PROCESS_WRITTEN_H
#define TMIP_IO_PROCESS_WRITTEN_H

#include <stdbool.h>
#include <stdio.h>

#define WRITTEN_EVERY_S 10 /* a program that lives writes its status file so often at least */

/* ended: the process writes its last words. */
void written_print(FILE *to, bool ended);

#endif
