/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tmip_bb_in: packets from the backbone (tc ingress). A tunnel packet goes out of its tunnel to a
 * station or to the kernel, or on to another CN. A plain packet for a station of this CN that is
 * away goes into a tunnel. The kernel gets everything else.
 *
 * backbone.h decides; the functions here carry out the decisions and return a reason or its
 * negative. finish() counts the reason and returns the action.
 */
#include "backbone.h"
#include "finish.h"

#define PROBE_PORT bpf_htons(TMIP_PROBE_PORT)

static __always_inline int read_inner(const struct frame *f, struct ipv4 *inner)
{
	return frame_inner(f, inner);
}

static __always_inline int is_for_host(const struct frame *f)
{
	return f->skb->pkt_type == PACKET_HOST;
}

/* Out of the tunnel and into the cell. */
static __always_inline int deliver(struct frame *f, const struct ipv4 *inner,
				   const struct station *to)
{
	const struct limit limit = cell_limit(f, to);
	int error;

	if (segment_len(f->skb, inner, ETH_LEN + IPV4_LEN) > limit.mtu && !is_held(f, to))
		return too_big_from_tunnel(f, inner, &limit);
	error = decap(f, inner);
	if (!error) {
		clamp(f, inner, ETH_LEN);
		error = send_cell(f, to);
	}
	return error ? error : TMIP_REASON_DECAP_STATION;
}

/* Out of the tunnel: past netfilter to the backbone, or to the kernel. */
static __always_inline int hand_to_kernel(struct frame *f, const struct ipv4 *inner,
					  const struct station *from)
{
	struct way way = {.from = from->home_ifindex, .to = f->config->backbone_ifindex,
			  .len = segment_len(f->skb, inner, ETH_LEN + IPV4_LEN)};
	int past = f->config->flags & TMIP_CONFIG_FASTPATH_HOME &&
		   plain_way(f->skb, inner, &way, 0);
	int error = decap(f, inner);

	if (!error && past) {
		clamp(f, inner, ETH_LEN);
		error = plain_send(f, &way);
		return error ? error : TMIP_REASON_FORWARDED;
	}
	if (!error) {
		clamp(f, inner, ETH_LEN);
		error = send_kernel(f, from);
	}
	return error ? error : TMIP_REASON_DECAP_KERNEL;
}

/* Out of the tunnel and to the agent, which holds the packet. */
static __always_inline int hold_inner(struct frame *f, const struct ipv4 *inner)
{
	int error = decap(f, inner);

	return error ? error : hold(f);
}

/* Only the CN that has the station may send it up: if two CNs did, it would arrive twice. */
static __always_inline int group_up(struct frame *f, const struct ipv4 *inner,
				    const struct station *from, const struct tmip_subnet *subnet)
{
	struct tmip_group *group = find_group(subnet);
	int error, copy;

	if (!group || f->ip.src != from->current)
		return TMIP_REASON_TUNNEL_SOURCE;
	if (!group_allowed(f, group, &group->up))
		return TMIP_REASON_GROUP_RATE;
	copy = is_for_link(f, inner, ETH_LEN + IPV4_LEN, subnet->prefix_len);
	error = decap(f, inner);
	if (error)
		return error;
	if (copy)
		group_copy(f);
	return group_send(f, inner, from);
}

static __always_inline int group_down(struct frame *f, const struct ipv4 *inner,
				      const struct tmip_subnet *subnet)
{
	struct tmip_group *group = find_group(subnet);
	int error;

	if (ipv4_of(&subnet->parent) != f->ip.src)
		return TMIP_REASON_TUNNEL_SOURCE;
	if (!is_for_link(f, inner, ETH_LEN + IPV4_LEN, subnet->prefix_len))
		return TMIP_REASON_NOT_HERE;
	if (!group)
		return TMIP_REASON_GROUP_NO_GUEST;
	if (!group_allowed(f, group, &group->down))
		return TMIP_REASON_GROUP_RATE;
	error = decap(f, inner);
	if (error)
		return error;
	return group_copy(f) ? TMIP_REASON_GROUP_NO_GUEST : TMIP_REASON_GROUP_TAKEN;
}

