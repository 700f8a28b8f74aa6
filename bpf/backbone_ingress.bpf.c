/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets from the backbone (tc ingress): out of a tunnel to a station, to the kernel or on to another CN; into a
 * tunnel for stations of ours that are away; everything else is the kernel's.
 */
#include "direct.h"
#include "finish.h"
#include "group.h"
#include "hold.h"
#include "mss.h"
#include "plain.h"
#include "stale.h"

#define UDP_LEN 8
#define PROBE_PORT bpf_htons(TMIP_PROBE_PORT)

/* Out of the tunnel and into the cell. */
static __always_inline int deliver(struct frame *f, const struct ipv4 *inner, const struct tmip_station *to)
{
	int error = decap(f, inner);

	if (!error) {
		clamp(f, inner, ETH_LEN);
		error = send_cell(f, to);
	}
	return error ? error : TMIP_REASON_DECAP_STATION;
}

/* Past netfilter to the backbone, or to the kernel. */
static __always_inline int hand_to_kernel(struct frame *f, const struct ipv4 *inner, const struct tmip_station *from)
{
	__u32 backbone = f->config->backbone_ifindex;
	struct way way;
	int past = f->config->flags & TMIP_CONFIG_FASTPATH_HOME && plain_way(f->skb, inner, from->home_ifindex, backbone, &way);
	int error = decap(f, inner);

	if (!error && past) {
		clamp(f, inner, ETH_LEN);
		error = plain_send(f, &way, backbone);
		return error ? error : TMIP_REASON_FORWARDED;
	}
	if (!error) {
		clamp(f, inner, ETH_LEN);
		error = send_kernel(f, from);
	}
	return error ? error : TMIP_REASON_DECAP_KERNEL;
}

/* Out of the tunnel, to be held. */
static __always_inline int hold_inner(struct frame *f, const struct ipv4 *inner)
{
	int error = decap(f, inner);

	return error ? error : hold(f);
}

/* After the station to where it is. Whoever sends straight here believes it to be here, unless a parent is here too. */
static __always_inline int relay_to(struct frame *f, const struct ipv4 *inner, const struct tmip_station *to, int is_stale)
{
	__be32 remote = ipv4_of(&to->current);
	int error;

	if (is_held(f, to))
		return hold_inner(f, inner);
	/* Back to whom it came from, or to ourselves: nobody knows better. */
	if (remote == f->ip.src || remote == ipv4_of(&f->config->tunnel))
		return TMIP_REASON_NOT_HERE;
	error = relay(f, remote);
	if (error)
		return error;
	if (is_stale)
		notice_stale(f, &to->mac, inner->dst);
	return TMIP_REASON_RELAY;
}

/* From a station whose parent is this CN, out of the CN that it visits. */
static __always_inline int from_absent(struct frame *f, const struct ipv4 *inner, const struct tmip_station *from,
				       const struct tmip_station *to)
{
	if (to && to->home_ifindex == from->home_ifindex) {
		if (to->state == TMIP_STATION_AWAY && is_held(f, to))
			return hold_inner(f, inner);
		if (to->state == TMIP_STATION_AWAY)
			/* Two visitors of the same CN meet at their parent: the packet goes back where it came from. */
			return relay(f, ipv4_of(&to->current)) ?: TMIP_REASON_RELAY;
		if (to->ifindex)
			return deliver(f, inner, to);
	}
	return hand_to_kernel(f, inner, from);
}

/* From a station of ours, for a group of its home subnet. Only from where it is: the copies of two CNs would be one too many. */
static __always_inline int from_group(struct frame *f, const struct ipv4 *inner, const struct tmip_station *from)
{
	int error;

	if (f->ip.src != ipv4_of(&from->current))
		return TMIP_REASON_TUNNEL_SOURCE;
	if (!group_allowed(f))
		return TMIP_REASON_GROUP_RATE;
	error = decap(f, inner);
	return error ? error : group_send(f, inner->dst, from);
}

static __always_inline int is_probe(const struct frame *f, const struct ipv4 *inner, __u8 *kind)
{
	__be16 ports[2];

	if (inner->protocol != PROTO_UDP || inner->src != f->ip.src || inner->dst != f->ip.dst || inner->header_len != IPV4_LEN)
		return 0;
	return bpf_skb_load_bytes(f->skb, ETH_LEN + 2 * IPV4_LEN, ports, sizeof(ports)) == 0 && ports[1] == PROBE_PORT &&
	       bpf_skb_load_bytes(f->skb, ETH_LEN + 2 * IPV4_LEN + UDP_LEN, kind, 1) == 0;
}

/* Sends a probe back the way it came. */
static __always_inline int reflect(struct frame *f)
{
	__be32 outer[2] = {f->ip.dst, f->ip.src};
	__u8 kind = TMIP_PROBE_REPLY;
	__u16 no_checksum = 0; /* RFC 768: none; the payload has changed */
	__u32 source = __builtin_offsetof(struct iphdr, saddr);

	if (bpf_skb_store_bytes(f->skb, ETH_LEN + source, outer, sizeof(outer), 0) ||
	    bpf_skb_store_bytes(f->skb, ETH_LEN + IPV4_LEN + source, outer, sizeof(outer), 0) ||
	    bpf_skb_store_bytes(f->skb, ETH_LEN + 2 * IPV4_LEN + 6, &no_checksum, sizeof(no_checksum), 0) ||
	    bpf_skb_store_bytes(f->skb, ETH_LEN + 2 * IPV4_LEN + UDP_LEN, &kind, 1, 0) ||
	    write_macs(f->skb, &f->src, &f->dst))
		return TMIP_REASON_MALFORMED;
	f->action = bpf_redirect(f->skb->ifindex, 0);
	return TMIP_REASON_PROBE;
}

