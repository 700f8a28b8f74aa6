/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gives any bytes as a packet to core/cell/fragment.h: the fragments must fit the MTU, and their
 * data, one behind the other, must be that of the packet. The first two bytes are the MTU.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checksum.h"
#include "core/cell/fragment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool fact)
{
	if (!fact)
		abort();
}

/* Checks a fragment whose data must begin at `at` in the packet. Returns the length of the data. */
static size_t check(const uint8_t *packet, const uint8_t *one, size_t bytes, size_t at)
{
	size_t header = (one[0] & 15) * 4u, first = (packet[0] & 15) * 4u;
	unsigned was = (packet[6] & 0x1f) << 8 | packet[7], is = (one[6] & 0x1f) << 8 | one[7];

	need(one[0] >> 4 == 4 && header >= 20 && header <= first && header <= bytes);
	need((size_t)(one[2] << 8 | one[3]) == bytes);
	need(is == was + (at - first) / 8);
	need(memcmp(one + 12, packet + 12, 8) == 0);
	need(memcmp(one + header, packet + at, bytes - header) == 0);
	return bytes - header;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t mtu = size >= 2 ? (size_t)(data[0] << 8 | data[1]) : 0;
	size_t len = size < 2 ? 0 : size - 2;
	uint8_t *packet = malloc(len + 1), *one = malloc(mtu < 65535 ? mtu + 1 : 65536);
	struct fragment f;
	size_t at = 0, bytes;

	need(packet && one);
	if (len)
		memcpy(packet, data + 2, len);
	if (fragment_begin(&f, packet, len, mtu) == 0) {
		bool whole = (size_t)(packet[2] << 8 | packet[3]) <= mtu;

		at = (packet[0] & 15) * 4u;
		while ((bytes = fragment_next(&f, one))) {
			need(bytes <= mtu);
			need(whole || checksum_compute(one, (one[0] & 15) * 4u, 0) == 0);
			at += check(packet, one, bytes, at);
		}
		need(at == (size_t)(packet[2] << 8 | packet[3]));
	}
	free(packet);
	free(one);
	return 0;
}
