/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments of an IPv4 packet (RFC 791, 2.3 and 3.2). Pure. A packet that is a fragment itself may
 * be fragmented further. The caller takes the fragments one by one:
 *
 *   for (error = fragment_begin(&f, packet, len, mtu); !error && (n = fragment_next(&f, out));)
 *           send(out, n);
 */
#ifndef TMIP_CORE_CELL_FRAGMENT_H
#define TMIP_CORE_CELL_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>

#define FRAGMENT_HEADER_MAX 60 /* bytes of the longest IPv4 header */

struct fragment {
	const uint8_t *packet;
	size_t mtu, header_len, total_len;
	size_t at;              /* in the packet: the data of the next fragment */
	uint8_t header[FRAGMENT_HEADER_MAX]; /* of the next fragment */
	size_t next_header_len;
};

/*
 * `mtu`: bytes of the largest fragment. What follows the packet in its `len` bytes does not count.
 * Returns 0; -EINVAL: the header contradicts itself or is cut short, or the data of a fragment ends
 * beyond that of the longest packet; or -EMSGSIZE: the packet is too big, and either may not be
 * fragmented (DF), or no fragment of that size can hold data.
 */
int fragment_begin(struct fragment *f, const uint8_t *packet, size_t len, size_t mtu);
/*
 * Writes the next fragment to `out`, which has room for as many bytes as the smaller of the packet
 * and the MTU. A packet that fits is its only fragment, and stays as it is. Returns the fragment's
 * length; 0: there are no more.
 */
size_t fragment_next(struct fragment *f, uint8_t *out);

#endif
