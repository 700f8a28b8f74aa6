/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network device (tap) whose other end this process holds: frames that are redirected into it are read here, one by
 * one and cut to what fits on a wire; frames that are written here come in there. It is gone when its descriptor is.
 */
#ifndef TMIP_IO_DATAPATH_TAP_H
#define TMIP_IO_DATAPATH_TAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TAP_WHY 256
#define TAP_FRAME_MAX 65550

/* `pattern`: name with a %d. `queue`: frames that wait for us to read them. The descriptor, not blocking, or -errno with `why`. */
int tap_open(const char *pattern, unsigned queue, unsigned *ifindex, char why[TAP_WHY]);
ssize_t tap_read(int tap, uint8_t *frame, size_t size); /* length; 0: none waits; -errno */
int tap_write(int tap, const uint8_t *frame, size_t len); /* 0 or -errno */

#endif
