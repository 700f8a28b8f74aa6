/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in big-endian bytes. See bytes.h. */
#include "bytes.h"

uint64_t bytes_get(const uint8_t *from, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 8 | from[i];
	return value;
}

uint8_t *bytes_put(uint8_t *to, uint64_t value, int count)
{
	for (int i = count - 1; i >= 0; i--, value >>= 8)
		to[i] = (uint8_t)value;
	return to + count;
}
