/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Forwards plain packets between the cells and the backbone by the kernel's tables (rules, routes,
 * neighbours, MTU), but past its netfilter, for `fastpath home`. The programs leave a packet to the
 * kernel if it needs more than a table: a packet to this host, with options, at the end of its hop
 * limit, too big (whether or not it may be fragmented), or to a router whose MAC is not known. The
 * MAC of a station is that of its record: the kernel's neighbour table may lack it, and believes
 * whoever answers first.
 */
#ifndef TMIP_BPF_PLAIN_H
#define TMIP_BPF_PLAIN_H

#include "tunnel.h"

struct way {
	__u32 from, to; /* interfaces */
	__u32 len;      /* bytes of the largest packet that this one becomes on the wire */
	struct tmip_mac dst, src; /* set by plain_way */
};

/*
 * Would the kernel forward the packet from way->from to way->to? Returns 1 if so, and sets the MACs
 * of the way. With `direct` the packet must go to its destination itself, not to a router, and the
 * MACs stay zero if the kernel does not know them.
 */
static __noinline int plain_way(void *context, const struct ipv4 *ip, struct way *way, int direct)
{
	struct bpf_fib_lookup fib = {.family = AF_INET_NUMBER};
	int found;

	if (!ip || !way || ip->ttl <= 1 || ip->header_len != IPV4_LEN)
		return 0;
	fib.ifindex = way->from;
	fib.l4_protocol = ip->protocol;
	fib.tos = ip->tos;
	fib.tot_len = way->len;
	fib.ipv4_src = ip->src;
	fib.ipv4_dst = ip->dst;
	found = bpf_fib_lookup(context, &fib, sizeof(fib), 0);
	if (found != BPF_FIB_LKUP_RET_SUCCESS && !(direct && found == BPF_FIB_LKUP_RET_NO_NEIGH))
		return 0;
	if (fib.ifindex != way->to || (direct && fib.ipv4_dst != ip->dst) ||
	    way->len > device_limit(context, way->to, way->len))
		return 0;
	__builtin_memcpy(&way->dst, fib.dmac, sizeof(way->dst));
	__builtin_memcpy(&way->src, fib.smac, sizeof(way->src));
	return 1;
}

/*
 * Does the packet have a link-local address, and would the kernel forward it all the same, if it
 * came in by the interface `from`? The kernel knows no such limit (RFC 3927, 7). It does not
 * forward a packet to an address of this host.
 */
static __always_inline int leaves_link(const struct frame *f, const struct ipv4 *ip, __u32 from)
{
	struct bpf_fib_lookup fib = {.family = AF_INET_NUMBER};
	int found;

	if (!is_link_local(ip->dst) && !is_link_local(ip->src))
		return 0;
	fib.ifindex = from;
	fib.l4_protocol = ip->protocol;
	fib.ipv4_src = ip->src;
	fib.ipv4_dst = ip->dst;
	found = bpf_fib_lookup(f->context, &fib, sizeof(fib), 0);
	return found == BPF_FIB_LKUP_RET_SUCCESS || found == BPF_FIB_LKUP_RET_NO_NEIGH ||
	       found == BPF_FIB_LKUP_RET_FRAG_NEEDED;
}

/* Sends the frame along the way. 0 or a negative reason. */
static __always_inline int plain_send(struct frame *f, const struct way *way)
{
	if (decrease_ttl(f))
		return -TMIP_REASON_MALFORMED;
	if (write_macs(f->skb, &way->dst, &way->src))
		return -TMIP_REASON_HEADROOM;
	f->action = bpf_redirect(way->to, 0);
	return 0;
}

#endif