/*
 * For a station of another CN that is here. From a station of ours it is if the guest's parent sends it: the kernel sent
 * it there, and it is back. Else our station is away and sends it: the kernel must see it first, which may translate
 * addresses.
 */
static __always_inline int is_for_guest(const struct frame *f, const struct tmip_station *to)
{
	return to->ifindex && !to->home_ifindex && f->ip.src == ipv4_of(&to->parent);
}

static __always_inline int from_tunnel(struct frame *f)
{
	const struct tmip_station *from, *to;
	struct ipv4 inner;
	__u8 kind = 0;

	if (frame_inner(f, &inner))
		return TMIP_REASON_MALFORMED;
	if (is_probe(f, &inner, &kind))
		return kind == TMIP_PROBE_REQUEST ? reflect(f) : TMIP_REASON_PROBE_REPLY;
	if (!count_received(f->ip.src, f->ip.total_len))
		return TMIP_REASON_UNKNOWN_PEER;
	from = find_station(inner.src);
	to = find_station(inner.dst);
	f->station = addr_of(inner.src);
	if (from && from->state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_BLOCKED;
	if (from && from->home_ifindex && group_came(f, &inner, from))
		return from_group(f, &inner, from);
	if (from && from->home_ifindex && !(to && is_for_guest(f, to)) && !came_direct(f, &inner, from, to))
		return from_absent(f, &inner, from, to);
	f->station = addr_of(inner.dst);
	if (to && to->state == TMIP_STATION_BLOCKED)
		return TMIP_REASON_BLOCKED;
	if (to && to->ifindex) /* a guest, or come home before its sender knew */
		return deliver(f, &inner, to);
	if (to) /* it has left: its packets follow it */
		return relay_to(f, &inner, to, !from || !from->home_ifindex);
	return from ? TMIP_REASON_TUNNEL_SOURCE : TMIP_REASON_NOT_HERE;
}

/* A plain packet for a station of ours that is away. What the kernel must answer with ICMP is left to the kernel. */
static __always_inline int to_absent(struct frame *f, const struct tmip_station *to)
{
	__be32 remote = ipv4_of(&to->current);
	struct route route;
	int error;

	if (f->ip.ttl <= 1 || route_lookup(f, remote, wire_len(f->skb, &f->ip), &route))
		return TMIP_REASON_NOT_OURS;
	f->station = addr_of(f->ip.dst);
	clamp(f, &f->ip, ETH_LEN);
	if (age(f))
		return TMIP_REASON_MALFORMED;
	if (is_held(f, to))
		return hold(f);
	error = encap_over(f, remote, &route);
	return error ? error : TMIP_REASON_ENCAP_VISITED;
}

/* The same for one that is at home. */
static __always_inline int to_home(struct frame *f, const struct tmip_station *to)
{
	struct way way;
	int error;

	if (is_held(f, to) || !plain_way(f->skb, &f->ip, f->skb->ifindex, to->ifindex, &way))
		return TMIP_REASON_NOT_OURS;
	clamp(f, &f->ip, ETH_LEN);
	error = plain_send(f, &way, to->ifindex);
	f->skb->mark = MARK_TRUSTED;
	return error ? error : TMIP_REASON_FORWARDED;
}

static __always_inline int handle(struct frame *f)
{
	const struct tmip_station *to;

	if (f->protocol != bpf_htons(ETH_P_IP))
		return TMIP_REASON_NOT_OURS;
	if (f->ip.protocol == PROTO_IPIP && f->ip.dst == ipv4_of(&f->config->tunnel))
		return f->ip.frag & (IPV4_MF | IPV4_OFFSET) ? TMIP_REASON_OUTER_FRAGMENT : from_tunnel(f);
	if (!(f->config->flags & TMIP_CONFIG_FASTPATH) || f->skb->pkt_type != PACKET_HOST)
		return TMIP_REASON_NOT_OURS;
	to = find_station(f->ip.dst);
	if (to && to->state == TMIP_STATION_AWAY)
		return to_absent(f, to);
	return to && to->state == TMIP_STATION_HOME && f->config->flags & TMIP_CONFIG_FASTPATH_HOME ? to_home(f, to) : TMIP_REASON_NOT_OURS;
}

/*
 * A packet of a device without link headers, such as WireGuard's, gets an Ethernet header, so that all goes on as
 * elsewhere. The kernel takes it off again where the packet goes to such a device, or up the stack.
 */
static __always_inline int complete_frame(struct __sk_buff *skb)
{
	__u32 zero = 0;
	const struct tmip_config *config = bpf_map_lookup_elem(&tmip_config, &zero);
	struct ethhdr *eth;

	if (!config || !(config->flags & TMIP_CONFIG_HEADLESS))
		return 0;
	if (bpf_skb_change_head(skb, ETH_LEN, 0))
		return -TMIP_REASON_HEADROOM;
	eth = (void *)(long)skb->data;
	if ((void *)(eth + 1) > (void *)(long)skb->data_end)
		return -TMIP_REASON_MALFORMED;
	eth->h_proto = skb->protocol;
	return 0;
}

SEC("tc")
int tmip_bb_in(struct __sk_buff *skb)
{
	__u32 len = skb->len;
	struct frame f;

	/* What cannot be read is the kernel's to judge: on the backbone TMip is a guest. */
	if (complete_frame(skb) || frame_begin(&f, skb)) {
		f.skb = skb;
		return finish(&f, TMIP_REASON_NOT_OURS, len);
	}
	return finish(&f, handle(&f), len);
}
