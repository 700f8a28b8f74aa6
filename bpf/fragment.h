/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Gives a packet that is too big to the agent, which fragments it or makes an ICMP error of it
 * (include/tmip/fragment.h). The programs cannot fragment it themselves: they cannot make two
 * packets of one, and the checksum of a packet from a container may not be filled in yet. On the
 * way through the agent's device the kernel fills it in, and splits super-packets.
 */
#ifndef TMIP_BPF_FRAGMENT_H
#define TMIP_BPF_FRAGMENT_H

#include "alive.h"
#include "size.h"

#include <tmip/fragment.h>

static __always_inline int has_agent(const struct frame *f)
{
	return f->config->buffer_ifindex && device_mtu(f, f->config->buffer_ifindex) &&
	       !agent_is_away();
}

/* Not if DF is set (RFC 791), or if no agent is there to do it. */
static __always_inline int may_fragment(const struct frame *f, const struct ipv4 *ip)
{
	return !(ip->frag & IPV4_DF) && has_agent(f);
}

/* The parameters are the fields of struct tmip_fragment. Returns a reason or its negative. */
static __always_inline int to_agent(struct frame *f, __u8 way, __u32 to, __u32 mtu, __be32 from)
{
	struct tmip_fragment *head = (void *)(long)f->skb->data;
	__be16 protocol = bpf_htons(TMIP_FRAGMENT_ETHERTYPE);
	__u16 size = mtu > 0xffff ? 0xffff : mtu;

	if ((void *)(head + 1) > (void *)(long)f->skb->data_end)
		return -TMIP_REASON_MALFORMED;
	head->local = TMIP_FRAGMENT_LOCAL;
	head->way = way;
	__builtin_memcpy(head->to, &to, sizeof(to));
	__builtin_memcpy(head->mtu, &size, sizeof(size));
	__builtin_memcpy(head->from, &from, sizeof(from));
	__builtin_memcpy(head->protocol, &protocol, sizeof(protocol));
	f->action = bpf_redirect(f->config->buffer_ifindex, 0);
	return TMIP_REASON_TO_FRAGMENT;
}

#endif
