/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames that are not for this CN. A cell's interface is promiscuous, because a station that has
 * roamed sends to the MACs that its gateway and its neighbours have at home. So the program also
 * sees what two hosts of the cell say to each other; if it took that, it would forward a packet a
 * second time that another router of the cell forwards. It leaves a frame alone whose destination
 * MAC was heard in this cell lately, as it also leaves one between two stations.
 *
 * The map tmip_host keeps these MACs. Only ARP and frames that no station has sent are noted there:
 * whoever is to get frames in a cell has asked or answered by ARP. cell_ingress.bpf.c calls both
 * functions.
 */
#ifndef TMIP_BPF_OVERHEARD_H
#define TMIP_BPF_OVERHEARD_H

#include "lookup.h"

/* Units of TMIP_HEARD_SHIFT. An entry is written anew at most that often, ... */
#define HOST_NOTED 8
/* ... and counts that long. Hosts ask a router whom they use for its MAC more often. */
#define HOST_COUNTS 300

static __always_inline struct tmip_host_key host_key(const struct frame *f,
						     const struct tmip_mac *mac)
{
	struct tmip_host_key key;

	__builtin_memset(&key, 0, sizeof(key));
	key.mac = *mac;
	key.ifindex = f->skb->ifindex;
	return key;
}

/* The frame's sender is a host of this cell. */
static __noinline int note_host(struct frame *f)
{
	__u32 now = heard_now(), *heard;
	struct tmip_host_key key;

	if (!f)
		return 0;
	key = host_key(f, &f->src);
	heard = bpf_map_lookup_elem(&tmip_host, &key);
	if (!heard || now - *heard >= HOST_NOTED)
		bpf_map_update_elem(&tmip_host, &key, &now, BPF_ANY);
	return 0;
}

static __noinline int is_host(struct frame *f)
{
	struct tmip_host_key key;
	const __u32 *heard;

	if (!f)
		return 0;
	key = host_key(f, &f->dst);
	heard = bpf_map_lookup_elem(&tmip_host, &key);
	return heard && heard_now() - *heard < HOST_COUNTS;
}

/*
 * `to`: the station that the frame's destination address belongs to, if any. A station that has
 * left its cell does not hear what its neighbours still send to its MAC: this CN takes that.
 */
static __always_inline int is_overheard(struct frame *f, const struct station *to)
{
	if (f->skb->pkt_type != PACKET_OTHERHOST)
		return 0;
	if (to->state && same_mac(&to->mac, &f->dst))
		return is_in_cell(to, f->skb->ifindex);
	return is_host(f);
}

#endif
