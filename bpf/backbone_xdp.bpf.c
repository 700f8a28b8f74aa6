/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tmip_bb_xdp: packets from the backbone before the kernel makes an skb of them (native XDP). It
 * decides as the tc program does (backbone.h). It finishes a packet that needs new headers only and
 * leaves by the backbone: from one tunnel into another, plain packets for absent stations, and,
 * with `fastpath home', out of a tunnel to the backbone. Bytes and counters are those of the tc
 * program. It leaves all other packets to the tc program, unchanged and uncounted: for one, packets
 * into a cell, because the cell's device may not accept frames from XDP.
 */
#include "backbone.h"
#include "finish.h"

/* The functions below that return LEFT use none of their parameters. */
#pragma clang diagnostic ignored "-Wunused-parameter"

/* Not a reason: the packet is left to the tc program. */
#define LEFT (-TMIP_REASON_COUNT)

/* `len` bytes of the frame, or NULL. */
static __always_inline void *bytes_at(const struct frame *f, __u32 offset, __u32 len)
{
	void *data = (void *)(long)f->xdp->data + offset;

	return data + len <= (void *)(long)f->xdp->data_end ? data : 0;
}

static __always_inline int begin(struct frame *f, struct xdp_md *xdp)
{
	const void *data = (void *)(long)xdp->data, *end = (void *)(long)xdp->data_end;
	__u32 zero = 0;

	__builtin_memset(f, 0, sizeof(*f));
	f->xdp = xdp;
	f->ifindex = xdp->ingress_ifindex;
	f->action = XDP_PASS;
	f->config = bpf_map_lookup_elem(&tmip_config, &zero);
	if (!f->config || f->config->flags & TMIP_CONFIG_HEADLESS ||
	    parse_eth(&f->dst, &f->src, &f->protocol, data, end) ||
	    f->protocol != bpf_htons(ETH_P_IP))
		return LEFT;
	return parse_ipv4(&f->ip, data + ETH_LEN, end, end - data - ETH_LEN);
}

static __always_inline int read_inner(const struct frame *f, struct ipv4 *inner)
{
	return parse_inner(inner, &f->ip, (void *)(long)f->xdp->data + ETH_LEN,
			   (void *)(long)f->xdp->data_end);
}

/* ---- left to the tc program */

static __always_inline int reflect_probe(struct frame *f)
{
	return LEFT;
}

static __always_inline int deliver(struct frame *f, const struct ipv4 *inner,
				   const struct station *to)
{
	return LEFT;
}

static __always_inline int hold_inner(struct frame *f, const struct ipv4 *inner)
{
	return LEFT;
}

static __always_inline int group_up(struct frame *f, const struct ipv4 *inner,
				    const struct station *from, const struct tmip_subnet *subnet)
{
	return LEFT;
}

static __always_inline int group_down(struct frame *f, const struct ipv4 *inner,
				      const struct tmip_subnet *subnet)
{
	return LEFT;
}

static __always_inline int to_home(struct frame *f, const struct station *to)
{
	return LEFT;
}

/* A TCP SYN, whose MSS option the tc program may have to lower. */
static __always_inline int may_need_clamp(const struct frame *f, const struct ipv4 *ip, __u32 at)
{
	const __u8 *flags;

	if (ip->protocol != PROTO_TCP || ip->frag & IPV4_OFFSET || !f->config->mss)
		return 0;
	/*
	 * The mask changes nothing. It tells the verifier (of 6.1 and 6.18) the bound of the
	 * length, which the verifier forgot while the length was on the stack.
	 */
	flags = bytes_at(f, at + (ip->header_len & 60) + TCP_FLAGS, 1);
	return !flags || *flags & TCP_SYN;
}

/* ---- finished here */

/* Always yes: to_absent compares the destination with the MAC that the device sends from. */
static __always_inline int is_for_host(const struct frame *f)
{
	return 1;
}

/*
 * Finds the way to a CN. Returns LEFT if the way does not lead back out of the backbone, or if the
 * next hop's MAC is not known.
 */
static __always_inline int way_back(const struct frame *f, __be32 remote, __u32 len,
				    struct route *route)
{
	return route_lookup(f, remote, len, route) || route->next_hop ||
	       route->ifindex != f->ifindex ? LEFT : 0;
}

/*
 * Sends the frame, whose head may have moved, with a new Ethernet header. From here on the frame
 * cannot be left to the tc program.
 */
static __always_inline int transmit(struct frame *f, const struct tmip_mac *dst,
				    const struct tmip_mac *src)
{
	struct ethhdr *eth = bytes_at(f, 0, ETH_LEN);

	f->action = eth ? XDP_TX : XDP_DROP;
	if (!eth)
		return -TMIP_REASON_HEADROOM;
	__builtin_memcpy(eth->h_dest, dst, sizeof(*dst));
	__builtin_memcpy(eth->h_source, src, sizeof(*src));
	eth->h_proto = bpf_htons(ETH_P_IP);
	return 0;
}

static __always_inline int send_on(struct frame *f, const struct ipv4 *inner, __be32 remote)
{
	struct route route;
	struct iphdr *outer;

	if (f->ip.ttl <= 1 || way_back(f, remote, f->ip.total_len, &route))
		return LEFT;
	outer = bytes_at(f, ETH_LEN, IPV4_LEN);
	if (!outer)
		return LEFT;
	change_ends(outer, f, remote);
	count_sent(&route, f->ip.total_len);
	return transmit(f, &route.dst, &route.src);
}

static __always_inline int to_absent(struct frame *f, const struct station *to)
{
	__be32 remote = to->current;
	__u32 len = f->ip.total_len + IPV4_LEN;
	struct route route;
	struct iphdr *outer;

	if (f->ip.ttl <= 1 || is_held(f, to) || may_need_clamp(f, &f->ip, ETH_LEN))
		return LEFT;
	if (way_back(f, remote, len, &route) || !same_mac(&f->dst, &route.src))
		return LEFT;
	if (bpf_xdp_adjust_head(f->xdp, -IPV4_LEN))
		return LEFT;
	outer = bytes_at(f, ETH_LEN, 2 * IPV4_LEN);
	if (outer) {
		ip_decrease_ttl(outer + 1);
		write_outer(outer, f, f->ip.tos, f->ip.total_len, remote);
		count_sent(&route, len);
	}
	return transmit(f, &route.dst, &route.src) ?: TMIP_REASON_ENCAP_VISITED;
}

/* Past netfilter, if the kernel's tables suffice (plain.h). */
static __always_inline int hand_to_kernel(struct frame *f, const struct ipv4 *inner,
					  const struct station *from)
{
	struct way way = {.from = from->home_ifindex, .to = f->ifindex, .len = inner->total_len};
	struct iphdr *ip;

	if (!(f->config->flags & TMIP_CONFIG_FASTPATH_HOME) ||
	    may_need_clamp(f, inner, ETH_LEN + IPV4_LEN) ||
	    tos_after_decap(f, inner) != inner->tos || !plain_way(f->context, inner, &way, 0))
		return LEFT;
	if (bpf_xdp_adjust_head(f->xdp, IPV4_LEN))
		return LEFT;
	ip = bytes_at(f, ETH_LEN, IPV4_LEN);
	if (ip)
		ip_decrease_ttl(ip);
	return transmit(f, &way.dst, &way.src) ?: TMIP_REASON_FORWARDED;
}

SEC("xdp")
int tmip_bb_xdp(struct xdp_md *xdp)
{
	__u32 len = xdp->data_end - xdp->data;
	struct frame f;
	int reason;

	if (begin(&f, xdp))
		return XDP_PASS;
	reason = from_backbone(&f);
	if (f.action == XDP_PASS)
		return XDP_PASS;
	count_received(&f);
	count(reason < 0 ? -reason : reason, len);
	return f.action;
}
