/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A writer whose writes end when the test says so. It takes the place of io/store/file_writer.h. As
 * there, one write runs at a time, and of the texts that wait only the newest one stays.
 */
#ifndef TMIP_TESTS_AGENT_FAKE_FILE_WRITER_H
#define TMIP_TESTS_AGENT_FAKE_FILE_WRITER_H

#include "io/store/file_writer.h"

struct fake_file {
	int create_error;           /* file_writer_create() returns it; 0: it succeeds */
	unsigned writers;           /* that are not destroyed */
	char path[512];             /* of the newest writer, as all below */
	unsigned mode;
	bool durable;
	uint64_t number;            /* of the newest text; 0: none yet */
	char *text;                 /* what is on the disk; NULL: nothing yet */
	uint64_t running, waiting;  /* numbers; 0: none */
};

extern struct fake_file fake_file;

void fake_file_reset(void);
/* The running write ends; fails the test if there is none. error: what `written` says. */
void fake_file_ends(int error);
/* All writes end well. */
void fake_file_ends_all(void);

#endif