/* Sends a probe back the way it came. */
static __always_inline int reflect(struct frame *f)
{
	__be32 outer[2] = {f->ip.dst, f->ip.src};
	__u8 kind = TMIP_PROBE_REPLY;
	__u16 no_checksum = 0; /* RFC 768: none; the payload has changed */
	__u32 source = __builtin_offsetof(struct iphdr, saddr);
	__u32 inner = ETH_LEN + IPV4_LEN, udp = inner + IPV4_LEN;

	if (f->ip.total_len > device_mtu(f, f->skb->ifindex))
		return TMIP_REASON_TOO_BIG; /* the prober looks for the size that fits */
	if (bpf_skb_store_bytes(f->skb, ETH_LEN + source, outer, sizeof(outer), 0) ||
	    bpf_skb_store_bytes(f->skb, inner + source, outer, sizeof(outer), 0) ||
	    bpf_skb_store_bytes(f->skb, udp + 6, &no_checksum, sizeof(no_checksum), 0) ||
	    bpf_skb_store_bytes(f->skb, udp + UDP_LEN, &kind, 1, 0) ||
	    write_macs(f->skb, &f->src, &f->dst))
		return TMIP_REASON_MALFORMED;
	f->action = bpf_redirect(f->skb->ifindex, 0);
	return TMIP_REASON_PROBE;
}

/*
 * TMIP_PROBE_HERE, TMIP_PROBE_WHERE: only a known CN is believed, and gets an answer.
 */
static __always_inline int answer_about_station(struct frame *f, __u8 kind)
{
	struct tmip_probe_station probe;
	struct station s;
	__be32 ipv4;

	if (!is_from_peer(f))
		return TMIP_REASON_UNKNOWN_PEER;
	if (bpf_skb_load_bytes(f->skb, ETH_LEN + 2 * IPV4_LEN + UDP_LEN, &probe, sizeof(probe)))
		return TMIP_REASON_MALFORMED;
	ipv4 = ipv4_of(&probe.addr);
	find_station(f, ipv4, &s);
	if (kind == TMIP_PROBE_HERE && !is_with(&s, f->ip.src) && follow(f, ipv4))
		find_station(f, ipv4, &s);
	if (!probe.number ||
	    (kind == TMIP_PROBE_HERE ? !is_with(&s, f->ip.src) : !tmip_is_here(s.state)))
		return TMIP_REASON_PROBE_NOTED;
	return reflect(f);
}

static __always_inline int reflect_probe(struct frame *f)
{
	__u32 udp = ETH_LEN + 2 * IPV4_LEN;
	__be16 ports[2];
	__u8 kind;

	if (bpf_skb_load_bytes(f->skb, udp, ports, sizeof(ports)) || ports[1] != PROBE_PORT ||
	    bpf_skb_load_bytes(f->skb, udp + UDP_LEN, &kind, 1))
		return 0;
	if (kind == TMIP_PROBE_HERE || kind == TMIP_PROBE_WHERE)
		return answer_about_station(f, kind);
	return kind == TMIP_PROBE_REQUEST ? reflect(f) : TMIP_REASON_PROBE_REPLY;
}

static __always_inline int send_on(struct frame *f, const struct ipv4 *inner, __be32 remote)
{
	struct route route;
	int error = relay(f, inner, remote, &route);

	if (error == -TMIP_REASON_TOO_BIG) {
		const struct limit limit = tunnel_limit(&route, remote);

		return too_big_from_tunnel(f, inner, &limit);
	}
	return error;
}

static __always_inline int to_absent(struct frame *f, const struct station *to)
{
	__be32 remote = to->current;
	struct route route;
	int error;

	if (f->ip.ttl <= 1 || route_lookup(f, remote, wire_len(f), &route))
		return TMIP_REASON_NOT_OURS;
	f->station = f->ip.dst;
	clamp(f, &f->ip, ETH_LEN);
	if (decrease_ttl(f))
		return TMIP_REASON_MALFORMED;
	if (is_held(f, to))
		return hold(f);
	error = encap_over(f, remote, &route);
	return error ? error : TMIP_REASON_ENCAP_VISITED;
}

static __always_inline int to_home(struct frame *f, const struct station *to)
{
	struct way way = {.from = f->skb->ifindex, .to = to->ifindex,
			  .len = segment_len(f->skb, &f->ip, ETH_LEN)};
	int error;

	if (is_held(f, to) || !find_cell(to->ifindex) || !plain_way(f->skb, &f->ip, &way, 1))
		return TMIP_REASON_NOT_OURS;
	clamp(f, &f->ip, ETH_LEN);
	error = decrease_ttl(f);
	if (!error)
		error = send_cell_now(f, to);
	return error ? error : TMIP_REASON_FORWARDED;
}

/*
 * A packet from a device without link headers, such as WireGuard's, gets an Ethernet header, so
 * that the rest of the program handles it like any other. The kernel takes the header off again
 * when the packet goes to such a device, or up the stack.
 */
static __always_inline int push_ethernet(struct __sk_buff *skb)
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
	int reason;

	/* On the backbone TMip is a guest: it leaves a frame that it cannot parse to the kernel. */
	if (push_ethernet(skb) || frame_begin(&f, skb)) {
		f.skb = skb;
		return finish(&f, TMIP_REASON_NOT_OURS, len);
	}
	reason = from_backbone(&f);
	count_received(&f);
	return finish(&f, reason, len);
}
