/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames kept for the test. See fake_frame.h. */
#include "fake_frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

struct fake_frames fake_frames;

struct frame_port {
	char interface[16];
};

void fake_frames_reset(void)
{
	fake_frames.open_error = fake_frames.send_error = 0;
	fake_frames.count = 0;
}

void fake_frames_forget(void)
{
	fake_frames.count = 0;
}

const struct fake_frame *fake_frames_last(enum fake_frame_kind kind)
{
	const struct fake_frame *last;

	if (!fake_frames.count || fake_frames.count > FAKE_FRAMES)
		return NULL;
	last = &fake_frames.list[fake_frames.count - 1];
	return last->kind == kind ? last : NULL;
}

struct frame_port *frame_open(const char *interface, char why[FRAME_WHY])
{
	struct frame_port *port;

	calls_note("frame_open %s", interface);
	if (fake_frames.open_error) {
		snprintf(why, FRAME_WHY, "%s: no frames here", interface);
		return NULL;
	}
	port = calloc(1, sizeof(*port));
	if (!port)
		abort();
	snprintf(port->interface, sizeof(port->interface), "%s", interface);
	fake_frames.open++;
	return port;
}

void frame_close(struct frame_port *port)
{
	if (!port)
		return;
	calls_note("frame_close %s", port->interface);
	fake_frames.open--;
	free(port);
}

/* A new place in the list. */
static struct fake_frame *add(const struct frame_port *port, enum fake_frame_kind kind)
{
	static struct fake_frame spare;
	struct fake_frame *frame = &spare;

	if (fake_frames.count < FAKE_FRAMES)
		frame = &fake_frames.list[fake_frames.count];
	fake_frames.count++;
	memset(frame, 0, sizeof(*frame));
	frame->kind = kind;
	memcpy(frame->interface, port->interface, sizeof(frame->interface));
	return frame;
}

int frame_send(struct frame_port *port, const uint8_t *data, size_t len)
{
	struct fake_frame *frame;

	if (fake_frames.send_error)
		return fake_frames.send_error;
	frame = add(port, FRAME_SENT);
	frame->len = len;
	memcpy(frame->data, data, len < FAKE_FRAME_LEN ? len : FAKE_FRAME_LEN);
	return 0;
}

int frame_announce(struct frame_port *port, const struct tmip_mac *from,
		   const struct tmip_addr *addr, const struct tmip_mac *mac)
{
	struct fake_frame *frame;

	if (fake_frames.send_error)
		return fake_frames.send_error;
	frame = add(port, FRAME_ANNOUNCED);
	frame->from_mac = *from;
	frame->addr = *addr;
	frame->mac = *mac;
	return 0;
}

int frame_defend(struct frame_port *port, const struct tmip_mac *to, const struct tmip_mac *from,
		 const struct tmip_addr *addr, const struct tmip_mac *mac)
{
	struct fake_frame *frame;

	if (fake_frames.send_error)
		return fake_frames.send_error;
	frame = add(port, FRAME_DEFENDED);
	frame->to = *to;
	frame->from_mac = *from;
	frame->addr = *addr;
	frame->mac = *mac;
	return 0;
}

int frame_answer(struct frame_port *port, const struct tmip_mac *to,
		 const struct tmip_addr *to_addr, const struct tmip_mac *from,
		 const struct tmip_addr *addr)
{
	struct fake_frame *frame;

	if (fake_frames.send_error)
		return fake_frames.send_error;
	frame = add(port, FRAME_ANSWERED);
	frame->to = *to;
	frame->from = *to_addr;
	frame->from_mac = *from;
	frame->addr = *addr;
	return 0;
}

int frame_probe(struct frame_port *port, const struct tmip_addr *addr, const struct tmip_mac *mac,
	      const struct tmip_addr *from, const struct tmip_mac *from_mac)
{
	struct fake_frame *frame;

	if (fake_frames.send_error)
		return fake_frames.send_error;
	frame = add(port, FRAME_ASKED);
	frame->addr = *addr;
	frame->mac = *mac;
	frame->from = *from;
	frame->from_mac = *from_mac;
	return 0;
}
