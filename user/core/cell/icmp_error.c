/* SPDX-License-Identifier: BSD-2-Clause */
/* "Fragmentation needed". See icmp_error.h. */
#include "icmp_error.h"

#include <errno.h>
#include <string.h>

#include "core/base/bytes.h"
#include "core/base/checksum.h"

#define IPV4_LEN 20 /* RFC 791, 3.1 */
#define SOURCE_AT 12
#define ICMP_LEN 8
#define QUOTE_LEN (ICMP_ERROR_LEN - IPV4_LEN - ICMP_LEN)
#define TOS 0xc0 /* internetwork control, RFC 1812, 4.3.2.5 */
#define TTL 64
#define PROTOCOL_ICMP 1
#define UNREACHABLE 3
#define FRAGMENTATION_NEEDED 4

int icmp_error_make(uint8_t out[ICMP_ERROR_LEN], const uint8_t *packet, size_t len,
		    const uint8_t from[4], unsigned mtu)
{
	uint8_t *icmp = out + IPV4_LEN;

	if (len < QUOTE_LEN)
		return -EINVAL;
	memset(out, 0, IPV4_LEN + ICMP_LEN);
	out[0] = 0x45;
	out[1] = TOS;
	bytes_put(out + 2, ICMP_ERROR_LEN, 2);
	out[8] = TTL;
	out[9] = PROTOCOL_ICMP;
	memcpy(out + SOURCE_AT, from, 4);
	memcpy(out + SOURCE_AT + 4, packet + SOURCE_AT, 4);
	bytes_put(out + 10, checksum_compute(out, IPV4_LEN, 0), 2);
	icmp[0] = UNREACHABLE;
	icmp[1] = FRAGMENTATION_NEEDED;
	bytes_put(icmp + 6, mtu, 2);
	memcpy(icmp + ICMP_LEN, packet, QUOTE_LEN);
	bytes_put(icmp + 2, checksum_compute(icmp, ICMP_LEN + QUOTE_LEN, 0), 2);
	return 0;
}
