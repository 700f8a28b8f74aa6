/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A minimal forwarder: compares the destination, writes the MACs, redirects; see bare.c. */
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bare.h"

#define ETH_LEN 14

const volatile struct bare_way ways[BARE_WAYS];

SEC("tc")
int bare(struct __sk_buff *skb)
{
	struct ethhdr *eth = (void *)(long)skb->data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > (void *)(long)skb->data_end || eth->h_proto != bpf_htons(0x0800))
		return -1; /* for the next program, or the kernel */
	for (int i = 0; i < BARE_WAYS; i++) {
		if (ip->daddr != ways[i].to)
			continue;
		__builtin_memcpy(eth->h_dest, (const void *)ways[i].macs, sizeof(ways[i].macs));
		return bpf_redirect(ways[i].ifindex, 0);
	}
	return -1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
