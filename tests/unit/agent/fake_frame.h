/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that leave by an interface, kept for the test. Takes the place of io/datapath/frame.h. */
#ifndef TMIP_TESTS_AGENT_FAKE_FRAME_H
#define TMIP_TESTS_AGENT_FAKE_FRAME_H

#include "io/datapath/frame.h"

#define FAKE_FRAMES 64 /* the first ones are kept, the others counted */
#define FAKE_FRAME_LEN 2048

enum fake_frame_kind { FRAME_SENT, FRAME_ANNOUNCED, FRAME_ASKED, FRAME_DEFENDED,
		       FRAME_ANSWERED };

struct fake_frame {
	enum fake_frame_kind kind;
	char interface[16];
	size_t len;                    /* FRAME_SENT */
	uint8_t data[FAKE_FRAME_LEN];
	struct tmip_addr addr, from;   /* the others */
	struct tmip_mac mac, from_mac, to;
};

struct fake_frames {
	int open_error; /* nonzero: frame_open() fails */
	int send_error; /* frame_send(), _announce() and _ask() return it, and nothing leaves */
	unsigned open;  /* ports that are not closed yet */
	unsigned count; /* frames that have left */
	struct fake_frame list[FAKE_FRAMES];
};

extern struct fake_frames fake_frames;

void fake_frames_reset(void);  /* no errors, no frames; ports stay open */
void fake_frames_forget(void); /* no frames */
/* The newest frame, which is of this kind; NULL: none is, or it is not. */
const struct fake_frame *fake_frames_last(enum fake_frame_kind kind);

#endif
