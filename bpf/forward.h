/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The way out: over the backbone to another CN (by the kernel's routing table and neighbours), into a cell, or to this
 * host's kernel as if the frame came from a cell. Each sets f->action and returns 0 or a negative reason.
 */
#ifndef TMIP_BPF_FORWARD_H
#define TMIP_BPF_FORWARD_H

#include "lookup.h"

#define AF_INET_NUMBER 2

/* In skb->mark of a frame that we put into a cell's ingress ourselves: the program there lets it pass, once. */
#define MARK_TRUSTED 0x746d6970 /* "tmip" */

struct route {
	struct bpf_fib_lookup fib;
	int found; /* BPF_FIB_LKUP_RET_... */
};

/* Looks up the way of an outer packet of `len` bytes from us to `remote`. 0, -TOO_BIG (fib.mtu_result holds the MTU), -NO_ROUTE. */
static __always_inline int route_lookup(const struct frame *f, __be32 remote, __u32 len, struct route *route)
{
	struct bpf_fib_lookup *fib = &route->fib;

	__builtin_memset(fib, 0, sizeof(*fib));
	fib->family = AF_INET_NUMBER;
	fib->l4_protocol = PROTO_IPIP;
	fib->tot_len = len;
	fib->ifindex = f->config->backbone_ifindex;
	fib->ipv4_src = ipv4_of(&f->config->tunnel);
	fib->ipv4_dst = remote;
	route->found = bpf_fib_lookup(f->skb, fib, sizeof(*fib), 0);
	if (route->found == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return -TMIP_REASON_TOO_BIG;
	if (route->found == BPF_FIB_LKUP_RET_SUCCESS || route->found == BPF_FIB_LKUP_RET_NO_NEIGH)
		return 0;
	return -TMIP_REASON_NO_ROUTE;
}

static __always_inline int send_backbone(struct frame *f, const struct route *route)
{
	struct bpf_redir_neigh next = {.nh_family = AF_INET_NUMBER};

	if (route->found == BPF_FIB_LKUP_RET_SUCCESS) {
		if (write_macs(f->skb, (const struct tmip_mac *)route->fib.dmac, (const struct tmip_mac *)route->fib.smac))
			return -TMIP_REASON_HEADROOM;
		f->action = bpf_redirect(route->fib.ifindex, 0);
		return 0;
	}
	/* The neighbour is not resolved yet: the kernel queues the packet and asks. */
	next.ipv4_nh = route->fib.ipv4_dst;
	f->action = bpf_redirect_neigh(route->fib.ifindex, &next, sizeof(next), 0);
	return 0;
}

/* One router more on the way of the packet behind the Ethernet header. */
static __always_inline int age(struct frame *f)
{
	struct iphdr *ip = (void *)(long)f->skb->data + ETH_LEN;
	__u32 sum;

	if ((void *)(ip + 1) > (void *)(long)f->skb->data_end)
		return -TMIP_REASON_MALFORMED;
	sum = ip->check + bpf_htons(0x0100); /* RFC 1624: one less in the high byte of a 16-bit word */
	ip->check = sum + (sum >= 0xffff);
	ip->ttl--;
	return 0;
}

/* To the station, in the cell of this CN that it is in. */
static __always_inline int send_cell(struct frame *f, const struct tmip_station *s)
{
	const struct tmip_cell *cell = find_cell(s->ifindex);

	if (!cell)
		return -TMIP_REASON_NO_CELL;
	if (write_macs(f->skb, &s->mac, &cell->mac))
		return -TMIP_REASON_HEADROOM;
	f->action = bpf_redirect(s->ifindex, 0);
	return 0;
}

/* To the kernel, from the station's home cell: routes, rp_filter, netfilter and NAT see a station that never left. */
static __always_inline int send_kernel(struct frame *f, const struct tmip_station *s)
{
	const struct tmip_cell *cell = find_cell(s->home_ifindex);

	if (!cell)
		return -TMIP_REASON_NO_CELL;
	if (write_macs(f->skb, &cell->mac, &s->mac))
		return -TMIP_REASON_HEADROOM;
	f->skb->mark = MARK_TRUSTED;
	f->action = bpf_redirect(s->home_ifindex, BPF_F_INGRESS);
	return 0;
}

#endif
