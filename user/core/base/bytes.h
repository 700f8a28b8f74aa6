/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers in big-endian bytes, as MLRP and DHCP carry them. The caller checks that the bytes are
 * there.
 */
#ifndef TMIP_CORE_BASE_BYTES_H
#define TMIP_CORE_BASE_BYTES_H

#include <stdint.h>

/* Returns the number in the `count` bytes (0..8) at `from`. */
uint64_t bytes_get(const uint8_t *from, int count);
/* Writes the low `count` bytes (0..8) of the value. Returns the place behind them. */
uint8_t *bytes_put(uint8_t *to, uint64_t value, int count);

#endif
