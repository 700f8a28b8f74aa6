/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device of held packets without the kernel: the test puts frames in, and sees what is written.
 * It takes the place of io/datapath/tap.h. The descriptor is real, and readable while frames wait.
 */
#ifndef TMIP_TESTS_AGENT_FAKE_TAP_H
#define TMIP_TESTS_AGENT_FAKE_TAP_H

#include "io/datapath/tap.h"

#define FAKE_TAP_IFINDEX 77
#define FAKE_TAP_FRAMES 8192
#define FAKE_TAP_LEN 256 /* kept of a frame */

struct fake_tap_frame {
	size_t len;
	uint8_t data[FAKE_TAP_LEN];
};

struct fake_tap {
	int open_error;  /* negative: tap_open() returns it */
	int write_error; /* negative: tap_write() returns it, and nothing is written */
	unsigned opened; /* times */
	unsigned queue;  /* as tap_open() was asked for */
	unsigned written_count;
	struct fake_tap_frame written[FAKE_TAP_FRAMES];
};

extern struct fake_tap fake_tap;

void fake_tap_reset(void); /* no errors, nothing waits, nothing was written */
void fake_tap_put(const uint8_t *frame, size_t len); /* from the data path */
unsigned fake_tap_waiting(void); /* frames that were not read yet */

#endif
