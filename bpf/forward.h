/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ways out: over the backbone to another CN (by the kernel's routing and neighbour tables),
 * into a cell, or to this host's kernel as if the frame came from a cell. The programs call these
 * as their last step. Each send_ function sets f->action and returns 0 or a negative reason;
 * send_cell may also return TMIP_REASON_BUFFERED.
 */
#ifndef TMIP_BPF_FORWARD_H
#define TMIP_BPF_FORWARD_H

#include "hold.h"
#include "size.h"

#define AF_INET_NUMBER 2

/*
 * skb->mark of a frame that one of our programs puts into the ingress or egress of a cell. The
 * cell's program there lets the frame pass, once.
 */
#define MARK_TRUSTED 0x746d6970 /* "tmip" */

/* The way of an outer packet to another CN. */
struct route {
	struct tmip_peer_stat *peer; /* of this CPU; NULL: the map is full */
	__u32 ifindex;
	__be32 next_hop;             /* if its MAC is not known yet; 0: dst is its MAC */
	__u32 mtu;
	struct tmip_mac dst, src;
};

static __always_inline struct tmip_peer_stat *peer_stat(__be32 remote)
{
	struct tmip_addr addr = addr_of(remote);
	struct tmip_peer_stat *stat = bpf_map_lookup_elem(&tmip_peer_stat, &addr), fresh = {};

	if (stat)
		return stat;
	bpf_map_update_elem(&tmip_peer_stat, &addr, &fresh, BPF_ANY);
	return bpf_map_lookup_elem(&tmip_peer_stat, &addr);
}

/*
 * The number of the current moment, never 0. A CPU uses what it has found out about a peer until
 * the moment ends. The lowest bit is always set, so a moment lasts 2^23 ns, about 8 ms.
 */
static __always_inline __u32 moment(void)
{
	return bpf_ktime_get_coarse_ns() >> 22 | 1;
}

/*
 * The MTU of the path to the CN. What the agent has proved counts; the kernel's route, whose MTU is
 * `mtu`, believes whatever ICMP comes.
 */
static __always_inline __u32 path_mtu(__be32 remote, __u32 mtu)
{
	const struct tmip_peer *peer = find_peer(remote);

	return peer && peer->mtu ? peer->mtu : mtu;
}

/* Asks the kernel's tables, and tmip_peer. 0 or a reason (positive). */
static __noinline int route_from_kernel(void *context, const struct tmip_config *config,
					__be32 remote, __u32 len, struct route *route)
{
	struct bpf_fib_lookup fib = {
		.family = AF_INET_NUMBER, .l4_protocol = PROTO_IPIP,
		.tot_len = 1, .ipv4_dst = remote, /* which fits: the comparison is below */
	};
	int found;

	if (!config || !route)
		return TMIP_REASON_NO_ROUTE;
	fib.ifindex = config->backbone_ifindex;
	fib.ipv4_src = ipv4_of(&config->tunnel);
	found = bpf_fib_lookup(context, &fib, sizeof(fib), 0);
	if (found != BPF_FIB_LKUP_RET_SUCCESS && found != BPF_FIB_LKUP_RET_NO_NEIGH)
		return TMIP_REASON_NO_ROUTE;
	/* If the next hop's MAC is not known, mtu_result may still be tot_len. */
	route->mtu = fib.mtu_result > 1 ? fib.mtu_result : len;
	route->mtu = device_limit(context, fib.ifindex, path_mtu(remote, route->mtu));
	route->ifindex = fib.ifindex;
	route->next_hop = found == BPF_FIB_LKUP_RET_NO_NEIGH ? fib.ipv4_dst : 0;
	if (len > route->mtu)
		return TMIP_REASON_TOO_BIG;
	__builtin_memcpy(&route->dst, fib.dmac, sizeof(route->dst));
	__builtin_memcpy(&route->src, fib.smac, sizeof(route->src));
	return 0;
}

/* Keeps the way for the rest of the moment, if its MAC is known. */
static __always_inline void route_keep(const struct route *route, __u32 now)
{
	struct tmip_peer_stat *peer = route->peer;

	if (!peer || route->next_hop)
		return;
	peer->way_moment = 0;
	peer->way_ifindex = route->ifindex;
	peer->way_mtu = route->mtu;
	peer->way_dst = route->dst;
	peer->way_src = route->src;
	peer->way_moment = now;
}

/*
 * Finds the way of an outer packet of `len` bytes (not 0) from this CN to `remote`. Returns 0,
 * -TMIP_REASON_TOO_BIG (route->mtu holds the MTU) or -TMIP_REASON_NO_ROUTE.
 */
static __always_inline int route_lookup(const struct frame *f, __be32 remote, __u32 len,
					struct route *route)
{
	struct tmip_peer_stat *peer = peer_stat(remote);
	__u32 now = moment();
	int reason;

	route->peer = peer;
	if (peer && peer->way_moment == now && len <= peer->way_mtu) {
		route->ifindex = peer->way_ifindex;
		route->next_hop = 0;
		route->mtu = peer->way_mtu;
		route->dst = peer->way_dst;
		route->src = peer->way_src;
		return 0;
	}
	reason = route_from_kernel(f->context, f->config, remote, len, route);
	if (reason)
		return -reason;
	route_keep(route, now);
	return 0;
}

static __always_inline int send_backbone(struct frame *f, const struct route *route)
{
	struct bpf_redir_neigh next = {.nh_family = AF_INET_NUMBER};

	if (!route->next_hop) {
		if (write_macs(f->skb, &route->dst, &route->src))
			return -TMIP_REASON_HEADROOM;
		f->action = bpf_redirect(route->ifindex, 0);
		return 0;
	}
	/*
	 * The MAC of the next hop is not known yet: the kernel queues the packet and asks for it.
	 */
	next.ipv4_nh = route->next_hop;
	f->action = bpf_redirect_neigh(route->ifindex, &next, sizeof(next), 0);
	return 0;
}

/* Lowers the hop limit by one, as a router does. */
static __always_inline void ip_decrease_ttl(struct iphdr *ip)
{
	/* RFC 1624: the TTL, the high byte of a 16-bit word, becomes one less. */
	__u32 sum = ip->check + bpf_htons(0x0100);

	ip->check = sum + (sum >= 0xffff);
	ip->ttl--;
}

/* The same for the packet behind the frame's Ethernet header. 0 or a negative reason. */
static __always_inline int decrease_ttl(struct frame *f)
{
	struct iphdr *ip = (void *)(long)f->skb->data + ETH_LEN;

	if ((void *)(ip + 1) > (void *)(long)f->skb->data_end)
		return -TMIP_REASON_MALFORMED;
	ip_decrease_ttl(ip);
	return 0;
}

/*
 * To the station, in the cell of this CN that it is in. The mark makes tmip_cell_out pass the frame
 * as it is.
 */
static __always_inline int send_cell_now(struct frame *f, const struct station *s)
{
	const struct tmip_cell *cell = find_cell(s->ifindex);

	if (!cell)
		return -TMIP_REASON_NO_CELL;
	if (cell->flags & TMIP_CELL_F_DOWN)
		return -TMIP_REASON_CELL_DOWN;
	if (write_macs(f->skb, &s->mac, &cell->mac))
		return -TMIP_REASON_HEADROOM;
	f->skb->mark = MARK_TRUSTED;
	f->action = bpf_redirect(s->ifindex, 0);
	return 0;
}

/* The same, unless the station's packets are held: then TMIP_REASON_BUFFERED. */
static __always_inline int send_cell(struct frame *f, const struct station *s)
{
	return is_held(f, s) ? hold(f) : send_cell_now(f, s);
}

/* Asks the kernel's routes behind which interface the station is; 0: they do not say. */
static __noinline __u32 ask_kernel_way(void *context, const struct tmip_config *config,
				       __be32 station)
{
	struct bpf_fib_lookup fib = {
		.family = AF_INET_NUMBER, .tot_len = 1, .ipv4_dst = station,
	};
	int found;

	if (!config)
		return 0;
	fib.ifindex = config->backbone_ifindex;
	found = bpf_fib_lookup(context, &fib, sizeof(fib), 0);
	return found == BPF_FIB_LKUP_RET_SUCCESS || found == BPF_FIB_LKUP_RET_NO_NEIGH ?
		       fib.ifindex : 0;
}

/*
 * The interface behind which the kernel has the cell's subnet: the cell's own, or its stand-in
 * while that is down or gone. The kernel's routes say so even if no agent is there to say it.
 * 0: there is neither.
 */
static __always_inline __u32 kernel_way(const struct frame *f, const struct tmip_cell *cell,
					__be32 station)
{
	__u32 number = cell->number, now = moment(), found;
	struct tmip_way *way = bpf_map_lookup_elem(&tmip_way, &number);

	if (!cell->stand_in || !way)
		return cell->ifindex;
	if (way->moment == now)
		return way->ifindex;
	found = ask_kernel_way(f->context, f->config, station);
	way->moment = 0;
	if (found && found == cell->ifindex)
		way->ifindex = found;
	else
		way->ifindex = found == cell->stand_in || cell->flags & TMIP_CELL_F_DOWN ?
				       cell->stand_in : cell->ifindex;
	way->moment = now;
	return way->ifindex;
}

/*
 * To the kernel, from the station's home cell: routes, rp_filter, netfilter and NAT see a station
 * that never left.
 */
static __always_inline int send_kernel(struct frame *f, const struct station *s)
{
	const struct tmip_cell *cell = find_cell(s->home_ifindex);
	__u32 way;

	if (!cell)
		return -TMIP_REASON_NO_CELL;
	way = kernel_way(f, cell, s->ipv4);
	if (!way)
		return -TMIP_REASON_CELL_DOWN;
	if (write_macs(f->skb, &cell->mac, &s->mac))
		return -TMIP_REASON_HEADROOM;
	f->skb->mark = MARK_TRUSTED;
	f->action = bpf_redirect(way, BPF_F_INGRESS);
	return 0;
}

#endif
