/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, prefixes and MACs as values: parse, print, compare. Pure. Addresses are struct tmip_addr
 * (network byte order, IPv4 mapped) everywhere in user space; uint32_t IPv4 values are in host byte order.
 */
#ifndef TMIP_CORE_BASE_ADDR_H
#define TMIP_CORE_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include <tmip/types.h>

#define ADDR_STRLEN 46
#define MAC_STRLEN 18

struct prefix {
	struct tmip_addr addr;
	uint8_t len; /* IPv4 bits 0..32 */
};

struct tmip_addr addr_from_ipv4(uint32_t host_order);
uint32_t addr_to_ipv4(const struct tmip_addr *addr); /* host order; the last four bytes */
bool addr_is_ipv4(const struct tmip_addr *addr);
bool addr_is_zero(const struct tmip_addr *addr);
bool addr_equal(const struct tmip_addr *a, const struct tmip_addr *b);
int addr_compare(const struct tmip_addr *a, const struct tmip_addr *b);

/* Dotted IPv4 text. 0 or -EINVAL; *out is unchanged on error. */
int addr_parse(const char *text, struct tmip_addr *out);
/* Writes at most ADDR_STRLEN bytes, returns `out`. A zero address prints as "-". */
const char *addr_format(const struct tmip_addr *addr, char out[ADDR_STRLEN]);

bool mac_is_zero(const struct tmip_mac *mac);
bool mac_equal(const struct tmip_mac *a, const struct tmip_mac *b);
/* aa:bb:cc:dd:ee:ff or with '-'. 0 or -EINVAL. */
int mac_parse(const char *text, struct tmip_mac *out);
const char *mac_format(const struct tmip_mac *mac, char out[MAC_STRLEN]);

bool prefix_contains(const struct prefix *prefix, const struct tmip_addr *addr);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
uint32_t prefix_mask(uint8_t len); /* host order */

#endif
