/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum. See checksum.h. */
#include "checksum.h"

uint16_t checksum_compute(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)byte[i] << 8 | byte[i + 1];
	if (len & 1)
		sum += (uint32_t)byte[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
