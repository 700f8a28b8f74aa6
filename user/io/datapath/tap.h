/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network device (tap) whose other end is in this process. The process reads the frames that BPF
 * programs redirect to the device, one by one and each cut to what fits on a wire; frames that it
 * writes arrive at the device. The device is gone when its descriptor is closed.
 */
#ifndef TMIP_IO_DATAPATH_TAP_H
#define TMIP_IO_DATAPATH_TAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAP_WHY 256         /* bytes of `why`, with the NUL */
#define TAP_FRAME_MAX 65550 /* bytes of the largest frame */

/*
 * Makes a device. `pattern` is its name with a %d for the number; `queue` is the number of frames
 * that may wait to be read. Returns the descriptor, which does not block, or -errno with the cause
 * in `why`.
 */
int tap_open(const char *pattern, unsigned queue, unsigned *ifindex, char why[TAP_WHY]);
/* Reads one frame. Returns its length in bytes; 0: no frame waits; -errno. */
ssize_t tap_read(int tap, uint8_t *frame, size_t size);
/* Returns 0 or -errno. */
int tap_write(int tap, const uint8_t *frame, size_t len);

#endif
