/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs of prog_ns around those that it measures. `prepare` puts a pseudo-random station
 * into the packet and jumps to the program under test. A plain packet becomes one that station i
 * sends, a tunnel packet becomes one for station j, so that a repeated test run turns one packet
 * round and round: in, out, in, out.
 */
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <tmip/maps.h>

#include "prog_ns.h"

#define ETH_LEN 14
#define IPV4_LEN 20
#define PROTO_IPIP 4

const volatile __u32 stations = 1;
const volatile __be32 local, remote; /* tunnel ends */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, PROG_NS_JUMPS);
	__type(key, __u32);
	__type(value, __u32);
} jumps SEC(".maps");

/* The data path's own map. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct tmip_addr);
	__type(value, struct tmip_station);
} tmip_station SEC(".maps");

static __always_inline __be32 any_station(void)
{
	return bpf_htonl(PROG_NS_FIRST + bpf_get_prandom_u32() % stations);
}

static __always_inline void write_mac(__u8 *mac, __be32 addr)
{
	mac[0] = 2;
	mac[1] = 0;
	__builtin_memcpy(mac + 2, &addr, sizeof(addr));
}

SEC("tc")
int prepare(struct __sk_buff *skb)
{
	struct ethhdr *eth = (void *)(long)skb->data;
	struct iphdr *ip = (void *)(eth + 1), *inner = ip + 1;

	if ((void *)(inner + 1) > (void *)(long)skb->data_end)
		return 0;
	if (ip->protocol == PROTO_IPIP) {
		ip->saddr = remote;
		ip->daddr = local;
		inner->saddr = bpf_htonl(PROG_NS_SERVER);
		inner->daddr = any_station();
		bpf_tail_call(skb, &jumps, PROG_NS_OUT);
		return 0;
	}
	ip->saddr = any_station();
	ip->daddr = bpf_htonl(PROG_NS_SERVER);
	write_mac(eth->h_source, ip->saddr);
	bpf_tail_call(skb, &jumps, PROG_NS_IN);
	return 0;
}

SEC("tc")
int nothing(struct __sk_buff *skb)
{
	return skb->len ? 7 : 2;
}

static __always_inline int look_up(__be32 ipv4)
{
	struct tmip_addr addr = {.prefix = {[10] = 0xff, [11] = 0xff}};

	__builtin_memcpy(addr.v4, &ipv4, sizeof(ipv4));
	return bpf_map_lookup_elem(&tmip_station, &addr) ? 1 : 0;
}

/* One plain look-up. Encapsulation and decapsulation together need at least two of them. */
SEC("tc")
int one_lookup(struct __sk_buff *skb)
{
	struct iphdr *ip = (void *)(long)skb->data + ETH_LEN;

	if ((void *)(ip + 2) > (void *)(long)skb->data_end)
		return 0;
	return look_up(ip->protocol == PROTO_IPIP ? (ip + 1)->daddr : ip->saddr) ? 7 : 2;
}

/* ---- a minimal tunnel with a hash: no counters, guards, routes or sizes */

SEC("tc")
int least_in(struct __sk_buff *skb)
{
	struct iphdr outer = {.version = 4, .ihl = 5, .ttl = 64, .protocol = PROTO_IPIP};
	struct iphdr *ip = (void *)(long)skb->data + ETH_LEN;
	__u64 flags = BPF_F_ADJ_ROOM_NO_CSUM_RESET;

	if ((void *)(ip + 1) > (void *)(long)skb->data_end || !look_up(ip->saddr))
		return 0;
	outer.tot_len = bpf_htons(bpf_ntohs(ip->tot_len) + IPV4_LEN);
	if (bpf_skb_adjust_room(skb, IPV4_LEN, BPF_ADJ_ROOM_MAC,
				flags | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4) &&
	    bpf_skb_adjust_room(skb, IPV4_LEN, BPF_ADJ_ROOM_MAC, flags))
		return 0;
	ip = (void *)(long)skb->data + ETH_LEN;
	if ((void *)(ip + 1) > (void *)(long)skb->data_end)
		return 0;
	outer.saddr = local;
	outer.daddr = remote;
	*ip = outer;
	return bpf_redirect(skb->ifindex, 0);
}

SEC("tc")
int least_out(struct __sk_buff *skb)
{
	struct iphdr *inner = (void *)(long)skb->data + ETH_LEN + IPV4_LEN;

	if ((void *)(inner + 1) > (void *)(long)skb->data_end || !look_up(inner->daddr))
		return 0;
	if (bpf_skb_adjust_room(skb, -IPV4_LEN, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		return 0;
	return bpf_redirect(skb->ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
