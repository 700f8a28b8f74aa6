/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, prefixes and MACs as values: parse, print, compare. Pure. All of user space keeps an
 * address as struct tmip_addr: 16 bytes in network byte order, with IPv4 in the IPv4-mapped form
 * (RFC 4291, 2.5.5.2). An IPv4 address in a uint32_t is in host byte order.
 */
#ifndef TMIP_CORE_BASE_ADDR_H
#define TMIP_CORE_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include <tmip/types.h>

#define ADDR_STRLEN 46 /* bytes of the longest address as text, with the NUL: INET6_ADDRSTRLEN */
#define MAC_STRLEN 18  /* bytes of a MAC as text, with the NUL */

/* An IPv4 prefix. */
struct prefix {
	struct tmip_addr addr; /* IPv4-mapped; the bits behind the prefix do not count */
	uint8_t len;           /* in bits of the IPv4 address, 0..32 */
};

struct tmip_addr addr_from_ipv4(uint32_t host_order);
/* Returns the last four bytes in host byte order, whatever the prefix is. */
uint32_t addr_to_ipv4(const struct tmip_addr *addr);
bool addr_is_ipv4(const struct tmip_addr *addr);
bool addr_is_zero(const struct tmip_addr *addr);
bool addr_equal(const struct tmip_addr *a, const struct tmip_addr *b);
/* Compares as memcmp does: below 0, 0 or above 0. The order is that of the numbers. */
int addr_compare(const struct tmip_addr *a, const struct tmip_addr *b);

/* Parses a dotted IPv4 address. Returns 0 or -EINVAL; an error leaves *out unchanged. */
int addr_parse(const char *text, struct tmip_addr *out);
/* Writes the address and a NUL into `out` and returns `out`. A zero address prints as "-". */
const char *addr_format(const struct tmip_addr *addr, char out[ADDR_STRLEN]);

bool mac_is_zero(const struct tmip_mac *mac);
bool mac_equal(const struct tmip_mac *a, const struct tmip_mac *b);
/*
 * Parses aa:bb:cc:dd:ee:ff or aa-bb-cc-dd-ee-ff, in either case. Returns 0 or -EINVAL; an error
 * leaves *out unchanged.
 */
int mac_parse(const char *text, struct tmip_mac *out);
/* Writes aa:bb:cc:dd:ee:ff and a NUL into `out` and returns `out`. */
const char *mac_format(const struct tmip_mac *mac, char out[MAC_STRLEN]);

/* False for every address that is not IPv4. */
bool prefix_contains(const struct prefix *prefix, const struct tmip_addr *addr);
bool prefix_equal(const struct prefix *a, const struct prefix *b);
/* Returns whether the two prefixes have an address in common. */
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
/* The netmask of a prefix of `len` bits (0..32), in host byte order. */
uint32_t prefix_mask(uint8_t len);

#endif
