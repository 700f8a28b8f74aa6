/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071), as IPv4, UDP and ICMP carry it. */
#ifndef TMIP_CORE_BASE_CHECKSUM_H
#define TMIP_CORE_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Returns the checksum of `len` bytes, in host byte order. The caller passes in `sum` the sum of
 * the 16-bit words of a pseudo header, or 0. An odd last byte counts as if a zero byte followed.
 */
uint16_t checksum_compute(const void *data, size_t len, uint32_t sum);

#endif
