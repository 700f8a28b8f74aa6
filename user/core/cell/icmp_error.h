/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ICMP error "fragmentation needed" (RFC 792, RFC 1191) about a packet that is too big. Pure.
 * The data path makes the same error itself where it can (bpf/icmp.h).
 */
#ifndef TMIP_CORE_CELL_ICMP_ERROR_H
#define TMIP_CORE_CELL_ICMP_ERROR_H

#include <stddef.h>
#include <stdint.h>

#define ICMP_ERROR_LEN 96 /* bytes, with the IPv4 header */

/*
 * Writes the error about `packet`, an IPv4 packet of which `len` bytes are there, from the address
 * `from` (as on the wire). `mtu`: bytes of the largest packet that fits. Returns 0, or -EINVAL: the
 * packet is shorter than what the error quotes of it.
 */
int icmp_error_make(uint8_t out[ICMP_ERROR_LEN], const uint8_t *packet, size_t len,
		    const uint8_t from[4], unsigned mtu);

#endif
