/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A station has come, and the agent is away, which would tell its parent and the CN where it was.
 * The program tells them itself, whatever the station's first frame is: a clone of the frame comes
 * in once more, and becomes TMIP_PROBE_HERE (include/tmip/event.h). cell_ingress.bpf.c and arp.h
 * call tell_others(), and cell_ingress.bpf.c become_tidings() for the clone.
 */
#ifndef TMIP_BPF_TELL_H
#define TMIP_BPF_TELL_H

#include "alive.h"
#include "icmp.h"

/* skb->mark of the clone. The last four bytes of its destination MAC are the address of the CN. */
#define MARK_TELL 0x746d6971

#define ARP_SENDER (ETH_LEN + 14) /* RFC 826: its IPv4 address */

struct tidings {
	struct iphdr outer, inner;
	struct udphdr udp;
	struct tmip_probe_station probe;
};

TMIP_ASSERT_SIZE(struct tidings, 2 * IPV4_LEN + UDP_LEN + sizeof(struct tmip_probe_station));

/* The frame itself stays as it is. Returns 0. */
static __noinline int tell(struct frame *f, __be32 remote)
{
	struct tmip_mac to = {};

	if (!f || !remote || remote == ipv4_of(&f->config->tunnel))
		return 0;
	__builtin_memcpy(&to.octet[2], &remote, sizeof(remote));
	if (write_macs(f->skb, &to, &f->src))
		return 0;
	f->skb->mark = MARK_TELL;
	bpf_clone_redirect(f->skb, f->skb->ifindex, BPF_F_INGRESS);
	f->skb->mark = 0;
	write_macs(f->skb, &f->dst, &f->src);
	return 0;
}

/* The station has just come: the map showed it as `was`. */
static __always_inline void tell_others(struct frame *f, const struct station *was)
{
	if (!agent_is_away())
		return;
	tell(f, was->parent);
	if (was->current != was->parent)
		tell(f, was->current);
}

/* The address of the station that sent the frame. */
static __always_inline __be32 sender_of(const struct frame *f)
{
	__be32 sender = f->ip.src;

	if (f->protocol == bpf_htons(ETH_P_ARP) &&
	    bpf_skb_load_bytes(f->skb, ARP_SENDER, &sender, sizeof(sender)) < 0)
		return 0;
	return sender;
}

/* Room behind the Ethernet header, in which the kernel has no checksum to fill in (icmp.h). */
static __always_inline int make_tidings_room(struct frame *f)
{
	const __u32 len = ETH_LEN + sizeof(struct tidings);
	__be16 protocol = bpf_htons(ETH_P_IP);
	int is_ip = f->protocol == protocol;

	if (bpf_skb_change_tail(f->skb, is_ip ? len + FORGET_LEN : len, 0) ||
	    (is_ip && bpf_skb_adjust_room(f->skb, -FORGET_LEN, BPF_ADJ_ROOM_MAC, 0)) ||
	    bpf_skb_pull_data(f->skb, len) ||
	    bpf_skb_store_bytes(f->skb, ETH_LEN - sizeof(protocol), &protocol, sizeof(protocol), 0))
		return -TMIP_REASON_HEADROOM;
	bpf_set_hash_invalid(f->skb);
	return 0;
}

static __always_inline int write_tidings(struct frame *f, __be32 remote, __be32 station)
{
	const __u32 len = sizeof(struct tidings) - IPV4_LEN;
	struct tidings *tidings = (void *)(long)f->skb->data + ETH_LEN;

	if ((void *)(tidings + 1) > (void *)(long)f->skb->data_end)
		return -TMIP_REASON_HEADROOM;
	write_outer(&tidings->outer, f, ICMP_TOS, len, remote);
	tidings->inner = tidings->outer;
	tidings->inner.protocol = PROTO_UDP;
	tidings->inner.tot_len = bpf_htons(len);
	tidings->inner.check = 0;
	tidings->inner.check = ipv4_checksum(&tidings->inner);
	tidings->udp.source = tidings->udp.dest = bpf_htons(TMIP_PROBE_PORT);
	tidings->udp.len = bpf_htons(len - IPV4_LEN);
	tidings->udp.check = 0;
	__builtin_memset(&tidings->probe, 0, sizeof(tidings->probe));
	tidings->probe.kind = TMIP_PROBE_HERE;
	tidings->probe.addr = addr_of(station);
	return 0;
}

/* Returns a reason or its negative. */
static __always_inline int become_tidings(struct frame *f)
{
	__be32 station = sender_of(f), remote;
	struct route route;
	int error;

	__builtin_memcpy(&remote, &f->dst.octet[2], sizeof(remote));
	error = make_tidings_room(f);
	if (!error)
		error = write_tidings(f, remote, station);
	if (!error)
		error = route_lookup(f, remote, sizeof(struct tidings), &route);
	if (error)
		return error;
	count_sent(&route, sizeof(struct tidings));
	error = send_backbone(f, &route);
	return error ? error : TMIP_REASON_PROBE;
}

#endif
