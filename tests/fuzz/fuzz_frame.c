/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gives any bytes as a frame to the parsers of the BPF programs: they must not read beyond the end,
 * and the values that they find must keep their bounds. The first byte says how much of the frame
 * is linear, as the rest of a packet may lie elsewhere.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../bpf/parse.h"

#define ALIGN 2 /* as in drivers (NET_IP_ALIGN): it aligns the IPv4 header */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool fact)
{
	if (!fact)
		abort();
}

/* Compares the parsed header with the bytes, read in another way. */
static void check(const struct ipv4 *ip, const uint8_t *at, size_t linear, size_t room)
{
	need(linear >= IPV4_LEN && at[0] >> 4 == 4);
	need(ip->header_len >= IPV4_LEN && ip->header_len <= 60 &&
	     ip->header_len == (at[0] & 15) * 4);
	need(ip->total_len >= ip->header_len && ip->total_len <= room &&
	     ip->total_len == (at[2] << 8 | at[3]));
	need(ip->frag == (at[6] << 8 | at[7]) && ip->ttl == at[8] && ip->protocol == at[9]);
	need(memcmp(&ip->src, at + 12, 4) == 0 && memcmp(&ip->dst, at + 16, 4) == 0);
}

static void parse(const uint8_t *frame, size_t linear, size_t whole)
{
	const uint8_t *end = frame + linear;
	struct tmip_mac dst, src;
	struct ipv4 ip, inner;
	__be16 protocol;

	if (parse_eth(&dst, &src, &protocol, frame, end)) {
		need(linear < ETH_LEN);
		return;
	}
	need(memcmp(&dst, frame, 6) == 0 && memcmp(&src, frame + 6, 6) == 0 &&
	     memcmp(&protocol, frame + 12, 2) == 0);
	if (parse_ipv4(&ip, frame + ETH_LEN, end, (__u32)(whole - ETH_LEN)))
		return;
	check(&ip, frame + ETH_LEN, linear - ETH_LEN, whole - ETH_LEN);
	if (parse_inner(&inner, &ip, frame + ETH_LEN, end))
		return;
	need(ip.header_len == IPV4_LEN && linear >= ETH_LEN + 2 * IPV4_LEN);
	check(&inner, frame + ETH_LEN + IPV4_LEN, linear - ETH_LEN - IPV4_LEN,
	      ip.total_len - IPV4_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole = size ? size - 1 : 0, linear = size && data[0] < whole ? data[0] : whole;
	/* The sanitizer sees where the linear part ends. */
	uint8_t *buffer = malloc(ALIGN + linear);

	need(buffer != NULL);
	if (linear)
		memcpy(buffer + ALIGN, data + 1, linear);
	parse(buffer + ALIGN, linear, whole);
	free(buffer);
	return 0;
}
