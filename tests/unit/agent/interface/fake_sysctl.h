/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel settings in memory, and the files of their former values as well. It takes the place of
 * io/kernel/sysctl.h. A setting that the test has not defined is "0".
 */
#ifndef TMIP_TESTS_AGENT_FAKE_SYSCTL_H
#define TMIP_TESTS_AGENT_FAKE_SYSCTL_H

#include "io/kernel/sysctl.h"

struct fake_sysctl {
	int open_error;         /* positive: sysctl_open() fails with this errno */
	int set_error;          /* negative: sysctl_set() returns it */
	const char *set_fails;  /* only of a name that has this in it; NULL: of all */
	int note_error;         /* sysctl_note() */
	unsigned open;          /* stores that are not closed yet */
};

extern struct fake_sysctl fake_sysctl;

void fake_sysctl_reset(void);
void fake_sysctl_put(const char *name, const char *value); /* as the kernel has it now */
const char *fake_sysctl_value(const char *name);           /* as it is now */
/* Former values that files remember, of names that begin like this; "": all. */
unsigned fake_sysctl_remembered(const char *begin);

#endif
