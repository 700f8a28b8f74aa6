/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets that are too big for their way: fragments of them, or ICMP errors about them. The data
 * path gives such packets to the agent (include/tmip/fragment.h); copies of broadcasts may be too
 * big for the cell of a guest. Called by buffer.c and groups.c.
 */
#ifndef TMIP_AGENT_STATION_FRAGMENTS_H
#define TMIP_AGENT_STATION_FRAGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fragments_exit {
	/* Sends one frame. 0 or -errno. */
	int (*send)(const uint8_t *frame, size_t len, void *arg);
	void *arg;
};

/*
 * Sends the frame in as many frames as its packet needs where `mtu` bytes fit, all with the same
 * Ethernet header. Returns 0 or -errno: that of fragment_begin, or of the first frame that was not
 * sent; no more are sent then.
 */
int fragments_send(const uint8_t *frame, size_t len, size_t mtu, const struct fragments_exit *exit);

/* Is the frame, at least an Ethernet header long, one that the data path cannot handle? */
bool fragments_wanted(const uint8_t *frame);
/* Does with it what its header says. Writes over the Ethernet header. 0 or -errno. */
int fragments_handle(uint8_t *frame, size_t len, const struct fragments_exit *exit);

#endif
