/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses, prefixes and MACs as values. See addr.h. */
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The prefix of IPv4-mapped addresses (RFC 4291, 2.5.5.2). */
static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct tmip_addr addr_from_ipv4(uint32_t host_order)
{
	uint32_t net = htonl(host_order);
	struct tmip_addr addr;

	memcpy(addr.prefix, MAPPED, sizeof(MAPPED));
	memcpy(addr.v4, &net, sizeof(net));
	return addr;
}

uint32_t addr_to_ipv4(const struct tmip_addr *addr)
{
	uint32_t net;

	memcpy(&net, addr->v4, sizeof(net));
	return ntohl(net);
}

bool addr_is_ipv4(const struct tmip_addr *addr)
{
	return memcmp(addr->prefix, MAPPED, sizeof(MAPPED)) == 0;
}

bool addr_is_zero(const struct tmip_addr *addr)
{
	static const struct tmip_addr zero;

	return addr_equal(addr, &zero);
}

bool addr_equal(const struct tmip_addr *a, const struct tmip_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int addr_compare(const struct tmip_addr *a, const struct tmip_addr *b)
{
	return memcmp(a, b, sizeof(*a));
}

int addr_parse(const char *text, struct tmip_addr *out)
{
	struct in_addr in;

	if (inet_pton(AF_INET, text, &in) != 1)
		return -EINVAL;
	*out = addr_from_ipv4(ntohl(in.s_addr));
	return 0;
}

const char *addr_format(const struct tmip_addr *addr, char out[ADDR_STRLEN])
{
	if (addr_is_zero(addr))
		snprintf(out, ADDR_STRLEN, "-");
	else if (addr_is_ipv4(addr))
		inet_ntop(AF_INET, addr->v4, out, ADDR_STRLEN);
	else
		inet_ntop(AF_INET6, addr, out, ADDR_STRLEN);
	return out;
}

bool mac_is_zero(const struct tmip_mac *mac)
{
	static const struct tmip_mac zero;

	return mac_equal(mac, &zero);
}

bool mac_equal(const struct tmip_mac *a, const struct tmip_mac *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(const char *text, struct tmip_mac *out)
{
	char separator = strlen(text) == MAC_STRLEN - 1 ? text[2] : 0;
	struct tmip_mac mac;

	if (separator != ':' && separator != '-')
		return -EINVAL;
	for (int i = 0; i < 6; i++, text += 3) {
		int high = hex_digit(text[0]), low = hex_digit(text[1]);

		if (high < 0 || low < 0 || text[2] != (i < 5 ? separator : 0))
			return -EINVAL;
		mac.octet[i] = high << 4 | low;
	}
	*out = mac;
	return 0;
}

const char *mac_format(const struct tmip_mac *mac, char out[MAC_STRLEN])
{
	snprintf(out, MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac->octet[0], mac->octet[1],
		 mac->octet[2], mac->octet[3], mac->octet[4], mac->octet[5]);
	return out;
}

uint32_t prefix_mask(uint8_t len)
{
	return len ? ~0u << (32 - len) : 0;
}

bool prefix_contains(const struct prefix *prefix, const struct tmip_addr *addr)
{
	return addr_is_ipv4(addr) &&
	       !((addr_to_ipv4(addr) ^ addr_to_ipv4(&prefix->addr)) & prefix_mask(prefix->len));
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	uint8_t len = a->len < b->len ? a->len : b->len;

	return !((addr_to_ipv4(&a->addr) ^ addr_to_ipv4(&b->addr)) & prefix_mask(len));
}
