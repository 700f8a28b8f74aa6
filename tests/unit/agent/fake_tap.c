/* SPDX-License-Identifier: BSD-2-Clause */
/* The device of held packets without the kernel. See fake_tap.h. */
#include "fake_tap.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "calls.h"

struct fake_tap fake_tap;

static struct fake_tap_frame waiting[FAKE_TAP_FRAMES];
static unsigned first, last; /* of those that wait: first <= i < last, modulo the size */
static int descriptor = -1;

void fake_tap_reset(void)
{
	memset(&fake_tap, 0, sizeof(fake_tap));
	first = last = 0;
	descriptor = -1;
}

/* The counter of an eventfd: it is readable unless it is 0. */
static void set_readable(bool on)
{
	uint64_t value = 1;

	if (descriptor >= 0 && on && write(descriptor, &value, sizeof(value)) < 0)
		abort();
	if (descriptor >= 0 && !on && read(descriptor, &value, sizeof(value)) < 0)
		abort();
}

int tap_open(const char *pattern, unsigned queue, unsigned *ifindex, char why[TAP_WHY])
{
	calls_note("tap_open %s", pattern);
	fake_tap.opened++;
	fake_tap.queue = queue;
	if (fake_tap.open_error) {
		snprintf(why, TAP_WHY, "no device here");
		return fake_tap.open_error;
	}
	*ifindex = FAKE_TAP_IFINDEX;
	descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (first != last)
		set_readable(true);
	return descriptor;
}

void fake_tap_put(const uint8_t *frame, size_t len)
{
	struct fake_tap_frame *place = &waiting[last++ % FAKE_TAP_FRAMES];

	if (last - first > FAKE_TAP_FRAMES || len > FAKE_TAP_LEN)
		abort();
	place->len = len;
	memcpy(place->data, frame, len);
	set_readable(true);
}

unsigned fake_tap_waiting(void)
{
	return last - first;
}

ssize_t tap_read(int tap, uint8_t *frame, size_t size)
{
	const struct fake_tap_frame *place = &waiting[first % FAKE_TAP_FRAMES];

	if (tap != descriptor || size < place->len)
		abort();
	if (first == last)
		return 0;
	first++;
	memcpy(frame, place->data, place->len);
	if (first == last)
		set_readable(false);
	return (ssize_t)place->len;
}

int tap_write(int tap, const uint8_t *frame, size_t len)
{
	struct fake_tap_frame *place;

	if (tap != descriptor || fake_tap.written_count == FAKE_TAP_FRAMES)
		abort();
	if (fake_tap.write_error)
		return fake_tap.write_error;
	place = &fake_tap.written[fake_tap.written_count++];
	place->len = len;
	memcpy(place->data, frame, len < FAKE_TAP_LEN ? len : FAKE_TAP_LEN);
	return 0;
}
